/** A breaker for each origin that undici calls: an interceptor for its `compose`, from undici 7 on. */
import { layerOptions } from '../core/option-layers.js';
import { BREAKER_RULES } from '../core/options.js';
import { BREAK_OFF } from '../core/permit.js';
import { SEAM, type Seat } from '../core/seam.js';
import { callable, guardRead, hasMethods, type Rules, readOptions, refuse } from '../core/validate.js';
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  type Permit,
} from '../index.js';
import { codeOf, isFailureByStatus } from './failures.js';
import { recoveryBy } from './recovery.js';

/** What undici's dispatchers are called with, as far as it matters here. */
export interface DispatchRequest {
  readonly origin?: string | URL | undefined;
  readonly path?: string | undefined;
  readonly method?: string | undefined;
}

/** A breaker's options for each origin, but what is a call's: time is bounded by undici's `headersTimeout` and `bodyTimeout`. */
export interface InterceptorOptions
  extends Omit<CircuitBreakerOptions, 'name' | 'snapshot' | 'callTimeout' | 'fallback' | 'fallbackOn'> {
  /** Which breaker a request belongs to. @default the origin */
  key?: ((request: DispatchRequest) => string) | undefined;
  /** Options by key; they go before the others. `presets()` fits. */
  configure?: ((key: string) => CircuitBreakerOptions | undefined) | undefined;
  /** Where breakers are kept. @default its own, with at most 1,000 breakers, forgotten after an hour */
  registry?: CircuitBreakerRegistry | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: undici's own, of whichever version
type Dispatch = (options: any, handler: any) => boolean;

/** What `interceptor` answers, for `agent.compose(…)`. */
export interface Interceptor {
  <D extends Dispatch>(dispatch: D): D;
  /** The breakers, by key. */
  readonly breakers: CircuitBreakerRegistry;
}

/** A request under way, as undici 7 tells of it. */
interface Controller {
  readonly aborted: boolean;
}

interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: unknown, socket: unknown): void;
  onResponseStarted?(): void;
  onResponseStart?(controller: Controller, status: number, headers: unknown, message?: string): void;
  onResponseData?(controller: Controller, chunk: unknown): void;
  onResponseEnd?(controller: Controller, trailers: unknown): void;
  onResponseError?(controller: Controller, error: unknown): void;
}

const SUBJECT = { breaker: '', action: 'create an interceptor' };

const {
  name: _name,
  snapshot: _snapshot,
  callTimeout: _time,
  fallback: _f,
  fallbackOn: _on,
  ...BREAKER
} = BREAKER_RULES;

const RULES: Rules = {
  ...BREAKER,
  key: callable,
  configure: callable,
  registry: (value) => (hasMethods('getOrCreate')(value) ? undefined : 'a CircuitBreakerRegistry'),
};

/** Why options that a breaker has elsewhere are none here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  name: 'there is a breaker for each origin: use `key`',
  callTimeout: 'undici bounds time: use its `headersTimeout` and `bodyTimeout`',
  fallback: 'an interceptor answers nothing: use `createFetch`, or answer where you call',
};

/**
 * A breaker for each origin, for `agent.compose(interceptor())` of undici 7 and later. Retries are undici's own:
 * `agent.compose(interceptor(), interceptors.retry())` lets them stand outside.
 *
 * @throws InvalidOptionsError for the first mistake in the options
 */
