import { isGranted } from '../core/report.js';
import {
  breakerSubject,
  type Check,
  callable,
  duration,
  either,
  guardRead,
  hasMethods,
  MAX_TIMER_DELAY,
  oneOf,
  orFalse,
  type Rules,
  readOptions,
} from '../core/validate.js';
import type { CallContext, CircuitMetrics, CircuitState, Clock, FallbackOn, Permit } from '../index.js';
import type { AnyStream } from './kinds.js';

/** What this subpath needs of a `CircuitBreaker`. */
export interface StreamBreaker {
  readonly name: string;
  readonly state: CircuitState;
  readonly metrics: CircuitMetrics;
  readonly options: { readonly callTimeout: number | false; readonly clock: Clock };
  acquire(): Permit;
}

/** What can be said for one stream. */
export interface StreamOptions<S = AnyStream> {
  /**
   * Milliseconds, at least 1, that `source` and the first item may take together; `false` for no limit.
   *
   * @default the breaker's `callTimeout`
   */
  firstTimeout?: number | false | undefined;
  /**
   * Milliseconds, at least 1, that the stream may stand still between two items while somebody waits; `false` for no limit.
   *
   * @default 30_000
   */
  stallTimeout?: number | false | undefined;
  /**
   * When the permit is settled: at the end of the stream or at its first item.
   *
   * @default 'end', and 'first' for probes, so that a circuit closes before a long stream has ended
   */
  settleOn?: 'end' | 'first' | undefined;
  /** Ends the stream when it aborts; such an outcome is *ignored*. */
  signal?: AbortSignal | undefined;
  /** Answers a stream, which nobody watches, in place of one that was rejected or failed before its first item. */
  fallback?: ((error: unknown, context: CallContext) => S | PromiseLike<S>) | undefined;
  /** The errors that the fallback answers. @default 'any' */
  fallbackOn?: FallbackOn | undefined;
}

/** The options of a stream, with the breaker's in place of those that were not given. */
export interface ResolvedStreamOptions {
  readonly firstTimeout: number | false;
  readonly stallTimeout: number | false;
  readonly settleOn: 'end' | 'first' | undefined;
  readonly signal: AbortSignal | undefined;
  readonly fallback: ((error: unknown, context: CallContext) => unknown) | undefined;
  readonly fallbackOn: FallbackOn;
}

const DEFAULT_STALL_TIMEOUT = 30_000;

const timeout = orFalse(duration(1, MAX_TIMER_DELAY));

const RULES: Rules & Record<keyof StreamOptions, Check> = {
  firstTimeout: timeout,
  stallTimeout: timeout,
  settleOn: oneOf('end', 'first'),
  signal: (value) => (hasMethods('addEventListener')(value) ? undefined : 'an AbortSignal'),
  fallback: callable,
  fallbackOn: either(oneOf('rejection', 'failure', 'any'), callable),
};

/** @throws InvalidOptionsError for the first mistake */
export function readStreamOptions<S>(
  options: StreamOptions<S> | undefined,
  breaker: StreamBreaker,
): ResolvedStreamOptions {
  const subject = breakerSubject('guard a stream by', breaker.name);
  const given: StreamOptions =
    options === undefined ? {} : guardRead(subject, 'options', () => readOptions(options, RULES, subject));
  const { callTimeout } = breaker.options;
  return {
    firstTimeout: given.firstTimeout ?? (callTimeout === false ? false : Math.max(callTimeout, 1)),
    stallTimeout: given.stallTimeout ?? DEFAULT_STALL_TIMEOUT,
    settleOn: given.settleOn,
    signal: given.signal,
    fallback: given.fallback,
    fallbackOn: given.fallbackOn ?? 'any',
  };
}

/** Whether the fallback answers this error. */
export function answers({ fallbackOn }: ResolvedStreamOptions, error: unknown, rejected: boolean): boolean {
  if (typeof fallbackOn === 'function') return isGranted('fallbackOn', () => fallbackOn(error));
  return fallbackOn === 'any' || fallbackOn === (rejected ? 'rejection' : 'failure');
}
