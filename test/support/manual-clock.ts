import type { Clock } from 'recloser';

/** A clock that moves when it is told to, and counts how often it was read. */
export interface ManualClock extends Clock {
  /** Monotonic milliseconds. */
  time: number;
  /** Wall-clock milliseconds. */
  wall: number;
  reads: number;
  epoch(): number;
  /** Lets both times pass. */
  advance(ms: number): void;
}

export function manualClock(time = 5_000, wall = 1_700_000_000_000): ManualClock {
  return {
    time,
    wall,
    reads: 0,
    now() {
      this.reads++;
      return this.time;
    },
    epoch() {
      return this.wall;
    },
    advance(ms) {
      this.time += ms;
      this.wall += ms;
    },
  };
}
