import { AsyncLocalStorage } from 'node:async_hooks';
import { CallTimeoutError, CircuitBreaker } from 'recloser';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBreaker, errorOf, failing, hanging, heard } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { manualClock } from '../support/manual-clock.js';
import { quiet, watchRuntime } from '../support/runtime.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('callTimeout', () => {
  test('rejects a call that has not settled by then', async () => {
    const { breaker } = createBreaker({ name: 'users', callTimeout: 100 });
    const call = errorOf(breaker.call(hanging));

    await vi.advanceTimersByTimeAsync(100);
    const error = await call;

    expect(error).toBeInstanceOf(CallTimeoutError);
    expect(error).toMatchObject({
      name: 'CallTimeoutError',
      code: 'ERR_CALL_TIMEOUT',
      breaker: 'users',
      timeout: 100,
    });
  });

  test('rejects nothing a millisecond earlier', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const settled = vi.fn();
    breaker.call(hanging).catch(settled);

    await vi.advanceTimersByTimeAsync(99);

    expect(settled).not.toHaveBeenCalled();
  });

  test('leaves a call alone that settles in time', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const task = deferred<string>();
    const call = breaker.call(() => task.promise);

    await vi.advanceTimersByTimeAsync(99);
    task.resolve('in time');
    await vi.advanceTimersByTimeAsync(1_000);

    expect(await call).toBe('in time');
    expect(breaker.metrics.totals).toMatchObject({ successes: 1, failures: 0, timeouts: 0 });
  });

  test('is a failure', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, failureThreshold: 1 });
    const failures = heard(breaker, 'failure');
    const call = errorOf(breaker.call(hanging));

    await vi.advanceTimersByTimeAsync(100);
    const error = await call;

    expect(breaker.metrics).toMatchObject({
      state: 'OPEN',
      inFlight: 0,
      lastFailure: { error },
      totals: { failures: 1, timeouts: 1 },
    });
    expect(failures).toMatchObject([{ breaker: 'test', error }]);
  });

  test('is tracked whatever `trackedErrors` says', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, trackedErrors: [RangeError] });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(100);
    await call;

    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });

  test('is ignored when `excludedErrors` says so', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, excludedErrors: [CallTimeoutError] });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false, error: expect.any(CallTimeoutError) });
    expect(breaker.metrics.totals).toMatchObject({ ignored: 1, failures: 0, timeouts: 0 });
  });

  test('is what `isFailure` makes of it', async () => {
    const { breaker } = createBreaker({
      callTimeout: 100,
      isFailure: ({ error }) => !(error instanceof CallTimeoutError),
    });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(100);
    await call;

    expect(breaker.metrics.totals).toMatchObject({ successes: 1, failures: 0, timeouts: 0 });
  });

  test('of 0 leaves a call alone that settles at once', async () => {
    const { breaker } = createBreaker({ callTimeout: 0 });

    const value = await breaker.call(async () => 'at once');

    expect(value).toBe('at once');
  });

  test('of 0 rejects a call that does not', async () => {
    const { breaker } = createBreaker({ callTimeout: 0 });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(1);

    expect(await call).toMatchObject({ ok: false, error: { timeout: 0 } });
  });

  test('of a call goes before the breaker’s', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const call = breaker.tryCall(hanging, { callTimeout: 10 });

    await vi.advanceTimersByTimeAsync(10);

    expect(await call).toMatchObject({ ok: false, error: { timeout: 10 } });
  });

  test('can be given to a single call', async () => {
    const { breaker } = createBreaker();
    const call = breaker.tryCall(hanging, { callTimeout: 10 });

    await vi.advanceTimersByTimeAsync(10);

    expect(await call).toMatchObject({ ok: false, error: { timeout: 10 } });
  });

  test('can be taken from a single call', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const settled = vi.fn();
    breaker.call(hanging, { callTimeout: false }).then(settled, settled);

    await vi.advanceTimersByTimeAsync(3_600_000);

    expect(settled).not.toHaveBeenCalled();
  });

  test('does not apply to permits', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    breaker.acquire();

    await vi.advanceTimersByTimeAsync(1_000);

    expect(breaker.metrics).toMatchObject({ inFlight: 1, totals: { timeouts: 0 } });
  });

  test('takes a fraction of a millisecond', async () => {
    const { breaker } = createBreaker({ callTimeout: 0.5 });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(1);

    expect(await call).toMatchObject({ ok: false });
  });

  test.each([0, 37.8, 226.3, 123_456.789, 1_700_000_000_000.123])(
    'at its longest rejects nothing early, at %d',
    async (time) => {
      const clock = manualClock(time);
      const breaker = new CircuitBreaker({ clock, callTimeout: 2 ** 31 - 1 });
      const settled = vi.fn();
      breaker.call(hanging).catch(settled);

      await vi.advanceTimersByTimeAsync(1_000);

      expect(settled).not.toHaveBeenCalled();
    },
  );

  test.each([0.1, 113.2, 301.7, 527.9, 123_456.789])(
    'has a timer of its own length whatever the reading, such as %d',
    async (time) => {
      const clock = manualClock(time);
      const breaker = new CircuitBreaker({ clock, callTimeout: 500 });
      const call = vi.fn();
      breaker.call(hanging).catch(call);

      await vi.advanceTimersByTimeAsync(500);

      expect(call).toHaveBeenCalledOnce();
    },
  );
});

