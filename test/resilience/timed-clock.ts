import type { Clock } from 'recloser';

export interface TimedClock extends Clock {
  now(): number;
  random(): number;
  /** Timers that are set. */
  readonly timers: number;
  /** Lets time pass and everything happen that is due, in order. */
  advance(ms: number): Promise<void>;
}

/** A clock with timers and dice of its own. */
export function timedClock(random: () => number = () => 0.5): TimedClock {
  let time = 1_000;
  let numbers = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  const settle = async () => {
    for (let turn = 0; turn < 60; turn++) await null;
  };
  return {
    now: () => time,
    random,
    setTimeout(run, ms) {
      timers.set(++numbers, { at: time + ms, run });
      return numbers;
    },
    clearTimeout(timer) {
      timers.delete(timer as number);
    },
    get timers() {
      return timers.size;
    },
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (;;) {
        const due = [...timers]
          .filter(([, { at }]) => at <= end)
          .sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        time = Math.max(time, due[1].at);
        due[1].run();
        await settle();
      }
      time = end;
      await settle();
    },
  };
}
