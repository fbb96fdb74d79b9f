import { getEventListeners } from 'node:events';
import { type CallContext, CircuitBreakerOpenError } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  errorOf,
  failing,
  hanging,
  heard,
  namesIn,
} from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A task that hangs and keeps its context for the test to look at. */
function observed() {
  const contexts: CallContext[] = [];
  const task = (context: CallContext) => {
    contexts.push(context);
    return hanging();
  };
  return { contexts, task, signal: () => contexts[0]?.signal as AbortSignal };
}

function countControllers(): { made: number } {
  const count = { made: 0 };
  vi.stubGlobal(
    'AbortController',
    class extends AbortController {
      constructor() {
        super();
        count.made++;
      }
    },
  );
  return count;
}

describe('the signal of a call', () => {
  test('is an AbortSignal that is not aborted', async () => {
    const { breaker } = createBreaker();

    const signal = await breaker.call((context) => context.signal);

    expect(signal).toBeInstanceOf(AbortSignal);
    expect(signal.aborted).toBe(false);
  });

  test('is the same whenever it is read', async () => {
    const { breaker } = createBreaker();

    const [first, second] = await breaker.call((context) => [context.signal, context.signal]);

    expect(first).toBe(second);
  });

  test('is its own', async () => {
    const { breaker } = createBreaker();

    const first = await breaker.call((context) => context.signal);
    const second = await breaker.call((context) => context.signal);

    expect(first).not.toBe(second);
  });

  test('is not the caller’s', async () => {
    const { breaker } = createBreaker();
    const { signal } = new AbortController();

    const own = await breaker.call((context) => context.signal, { signal });

    expect(own).not.toBe(signal);
  });

  test.each<[string, object]>([
    ['nothing else', {}],
    ['a timeout', { callTimeout: 1_000 }],
    ['the caller’s signal', { signal: new AbortController().signal }],
  ])('is not made with %s unless the task reads it', async (_, options) => {
    const count = countControllers();
    const { breaker } = createBreaker();

    await breaker.call(async () => 'fine', options);

    expect(count.made).toBe(0);
  });

  test('is made once when the task reads it', async () => {
    const count = countControllers();
    const { breaker } = createBreaker();

    await breaker.call(async (context) => [context.signal, context.signal]);

    expect(count.made).toBe(1);
  });

  test("follows the caller's after the call has settled, for who holds it", async () => {
    const { breaker } = createBreaker({ callTimeout: 1_000 });
    const caller = new AbortController();
    const signal = await breaker.call((context) => context.signal, { signal: caller.signal });

    caller.abort('gone');

    expect(signal).toMatchObject({ aborted: true, reason: 'gone' });
  });

  test('is not aborted when the task fails', async () => {
    const { breaker } = createBreaker();
    let signal: AbortSignal | undefined;

    await breaker.tryCall((context) => {
      signal = context.signal;
      throw new Error('boom');
    });

    expect(signal?.aborted).toBe(false);
  });

  test('follows the caller’s, with its reason', async () => {
    const { breaker } = createBreaker();
    const { task, signal } = observed();
    const caller = new AbortController();
    const reason = new Error('gone');
    const call = errorOf(breaker.call(task, { signal: caller.signal }));
    expect(signal().aborted).toBe(false);

    caller.abort(reason);

    expect(signal().aborted).toBe(true);
    expect(signal().reason).toBe(reason);
    expect(await call).toBe(reason);
  });

  test('follows the caller’s when it is first read after the abort', async () => {
    const { breaker } = createBreaker();
    const { task, contexts } = observed();
    const caller = new AbortController();
    const call = errorOf(breaker.call(task, { signal: caller.signal }));

    caller.abort('gone');

    expect(await call).toBe('gone');
    expect(contexts[0]?.signal.reason).toBe('gone');
  });

  test('follows the caller’s while the task is still starting', async () => {
    const { breaker } = createBreaker();
    const caller = new AbortController();
    let aborted: boolean | undefined;

    await breaker.tryCall(
      async ({ signal }) => {
        caller.abort();
        aborted = signal.aborted;
      },
      { signal: caller.signal },
    );

    expect(aborted).toBe(true);
  });
});

