/** The options of one call: what they are, and how they are read. */
import type { CallContext } from './call-context.js';
import type { CallerSignal } from './following.js';
import {
  breakerSubject,
  type Check,
  callable,
  duration,
  either,
  guardRead,
  MAX_TIMER_DELAY,
  object,
  oneOf,
  orFalse,
  type Rules,
  readOptions,
  verify,
} from './validate.js';

/** Which errors a fallback answers: rejections, failures, both, or those that a predicate picks. */
export type FallbackOn = 'rejection' | 'failure' | 'any' | ((error: unknown) => boolean);

/** Answers a call in place of its task. */
export type Fallback<T = unknown> = (error: unknown, context: CallContext) => T | PromiseLike<T>;

/** What can be said for one call. */
export interface CallOptions<T = unknown> {
  /** Ends the call when it aborts; such an outcome is *ignored*. */
  signal?: AbortSignal | CallerSignal | undefined;
  /** In place of the breaker's `callTimeout`. */
  callTimeout?: number | false | undefined;
  /** In place of the breaker's `fallback`. */
  fallback?: Fallback<T> | undefined;
  /** In place of the breaker's `fallbackOn`. */
  fallbackOn?: FallbackOn | undefined;
}

/** What can be said for one synchronous call. */
export interface SyncCallOptions<T = unknown> {
  /** In place of the breaker's `fallback`. */
  fallback?: ((error: unknown) => T) | undefined;
}

export const callTimeout = orFalse(duration(0, MAX_TIMER_DELAY));
export const fallbackOn = either(oneOf('rejection', 'failure', 'any'), callable);

const CALL_RULES: Rules & Record<keyof CallOptions, Check> = {
  signal: (value) => {
    const { aborted, addEventListener } = (value ?? {}) as Partial<CallerSignal>;
    const isSignal = typeof aborted === 'boolean' && typeof addEventListener === 'function';
    return isSignal ? undefined : 'an AbortSignal';
  },
  callTimeout,
  fallback: callable,
  fallbackOn,
};

const SYNC_CALL_RULES: Rules = { fallback: callable };

/**
 * Checks the options of calls that are yet to come, once.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function readCallOptions<T>(options: CallOptions<T>, breaker: string): CallOptions<T> {
  const subject = breakerSubject('call through', breaker);
  return guardRead(subject, 'options', () => readOptions(options, CALL_RULES, subject));
}

/**
 * Checks the options of synchronous calls.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function readSyncCallOptions<T>(options: SyncCallOptions<T>, breaker: string): SyncCallOptions<T> {
  const subject = breakerSubject('call through', breaker);
  return guardRead(subject, 'options', () => readOptions(options, SYNC_CALL_RULES, subject));
}

/**
 * Copies and checks the options of a call at hand, at little cost for the usual ones.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function verifyCallOptions<T>(options: CallOptions<T>, breaker: string): CallOptions<T> {
  const subject = breakerSubject('call through', breaker);
  return guardRead(subject, 'options', () => {
    verify(subject, 'options', options, object);
    for (const key in options) {
      if (!Object.hasOwn(CALL_RULES, key)) return readOptions(options, CALL_RULES, subject);
    }
    const { signal, callTimeout, fallback, fallbackOn } = options;
    const own = { signal, callTimeout, fallback, fallbackOn };
    if (signal !== undefined) verify(subject, 'signal', signal, CALL_RULES.signal);
    if (callTimeout !== undefined) verify(subject, 'callTimeout', callTimeout, CALL_RULES.callTimeout);
    if (fallback !== undefined) verify(subject, 'fallback', fallback, CALL_RULES.fallback);
    if (fallbackOn !== undefined) verify(subject, 'fallbackOn', fallbackOn, CALL_RULES.fallbackOn);
    return own;
  });
}
