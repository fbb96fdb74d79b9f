import type { CircuitBreakerError } from '../index.js';

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
  return new Response(body, { status, statusText: title, headers });
}
