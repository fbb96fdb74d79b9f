import type { CallerSignal } from '../core/following.js';
import { type Check, count, duration, MAX_TIMER_DELAY, type Rules, string } from '../core/validate.js';
import type { Clock } from '../index.js';
import { clockCheck } from './clock-check.js';
import type { WaitingRoom } from './wait.js';
import { Wait } from './wait.js';

/** What a queue is made with. */
export interface QueueOptions {
  /** Tasks that may wait. @default 0 */
  queue?: number | undefined;
  /** Milliseconds that a task may wait, 0 to 2,147,483,647: a queue without an end is how services die. @default 1_000 */
  maxWait?: number | undefined;
  /** The name in errors. @default 'default' */
  name?: string | undefined;
  /** Where the time is read. @default systemClock */
  clock?: Clock | undefined;
}

export const QUEUE_RULES: Rules & Record<keyof QueueOptions, Check> = /* @__PURE__ */ (() => ({
  queue: count,
  maxWait: duration(0, MAX_TIMER_DELAY),
  name: string,
  clock: clockCheck,
}))();

/** A wait in a queue. */
export class Place extends Wait {
  /** When its turn is, as far as that is known: a reading of the clock. */
  at = 0;
  /** The latest turn that is soon enough. */
  latest = 0;
  /** Milliseconds to the turn, where it has moved beyond what is soon enough. */
  tooLate: number | undefined;
}

/**
 * Those who wait, in order. Whoever ends its wait otherwise than by its turn leaves the queue in that very moment, so that
 * nobody stands behind one who has gone.
 */
export class Queue implements WaitingRoom<Wait> {
  places: Place[] = [];
  /** How many may wait, and how long. */
  size: number;
  maxWait: number;
  readonly #left: () => void;

  /** @param left is told when somebody has gone before the turn */
  constructor({ queue = 0, maxWait = 1_000 }: QueueOptions, left: () => void) {
    this.size = queue;
    this.maxWait = maxWait;
    this.#left = left;
  }

  get isFull(): boolean {
    return this.places.length >= this.size;
  }

  /** The last place. */
  join(clock: Clock, signal: CallerSignal | undefined): Place {
    const place = new Place(clock, signal, this);
    this.places.push(place);
    return place;
  }

  left(wait: Wait): void {
    const index = this.places.indexOf(wait as Place);
    if (index < 0) return;
    this.places.splice(index, 1);
    this.#left();
  }

  /** Takes other figures, where they are given. */
  update({ queue = this.size, maxWait = this.maxWait }: QueueOptions): void {
    this.size = queue;
    this.maxWait = maxWait;
  }
}
