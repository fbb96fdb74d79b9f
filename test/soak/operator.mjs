/** Somebody who steers breakers by hand while they are called. */
import { setTimeout as wait } from 'node:timers/promises';

/**
 * @typedef {import('./invariants.mjs').Watch} Watch
 * @typedef {(breaker: import('recloser').CircuitBreaker, random: import('./random.mjs').Random) => void} Action
 */

/** @type {Action} */
const reset = (breaker) => breaker.reset();

/** @type {Action} */
const restore = (breaker) => {
  if (breaker.state === 'CLOSED') breaker.restore(JSON.parse(JSON.stringify(breaker)));
};

/** @type {Action[]} */
const ACTIONS = [
  (breaker) => breaker.trip('by hand'),
  reset,
  (breaker) => breaker.forceOpen('maintenance'),
  (breaker) => breaker.forceClosed(),
  (breaker, { between }) =>
    breaker.update({ successThreshold: between(1, 3), halfOpenMaxCalls: between(1, 3) }),
  restore,
];

/**
 * @param {readonly Watch[]} watches
 * @param {import('./random.mjs').Random} random
 * @param {() => boolean} isOver
 */
export async function keepSteering(watches, random, isOver) {
  while (!isOver()) {
    const watch = random.pick(watches);
    const action = random.pick(ACTIONS);
    const isClosed = watch.setup.breaker.state === 'CLOSED';
    watch.steer((breaker) => action(breaker, random), action === reset || (action === restore && isClosed));
    await wait(random.between(20, 100));
    // No forced mode stays: the breakers are to decide for themselves most of the time.
    if (watch.setup.breaker.mode.startsWith('forced')) watch.steer((breaker) => breaker.reset(), true);
  }
}
