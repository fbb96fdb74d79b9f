/** The options of `createFetch`, of which most are those of a `Resilience` for each key. */
import { layerOptions } from '../core/option-layers.js';
import { BREAKER_RULES } from '../core/options.js';
import {
  type Check,
  callable,
  callables,
  duration,
  guardRead,
  hasMethods,
  list,
  MAX_TIMER_DELAY,
  oneOf,
  orFalse,
  type Rules,
  readOptions,
  refuse,
  type Subject,
} from '../core/validate.js';
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  InvalidOptionsError,
  type Outcome,
} from '../index.js';
import {
  type FunctionOptions,
  Resilience,
  type ResilienceOptions,
  type ResilienceRegistry,
} from '../resilience/index.js';
import { isFailureByStatus, isMistake } from './failures.js';
import { recoveryBy } from './recovery.js';
import type { FetchRequest } from './request.js';

/** What a fallback is told of the call that it answers. */
export interface FallbackRequest extends FetchRequest {
  readonly breaker: CircuitBreaker;
}

/** Answers in place of an error; `undefined` declines. */
export type FetchFallback = (
  error: unknown,
  request: FallbackRequest,
) => Response | undefined | PromiseLike<Response | undefined>;

type Around = Omit<ResilienceOptions, 'name' | 'breaker' | 'snapshot' | 'fallback'>;

/** Options of requests with one key. Durations are milliseconds. */
export interface OriginOptions extends Around {
  /** Retries, of what may be repeated. @default 'network' */
  retry?: Around['retry'];
  /** All attempts, and reading the body in one go. @default 30_000 */
  totalTimeout?: Around['totalTimeout'];
  /** One attempt until its headers. @default 10_000 */
  callTimeout?: Around['callTimeout'];
  /**
   * Between two chunks of a body while somebody reads, in one go or as it comes, 1 to 2,147,483,647; `false` leaves
   * responses untouched, and `totalTimeout` ends with their headers.
   *
   * @default 30_000
   */
  bodyTimeout?: number | false | undefined;
  /** @default 5, and with a `detector` its own */
  failureThreshold?: Around['failureThreshold'];
  /** @default by status: 408, 425, 429, and 5xx but 501 and 505 are failures, and so is no response */
  isFailure?: Around['isFailure'];
  /** Time spent OPEN where the server does not say. @default 30_000 */
  recoveryTimeout?: Around['recoveryTimeout'];
  /** The longest wait that the server may ask for, 0 to 2,147,483,647. @default 60_000 */
  maxRetryAfter?: number | undefined;
  /** Whether a 429 with a time holds back the other calls too. @default true */
  pause?: boolean | undefined;
  /** A second request beside a slow one, for GET and HEAD alone. @default false */
  hedge?: Around['hedge'];
  /** Methods that may be tried again. @default ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'] */
  retryMethods?: readonly string[] | undefined;
  /** What a rejection looks like. @default 'error' */
  rejectWith?: 'error' | 'response' | undefined;
  /** Answers for rejections and failures that are errors; `undefined` declines. */
  fallback?: FetchFallback | undefined;
}

/** What {@link createFetch} is made with. */
export interface FetchOptions extends OriginOptions {
  /** Which breaker a request belongs to. @default the origin of its address */
  key?: ((request: FetchRequest) => string) | undefined;
  /** Options by key; they go before the others. `presets()` fits. */
  configure?:
    | ((key: string) => (Omit<OriginOptions, 'fallback'> & CircuitBreakerOptions) | undefined)
    | undefined;
  /** Where breakers are kept. @default its own, with at most 1,000 breakers, forgotten after an hour */
  registry?: ResilienceRegistry | undefined;
  /** What sends. @default the global one at the time of the call */
  fetch?: ((input: never, init?: never) => Promise<unknown>) | undefined;
}

/** What `with` takes. */
export type FetchCallOptions = Pick<FunctionOptions, 'retry' | 'totalTimeout' | 'callTimeout' | 'hedge'>;

/** Read by the `Resilience` that they are for. */
const passed: Check = () => undefined;

const { name: _name, snapshot: _snapshot, ...BREAKER } = BREAKER_RULES;

const OWN_RULES = {
  bodyTimeout: orFalse(duration(1, MAX_TIMER_DELAY)),
  maxRetryAfter: duration(0, MAX_TIMER_DELAY),
  pause: oneOf(true, false),
  retryMethods: ((value) =>
    list(value) === undefined && (value as unknown[]).every((it) => typeof it === 'string')
      ? undefined
      : 'an array of methods') as Check,
  rejectWith: oneOf('error', 'response'),
} satisfies Rules;

const ORIGIN_RULES: Rules & Record<keyof OriginOptions, Check> = {
  ...BREAKER,
  excludedErrors: callables,
  retry: passed,
  totalTimeout: passed,
  hedge: passed,
  retryBudget: passed,
  bulkhead: passed,
  rateLimit: passed,
  breakerCounts: passed,
  discard: passed,
  ...OWN_RULES,
} as Rules & Record<keyof OriginOptions, Check>;

