import {
  Bulkhead,
  isBulkheadFullError,
  isRateLimitError,
  RateLimiter,
  Resilience,
} from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { dice } from '../../examples/storm/clock.mjs';
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

/** `RECLOSER_SCHEDULES=5000 npx vitest run --project src test/resilience/limits.test.ts` runs more. */
const SCHEDULES = Number(process.env.RECLOSER_SCHEDULES ?? 40);

describe('queues', () => {
  it(`stay sound in ${SCHEDULES} random schedules (more: RECLOSER_SCHEDULES=5000)`, async () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = dice(seed);
      const clock = timedClock(random);
      const [limit, per] = [1 + Math.floor(random() * 3), 100];
      const places = 1 + Math.floor(random() * 3);
      const users = new Resilience({
        name: 'users',
        clock,
        bulkhead: { limit: places, queue: 4, maxWait: 200 },
        rateLimit: { limit, per, queue: 4, maxWait: 200 },
        retry: { maxAttempts: 3, backoff: 20 },
        callTimeout: 60,
        totalTimeout: 300,
        recoveryTimeout: 50,
      });
      const starts: number[] = [];
      let running = 0;
      const answers: Promise<unknown>[] = [];
      for (let call = 0; call < 25; call++) {
        const controller = new AbortController();
        const [length, fails] = [random() * 120, random() < 0.4];
        answers.push(
          users.tryCall(
            async ({ signal }) => {
              starts.push(clock.now());
              running++;
              if (running > places) expect.fail(`seed ${seed}: ${running} of ${places} places`);
              await new Promise<void>((resolve) => {
                const timer = clock.setTimeout?.(resolve, length);
                signal.addEventListener('abort', () => {
                  clock.clearTimeout?.(timer);
                  resolve();
                });
              }).finally(() => running--);
              if (fails) throw new Error('down');
              return 1;
            },
            { signal: controller.signal },
          ),
        );
        const event = random();
        if (event < 0.15) controller.abort('gone');
        else if (event < 0.2) users.breaker.trip();
        else if (event < 0.22) users.rateLimiter?.pause(50);
        else if (event < 0.25) users.breaker.reset();
        await clock.advance(random() * 40);
      }
      await clock.advance(2_000);

      const results = await Promise.all(answers);
      expect(results.length, `seed ${seed}`).toBe(25);
      starts.forEach((start, index) => {
        const before = starts[index - limit];
        if (before !== undefined && start - before < per) expect.fail(`seed ${seed}: too many in ${per} ms`);
      });
      expect(
        [users.bulkhead?.running, users.bulkhead?.waiting, users.rateLimiter?.waiting],
        `seed ${seed}`,
      ).toEqual([0, 0, 0]);
      expect(users.metrics, `seed ${seed}`).toMatchObject({
        running: 0,
        waiting: { bulkhead: 0, rateLimit: 0, backoff: 0 },
      });
      expect(users.breaker.metrics.inFlight, `seed ${seed}`).toBe(0);
      expect(clock.timers, `seed ${seed}`).toBe(0);
      const { refused, ...totals } = users.metrics.totals;
      expect(totals.attempts, `seed ${seed}`).toBe(starts.length);
    }
  });
});
