import {
  Bulkhead,
  isBulkheadFullError,
  isRateLimitError,
  RateLimiter,
  Resilience,
  type ResilienceOptions,
} from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { timedClock } from './timed-clock.js';

describe('a bulkhead', () => {
  it('lets in who waited longest, and starves nobody when one leaves the queue', async () => {
    const clock = timedClock();
    const bulkhead = new Bulkhead({ limit: 1, queue: 3, clock });
    const first = deferred();
    const order: number[] = [];
    const controller = new AbortController();
    const held = bulkhead.run(() => first.promise);
    const one = bulkhead.run(() => order.push(1), { signal: controller.signal }).catch((it) => it);
    const two = bulkhead.run(() => order.push(2));

    controller.abort('gone');
    first.resolve(0);
    await Promise.all([held, two]);

    expect([await one, order, bulkhead.running, bulkhead.waiting]).toEqual(['gone', [2], 0, 0]);
    expect(clock.timers).toBe(0);
  });

  it('tells how long somebody waited in vain', async () => {
    const clock = timedClock();
    const bulkhead = new Bulkhead({ limit: 1, queue: 1, maxWait: 50, clock });
    const held = deferred();
    const running = bulkhead.run(() => held.promise);

    const waiting = bulkhead.run(() => 1).catch((it) => it);
    const full = await bulkhead.run(() => 1).catch((it) => it);
    await clock.advance(50);
    const error = await waiting;

    expect([isBulkheadFullError(full), full.reason]).toEqual([true, 'full']);
    expect(error).toMatchObject({
      code: 'ERR_BULKHEAD_FULL',
      reason: 'wait',
      waited: 50,
      limit: 1,
      queue: 1,
    });
    held.resolve(1);
    await running;
    expect(bulkhead.running).toBe(0);
  });

  it.each([[{}], [{ limit: 0 }], [0], [{ limit: 1, maxWait: Number.POSITIVE_INFINITY }]])(
    'refuses %j',
    (options) => {
      expect(() => new Bulkhead(options as never)).toThrow('Cannot create bulkhead: `');
    },
  );
});

describe('a rate limit', () => {
  it('never lets more start in any interval than its limit, in order', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 3, per: 1_000, queue: 100, maxWait: 60_000, clock });
    const starts: number[] = [];
    const order: number[] = [];

    for (let task = 0; task < 10; task++) {
      void limiter.run(() => {
        order.push(task);
        starts.push(clock.now());
      });
      await clock.advance(100);
    }
    await clock.advance(10_000);

    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(starts.map((it) => it - 1_000)).toEqual([
      0, 100, 200, 1_000, 1_100, 1_200, 2_000, 2_100, 2_200, 3_000,
    ]);
    expect(clock.timers).toBe(0);
  });

  it('keeps starts apart, and knows when the next one may be', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 10, spacing: 50, clock });
    limiter.tryTake();

    expect(limiter.retryAfter).toBe(50);
    expect(limiter.tryTake()).toBe(false);
  });

  it('holds everybody while it is paused, and tells who would wait too long', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 5, maxWait: 500, clock });
    limiter.tryTake();
    const waiting = limiter.run(() => 1).catch((it) => it);

    limiter.pause(1_000);
    const error = await waiting;

    expect(isRateLimitError(error)).toBe(true);
    expect([error.reason, error.retryAfter, limiter.pausedFor, limiter.waiting]).toEqual([
      'wait',
      1_000,
      1_000,
      0,
    ]);
    expect(clock.timers).toBe(0);
  });

  it('moves the others up when one leaves', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 5, clock });
    limiter.tryTake();
    const controller = new AbortController();
    const gone = limiter.run(() => 1, { signal: controller.signal }).catch((it) => it);
    const next = limiter.run(() => clock.now() - 1_000);

    controller.abort('gone');
    await clock.advance(100);

    expect([await gone, await next]).toEqual(['gone', 100]);
  });
});

