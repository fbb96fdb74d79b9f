import CircuitBreaker, { Semaphore } from 'recloser/opossum';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { quiet, watchRuntime } from '../support/runtime.js';
import { down, never, outcome } from './scenario.js';

/** A breaker that is half-open, on a clock of its own. */
async function halfOpen(action: (...args: unknown[]) => unknown, options = {}) {
  const clock = createManualClock();
  const breaker = new CircuitBreaker<unknown[], unknown>(async (...args: unknown[]) => action(...args), {
    timeout: false,
    resetTimeout: 50,
    clock,
    ...options,
  });
  const open = async () => {
    breaker.open();
    await clock.advance(50);
  };
  return { breaker, clock, open };
}

describe('a probe of the face', () => {
  it('decides nothing where the filter threw: nothing is known of its error', async () => {
    const { uncaught } = watchRuntime();
    const errorFilter = () => {
      throw new Error('of the filter');
    };
    const { breaker, open } = await halfOpen(down, { errorFilter });
    await open();

    expect(await outcome(breaker.fire())).toBe('down');
    await quiet();

    expect([breaker.halfOpen, breaker.pendingClose, uncaught.length]).toEqual([true, true, 1]);
    expect(breaker.core.metrics.inFlight).toBe(0);
  });

  it('decides nothing where what it failed with is a rejection of its own breaker', async () => {
    const { breaker, open } = await halfOpen((again) => (again ? breaker.fire() : 'up'));
    await open();

    expect(await outcome(breaker.fire(true))).toBe('EOPENBREAKER');

    expect([breaker.halfOpen, breaker.pendingClose]).toEqual([true, true]);
    expect(await breaker.fire()).toBe('up');
    expect(breaker.closed).toBe(true);
  });

  it('gives its leave back where the semaphore is full', async () => {
    const { breaker, open } = await halfOpen(never, { capacity: 1 });
    void breaker.fire();
    await open();

    expect(await outcome(breaker.fire())).toBe('ESEMLOCKED');

    expect([breaker.halfOpen, breaker.pendingClose, breaker.core.metrics.inFlight]).toEqual([true, true, 1]);
  });
});

describe('what a breaker of the face has for its calls', () => {
  it('is a controller that is new when it closes, where controllers are renewed', () => {
    const breaker = new CircuitBreaker(async () => 1, { autoRenewAbortController: true });
    breaker.open();
    const before = breaker.getSignal();
    breaker.getAbortController()?.abort();

    breaker.close();

    expect(before?.aborted).toBe(true);
    expect(breaker.getSignal()?.aborted).toBe(false);
  });

  it('is no timer any more after a shutdown', async () => {
    const { breaker, clock } = await halfOpen(async () => 1);
    let checks = 0;
    breaker.healthCheck(async () => checks++, 20);
    breaker.open();
    await clock.advance(20);

    breaker.shutdown();

    expect([checks, clock.timers]).toEqual([2, 0]);
  });

  it('is a semaphore, whose places go to who has waited longest', async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.take();
    const order: string[] = [];
    const take = async (name: string) => {
      const it = await semaphore.take();
      order.push(name);
      return it;
    };
    const [first, second] = [take('first'), take('second')];

    release();
    const next = await first;

    expect([semaphore.count, ...order]).toEqual([0, 'first']);
    next();
    (await second)();
    expect([semaphore.count, ...order]).toEqual([1, 'first', 'second']);
  });

  it('is a semaphore that says when nobody gave a place in time', async () => {
    const semaphore = new Semaphore(1);
    await semaphore.take();

    await expect(semaphore.take(1)).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: 'Timed out after 1ms',
    });

    semaphore.release();
    expect(semaphore.count).toBe(1);
  });
});

describe('an action that no call can run', () => {
  it.each<[string, unknown]>([
    ['a class', class Users {}],
    [
      'an async generator function',
      async function* () {
        yield 1;
      },
    ],
  ])('is refused at once: %s', (what, action) => {
    expect(() => new CircuitBreaker(action as never)).toThrow(
      `its action must be a function, received ${what}`,
    );
  });
});

it('a filter that answers a promise is reported, and what it was asked about says nothing', async () => {
  const { uncaught } = watchRuntime();
  const errorFilter = (async () => Promise.reject(new Error('late'))) as never;
  const breaker = new CircuitBreaker(down, { errorFilter });

  expect(await outcome(breaker.fire())).toBe('down');
  await quiet();

  expect(uncaught.map(String)).toEqual(['TypeError: `errorFilter` must answer at once, received a promise']);
  expect([breaker.stats.successes, breaker.stats.failures]).toEqual([0, 0]);
});
