import { EventEmitter } from 'node:events';
import { explain } from 'recloser/monitor';
import CircuitBreaker, { MemoryCache, Semaphore, Status } from 'recloser/opossum';
import { describe, expect, it, vi } from 'vitest';
import { manualClock } from '../support/manual-clock.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { DIFFERENT, DIFFERENT_AT_THE_EDGES, SAME } from './all.js';

describe('a breaker with the API of opossum', () => {
  it.each([...SAME, ...DIFFERENT])('$name', async ({ run, expected }) => {
    expect(await run(CircuitBreaker)).toEqual(expected);
  });

  it.each(DIFFERENT_AT_THE_EDGES)('$name', async ({ run, expected }) => {
    const { uncaught } = watchRuntime();

    expect(await run(CircuitBreaker)).toEqual(expected);
    await quiet();

    const message = expect.stringMatching(/^of (?:a listener|the filter|the cache)$/);
    expect(uncaught).toEqual([expect.objectContaining({ message })]);
  });

  it('settles every call of a recursion that ends with a full stack, and loses no place', async () => {
    const lost: unknown[] = [];
    for (let depth = 0; depth < 24; depth++) {
      const breaker = new CircuitBreaker((): unknown => breaker.fire(), {
        timeout: depth % 2 === 0 ? 1_000 : false,
        capacity: 1_000_000,
        errorThresholdPercentage: 101,
      });
      const fireBelow = (frames: number): unknown =>
        frames === 0 ? breaker.fire().catch(() => {}) : [fireBelow(frames - 1)][0];

      try {
        await fireBelow(depth * 3);
      } catch {
        // The stack was full before there was a promise.
      }
      await new Promise((resolve) => setImmediate(resolve));

      lost.push(breaker.core.metrics.inFlight, 1_000_000 - breaker.semaphore.count);
      breaker.shutdown();
    }

    expect(new Set(lost)).toEqual(new Set([0]));
  });

  it('gives a place back and answers, whatever a spy in place of `emit` throws', async () => {
    const breaker = new CircuitBreaker(async () => 'up', { capacity: 1 });
    breaker.emit = (event) => {
      if (event === 'success') throw new Error('of a spy');
      return true;
    };

    const { unhandled } = watchRuntime();

    expect(await breaker.fire()).toBe('up');
    await quiet();

    expect(unhandled).toEqual([expect.objectContaining({ message: 'of a spy' })]);
    expect([breaker.semaphore.count, breaker.core.metrics.inFlight]).toEqual([1, 0]);
  });

  it.each([null, 3, 'words', {}])('refuses %o as a fallback, with what it may be', (target) => {
    const breaker = new CircuitBreaker(async () => 1);
    if (target === null) expect(breaker.fallback(target)).toBe(breaker);
    else expect(() => breaker.fallback(target as never)).toThrow('must be a function or a breaker, received');
  });

  it('is an EventEmitter over a core breaker that can be explained', () => {
    const breaker = new CircuitBreaker(async () => 1, { name: 'prices' });

    breaker.open();

    expect(breaker).toBeInstanceOf(EventEmitter);
    expect(breaker.core.state).toBe('OPEN');
    expect(explain(breaker.core)).toMatchObject({ breaker: 'prices', state: 'OPEN' });
  });

  it('carries the core’s error as the cause of a rejection', async () => {
    const breaker = new CircuitBreaker(async () => 1, { name: 'prices' });
    breaker.open();

    const error = await breaker.fire().catch((it) => it);

    expect(error.cause).toMatchObject({ code: 'ERR_CIRCUIT_OPEN', breaker: 'prices', reason: 'open' });
  });

  it.each([
    [{ timeout: Number.NaN }, 'timeout'],
    [{ timeout: -1 }, 'timeout'],
    [{ resetTimeout: 'soon' }, 'resetTimeout'],
    [{ errorThresholdPercentage: -5 }, 'errorThresholdPercentage'],
    [{ rollingCountBuckets: 1.5 }, 'rollingCountBuckets'],
  ])('refuses %o', (options, option) => {
    expect(() => new CircuitBreaker(async () => 1, options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTIONS', option }),
    );
  });

  it('takes numbers in strings for numbers', () => {
    const breaker = new CircuitBreaker(async () => 1, { timeout: '250', volumeThreshold: '10' } as never);

    expect([breaker.options.timeout, breaker.volumeThreshold]).toEqual([250, 10]);
  });

  it('counts exactly: 7 of 25 are not above 28 per cent', async () => {
    const outcomes = [...Array(18).fill(true), ...Array(7).fill(false)];
    const breaker = new CircuitBreaker(
      async () => {
        if (!outcomes.shift()) throw new Error('down');
      },
      { errorThresholdPercentage: 28, volumeThreshold: 25 },
    );

    for (let i = 0; i < 25; i++) await breaker.fire().catch(() => {});

    expect(breaker.closed).toBe(true);
  });

  it('lets options be set while it lives, and refuses what they may not be', () => {
    const breaker = new CircuitBreaker(async () => 1);

    breaker.options.resetTimeout = 70;

    expect(breaker.core.options.recoveryTimeout).toBe(70);
    expect(() => {
      breaker.options.resetTimeout = -1;
    }).toThrow('resetTimeout');
  });

  it('shows an empty window after an hour, with nothing running at rest', async () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker(async () => 1, { clock });
    await breaker.fire();

    clock.advance(3_600_000);

    expect(breaker.stats.successes).toBe(0);
  });

  it('moves by fake timers that leave its clock alone', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const breaker = new CircuitBreaker(async () => 'up', { resetTimeout: 30_000 });
      breaker.open();

      vi.advanceTimersByTime(30_000);

      expect(breaker.halfOpen).toBe(true);
      expect(await breaker.fire()).toBe('up');
      expect(breaker.closed).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('hears nothing of what is done to its listeners', async () => {
    const breaker = new CircuitBreaker(() => Promise.reject(new Error('down')));
    breaker.removeAllListeners();

    await breaker.fire().catch(() => {});

    expect([breaker.opened, breaker.stats.failures]).toEqual([true, 1]);
    expect(breaker.eventNames()).toHaveLength(13);
  });

  it('exports what used to be deep imports', async () => {
    const semaphore = new Semaphore(1);

    expect([semaphore.test(), semaphore.test(), semaphore.count]).toEqual([true, false, 0]);
    semaphore.release();
    expect(semaphore.count).toBe(1);
    expect(CircuitBreaker.newStatus({ rollingCountBuckets: 3 }).window).toHaveLength(3);
    expect(new Status().stats.latencyMean).toBe(0);
    const cache = new MemoryCache(1);
    cache.set('a', 1, 0);
    cache.set('b', 2, 0);
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 2]);
  });
});