const FETCH_RULES: Rules & Record<keyof FetchOptions, Check> = {
  ...ORIGIN_RULES,
  key: callable,
  configure: callable,
  registry: (value) => {
    if (hasMethods('getOrCreate', 'of')(value)) return undefined;
    const isOfBreakers = hasMethods('getOrCreate')(value);
    return `a ResilienceRegistry${isOfBreakers ? ', as `new ResilienceRegistry({ breakers })` makes of yours' : ''}`;
  },
  fetch: callable,
};

const CALL_RULES: Rules & Record<keyof FetchCallOptions, Check> = {
  retry: passed,
  totalTimeout: passed,
  callTimeout: passed,
  hedge: passed,
};

const { bodyTimeout: _body, rejectWith: _reject, fetch: _fetch, ...AXIOS_RULES } = FETCH_RULES;

/**
 * Copies and checks what an adapter of axios is made with.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function readAxiosOptions(options: unknown): FetchOptions {
  return readFetchOptions(options, { breaker: '', action: 'create an adapter of axios' }, AXIOS_RULES);
}

/** What is in force for one key, unless it is said otherwise. */
const DEFAULTS = {
  retry: 'network',
  totalTimeout: 30_000,
  callTimeout: 10_000,
  bodyTimeout: 30_000,
  failureThreshold: 5,
  recoveryTimeout: 30_000,
  maxRetryAfter: 60_000,
  pause: true,
  hedge: false,
  retryMethods: Object.freeze(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']),
  rejectWith: 'error',
} as const satisfies OriginOptions;

/** Options of one key, with the defaults. */
export type ResolvedOriginOptions = OriginOptions & {
  readonly [Option in keyof typeof DEFAULTS]: Exclude<OriginOptions[Option], undefined>;
};

export const SUBJECT: Subject = { breaker: '', action: 'create a fetch' };

/**
 * Copies and checks what is handed in.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function readFetchOptions(
  options: unknown,
  subject: Subject = SUBJECT,
  rules: Rules = FETCH_RULES,
): FetchOptions {
  return guardRead(subject, 'options', () => {
    if (typeof options === 'function')
      refuse(subject, 'options', '`options` must be an object, received a function: give it as `fetch`');
    for (const own of ['name', 'breaker', 'snapshot']) {
      if ((options as Record<string, unknown> | null)?.[own] !== undefined)
        refuse(
          subject,
          own,
          `\`${own}\` belongs to one breaker, and there is one for each origin: use \`key\` or \`registry\``,
        );
    }
    const given: FetchOptions = readOptions(options, rules, subject);
    tryOut(layersOf(given, undefined), subject);
    return given;
  });
}

/** Checks what is said by key. @throws InvalidOptionsError for the first mistake */
export function readOriginOptions(options: unknown, key: string): OriginOptions {
  const subject = { breaker: key, action: `use what \`configure\` answers for ${JSON.stringify(key)}` };
  return guardRead(subject, 'it', () => readOptions(options, { ...ORIGIN_RULES, name: passed }, subject));
}

/** @throws InvalidOptionsError for the first mistake */
export function readFetchCallOptions(options: unknown, of: FetchOptions): FetchCallOptions {
  const subject = { breaker: '', action: 'use a fetch with these options' };
  return guardRead(subject, 'options', () => {
    const given: FetchCallOptions = readOptions(options, CALL_RULES, subject);
    tryOut(layersOf({ ...of, ...given }, undefined), subject);
    return given;
  });
}

/** What is inside of options the `Resilience` knows for which they are. */
function tryOut(options: OriginOptions, subject: Subject): void {
  try {
    new Resilience(resilienceOptions(options));
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    const problem = error.message.slice(error.message.indexOf(': ') + 2);
    refuse(subject, error.option, problem, { cause: error.cause });
  }
}

/** The layers of a key's options, where a detector takes out of those below what it brings itself. */
export function layersOf(given: OriginOptions, configured: OriginOptions | undefined): ResolvedOriginOptions {
  const own = layerOptions(DEFAULTS as never, given as never);
  return layerOptions(own, configured as never) as ResolvedOriginOptions;
}

/** Those that are for a `Resilience`; what breakers are asked and told passes by us. */
export function resilienceOptions(options: OriginOptions): Around {
  const {
    fallback: _fallback,
    key: _key,
    configure: _configure,
    registry: _registry,
    ...rest
  } = options as FetchOptions;
  const around = Object.fromEntries(
    Object.entries(rest).filter(([option]) => option !== 'fetch' && !Object.hasOwn(OWN_RULES, option)),
  ) as Around;
  return {
    ...around,
    isFailure: failureBy(options.isFailure),
    recoveryTimeout: recoveryBy(options.recoveryTimeout, () => options.clock?.epoch?.() ?? Date.now()),
  };
}

/** A request that could not be made says nothing of the dependency, whatever else is asked. */
export function failureBy(own: OriginOptions['isFailure'] = isFailureByStatus): NonNullable<typeof own> {
  return (outcome: Outcome) => (isMistake(outcome.error) ? 'ignore' : own(outcome));
}
