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
  /** Milliseconds in flight from which on a call is as good as failed. */
  overdueAfter = UNKNOWN;
  /**
   * Milliseconds in flight that one call in a hundred may take, but not one after the other; `undefined` where
   * that is no sooner than overdue.
   */
  lateAfter: number | undefined;

  /** A success took this long. */
  add(ms: number): void {
    if (!(ms >= 0)) return;
    const it = Math.log(Math.max(ms, 0.01));
    const isFirst = this.samples === 0;
    const samples = this.samples + 1;
    const median = moved(isFirst ? it : this.median, it, 0.5, Math.max(0.05, 2 / samples));
    this.know(samples, median, moved(isFirst ? it : this.high, it, 0.99, Math.max(0.1, 10 / samples)));
  }

  /** That is what is known now. */
  know(samples: number, median: number, high: number): void {
    this.samples = samples;
    this.median = median;
    this.high = high;
    if (samples < ENOUGH) return;
    const slow = Math.exp(high);
    this.overdueAfter = Math.max(LEAST, 4 * slow);
    const late = Math.max(slow, 4 * Math.exp(median), LEAST_LATE);
    this.lateAfter = this.isKnown && late < 0.8 * this.overdueAfter ? late : undefined;
  }

  get isKnown(): boolean {
    return this.samples >= ENOUGH_FOR_SHAPE;
  }
}

/** A quantile that is moved by a sample, both as logarithms. */
function moved(quantile: number, sample: number, share: number, step: number): number {
  if (sample > quantile) return quantile + Math.min(step * share, 1);
  return sample < quantile ? quantile - step * (1 - share) : quantile;
}
