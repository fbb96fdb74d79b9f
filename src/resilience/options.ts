/**
 * The options of a `Resilience`: those of a breaker, those of a function (what one call is made with) and those of the
 * dependency (what its calls share).
 */
import { BREAKER_RULES, readBreakerOptions } from '../core/options.js';
import { ADMIT } from '../core/permit.js';
import {
  type Check,
  callable,
  duration,
  either,
  guardRead,
  hasMethods,
  MAX_TIMER_DELAY,
  object,
  oneOf,
  orFalse,
  positiveInteger,
  type Rules,
  readOptions,
  refuse,
  type Subject,
} from '../core/validate.js';
import type {
  CallOptions,
  CircuitBreaker,
  CircuitBreakerOptions,
  Clock,
  Fallback,
  FallbackOn,
} from '../index.js';
import { type Bulkhead, type BulkheadOptions, readBulkhead } from './bulkhead.js';
import { type HedgeOptions, readHedge } from './hedge-options.js';
import { type RateLimiterOptions, readRateLimit } from './rate-limit-options.js';
import type { RateLimiter } from './rate-limiter.js';
import { type RetryBudget, type RetryBudgetOptions, readBudget } from './retry-budget.js';
import {
  completeRetry,
  type Retry,
  type RetryOptions,
  type RetryPolicyName,
  readRetry,
} from './retry-options.js';
import { signalCheck } from './run-options.js';

/** What belongs to a function: it may be said for one call, too. Durations are milliseconds. */
export interface FunctionOptions<T = unknown> {
  /** Retries: a policy's name, options, or `false`. Nothing is retried that you did not name. @default 'none' */
  retry?: RetryPolicyName | RetryOptions | false | undefined;
  /** Milliseconds, 1 to 2,147,483,647, for queues, attempts and backoffs together; `false` for no limit. @default false */
  totalTimeout?: number | false | undefined;
  /** Milliseconds, 0 to 2,147,483,647, for one attempt; `false` for no limit. @default the breaker's */
  callTimeout?: number | false | undefined;
  /** A second request beside a slow one, for idempotent tasks alone; `false` for none. @default false */
  hedge?: HedgeOptions | false | undefined;
  /** Answers at the very end, once. @default the breaker's */
  fallback?: Fallback<T> | undefined;
  /** The errors that the fallback answers. @default the breaker's */
  fallbackOn?: FallbackOn | undefined;
}

/** What can be said for one call. */
export interface ResilienceCallOptions<T = unknown> extends FunctionOptions<T> {
  /** Ends whatever is going on when it aborts. */
  signal?: AbortSignal | undefined;
}

/** A bulkhead without what it has of the breaker. */
export type BulkheadSetting = Omit<BulkheadOptions, 'name' | 'clock'>;
/** A rate limit without what it has of the breaker. */
export type RateLimitSetting = Omit<RateLimiterOptions, 'name' | 'clock'>;
/** A budget without what it has of the breaker. */
export type RetryBudgetSetting = Omit<RetryBudgetOptions, 'clock'>;

/** What belongs to the dependency: all of its calls share it. */
export interface DependencyOptions {
  /** What retries and hedges are paid with; `false` for no bound. @default {} */
  retryBudget?: RetryBudget | RetryBudgetSetting | false | undefined;
  /** Attempts in flight, and how many may wait how long. @default false */
  bulkhead?: number | BulkheadSetting | Bulkhead | false | undefined;
  /** Attempts started in a time. @default false */
  rateLimit?: RateLimitSetting | RateLimiter | false | undefined;
  /** What passes the breaker, and counts there: each attempt, or each call. @default 'attempts' */
  breakerCounts?: 'attempts' | 'calls' | undefined;
}

/** What a {@link Resilience} has around its breaker. */
export interface AroundOptions extends FunctionOptions, DependencyOptions {
  /** What to do with a value that is thrown away: a retried one, or one that came too late. */
  discard?: ((value: unknown) => void) | undefined;
}

