import type { Clock } from 'recloser';
import { createManualClock } from 'recloser/testing';

/**
 * A manual clock that counts how often it was read, and can go back. It brings no timers: a test that waits has those of the
 * platform, fake or real, or takes the clock of `recloser/testing` as it is.
 */
export interface ManualClock extends Clock {
  /** Monotonic milliseconds. */
  time: number;
  /** Wall-clock milliseconds. */
  wall: number;
  reads: number;
  epoch(): number;
  /** Lets both times pass, backwards too. */
  advance(ms: number): void;
}

export function manualClock(start = 5_000, epoch = 1_700_000_000_000): ManualClock {
  const clock = createManualClock({ start, epoch });
  let back = 0;
  return {
    reads: 0,
    get time() {
      return clock.now() - back;
    },
    set time(time) {
      back = clock.now() - time;
    },
    get wall() {
      return clock.epoch();
    },
    set wall(wall) {
      clock.jumpWallClock(wall - clock.epoch());
    },
    now() {
      this.reads++;
      return this.time;
    },
    epoch: clock.epoch,
    advance(ms) {
      this.time += Math.min(ms, 0);
      this.wall += Math.min(ms, 0);
      clock.advanceSync(Math.max(ms, 0));
    },
  };
}
