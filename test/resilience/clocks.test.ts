/** Clocks that tell no time, or begin anew: they neither admit nor refuse, hold nothing and reach no caller. */
import { CircuitBreaker } from 'recloser';
import { adaptive } from 'recloser/adaptive';
import { CircuitBreaker as Face } from 'recloser/opossum';
import { createMemoryRedis } from 'recloser/redis';
import { Bulkhead, RateLimiter, Resilience, RetryBudget } from 'recloser/resilience';
import { guardStream } from 'recloser/stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { quiet, watchRuntime } from '../support/runtime.js';

const ABSURD: Readonly<Record<string, () => unknown>> = {
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  'a bigint': () => 5n,
  'a string': () => 'noon',
  nothing: () => undefined,
  'an error': () => {
    throw new Error('no time');
  },
};

/** A clock by which it is noon until it is told otherwise, and platform's timers. */
function breakable() {
  let read: () => unknown = () => 1_000;
  const clock = { now: () => read() as number };
  return {
    clock,
    breakAs: (broken: () => unknown) => (read = broken),
    set: (now: number) => (read = () => now),
  };
}

const fails = async () => {
  throw new Error('down');
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

describe.each(Object.entries(ABSURD))('a clock that tells %s', (_, absurd) => {
  it('lets a rate limiter admit what it may, and no more', async () => {
    const { clock, breakAs, set } = breakable();
    const limiter = new RateLimiter({ limit: 2, per: 1_000, clock });
    limiter.tryTake();

    breakAs(absurd);
    const meanwhile = [limiter.tryTake(), limiter.tryTake(), limiter.tryTake()];
    set(2_000);

    expect(meanwhile).toEqual([true, false, false]);
    expect([limiter.tryTake(), limiter.tryTake(), limiter.tryTake()]).toEqual([true, true, false]);
  });

  it('lets who waits for a bulkhead wait no longer than he may', async () => {
    const { clock, breakAs } = breakable();
    const bulkhead = new Bulkhead({ limit: 1, queue: 1, maxWait: 50, clock });
    const running = bulkhead.run(() => new Promise((resolve) => setTimeout(resolve, 200)));

    breakAs(absurd);
    const waiting = bulkhead.run(async () => 'in').catch((error: Error) => error.name);
    await vi.advanceTimersByTimeAsync(60);

    expect(await waiting).toBe('BulkheadFullError');
    await vi.advanceTimersByTimeAsync(200);
    await running;
    expect([bulkhead.running, bulkhead.waiting]).toEqual([0, 0]);
  });

  it('pays nothing into a budget', () => {
    const { clock, breakAs, set } = breakable();
    const budget = new RetryBudget({ initial: 1, perSecond: 1, clock });

    breakAs(absurd);
    const meanwhile = [budget.tryWithdraw(), budget.tryWithdraw(), budget.available];
    set(2_000);

    expect(meanwhile).toEqual([true, false, 0]);
    expect(budget.available).toBe(1);
  });

  it('leaves calls their answers, their tries and their deadline', async () => {
    const { clock, breakAs } = breakable();
    const around = new Resilience({ clock, totalTimeout: 100, retry: { maxAttempts: 2, backoff: 10 } });
    let tries = 0;

    breakAs(absurd);
    const fine = around.call(async () => 'fine');
    const retried = around.call(async () => (++tries < 2 ? fails() : tries));
    const hangs = around.call(() => new Promise(() => {})).catch((error: Error) => error.name);
    await vi.advanceTimersByTimeAsync(110);

    expect(await Promise.all([fine, retried, hangs])).toEqual(['fine', 2, 'TotalTimeoutError']);
    expect(around.breaker.metrics.inFlight).toBe(0);
  });

  it('stalls no stream that goes on, and ends one that does not', async () => {
    const { clock, breakAs } = breakable();
    const breaker = new CircuitBreaker({ clock, failureThreshold: 1 });
    const items = async function* (pause: number) {
      for (let item = 0; item < 3; item++) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        yield item;
      }
    };
    const read = async (pause: number) => {
      const got: number[] = [];
      for await (const item of guardStream(breaker, () => items(pause), { stallTimeout: 50 })) got.push(item);
      return got;
    };

    breakAs(absurd);
    const goesOn = read(30);
    await vi.advanceTimersByTimeAsync(100);
    const stalls = read(500).catch((error: Error) => error.name);
    await vi.advanceTimersByTimeAsync(2_000);

    expect(await goesOn).toEqual([0, 1, 2]);
    expect(await stalls).toBe('StreamTimeoutError');
  });

  it('is no matter to a detector, nor to an opossum', async () => {
    const { uncaught } = watchRuntime();
    const { clock, breakAs } = breakable();
    const breaker = new CircuitBreaker({ clock, detector: adaptive() });
    const face = new Face(async () => 'fine', { clock, timeout: false } as never);
    await breaker.call(async () => 1);

    breakAs(absurd);
    for (let call = 0; call < 50; call++) await breaker.call(async () => call);

    expect(await face.fire()).toBe('fine');
    await quiet();
    expect([breaker.state, face.opened, uncaught]).toEqual(['CLOSED', false, []]);
  });
});

describe('a clock that begins anew', () => {
  it('makes nobody wait for the time that was', async () => {
    const { clock, set } = breakable();
    const limiter = new RateLimiter({ limit: 1, per: 100, clock });
    set(3_600_000);
    limiter.tryTake();
    limiter.pause(50);

    set(0);

    expect([limiter.tryTake(), limiter.retryAfter, limiter.pausedFor]).toEqual([false, 100, 50]);
    set(100);
    expect([limiter.tryTake(), limiter.tryTake()]).toEqual([true, false]);
  });

  it('makes no call wait for it whose turns were all free', async () => {
    const { clock, set } = breakable();
    const around = new Resilience({ clock, rateLimit: { limit: 2, per: 100 } });
    const call = () =>
      around.call(async () => 'fine').catch((error: { retryAfter: number }) => error.retryAfter);
    set(3_600_000);
    const before = [await call(), await call()];

    set(0);
    const anew = await call();
    set(100);

    expect([before, anew]).toEqual([['fine', 'fine'], 100]);
    expect([await call(), await call(), await call()]).toEqual(['fine', 'fine', 100]);
  });

  it('keeps who waits in his place', async () => {
    const { clock, set } = breakable();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 2, maxWait: 500, clock });
    set(3_600_000);
    limiter.tryTake();
    const order: number[] = [];
    const first = limiter.run(() => order.push(1));

    set(0);
    const second = limiter.run(() => order.push(2));
    for (const now of [100, 200]) {
      set(now);
      await vi.advanceTimersByTimeAsync(100);
    }
    await Promise.all([first, second]);

    expect(order).toEqual([1, 2]);
  });
});

describe.each(Object.entries(ABSURD))('a clock that tells %s from the start', (_, absurd) => {
  const clock = { now: absurd as () => number };

  it.each<[string, () => unknown]>([
    ['a bulkhead', () => new Bulkhead({ limit: 1, clock })],
    ['a rate limiter', () => new RateLimiter({ limit: 1, clock })],
    ['a budget', () => new RetryBudget({ clock })],
    ['a resilience', () => new Resilience({ clock })],
    ["opossum's face", () => new Face(fails, { clock })],
    ['a Redis in memory', () => createMemoryRedis({ clock })],
  ])('is refused by %s', (_, create) => {
    expect(create).toThrow('`clock.now()`');
  });
});
