import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { CircuitBreaker, CircuitBreakerRegistry, withCircuitBreaker } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createBreaker, createOpen, failing, hanging } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { collectGarbage } from '../support/garbage.mjs';
import { createRegistry } from '../support/registries.js';
import { quiet, watchWarnings } from '../support/runtime.js';

/** The engine itself may still hold the last one or two that it has seen. */
const HANDFUL = 5;

/** How many of the objects that `create` makes survive when nobody holds them. */
async function survivorsOf(count: number, create: () => Promise<object>): Promise<number> {
  const made: WeakRef<object>[] = [];
  for (let i = 0; i < count; i++) made.push(new WeakRef(await create()));
  await collectGarbage();
  return made.filter((ref) => ref.deref() !== undefined).length;
}

test('a registry holds no breaker that has come back and was then deleted', async () => {
  const { registry } = createRegistry({ maxSize: 1 });
  let names = 0;
  const create = async () => {
    const name = `host-${names++}`;
    const breaker = registry.getOrCreate(name);
    breaker.trip();
    registry.getOrCreate('another'); // looks whom to evict, and sets this one aside
    breaker.reset();
    registry.get(name);
    registry.clear();
    return breaker;
  };

  const survivors = await survivorsOf(20, create);

  expect(survivors).toBeLessThanOrEqual(HANDFUL);
});

describe('one long-lived signal', () => {
  test('has no listener left after 100,000 calls', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, failureRateThreshold: false });
    const { signal } = new AbortController();
    const options = { signal };
    let most = 0;

    for (let i = 0; i < 1_000; i++) {
      await Promise.all(Array.from({ length: 100 }, () => breaker.call(() => i, options)));
      most = Math.max(most, getEventListeners(signal, 'abort').length);
    }
    await quiet();

    expect(breaker.metrics.totals.calls).toBe(100_000);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(most).toBeLessThanOrEqual(100);
  });

  test('has no listener left after failures, fallbacks, rejections and timeouts', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { signal } = new AbortController();
    const { breaker } = createBreaker({
      failureThreshold: false,
      failureRateThreshold: false,
      callTimeout: 10,
    });
    const calls: Promise<unknown>[] = [];

    for (let i = 0; i < 100; i++) {
      calls.push(breaker.tryCall(failing(), { signal }));
      calls.push(breaker.tryCall<unknown>(failing(), { signal, fallback: async () => i }));
      calls.push(breaker.tryCall(hanging, { signal }));
    }
    await vi.advanceTimersByTimeAsync(10);
    breaker.trip();
    for (let i = 0; i < 100; i++)
      calls.push(breaker.tryCall<unknown>(hanging, { signal, fallback: async () => i }));
    await Promise.all(calls);
    await vi.advanceTimersByTimeAsync(0);

    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('the timer of calls keeps the store of no request alive', async () => {
  const requests = new AsyncLocalStorage<object>();
  const { breaker } = createBreaker({ callTimeout: 1_000_000 });
  const answer = deferred();

  const survivors = await survivorsOf(50, async () => {
    const store = {};
    await requests.run(store, () => breaker.call(async () => 1));
    // One is left pending all the while, so that there always is a timer.
    if (breaker.metrics.inFlight === 0) void breaker.call(() => answer.promise);
    return store;
  });
  answer.resolve(1);
  await quiet();

  expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { successes: 51 } });
  expect(survivors).toBeLessThan(HANDFUL);
});

test('50 calls at once on one signal are one listener, and no warning', async () => {
  const warnings = watchWarnings();
  const { breaker } = createBreaker({ callTimeout: 1_000_000 });
  const caller = new AbortController();

  const calls = Array.from({ length: 50 }, () =>
    breaker.tryCall(
      ({ signal }) => new Promise((_, reject) => (signal.onabort = () => reject(signal.reason))),
      {
        signal: caller.signal,
      },
    ),
  );

  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
  caller.abort(new Error('gone'));
  const results = await Promise.all(calls);
  expect(results.filter(({ ok }) => ok)).toEqual([]);
  await quiet();
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  expect(warnings).toEqual([]);
});

