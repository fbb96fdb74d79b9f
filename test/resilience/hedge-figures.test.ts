import { Resilience, type ResilienceOptions } from 'recloser/resilience';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { dice } from '../../examples/storm/clock.mjs';

const CALLS = 1_500;

interface Figures {
  /** Milliseconds, nearest rank. */
  readonly p99: number;
  readonly requestsPerCall: number;
}

/** A call each 10 ms, of which each request takes what its dice say. */
async function figuresWith(
  options: ResilienceOptions,
  latency: (random: () => number) => number,
): Promise<Figures> {
  const clock = createManualClock();
  const random = dice(7);
  const resilience = new Resilience({ clock, ...options });
  const times: number[] = [];
  for (let n = 0; n < CALLS; n++) {
    const since = clock.now();
    const call = resilience.call(({ signal }) => clock.sleep(latency(random), { signal }));
    void call.then(() => times.push(clock.now() - since));
    await clock.advance(10);
  }
  await clock.advance(5_000);

  expect([times.length, clock.timers]).toEqual([CALLS, 0]);
  times.sort((a, b) => a - b);
  const { attempts } = resilience.metrics.totals;
  return { p99: times[Math.ceil(CALLS * 0.99) - 1] as number, requestsPerCall: attempts / CALLS };
}

/** 20 to 60 ms, and 300 ms more for three in a hundred. */
const withTail = (random: () => number) => 20 + 40 * random() + (random() < 0.03 ? 300 : 0);

describe('hedges', () => {
  it('cut the tail for few requests more, where few answers are slow', async () => {
    const delay = { quantile: 0.95, initial: 60 };

    const without = await figuresWith({}, withTail);
    const hedged = await figuresWith({ hedge: { delay } }, withTail);

    expect(without.requestsPerCall).toBe(1);
    expect(hedged.p99 / without.p99).toBeLessThan(0.7);
    expect(hedged.requestsPerCall).toBeGreaterThan(1.03);
    expect(hedged.requestsPerCall).toBeLessThanOrEqual(1.08);
  });

  it('cost no more than the budget has where all answers are slow', async () => {
    const hedge = { delay: 60 };

    const paid = await figuresWith({ hedge }, () => 300);
    const unbounded = await figuresWith({ hedge, retryBudget: false }, () => 300);

    expect(paid.requestsPerCall).toBeGreaterThan(1.15);
    expect(paid.requestsPerCall).toBeLessThanOrEqual(1.25);
    expect(unbounded.requestsPerCall).toBe(2);
  });
});