describe('after a timeout', () => {
  test('what the task resolves to is ignored', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const task = deferred<string>();
    const call = breaker.tryCall(() => task.promise);
    await vi.advanceTimersByTimeAsync(100);

    task.resolve('too late');
    await vi.advanceTimersByTimeAsync(0);

    expect(await call).toMatchObject({ ok: false });
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 1, successes: 0, failures: 1 } });
  });

  test('what the task rejects with is ignored, and no unhandled rejection', async () => {
    const { unhandled, uncaught } = watchRuntime();
    const { breaker } = createBreaker({ callTimeout: 100 });
    const task = deferred<string>();
    const call = breaker.tryCall(() => task.promise);
    await vi.advanceTimersByTimeAsync(100);

    task.reject(new Error('too late'));
    await quiet();

    expect(await call).toMatchObject({ ok: false, error: expect.any(CallTimeoutError) });
    expect(breaker.metrics.totals.failures).toBe(1);
    expect([unhandled, uncaught]).toEqual([[], []]);
  });

  test('the task’s signal is aborted with the error', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    let signal: AbortSignal | undefined;
    const call = errorOf(
      breaker.call((context) => {
        signal = context.signal;
        return hanging();
      }),
    );

    await vi.advanceTimersByTimeAsync(100);

    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBe(await call);
  });

  test('a signal that is first read then is aborted', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const wake = deferred<void>();
    const aborted = deferred<boolean>();
    const call = breaker.tryCall(async (context) => {
      await wake.promise;
      aborted.resolve(context.signal.aborted);
    });

    await vi.advanceTimersByTimeAsync(100);
    wake.resolve();

    expect(await aborted.promise).toBe(true);
    expect(await call).toMatchObject({ ok: false });
  });

  test('a task that answers the abort with an error does not decide', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const call = breaker.tryCall(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted by me')));
        }),
    );

    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false, error: expect.any(CallTimeoutError) });
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });

  test('it is a timeout still, though the task answers by aborting its caller', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const caller = new AbortController();
    const call = breaker.tryCall(
      ({ signal }) => {
        signal.addEventListener('abort', () => caller.abort());
        return hanging();
      },
      { signal: caller.signal },
    );

    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false, error: expect.any(CallTimeoutError) });
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1, ignored: 0 });
  });

  test('the calls beside it are not aborted', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const signals: AbortSignal[] = [];
    const task = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return hanging();
    };
    const first = breaker.tryCall(task);
    void breaker.tryCall(task, { callTimeout: false });
    void breaker.tryCall(task, { callTimeout: 5_000 });

    await vi.advanceTimersByTimeAsync(100);
    await first;

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false]);
  });

  test('the fallback answers', async () => {
    const { breaker } = createBreaker({
      callTimeout: 100,
      fallback: (error) => `instead of ${(error as Error).name}`,
    });
    const call = breaker.call(hanging);

    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toBe('instead of CallTimeoutError');
  });

  test('the fallback gets a signal that it can work with', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, fallback: (_, { signal }) => signal.aborted });
    const call = breaker.call<unknown>(hanging);

    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toBe(false);
  });

  test('the fallback may take as long as it likes', async () => {
    const answer = deferred<string>();
    const { breaker } = createBreaker({ callTimeout: 100, fallback: () => answer.promise });
    const call = breaker.call(hanging);

    await vi.advanceTimersByTimeAsync(100);
    await vi.advanceTimersByTimeAsync(10_000);
    answer.resolve('at last');

    expect(await call).toBe('at last');
    expect(breaker.metrics.totals.timeouts).toBe(1);
  });
});

