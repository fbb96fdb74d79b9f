/** Chance that a seed repeats. */

/** @typedef {ReturnType<typeof createRandom>} Random */

/** Numbers by mulberry32, a generator in the public domain. @param {number} seed */
export function createRandom(seed) {
  let state = seed >>> 0;
  /** From 0 to less than 1. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number, both ends included. @param {number} least @param {number} most */
  const between = (least, most) => least + Math.floor(next() * (most - least + 1));
  /** @param {number} share */
  const chance = (share) => next() < share;
  /** @template Item @param {readonly Item[]} items @returns {Item} */
  const pick = (items) => /** @type {Item} */ (items[between(0, items.length - 1)]);
  /** Another stream of numbers, which does not depend on how far this one is read. @param {number} number */
  const fork = (number) => createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  return { next, between, chance, pick, fork };
}
