import { setName, setStatus } from '../core/errors.js';
import { inWords } from '../core/in-words.js';
import { quote } from '../core/quote.js';
import { CircuitBreakerError, isCircuitBreakerError } from '../index.js';

/** A stream stood still for longer than its `firstTimeout` or `stallTimeout` while somebody waited for an item. */
export class StreamTimeoutError extends CircuitBreakerError {
  declare readonly code: 'ERR_STREAM_TIMEOUT';
  /** The timeout that ended the stream, in milliseconds. */
  readonly timeout: number;
  /** How many items had come before. */
  readonly items: number;
  /** For web frameworks: 504, Gateway Timeout. */
  declare status: number;
  /** The same as `status`. */
  declare statusCode: number;

  static {
    setName(this, 'StreamTimeoutError');
    setStatus(this, 504);
  }

  constructor(breaker: string, timeout: number, items: number) {
    const after = items === 0 ? 'before its first item' : `after ${items} ${items === 1 ? 'item' : 'items'}`;
    super(
      'ERR_STREAM_TIMEOUT',
      breaker,
      `A stream through circuit breaker ${quote(breaker)} stood still for ${inWords(timeout)} ${after}`,
    );
    this.timeout = timeout;
    this.items = items;
  }
}

/** Whether a stream was ended because it stood still, whichever copy of the package guarded it. */
export function isStreamTimeoutError(error: unknown): error is StreamTimeoutError {
  return isCircuitBreakerError(error) && error.code === 'ERR_STREAM_TIMEOUT';
}
