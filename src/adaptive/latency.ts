/**
 * How long successes take: two quantiles, each moved by a step in its logarithm with each sample, so that they need no
 * memory. They say from when on a call in flight is late, and from when on overdue.
 */

/** Samples from which on anything is known, and from which on the shape is. */
const ENOUGH = 16;
const ENOUGH_FOR_SHAPE = 64;

/** Milliseconds until a call is overdue while nothing is known, and at least when something is. */
const UNKNOWN = 1_000;
const LEAST = 100;

/** Milliseconds before which many calls in flight at once are not late: a dependency may pause. */
const LEAST_LATE = 500;

export class Latency {
  samples = 0;
  /** The logarithms of the median and of the 99th percentile, in ms. */
  median = 0;
  high = 0;

  /** A success took this long. */
  add(ms: number): void {
    if (!(ms >= 0)) return;
    const it = Math.log(Math.max(ms, 0.01));
    this.samples++;
    if (this.samples === 1) {
      this.median = it;
      this.high = it;
    }
    this.median = moved(this.median, it, 0.5, Math.max(0.05, 2 / this.samples));
    this.high = moved(this.high, it, 0.99, Math.max(0.1, 10 / this.samples));
  }

  get isKnown(): boolean {
    return this.samples >= ENOUGH_FOR_SHAPE;
  }

  /** Milliseconds in flight from which on a call is as good as failed. */
  get overdueAfter(): number {
    return this.samples < ENOUGH ? UNKNOWN : Math.max(LEAST, 4 * Math.exp(this.high));
  }

  /**
   * Milliseconds in flight that one call in a hundred may take, but not one after the other; `undefined` where
   * that is no sooner than overdue.
   */
  get lateAfter(): number | undefined {
    if (!this.isKnown) return undefined;
    const late = Math.max(Math.exp(this.high), 4 * Math.exp(this.median), LEAST_LATE);
    return late < 0.8 * this.overdueAfter ? late : undefined;
  }
}

/** A quantile that is moved by a sample, both as logarithms. */
function moved(quantile: number, sample: number, share: number, step: number): number {
  if (sample > quantile) return quantile + Math.min(step * share, 1);
  return sample < quantile ? quantile - step * (1 - share) : quantile;
}
