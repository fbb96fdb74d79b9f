import { type Linked, LinkedList } from './linked-list.js';

/** Something that ends by itself at `at`, a reading of the clock. */
export interface Deadline extends Linked<Deadline> {
  readonly at: number;
  expire(now: number): void;
}

/**
 * The deadlines of the calls in flight, in order, behind one timer. Calls of one breaker nearly always share one
 * duration, so that a new deadline belongs at the end; one that does not walks back to its place.
 *
 * A timer that fires has reached the deadline that it was set for, whatever the clock says: a clock that stands still
 * in a test delays no timeout.
 */
export class Deadlines {
  readonly #now: () => number;
  readonly #queue = new LinkedList<Deadline>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = 0;
  #isResting = false;
  #patience = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(deadline: Deadline, now: number): void {
    let before = this.#queue.last;
    while (before !== undefined && before.at > deadline.at) before = before.before;
    this.#queue.add(deadline, before);
    if (this.#timer === undefined || deadline.at < this.#timerAt) this.#setTimer(deadline.at, now);
  }

  /** Does nothing for a deadline that has expired or been removed. */
  remove(deadline: Deadline): void {
    this.#queue.remove(deadline);
    if (this.#queue.first === undefined) this.#restSoon();
  }

  #setTimer(at: number, now: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    // Sums of fractions may come out above the whole; a timer that is one too long for the platform fires at once.
    this.#timer = setTimeout(this.#expire, Math.ceil(at - now - ROUNDING));
  }

  #expire = (): void => {
    this.#timer = undefined;
    const now = Math.max(this.#now(), this.#timerAt);
    for (let due = this.#queue.first; due !== undefined && due.at <= now; due = this.#queue.first) {
      this.#queue.remove(due);
      due.expire(now);
    }
    if (this.#queue.first !== undefined) this.#setTimer(this.#queue.first.at, now);
  };

  /**
   * Clears the timer a few microtasks after the last call has settled. One awaited call after the other finds it still
   * set: setting and clearing it each time would cost several times the call.
   */
  #restSoon(): void {
    this.#patience = PATIENCE;
    if (this.#isResting) return;
    this.#isResting = true;
    SETTLED.then(this.#rest);
  }

  #rest = (): void => {
    const isEmpty = this.#queue.first === undefined;
    if (isEmpty && --this.#patience > 0) {
      SETTLED.then(this.#rest);
      return;
    }
    this.#isResting = false;
    if (!isEmpty) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  };
}

/** Microtasks to wait: a caller a few `async` functions away is back within them. */
const PATIENCE = 8;

/** Milliseconds that no timer can tell. */
const ROUNDING = 0.001;

const SETTLED = Promise.resolve();

/**
 * Whether one timer can serve calls of several requests. In Cloudflare's workers it cannot: there a timer belongs to
 * the request that set it and ends with it. A call then needs `Deadlines` of its own.
 */
export function areTimersShared(): boolean {
  return globalThis.navigator?.userAgent !== 'Cloudflare-Workers';
}
