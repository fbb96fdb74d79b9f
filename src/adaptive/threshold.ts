/**
 * How much evidence a promise takes: the least threshold that independent failures reach so seldom. Exact, by the scale
 * function of a walk that goes down in single steps and is reflected at 0, or by its mirror; all terms are positive, so
 * that doubles keep 14 digits where elimination would lose them.
 */
import type { Line } from './lines.js';

/** Steps of a threshold, at most: a promise that takes more is none that anybody waits for. */
export const MOST_STEPS = 20_000;

/** Thresholds that are kept: thousands of breakers share a few. */
const MOST_KEPT = 2_000;

const known = new Map<string, number>();

/**
 * The least threshold with at least `calls` calls between false trips, in the mean.
 *
 * @param p the failure rate at which the promise holds, below the line's
 * @param calls of independent outcomes, above 0
 * @returns `Infinity` if it would take more than `MOST_STEPS`
 */
export function thresholdFor(line: Line, p: number, calls: number): number {
  const key = `${line.up} ${line.down} ${p} ${calls}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= MOST_KEPT) known.clear();
  const threshold = leastWith(line.down === 1 ? lengthsAbove(line.up, p) : lengthsBelow(line.down, p), calls);
  known.set(key, threshold);
  return threshold;
}

/** Run lengths come by threshold, from 1 on, and only grow. */
function leastWith(lengths: Iterable<number>, calls: number): number {
  let threshold = 0;
  for (const length of lengths) {
    threshold++;
    if (length >= calls) return threshold;
    if (threshold >= MOST_STEPS) break;
  }
  return Number.POSITIVE_INFINITY;
}

/** Calls until thresholds 1, 2, 3 … are reached where a failure adds `up` and a success takes 1 off. */
export function* lengthsAbove(up: number, p: number): Generator<number, never> {
  const q = 1 - p;
  const w = [1 / q];
  let total = 1 / q; // W of the threshold less 1
  let below = 0; // the sum of W before it
  for (let n = 1; ; n++) {
    let sum = 0;
    for (let j = Math.max(n - up, 0); j < n; j++) sum += w[j] as number;
    const next = (p / q) * sum;
    yield next === 0 ? Number.POSITIVE_INFINITY : total * (total / next) - below;
    w.push(next);
    below += total;
    total += next;
  }
}

/** The same where a failure adds 1 and a success takes `down` off. */
export function* lengthsBelow(down: number, p: number): Generator<number, never> {
  const steps: number[] = []; // calls from each height to the next one up
  let length = 0;
  for (let s = 0; ; s++) {
    let back = 0;
    for (let j = Math.max(s - down, 0); j < s; j++) back += steps[j] as number;
    const step = (1 + (1 - p) * back) / p;
    steps.push(step);
    length += step;
    yield length;
  }
}
