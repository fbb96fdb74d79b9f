import { CircuitBreakerError, withoutStack } from '../core/errors.js';
import { inWords } from '../core/in-words.js';
import { quote } from '../core/quote.js';
import type { QueueReason } from './bulkhead-error.js';
import { nameErrors } from './class-members.js';

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

  /** @internal */
  static readonly isNamed: true = /* @__PURE__ */ nameErrors(this, 'RateLimitError', 503);

  constructor({ breaker, reason, retryAfter }: RateLimitDetails) {
    super(
      'ERR_RATE_LIMITED',
      breaker,
      `The rate limit of ${quote(breaker)} has no turn for ${inWords(retryAfter)}`,
    );
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

export const createRateLimitError = (details: RateLimitDetails): RateLimitError =>
  withoutStack(() => new RateLimitError(details));
