import { RetryBudget } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { dice } from '../../examples/storm/clock.mjs';
import { timedClock } from './timed-clock.js';

describe('a retry budget', () => {
  it('is paid by successes, and by time', async () => {
    const clock = timedClock();
    const budget = new RetryBudget({ initial: 0, ratio: 0.1, perSecond: 0.5, clock });

    for (let success = 0; success < 10; success++) budget.deposit();
    expect([budget.tryWithdraw(), budget.tryWithdraw()]).toEqual([true, false]);
    await clock.advance(2_000);
    expect([budget.tryWithdraw(), budget.tryWithdraw()]).toEqual([true, false]);
  });

  it('saves up no more than its capacity', async () => {
    const clock = timedClock();
    const budget = new RetryBudget({ capacity: 3, clock });
    expect(budget.available).toBe(3);

    budget.deposit(100);
    await clock.advance(1e9);
    budget.refund();

    expect(budget.available).toBe(3);
  });

  it.each([
    [{ ratio: 1.5 }, '`ratio` must be a number from 0 to 1, received 1.5'],
    [{ capacity: 0 }, '`capacity` must be a number from 1 to 1,000,000, received 0'],
    [{ capacity: 5, initial: 6 }, '`initial` must be at most the capacity, 5, received 6'],
    [{ rate: 1 }, 'did you mean "ratio"?'],
  ])('refuses %j', (options, message) => {
    expect(() => new RetryBudget(options as object)).toThrow(`Cannot create retry budget: `);
    expect(() => new RetryBudget(options as object)).toThrow(message);
  });
});

/** `npm run test:schedules` runs 100,000. */
const SCHEDULES = Number(process.env.RECLOSER_SCHEDULES ?? 500);

describe('the bound of a budget', () => {
  it(`holds in ${SCHEDULES} random schedules (more: npm run test:schedules)`, () => {
    const broken: string[] = [];
    let retriesInAll = 0;
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = dice(seed);
      let now = 0;
      const ratio = random() < 0.5 ? Math.round(random() * 100) / 100 : random();
      const capacity = 1 + Math.floor(random() * 50);
      const initial = Math.floor(random() * (capacity + 1));
      const perSecond = Math.round(random() * 200) / 100;
      const budget = new RetryBudget({
        ratio,
        capacity,
        initial,
        perSecond,
        clock: { now: () => now },
      });
      let retries = 0;
      let successes = 0;
      for (let step = 0; step < 200; step++) {
        const dice = random();
        if (dice < 0.2) now += random() * 1_000;
        else if (dice < 0.5) {
          successes++;
          budget.deposit();
        } else if (dice < 0.55 && retries > 0) {
          retries--;
          budget.refund();
        } else if (budget.tryWithdraw()) retries++;
        // Exact but for what a sum of fractions of milliseconds loses.
        const bound = initial + ratio * successes + (perSecond * now) / 1_000;
        if (retries > bound + 1e-9) broken.push(`seed ${seed}, step ${step}: ${retries} retries of ${bound}`);
        if (budget.available > capacity) broken.push(`seed ${seed}: more than the capacity`);
      }
      retriesInAll += retries;
    }

    expect(broken).toEqual([]);
    expect(retriesInAll).toBeGreaterThan(SCHEDULES);
  });
});
