/** Where a call was whose result comes in. */
export type Flight = 'young' | 'late' | 'gone' | 'unknown';

/** Is told how many calls a cohort has, and its first start. */
type Judge = (calls: number, start: number) => void;

/** Cohorts, at most. */
const MOST = 16;

/** Milliseconds that a call ages between two that ask, at most: a process that stood still finds nothing overdue. */
const LONGEST_STEP = 100;

/** Numbers that a cohort has: its first start, the age at which it began, and how many are in flight. */
const SIZE = 3;
const BIRTH = 1;
const COUNT = 2;

/**
 * Calls in flight, counted in cohorts by their start: no object and no timer for each. Time is read by those who ask.
 * Young cohorts come to be late, and late ones overdue; what is overdue has been counted, and its result is gone.
 */
export class Flights {
  /** The numbers of all cohorts, the oldest first. */
  readonly #numbers: number[] = [];
  /** So many of the cohorts, the oldest ones, are late. */
  #late = 0;
  #age = 0;
  #askedAt = Number.NaN;
  /** Starts before this are gone. */
  #horizon = Number.NEGATIVE_INFINITY;

  /** Calls that are counted here. */
  get size(): number {
    let size = 0;
    for (let at = 0; at < this.cohorts; at++) size += this.#of(at, COUNT);
    return size;
  }

  get cohorts(): number {
    return this.#numbers.length / SIZE;
  }

  clear(): void {
    this.#numbers.length = 0;
    this.#late = 0;
    this.#horizon = Number.NEGATIVE_INFINITY;
  }

  #of(cohort: number, what = 0): number {
    return this.#numbers[cohort * SIZE + what] as number;
  }

  #count(cohort: number, calls: number): void {
    this.#numbers[cohort * SIZE + COUNT] = this.#of(cohort, COUNT) + calls;
  }

  /** A call asks. */
  passTo(now: number): void {
    const passed = now - this.#askedAt;
    this.#askedAt = now;
    if (passed > 0) this.#age += Math.min(passed, LONGEST_STEP);
    else if (passed < 0) {
      // The clock has begun anew.
      for (let at = 0; at < this.cohorts; at++) this.#numbers[at * SIZE] = now;
      this.#horizon = Number.NEGATIVE_INFINITY;
    }
  }

  /** @param width of a cohort, in ms */
  add(now: number, width: number): void {
    const newest = this.cohorts - 1;
    if (newest >= this.#late && this.#ageOf(newest) < width) {
      this.#count(newest, 1);
      return;
    }
    if (this.cohorts >= MOST) this.#makeRoom();
    this.#numbers.push(now, this.#age, 1);
  }

  /** One more of the newest cohort, at no time that was read. */
  addUnread(): boolean {
    const newest = this.cohorts - 1;
    if (newest < this.#late) return false;
    this.#count(newest, 1);
    return true;
  }

  /** A call that started then has ended. */
  take(startedAt: number): Flight {
    if (startedAt < this.#horizon) return 'gone';
    const numbers = this.#numbers;
    for (let at = numbers.length - SIZE; at >= 0; at -= SIZE) {
      const calls = numbers[at + COUNT] as number;
      if (calls === 0 || (numbers[at] as number) > startedAt) continue;
      numbers[at + COUNT] = calls - 1;
      return at < this.#late * SIZE ? 'late' : 'young';
    }
    return 'unknown';
  }

  /** Whether there are some that are young, and as old as this. */
  areLate(age: number): boolean {
    return this.#ageOf(this.#late) >= age;
  }

  /** Whether there are some as old as this. */
  areOverdue(age: number): boolean {
    return this.#ageOf(0) >= age;
  }

  /**
   * Cohorts that have come to this age are late.
   *
   * @param grain late cohorts that began within this time are one
   */
  judgeLate(age: number, grain: number, judge: Judge): void {
    while (this.areLate(age)) {
      const at = this.#late++;
      judge(this.#of(at, COUNT), this.#of(at));
      if (this.#of(at, BIRTH) - this.#of(at - 1, BIRTH) < grain) this.#merge(at - 1);
    }
  }

  /** Takes out what has come to this age. */
  takeOverdue(age: number, now: number, judge: Judge): void {
    while (this.areOverdue(age)) {
      const [start, , calls] = this.#remove(0) as [number, number, number];
      this.#horizon = this.#numbers[0] ?? now;
      if (calls > 0) judge(calls, start);
    }
  }

  /** `NaN` of one that there is not. */
  #ageOf(cohort: number): number {
    return this.#age - this.#of(cohort, BIRTH);
  }

  #makeRoom(): void {
    for (let at = 0; at < MOST; at++) {
      if (this.#of(at, COUNT) > 0) continue;
      this.#remove(at);
      return;
    }
    this.#merge(0);
  }

  /** A cohort and the next one are one, as old as the older: that errs by little, and loses nobody. */
  #merge(cohort: number): void {
    this.#count(cohort, this.#of(cohort + 1, COUNT));
    this.#remove(cohort + 1);
  }

  #remove(cohort: number): number[] {
    if (cohort < this.#late) this.#late--;
    return this.#numbers.splice(cohort * SIZE, SIZE);
  }
}
