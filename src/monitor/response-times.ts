import { BUCKETS, bucketOf, middleOf } from './histogram.js';

/** How long calls took, in ms. `p50`: half of them took at most so long; `p90` and `p99` in the same way. */
export interface Percentiles {
  /** Calls that the figures are made of. */
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** The longest, exactly. */
  readonly max: number;
}

/** What half of a period holds. */
class Half {
  readonly counts = new Uint32Array(BUCKETS);
  calls = 0;
  longest = 0;

  record(duration: number): void {
    const bucket = bucketOf(duration);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.calls++;
    this.longest = Math.max(this.longest, duration);
  }

  clear(): void {
    this.counts.fill(0);
    this.calls = 0;
    this.longest = 0;
  }
}

/**
 * The response times of the recent past, in two histograms that take turns: the older one is emptied and takes over
 * when the younger one has been filled for half of the period. So the answers are about the last half to whole period,
 * and neither memory nor counts can grow beyond it.
 */
export class ResponseTimes {
  readonly #width: number;
  #younger = new Half();
  #older = new Half();
  /** The number of the half period that is being filled, counted from the clock's origin. */
  #turn: number;

  /**
   * @param period in ms, more than 0
   * @param now a reading of the clock that all later ones come from
   */
  constructor(period: number, now: number) {
    this.#width = period / 2;
    this.#turn = Math.floor(now / this.#width);
  }

  /** @param duration of a call, in ms */
  record(duration: number, now: number): void {
    this.#advance(now);
    this.#younger.record(duration);
  }

  /** `null` where no call has settled in the period. */
  percentiles(now: number): Percentiles | null {
    this.#advance(now);
    const count = this.#younger.calls + this.#older.calls;
    if (count === 0) return null;
    const max = Math.max(this.#younger.longest, this.#older.longest);
    const quantile = (share: number) => Math.min(this.#durationAt(Math.ceil(share * count)), max);
    return { count, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max };
  }

  /** The duration of this rank, counted from 1 at the shortest. */
  #durationAt(rank: number): number {
    const { counts } = this.#younger;
    const { counts: olderCounts } = this.#older;
    let bucket = -1;
    for (let seen = 0; seen < rank; ) {
      bucket++;
      seen += (counts[bucket] as number) + (olderCounts[bucket] as number);
    }
    return middleOf(bucket);
  }

  #advance(now: number): void {
    const turn = Math.floor(now / this.#width);
    if (turn <= this.#turn) return; // a clock that steps back stays in the younger half
    [this.#younger, this.#older] = [this.#older, this.#younger];
    this.#younger.clear();
    if (turn > this.#turn + 1) this.#older.clear();
    this.#turn = turn;
  }
}
