import { Evidence } from './evidence.js';
import type { Line } from './lines.js';
import { MOST_STEPS, thresholdFor } from './threshold.js';

/** Calls that the start value is worth, and calls after which half of what was seen is forgotten. */
const PRIOR = 200;
const HALF_LIFE = 50_000;

/** The share of a line's rate above which no normal rate is learned. */
const HIGHEST = 0.7;

/** How much further than this a figure has to move before thresholds follow, as a share of it. */
const STEP = 0.2;

/** What is kept of a channel; lists have a member for each line. */
interface KeptChannel {
  readonly normal: number;
  readonly calls: number;
  readonly failures: number;
  readonly evidence: readonly number[];
  /** Milliseconds since the burst began. */
  readonly since: readonly (number | false)[];
  readonly excursions: readonly number[];
  readonly excess: readonly number[];
}

/** Of channels in which nothing has failed yet. */
const NONE: readonly Evidence[] = [];

/**
 * One kind of failure with its lines, and the rate at which it is normal. Lines have evidence once it is awake: until
 * something fails there is none to keep.
 */
export class Channel {
  evidence = NONE;
  /** The failure rate that the thresholds go by. */
  normal: number;
  /** Calls that taught, and those of them that failed. */
  calls = 0;
  failures = 0;
  /** Whether all lines are at 0. */
  isCalm = true;
  readonly #lines: readonly Line[];
  readonly #start: number;
  readonly #isFixed: boolean;

  /** @param normal the rate at which the promise holds; learned from `start` on unless given */
  constructor(lines: readonly Line[], start: number, normal: number | undefined) {
    this.#lines = lines;
    this.#start = start;
    this.#isFixed = normal !== undefined;
    this.normal = normal ?? start;
  }

  get isAwake(): boolean {
    return this.evidence !== NONE;
  }

  wake(): void {
    this.evidence = this.#lines.map((line) => new Evidence(line));
  }

  /** As before; there must be nothing to lose. */
  sleep(): void {
    this.evidence = NONE;
  }

  /** A call that finds all lines at 0 teaches, whatever comes of it. */
  fail(startedAt: number, isOverdue: boolean): void {
    if (this.isCalm) {
      this.calls++;
      this.failures++;
      this.isCalm = false;
    }
    for (const evidence of this.evidence) evidence.fail(startedAt, isOverdue);
  }

  succeed(): void {
    if (this.isCalm) {
      this.calls++;
      return;
    }
    let isCalm = true;
    for (const evidence of this.evidence) {
      evidence.succeed();
      if (evidence.value > 0) isCalm = false;
    }
    this.isCalm = isCalm;
  }

  clear(): void {
    for (const evidence of this.evidence) evidence.clear();
    this.isCalm = true;
  }

  /** The largest share of a threshold that is there. */
  used(limitOf: (evidence: Evidence) => number): number {
    let most = 0;
    for (const it of this.evidence) most = Math.max(most, it.value / limitOf(it));
    return Math.min(most, 1);
  }

  /** Goes by what was seen, when that has moved: the mean and two standard errors, within bounds. */
  learn(): void {
    if (this.calls >= HALF_LIFE) {
      this.calls /= 2;
      this.failures /= 2;
    }
    if (this.#isFixed) return;
    const calls = this.calls + PRIOR;
    const mean = (this.failures + PRIOR * this.#start) / calls;
    const upper = mean + 2 * Math.sqrt((mean * (1 - mean)) / calls);
    const learned = Math.min(Math.max(upper, this.#start), this.#highest);
    if (Math.abs(learned - this.normal) > STEP * this.normal) this.normal = learned;
  }

  get #highest(): number {
    return Math.max(HIGHEST * (this.#lines[0] as Line).rate, this.#start);
  }

  /** Takes over what another process has learned, and the evidence that it had. */
  restore(kept: KeptChannel, now: number): void {
    this.calls = kept.calls;
    this.failures = Math.min(kept.failures, kept.calls);
    if (!this.#isFixed) this.normal = Math.min(Math.max(kept.normal, this.#start), this.#highest);
    for (const [at, evidence] of this.evidence.entries()) {
      const since = kept.since[at] ?? false;
      evidence.value = Math.round(kept.evidence[at] ?? 0);
      evidence.since = since === false ? Number.NaN : now - since;
      evidence.began = now - (since || 0);
      evidence.excursions = kept.excursions[at] ?? 0;
      evidence.excess = kept.excess[at] ?? 0;
    }
    this.isCalm = this.evidence.every(({ value }) => value === 0);
  }

  /**
   * Sets the thresholds.
   *
   * @param callsADay that are expected
   * @param seldom false trips a day that each line may make
   * @param least failures in a row
   * @param days over which excursions were counted
   */
  design(callsADay: number, seldom: number, least: number, days: number): void {
    for (const it of this.evidence) {
      const exact = Math.min(thresholdFor(it.line, this.normal, callsADay / seldom), MOST_STEPS);
      it.design(exact, least, days, seldom);
    }
  }
}
