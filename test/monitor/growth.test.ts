import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecentGrowth } from '../../src/monitor/growth.js';

const OVER = 1_000;

describe('growth within a period', () => {
  test('is none at first, whatever the totals are', () => {
    const growth = new RecentGrowth(OVER, 0, 7, 70);

    expect(growth.measure(500, 7, 70)).toEqual({ part: 0, whole: 0 });
  });

  test('is what was added since it began, while that is less than the period', () => {
    const growth = new RecentGrowth(OVER, 0, 7, 70);

    expect(growth.measure(500, 8, 75)).toEqual({ part: 1, whole: 5 });
  });

  test('is over when the totals stand still for the period', () => {
    const growth = new RecentGrowth(OVER, 0, 0, 0);
    for (let now = 100; now <= 500; now += 100) growth.measure(now, 5, 10);

    for (let now = 600; now <= 1_500; now += 100) growth.measure(now, 5, 10);

    expect(growth.measure(1_600, 5, 10)).toEqual({ part: 0, whole: 0 });
  });

  test('is about the time since the last look, where that is longer than the period', () => {
    const growth = new RecentGrowth(OVER, 0, 0, 0);
    growth.measure(5_000, 1, 2);

    expect(growth.measure(90_000, 11, 22)).toEqual({ part: 10, whole: 20 });
  });

  test('is none when nobody looked for a period and the totals stand still', () => {
    const growth = new RecentGrowth(OVER, 0, 0, 0);
    growth.measure(50, 5, 10);

    expect(growth.measure(1_050, 5, 10)).toEqual({ part: 0, whole: 0 });
  });

  test('is that of the period, to a tenth and the time between two looks more', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.nat(9)), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (all) => {
        const growth = new RecentGrowth(OVER, 0, 0, 0);
        const totals = [{ at: 0, whole: 0 }];
        const totalAt = (time: number) => totals.filter(({ at }) => at <= time).at(-1)?.whole ?? 0;

        for (const [passed, added] of all) {
          const { at, whole } = totals.at(-1)!;
          const now = at + passed;
          totals.push({ at: now, whole: whole + added });
          const measured = growth.measure(now, 0, whole + added).whole;

          expect(measured).toBeGreaterThanOrEqual(whole + added - totalAt(now - OVER));
          expect(measured).toBeLessThanOrEqual(whole + added - totalAt(now - 1.1 * OVER - 90));
        }
      }),
    );
  });
});
