/** Turns in time, as arithmetic: when the last ones were, and so when the next one may be. It tells no time. */

/** Somebody who has a turn to come. */
export interface Planned {
  readonly at: number;
}

export class Turns {
  limit: number;
  per: number;
  spacing: number;
  /** The last turns, one more than count, by their number modulo the length. */
  #ring: number[] = [];
  #taken = 0;

  constructor(limit: number, per: number, spacing: number) {
    this.limit = limit;
    this.per = per;
    this.spacing = spacing;
  }

  /** When the next turn may be, behind those who have theirs to come. */
  next(now: number, ahead: readonly Planned[]): number {
    const last = this.#turn(this.#taken - 1 + ahead.length, ahead);
    const oldest = this.#turn(this.#taken + ahead.length - this.limit, ahead);
    return Math.max(now, last, last + this.spacing, oldest + this.per);
  }

  /** The time has begun anew: it tells so many milliseconds less. */
  moveBack(ms: number): void {
    this.#ring = this.#ring.map((at) => at - ms);
  }

  take(at: number): void {
    if (this.limit === Number.POSITIVE_INFINITY) return;
    this.#ring[this.#taken % (this.limit + 1)] = at;
    this.#taken++;
  }

  /** Takes a turn back that was not used, which need not be the last. */
  giveBack(at: number): void {
    const slots = this.limit + 1;
    const last = this.#taken - 1;
    const first = Math.max(this.#taken - slots, 0);
    let index = last;
    while (index >= first && this.#turn(index) !== at) index--;
    if (index < first) return;
    for (; index < last; index++) this.#ring[index % slots] = this.#turn(index + 1);
    // What was overwritten by then is no later than the oldest that is known.
    this.#ring[last % slots] = this.#turn(first);
    this.#taken--;
  }

  /** Keeps the last turns, as many as count. */
  resize(limit: number): void {
    const known = Math.min(this.#taken, this.limit, limit);
    const last = Array.from({ length: known }, (_, index) => this.#turn(this.#taken - known + index));
    this.limit = limit;
    this.#ring = last;
    this.#taken = known;
  }

  /** A turn by its number: one that was, or one that is to come. */
  #turn(number: number, ahead?: readonly Planned[]): number {
    if (number < 0) return Number.NEGATIVE_INFINITY;
    if (number >= this.#taken) return ((ahead as readonly Planned[])[number - this.#taken] as Planned).at;
    return this.#ring[number % (this.limit + 1)] as number;
  }
}
