/** A clock that nobody has to wait for: time jumps to what is due next. */

/** Turns of the microtask queue in which everything has happened that one event causes. */
const TURNS = 40;

/**
 * Numbers from 0 to less than 1 that are the same in each run (mulberry32).
 *
 * @param {number} seed
 */
export function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {number} seed */
export function simulatedClock(seed) {
  let now = 0;
  let numbers = 0;
  /**
   * Sorted by time, and by number where times are the same.
   *
   * @type {{ at: number, number: number, run: () => void }[]}
   */
  const timers = [];

  return {
    now: () => now,
    random: dice(seed),
    /**
     * @param {() => void} run
     * @param {number} ms
     */
    setTimeout(run, ms) {
      const timer = { at: now + ms, number: ++numbers, run };
      let place = timers.length;
      while (place > 0 && (timers[place - 1]?.at ?? 0) > timer.at) place--;
      timers.splice(place, 0, timer);
      return timer;
    },
    /** @param {unknown} timer */
    clearTimeout(timer) {
      const place = timers.indexOf(/** @type {typeof timers[number]} */ (timer));
      if (place !== -1) timers.splice(place, 1);
    },
    /**
     * Lets everything happen that is due until then.
     *
     * @param {number} end
     */
    async runUntil(end) {
      for (let next = timers[0]; next !== undefined && next.at <= end; next = timers[0]) {
        timers.shift();
        now = next.at;
        next.run();
        for (let turn = 0; turn < TURNS; turn++) await null;
      }
      now = end;
    },
  };
}