describe('what the limits of a dependency have refused', () => {
  const nest = (resilience: Resilience) => resilience.call(() => resilience.call(() => 1)).catch((it) => it);

  it.each<[string, string, ResilienceOptions]>([
    ['a bulkhead', 'ERR_BULKHEAD_FULL', { bulkhead: 1 }],
    ['a bulkhead, where calls count', 'ERR_BULKHEAD_FULL', { bulkhead: 1, breakerCounts: 'calls' }],
    ['a bulkhead beside a deadline', 'ERR_BULKHEAD_FULL', { bulkhead: 1, totalTimeout: 1_000 }],
    ['a rate limit', 'ERR_RATE_LIMITED', { rateLimit: { limit: 1 } }],
  ])('says nothing of it as the outcome of a call further out: %s', async (_, code, limits) => {
    const resilience = new Resilience({ failureThreshold: 1, ...limits });

    const error = await nest(resilience);

    expect(error.code).toBe(code);
    expect(resilience.breaker.metrics).toMatchObject({
      state: 'CLOSED',
      lastFailure: null,
      totals: { successes: 0, failures: 0 },
    });
  });

  it('says nothing as a cause, nor gathered', async () => {
    const resilience = new Resilience({ failureThreshold: 1, bulkhead: 1 });

    await resilience.tryCall(() => Promise.any([resilience.call(() => 1), resilience.call(() => 2)]));
    await resilience.tryCall(async () => {
      throw new Error('no user', { cause: await resilience.call(() => 1).catch((it) => it) });
    });

    expect(resilience.breaker.metrics.totals).toMatchObject({ ignored: 2, failures: 0 });
  });

  it('is a failure where it was a limit of somebody else', async () => {
    const other = new Resilience({ bulkhead: 1 });
    const resilience = new Resilience({ failureThreshold: 1, bulkhead: 1 });

    await other.call(() => resilience.tryCall(() => other.call(() => 1)));

    expect(resilience.breaker.state).toBe('OPEN');
  });
});

describe('a queue that hundreds leave at once', () => {
  const MANY = 500;

  /** So many who wait, each with a signal of its own; what their runs rejected with. */
  function fill(run: (signal: AbortSignal) => Promise<unknown>) {
    const controllers = Array.from({ length: MANY }, () => new AbortController());
    const ends = Promise.all(controllers.map(({ signal }) => run(signal).catch((reason) => reason)));
    return { controllers, ends };
  }

  it('works out the turns of a rate limit once, for whoever is left', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 10, queue: MANY + 1, maxWait: 1_000_000, clock });
    const order: string[] = [];
    limiter.tryTake();
    const { controllers, ends } = fill((signal) => limiter.run(() => 0, { signal }));
    const last = limiter.run(() => order.push('last'));
    const now = clock.now.bind(clock);
    let reads = 0;
    clock.now = () => {
      reads++;
      return now();
    };

    for (const controller of controllers) controller.abort('gone');

    expect([limiter.waiting, reads < 10]).toEqual([1, true]);
    expect(await ends).toEqual(controllers.map(() => 'gone'));
    expect(limiter.retryAfter).toBe(20);
    await clock.advance(10);
    await last;
    expect([order, limiter.waiting, clock.timers]).toEqual([['last'], 0, 0]);
  });

  it('leaves a bulkhead in order, whoever goes', async () => {
    const clock = timedClock();
    const bulkhead = new Bulkhead({ limit: 1, queue: MANY + 3, clock });
    const held = deferred();
    const order: number[] = [];
    const running = bulkhead.run(() => held.promise);
    const first = bulkhead.run(() => order.push(1));
    const { controllers, ends } = fill((signal) => bulkhead.run(() => 0, { signal }));
    const second = bulkhead.run(() => order.push(2));

    for (const controller of controllers.reverse()) controller.abort('gone');
    expect(bulkhead.waiting).toBe(2);
    const third = bulkhead.run(() => order.push(3));
    held.resolve(0);
    await Promise.all([running, first, second, third]);

    expect(await ends).toEqual(controllers.map(() => 'gone'));
    expect([order, bulkhead.running, bulkhead.waiting, clock.timers]).toEqual([[1, 2, 3], 0, 0, 0]);
  });
});
