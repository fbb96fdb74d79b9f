/** What readings come to: a figure, how certain it is, and what it says of a goal. */

/**
 * The median of some readings; the middle half of them goes from `low` to `high`. Of three readings that is from the
 * least to the greatest, and a single one is all three.
 *
 * @typedef {{ value: number, low: number, high: number }} Figure
 */

/** A middle half wider than this share of the figure is said beside it. */
const TOO_WIDE = 0.1;

/** @param {readonly number[]} readings @returns {Figure} */
export const figureOf = (readings) => ({
  value: median(readings),
  low: quantile(readings, 0.25),
  high: quantile(readings, 0.75),
});

/** @param {readonly number[]} values @param {number} share */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

/**
 * Round by round: how many times as much as in `base`.
 *
 * @param {readonly number[]} rounds @param {readonly number[]} base
 */
export const ratios = (rounds, base) => rounds.map((value, round) => value / base[round]);

/**
 * Round by round: how much more than in `base`.
 *
 * @param {readonly number[]} rounds @param {readonly number[]} base
 */
export const differences = (rounds, base) => rounds.map((value, round) => value - base[round]);

/** @param {Figure} figure */
export const isWide = ({ value, low, high }) => high - low > TOO_WIDE * Math.abs(value);

/**
 * What a row says of its goal: `met` or `missed`, with a question mark where the middle half of the readings holds
 * both; and `undefined` where it has no goal.
 *
 * @param {import('./run.mjs').Row} row
 */
export function verdictOf({ goal, atLeast, figures: { recloser } }) {
  if (goal === undefined || recloser === undefined) return undefined;
  const meets = (value) => (atLeast ? value >= goal : value <= goal);
  const verdict = meets(recloser.value) ? 'met' : 'missed';
  return meets(recloser.low) === meets(recloser.high) ? verdict : `${verdict}?`;
}
