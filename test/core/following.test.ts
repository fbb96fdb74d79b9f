import type { CallContext } from 'recloser';
import { describe, expect, test } from 'vitest';
import { createBreaker, errorOf, hanging } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { collectGarbage } from '../support/garbage.mjs';
import { quiet } from '../support/runtime.js';

/** A signal of some library: it says no more than it must, and shows who listens. */
function plainSignal() {
  const listeners = new Set<() => void>();
  let additions = 0;
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener(_: 'abort', listener: () => void) {
      additions++;
      listeners.add(listener);
    },
    removeEventListener(_: 'abort', listener: () => void) {
      listeners.delete(listener);
    },
  };
  const abort = (reason?: unknown) => {
    Object.assign(signal, { aborted: true, reason });
    for (const listener of [...listeners]) listener();
  };
  return { signal: signal as unknown as AbortSignal, listeners, abort, additions: () => additions };
}

describe('calls on one signal', () => {
  test('share a listener until the last of them has ended', async () => {
    const { breaker } = createBreaker();
    const { signal, listeners } = plainSignal();
    const tasks = [deferred(), deferred(), deferred()];
    const calls = tasks.map(({ promise }) => breaker.call(() => promise, { signal }));
    const counts: number[] = [listeners.size];

    for (const [i, task] of tasks.entries()) {
      task.resolve(i);
      await calls[i];
      counts.push(listeners.size);
    }

    expect(counts).toEqual([1, 1, 1, 0]);
  });

  test('share it whichever of them ends first', async () => {
    const { breaker } = createBreaker();
    const { signal, listeners } = plainSignal();
    const first = deferred();
    const call = breaker.call(() => first.promise, { signal });
    await breaker.call(async () => 'second', { signal });

    expect(listeners.size).toBe(1);
    first.resolve('first');
    await call;
    await breaker.call(async () => expect(listeners.size).toBe(1), { signal });

    expect(listeners.size).toBe(0);
  });

  test('are all given up when it aborts', async () => {
    const { breaker } = createBreaker();
    const { signal, listeners, abort } = plainSignal();
    const calls = [1, 2, 3].map(() => breaker.tryCall(hanging, { signal }));

    abort('gone');

    expect(await Promise.all(calls)).toMatchObject([{ error: 'gone' }, { error: 'gone' }, { error: 'gone' }]);
    expect(breaker.metrics.inFlight).toBe(0);
    expect(listeners.size).toBe(0);
  });

  test('are told what a platform would say where it says nothing', async () => {
    const { breaker } = createBreaker();
    const { signal, abort } = plainSignal();
    const result = breaker.tryCall(hanging, { signal });

    abort();

    expect(await result).toMatchObject({
      error: expect.objectContaining({ name: 'AbortError', message: 'This operation was aborted' }),
    });
  });

  test('listen once where nobody can stop listening', async () => {
    const { breaker } = createBreaker();
    const { signal, additions } = plainSignal();
    Object.assign(signal, { removeEventListener: undefined });

    for (let i = 0; i < 3; i++) await breaker.call(async () => i, { signal });

    expect(additions()).toBe(1);
  });
});

/** An error at which nobody can look. */
function unreadable(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('a signal that throws', () => {
  test('where it should tell its reason gives up its calls all the same', async () => {
    const { breaker } = createBreaker();
    const { signal, abort } = plainSignal();
    const calls = [1, 2].map(() => breaker.call(hanging, { signal }));
    const throwing = {
      get() {
        throw new Error('broken signal');
      },
      set() {},
    };
    Object.defineProperty(signal, 'reason', throwing);

    abort();

    for (const call of calls) expect(await errorOf(call)).toMatchObject({ name: 'AbortError' });
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 2 } });
    expect(await errorOf(breaker.call(hanging, { signal }))).toMatchObject({ name: 'AbortError' });
  });

  test('at whoever stops listening disturbs no call', async () => {
    const { breaker } = createBreaker();
    const { signal } = plainSignal();
    Object.defineProperty(signal, 'removeEventListener', {
      get() {
        throw new Error('broken signal');
      },
    });

    expect(await breaker.call(async () => 'well', { signal })).toBe('well');
    await quiet();
  });
});

test('a reason at which nobody can look is told to all who are given up', async () => {
  const { breaker } = createBreaker();
  const { signal, abort } = plainSignal();
  const calls = [1, 2].map(() => breaker.call(hanging, { signal }));
  const reason = unreadable();

  abort(reason);

  for (const call of calls)
    await call.then(
      () => expect.unreachable(),
      (error) => expect(Object.is(error, reason)).toBe(true),
    );
  expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 2 } });
});

describe('the signal of a call', () => {
  const seen = async (context: CallContext) => ({ answer: {}, held: new WeakRef(context.signal) });

  test('stops following when nobody holds it', async () => {
    const { breaker } = createBreaker();
    const { signal, listeners } = plainSignal();
    await breaker.call(
      async (context) => {
        context.signal.throwIfAborted();
      },
      { signal },
    );

    for (let i = 0; i < 20 && listeners.size > 0; i++) {
      await collectGarbage();
      await quiet();
    }

    expect(listeners.size).toBe(0);
  });

  test.each<[string, () => { whole: unknown; kept: object }]>([
    [
      'answer',
      () => {
        const whole = {};
        return { whole, kept: whole };
      },
    ],
    [
      'body of a response that it answered',
      () => {
        const whole = new Response('body');
        return { whole, kept: whole.body as object };
      },
    ],
  ])('follows as long as somebody holds the %s', async (_, create) => {
    const { breaker } = createBreaker();
    const { signal, abort } = plainSignal();
    let held: WeakRef<AbortSignal> | undefined;
    const start = async () => {
      const { whole, kept } = create();
      await breaker.call(
        async (context) => {
          held = (await seen(context)).held;
          return whole;
        },
        { signal },
      );
      return kept;
    };
    const kept = await start();
    await collectGarbage();
    await collectGarbage();

    abort('gone');

    expect(held?.deref()?.reason).toBe('gone');
    expect(kept).toBeDefined();
  });

  test.each([undefined, null, 7, 'text', new Response(null)])(
    'follows beside the answer %s',
    async (answer) => {
      const { breaker } = createBreaker();
      const { signal } = plainSignal();

      const got = await breaker.call(
        async (context) => {
          expect(context.signal.aborted).toBe(false);
          return answer;
        },
        { signal },
      );

      expect(got).toBe(answer);
    },
  );
});
