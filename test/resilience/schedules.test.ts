/**
 * Random schedules of calls, aborts, openings and pauses: what must hold whatever happens when. `npm run test:schedules`
 * runs a thousand of each.
 */
import { CircuitBreakerRegistry } from 'recloser';
import { applyConfig } from 'recloser/presets';
import {
  Bulkhead,
  isRejection,
  RateLimiter,
  Resilience,
  type ResilienceOptions,
  ResilienceRegistry,
} from 'recloser/resilience';
import type { ManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { dice } from '../../examples/storm/clock.mjs';
import { countedSignal } from './made.js';
import { timedClock } from './timed-clock.js';

const SCHEDULES = Math.ceil(Number(process.env.RECLOSER_SCHEDULES ?? 4_000) / 100);

type Random = () => number;

const pick = <T>(random: Random, ...from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** Runs so long, and then ends as it is told; it looks at no signal. */
function work(clock: ManualClock, ms: number, fails: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    clock.setTimeout?.(() => (fails ? reject(new Error('down')) : resolve(ms)), ms);
  });
}

describe(`in ${SCHEDULES} random schedules (more: npm run test:schedules)`, () => {
  it('a bulkhead is never overfull, keeps the order, starves nobody, and leaves nothing behind', async () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = dice(seed);
      const clock = timedClock(random);
      const [limit, queue, maxWait] = [
        pick(random, 1, 2, 3),
        pick(random, 1, 3, 20),
        pick(random, 0, 50, 400),
      ];
      const bulkhead = new Bulkhead({ limit, queue, maxWait, clock });
      const signals = [countedSignal(), countedSignal()];
      const entered: number[] = [];
      const calls: Promise<unknown>[] = [];
      let allowed = limit;
      let running = 0;
      for (let call = 0; call < 30; call++) {
        const [length, fails, hasSignal] = [random() * 100, random() < 0.3, random() < 0.6];
        const { signal } = pick(random, ...signals);
        const task = () => {
          entered.push(call);
          running++;
          expect(running, `seed ${seed}`).toBeLessThanOrEqual(Math.max(allowed, bulkhead.limit));
          if (fails && length < 20) {
            running--;
            throw new Error('at once');
          }
          return work(clock, length, fails).finally(() => running--);
        };
        calls.push(bulkhead.run(task, hasSignal ? { signal } : undefined).catch((error) => error));
        expect(bulkhead.waiting, `seed ${seed}`).toBeLessThanOrEqual(queue);
        if (random() < 0.05) {
          const index = Math.floor(random() * signals.length);
          signals[index]?.controller.abort('gone');
          signals[index] = countedSignal();
        }
        if (random() < 0.05) {
          allowed = bulkhead.limit;
          bulkhead.update({ limit: pick(random, 1, 2, 4) });
        }
        await clock.advance(random() * 30);
        if (bulkhead.running <= bulkhead.limit) allowed = bulkhead.limit;
        // Who waits does so since there is no place.
        if (bulkhead.waiting > 0)
          expect(bulkhead.running, `seed ${seed}`).toBeGreaterThanOrEqual(bulkhead.limit);
      }
      await clock.advance(2_000);
      await Promise.all(calls);

      expect(entered, `seed ${seed}`).toEqual([...entered].sort((a, b) => a - b));
      expect([running, bulkhead.running, bulkhead.waiting, clock.timers], `seed ${seed}`).toEqual([
        0, 0, 0, 0,
      ]);
      expect(
        signals.map(({ listeners }) => listeners()),
        `seed ${seed}`,
      ).toEqual([0, 0]);
    }
  });

  it('a rate limit never lets through more, keeps the order and the spacing, and lets nobody wait too long', async () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = dice(seed);
      const clock = timedClock(random);
      const [limit, per, spacing] = [
        pick(random, 1, 2, 5),
        pick(random, 10, 100),
        pick(random, 0, 0, 7, 150),
      ];
      const maxWait = pick(random, 0, 90, 500);
      const limiter = new RateLimiter({ limit, per, spacing, queue: pick(random, 1, 4, 20), maxWait, clock });
      const signals = [countedSignal(), countedSignal()];
      const started: { readonly call: number; readonly at: number; readonly waited: number }[] = [];
      const calls: Promise<unknown>[] = [];
      for (let call = 0; call < 30; call++) {
        const since = clock.now();
        const task = () => {
          started.push({ call, at: clock.now(), waited: clock.now() - since });
          if (random() < 0.2) throw new Error('down');
        };
        const { signal } = pick(random, ...signals);
        calls.push(limiter.run(task, random() < 0.6 ? { signal } : undefined).catch((error) => error));
        if (random() < 0.05) {
          const index = Math.floor(random() * signals.length);
          signals[index]?.controller.abort('gone');
          signals[index] = countedSignal();
        }
        if (random() < 0.05) limiter.pause(random() * 100);
        await clock.advance(random() * 30);
        if (limiter.waiting > 0) expect(limiter.tryTake(), `seed ${seed}`).toBe(false);
      }
      await clock.advance(5_000);
      await Promise.all(calls);

      started.forEach(({ call, at, waited }, index) => {
        const [before, oldest] = [started[index - 1], started[index - limit]];
        if (oldest !== undefined && at - oldest.at < per - 1e-9)
          expect.fail(`seed ${seed}: too many in ${per} ms`);
        if (before !== undefined && at - before.at < spacing - 1e-9) expect.fail(`seed ${seed}: too near`);
        if (before !== undefined && call < before.call) expect.fail(`seed ${seed}: out of order`);
        // A timer knows whole milliseconds, and each in the queue may come late by one.
        if (waited > maxWait + 20) expect.fail(`seed ${seed}: waited ${waited} of ${maxWait} ms`);
      });
      expect([limiter.waiting, clock.timers], `seed ${seed}`).toEqual([0, 0]);
      expect(
        signals.map(({ listeners }) => listeners()),
        `seed ${seed}`,
      ).toEqual([0, 0]);
    }
  });

  it('a Resilience keeps to its limits and its budget, answers every call, and leaves nothing behind', async () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = dice(seed);
      const clock = timedClock(random);
      const begin = clock.now();
      const places = pick(random, 1, 2, 5);
      const rate = { limit: pick(random, 1, 3), per: 100 };
      const budget = {
        initial: pick(random, 0, 2, 10),
        ratio: pick(random, 0, 0.2, 1),
        perSecond: pick(random, 0, 5),
      };
      const options: ResilienceOptions = {
        name: 'users',
        clock,
        retry: pick<ResilienceOptions['retry']>(
          random,
          false,
          { maxAttempts: 3, backoff: 20 },
          { maxAttempts: 4, backoff: 5, whenOpen: 'wait' },
        ),
        totalTimeout: pick(random, 40, 300, 1_000),
        callTimeout: pick<number | false>(random, false, 60),
        hedge: pick<ResilienceOptions['hedge']>(random, false, { delay: 15, maxHedges: 2 }),
        bulkhead: random() < 0.7 && { limit: places, queue: 4, maxWait: pick(random, 20, 200) },
        rateLimit: random() < 0.6 && { ...rate, queue: 4, maxWait: 200 },
        retryBudget: random() < 0.9 && budget,
        breakerCounts: pick<'attempts' | 'calls'>(random, 'attempts', 'attempts', 'calls'),
        fallback: pick<ResilienceOptions['fallback']>(random, undefined, undefined, () => 'fallback'),
        mode: pick<'active' | 'observe'>(random, 'active', 'active', 'active', 'observe'),
        recoveryTimeout: 50,
        failureThreshold: 3,
        maxConcurrentCalls: pick(random, Number.POSITIVE_INFINITY, 4),
      };
      const users = new Resilience(options);
      const signals = [countedSignal(), countedSignal()];
      const starts: number[] = [];
      const answers: Promise<{ readonly ok: boolean; readonly attempts: number }>[] = [];
      let settled = 0;
      let successes = 0;
      for (let call = 0; call < 25; call++) {
        const { signal } = pick(random, ...signals);
        const task = () => {
          starts.push(clock.now());
          const { metrics, bulkhead } = users;
          if (bulkhead !== undefined && metrics.running > places) expect.fail(`seed ${seed}: overfull`);
          if (random() < 0.1) throw new Error('at once');
          return work(clock, random() * 120, random() < 0.4).then((it) => {
            successes++;
            return it;
          });
        };
        const answer = users.tryCall(task, random() < 0.7 ? { signal } : undefined);
        answer.finally(() => settled++);
        answers.push(answer);
        const event = random();
        if (event < 0.08) {
          const index = Math.floor(random() * signals.length);
          signals[index]?.controller.abort('gone');
          signals[index] = countedSignal();
        } else if (event < 0.13) users.breaker.trip();
        else if (event < 0.15) users.rateLimiter?.pause(50);
        else if (event < 0.18) users.breaker.reset();
        else if (event < 0.2) users.breaker.forceOpen();
        await clock.advance(random() * 40);
        const { totals } = users.metrics;
        const bound =
          budget.initial + budget.ratio * successes + (budget.perSecond * (clock.now() - begin)) / 1_000;
        if (options.retryBudget && totals.retries + totals.hedges > bound + 1e-9)
          expect.fail(`seed ${seed}: ${totals.retries + totals.hedges} of ${bound}`);
      }
      await clock.advance(3_000);

      expect(settled, `seed ${seed}`).toBe(25);
      const results = await Promise.all(answers);
      if (users.rateLimiter !== undefined) {
        starts.forEach((start, index) => {
          const before = starts[index - rate.limit];
          if (before !== undefined && start - before < rate.per - 1e-9)
            expect.fail(`seed ${seed}: too many starts`);
        });
      }
      const { metrics, breaker } = users;
      expect(metrics, `seed ${seed}`).toMatchObject({
        running: 0,
        waiting: { bulkhead: 0, rateLimit: 0, backoff: 0 },
      });
      expect([users.bulkhead?.running ?? 0, users.bulkhead?.waiting ?? 0], `seed ${seed}`).toEqual([0, 0]);
      expect([users.rateLimiter?.waiting ?? 0, clock.timers], `seed ${seed}`).toEqual([0, 0]);
      expect(breaker.metrics.inFlight, `seed ${seed}`).toBe(0);
      expect(
        signals.map(({ listeners }) => listeners()),
        `seed ${seed}`,
      ).toEqual([0, 0]);
      expect(metrics.totals.attempts, `seed ${seed}`).toBe(starts.length);
      expect(
        results.reduce((sum, { attempts }) => sum + attempts, 0),
        `seed ${seed}`,
      ).toBe(starts.length);
      const { attempts, retries, hedges } = metrics.totals;
      expect(attempts - retries - hedges, `seed ${seed}`).toBeLessThanOrEqual(25);
    }
  });

  it('a Resilience whose listeners abort, trip and configure it meanwhile leaves nothing behind', async () => {
    let configured = 0;
    // Each takes as long as several of the others.
    for (let seed = 0; seed < SCHEDULES; seed += 4) {
      const random = dice(seed);
      const clock = timedClock(random);
      const breakers = new CircuitBreakerRegistry({
        clock,
        defaults: { failureThreshold: pick(random, 3, 1_000), recoveryTimeout: 50 },
      });
      const registry = new ResilienceRegistry({ breakers });
      const options = () => ({
        retry: pick<object | string>(
          random,
          'none',
          { maxAttempts: 3, backoff: 10 },
          { backoff: 5, whenOpen: 'wait' },
        ),
        totalTimeout: pick(random, 100, 1_000),
        hedge: pick<object | false>(random, false, { delay: 15, maxHedges: 2 }),
        bulkhead: pick<object | false>(random, false, { limit: 2, queue: 3, maxWait: 60 }, { limit: 1 }),
        rateLimit: pick<object | false>(random, false, { limit: 2, per: 50, queue: 4 }),
        retryBudget: pick<object | false>(random, false, {}),
        breakerCounts: pick(random, 'attempts', 'calls'),
      });
      const users = registry.getOrCreate('users', options() as ResilienceOptions);
      const callers = [new AbortController(), new AbortController()];
      const limits = new Set([users.bulkhead]);
      let depth = 0;
      const act = () => {
        const event = random();
        if (depth > 2) return;
        depth++;
        if (event < 0.3) {
          const index = Math.floor(random() * callers.length);
          callers[index]?.abort('gone');
          callers[index] = new AbortController();
        } else if (event < 0.4) users.breaker.trip();
        else if (event < 0.5) users.breaker.reset();
        else if (event < 0.7) {
          configured++;
          applyConfig(
            breakers,
            { resilience: { names: { users: options() } } },
            { env: {}, resilience: registry },
          );
          limits.add(users.bulkhead);
        }
        depth--;
      };
      for (const event of ['retry', 'stop', 'hedge', 'wait', 'reject'] as const)
        users.on(event, () => random() < 0.3 && act());
      for (const event of ['success', 'failure', 'ignore', 'reject', 'open', 'halfOpen'] as const)
        users.breaker.on(event, () => random() < 0.3 && act());
      let [runs, settled] = [0, 0];
      for (let call = 0; call < 25; call++) {
        const task = () => {
          runs++;
          return work(clock, random() * 80, random() < 0.4);
        };
        const { signal } = pick(random, ...callers);
        const answer = random() < 0.3 ? users.call(task) : users.tryCall(task, { signal });
        answer.then(
          () => settled++,
          () => settled++,
        );
        if (random() < 0.2) act();
        await clock.advance(random() * 30);
      }
      users.breaker.reset();
      await clock.advance(3_000);

      const { metrics, breaker } = users;
      expect([settled, metrics.totals.attempts, clock.timers], `seed ${seed}`).toEqual([25, runs, 0]);
      expect([metrics.running, breaker.metrics.inFlight, metrics.waiting], `seed ${seed}`).toEqual([
        0,
        0,
        { bulkhead: 0, rateLimit: 0, backoff: 0 },
      ]);
      for (const limit of limits)
        expect([limit?.running ?? 0, limit?.waiting ?? 0], `seed ${seed}`).toEqual([0, 0]);
    }
    expect(configured).toBeGreaterThan(SCHEDULES);
  });

  it('a Resilience with a bulkhead alone, through which calls take the short way, keeps to it', async () => {
    let waits = 0;
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = dice(seed);
      const clock = timedClock(random);
      const places = pick(random, 1, 2, 5);
      const users = new Resilience({
        name: 'users',
        clock,
        retry: pick<ResilienceOptions['retry']>(random, false, { maxAttempts: 3, backoff: 20 }),
        bulkhead: { limit: places, queue: 4, maxWait: pick(random, 20, 200) },
        isFailure: ({ value, error }) => error !== undefined || value === 503,
        recoveryTimeout: 50,
        failureThreshold: 3,
        maxConcurrentCalls: pick(random, Number.POSITIVE_INFINITY, 1),
      });
      const calls: Promise<unknown>[] = [];
      const rejections: unknown[] = [];
      let running = 0;
      let runs = 0;
      for (let call = 0; call < 25; call++) {
        const task = () => {
          runs++;
          if (++running > places) expect.fail(`seed ${seed}: overfull`);
          if (random() < 0.1) {
            running--;
            throw new Error('at once');
          }
          const answer = random() < 0.2 ? 503 : 200;
          return work(clock, random() * 80, random() < 0.3)
            .then(() => answer)
            .finally(() => running--);
        };
        calls.push(users.call(task).catch((error) => isRejection(error) && rejections.push(error)));
        const event = random();
        if (event < 0.06) users.breaker.trip();
        else if (event < 0.09) users.breaker.reset();
        else if (event < 0.11) users.breaker.forceOpen();
        await clock.advance(random() * 40);
      }
      await clock.advance(3_000);
      await Promise.all(calls);

      const { metrics, breaker, bulkhead } = users;
      waits += metrics.totals.waits;
      expect([running, metrics.running, bulkhead?.running, bulkhead?.waiting], `seed ${seed}`).toEqual([
        0, 0, 0, 0,
      ]);
      expect([breaker.metrics.inFlight, clock.timers, metrics.totals.attempts], `seed ${seed}`).toEqual([
        0,
        0,
        runs,
      ]);
      expect([metrics.totals.calls, metrics.waiting.backoff], `seed ${seed}`).toEqual([25, 0]);
      expect(metrics.totals.attempts - metrics.totals.retries + rejections.length, `seed ${seed}`).toBe(25);
    }
    expect(waits).toBeGreaterThan(SCHEDULES);
  });
});
