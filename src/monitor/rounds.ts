import { isDoubtful, startTimer, stopTimer, type Timer } from '../core/timers.js';
import type { Clock } from '../index.js';

/** Rounds that are made. */
export interface Rounds {
  /** Sets the timer again if the one that was set has not fired: fake timers may have taken it along. */
  revive(): void;
  stop(): void;
}

/**
 * Makes rounds again and again, `every` milliseconds after the one before has ended. They keep neither the process
 * alive, where the runtime lets them, nor `walker` in memory: they end by themselves when nobody else holds it.
 *
 * @param walk goes a part of the round, and tells whether there is more of it: others have their turn in between
 */
export function startRounds<Walker extends object>(
  clock: Clock,
  every: number,
  walker: Walker,
  walk: (walker: Walker) => boolean,
): Rounds {
  const held = new WeakRef(walker);
  let timer: Timer;
  let setAt: number;
  let dueAt: number;

  const set = (ms: number) => {
    setAt = timeOf(clock);
    dueAt = setAt + ms;
    timer = startTimer(clock, run, ms, { background: true });
  };
  const run = () => {
    const present = held.deref();
    if (present === undefined) return;
    let hasMore = false;
    try {
      hasMore = walk(present);
    } finally {
      set(hasMore ? 0 : every);
    }
  };

  set(every);
  return {
    revive() {
      const now = timeOf(clock);
      if (!(now < setAt || now > dueAt + every || isDoubtful(timer))) return;
      stopTimer(clock, timer);
      set(every);
    },
    stop: () => stopTimer(clock, timer),
  };
}

/** The time; of a clock that cannot tell it, no time at all, which is neither early nor late. */
function timeOf(clock: Clock): number {
  try {
    return clock.now();
  } catch {
    return Number.NaN;
  }
}