/** What a {@link Resilience} is made with: options of a breaker and of what stands around it, or a breaker and those. */
export interface ResilienceOptions extends Omit<CircuitBreakerOptions, keyof AroundOptions>, AroundOptions {
  /** The breaker; options of a breaker are refused beside it. @default a new one */
  breaker?: CircuitBreaker | undefined;
}

const FUNCTION_RULES: Rules & Record<keyof FunctionOptions, Check> = /* @__PURE__ */ (() => ({
  retry: () => undefined, // read by itself, and so are the others that are objects
  totalTimeout: orFalse(duration(1, MAX_TIMER_DELAY)),
  callTimeout: BREAKER_RULES.callTimeout,
  hedge: either(object, oneOf(false)),
  fallback: BREAKER_RULES.fallback,
  fallbackOn: BREAKER_RULES.fallbackOn,
}))();

export const FUNCTION_OPTIONS = /* @__PURE__ */ Object.keys(FUNCTION_RULES) as (keyof FunctionOptions)[];
export const DEPENDENCY_OPTIONS = [
  'retryBudget',
  'bulkhead',
  'rateLimit',
  'breakerCounts',
] as const satisfies readonly (keyof DependencyOptions)[];

const anInstance = (what: string) => `${what}, its options, or false`;

const isBreaker = (value: unknown): value is CircuitBreaker => hasMethods(ADMIT)(value);

const AROUND_RULES: Rules & Record<keyof AroundOptions, Check> = /* @__PURE__ */ (() => ({
  ...FUNCTION_RULES,
  discard: callable,
  retryBudget: (value: unknown) =>
    value === false || object(value) === undefined ? undefined : anInstance('a RetryBudget'),
  bulkhead: (value: unknown) =>
    value === false || object(value) === undefined
      ? undefined
      : positiveInteger()(value) === undefined
        ? undefined
        : `a limit of at least 1, ${anInstance('a Bulkhead')}`,
  rateLimit: (value: unknown) =>
    value === false || object(value) === undefined ? undefined : anInstance('a RateLimiter'),
  breakerCounts: oneOf('attempts', 'calls'),
}))();

export const RESILIENCE_RULES: Rules = /* @__PURE__ */ (() => ({
  ...BREAKER_RULES,
  ...AROUND_RULES,
  breaker: (value: unknown) => (isBreaker(value) ? undefined : 'a CircuitBreaker'),
}))();

/** How errors name what is being made or called. */
export const resilienceSubject = (name: string): Subject => ({
  breaker: name,
  action: 'use resilience',
  isNamed: true,
});

/** Options that were read: each of them is good. */
export interface ReadResilience {
  readonly breaker: CircuitBreaker | undefined;
  /** Options of a breaker, `callTimeout` and fallbacks too. */
  readonly ofBreaker: CircuitBreakerOptions;
  readonly around: AroundOptions;
}

/**
 * Copies and checks what a `Resilience` is made with.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function readResilience(options: unknown, subject: Subject): ReadResilience {
  return guardRead(subject, 'options', () => {
    if (isBreaker(options))
      refuse(
        subject,
        'options',
        '`options` must be an object, received a circuit breaker: give it as `breaker`',
      );
    const { breaker, ...given }: ResilienceOptions = readOptions(options, RESILIENCE_RULES, subject);
    const around: Record<string, unknown> = {};
    const ofBreaker: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(given)) {
      if (Object.hasOwn(AROUND_RULES, key)) around[key] = value;
      if (Object.hasOwn(BREAKER_RULES, key)) ofBreaker[key] = value;
    }
    if (breaker !== undefined) {
      const [alien] = Object.keys(ofBreaker).filter((key) => !Object.hasOwn(AROUND_RULES, key));
      if (alien !== undefined)
        refuse(subject, alien, `\`${alien}\` is an option of the breaker, which is given already`);
    }
    readParts(around, subject);
    return {
      breaker,
      ofBreaker: breaker === undefined ? readBreakerOptions(ofBreaker, subject) : {},
      around,
    };
  });
}

/** Checks what is inside of options that are objects. */
function readParts(around: AroundOptions, subject: Subject): void {
  if (around.retry !== undefined) around.retry = readRetry(around.retry, subject);
  if (around.hedge) around.hedge = readHedge(around.hedge, subject);
  const { retryBudget, bulkhead, rateLimit } = around;
  if (retryBudget && !isBudget(retryBudget))
    around.retryBudget = readBudget(retryBudget, subject, 'retryBudget.');
  if (bulkhead && !isBulkhead(bulkhead)) around.bulkhead = readBulkhead(bulkhead, subject, 'bulkhead.');
  if (rateLimit && !isRateLimiter(rateLimit))
    around.rateLimit = readRateLimit(rateLimit, subject, 'rateLimit.');
}

