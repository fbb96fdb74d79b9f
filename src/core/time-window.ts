import type { Window, WindowSnapshot } from './window.js';

/** Counters of a bucket, side by side. */
const FIELDS = 3;

/**
 * The calls of the last `duration` milliseconds, in buckets by absolute number: `floor(now / width)`.
 * Moving to another number clears the buckets between, at most all of them, so an idle year costs what an idle
 * second does. A clock that steps back stays in the newest bucket; one that goes back further than the window reaches has
 * begun anew, and its time goes on from there. It covers between `duration - width` and
 * `duration`, since the newest bucket is still filling.
 */
export class TimeWindow implements Window {
  calls = 0;
  failures = 0;
  slowCalls = 0;
  readonly #duration: number;
  readonly #buckets: number;
  readonly #width: number;
  readonly #counts: Float64Array;
  #newest = Number.NEGATIVE_INFINITY;
  /** What a bucket's number lacks for its offset, where the clock has begun anew. */
  #shift = 0;
  /** The offset of the newest bucket: remainders of fractions would cost more than all the rest of a record. */
  #newestAt = 0;

  constructor(duration: number, buckets: number) {
    this.#duration = duration;
    this.#buckets = buckets;
    this.#width = duration / buckets;
    this.#counts = new Float64Array(buckets * FIELDS);
  }

  record(failed: boolean, slow: boolean, now: number): void {
    this.advance(now);
    this.#add(this.#newestAt, 1, failed ? 1 : 0, slow ? 1 : 0);
  }

  advance(now: number): void {
    const bucket = this.#bucketAt(now);
    const steps = bucket - this.#newest;
    if (steps > 0) this.#moveTo(bucket, steps);
    else if (steps < -this.#buckets) {
      // It stays where it is, by another number.
      this.#newest = bucket;
      this.#shift = (this.#newestAt / FIELDS - bucket) % this.#buckets;
    }
  }

  clear(): void {
    this.calls = this.failures = this.slowCalls = 0;
    this.#counts.fill(0);
  }

  snapshot(now: number): WindowSnapshot {
    this.advance(now);
    const counts: [number, number, number, number][] = [];
    for (let behind = this.#buckets - 1; behind >= 0; behind--) {
      const bucket = this.#newest - behind;
      const at = this.#offset(bucket);
      const [calls = 0, failures = 0, slowCalls = 0] = this.#counts.subarray(at, at + FIELDS);
      if (calls > 0) counts.push([now - (bucket + 0.5) * this.#width, calls, failures, slowCalls]);
    }
    return { type: 'time', duration: this.#duration, buckets: this.#buckets, counts };
  }

  restore(snapshot: WindowSnapshot & { type: 'time' }, now: number, passed: number): void {
    this.clear();
    this.advance(now);
    const oldest = this.#newest - this.#buckets + 1;
    for (const [ageThen, calls, failures, slowCalls] of snapshot.counts) {
      const age = ageThen + passed;
      // What the window still holds stays in it, wherever in a bucket the two clocks stood.
      if (age >= this.#duration - this.#width / 2) continue;
      const bucket = Math.min(Math.max(this.#bucketAt(now - age), oldest), this.#newest);
      this.#add(this.#offset(bucket), calls, failures, slowCalls);
    }
  }

  #bucketAt(time: number): number {
    return Math.floor(time / this.#width);
  }

  #offset(bucket: number): number {
    const n = this.#buckets;
    return ((((bucket + this.#shift) % n) + n) % n) * FIELDS;
  }

  #moveTo(bucket: number, steps: number): void {
    if (steps >= this.#buckets) this.clear();
    else for (let behind = steps - 1; behind >= 0; behind--) this.#drop(bucket - behind);
    this.#newest = bucket;
    this.#newestAt = this.#offset(bucket);
  }

  /** Empties the slot that this bucket takes over from the one `buckets` numbers before it. */
  #drop(bucket: number): void {
    const at = this.#offset(bucket);
    this.calls -= this.#counts[at] as number;
    this.failures -= this.#counts[at + 1] as number;
    this.slowCalls -= this.#counts[at + 2] as number;
    this.#counts.fill(0, at, at + FIELDS);
  }

  #add(at: number, calls: number, failures: number, slowCalls: number): void {
    (this.#counts[at] as number) += calls;
    (this.#counts[at + 1] as number) += failures;
    (this.#counts[at + 2] as number) += slowCalls;
    this.calls += calls;
    this.failures += failures;
    this.slowCalls += slowCalls;
  }
}
