import { CircuitBreakerError, hasCode } from '../core/errors.js';
import { inWords } from '../core/in-words.js';
import { quote } from '../core/quote.js';
import type { BulkheadFullError } from './bulkhead-error.js';
import { nameErrors } from './class-members.js';
import type { RateLimitError } from './rate-limit-error.js';

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

  /** @internal */
  static readonly isNamed: true = /* @__PURE__ */ nameErrors(this, 'TotalTimeoutError', 504);

  constructor({ breaker, timeout, attempts, cause }: TotalTimeoutDetails) {
    super(
      'ERR_TOTAL_TIMEOUT',
      breaker,
      `A call to ${quote(breaker)} timed out after ${inWords(timeout)}, in all of ${attempts} attempt${attempts === 1 ? '' : 's'}`,
      cause === undefined ? undefined : { cause },
    );
    this.timeout = timeout;
    this.attempts = attempts;
  }
}

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