describe('the caller’s abort', () => {
  test('rejects at once with the signal’s reason, though the task hangs', async () => {
    const { breaker } = createBreaker();
    const caller = new AbortController();
    const call = errorOf(breaker.call(hanging, { signal: caller.signal }));

    caller.abort();
    const error = await call;

    expect(error).toBe(caller.signal.reason);
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  test('is ignored: no failure of the dependency', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const ignored = heard(breaker, 'ignore');
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort('gone');
    await call;

    expect(breaker.metrics).toMatchObject({
      state: 'CLOSED',
      inFlight: 0,
      lastFailure: null,
      window: { calls: 0 },
      totals: { calls: 1, ignored: 1, failures: 0 },
    });
    expect(ignored).toMatchObject([{ breaker: 'test', error: 'gone' }]);
  });

  test('is ignored whatever the filters say', async () => {
    const { breaker } = createBreaker({ isFailure: () => true, trackedErrors: [DOMException] });
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort();
    await call;

    expect(breaker.metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  test('is ignored though the task answers the abort with an error', async () => {
    const { breaker } = createBreaker();
    const caller = new AbortController();
    const call = breaker.tryCall(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('by the task')));
        }),
      { signal: caller.signal },
    );

    caller.abort('gone');

    expect(await call).toMatchObject({ ok: false, error: 'gone' });
    expect(breaker.metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  test('is ignored though the task hears of it first, from the caller’s own signal', async () => {
    const { breaker } = createBreaker();
    const caller = new AbortController();
    const aborted = new Promise((_, reject) => {
      caller.signal.addEventListener('abort', () => reject(new Error('by the task')));
    });
    const call = breaker.tryCall(() => aborted, { signal: caller.signal });

    caller.abort('gone');

    expect(await call).toMatchObject({ ok: false, error: 'gone' });
    expect(breaker.metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  test('gives the permit of a probe back', async () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1, successThreshold: 1 });
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort();
    await call;
    await breaker.call(async () => 'fine');

    expect(breaker.state).toBe('CLOSED');
  });

  test('makes what the task does later no unhandled rejection', async () => {
    const { unhandled, uncaught } = watchRuntime();
    const { breaker } = createBreaker();
    const caller = new AbortController();
    const task = deferred();
    const call = breaker.tryCall(() => task.promise, { signal: caller.signal });

    caller.abort();
    task.reject(new Error('too late'));
    await call;
    await quiet();

    expect([unhandled, uncaught]).toEqual([[], []]);
    expect(breaker.metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  test('gets no fallback', async () => {
    const fallback = vi.fn();
    const { breaker } = createBreaker({ fallback });
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort();

    expect(await call).toMatchObject({ ok: false });
    expect(fallback).not.toHaveBeenCalled();
  });

  test('settles a call once with a timeout that comes later', async () => {
    vi.useFakeTimers();
    const { breaker } = createBreaker({ callTimeout: 100 });
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort('gone');
    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false, error: 'gone' });
    expect(breaker.metrics.totals).toMatchObject({ ignored: 1, failures: 0, timeouts: 0 });
  });

  test('changes nothing after a timeout', async () => {
    vi.useFakeTimers();
    const { breaker } = createBreaker({ callTimeout: 100 });
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    await vi.advanceTimersByTimeAsync(100);
    caller.abort('gone');

    expect(await call).toMatchObject({ ok: false, error: { code: 'ERR_CALL_TIMEOUT' } });
    expect(breaker.metrics.totals).toMatchObject({ ignored: 0, failures: 1, timeouts: 1 });
  });

  test('ends one call of many', async () => {
    const { breaker } = createBreaker();
    const caller = new AbortController();
    const { task, contexts } = observed();
    const call = breaker.tryCall(task, { signal: caller.signal });
    void breaker.tryCall(task);
    void breaker.tryCall(task, { signal: new AbortController().signal });

    caller.abort();
    await call;

    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, false, false]);
    expect(breaker.metrics.inFlight).toBe(2);
  });

  test('ends a fallback that hangs', async () => {
    const { breaker } = createBreaker({ fallback: hanging });
    const caller = new AbortController();
    const call = errorOf(breaker.call(failing(), { signal: caller.signal }));
    await quiet();

    caller.abort('gone');

    expect(await call).toBe('gone');
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, ignored: 0, fallbacks: 1 });
  });

  test('ends a fallback that hangs after a rejection', async () => {
    const { breaker } = createOpen({ fallback: hanging });
    const caller = new AbortController();
    const call = errorOf(breaker.call(async () => 1, { signal: caller.signal }));

    caller.abort('gone');

    expect(await call).toBe('gone');
  });

  test('is seen though a listener aborts while the call is being admitted', async () => {
    const { breaker } = createRecovered();
    const caller = new AbortController();
    breaker.on('halfOpen', () => caller.abort('gone'));

    const result = await Promise.race([breaker.tryCall(hanging, { signal: caller.signal }), quiet()]);

    expect(result).toMatchObject({ ok: false, error: 'gone' });
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { failures: 0 } });
  });

  test('is seen though a listener aborts while the call is being rejected', async () => {
    const { breaker } = createOpen({ fallback: hanging });
    const caller = new AbortController();
    breaker.on('reject', () => caller.abort('gone'));

    const result = await Promise.race([breaker.tryCall(hanging, { signal: caller.signal }), quiet()]);

    expect(result).toMatchObject({ ok: false, error: 'gone' });
  });

  test.each<[string, 'fails' | 'times out' | 'is rejected']>([
    ['fails', 'fails'],
    ['times out', 'times out'],
    ['is rejected', 'is rejected'],
  ])('aborts the signal of the fallback of a call that %s', async (_, ending) => {
    vi.useFakeTimers();
    let signal: AbortSignal | undefined;
    const { breaker } = (ending === 'is rejected' ? createOpen : createBreaker)({
      callTimeout: 100,
      fallback: (_error, context) => {
        signal = context.signal;
        return hanging();
      },
    });
    const caller = new AbortController();
    const call = breaker.tryCall(ending === 'fails' ? failing() : hanging, { signal: caller.signal });
    await vi.advanceTimersByTimeAsync(100);
    const before = signal?.aborted;

    caller.abort('gone');
    await call;

    expect(before).toBe(false);
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBe('gone');
  });
});

