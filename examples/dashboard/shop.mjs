/**
 * A shop whose dependencies have weather: each is well, slow, flaky or down for a while, and then something else. Customers
 * want something of all of them, all the time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CircuitBreakerRegistry } from 'recloser';

/** @typedef {{ readonly name: string, readonly latency: number, readonly failures: number }} Weather */

/** @type {readonly Weather[]} */
export const WEATHERS = [
  { name: 'sun', latency: 15, failures: 0 },
  { name: 'clouds', latency: 40, failures: 0.05 },
  { name: 'fog', latency: 400, failures: 0 },
  { name: 'rain', latency: 30, failures: 0.3 },
  { name: 'storm', latency: 5, failures: 1 },
];

const SUN = /** @type {Weather} */ (WEATHERS[0]);

const NAMES = ['catalogue', 'mail', 'payments', 'prices', 'recommendations', 'reviews', 'search', 'stock'];

/** @param {{ random?: () => number, wait?: (ms: number) => Promise<unknown> }} [world] */
export function createShop({ random = Math.random, wait = sleep } = {}) {
  const breakers = new CircuitBreakerRegistry({
    defaults: {
      callTimeout: 500,
      slowCallDuration: 200,
      slowCallRateThreshold: 0.8,
      recoveryTimeout: 8_000,
      maxConcurrentCalls: 50,
    },
  });
  for (const name of NAMES) breakers.getOrCreate(name);
  /** @type {Map<string, Weather>} */
  const weather = new Map();

  /** @param {string} name */
  async function ask(name) {
    const { latency, failures } = weather.get(name) ?? SUN;
    await wait(latency * (0.5 + random()));
    if (random() < failures)
      throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:443'), { code: 'ECONNREFUSED' });
    return name;
  }

  return {
    breakers,
    weather,

    /** The weather changes for one of them: half of the time the sun comes out. */
    change() {
      const name = /** @type {string} */ (NAMES[Math.floor(random() * NAMES.length)]);
      const next =
        random() < 0.5 ? SUN : /** @type {Weather} */ (WEATHERS[Math.floor(random() * WEATHERS.length)]);
      weather.set(name, next);
      return { name, weather: next.name };
    },

    /** A customer wants something of everything, and takes what there is. */
    async serve() {
      await Promise.all(NAMES.map((name) => breakers.getOrCreate(name).tryCall(() => ask(name))));
    },
  };
}
