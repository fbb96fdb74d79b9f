import { hasCode, setName, setStatus } from '../core/errors.js';
import { inWords } from '../core/in-words.js';
import { quote } from '../core/quote.js';
import { CircuitBreakerError } from '../index.js';

/** A body stood still for longer than `bodyTimeout` while somebody read it. The request is aborted. */
export class BodyTimeoutError extends CircuitBreakerError {
  declare readonly code: 'ERR_BODY_TIMEOUT';
  /** The timeout that ended the body, in milliseconds. */
  readonly timeout: number;
  /** For web frameworks: 504, Gateway Timeout. */
  declare status: number;
  /** The same as `status`. */
  declare statusCode: number;

  static {
    setName(this, 'BodyTimeoutError');
    setStatus(this, 504);
  }

  constructor(breaker: string, timeout: number) {
    super('ERR_BODY_TIMEOUT', breaker, `A body of ${quote(breaker)} stood still for ${inWords(timeout)}`);
    this.timeout = timeout;
  }
}

/** Whether a body was ended because it stood still, whichever copy of the package read it. */
export function isBodyTimeoutError(error: unknown): error is BodyTimeoutError {
  return hasCode(error, 'ERR_BODY_TIMEOUT');
}
