/** Circuits that are shared: a probe needs leave, for which a call waits as a breaker's own does. */
import { CircuitBreaker, isCircuitBreakerOpenError } from 'recloser';
import { attemptsOf, isTotalTimeoutError, Resilience, type ResilienceOptions } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { SEAM, type Seat } from '../../src/core/seam.js';
import { fakeGate } from '../support/fake-gate.js';
import { timedClock } from './timed-clock.js';

/** A circuit that others have opened, whose time is over. */
async function gated(options: Omit<ResilienceOptions, 'breaker'> = {}) {
  const clock = timedClock();
  const gate = fakeGate();
  const breaker = new CircuitBreaker({ name: 'users', clock, successThreshold: 1 });
  const seat = (breaker as unknown as { [SEAM](): Seat })[SEAM]();
  seat.open(100, 1, gate);
  await clock.advance(100);
  return { clock, gate, breaker, users: new Resilience({ breaker, ...options }) };
}

const ways: [string, Omit<ResilienceOptions, 'breaker'>][] = [
  ['a plain one', {}],
  [
    'one with retries and limits',
    { retry: 'network', totalTimeout: 5_000, bulkhead: 1, rateLimit: { limit: 1 } },
  ],
  ['one that counts calls', { breakerCounts: 'calls', retry: 'network' }],
];

describe('a call through a gated circuit', () => {
  it.each(ways)('waits for leave, and probes with it: %s', async (_, options) => {
    const { clock, gate, users } = await gated(options);
    let runs = 0;

    const first = users.tryCall(() => ++runs);
    const beside = await users.tryCall(() => ++runs);
    const before = [runs, gate.asked, users.metrics.running];
    gate.grant();
    await clock.advance(0);

    expect([before, beside.ok]).toEqual([[0, 1, 0], false]);
    expect([await first, runs, gate.taken]).toEqual([{ ok: true, value: 1, attempts: 1 }, 1, 1]);
    expect(clock.timers).toBe(0);
  });

  it.each(ways)('is rejected where leave is refused: %s', async (_, options) => {
    const { clock, gate, users } = await gated(options);

    const call = users.call(() => 'never').catch((error) => error);
    gate.refuse();
    await clock.advance(0);

    expect(isCircuitBreakerOpenError(await call)).toBe(true);
    expect([users.bulkhead?.running ?? 0, clock.timers]).toEqual([0, 0]);
  });

  it('waits no longer than its deadline, and for no caller that has gone', async () => {
    const { clock, users } = await gated({ totalTimeout: 50 });
    const late = users.call(() => 'never').catch((error) => error);
    await clock.advance(50);
    const controller = new AbortController();
    const other = await gated();
    const gone = other.users.call(() => 'never', { signal: controller.signal }).catch((error) => error);

    controller.abort('gone');

    const error = await late;
    expect([isTotalTimeoutError(error), attemptsOf(error)?.attempts]).toEqual([true, 0]);
    expect([await gone, clock.timers, other.clock.timers]).toEqual(['gone', 0, 0]);
  });
});
