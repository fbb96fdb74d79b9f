/**
 * What a call costs, counted and not timed: a count is the same on a busy machine. Every figure is for one call, over
 * what a bare `await` of the same task takes. Times are in docs/performance.md.
 */
import { createHook } from 'node:async_hooks';
import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  withCircuitBreaker,
} from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { manualClock } from '../support/manual-clock.js';

const CALLS = 100;
const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false } as const;

/** Everything by which a call could ask the platform for more than its promises. */
const SCHEDULERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const;

interface Work {
  promises: number;
  /** Timers and jobs that were scheduled. */
  scheduled: number;
  /** Readings of the clock. */
  reads: number;
}

type Call = () => unknown;

const error = new Error('boom');
const succeed = async () => 42;
const fail = async () => {
  throw error;
};

/** A call that has been made before, and the clock that it reads. */
async function prepare(options: CircuitBreakerOptions, createCall: (breaker: CircuitBreaker) => Call) {
  const clock = manualClock();
  const call = createCall(new CircuitBreaker({ clock, ...options }));
  await endOf(call);
  return { call, clock };
}

async function endOf(call: Call): Promise<void> {
  try {
    await call();
  } catch {}
}

async function promisesOf(call: Call): Promise<number> {
  let promises = 0;
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') promises++;
    },
  }).enable();
  for (let i = 0; i < CALLS; i++) await endOf(call);
  hook.disable();
  return promises / CALLS;
}

/** The work of one call after the other; the first and the last of them may differ by a promise or two. */
async function workOf(
  options: CircuitBreakerOptions,
  createCall: (breaker: CircuitBreaker) => Call,
  bare: Call = succeed,
): Promise<Work> {
  const { call, clock } = await prepare(options, createCall);
  const schedulers = SCHEDULERS.map((name) => vi.spyOn(globalThis, name));
  const readsBefore = clock.reads;

  const promises = (await promisesOf(call)) - (await promisesOf(bare));

  return {
    promises: Math.round(promises),
    scheduled: schedulers.reduce((sum, { mock }) => sum + mock.calls.length, 0),
    reads: (clock.reads - readsBefore) / CALLS,
  };
}

interface Case {
  readonly of: string;
  readonly options?: CircuitBreakerOptions;
  readonly call: (breaker: CircuitBreaker) => Call;
  /** What the call is compared with. @default a bare success */
  readonly bare?: Call;
  readonly work: Work;
}

const { signal } = new AbortController();

/** Breakers that are tripped before the call is prepared. */
const opened = (call: (breaker: CircuitBreaker) => Call) => (breaker: CircuitBreaker) => {
  breaker.trip();
  return call(breaker);
};

