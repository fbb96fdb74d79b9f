/** What servers say of when to come again. */
import { headerOf, statusOf } from './headers.js';

/**
 * Milliseconds that a server asks to wait, by the first of these that makes sense: `retry-after-ms`, `Retry-After` in
 * seconds or as an HTTP date (RFC 9110, 10.2.3), and for a 429 `RateLimit` with nothing left (`"minute";r=0;t=30`, of
 * several the longest) and `RateLimit-Reset` in seconds. `x-ratelimit-reset` is not guessed at: it means seconds here and a
 * date there.
 *
 * @param response of fetch, undici, axios or Node
 * @param now wall-clock milliseconds, for dates; now by default
 * @returns at least 0, and `undefined` where the server does not say
 *
 * @example
 * ```ts
 * import { retryAfterOf } from 'recloser/http';
 *
 * const busy = new Response('busy', { status: 429, headers: { 'retry-after': '3' } });
 * console.log(retryAfterOf(busy)); // → 3000
 * ```
 */
export function retryAfterOf(response: unknown, now: number = Date.now()): number | undefined {
  const exact = numberOf(headerOf(response, 'retry-after-ms'));
  if (exact !== undefined) return exact;
  const after = headerOf(response, 'retry-after');
  const asked = secondsOf(after) ?? untilDate(after, now);
  if (asked !== undefined || statusOf(response) !== 429) return asked;
  return exhausted(headerOf(response, 'ratelimit')) ?? secondsOf(headerOf(response, 'ratelimit-reset'));
}

function numberOf(text: string | undefined): number | undefined {
  if (!/^\d+(?:\.\d+)?$/.test(String(text))) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function secondsOf(text: string | undefined): number | undefined {
  const seconds = numberOf(text);
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** The three forms of RFC 9110, 5.6.7, all of them in GMT, which `asctime` does not say. */
const DATE = /^[A-Z][a-z]+, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{4}|\d{2}) \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

function untilDate(found: string | undefined, now: number): number | undefined {
  const text = String(found);
  const time = DATE.test(text)
    ? Date.parse(text)
    : ASCTIME.test(text)
      ? Date.parse(`${text} GMT`)
      : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.max(time - now, 0);
}

/** The longest wait of a `RateLimit` field (draft-ietf-httpapi-ratelimit-headers) of which nothing remains. */
function exhausted(field: string | undefined): number | undefined {
  const waits = String(field)
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .split(',')
    .filter((item) => /;\s*r\s*=\s*0\s*(?:;|$)/.test(item))
    .map((item) => secondsOf(/;\s*t\s*=\s*(\d+)\s*(?:;|$)/.exec(item)?.[1]))
    .filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.max(...waits);
}
