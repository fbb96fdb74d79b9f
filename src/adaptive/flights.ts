/** Where a call was whose result comes in. */
export type Flight = 'young' | 'late' | 'gone' | 'unknown';

/** Cohorts, at most. */
const MOST = 16;

/** Milliseconds that a call ages between two that ask, at most: a process that stood still finds nothing overdue. */
const LONGEST_STEP = 100;

/**
 * Calls in flight, counted in cohorts by their start: no object and no timer for each. Time is read by those who ask.
 * Young cohorts come to be late, and late ones overdue; what is overdue has been counted, and its result is gone.
 */
export class Flights {
  /** By cohort: the first start, the age's beginning, and how many are in flight. Oldest first. */
  readonly #starts: number[] = [];
  readonly #births: number[] = [];
  readonly #counts: number[] = [];
  /** So many of the cohorts, the oldest ones, are late. */
  #late = 0;
  #age = 0;
  #askedAt = Number.NaN;
  /** Starts before this are gone. */
  #horizon = Number.NEGATIVE_INFINITY;

  /** Calls that are counted here. */
  get size(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  get cohorts(): number {
    return this.#counts.length;
  }

  clear(): void {
    for (const list of [this.#starts, this.#births, this.#counts]) list.length = 0;
    this.#late = 0;
    this.#horizon = Number.NEGATIVE_INFINITY;
  }

  /** A call asks. */
  passTo(now: number): void {
    const passed = now - this.#askedAt;
    this.#askedAt = now;
    if (passed > 0) this.#age += Math.min(passed, LONGEST_STEP);
    else if (passed < 0) {
      // The clock has begun anew.
      this.#starts.fill(now);
      this.#horizon = Number.NEGATIVE_INFINITY;
    }
  }

  /** @param width of a cohort, in ms */
  add(now: number, width: number): void {
    const newest = this.#counts.length - 1;
    const isOpen = newest >= this.#late && this.#age - (this.#births[newest] as number) < width;
    if (isOpen) {
      this.#counts[newest] = (this.#counts[newest] as number) + 1;
      return;
    }
    if (this.#counts.length >= MOST) this.#makeRoom();
    this.#starts.push(now);
    this.#births.push(this.#age);
    this.#counts.push(1);
  }

  /** One more of the newest cohort, at no time that was read. */
  addUnread(): boolean {
    const newest = this.#counts.length - 1;
    if (newest < this.#late) return false;
    this.#counts[newest] = (this.#counts[newest] as number) + 1;
    return true;
  }

  /** A call that started then has ended. */
  take(startedAt: number): Flight {
    if (startedAt < this.#horizon) return 'gone';
    for (let at = this.#counts.length - 1; at >= 0; at--) {
      const count = this.#counts[at] as number;
      if (count === 0 || (this.#starts[at] as number) > startedAt) continue;
      this.#counts[at] = count - 1;
      return at < this.#late ? 'late' : 'young';
    }
    return 'unknown';
  }

  /**
   * Cohorts that have come to this age are late.
   *
   * @param grain late cohorts that began within this time are one
   * @param judge is told how many calls there are of each, and its start
   */
  judgeLate(age: number, grain: number, judge: (calls: number, start: number) => void): void {
    while (this.#late < this.#counts.length && this.#ageOf(this.#late) >= age) {
      const at = this.#late++;
      judge(this.#counts[at] as number, this.#starts[at] as number);
      if (at > 0 && (this.#births[at] as number) - (this.#births[at - 1] as number) < grain)
        this.#merge(at - 1);
    }
  }

  /** Takes out what has come to this age. */
  takeOverdue(age: number, now: number, judge: (calls: number, start: number) => void): void {
    while (this.#counts.length > 0 && this.#ageOf(0) >= age) {
      const calls = this.#counts[0] as number;
      const start = this.#starts[0] as number;
      this.#remove(0);
      this.#horizon = this.#starts[0] ?? now;
      if (calls > 0) judge(calls, start);
    }
  }

  #ageOf(cohort: number): number {
    return this.#age - (this.#births[cohort] as number);
  }

  #makeRoom(): void {
    const empty = this.#counts.indexOf(0);
    if (empty >= 0) this.#remove(empty);
    else this.#merge(0);
  }

  /** A cohort and the next one are one, as old as the older: that errs by little, and loses nobody. */
  #merge(cohort: number): void {
    this.#counts[cohort] = (this.#counts[cohort] as number) + (this.#counts[cohort + 1] as number);
    this.#remove(cohort + 1);
  }

  #remove(cohort: number): void {
    for (const list of [this.#starts, this.#births, this.#counts]) list.splice(cohort, 1);
    if (cohort < this.#late) this.#late--;
  }
}
