import { CircuitBreakerError } from '../index.js';

/** What went wrong in a test, rather than in what it tests. */
export type TestingErrorCode =
  | 'ERR_INJECTED_FAULT'
  | 'ERR_NOTHING_TO_WAIT_FOR'
  | 'ERR_SETTLE_LIMIT'
  | 'ERR_TIMER_LOOP';

export function createError(code: TestingErrorCode, message: string): CircuitBreakerError {
  return new CircuitBreakerError(code, '', message);
}

/** Who is at fault in mistakes of options: nobody in particular, doing this. */
export const subject = (action: string) => ({ breaker: '', action });
