import { Channel } from './channel.js';
import { type Flight, Flights } from './flights.js';
import { Latency } from './latency.js';
import { lineAt } from './lines.js';

/** Cohorts of an age. One that is looked at early errs by so much. */
const COHORTS = 12;
const YOUNG_COHORTS = 8;
const LATE_COHORTS = 6;

/** Successes between two that are timed at their end, once so many are known. */
const SAMPLE_EVERY = 16;
const MANY_SAMPLES = 1_000;

/** Calls between two that are timed where nothing else is in flight. */
const ALONE_EVERY = 16;

/**
 * Calls that may share a reading of the clock, and how many times as many fit into a cohort's width at the rate at hand:
 * where calls come so fast, a reading for each would cost as much as the call.
 */
const SHARE = 15;
const SHARED_WIDTH = 64;

/** The share of calls that is taken to be late without a fault, twice or more what it is. */
const NORMALLY_LATE = 0.05;

/** How much rarer lateness trips in error than anything else. */
const RARER = 20;

/**
 * Calls in flight for too long. Overdue ones are failures. Where latencies spread so widely that overdue means seconds,
 * calls beyond the 99th percentile have a line of their own: one of them says nothing, one after the other does.
 */
export class Overdue {
  readonly latency = new Latency();
  readonly late = new Channel([lineAt(0.5)], NORMALLY_LATE, NORMALLY_LATE);
  readonly #flights = new Flights();
  readonly #given: number | 'auto';
  /** Calls that were overdue, in all. */
  total = 0;
  /** The start of calls that are admitted now. */
  stamp = Number.NaN;
  #readAt = Number.NaN;
  #shared = 0;
  #share = 0;
  #alone = 0;
  #unsampled = 0;

  constructor(given: number | 'auto') {
    this.#given = given;
  }

  /** Milliseconds in flight after which a call counts as failed. */
  get after(): number {
    return this.#given === 'auto' ? this.latency.overdueAfter : this.#given;
  }

  get #lateAfter(): number | undefined {
    return this.#given === 'auto' ? this.latency.lateAfter : undefined;
  }

  get #width(): number {
    const late = this.#lateAfter;
    return late === undefined ? this.after / COHORTS : late / YOUNG_COHORTS;
  }

  /** Whether the next call has to be timed by a reading of its own. */
  asks(inFlight: number): boolean {
    if (inFlight > 0 || (this.#given === 'auto' && !this.latency.isKnown)) {
      if (this.#share === 0) return true;
      this.#share--;
      this.#shared++;
      this.stamp = this.#readAt;
      return !this.#flights.addUnread();
    }
    this.#share = 0;
    this.stamp = Number.NaN;
    if (++this.#alone < ALONE_EVERY) return false;
    this.#alone = 0;
    return true;
  }

  /**
   * A call asks, at a time that was read.
   *
   * @param fail is told of each overdue call, by its start
   * @returns whether any were found, or late ones
   */
  passTo(now: number, fail: (start: number) => void): boolean {
    const { after } = this;
    let found = 0;
    const late = this.#lateAfter;
    this.#flights.passTo(now);
    if (late !== undefined) {
      this.#flights.judgeLate(late, after / LATE_COHORTS, (calls, start) => {
        found += calls;
        for (let i = 0; i < calls; i++) this.late.fail(start, false);
      });
    }
    this.#flights.takeOverdue(after, now, (calls, start) => {
      found += calls;
      this.total += calls;
      for (let i = 0; i < calls; i++) fail(start);
    });
    return found > 0;
  }

  /** The call that asks is admitted. */
  add(now: number, mayShare: boolean): void {
    const width = this.#width;
    this.#flights.add(now, width);
    const each = (now - this.#readAt) / (this.#shared + 1);
    this.#share = mayShare && each > 0 && each * SHARED_WIDTH <= width ? SHARE : 0;
    this.#shared = 0;
    this.#readAt = now;
    this.stamp = now;
  }

  /** A result of a call that was timed. */
  take(startedAt: number): Flight {
    const flight = this.#flights.take(startedAt);
    if (flight === 'young' && !this.late.isCalm) this.late.succeed();
    return flight;
  }

  /**
   * A success may tell how long successes take.
   *
   * @param now when it ended, `NaN` where nobody has read the clock; then `read` is asked for some
   */
  sample(startedAt: number, now: number, read: () => number): void {
    if (++this.#unsampled < SAMPLE_EVERY && this.latency.samples >= MANY_SAMPLES) return;
    if (Number.isNaN(startedAt)) return;
    this.#unsampled = 0;
    this.latency.add((Number.isNaN(now) ? read() : now) - startedAt);
  }

  design(callsADay: number, seldom: number, least: number): void {
    this.late.design(callsADay, seldom / RARER, least, 0);
  }

  clear(): void {
    this.#flights.clear();
    this.late.clear();
    this.#share = 0;
    this.stamp = Number.NaN;
  }
}