export function interceptor(options: InterceptorOptions = {}): Interceptor {
  const given = guardRead(SUBJECT, 'options', () => {
    for (const [option, why] of Object.entries(ELSEWHERE)) {
      if ((options as Record<string, unknown> | null)?.[option] !== undefined)
        refuse(SUBJECT, option, `\`${option}\` is no option here: ${why}`);
    }
    return readOptions(options, RULES, SUBJECT);
  }) as InterceptorOptions;
  const { key, configure, registry, ...own } = given;
  const breakers =
    registry ?? new CircuitBreakerRegistry({ maxSize: 1_000, idleTimeout: 3_600_000, clock: own.clock });

  const create = (name: string): CircuitBreaker => {
    const layers = layerOptions(own, configure?.(name));
    const { clock = breakers.clock, recoveryTimeout } = layers;
    return breakers.getOrCreate(name, {
      isFailure: isFailureByStatus,
      ...layers,
      name,
      recoveryTimeout: recoveryBy(recoveryTimeout, () => clock.epoch?.() ?? Date.now()),
    });
  };
  const breakerOf = (request: DispatchRequest): CircuitBreaker | undefined => {
    const { origin } = request;
    const name = key === undefined ? (typeof origin === 'string' ? origin : origin?.origin) : key(request);
    if (typeof name !== 'string') return undefined; // undici says what is wrong with it
    return breakers.get(name) ?? create(name);
  };

  const intercept = (dispatch: Dispatch): Dispatch => {
    return (request, handler) => {
      verifyHandler(handler);
      const breaker = breakerOf(request);
      if (breaker === undefined) return dispatch(request, handler);
      const leave = breaker.state === 'CLOSED' ? undefined : seatOf(breaker)?.leave();
      if (leave === undefined) return send(dispatch, request, handler, breaker);
      leave.then(() => send(dispatch, request, handler, breaker)).catch((error) => reject(handler, error));
      return true;
    };
  };
  return Object.assign(intercept as Interceptor, { breakers });
}

const seatOf = (breaker: CircuitBreaker) => (breaker as { [SEAM]?(): Seat })[SEAM]?.();

function verifyHandler(handler: unknown): void {
  const { onRequestStart, onConnect } = (handler ?? {}) as { onRequestStart?: unknown; onConnect?: unknown };
  if (onRequestStart !== undefined || onConnect === undefined) return;
  throw new TypeError(
    'The interceptor of recloser/http needs undici 7 or later; for older ones use createFetch',
  );
}

/** Stands for undici's own where nothing was sent. */
const NOTHING_SENT = { aborted: false, paused: false, reason: null, pause() {}, resume() {}, abort() {} };

function reject(handler: Handler, error: unknown): void {
  handler.onResponseError?.(NOTHING_SENT, error);
}

function send(dispatch: Dispatch, request: unknown, handler: Handler, breaker: CircuitBreaker): boolean {
  let permit: Permit;
  try {
    permit = breaker.acquire();
  } catch (error) {
    reject(handler, error);
    return true;
  }
  try {
    return dispatch(request, new Watcher(handler, permit));
  } catch (error) {
    permit.ignore();
    throw error;
  }
}

/** Errors that say what is wrong with the request, or that its caller has gone. */
const OF_CALLER: ReadonlySet<unknown> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_ABORTED',
  'UND_ERR_NOT_SUPPORTED',
]);

/** Passes everything on, and settles the permit at the headers. */
class Watcher implements Handler {
  readonly #handler: Handler;
  readonly #permit: Permit;
  #isSettled = false;

  constructor(handler: Handler, permit: Permit) {
    this.#handler = handler;
    this.#permit = permit;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(controller: Controller, status: number, headers: unknown, socket: unknown): void {
    this.#isSettled = true;
    this.#permit.success();
    this.#handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  /** For the timing of undici's own fetch. */
  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onResponseStart(controller: Controller, statusCode: number, headers: unknown, message?: string): void {
    if (statusCode >= 200 && !this.#isSettled) {
      this.#isSettled = true;
      this.#permit.success({ statusCode, headers });
    }
    this.#handler.onResponseStart?.(controller, statusCode, headers, message);
  }

  onResponseData(controller: Controller, chunk: unknown): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Controller, trailers: unknown): void {
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: unknown): void {
    if (controller?.aborted || OF_CALLER.has(codeOf(error))) this.#permit.ignore();
    else if (this.#isSettled) (this.#permit as { [BREAK_OFF]?(error: unknown): void })[BREAK_OFF]?.(error);
    else this.#permit.failure(error);
    this.#handler.onResponseError?.(controller, error);
  }
}
