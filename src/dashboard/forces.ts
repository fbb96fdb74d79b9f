/** Forces that hold for a while: one timer takes each back, unless the mode has changed since. */
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import type { Clock } from '../index.js';

interface Force {
  /** When it is over, on the clock. */
  readonly at: number;
  /** The same as wall-clock ms. */
  readonly until: number;
  readonly end: () => void;
}

export class Forces {
  readonly #clock: Clock;
  readonly #forces = new Map<string, Force>();
  #timer: Timer | undefined;
  #isSteering = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the force of a breaker is taken back, as wall-clock ms. */
  readonly until = (breaker: string): number | null => this.#forces.get(breaker)?.until ?? null;

  /** Does what changes a breaker's mode by hand of the panel: what held before holds no longer. */
  steer<T>(breaker: string, run: () => T): T {
    this.#isSteering = true;
    try {
      const result = run();
      this.#drop(breaker);
      return result;
    } finally {
      this.#isSteering = false;
    }
  }

  /** The mode has changed: if not by the panel, then somebody has decided otherwise. */
  changed(breaker: string): void {
    if (!this.#isSteering) this.#drop(breaker);
  }

  hold(breaker: string, ms: number, time: number, end: () => void): void {
    this.#forces.set(breaker, { at: this.#clock.now() + ms, until: time + ms, end });
    this.#set();
  }

  stop(): void {
    this.#forces.clear();
    stopTimer(this.#clock, this.#timer);
  }

  #drop(breaker: string): void {
    if (this.#forces.delete(breaker)) this.#set();
  }

  /** One timer, for the force that ends first. */
  #set(): void {
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
    const next = Math.min(...Array.from(this.#forces.values(), ({ at }) => at));
    if (next === Number.POSITIVE_INFINITY) return;
    const wait = next - this.#clock.now();
    this.#timer = startTimer(this.#clock, () => this.#expire(next), wait, { background: true });
  }

  /** A timer speaks for the deadlines that it was set for, whatever the clock says. */
  #expire(due: number): void {
    const now = Math.max(due, this.#clock.now());
    const over = Array.from(this.#forces).filter(([, { at }]) => at <= now);
    for (const [breaker] of over) this.#forces.delete(breaker);
    try {
      for (const [, { end }] of over) end();
    } finally {
      this.#set();
    }
  }
}
