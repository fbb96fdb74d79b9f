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

/** The sum of the last `size` values, by additions alone: taking off what leaves would cost digits. */
class LastSum {
  readonly #size: number;
  /** Values since the last multiple of `size`, and their sum. */
  #block: number[] = [];
  #sum = 0;
  /** Of the block before: the sums of its values from each on. */
  #before: number[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get value(): number {
    return this.#sum + (this.#before[this.#block.length] ?? 0);
  }

  add(value: number): void {
    this.#block.push(value);
    this.#sum += value;
    if (this.#block.length < this.#size) return;
    let sum = 0;
    for (let at = this.#size - 1; at >= 0; at--) {
      sum += this.#block[at] as number;
      this.#block[at] = sum;
    }
    this.#before = this.#block;
    this.#block = [];
    this.#sum = 0;
  }
}

/** Calls until thresholds 1, 2, 3 … are reached where a failure adds `up` and a success takes 1 off. */
export function* lengthsAbove(up: number, p: number): Generator<number, never> {
  const q = 1 - p;
  const w = new LastSum(up);
  w.add(1 / q);
  let total = 1 / q; // W of the threshold less 1
  let below = 0; // the sum of W before it
  for (;;) {
    const next = (p / q) * w.value;
    yield total * (total / next) - below; // without end where nothing fails
    w.add(next);
    below += total;
    total += next;
  }
}

/** The same where a failure adds 1 and a success takes `down` off. */
export function* lengthsBelow(down: number, p: number): Generator<number, never> {
  const steps = new LastSum(down); // calls from each height to the next one up
  let length = 0;
  for (;;) {
    const step = (1 + (1 - p) * steps.value) / p;
    steps.add(step);
    length += step;
    yield length;
  }
}
