import { CircuitBreakerError, hasCode, setName, setStatus, withoutStack } from '../core/errors.js';
import { quote } from '../core/quote.js';

/** Why there was no place in a queue: it was full, or the wait would have been, or was, too long. */
export type QueueReason = 'full' | 'wait';

/** What a {@link BulkheadFullError} tells. */
export interface BulkheadFullDetails {
  readonly breaker: string;
  readonly limit: number;
  readonly queue: number;
  readonly reason: QueueReason;
  readonly waited: number;
}

/** A bulkhead had no place: the task was not run, and nothing is said of the dependency. */
export class BulkheadFullError extends CircuitBreakerError {
  declare readonly code: 'ERR_BULKHEAD_FULL';
  /** Attempts that may be in flight. */
  readonly limit: number;
  /** Attempts that may wait for a place. */
  readonly queue: number;
  /** Whether the queue was full, or the wait in it too long. */
  readonly reason: QueueReason;
  /** Milliseconds spent in the queue. */
  readonly waited: number;
  /** For web frameworks: 503, Service Unavailable. */
  declare status: number;
  /** The same as `status`. */
  declare statusCode: number;

  static {
    setName(this, 'BulkheadFullError');
    setStatus(this, 503);
  }

  constructor({ breaker, limit, queue, reason, waited }: BulkheadFullDetails) {
    const why =
      reason === 'full'
        ? `has ${limit} attempts in flight and ${queue === 0 ? 'no queue' : `${queue} waiting`}`
        : `had no place within ${Math.ceil(waited)} ms`;
    super('ERR_BULKHEAD_FULL', breaker, `The bulkhead of ${quote(breaker)} ${why}`);
    this.limit = limit;
    this.queue = queue;
    this.reason = reason;
    this.waited = waited;
  }
}

/** What a {@link RateLimitError} tells. */
export interface RateLimitDetails {
  readonly breaker: string;
  readonly reason: QueueReason;
  readonly retryAfter: number;
}

/** A rate limit had no turn that was soon enough: the task was not run, and nothing is said of the dependency. */
export class RateLimitError extends CircuitBreakerError {
  declare readonly code: 'ERR_RATE_LIMITED';
  /** Whether nobody else may wait, or the wait would be too long. */
  readonly reason: QueueReason;
  /** Milliseconds until the next turn, as things are. */
  readonly retryAfter: number;
  /** For web frameworks: 503, Service Unavailable. */
  declare status: number;
  /** The same as `status`. */
  declare statusCode: number;

  static {
    setName(this, 'RateLimitError');
    setStatus(this, 503);
  }

  constructor({ breaker, reason, retryAfter }: RateLimitDetails) {
    super(
      'ERR_RATE_LIMITED',
      breaker,
      `The rate limit of ${quote(breaker)} has no turn for ${Math.ceil(retryAfter)} ms`,
    );
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** What a {@link TotalTimeoutError} tells. */
export interface TotalTimeoutDetails {
  readonly breaker: string;
  readonly timeout: number;
  readonly attempts: number;
  readonly cause?: unknown;
}

/** The call had not settled when its `totalTimeout` ended, waits and retries included. */
export class TotalTimeoutError extends CircuitBreakerError {
  declare readonly code: 'ERR_TOTAL_TIMEOUT';
  /** The timeout that ended the call, in milliseconds. */
  readonly timeout: number;
  /** Attempts that had begun. */
  readonly attempts: number;
  /** For web frameworks: 504, Gateway Timeout. */
  declare status: number;
  /** The same as `status`. */
  declare statusCode: number;

  static {
    setName(this, 'TotalTimeoutError');
    setStatus(this, 504);
  }

  constructor({ breaker, timeout, attempts, cause }: TotalTimeoutDetails) {
    super(
      'ERR_TOTAL_TIMEOUT',
      breaker,
      `A call to ${quote(breaker)} timed out after ${timeout} ms, in all of ${attempts} attempt${attempts === 1 ? '' : 's'}`,
      cause === undefined ? undefined : { cause },
    );
    this.timeout = timeout;
    this.attempts = attempts;
  }
}

export const createBulkheadFullError = (details: BulkheadFullDetails): BulkheadFullError =>
  withoutStack(() => new BulkheadFullError(details));

export const createRateLimitError = (details: RateLimitDetails): RateLimitError =>
  withoutStack(() => new RateLimitError(details));

/** Whether a bulkhead had no place, whichever copy of the package it came from. */
export function isBulkheadFullError(error: unknown): error is BulkheadFullError {
  return hasCode(error, 'ERR_BULKHEAD_FULL');
}

/** Whether a rate limit had no turn, whichever copy of the package it came from. */
export function isRateLimitError(error: unknown): error is RateLimitError {
  return hasCode(error, 'ERR_RATE_LIMITED');
}

/** Whether a call ended by its `totalTimeout`, whichever copy of the package it came from. */
export function isTotalTimeoutError(error: unknown): error is TotalTimeoutError {
  return hasCode(error, 'ERR_TOTAL_TIMEOUT');
}

/** Whether a call was turned away, by a breaker, a bulkhead or a rate limit, of whichever copy of the package: no task was run. */
export function isRejection(error: unknown): boolean {
  return hasCode(error, 'ERR_CIRCUIT_OPEN') || isBulkheadFullError(error) || isRateLimitError(error);
}
