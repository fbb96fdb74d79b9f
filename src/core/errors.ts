import type { CircuitState, RejectionReason } from './circuit-state.js';
import { inWords } from './in-words.js';
import { quote } from './quote.js';

/** Marks our errors across copies of the package, and across ESM and CJS, where `instanceof` fails. */
const BRAND = Symbol.for('recloser.error');

/** Where a response that stands for a rejection keeps it, whichever copy of the package made it. */
export const REJECTION: unique symbol = /* @__PURE__ */ Symbol.for('recloser.rejection.1') as never;

/** The first line of a stack says the class's name, and an inspected error does not repeat it as a property. */
export function setName(errorClass: { prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true, writable: true });
}

/** The base of every error that recloser makes. */
export class CircuitBreakerError extends Error {
  /** Stable across versions; compare this rather than the message. */
  readonly code: string;
  /** The name of the breaker that made the error. */
  readonly breaker: string;

  static {
    setName(this, 'CircuitBreakerError');
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  constructor(code: string, breaker: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.breaker = breaker;
  }
}

/** What a {@link CircuitBreakerOpenError} tells. */
export interface RejectionDetails {
  /** The name of the breaker. */
  readonly breaker: string;
  /** The state in which it rejected the call. */
  readonly state: CircuitState;
  /** Which rule rejected the call. */
  readonly reason: RejectionReason;
  /** Milliseconds until a call may probe, at least 0; `null` where no time is known. */
  readonly retryAfter: number | null;
  /** The last failure that the breaker counted. */
  readonly cause?: unknown;
  /** What a person, a detector or a fleet said of the opening. */
  readonly detail?: string | undefined;
}

function describeRejection({ breaker, reason, retryAfter, detail }: RejectionDetails): string {
  const words = detail === undefined ? '' : `: ${quote(detail)}`;
  return `Circuit breaker ${quote(breaker)} ${describeReason(reason, retryAfter)}${words}`;
}

function describeReason(reason: RejectionReason, retryAfter: number | null): string {
  switch (reason) {
    case 'open':
      return `is OPEN, next probe in ${inWords(retryAfter ?? 0)}`;
    case 'half-open':
      return 'is HALF_OPEN and all of its probes are in flight';
    case 'forced-open':
      return 'is forced open until it is reset';
    case 'concurrency':
      return 'has as many calls in flight as `maxConcurrentCalls` allows';
    case 'ramp':
      return 'lets a growing share of its calls through, and not yet this one';
  }
}

/**
 * The status with which web frameworks answer, who look for one on an error: on the prototype, so that it is in no
 * JSON, and writable, since some of them write to it.
 */
export function setStatus(errorClass: { prototype: Error }, status: number): void {
  for (const key of ['status', 'statusCode']) {
    Object.defineProperty(errorClass.prototype, key, { value: status, configurable: true, writable: true });
  }
}

let makerOf: (error: CircuitBreakerOpenError) => object | undefined;
let setMaker: (error: CircuitBreakerOpenError, maker: object | undefined) => void;

/**
 * The breaker rejected the call: the task was not run.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, isCircuitBreakerOpenError } from 'recloser';
 *
 * const breaker = new CircuitBreaker({ name: 'payments' });
 * breaker.forceOpen();
 *
 * try {
 *   await breaker.call(() => 'paid');
 * } catch (error) {
 *   if (isCircuitBreakerOpenError(error)) console.log(error.breaker, error.reason); // → payments forced-open
 * }
 * ```
 */
export class CircuitBreakerOpenError extends CircuitBreakerError {
  /** The breaker that has made it: by itself, since names may be shared. */
  #maker: object | undefined;
  declare readonly code: 'ERR_CIRCUIT_OPEN';
  /** The state in which the breaker rejected the call. */
  readonly state: CircuitState;
  /** Which rule rejected the call. */
  readonly reason: RejectionReason;
  /** Milliseconds until a call may probe, at least 0; `null` where no time is known, as while forced open. */
  readonly retryAfter: number | null;
  /** What a person, a detector or a fleet said of the opening, if anything. */
  declare readonly detail?: string;
  /** For web frameworks: 503, Service Unavailable. */
  declare status: number;
  /** The same as `status`. */
  declare statusCode: number;

  static {
    setName(this, 'CircuitBreakerOpenError');
    setStatus(this, 503);
    makerOf = (error) => error.#maker;
    setMaker = (error, maker) => {
      error.#maker = maker;
    };
  }

