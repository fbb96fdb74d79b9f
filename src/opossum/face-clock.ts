import { soundClock } from '../core/reading.js';
import { type Clock, systemClock } from '../index.js';

/**
 * The clock of a face and its core. A timer that has fired has reached its time, whatever the clock says: what is
 * missing is added to the clock. So fake timers work that leave `performance.now` alone.
 */
export class FaceClock implements Clock {
  readonly #base: Clock;
  #offset = 0;
  readonly setTimeout?: (run: () => void, ms: number) => unknown;
  readonly clearTimeout?: (timer: unknown) => void;
  readonly random?: () => number;

  constructor(base: Clock = systemClock) {
    this.#base = soundClock(base);
    if (base.setTimeout !== undefined) this.setTimeout = (run, ms) => base.setTimeout?.(run, ms);
    if (base.clearTimeout !== undefined) this.clearTimeout = (timer) => base.clearTimeout?.(timer);
    if (base.random !== undefined) this.random = () => base.random?.() ?? Math.random();
  }

  now(): number {
    return this.#base.now() + this.#offset;
  }

  epoch(): number {
    return this.#base.epoch?.() ?? Date.now();
  }

  /** Moves the clock on to a reading, if it is not yet there. */
  reach(reading: number): void {
    const missing = reading - this.now();
    if (missing > 0) this.#offset += missing;
  }
}
