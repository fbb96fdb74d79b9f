import { type Flight, Flights } from './flights.js';
import { Latency } from './latency.js';

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

/** Is told of calls that began then. */
export interface Judges {
  /** They are late. */
  late(calls: number, start: number): void;
  /** They are overdue. */
  overdue(calls: number, start: number, now: number): void;
}

/**
 * Calls in flight for too long. Overdue ones are failures. Where latencies spread so widely that overdue means seconds,
 * calls beyond the 99th percentile are late: one of them says nothing, one after the other does.
 */
export class Overdue {
  readonly latency = new Latency();
  readonly #flights = new Flights();
  readonly #given: number | 'auto';
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

  /** A call asks, at a time that was read: what has come to be late or overdue is judged. */
  passTo(now: number, judges: Judges): void {
    const flights = this.#flights;
    const late = this.#lateAfter;
    flights.passTo(now);
    if (late !== undefined && flights.areLate(late))
      flights.judgeLate(late, this.after / LATE_COHORTS, (calls, start) => judges.late(calls, start));
    if (flights.areOverdue(this.after))
      flights.takeOverdue(this.after, now, (calls, start) => judges.overdue(calls, start, now));
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
    return this.#flights.take(startedAt);
  }

  /** Whether a success shall tell how long it took: each of the first ones that were timed, some of the others. */
  wants(startedAt: number): boolean {
    const isTurn = ++this.#unsampled >= SAMPLE_EVERY || this.latency.samples < MANY_SAMPLES;
    if (!isTurn || Number.isNaN(startedAt)) return false;
    this.#unsampled = 0;
    return true;
  }

  clear(): void {
    this.#flights.clear();
    this.#share = 0;
    this.stamp = Number.NaN;
  }
}