describe('10,000 dropped breakers', () => {
  test('are collected when they are idle', async () => {
    const survivors = await survivorsOf(10_000, async () => new CircuitBreaker());

    expect(survivors).toBeLessThan(HANDFUL);
  });

  test('are collected after calls of every kind', async () => {
    const { signal } = new AbortController();

    const survivors = await survivorsOf(2_000, async () => {
      const breaker = new CircuitBreaker({ callTimeout: 10_000, failureThreshold: 1, slowCallDuration: 1 });
      recordEvents(breaker);
      await breaker.tryCall(async () => 1, { signal });
      await breaker.tryCall(failing(), { signal });
      await breaker.tryCall(async () => 1);
      breaker.snapshot();
      return breaker;
    });

    expect(survivors).toBeLessThan(HANDFUL);
  });

  test('are collected with permits that nobody settled', async () => {
    const survivors = await survivorsOf(100, async () => {
      const breaker = new CircuitBreaker();
      breaker.acquire();
      return breaker;
    });

    expect(survivors).toBeLessThan(HANDFUL);
  });
});

describe('500 dropped registries', () => {
  test('are collected with breakers, listeners and calls behind them', async () => {
    const { signal } = new AbortController();

    const survivors = await survivorsOf(500, async () => {
      const defaults = { failureThreshold: 1, callTimeout: 10_000 };
      const registry = new CircuitBreakerRegistry({ maxSize: 10, defaults });
      registry.on('transition', () => registry.summary());
      const users = registry.getOrCreate('users');
      recordEvents(users);
      await users.tryCall(async () => 1, { signal });
      await users.tryCall(failing(), { signal });
      void registry.getOrCreate('mail').call(hanging, { callTimeout: false });
      await withCircuitBreaker('prices', { registry })(async () => 1)();
      registry.restore(registry.toJSON());
      return registry;
    });

    expect(survivors).toBeLessThan(HANDFUL);
  });

  test('leave none of their breakers behind', async () => {
    const survivors = await survivorsOf(500, async () => {
      const breaker = new CircuitBreakerRegistry().getOrCreate('users');
      await breaker.tryCall(failing());
      return breaker;
    });

    expect(survivors).toBeLessThan(HANDFUL);
  });
});

describe('500 breakers that a registry deleted', () => {
  test('are collected while the registry lives on', async () => {
    const registry = new CircuitBreakerRegistry();
    registry.on('transition', () => {});

    const survivors = await survivorsOf(500, async () => {
      const breaker = registry.getOrCreate('users');
      await breaker.tryCall(failing());
      registry.delete('users');
      return breaker;
    });

    expect(survivors).toBeLessThan(HANDFUL);
    expect(registry.size).toBe(0);
  });
});

describe('a breaker at rest', () => {
  const timersIn = () =>
    process.getActiveResourcesInfo().filter((resource) => /timeout|immediate/i.test(resource)).length;

  test.each<[string, () => Promise<unknown>]>([
    ['is new', async () => createBreaker()],
    ['is OPEN', async () => createOpen()],
    [
      'has had calls with timeouts',
      async () => {
        const { breaker } = createBreaker({ callTimeout: 10_000 });
        await breaker.call(async () => 1);
        await breaker.tryCall(failing());
        return breaker;
      },
    ],
    [
      'is HALF_OPEN with a probe out',
      async () => {
        const { breaker } = createOpen({ recoveryTimeout: 0 });
        void breaker.call(hanging);
        return breaker;
      },
    ],
  ])('holds no handle when it %s', async (_, create) => {
    const before = timersIn();

    const held = await create();
    await quiet();

    expect(timersIn()).toBeLessThanOrEqual(before);
    expect(held).toBeDefined();
  });

  test('sets no timer and no interval', () => {
    const set = [
      vi.spyOn(globalThis, 'setTimeout'),
      vi.spyOn(globalThis, 'setInterval'),
      vi.spyOn(globalThis, 'setImmediate'),
    ];

    const { breaker } = createBreaker({
      callTimeout: 10,
      window: { type: 'time' },
      recoveryTimeout: 10,
      probeTimeout: 10,
    });
    breaker.trip();
    breaker.tryAcquire();
    breaker.forceOpen();
    breaker.reset();

    expect(set.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
  });

  test('does not grow with failures', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, failureRateThreshold: false });
    for (let i = 0; i < 200; i++) await breaker.tryCall(failing());
    const { length } = JSON.stringify(breaker.snapshot());

    for (let i = 0; i < 2_000; i++) await breaker.tryCall(failing());

    expect(JSON.stringify(breaker.snapshot()).length).toBeLessThan(length + 50);
  });
});
