/** Timers of platforms that differ: handles of browsers and of Deno, fake timers of several makers, workers. */
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  afterArrivals,
  areTimersShared,
  isDoubtful,
  startTimer,
  stopTimer,
  timeOf,
} from '../../src/core/timers.js';
import { atTheEdgeOfTheStack } from '../support/edge-of-the-stack.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const plain = { now: () => 0 };
const real = globalThis.setTimeout;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Puts a function in the place of the platform's own, by whatever name. */
function standIn(handle: unknown, name = 'setTimeout') {
  const set = vi.fn((_run: () => void, _ms?: number) => handle);
  vi.stubGlobal('setTimeout', Object.defineProperty(set, 'name', { value: name }));
  return set;
}

describe('a timer in the background', () => {
  test('is released by its handle, and one in the foreground is not', () => {
    const handle = { unref: vi.fn() };
    standIn(handle);

    startTimer(plain, () => {}, 5);
    expect(handle.unref).not.toHaveBeenCalled();
    startTimer(plain, () => {}, 5, { background: true });

    expect(handle.unref).toHaveBeenCalledOnce();
  });

  test('is released by Deno where its handle is a number', () => {
    const unrefTimer = vi.fn();
    standIn(7);
    vi.stubGlobal('Deno', { unrefTimer });

    startTimer(plain, () => {}, 5, { background: true });

    expect(unrefTimer.mock.calls).toEqual([[7]]);
  });

  test.each<[string, unknown, unknown]>([
    ['a number in a browser', 7, undefined],
    ['a number in a Deno that cannot', 7, {}],
    ['an object that cannot be released', {}, undefined],
    ['nothing', undefined, undefined],
  ])('is set where its handle is %s', async (_, handle, Deno) => {
    const { uncaught } = watchRuntime();
    const set = standIn(handle);
    vi.stubGlobal('Deno', Deno);

    expect(startTimer(plain, () => {}, 5, { background: true }).handle).toBe(handle);
    expect(set).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
    await quiet();
    expect(uncaught).toEqual([]);
  });
});

describe('a timer', () => {
  test('of several pieces is told of at its last, and cleared at any', () => {
    const handles = [1, 2, 3];
    const cleared = vi.fn();
    vi.stubGlobal('clearTimeout', cleared);
    const set = vi.fn((_run: () => void, _ms?: number) => handles.shift());
    vi.stubGlobal('setTimeout', set);
    const run = vi.fn();

    const timer = startTimer(plain, run, 2 ** 31 + 4);
    set.mock.calls[0]?.[0]();
    stopTimer(plain, timer);
    set.mock.calls[1]?.[0]();

    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1, 5]);
    expect(cleared.mock.calls).toEqual([[2]]);
    expect(run).toHaveBeenCalledOnce();
  });

  test('that cannot be cleared is reported, and none needs not be', async () => {
    const { uncaught } = watchRuntime();
    const problem = new Error('no timers');
    vi.stubGlobal('clearTimeout', () => {
      throw problem;
    });
    standIn(1);

    stopTimer(plain, undefined);
    stopTimer(
      plain,
      startTimer(plain, () => {}, 5),
    );
    await quiet();

    expect(uncaught).toEqual([problem]);
  });

  test.each([
    ['bound setTimeout of MockTimers', 'bound #setTimeoutOfTimers', true],
    ['bound in small letters', 'bound timer', true],
    ['of a platform', 'setTimeout', false],
    ['bound to something else', 'bound setLater', false],
    ['wrapped by somebody', 'patched bound timer', false],
  ])('is fake or not by the name that node:test gives: %s', (_, name, isFake) => {
    standIn(1, name);

    expect(startTimer(plain, () => {}, 5).isFake).toBe(isFake);
  });

  test('of a clock is neither fake nor doubtful', () => {
    const clock = { now: () => 0, setTimeout: () => 1, clearTimeout: () => {} };

    const timer = startTimer(clock, () => {}, 5);
    vi.useFakeTimers();

    expect([timer.isFake, timer.setBy, isDoubtful(timer)]).toEqual([false, undefined, false]);
  });
});

