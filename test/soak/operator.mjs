/** Somebody who steers breakers by hand while they are called. */
import { setTimeout as wait } from 'node:timers/promises';

/**
 * @typedef {import('./invariants.mjs').Watch} Watch
 * @typedef {(breaker: import('recloser').CircuitBreaker, random: import('./random.mjs').Random) => void} Action
 */

/** @type {Action[]} */
const ACTIONS = [
  (breaker) => breaker.trip('by hand'),
  (breaker) => breaker.reset(),
  (breaker) => breaker.forceOpen('maintenance'),
  (breaker) => breaker.forceClosed(),
  (breaker, { between }) =>
    breaker.update({ successThreshold: between(1, 3), halfOpenMaxCalls: between(1, 3) }),
  (breaker) => {
    if (breaker.state === 'CLOSED') breaker.restore(JSON.parse(JSON.stringify(breaker)));
  },
];

/**
 * @param {readonly Watch[]} watches
 * @param {import('./random.mjs').Random} random
 * @param {() => boolean} isOver
 */
export async function keepSteering(watches, random, isOver) {
  while (!isOver()) {
    const watch = random.pick(watches);
    watch.steer((breaker) => random.pick(ACTIONS)(breaker, random));
    await wait(random.between(20, 100));
    // No forced mode stays: the breakers are to decide for themselves most of the time.
    watch.steer((breaker) => {
      if (breaker.mode.startsWith('forced')) breaker.reset();
    });
  }
}