describe('clocks and timers', () => {
  test('agree with the system’s clock', async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 });
    const failures = heard(breaker, 'failure');
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(99);
    expect(failures).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);

    expect(await call).toMatchObject({ ok: false, error: { timeout: 100 } });
    expect(failures).toMatchObject([{ duration: 100 }]);
  });

  test('need not agree: a clock that stands still delays no timeout', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false });
  });

  test('need not agree: nor does one that stands still for a second call', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const first = breaker.tryCall(hanging);
    await vi.advanceTimersByTimeAsync(100);
    await first;

    const second = breaker.tryCall(hanging);
    await vi.advanceTimersByTimeAsync(100);

    expect(await second).toMatchObject({ ok: false });
  });

  test('need not agree: a clock that has jumped an hour rejects nothing before the timer', async () => {
    const { breaker, clock } = createBreaker({ callTimeout: 100 });
    const settled = vi.fn();
    breaker.call(hanging).catch(settled);

    clock.advance(3_600_000);
    await vi.advanceTimersByTimeAsync(99);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(settled).toHaveBeenCalledOnce();
  });

  test('do not mind a manual clock that moves with the timers', async () => {
    const { breaker, clock } = createBreaker({ callTimeout: 100, slowCallDuration: 100 });
    const call = breaker.tryCall(hanging);

    clock.advance(100);
    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false });
    expect(breaker.metrics.totals).toMatchObject({ slow: 1, timeouts: 1 });
  });

  test('take a task that settles in the same turn as its deadline for in time', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const call = breaker.tryCall(() => new Promise((resolve) => setTimeout(resolve, 99, 'just')));

    await vi.advanceTimersByTimeAsync(200);

    expect(await call).toEqual({ ok: true, value: 'just' });
  });

  test('settle a probe that times out while its breaker fails others', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, failureThreshold: 1 });
    const slow = breaker.tryCall(hanging);
    await breaker.tryCall(failing());

    await vi.advanceTimersByTimeAsync(100);
    await slow;

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', attempt: 1, totals: { failures: 2, opened: 1 } });
  });
});

describe('the fallback of a call that has timed out', () => {
  test('runs in the asynchronous context of its own call', async () => {
    const requests = new AsyncLocalStorage<string>();
    const { breaker } = createBreaker({ callTimeout: 100, fallback: () => requests.getStore() });
    const calls = ['Ada', 'Bob'].map((user) => requests.run(user, () => breaker.call<unknown>(hanging)));

    await vi.advanceTimersByTimeAsync(100);

    expect(await Promise.all(calls)).toEqual(['Ada', 'Bob']);
  });

  test('runs in the affairs of its own call, where it was given for the call', async () => {
    const requests = new AsyncLocalStorage<string>();
    const { breaker } = createBreaker({ callTimeout: 100 });
    const fallback = () => requests.getStore();
    const calls = ['Ada', 'Bob'].map((user) =>
      requests.run(user, () => breaker.call<unknown>(hanging, { fallback })),
    );

    await vi.advanceTimersByTimeAsync(100);

    expect(await Promise.all(calls)).toEqual(['Ada', 'Bob']);
  });

  test('answers too when it was given while the call was running', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const call = breaker.call<unknown>(hanging);

    breaker.update({ fallback: () => 'instead' });
    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toBe('instead');
  });
});
