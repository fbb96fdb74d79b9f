import { afterEach, describe, expect, test, vi } from 'vitest';
import { afterArrivals, isDoubtful, startTimer, stopTimer } from '../../src/core/timers.js';

const LONGEST = 2 ** 31 - 1;

/** A clock that keeps the timers that it is asked for. */
function clockWithTimers() {
  const set: { run: () => void; ms: number }[] = [];
  const cleared: unknown[] = [];
  return {
    set,
    cleared,
    now: () => 0,
    setTimeout(run: () => void, ms: number) {
      this.set.push({ run, ms });
      return this.set.length;
    },
    clearTimeout(timer: unknown) {
      this.cleared.push(timer);
    },
  };
}

const plain = { now: () => 0 };

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a timer', () => {
  test("is set and cleared by the clock's own methods where it has them", () => {
    const clock = clockWithTimers();

    const timer = startTimer(clock, () => {}, 50);
    stopTimer(clock, timer);

    expect(clock.set).toMatchObject([{ ms: 50 }]);
    expect(clock.cleared).toEqual([1]);
  });

  test('is one of the platform otherwise, looked up when it is used', () => {
    vi.useFakeTimers();
    const run = vi.fn();

    startTimer(plain, run, 50);
    vi.advanceTimersByTime(49);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);

    expect(run).toHaveBeenCalledOnce();
  });

  test.each([
    [-5, 0],
    [Number.NaN, 0],
    [0, 0],
    [LONGEST, LONGEST],
  ])('of %d ms is one of %d', (ms, expected) => {
    const clock = clockWithTimers();

    startTimer(clock, () => {}, ms);

    expect(clock.set.map((timer) => timer.ms)).toEqual([expected]);
  });

  test('that is longer than a platform can tell goes by in pieces', () => {
    const clock = clockWithTimers();
    const run = vi.fn();

    const timer = startTimer(clock, run, LONGEST + 5);
    clock.set[0]?.run();
    expect(run).not.toHaveBeenCalled();
    clock.set[1]?.run();
    stopTimer(clock, timer);

    expect(clock.set.map(({ ms }) => ms)).toEqual([LONGEST, 5]);
    expect(run).toHaveBeenCalledOnce();
    expect(clock.cleared).toEqual([2]);
  });

  test('in the background keeps no process alive', () => {
    const timer = startTimer(plain, () => {}, 1_000_000, { background: true });

    expect((timer.handle as NodeJS.Timeout).hasRef()).toBe(false);
    stopTimer(plain, timer);
  });

  test('that cannot be set is reported', () => {
    const reported = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const clock = {
      now: () => 0,
      setTimeout: () => {
        throw new Error('no timers');
      },
      clearTimeout: () => {},
    };

    startTimer(clock, () => {}, 10);

    expect(reported).toHaveBeenCalledOnce();
  });
});

describe('a timer is doubtful', () => {
  test('never while the platform has it', () => {
    const timer = startTimer(plain, () => {}, 1_000_000);

    expect(isDoubtful(timer)).toBe(false);
    stopTimer(plain, timer);
  });

  test('when fake timers have been cleared', () => {
    vi.useFakeTimers();
    const timer = startTimer(plain, () => {}, 50);
    expect(isDoubtful(timer)).toBe(false);

    vi.clearAllTimers();

    expect(isDoubtful(timer)).toBe(true);
  });

  test('when the fake timers that set it have gone', () => {
    vi.useFakeTimers();
    const timer = startTimer(plain, () => {}, 50);

    vi.useRealTimers();

    expect(isDoubtful(timer)).toBe(true);
  });

  test('when fake timers have come', () => {
    const timer = startTimer(plain, () => {}, 1_000_000);

    vi.useFakeTimers();

    expect(isDoubtful(timer)).toBe(true);
    stopTimer(plain, timer);
  });

  test('not when a spy has been put before the function that set it', () => {
    const timer = startTimer(plain, () => {}, 1_000_000);

    vi.spyOn(globalThis, 'setTimeout');

    expect(isDoubtful(timer)).toBe(false);
    stopTimer(plain, timer);
  });
});

describe('what has arrived is waited for', () => {
  test('two turns of the platform', async () => {
    const turns: string[] = [];

    await new Promise<void>((done) => {
      afterArrivals(plain, () => {
        turns.push('arrived');
        done();
      });
      setImmediate(() => {
        turns.push('first');
        setImmediate(() => turns.push('second'));
      });
    });

    expect(turns).toEqual(['first', 'arrived']);
  });

  test('one turn of a clock that brings timers', () => {
    const clock = clockWithTimers();
    const run = vi.fn();

    afterArrivals(clock, run);
    clock.set[0]?.run();

    expect(clock.set).toMatchObject([{ ms: 0 }]);
    expect(run).toHaveBeenCalledOnce();
  });
});
