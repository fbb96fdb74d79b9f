import { describe, expect, test } from 'vitest';
import { createRandom } from '../../bench/simulations/chance.mjs';
import { lineAt, linesFor } from '../../src/adaptive/lines.js';
import { lengthsAbove, lengthsBelow, thresholdFor } from '../../src/adaptive/threshold.js';

/** A fraction of whole numbers. */
interface Ratio {
  readonly over: bigint;
  readonly under: bigint;
}

const ratio = (over: bigint, under: bigint): Ratio => {
  let [a, b] = [over < 0n ? -over : over, under];
  while (b > 0n) [a, b] = [b, a % b];
  return { over: over / a, under: under / a };
};
const sum = (a: Ratio, b: Ratio) => ratio(a.over * b.under + b.over * a.under, a.under * b.under);
const times = (a: Ratio, b: Ratio) => ratio(a.over * b.over, a.under * b.under);
const NOTHING: Ratio = { over: 0n, under: 1n };

/**
 * Calls until a walk reaches the threshold: with x(s) calls from s, x(s) = 1 + p x(s + up) + q x(s - down). From the top
 * down each x(s) is a constant and a multiple of what is below, so that elimination goes through once, exactly.
 */
function exactLength(up: number, down: number, p: Ratio, threshold: number): number {
  const q = { over: p.under - p.over, under: p.under };
  const rows = Array.from({ length: threshold }, (_, s) => {
    const row: Ratio[] = new Array(threshold + 1).fill(NOTHING);
    row[s] = sum(row[s] as Ratio, { over: 1n, under: 1n });
    const below = Math.max(s - down, 0);
    row[below] = sum(row[below] as Ratio, { over: -q.over, under: q.under });
    if (s + up < threshold) row[s + up] = sum(row[s + up] as Ratio, { over: -p.over, under: p.under });
    row[threshold] = { over: 1n, under: 1n };
    return row;
  });
  // Eliminates the highest height first: what is left in the end is x(0) alone.
  for (let at = threshold - 1; at > 0; at--) {
    const pivot = rows[at] as Ratio[];
    for (let other = 0; other < at; other++) {
      const row = rows[other] as Ratio[];
      const factor = row[at] as Ratio;
      if (factor.over === 0n) continue;
      const by = ratio(
        -factor.over * (pivot[at] as Ratio).under * ((pivot[at] as Ratio).over < 0n ? -1n : 1n),
        factor.under * abs((pivot[at] as Ratio).over),
      );
      for (let column = 0; column <= threshold; column++) {
        if ((pivot[column] as Ratio).over !== 0n)
          row[column] = sum(row[column] as Ratio, times(by, pivot[column] as Ratio));
      }
    }
  }
  const [first] = rows as [Ratio[]];
  const [x, one] = [first[0] as Ratio, first[threshold] as Ratio];
  return Number((one.over * x.under * 10n ** 20n) / (one.under * x.over)) / 1e20;
}

const abs = (it: bigint) => (it < 0n ? -it : it);

function nth(lengths: Iterable<number>, n: number): number {
  let at = 0;
  for (const length of lengths) if (++at === n) return length;
  throw new Error('no end');
}

describe('the threshold', () => {
  const random = createRandom(7);
  const cases = Array.from({ length: 50 }, () => {
    const m = 2 + Math.floor(random() * 24);
    const threshold = 2 + Math.floor(random() * 59);
    const p = Math.max(1, Math.floor((random() * 900) / m));
    return [m, threshold, p] as const;
  });

  test.each(cases)('comes from run lengths that are exact: 1/%i, %i, %i in a thousand', (m, threshold, p) => {
    const exact = exactLength(m - 1, 1, { over: BigInt(p), under: 1_000n }, threshold);

    expect(nth(lengthsAbove(m - 1, p / 1_000), threshold) / exact).toBeCloseTo(1, 9);
  });

  test.each([
    [1, 12, 300],
    [2, 9, 300],
    [3, 14, 600],
    [9, 20, 800],
  ])('is as exact for rates above a half: down %i, %i, %i in a thousand', (down, threshold, p) => {
    const exact = exactLength(1, down, { over: BigInt(p), under: 1_000n }, threshold);

    expect(nth(lengthsBelow(down, p / 1_000), threshold) / exact).toBeCloseTo(1, 9);
  });

  test('grows with the promise', () => {
    const [line] = linesFor(1 / 7);
    const thresholds = [1e3, 1e5, 1e7, 1e9, 1e12, 1e16, 1e20].map((calls) =>
      thresholdFor(line as never, 0.05, calls),
    );

    expect(thresholds).toEqual([...thresholds].sort((a, b) => a - b));
    expect(new Set(thresholds).size).toBe(thresholds.length);
  });

  test('is the least that keeps the promise', () => {
    const [line] = linesFor(0.5);
    const threshold = thresholdFor(line as never, 0.1, 4.32e8);

    expect(nth(lengthsAbove(1, 0.1), threshold)).toBeGreaterThanOrEqual(4.32e8);
    expect(nth(lengthsAbove(1, 0.1), threshold - 1)).toBeLessThan(4.32e8);
  });

  test('is the least for a rate above a half as well, where a promise is met exactly too', () => {
    const line = lineAt(0.75);
    const exact = nth(lengthsBelow(3, 0.5), 7);

    expect(line).toMatchObject({ up: 1, down: 3 });
    expect([thresholdFor(line, 0.5, exact), thresholdFor(line, 0.5, exact * 1.001)]).toEqual([7, 8]);
  });

  test('takes one failure where none is normal, and has an end where none would do', () => {
    const [line] = linesFor(0.5);

    expect(thresholdFor(line as never, 0, 1e9)).toBe(1);
    expect(thresholdFor(line as never, 0.4999, 1e300)).toBe(Number.POSITIVE_INFINITY);
  });

  test('is found once for the same question', () => {
    const [line] = linesFor(1 / 55);
    thresholdFor(line as never, 0.007, 1e15);

    const started = performance.now();
    for (let i = 0; i < 10_000; i++) thresholdFor(line as never, 0.007, 1e15);

    expect(performance.now() - started).toBeLessThan(1_000); // finding it anew would take ten
  });
});
