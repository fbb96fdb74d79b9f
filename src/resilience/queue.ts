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

/** What is the breaker's where a queue belongs to one, and cannot be changed later. */
export const IDENTITY_RULES = { name: string, clock: clockCheck } satisfies Rules;

type Identity = keyof typeof IDENTITY_RULES;

export const QUEUE_RULES: Rules & Record<Exclude<keyof QueueOptions, Identity>, Check> =
  /* @__PURE__ */ (() => ({
    queue: count,
    maxWait: duration(0, MAX_TIMER_DELAY),
  }))();

/** A check for each option of something with a queue, but those that tell whose it is. */
export type QueuedRules<Options> = Rules & Record<Exclude<keyof Options, Identity>, Check>;

/** A wait in a queue. */
export class Place extends Wait {
  /** Whether it stands in the queue. */
  isIn!: boolean;
  /** When its turn is, as far as that is known: a reading of the clock. */
  at = 0;
  /** The latest turn that is soon enough. */
  latest = 0;
  /** Milliseconds to the turn, where it has moved beyond what is soon enough. */
  tooLate: number | undefined;
}

/** Places of those who have gone that are kept at the most, beside as many as there are others. */
const MOST_GONE = 16;

/**
 * Those who wait, in order. Whoever ends its wait otherwise than by its turn leaves the queue in that very moment, so that
 * nobody stands behind one who has gone; its place in the list goes with those of others, so that thousands may leave at
 * once.
 */
export class Queue implements WaitingRoom<Wait> {
  /** Who waits, and some who have gone. */
  places: Place[] = [];
  /** How many wait. A plain member: it is read where the stack may be full. */
  length = 0;
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
    return this.length >= this.size;
  }

  /** The last place, or none but a wait that has ended where the signal has aborted. */
  join(clock: Clock, signal: CallerSignal | undefined): Place {
    const place = new Place(clock, signal, this);
    place.isIn = !place.hasEnded;
    if (place.isIn) {
      this.places.push(place);
      this.length++;
    }
    return place;
  }

  /** Takes the first one out. */
  shift(): Place | undefined {
    for (let place = this.places.shift(); place !== undefined; place = this.places.shift()) {
      if (!place.isIn) continue;
      this.#out(place);
      return place;
    }
    return undefined;
  }

  left(wait: Wait): void {
    const place = wait as Place;
    if (!place.isIn) return;
    this.#out(place);
    if (this.length === 0 || this.places.length > 2 * this.length + MOST_GONE) this.forget();
    this.#left();
  }

  /** Takes out whom nobody is to be told of. */
  remove(places: readonly Place[]): void {
    for (const place of places) this.#out(place);
    this.forget();
  }

  /** Keeps no place of those who have gone. */
  forget(): void {
    this.places = this.places.filter(({ isIn }) => isIn);
  }

  /** Takes other figures, where they are given. */
  update({ queue = this.size, maxWait = this.maxWait }: QueueOptions): void {
    this.size = queue;
    this.maxWait = maxWait;
  }

  #out(place: Place): void {
    place.isIn = false;
    this.length--;
  }
}
