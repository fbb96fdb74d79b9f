/**
 * The deadlines of the calls in flight, in order, behind one timer. Calls of one breaker nearly always share one
 * duration, so that a new deadline belongs at the end; one that does not walks back to its place.
 * A timer that fires has passed the deadline it was set for, whatever the clock says: a clock that stands still in a
 * test delays no timeout.
 */

/** Something that ends by itself at `at`, a reading of the clock. The list owns the other members. */
export interface Deadline {
  readonly at: number;
  expire(): void;
  queued: boolean;
  before: Deadline | undefined;
  after: Deadline | undefined;
}

export class Deadlines {
  readonly #now: () => number;
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(deadline: Deadline, now: number): void {
    deadline.queued = true;
    let before = this.#last;
    while (before !== undefined && before.at > deadline.at) before = before.before;
    const after = before === undefined ? this.#first : before.after;
    this.#link(before, deadline);
    this.#link(deadline, after);
    if (this.#timer === undefined || deadline.at < this.#timerAt) this.#setTimer(deadline.at, now);
  }

  /** Does nothing for a deadline that has expired or been removed. */
  remove(deadline: Deadline): void {
    if (!deadline.queued) return;
    deadline.queued = false;
    this.#link(deadline.before, deadline.after);
    if (this.#first === undefined) this.#restSoon();
  }

  #link(before: Deadline | undefined, after: Deadline | undefined): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
  }

  #setTimer(at: number, now: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(this.#expire, Math.ceil(at - now));
  }

  #expire = (): void => {
    this.#timer = undefined;
    const now = Math.max(this.#now(), this.#timerAt);
    while (this.#first !== undefined && this.#first.at <= now) {
      const due = this.#first;
      this.remove(due);
      due.expire();
    }
    if (this.#first !== undefined) this.#setTimer(this.#first.at, now);
  };

  /**
   * Clears the timer once the microtasks at hand have run. One awaited call after the other finds it still set, and
   * setting and clearing it each time would cost several times the call.
   */
  #restSoon(): void {
    SETTLED.then(() => {
      if (this.#first !== undefined) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    });
  }
}

const SETTLED = Promise.resolve();