const CASES: readonly Case[] = [
  {
    of: 'a success',
    call: (breaker) => () => breaker.call(succeed),
    work: { promises: 1, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success in a time window',
    options: { window: { type: 'time' } },
    call: (breaker) => () => breaker.call(succeed),
    work: { promises: 1, scheduled: 0, reads: 1 },
  },
  {
    of: 'a success where slow calls are watched',
    options: { slowCallDuration: 100 },
    call: (breaker) => () => breaker.call(succeed),
    work: { promises: 1, scheduled: 0, reads: 2 },
  },
  {
    of: 'a success that a listener hears',
    call: (breaker) => {
      breaker.on('success', () => {});
      return () => breaker.call(succeed);
    },
    work: { promises: 1, scheduled: 0, reads: 2 },
  },
  {
    of: 'a success with a fallback that is not needed',
    options: { fallback: () => 0 },
    call: (breaker) => () => breaker.call(succeed),
    work: { promises: 1, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success of a wrapped function',
    call: (breaker) => breaker.wrap(succeed),
    work: { promises: 1, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success with a fallback of the call that is not needed',
    call: (breaker) => () => breaker.call(succeed, { fallback: () => 0 }),
    work: { promises: 1, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success with a timeout',
    options: { callTimeout: 10_000 },
    call: (breaker) => () => breaker.call(succeed),
    work: { promises: 4, scheduled: 0, reads: 1 },
  },
  {
    of: 'a success with a timeout and a fallback',
    options: { callTimeout: 10_000, fallback: () => 0 },
    call: (breaker) => () => breaker.call(succeed),
    work: { promises: 6, scheduled: 0, reads: 1 },
  },
  {
    of: "a success with a caller's signal",
    call: (breaker) => () => breaker.call(succeed, { signal }),
    work: { promises: 2, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success as a value',
    call: (breaker) => () => breaker.tryCall(succeed),
    work: { promises: 2, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success through a registry',
    call: ({ options: { clock } }) => {
      const registry = new CircuitBreakerRegistry({ defaults: { clock } });
      return () => registry.getOrCreate('users').call(succeed);
    },
    work: { promises: 1, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success of a decorated method',
    call: (breaker) => {
      class Users {
        @withCircuitBreaker(breaker)
        async get() {
          return 42;
        }
      }
      const users = new Users();
      return () => users.get();
    },
    work: { promises: 1, scheduled: 0, reads: 0 },
  },
  {
    of: 'a failure after another',
    options: NEVER_TRIPS,
    call: (breaker) => () => breaker.call(fail),
    bare: fail,
    work: { promises: 2, scheduled: 0, reads: 1 },
  },
  {
    of: 'a synchronous success',
    call: (breaker) => () => breaker.callSync(() => 42),
    bare: () => 42,
    work: { promises: 0, scheduled: 0, reads: 0 },
  },
  {
    of: 'a synchronous success with a fallback of the call',
    call: (breaker) => () => breaker.callSync(() => 42, { fallback: () => 0 }),
    bare: () => 42,
    work: { promises: 0, scheduled: 0, reads: 0 },
  },
  {
    of: 'a permit, if there is one',
    call: (breaker) => () => breaker.tryAcquire()?.success(),
    bare: () => {},
    work: { promises: 0, scheduled: 0, reads: 0 },
  },
  {
    of: 'a success where the user has a rule',
    options: { shouldTrip: () => false },
    call: (breaker) => () => breaker.call(succeed),
    work: { promises: 1, scheduled: 0, reads: 0 },
  },
  {
    of: 'a permit',
    call: (breaker) => () => breaker.acquire().success(),
    bare: () => {},
    work: { promises: 0, scheduled: 0, reads: 0 },
  },
  {
    of: 'a rejection',
    call: opened((breaker) => () => breaker.call(succeed)),
    bare: () => Promise.reject(error),
    work: { promises: 1, scheduled: 0, reads: 1 },
  },
  {
    of: 'a rejection as a value',
    call: opened((breaker) => () => breaker.tryCall(succeed)),
    bare: () => Promise.resolve(),
    work: { promises: 0, scheduled: 0, reads: 1 },
  },
  {
    of: 'a rejection into a fallback',
    options: { fallback: () => 0 },
    call: opened((breaker) => () => breaker.call(succeed)),
    bare: () => Promise.resolve(),
    work: { promises: 0, scheduled: 0, reads: 1 },
  },
];

describe('what a call costs', () => {
  for (const { of, options = {}, call, bare, work } of CASES) {
    test(`${of}: promises +${work.promises}, readings of the clock ${work.reads}, scheduled ${work.scheduled}`, async () => {
      expect(await workOf(options, call, bare)).toEqual(work);
    });
  }

  test('a timeout: one timer serves calls that follow each other', async () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker({ callTimeout: 10_000, clock });
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const readsBefore = clock.reads;

    for (let i = 0; i < CALLS; i++) await breaker.call(succeed);

    expect(setTimeout).toHaveBeenCalledTimes(1);
    expect((clock.reads - readsBefore) / CALLS).toBe(1);
  });

  test('a timeout: one timer serves calls that follow each other a few functions away', async () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const breaker = new CircuitBreaker({ callTimeout: 10_000, clock: manualClock() });
    const inner = async () => await breaker.call(succeed);
    const outer = async () => await inner();

    for (let i = 0; i < CALLS; i++) await outer();

    expect(setTimeout).toHaveBeenCalledTimes(1);
  });

  test('a timeout: one timer serves all calls in flight', async () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const breaker = new CircuitBreaker({ callTimeout: 10_000, clock: manualClock() });

    await Promise.all(Array.from({ length: 1_000 }, () => breaker.call(succeed)));

    expect(setTimeout).toHaveBeenCalledTimes(1);
  });

  test.each(['call', 'tryCall'] as const)('no AbortController that nobody reads: %s', async (method) => {
    const AbortController = vi.spyOn(globalThis, 'AbortController');
    const breaker = new CircuitBreaker({ callTimeout: 10_000, fallback: () => 0 });

    await breaker[method](succeed);
    await breaker[method](fail);
    await breaker[method](succeed, { signal });

    expect(AbortController).not.toHaveBeenCalled();
  });
});
