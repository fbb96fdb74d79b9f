import { RetryBudget } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { timedClock } from './timed-clock.js';

const take = (budget: RetryBudget, times: number) =>
  Array.from({ length: times }, () => budget.tryWithdraw()).filter((it) => it).length;

describe('a budget', () => {
  it('begins with ten tokens, or its capacity', () => {
    const clock = timedClock();

    expect([new RetryBudget({ clock }).available, new RetryBudget({ clock }).capacity]).toEqual([10, 100]);
    expect(new RetryBudget({ clock, capacity: 4 }).available).toBe(4);
    expect(new RetryBudget({ clock, initial: 0 }).available).toBe(0);
  });

  it('is paid by successes, and by nothing else', () => {
    const budget = new RetryBudget({ clock: timedClock(), initial: 0 });

    budget.deposit();
    budget.deposit(3);
    budget.deposit(0);
    budget.deposit(-100);
    const before = budget.tryWithdraw();
    budget.deposit();

    expect([before, budget.tryWithdraw(), budget.tryWithdraw()]).toEqual([false, true, false]);
  });

  it('saves up no more than its capacity', () => {
    const budget = new RetryBudget({ clock: timedClock(), capacity: 2, initial: 2, perSecond: 0 });

    budget.deposit(100);
    budget.refund();

    expect([budget.available, take(budget, 5)]).toEqual([2, 2]);
  });

  it('is paid by time, of which whole tokens are told', async () => {
    const clock = timedClock();
    const budget = new RetryBudget({ clock, initial: 0, perSecond: 2 });

    await clock.advance(400);
    const before = [budget.available, budget.tryWithdraw()];
    await clock.advance(100);
    const then = [budget.available, budget.tryWithdraw(), budget.tryWithdraw()];
    await clock.advance(1_500);

    expect([before, then, take(budget, 9)]).toEqual([[0, false], [1, true, false], 3]);
  });

  it('has nothing of the time in which it was full', async () => {
    const clock = timedClock();
    const budget = new RetryBudget({ clock, capacity: 1, perSecond: 1 });

    await clock.advance(10_000);
    const first = [budget.tryWithdraw(), budget.tryWithdraw()];
    await clock.advance(999);
    const second = budget.tryWithdraw();
    await clock.advance(1);

    expect([first, second, budget.tryWithdraw()]).toEqual([[true, false], false, true]);
  });

  it('loses nothing to a clock that goes back, and wins nothing', () => {
    let now = 10_000;
    const budget = new RetryBudget({ clock: { now: () => now }, initial: 2, perSecond: 1 });

    now = 0;
    const back = [budget.available, budget.tryWithdraw()];
    now = 10_000;

    expect([back, take(budget, 9)]).toEqual([[2, true], 1]);
  });
});

describe('another budget while it is in use', () => {
  it('keeps what is saved, up to the new capacity, and what is not said', async () => {
    const clock = timedClock();
    const budget = new RetryBudget({ clock, ratio: 0.5, perSecond: 0.25, capacity: 20, initial: 8 });

    budget.update({ capacity: 5 });

    expect([budget.available, budget.capacity, take(budget, 9)]).toEqual([5, 5, 5]);
    budget.deposit(2);
    expect(take(budget, 2)).toBe(1);
    await clock.advance(4_000);
    expect(take(budget, 2)).toBe(1);
  });

  it('pays from now on by the new figures, and for the time before by the old ones', async () => {
    const clock = timedClock();
    const budget = new RetryBudget({ clock, initial: 0, perSecond: 1 });

    await clock.advance(2_000);
    budget.update({ perSecond: 0, ratio: 1 });
    await clock.advance(5_000);
    budget.deposit();

    expect([budget.available, take(budget, 9)]).toEqual([3, 3]);
  });

  it.each([
    [{ initial: 1 }, 'Cannot update retry budget: `initial` and `clock` are given when the budget is made'],
    [{ clock: timedClock() }, '`initial` and `clock` are given when the budget is made'],
    [{ ratio: 2 }, 'Cannot update retry budget: `ratio` must be a number from 0 to 1, received 2'],
    [
      { capacity: 0 },
      'Cannot update retry budget: `capacity` must be a number from 1 to 1,000,000, received 0',
    ],
  ])('refuses %j', (options, message) => {
    const budget = new RetryBudget();

    expect(() => budget.update(options as never)).toThrow(message);
  });
});

describe('a budget is refused', () => {
  it.each([
    [{ capacity: 1_000_001 }, 'Cannot create retry budget: `capacity` must be a number from 1 to 1,000,000'],
    [{ initial: 101 }, '`initial` must be at most the capacity, 100, received 101'],
    [{ perSecond: -1 }, '`perSecond` must be a number from 0 to 1,000,000, received -1'],
    [{ ration: 1 }, 'did you mean "ratio"?'],
    [7, 'Cannot create retry budget: `options` must be an object'],
  ])('with %j', (options, message) => {
    expect(() => new RetryBudget(options as never)).toThrow(message);
  });

  it('but not at the edge of what is allowed', () => {
    expect(new RetryBudget({ capacity: 1_000_000, initial: 1_000_000 }).available).toBe(1_000_000);
  });
});
