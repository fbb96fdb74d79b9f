/** Whether the service is ready, and how its upstreams are. */
import { ESSENTIAL } from './breakers.mjs';

/**
 * The registry's summary, and one word: `ok`, `degraded` where a fallback has to do, or `unavailable`.
 *
 * @param {import('recloser').CircuitBreakerRegistry} breakers
 */
export function healthOf(breakers) {
  const summary = breakers.summary();
  const isUnavailable = summary.breakers.some((it) => ESSENTIAL.includes(it.name) && isBlocked(it));
  const status = isUnavailable ? 'unavailable' : summary.closed < summary.total ? 'degraded' : 'ok';
  return { status, ...summary };
}

/**
 * Whether calls are in vain for now. Once one may probe, the service has to be ready: it gets no traffic otherwise, and
 * only a call can find out that the upstream is well again.
 *
 * @param {import('recloser').CircuitMetrics} metrics
 */
function isBlocked({ state, retryAfter }) {
  return state === 'OPEN' && retryAfter !== 0;
}
