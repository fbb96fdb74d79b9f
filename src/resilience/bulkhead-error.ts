import { CircuitBreakerError, withoutStack } from '../core/errors.js';
import { inWords } from '../core/in-words.js';
import { quote } from '../core/quote.js';
import { nameErrors } from './class-members.js';

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

  /** @internal */
  static readonly isNamed: true = /* @__PURE__ */ nameErrors(this, 'BulkheadFullError', 503);

  constructor({ breaker, limit, queue, reason, waited }: BulkheadFullDetails) {
    const why =
      reason === 'full'
        ? `has ${limit} attempts in flight and ${queue === 0 ? 'no queue' : `${queue} waiting`}`
        : `had no place within ${inWords(waited)}`;
    super('ERR_BULKHEAD_FULL', breaker, `The bulkhead of ${quote(breaker)} ${why}`);
    this.limit = limit;
    this.queue = queue;
    this.reason = reason;
    this.waited = waited;
  }
}

export const createBulkheadFullError = (details: BulkheadFullDetails): BulkheadFullError =>
  withoutStack(() => new BulkheadFullError(details));
