import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import {
  callsSpared,
  followResilience,
  type ResilienceFigures,
  resilienceSource,
  type WatchedResilience,
} from '../../src/core/resilience-source.js';

const FIGURES = { budget: null, pausedFor: 0 } as unknown as ResilienceFigures;

/** What is around a breaker: it counts who listens, and tells a retry. */
function fakeResilience(members: Partial<WatchedResilience> = {}) {
  const listeners = new Map<string, Set<(event: never) => void>>();
  const resilience: WatchedResilience = {
    metrics: FIGURES,
    on(event, listener) {
      const own = listeners.get(event) ?? new Set();
      listeners.set(event, own.add(listener as (event: never) => void));
      return () => void own.delete(listener as (event: never) => void);
    },
    ...members,
  };
  const heardBy = () => [...listeners.values()].reduce((sum, { size }) => sum + size, 0);
  const retry = (breaker: string) => {
    for (const listener of listeners.get('retry') ?? []) listener({ breaker, delay: 5 } as never);
  };
  return { resilience, heardBy, retry };
}

function createFollowed() {
  const registry = new CircuitBreakerRegistry();
  const around = new Map<string, WatchedResilience>();
  const retried = vi.fn();
  registry.getOrCreate('users');
  const start = () => followResilience(registry, around, { retry: retried, stop: () => {} });
  return { registry, around, retried, start };
}

describe('what is around breakers', () => {
  test('may be anything that can be asked by name', () => {
    expect(resilienceSource(new Map())).toBeUndefined();
    expect(resilienceSource({})).toBe('a ResilienceRegistry of recloser/resilience');
  });

  test('has spared the calls that it gave up for two reasons', () => {
    const totals = (refused: Record<string, number>) =>
      ({ refused }) as unknown as ResilienceFigures['totals'];

    expect(callsSpared(totals({ open: 3, budget: 2, attempts: 9 }))).toEqual({ open: 3, budget: 2 });
    expect(callsSpared(totals({}))).toEqual({ open: 0, budget: 0 });
  });

  test('is listened to from the beginning, once', () => {
    const { around, retried, start } = createFollowed();
    const { resilience, heardBy, retry } = fakeResilience();
    around.set('users', resilience);

    const followed = start();
    const on = vi.spyOn(resilience, 'on');
    followed.figuresOf('users');
    retry('users');

    expect(on).not.toHaveBeenCalled();
    expect(heardBy()).toBe(2);
    expect(retried.mock.calls).toEqual([[{ breaker: 'users', delay: 5 }]]);
  });

  test.each<[string, (registry: CircuitBreakerRegistry) => void]>([
    ['the breaker opens', (registry) => registry.get('users')?.trip()],
    [
      'the breaker rejects',
      (registry) => {
        registry.get('users')?.tryAcquire();
      },
    ],
  ])('is found when %s', (_, happen) => {
    const { registry, around, start } = createFollowed();
    const users = registry.get('users');
    if (_.endsWith('rejects')) users?.trip();
    start();
    const { resilience, heardBy } = fakeResilience();
    around.set('users', resilience);

    happen(registry);

    expect(heardBy()).toBe(2);
  });

  test('is found right after its breaker was made, and forgotten with it', async () => {
    const { registry, around, start } = createFollowed();
    start();
    const { resilience, heardBy } = fakeResilience();

    registry.getOrCreate('orders');
    around.set('orders', resilience);
    await Promise.resolve();
    expect(heardBy()).toBe(2);
    registry.delete('orders');

    expect(heardBy()).toBe(0);
  });

  test('may be another one later', () => {
    const { around, start } = createFollowed();
    const [before, after] = [fakeResilience(), fakeResilience()];
    around.set('users', before.resilience);
    const followed = start();

    around.set('users', after.resilience);
    followed.figuresOf('users');

    expect([before.heardBy(), after.heardBy()]).toEqual([0, 2]);
  });

  test('is followed around a single breaker', () => {
    const { around } = createFollowed();
    const breaker = new CircuitBreaker({ name: 'users' });
    const { resilience, heardBy } = fakeResilience();
    around.set('users', resilience);

    const followed = followResilience(breaker, around, { retry: () => {}, wait: () => {} });
    expect(heardBy()).toBe(2);
    followed.stop();

    expect(heardBy()).toBe(0);
  });

  test('is not found any more by whoever has stopped', () => {
    const { registry, around, start } = createFollowed();
    const { resilience, heardBy } = fakeResilience();
    start().stop();
    around.set('users', resilience);

    registry.get('users')?.trip();

    expect(heardBy()).toBe(0);
  });

  test('tells its figures, and how many may wait where it says so', () => {
    const { around, start } = createFollowed();
    around.set(
      'users',
      fakeResilience({ bulkhead: { queue: 7 }, rateLimiter: { queue: 'many' } }).resilience,
    );

    expect(start().figuresOf('users')).toEqual({
      ...FIGURES,
      limits: { bulkhead: 7, rateLimit: undefined },
    });
    expect(start().figuresOf('orders')).toBeUndefined();
  });

  test('that cannot be asked keeps nobody from watching', () => {
    const { registry, around, start } = createFollowed();
    vi.spyOn(around, 'get').mockImplementation(() => {
      throw new Error('broken source');
    });

    const followed = start();
    registry.get('users')?.trip();

    expect(registry.get('users')?.state).toBe('OPEN');
    expect(followed.figuresOf('users')).toBeUndefined();
  });
});