// By what they can do, not by their class: there may be two copies of the package.
export const isBudget = (value: object): value is RetryBudget =>
  typeof (value as Partial<RetryBudget>).tryWithdraw === 'function';
export const isBulkhead = (value: unknown): value is Bulkhead =>
  typeof (value as Partial<Bulkhead>).tryEnter === 'function';
export const isRateLimiter = (value: object): value is RateLimiter =>
  typeof (value as Partial<RateLimiter>).tryTake === 'function';

/**
 * One option, copied, as a configuration gives it.
 *
 * @throws InvalidOptionsError for a value out of range
 */
export function readAroundOption(option: string, value: unknown): unknown {
  const { around } = readResilience({ [option]: value }, { breaker: '', action: 'read a configuration' });
  return (around as Readonly<Record<string, unknown>>)[option];
}

/** What one call is made with, complete. */
export class Settings {
  readonly retry: Retry;
  readonly totalTimeout: number | false;
  /** `undefined`: the breaker's. */
  readonly callTimeout: number | false | undefined;
  readonly hedge: HedgeOptions | false;
  readonly fallback: Pick<CallOptions, 'fallback' | 'fallbackOn'>;
  /** Whether a call has only its task. */
  readonly isPlain: boolean;
  readonly #given: FunctionOptions;
  readonly #clock: Clock;

  /** @throws InvalidOptionsError for options that cannot work together */
  constructor(given: FunctionOptions, clock: Clock, subject: Subject) {
    const { retry = RETRY_NONE, totalTimeout = false, callTimeout, hedge = false } = given;
    this.#given = given;
    this.#clock = clock;
    this.retry = completeRetry(retry as RetryOptions, clock);
    this.totalTimeout = totalTimeout;
    this.callTimeout = callTimeout;
    this.hedge = hedge;
    this.fallback = { fallback: given.fallback, fallbackOn: given.fallbackOn };
    this.isPlain = totalTimeout === false && hedge === false && given.fallback === undefined;
    if (this.retry.waitsWhenOpen && totalTimeout === false) {
      refuse(
        subject,
        'totalTimeout',
        '`whenOpen: \'wait\'` (policy "patient") needs a `totalTimeout`: a circuit may stay open for long',
      );
    }
  }

  /** These with another fallback. */
  answeredBy(fallback: Fallback): Settings {
    return new Settings({ ...this.#given, fallback }, this.#clock, resilienceSubject(''));
  }

  /** These with others over them. */
  with(others: FunctionOptions, subject: Subject): Settings {
    return new Settings({ ...this.#given, ...others }, this.#clock, subject);
  }
}

/** The options that belong to a function, as far as they are given. */
export function functionRows({
  retry,
  totalTimeout,
  callTimeout,
  hedge,
  fallback,
  fallbackOn,
}: FunctionOptions) {
  const rows = { retry, totalTimeout, callTimeout, hedge, fallback, fallbackOn };
  return Object.fromEntries(Object.entries(rows).filter(([, value]) => value !== undefined));
}

const RETRY_NONE: RetryOptions = { maxAttempts: 1 };

/**
 * Copies and checks what is said for calls.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function readCall<T>(options: unknown, subject: Subject): ResilienceCallOptions<T> {
  const rules = { signal: signalCheck, ...FUNCTION_RULES };
  return guardRead(subject, 'options', () => {
    const given: ResilienceCallOptions<T> = readOptions(options, rules, subject);
    if (given.retry !== undefined) given.retry = readRetry(given.retry, subject);
    if (given.hedge) given.hedge = readHedge(given.hedge, subject);
    return given;
  });
}
