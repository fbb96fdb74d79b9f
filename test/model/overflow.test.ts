/**
 * A stack that is full, wherever in a call it is: a framework turns the error into an answer and goes on, and the breaker
 * has to be as sound as before, whichever way the call came in.
 */
import { type CircuitBreaker, type CircuitBreakerOptions, CircuitBreakerRegistry } from 'recloser';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createBreaker, RECOVERY, succeedTimes } from '../support/breakers.js';
import { atTheEdgeOfTheStack } from '../support/edge-of-the-stack.js';
import { manualClock } from '../support/manual-clock.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { RUNS } from './effort.js';

/** Amounts of the stack that are tried; `npm run test:model` tries more. */
const EDGES = RUNS >= 1_000 ? 50 : 12;

const atTheEdge = (run: () => unknown) => atTheEdgeOfTheStack(run, EDGES);

type Way = (breaker: CircuitBreaker, again: () => unknown) => unknown;

const WAYS: Readonly<Record<string, Way>> = {
  call: (breaker, again) => breaker.call(again),
  'call with a timeout': (breaker, again) => breaker.call(again, { callTimeout: 60_000 }),
  'call with a fallback': (breaker, again) => breaker.call(again, { fallback: () => 'instead' }),
  tryCall: (breaker, again) => breaker.tryCall(again),
  callSync: (breaker, again) => breaker.callSync(again),
  'callSync with a fallback': (breaker, again) => breaker.callSync(again, { fallback: () => 'instead' }),
  wrap: (breaker, again) => breaker.wrap(again)(),
  wrapSync: (breaker, again) => breaker.wrapSync(again)(),
};

const NEVER_TRIPS: CircuitBreakerOptions = { failureThreshold: false, failureRateThreshold: false };

const KINDS: Readonly<Record<string, CircuitBreakerOptions>> = {
  'nothing else': NEVER_TRIPS,
  'slow calls and a time window': { ...NEVER_TRIPS, slowCallDuration: 10, window: { type: 'time' } },
  'a limit': { ...NEVER_TRIPS, maxConcurrentCalls: 1_000_000 },
  'rules of the user': { ...NEVER_TRIPS, isFailure: () => true, shouldTrip: () => false },
};

beforeEach(() => {
  // What a listener throws where the stack is full is reported, which vitest would take for its own.
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
});

/** All places are free, everybody hears, and figures add up. */
async function expectToBeSound(breaker: CircuitBreaker, heard: () => number): Promise<void> {
  const { totals, inFlight } = breaker.metrics;
  const before = heard();

  await succeedTimes(breaker, 5);

  expect(inFlight).toBe(0);
  expect(totals.successes + totals.failures + totals.ignored).toBe(totals.calls);
  expect(heard() - before).toBe(5);
  breaker.update({ maxConcurrentCalls: 3 });
  const permits = [1, 2, 3, 4].map(() => breaker.tryAcquire());
  expect(permits.map((permit) => permit !== undefined)).toEqual([true, true, true, false]);
}

describe.each(Object.entries(KINDS))('a recursion to the limit of the stack, with %s', (kind, options) => {
  // Node prints a line of its own for a promise that is rejected there: once is enough.
  const ways = Object.entries(WAYS).filter(([way]) => kind === 'nothing else' || way.includes('Sync'));

  test.each(ways)('leaves the breaker sound: %s', async (_, way) => {
    const { unhandled } = watchRuntime();
    const { breaker } = createBreaker(options);
    const again = (): unknown => way(breaker, again);

    // How far the engine lets a recursion go varies with what it has compiled.
    for (let round = 0; round < 5 && breaker.metrics.totals.calls <= 2 * EDGES; round++)
      await atTheEdge(again);
    await quiet();

    expect(breaker.metrics.totals.calls).toBeGreaterThan(2 * EDGES);
    expect(unhandled).toEqual([]);
    let told = 0;
    breaker.on('success', () => told++);
    breaker.on('failure', () => told++);
    await expectToBeSound(breaker, () => told);
  });
});

describe('a recursion to the limit of the stack', () => {
  test.each(Object.entries(WAYS))('leaves no listener deaf: %s', async (_, way) => {
    const clock = manualClock();
    const registry = new CircuitBreakerRegistry({ clock, defaults: NEVER_TRIPS });
    const breaker = registry.getOrCreate('users');
    let told = 0;
    let toldByRegistry = 0;
    breaker.on('success', () => told++);
    breaker.on('ignore', () => {});
    registry.on('success', () => toldByRegistry++);
    registry.on('failure', () => {});
    const again = (): unknown => way(breaker, again);

    await atTheEdge(again);
    await quiet();

    await expectToBeSound(breaker, () => told);
    const before = toldByRegistry;
    await succeedTimes(registry.getOrCreate('orders'), 3);
    expect(toldByRegistry - before).toBe(3);
  });

  test.each(Object.entries(WAYS))('of probes leaves a way to CLOSED: %s', async (_, way) => {
    const { breaker, clock } = createBreaker({ halfOpenMaxCalls: 1_000, successThreshold: 1 });
    const again = (): unknown => way(breaker, again);

    await atTheEdge(() => {
      breaker.reset();
      breaker.trip();
      clock.advance(RECOVERY);
      return again();
    });
    await quiet();
    for (let round = 0; round < 3 && breaker.state !== 'CLOSED'; round++) {
      clock.advance(60_001);
      await succeedTimes(breaker, 1);
    }

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', inFlight: 0 });
  });

  test('of permits loses none that was handed out', async () => {
    const { breaker } = createBreaker(NEVER_TRIPS);
    const again = (): unknown => {
      const permit = breaker.acquire();
      try {
        return again();
      } finally {
        permits.push(permit);
      }
    };
    const permits: ReturnType<CircuitBreaker['acquire']>[] = [];

    await atTheEdge(again);
    for (const permit of permits) permit.ignore();

    expect(breaker.metrics.inFlight).toBe(breaker.metrics.totals.calls - permits.length);
  });
});
