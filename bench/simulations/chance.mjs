/** Chance that can be had again: mulberry32, and what is drawn from it. */

/** @param {number} seed @returns {() => number} numbers from 0 to less than 1 */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {() => number} random */
export const exponential = (random) => -Math.log(1 - random());

/** @param {() => number} random */
export const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/**
 * Latencies with this median and 99th percentile, in ms.
 *
 * @param {number} p50
 * @param {number} p99
 */
export function lognormal(p50, p99) {
  const spread = Math.log(p99 / p50) / 2.3263478740408408;
  return (/** @type {() => number} */ random) => p50 * Math.exp(spread * normal(random));
}
