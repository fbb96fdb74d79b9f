import { REJECTION } from '../core/errors.js';
import { type CircuitBreakerError, isCircuitBreakerError } from '../index.js';

/** The response that stands for a rejection: 429 where a rate limit has no turn, else 503. Its body is a problem (RFC 9457). */
export function standIn(error: unknown): Response {
  const { code, message, breaker, retryAfter } = error as CircuitBreakerError & {
    retryAfter?: number | null;
  };
  const status = code === 'ERR_RATE_LIMITED' ? 429 : 503;
  const title = status === 429 ? 'Too Many Requests' : 'Service Unavailable';
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'x-recloser': code };
  if (typeof retryAfter === 'number') headers['retry-after'] = String(Math.ceil(retryAfter / 1_000));
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: message, code, breaker });
  const response = new Response(body, { status, statusText: title, headers });
  return Object.defineProperty(response, REJECTION, { value: error });
}

/** The rejection that a response stands for, if it does: no server has made it. */
export function rejectionOf(response: unknown): CircuitBreakerError | undefined {
  try {
    const rejection = (response as { [REJECTION]?: unknown } | null | undefined)?.[REJECTION];
    return isCircuitBreakerError(rejection) ? rejection : undefined;
  } catch {
    return undefined; // its members throw
  }
}
