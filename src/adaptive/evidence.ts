import type { Line } from './lines.js';

/** Successes after which nothing is left of a blip that went above the threshold. */
const INERTIA = 30;

/** Excursions from which clumps are judged, and failures that the evidence must have reached for one to count. */
const ENOUGH_EXCURSIONS = 20;
const CLUMP = 2;

/**
 * How much more than independent failures take clumps may ask for; and up to where they are no clumps, but what
 * independent failures of spells at a higher rate look like, which are to be seen no later each time.
 */
const MOST_FOR_CLUMPS = 4;
const SPELLS = 2.1;

/**
 * The evidence of one line, from 0 on. It trips at its threshold, when the burst that has brought it there is old enough;
 * and its excursions from 0 tell how failures clump.
 */
export class Evidence {
  readonly line: Line;
  value = 0;
  threshold = 1;
  /** The start of the failed call by which the evidence passed a quarter of the threshold; `NaN` below that. */
  since = Number.NaN;
  /** Excursions that reached two failures and ended by themselves, and the failures by which they went above that. */
  excursions = 0;
  excess = 0;
  /** Of the present excursion: its beginning, and what it is made of. */
  began = Number.NaN;
  failures = 0;
  overdue = 0;
  #peak = 0;

  constructor(line: Line) {
    this.line = line;
  }

  /** @param startedAt the start of the failed call */
  fail(startedAt: number, isOverdue = false): void {
    if (this.value === 0) {
      this.began = startedAt;
      this.failures = 0;
      this.overdue = 0;
      this.#peak = 0;
    }
    if (isOverdue) this.overdue++;
    else this.failures++;
    this.value += this.line.up;
    this.bound();
    if (this.value > this.#peak) this.#peak = this.value;
    if (Number.isNaN(this.since) && this.value * 4 >= this.threshold) this.since = startedAt;
  }

  /** No more than so far above the threshold: after a blip it comes down again. */
  bound(): void {
    this.value = Math.min(this.value, this.threshold + INERTIA * this.line.down);
  }

  succeed(): void {
    if (this.value === 0) return;
    this.value = Math.max(this.value - this.line.down, 0);
    if (this.value * 4 < this.threshold) this.since = Number.NaN;
    if (this.value > 0) return;
    const excess = this.#peak / this.line.up - CLUMP;
    if (excess < 0) return;
    this.excursions++;
    this.excess += excess;
  }

  /** Whether it trips, if `limit` is the evidence that it takes. */
  trips(limit: number, now: number, patience: number): boolean {
    if (this.value < limit) return false;
    if (this.since > now) this.since = now; // the clock has begun anew
    return !(now - this.since < patience);
  }

  /** Nothing has happened; what was learned stays. */
  clear(): void {
    this.value = 0;
    this.since = Number.NaN;
  }

  /** Forgets half of what was learned. */
  forget(): void {
    this.excursions /= 2;
    this.excess /= 2;
  }

  /**
   * What it takes.
   *
   * @param exact what independent failures take
   * @param least failures in a row
   * @param days over which the excursions came
   * @param seldom false trips a day that this line may make
   */
  design(exact: number, least: number, days: number, seldom: number): void {
    const { up } = this.line;
    const floor = up * (least - 1) + 1;
    const clumped = this.#forClumps(days, seldom);
    const wanted = clumped > exact * SPELLS ? Math.min(clumped, exact * MOST_FOR_CLUMPS) : exact;
    this.threshold = Math.max(wanted, floor);
  }

  /** What clumped failures take: the tail of the excursions is geometric. */
  #forClumps(days: number, seldom: number): number {
    const { excursions, excess, line } = this;
    if (excursions < ENOUGH_EXCURSIONS || !(days > 0)) return 0;
    // In steps of a success, of which there are `up` in a failure; less a standard error, since it only ever adds.
    const step = 1 / line.up;
    const seen = excess / excursions;
    const mean = seen - Math.sqrt((seen * (seen + step)) / excursions);
    if (mean <= 0) return 0;
    const tail = line.up * Math.log(1 + step / mean);
    const beyond = Math.log(excursions / days / seldom) / tail;
    return Math.ceil(line.up * (CLUMP + Math.max(beyond, 0)));
  }
}
