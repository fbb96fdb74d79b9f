import { CircuitBreaker } from 'recloser';
import { createMemoryRedis, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';

describe('a thousand instances', () => {
  it('that start at once spread over a second, agree, and recover with a handful of probes', async () => {
    const clock = createManualClock();
    const redis = createMemoryRedis({ clock });
    const options = { client: redis.client, namespace: 'shop', clock, pollInterval: 5_000 };
    const members = Array.from({ length: 1_000 }, () => {
      const breaker = new CircuitBreaker({ clock, failureThreshold: 1, recoveryTimeout: 5_000 });
      return { breaker, fleet: shareState(breaker, options) };
    });
    const perTenth: number[] = [];
    for (let tenth = 0; tenth < 10; tenth++) {
      const before = redis.commands.length;
      await clock.advance(100);
      perTenth.push(redis.commands.length - before);
    }
    await clock.advance(4_000);
    let sent = 0;
    const call = ({ breaker }: (typeof members)[0], ok: boolean) =>
      breaker.tryCall(async () => {
        sent++;
        if (!ok) throw new Error('down');
      });

    // A full outage, of which each sees as much as comes until it is protected.
    for (let step = 0; step < 12; step++) {
      await Promise.all(members.slice(step * 50, step * 50 + 50).map((it) => call(it, false)));
      await clock.advance(250);
    }
    await clock.advance(5_500);
    const open = members.filter(({ breaker }) => breaker.state === 'OPEN').length;
    const failed = sent;
    await clock.advance(7_500);
    sent = 0;
    const outcomes = await Promise.all(members.map((it) => call(it, true)));
    const probes = sent;

    expect(perTenth.reduce((sum, n) => sum + n)).toBe(1_000);
    expect(Math.max(...perTenth)).toBeLessThan(150);
    expect(open).toBe(1_000);
    expect(failed).toBeLessThanOrEqual(600);
    expect(probes).toBeLessThanOrEqual(3);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(probes);
    await clock.settle(Promise.all(members.map(({ fleet }) => fleet.stop())));
  });
});
