import { describe, expect, test } from 'vitest';
import { Latency } from '../../src/adaptive/latency.js';

/** One that has seen these. */
function seen(...samples: readonly number[]): Latency {
  const latency = new Latency();
  for (const ms of samples) latency.add(ms);
  return latency;
}

const times = (calls: number, ms: number) => Array.from({ length: calls }, () => ms);

const known = (samples: number, median: number, high: number) => {
  const latency = new Latency();
  latency.know(samples, Math.log(median), Math.log(high));
  return latency;
};

describe('how long successes take', () => {
  test('is unknown before sixteen, and four times the slowest of a hundred then', () => {
    expect(seen(...times(15, 50)).overdueAfter).toBe(1_000);
    expect(seen(...times(16, 50)).overdueAfter).toBeCloseTo(200, 9);
    expect(seen(...times(16, 300)).overdueAfter).toBeCloseTo(1_200, 9);
  });

  test('is overdue after 100 ms at least', () => {
    expect(seen(...times(16, 10)).overdueAfter).toBe(100);
  });

  test('moves both quantiles towards a sample, by steps that get smaller', () => {
    const latency = seen(...times(16, 50));
    latency.add(100);
    const above = [latency.median, latency.high];
    latency.add(10);

    expect(above[0]).toBeCloseTo(Math.log(50) + (2 / 17) * 0.5, 9);
    expect(above[1]).toBeCloseTo(Math.log(50) + (10 / 17) * 0.99, 9);
    expect(latency.median).toBeCloseTo((above[0] as number) - (2 / 18) * 0.5, 9);
    expect(latency.high).toBeCloseTo((above[1] as number) - (10 / 18) * 0.01, 9);
  });

  test('never moves by more than its e-fold, and never stands still', () => {
    const early = seen(50, 10_000);
    const late = known(5_000, 50, 50);
    late.add(51);
    const above = [late.median, late.high];
    late.add(49);

    expect(early.high).toBeCloseTo(Math.log(50) + 1, 9);
    expect(above[0]).toBeCloseTo(Math.log(50) + 0.025, 9);
    expect(above[1]).toBeCloseTo(Math.log(50) + 0.099, 9);
    expect(late.high).toBeCloseTo((above[1] as number) - 0.001, 9);
  });

  test('is a time: what is none is not counted, and none at all is next to none', () => {
    expect(seen(Number.NaN, -1).samples).toBe(0);
    expect(seen(0)).toMatchObject({ samples: 1, median: Math.log(0.01) });
  });

  test.each([
    ['the slowest of a hundred', 64, 40, 600, 600],
    ['four times the half of them', 64, 250, 400, 1_000],
    ['half a second', 64, 10, 200, 500],
    ['nothing, while its shape is unknown', 63, 40, 600, undefined],
    ['nothing, where that is hardly sooner than overdue', 64, 40, 156, undefined],
    ['half a second, where that is sooner', 64, 40, 157, 500],
  ])('says from when on many at once are late: %s', (_, samples, median, high, late) => {
    const { lateAfter, isKnown } = known(samples, median, high);

    if (late === undefined) expect(lateAfter).toBeUndefined();
    else expect(lateAfter).toBeCloseTo(late, 9);
    expect(isKnown).toBe(samples >= 64);
  });
});
