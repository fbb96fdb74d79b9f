/** What the end of the open time promises: to those who know of it alone, and to those who ask Redis. */
import { describe, expect, it } from 'vitest';
import { LEASE } from '../../src/redis/lua.js';
import { createWorld, type Instance, openAll, RECOVERY, succeed, trip, type World } from './world.js';

/** Beyond the open time, at most: ends are spread, so that not all ask at once. */
const SPREAD = 1_000;

const INTERVAL = 2_000;

/** After so long without an answer a view is stale, and every poll may be late by a quarter. */
const STALE = 3 * INTERVAL * 1.25;

/** What a caller who asks for leave waits at most, in ms. */
const PATIENCE = 50;

const EVERY = 10;

/** Milliseconds until the circuit of an instance lets a call through, while calls come. */
async function untilAdmitted(instance: Instance, { clock }: World): Promise<number> {
  const since = clock.now();
  while (clock.now() - since < RECOVERY + 2 * SPREAD) {
    const call = succeed(instance);
    await clock.advance(EVERY);
    const { ok } = await clock.settle(call);
    if (ok) return clock.now() - since;
  }
  return Number.POSITIVE_INFINITY;
}

describe.each([1, 2, 5])('of %i instances', (count) => {
  it.each([0, 3_000, 9_900])(
    'a view that is stale rejects nothing beyond it: cut off after %i ms',
    async (after) => {
      const world = await createWorld(count, { quorum: { minVotes: 1, ratio: 0 }, pollInterval: INTERVAL });
      await world.clock.advance(INTERVAL);
      for (const instance of world.instances) await trip(instance);
      await world.clock.advance(INTERVAL);
      const [one] = world.instances as [Instance];
      await world.clock.advance(Math.max(after - INTERVAL, 0));
      world.redis.stop();
      const { shared, retryAfter } = one.breaker.metrics;

      const passed = await untilAdmitted(one, world);

      expect(shared).toBe(true);
      expect(one.fleet.status().detached).toBe(true);
      expect(passed).toBeGreaterThanOrEqual(retryAfter as number);
      expect(passed).toBeLessThanOrEqual(Math.max(retryAfter as number, STALE) + PATIENCE + 2 * EVERY);
    },
  );

  it('somebody has leave soon after it, where calls come', async () => {
    const world = await createWorld(count, { quorum: { minVotes: 1, ratio: 0 } });
    await openAll(world);
    const before = world.redis.commands.length;
    const since = world.clock.now();
    const leases = () => world.redis.commands.slice(before).filter(([, script]) => script === LEASE.digest);

    const rejected = () => world.clock.now() - since < RECOVERY + SPREAD && leases().length === 0;
    while (rejected()) {
      for (const instance of world.instances) void succeed(instance);
      await world.clock.advance(EVERY);
    }

    expect(world.clock.now() - since).toBeGreaterThanOrEqual(RECOVERY);
    expect(leases().length).toBeGreaterThan(0);
    expect(world.instances.filter(({ breaker }) => breaker.metrics.totals.successes > 0)).not.toEqual([]);
  });
});