  constructor(details: RejectionDetails) {
    const { breaker, state, reason, retryAfter, cause, detail } = details;
    super(
      'ERR_CIRCUIT_OPEN',
      breaker,
      describeRejection(details),
      cause === undefined ? undefined : { cause },
    );
    this.state = state;
    this.reason = reason;
    this.retryAfter = retryAfter;
    if (detail !== undefined) this.detail = detail;
  }
}

/** Longest chain of causes that is followed. */
const MOST_LINKS = 32;

/** How deep errors are looked into that gather others. */
const DEEPEST = 3;

/**
 * Whether an error comes of one that is known: at first hand, as its cause, or as all of those that it gathers, as
 * `Promise.any` does. It never throws.
 *
 * @param knows answers `undefined` about an error that is not of its kind
 * @param makers what it is told of those who may have made it: a function of its own for each error would cost more
 */
export function comesOf<Makers>(
  error: unknown,
  knows: (error: object, makers: Makers) => boolean | undefined,
  makers: Makers,
  depth = 0,
): boolean {
  let link = error;
  for (let links = 0; links < MOST_LINKS && typeof link === 'object' && link !== null; links++) {
    try {
      const isIt = knows(link, makers);
      if (isIt !== undefined) return isIt;
      const { cause, errors } = link as AggregateError;
      if (Array.isArray(errors) && errors.length > 0)
        return depth < DEEPEST && errors.every((it) => comesOf(it, knows, makers, depth + 1));
      link = cause;
    } catch {
      return false; // its members throw
    }
  }
  return false;
}

/** Whether an error comes of rejections by this very breaker alone. */
export function isRejectionBy(error: unknown, maker: object): boolean {
  return comesOf(error, isMadeBy, maker);
}

const isMadeBy = (error: object, maker: object): boolean | undefined =>
  error instanceof CircuitBreakerOpenError ? makerOf(error) === maker : undefined;

/** Makes a rejection, without a stack unless asked. @param maker the breaker that rejects */
export function createOpenError(
  details: RejectionDetails,
  hasStack: boolean,
  maker?: object,
): CircuitBreakerOpenError {
  const create = () => new CircuitBreakerOpenError(details);
  const error = hasStack ? create() : withoutStack(create);
  setMaker(error, maker);
  return error;
}

/**
 * Makes an error without a stack, which would be nearly all of its cost. The global limit is put back at once, and left
 * alone where it is absent or frozen.
 */
export function withoutStack<E extends Error>(create: () => E): E {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  if (limit === undefined) return create();
  try {
    errors.stackTraceLimit = 0;
  } catch {
    return create();
  }
  try {
    return create();
  } finally {
    errors.stackTraceLimit = limit;
  }
}

/** The call had not settled when its `callTimeout` ended. Its task may still be running; its signal is aborted. */
export class CallTimeoutError extends CircuitBreakerError {
  declare readonly code: 'ERR_CALL_TIMEOUT';
  /** The timeout that ended the call, in milliseconds. */
  readonly timeout: number;
  /** For web frameworks: 504, Gateway Timeout. */
  declare status: number;
  /** The same as `status`. */
  declare statusCode: number;

  static {
    setName(this, 'CallTimeoutError');
    setStatus(this, 504);
  }

  constructor(breaker: string, timeout: number) {
    super(
      'ERR_CALL_TIMEOUT',
      breaker,
      `A call through circuit breaker ${quote(breaker)} timed out after ${inWords(timeout)}`,
    );
    this.timeout = timeout;
  }
}

/** An option or a snapshot was refused. Nothing of what was handed in has been applied. */
export class InvalidOptionsError extends CircuitBreakerError {
  declare readonly code: 'ERR_INVALID_OPTIONS';
  /** The option at fault, with its path, such as `'window.size'`; empty where the whole is at fault. */
  readonly option: string;

  static {
    setName(this, 'InvalidOptionsError');
  }

  constructor(breaker: string, option: string, message: string, options?: ErrorOptions) {
    super('ERR_INVALID_OPTIONS', breaker, message, options);
    this.option = option;
  }
}

/** Whether an error is ours and has this code, whichever copy of the package made it. */
export function hasCode(error: unknown, code: string): boolean {
  return isCircuitBreakerError(error) && error.code === code;
}

/** Whether an error is a timeout of the dependency: of a call, of all its tries, or of what it answered in pieces. It passes `trackedErrors`. */
export function isTimeout(error: unknown): boolean {
  return isCircuitBreakerError(error) && /^ERR_(CALL|TOTAL|STREAM|BODY)_TIMEOUT$/.test(error.code);
}

/** Whether recloser made this error, whichever copy of the package it was. It never throws, whatever it is given. */
export function isCircuitBreakerError(error: unknown): error is CircuitBreakerError {
  try {
    return typeof error === 'object' && (error as { [BRAND]?: unknown } | null)?.[BRAND] === true;
  } catch {
    return false;
  }
}

/** Whether a breaker rejected the call, whichever copy of the package it came from. */
export function isCircuitBreakerOpenError(error: unknown): error is CircuitBreakerOpenError {
  return hasCode(error, 'ERR_CIRCUIT_OPEN');
}

/** Whether a call ended by its `callTimeout`, whichever copy of the package it came from. */
export function isCallTimeoutError(error: unknown): error is CallTimeoutError {
  return hasCode(error, 'ERR_CALL_TIMEOUT');
}
