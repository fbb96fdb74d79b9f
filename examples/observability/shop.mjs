/** A shop with four dependencies, a breaker before each, and customers who want something of it all the time. */
import * as client from 'prom-client';
import { CircuitBreakerRegistry } from 'recloser';
import { history } from 'recloser/monitor';
import { instrument } from 'recloser/prometheus';
import { createDependencies } from './dependencies.mjs';

/** @type {Record<string, import('recloser').CircuitBreakerOptions>} */
const BREAKERS = {
  catalogue: {},
  payments: {},
  search: { callTimeout: 150, fallback: () => ['our best'] },
  reviews: { successThreshold: 1, fallback: () => [] }, // one good answer is not enough, as it turns out
};

/**
 * @param {() => number} [now] milliseconds since it has opened
 */
export function createShop(now = () => performance.now()) {
  const opened = now();
  const dependencies = createDependencies(() => now() - opened);
  const breakers = new CircuitBreakerRegistry({
    defaults: { recoveryTimeout: 4_000, failureThreshold: 4, successThreshold: 2 },
    configure: (name) => BREAKERS[name],
  });
  const register = new client.Registry();
  instrument(breakers, { client, register });
  const past = history(breakers);

  const names = /** @type {(keyof typeof dependencies)[]} */ (Object.keys(BREAKERS));
  for (const name of names) breakers.getOrCreate(name);

  return {
    breakers,
    past,
    register,

    /** A customer wants something of everything. One in twenty does not wait for the search. */
    async serveCustomer() {
      const impatient = Math.random() < 0.05 ? { signal: AbortSignal.timeout(5) } : {};
      await Promise.allSettled(
        names.map((name) => {
          const options = name === 'search' ? impatient : {};
          /** @type {() => Promise<unknown>} */
          const ask = dependencies[name];
          return breakers.getOrCreate(name).call(ask, options);
        }),
      );
    },
  };
}