describe('a fake timer', () => {
  const fakeBy = (clock: unknown) => {
    const set = Object.assign(
      vi.fn(() => 7),
      clock !== undefined && { clock },
    );
    vi.stubGlobal('setTimeout', Object.defineProperty(set, 'name', { value: 'bound timer' }));
    return startTimer(plain, () => {}, 5);
  };

  test.each([
    ['knows it', { timers: { 7: {} } }, false],
    ['knows others', { timers: { 8: {} } }, true],
    ['does not tell which it knows', {}, true],
    ['has no clock', undefined, true],
  ])('is doubtful or not as its maker says: who %s', (_, clock, isOpen) => {
    expect(isDoubtful(fakeBy(clock))).toBe(isOpen);
  });
});

describe('the delay of a timer', () => {
  test.each([
    [5, 5],
    [0.5, 0.5],
    [0, 0],
    [-1, 0],
    [Number.NaN, 0],
  ])('of %d ms is %d', (ms, delay) => {
    const set = standIn(1);

    startTimer(plain, () => {}, ms);

    expect(set.mock.calls.map(([, given]) => given)).toEqual([delay]);
  });
});

describe('the time of a timer', () => {
  test('is that of the fake timers that set it, else that of the platform', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], now: 5_000 });
    const fake = startTimer(plain, () => {}, 5);
    const before = timeOf(fake);
    vi.advanceTimersByTime(3);
    expect([before, timeOf(fake)]).toEqual([5_000, 5_003]);

    vi.spyOn(performance, 'now').mockReturnValue(77);
    standIn(1, 'bound timer');

    expect(timeOf(startTimer(plain, () => {}, 5))).toBe(77);
  });
});

describe('what has arrived', () => {
  test('is waited for by real turns beside fake timers', async () => {
    vi.useFakeTimers();
    const arrived = vi.fn();

    afterArrivals(plain, arrived);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => real(resolve, 0));

    expect(arrived).toHaveBeenCalledOnce();
  });

  test('is waited for by timers where there is no `setImmediate`', () => {
    const set = standIn(1);
    vi.stubGlobal('setImmediate', undefined);
    const arrived = vi.fn();

    afterArrivals(plain, arrived);
    set.mock.calls[0]?.[0]();
    expect(arrived).not.toHaveBeenCalled();
    set.mock.calls[1]?.[0]();

    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([0, 0]);
    expect(arrived).toHaveBeenCalledOnce();
  });
});

describe('in a worker of Cloudflare', () => {
  test('a timer serves the calls of one request, except where a test moves it', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
    vi.resetModules();
    // Whatever is loaded next in this thread is to know the platform as it is.
    onTestFinished(() => {
      vi.resetModules();
    });
    const worker = await import('../../src/core/timers.js');

    expect([
      worker.areTimersShared(plain),
      worker.areTimersShared({ ...plain, advance() {} } as never),
    ]).toEqual([false, true]);
  });
});

test('timers are shared by all calls here, whatever the clock', () => {
  expect([areTimersShared(plain), areTimersShared({ ...plain, advance() {} } as never)]).toEqual([
    true,
    true,
  ]);
});

test('a timer is not asked for where the stack has no room to set it', async () => {
  let begun = 0;
  let done = 0;
  const deep = (frames: number): number => (frames === 0 ? 0 : 1 + deep(frames - 1));
  vi.stubGlobal('setTimeout', () => {
    begun++;
    deep(20);
    done++;
  });
  const again = (): unknown => {
    startTimer(plain, () => {}, 5);
    return [again()];
  };

  await atTheEdgeOfTheStack(again, 20);

  expect(done).toBeGreaterThan(0);
  expect(begun).toBe(done);
});
