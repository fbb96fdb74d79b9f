/** What is retried, when and how often: what users say, and what stands for it in force. */
import {
  type Check,
  callable,
  describe,
  duration,
  either,
  guardRead,
  MAX_TIMER_DELAY,
  nearest,
  numberFrom,
  object,
  oneOf,
  positiveInteger,
  type Rules,
  ratio,
  readOptions,
  refuse,
  type Subject,
} from '../core/validate.js';
import {
  type Backoff,
  type BackoffOptions,
  type Clock,
  exponentialBackoff,
  type Outcome,
  type OutcomeKind,
} from '../index.js';

/** What is retried, when and how often. Durations are milliseconds. */
export interface RetryOptions {
  /** Attempts in all, the first included, 1 to 100. @default 3 */
  maxAttempts?: number | undefined;
  /**
   * The wait before the next attempt: milliseconds, options of `exponentialBackoff`, or a function of the attempt that
   * failed.
   *
   * @default { initial: 100, max: 2_000, jitter: 1 }, with `max` no less than an `initial` that is given
   */
  backoff?: number | BackoffOptions | Backoff | undefined;
  /** What is retried, in place of what the breaker counts as a failure; it is told what the outcome counts as. */
  retryOn?: ((outcome: Outcome, kind: OutcomeKind) => boolean) | undefined;
  /** Milliseconds that the server asks to wait; the backoff comes on top. */
  retryAfter?: ((outcome: Outcome, attempt: number) => number | undefined) | undefined;
  /** The longest wait, in ms, that the server may ask for; beyond it there is no retry. @default 60_000 */
  maxRetryAfter?: number | undefined;
  /** What a retry does that finds the circuit open: give up, or wait until it may probe. @default 'stop' */
  whenOpen?: 'stop' | 'wait' | undefined;
}

/** How a policy is called. */
export type RetryPolicyName = 'none' | 'network' | 'aggressive' | 'patient';

const policy = (maxAttempts: number, initial: number, max: number): Readonly<RetryOptions> =>
  Object.freeze({ maxAttempts, backoff: Object.freeze({ initial, factor: 2, max, jitter: 1 }) });

/** Retries by name: all with full jitter, all under the budget. */
export const RETRY_POLICIES: Readonly<Record<RetryPolicyName, Readonly<RetryOptions>>> =
  /* @__PURE__ */ (() =>
    Object.freeze({
      none: Object.freeze({ maxAttempts: 1 }),
      network: policy(3, 100, 2_000),
      aggressive: policy(5, 50, 5_000),
      patient: Object.freeze({ ...policy(8, 1_000, 30_000), whenOpen: 'wait' as const }),
    }))();

/** Retries in force. */
export interface Retry {
  readonly maxAttempts: number;
  /** Milliseconds. */
  readonly backoff: Backoff;
  readonly retryOn: RetryOptions['retryOn'];
  readonly retryAfter: RetryOptions['retryAfter'];
  readonly maxRetryAfter: number;
  readonly waitsWhenOpen: boolean;
}

const RULES: Rules & Record<keyof RetryOptions, Check> = /* @__PURE__ */ (() => ({
  maxAttempts: positiveInteger(100),
  backoff: either(either(duration(0, MAX_TIMER_DELAY), callable), object),
  retryOn: callable,
  retryAfter: callable,
  maxRetryAfter: duration(0, MAX_TIMER_DELAY),
  whenOpen: oneOf('stop', 'wait'),
}))();

const BACKOFF_RULES: Rules = /* @__PURE__ */ (() => ({
  initial: duration(0, MAX_TIMER_DELAY),
  factor: numberFrom(1),
  max: duration(0, MAX_TIMER_DELAY),
  jitter: ratio,
  random: callable,
}))();

/** What p-retry, async-retry, cockatiel, Polly and resilience4j call them, where the nearest of ours would mislead. */
const FOREIGN_NAMES: Readonly<Record<string, string>> = {
  maxAttempts: 'attempts maxRetries maxRetryAttempts retries retryCount times tries',
  backoff:
    'delay factor interval initialDelay jitter maxDelay maxTimeout minTimeout randomize waitDuration wait',
  retryOn: 'filter handle on retryExceptions retryIf shouldHandle shouldRetry when',
};

/** Tries are counted with the first one. */
function meaningOf(foreign: string): string | undefined {
  const [own] = Object.entries(FOREIGN_NAMES).find(([, names]) => names.split(' ').includes(foreign)) ?? [];
  if (own === undefined) return undefined;
  return own === 'maxAttempts' ? 'retry.maxAttempts, which counts the first try too' : `retry.${own}`;
}

const DEFAULT_BACKOFF = { initial: 100, max: 2_000, jitter: 1 };

/**
 * What the option `retry` may be, copied; `false` is `'none'`.
 *
 * @throws InvalidOptionsError for an unknown policy or option, or a value out of range
 */
export function readRetry(value: unknown, subject: Subject): RetryOptions {
  if (value === false) return RETRY_POLICIES.none;
  if (typeof value === 'string' && Object.hasOwn(RETRY_POLICIES, value))
    return RETRY_POLICIES[value as RetryPolicyName];
  if (object(value) !== undefined) {
    const policyNames = Object.keys(RETRY_POLICIES);
    const hint =
      typeof value === 'string'
        ? `, did you mean ${describe(nearest(value, policyNames))}?`
        : typeof value === 'number'
          ? ', did you mean { maxAttempts: … }, which counts the first try too?'
          : '';
    refuse(
      subject,
      'retry',
      `\`retry\` must be ${policyNames.map(describe).join(', ')}, options or false, received ${describe(value)}${hint}`,
    );
  }
  return guardRead(subject, 'options', () => {
    const given: RetryOptions = readOptions(value, RULES, subject, 'retry.', meaningOf);
    if (typeof given.backoff === 'object')
      given.backoff = readOptions(given.backoff, BACKOFF_RULES, subject, 'retry.backoff.');
    return given;
  });
}

/** Fills in what was not given. */
export function completeRetry(given: RetryOptions, clock: Clock): Retry {
  const { backoff = DEFAULT_BACKOFF } = given;
  return {
    maxAttempts: given.maxAttempts ?? 3,
    backoff: backoffOf(backoff, clock),
    retryOn: given.retryOn,
    retryAfter: given.retryAfter,
    maxRetryAfter: given.maxRetryAfter ?? 60_000,
    waitsWhenOpen: given.whenOpen === 'wait',
  };
}

function backoffOf(backoff: number | BackoffOptions | Backoff, clock: Clock): Backoff {
  if (typeof backoff === 'function') return backoff;
  if (typeof backoff === 'number') return () => backoff;
  const { initial, max } = DEFAULT_BACKOFF;
  const longest = Math.max(backoff.initial ?? initial, max); // what begins beyond it grows no more
  return exponentialBackoff({ random: () => roll(clock), ...DEFAULT_BACKOFF, max: longest, ...backoff });
}

/** A roll of the clock's dice, from 0 to less than 1. */
export function roll(clock: Clock): number {
  return clock.random === undefined ? Math.random() : clock.random();
}
