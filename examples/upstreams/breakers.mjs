/**
 * The breakers of the shop, one for each upstream. What they have in common is said once, what differs in one place.
 */
import { CircuitBreakerRegistry } from 'recloser';

/** @satisfies {Record<string, import('recloser').CircuitBreakerOptions>} */
const UPSTREAMS = {
  catalogue: { failureThreshold: 3 },
  prices: { failureThreshold: 3 },
  reviews: { failureThreshold: 2, callTimeout: 500 }, // nobody waits long for reviews
};

/** @typedef {keyof typeof UPSTREAMS} UpstreamName */

/** The upstreams without which there is nothing to show. */
export const ESSENTIAL = ['catalogue'];

/**
 * @param {import('recloser').Clock} [clock] for tests
 */
export function createBreakers(clock) {
  const breakers = new CircuitBreakerRegistry({
    defaults: { callTimeout: 2_000, recoveryTimeout: 1_000, successThreshold: 1 },
    configure: (name) => UPSTREAMS[/** @type {UpstreamName} */ (name)],
    clock,
  });
  for (const name of Object.keys(UPSTREAMS)) breakers.getOrCreate(name); // so that a summary shows all of them
  return breakers;
}
