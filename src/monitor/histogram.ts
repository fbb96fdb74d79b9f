/**
 * The buckets of a histogram of durations, log-linear as those of HdrHistogram: 16 of equal width between a power of
 * two and the next. So a bucket is at most 1/16 as wide as its lower bound, and its middle is at most 1/32 away from
 * whatever fell into it. The buckets below 1/8 ms are 1/128 ms wide.
 *
 * It knows neither time nor counts: a histogram is any array of `BUCKETS` numbers.
 */

/** Buckets to each power of two. */
const PER_OCTAVE = 16;
/** Units to a millisecond. */
const UNITS = 128;
/** Durations from here on, in ms, share the last bucket: about 17.5 minutes. */
export const LONGEST = 2 ** 20;
/** The largest distance of an answer from the truth, as a share of the truth, between 1/8 ms and `LONGEST`. */
export const RELATIVE_ERROR = 1 / (2 * PER_OCTAVE);

/** Log2 of `PER_OCTAVE`. */
const SUB_BITS = 4;
const MOST_UNITS = LONGEST * UNITS - 1;

/** How many buckets there are. */
export const BUCKETS = bucketOf(LONGEST) + 1;

/** The bucket of a duration in ms. */
export function bucketOf(ms: number): number {
  const units = Math.min(Math.max(Math.floor(ms * UNITS), 0), MOST_UNITS);
  if (units < PER_OCTAVE) return units;
  const shift = octaveOf(units) - SUB_BITS;
  return shift * PER_OCTAVE + (units >> shift);
}

/** The middle of a bucket, in ms. */
export function middleOf(bucket: number): number {
  const shift = Math.max(Math.floor(bucket / PER_OCTAVE) - 1, 0);
  const lowest = (bucket - shift * PER_OCTAVE) * 2 ** shift;
  return (lowest + 2 ** shift / 2) / UNITS;
}

/** The power of two that is next below. */
function octaveOf(units: number): number {
  return 31 - Math.clz32(units);
}
