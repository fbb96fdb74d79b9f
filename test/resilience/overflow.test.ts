/**
 * A stack that is full, wherever in a call it is: what stands around the breaker has to be as sound as before, whichever
 * way the call came in.
 */
import { Bulkhead, RateLimiter, Resilience, type ResilienceOptions, RetryBudget } from 'recloser/resilience';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { atTheEdgeOfTheStack } from '../support/edge-of-the-stack.js';
import { quiet, watchRuntime } from '../support/runtime.js';

/** Amounts of the stack that are tried; `npm run test:schedules` tries more. */
const EDGES = Number(process.env.RECLOSER_SCHEDULES ?? 0) >= 10_000 ? 50 : 12;

const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false } as const;

const KINDS: Readonly<Record<string, ResilienceOptions>> = {
  'nothing else': {},
  retries: { retry: { maxAttempts: 2, backoff: 0 } },
  'a deadline': { totalTimeout: 60_000 },
  'a timeout': { callTimeout: 60_000 },
  'a bulkhead': { bulkhead: 100_000 },
  limits: { bulkhead: 100_000, rateLimit: { limit: 100_000, per: 1 } },
  hedges: { hedge: { delay: 60_000 } },
  'calls counted': { breakerCounts: 'calls' },
  'a fallback': { fallback: () => 'instead' },
};

type Way = (users: Resilience, again: () => unknown) => unknown;

const WAYS: Readonly<Record<string, Way>> = {
  call: (users, again) => users.call(again),
  tryCall: (users, again) => users.tryCall(again),
  wrap: (users, again) => users.wrap(again)(),
  'a signal': (users, again) => users.call(again, { signal: new AbortController().signal }),
};

let unhandled: readonly unknown[] = [];

beforeEach(() => {
  // A promise that is rejected where the stack is full may find nobody in time.
  ({ unhandled } = watchRuntime());
  // What is thrown where the stack is full is reported, which vitest would take for its own.
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
});

/** When nothing is left that could recurse again: a retry, or a report of a promise. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await quiet();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe.each(Object.entries(KINDS))('a recursion to the limit of the stack, with %s', (kind, options) => {
  // Each retry recurses as far again.
  const ways = Object.entries(WAYS).filter(([way]) => kind !== 'retries' || way === 'call');

  test.each(ways)('loses no place, no turn and no token: %s', async (_, way) => {
    const users = new Resilience({
      ...NEVER_TRIPS,
      ...options,
      retryBudget: { perSecond: 0, ratio: 0, initial: 1 },
    });
    const again = (): unknown => way(users, again);

    // How far the engine lets a recursion go varies with what it has compiled.
    for (let round = 0; round < 5 && users.metrics.totals.calls <= 2 * EDGES; round++)
      await atTheEdgeOfTheStack(again, EDGES);
    await settled();
    await users.call(() => 1);

    expect(users.metrics.totals.calls).toBeGreaterThan(2 * EDGES);
    const { running, waiting, totals } = users.metrics;
    expect([running, waiting, users.bulkhead?.running ?? 0, users.bulkhead?.waiting ?? 0]).toEqual([
      0,
      { bulkhead: 0, rateLimit: 0, backoff: 0 },
      0,
      0,
    ]);
    expect(users.breaker.metrics.inFlight).toBe(0);
    expect(totals.retries + (users.retryBudget?.available ?? 0)).toBe(1);
  });
});

describe('a recursion to the limit of the stack', () => {
  test('loses no place of a bulkhead', async () => {
    const bulkhead = new Bulkhead({ limit: 1_000_000 });
    const again = (): unknown => bulkhead.run(again);

    await atTheEdgeOfTheStack(again, EDGES);
    await settled();

    expect([bulkhead.running, bulkhead.waiting, await bulkhead.run(() => 'in')]).toEqual([0, 0, 'in']);
  });

  test('leaves a rate limit and a budget sound', async () => {
    const limiter = new RateLimiter({ limit: 100_000, per: 1 });
    const budget = new RetryBudget({ perSecond: 0, initial: 1 });
    const again = (): unknown => {
      if (budget.tryWithdraw()) budget.refund();
      return limiter.run(again);
    };

    await atTheEdgeOfTheStack(again, EDGES);
    await settled();

    expect([limiter.waiting, await limiter.run(() => 'in')]).toEqual([0, 'in']);
    expect(budget.available).toBeLessThanOrEqual(1);
  });
});

describe('a promise that the engine made where the stack was full, which nobody can settle', () => {
  const { Promise: Real } = globalThis;

  /** One promise, after so many others, is rejected without its executor having run. */
  function spoil(after: number): void {
    let left = after;
    class Spoilt<T> extends Real<T> {
      static override get [Symbol.species]() {
        return Real;
      }

      constructor(executor: ConstructorParameters<typeof Real<T>>[0]) {
        super(left-- === 0 ? (_, reject) => reject(new RangeError('full')) : executor);
      }
    }
    vi.stubGlobal('Promise', Spoilt);
  }

  const KINDS: Readonly<Record<string, ResilienceOptions>> = {
    'the short way': {},
    'a timeout and a deadline': { callTimeout: 60_000, totalTimeout: 90_000 },
    'calls counted': { breakerCounts: 'calls' },
  };

  test.each(
    Object.entries(KINDS).flatMap(([kind, options]) =>
      [0, 1, 2, 3].map((at) => [kind, at, options] as const),
    ),
  )(
    'keeps no place, the only one neither, and harms no other call: %s, the promise %i',
    async (_, after, options) => {
      const users = new Resilience({ ...NEVER_TRIPS, ...options, bulkhead: 1 });

      spoil(after);
      try {
        users.call(() => 1).catch(() => {});
      } catch {
        // as any overflow
      } finally {
        vi.unstubAllGlobals();
      }
      await settled();
      const others = [await users.call(() => 1), await users.call(() => 2)];
      await settled();

      expect(others).toEqual([1, 2]);
      // What was to settle it would be called in vain.
      expect(unhandled.filter((error) => !(error instanceof RangeError))).toEqual([]);
      expect([users.metrics.running, users.bulkhead?.running, users.breaker.metrics.inFlight]).toEqual([
        0, 0, 0,
      ]);
    },
  );

  test('gives its place back when another call settles', async () => {
    const users = new Resilience({ ...NEVER_TRIPS, bulkhead: 3 });
    let answer: (value: number) => void = () => {};
    const first = users.call(() => new Promise<number>((resolve) => (answer = resolve)));

    for (const after of [0, 1]) {
      spoil(after);
      try {
        users.call(() => 1).catch(() => {});
      } catch {
        // as any overflow
      } finally {
        vi.unstubAllGlobals();
      }
    }
    answer(1);
    await first;
    await settled();

    expect([users.metrics.running, users.bulkhead?.running, users.breaker.metrics.inFlight]).toEqual([
      0, 0, 0,
    ]);
  });
});