describe('a signal that was aborted already', () => {
  test('rejects with its reason before the task runs', async () => {
    const { breaker } = createBreaker();
    const task = vi.fn();
    const reason = new Error('gone');

    const error = await errorOf(breaker.call(task, { signal: AbortSignal.abort(reason) }));

    expect(error).toBe(reason);
    expect(task).not.toHaveBeenCalled();
  });

  test('takes no permit and is no call', async () => {
    const { breaker } = createRecovered();
    const names = recordEvents(breaker);

    await breaker.tryCall(async () => 1, { signal: AbortSignal.abort() });

    expect(breaker.state).toBe('OPEN');
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 0, ignored: 0, rejected: 0 } });
    expect(namesIn(names)).toEqual([]);
  });

  test('goes before a rejection by the breaker', async () => {
    const { breaker } = createOpen();

    const error = await errorOf(breaker.call(async () => 1, { signal: AbortSignal.abort('gone') }));

    expect(error).toBe('gone');
    expect(breaker.metrics.totals.rejected).toBe(0);
  });

  test('gets no fallback', async () => {
    const fallback = vi.fn();
    const { breaker } = createOpen({ fallback });

    await breaker.tryCall(async () => 1, { signal: AbortSignal.abort() });

    expect(fallback).not.toHaveBeenCalled();
  });

  test('gets nothing attached', async () => {
    const { breaker } = createBreaker();
    const signal = AbortSignal.abort();

    await breaker.tryCall(async () => 1, { signal });

    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('the caller’s signal', () => {
  const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

  test('has nothing attached when the caller hears of the result', async () => {
    const { breaker } = createBreaker();
    const { signal } = new AbortController();

    await breaker.call(async () => 'fine', { signal });

    expect(listeners(signal)).toBe(0);
  });

  test('has nothing attached when the caller hears of the failure', async () => {
    const { breaker } = createBreaker();
    const { signal } = new AbortController();

    await errorOf(breaker.call(failing(), { signal }));

    expect(listeners(signal)).toBe(0);
  });

  test('has nothing attached after a timeout, though the task goes on', async () => {
    vi.useFakeTimers();
    const { breaker } = createBreaker({ callTimeout: 100 });
    const { signal } = new AbortController();
    const call = breaker.tryCall(hanging, { signal });

    await vi.advanceTimersByTimeAsync(100);
    await call;

    expect(listeners(signal)).toBe(0);
  });

  test('has nothing attached after its abort', async () => {
    const { breaker } = createBreaker();
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort();
    await call;

    expect(listeners(caller.signal)).toBe(0);
  });

  test('has nothing attached after a fallback', async () => {
    const { breaker } = createBreaker({ fallback: async () => 'instead' });
    const { signal } = new AbortController();

    await breaker.call(failing(), { signal });
    await quiet();

    expect(listeners(signal)).toBe(0);
  });

  test('has nothing attached after a rejection', async () => {
    const { breaker } = createOpen();
    const { signal } = new AbortController();

    const error = await errorOf(breaker.call(async () => 1, { signal }));

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(listeners(signal)).toBe(0);
  });

  test('has nothing attached after a task that throws before it returns', async () => {
    const { breaker } = createBreaker();
    const { signal } = new AbortController();

    await breaker.tryCall(
      () => {
        throw new Error('boom');
      },
      { signal },
    );

    expect(listeners(signal)).toBe(0);
  });
});

describe('a signal that aborts while the call is being admitted', () => {
  test('keeps the task from running', async () => {
    const caller = new AbortController();
    const { breaker } = createRecovered({ onHalfOpen: () => caller.abort(new Error('gone')) });
    const task = vi.fn(async () => 'unreached');

    const result = await breaker.tryCall(task, { signal: caller.signal });

    expect(result).toMatchObject({ ok: false, error: new Error('gone') });
    expect(task).not.toHaveBeenCalled();
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });
});

describe('the signal of a context', () => {
  test('is one, however often it is read', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });

    const signals = await breaker.call(async (context) => [context.signal, context.signal]);

    expect(signals[0]).toBe(signals[1]);
  });

  test.each(['caller', 'timeout'] as const)(
    'that is first read after the end of its call has its reason: %s',
    async (end) => {
      vi.useFakeTimers();
      onTestFinished(() => {
        vi.useRealTimers();
      });
      const { breaker } = createBreaker({ callTimeout: 100 });
      const caller = new AbortController();
      const contexts: CallContext[] = [];
      const call = breaker.tryCall(
        (context) => {
          contexts.push(context);
          return hanging();
        },
        { signal: caller.signal },
      );

      if (end === 'caller') caller.abort('gone');
      else await vi.advanceTimersByTimeAsync(100);
      const { error } = (await call) as { error: unknown };

      expect(contexts[0]?.signal.aborted).toBe(true);
      expect(contexts[0]?.signal.reason).toBe(error);
    },
  );
});
