import { CallTimeoutError, type CircuitBreakerOptions, type CircuitTotals, type Outcome } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  errorOf,
  failing,
  failTimes,
  succeedTimes,
} from '../support/breakers.js';
import { quiet, watchRuntime } from '../support/runtime.js';

class HttpError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

class NotFound extends HttpError {
  constructor() {
    super(404);
  }
}

/** A class that is no error: anything can be thrown. */
class Problem {}

function Legacy(this: Error) {}
Legacy.prototype = Object.create(Error.prototype);

type Counted = keyof Pick<CircuitTotals, 'successes' | 'failures' | 'ignored'>;

async function countedAs(options: CircuitBreakerOptions, error: unknown): Promise<Counted[]> {
  const { breaker } = createBreaker(options);
  expect(await errorOf(breaker.call(failing(error)))).toBe(error);
  const { totals } = breaker.metrics;
  return (['successes', 'failures', 'ignored'] as const).filter((total) => totals[total] > 0);
}

describe('an outcome that is an error', () => {
  const timeout = new CallTimeoutError('other', 5);
  const legacy = Object.create(Legacy.prototype);

  test.each<[string, CircuitBreakerOptions, unknown, Counted]>([
    ['no filters', {}, new Error(), 'failures'],
    ['an excluded class', { excludedErrors: [HttpError] }, new HttpError(500), 'ignored'],
    ['a subclass of an excluded class', { excludedErrors: [HttpError] }, new NotFound(), 'ignored'],
    ['no instance of the excluded class', { excludedErrors: [NotFound] }, new HttpError(500), 'failures'],
    ['an excluded class that is no error', { excludedErrors: [Problem] }, new Problem(), 'ignored'],
    ['an excluded class of the older kind', { excludedErrors: [Legacy as never] }, legacy, 'ignored'],
    ['a built-in class', { excludedErrors: [TypeError] }, new TypeError(), 'ignored'],
    ['a DOMException', { excludedErrors: [DOMException] }, new DOMException('gone'), 'ignored'],
    [
      'an excluding arrow function',
      { excludedErrors: [(e) => (e as HttpError).status === 404] },
      new NotFound(),
      'ignored',
    ],
    [
      'an excluding function',
      {
        excludedErrors: [
          function isGone(e: unknown) {
            return (e as HttpError).status === 404;
          } as (e: unknown) => boolean,
        ],
      },
      new NotFound(),
      'ignored',
    ],
    ['an excluding predicate that says no', { excludedErrors: [() => false] }, new Error(), 'failures'],
    [
      'the second of two excluding filters',
      { excludedErrors: [TypeError, NotFound] },
      new NotFound(),
      'ignored',
    ],
    ['an excluded primitive', { excludedErrors: [(e) => e === 'boom'] }, 'boom', 'ignored'],
    ['a tracked class', { trackedErrors: [HttpError] }, new HttpError(500), 'failures'],
    ['an untracked class', { trackedErrors: [HttpError] }, new TypeError(), 'successes'],
    [
      'a tracking predicate',
      { trackedErrors: [(e) => (e as HttpError).status >= 500] },
      new HttpError(500),
      'failures',
    ],
    [
      'a tracking predicate that says no',
      { trackedErrors: [(e) => (e as HttpError).status >= 500] },
      new NotFound(),
      'successes',
    ],
    ['`undefined`, untracked', { trackedErrors: [Error] }, undefined, 'successes'],
    [
      'excluded before tracked',
      { excludedErrors: [NotFound], trackedErrors: [HttpError] },
      new NotFound(),
      'ignored',
    ],
    [
      'tracked, not excluded',
      { excludedErrors: [NotFound], trackedErrors: [HttpError] },
      new HttpError(500),
      'failures',
    ],
    ['isFailure: true', { isFailure: () => true }, new Error(), 'failures'],
    ['isFailure: false', { isFailure: () => false }, new Error(), 'successes'],
    ['isFailure: ignore', { isFailure: () => 'ignore' }, new Error(), 'ignored'],
    ['excluded before isFailure', { excludedErrors: [Error], isFailure: () => true }, new Error(), 'ignored'],
    [
      'untracked before isFailure',
      { trackedErrors: [TypeError], isFailure: () => true },
      new Error(),
      'successes',
    ],
    ['tracked, then isFailure', { trackedErrors: [Error], isFailure: () => false }, new Error(), 'successes'],
    ['a timeout, untracked', { trackedErrors: [TypeError] }, timeout, 'failures'],
    ['a timeout, excluded', { excludedErrors: [CallTimeoutError] }, timeout, 'ignored'],
    ['a timeout, isFailure: false', { isFailure: () => false }, timeout, 'successes'],
    [
      'a timeout, untracked, isFailure: ignore',
      { trackedErrors: [TypeError], isFailure: () => 'ignore' },
      timeout,
      'ignored',
    ],
  ])('counts by the filters: %s', async (_, options, error, counted) => {
    const kinds = await countedAs(options, error);

    expect(kinds).toEqual([counted]);
  });

  test('is handed to `isFailure` as `{ error }`', async () => {
    const isFailure = vi.fn((_outcome: Outcome) => true);
    const error = new Error('boom');

    await countedAs({ isFailure }, error);

    expect(isFailure.mock.calls).toEqual([[{ error }]]);
  });

  test('is handed to a predicate by itself', async () => {
    const filter = vi.fn((_error: unknown) => false);
    const error = new Error('boom');

    await countedAs({ excludedErrors: [filter] }, error);

    expect(filter).toHaveBeenCalledOnce();
    expect(filter.mock.calls[0]?.[0]).toBe(error);
  });

  test('is a failure that counts as a timeout when it is one', async () => {
    const { breaker } = createBreaker();

    await failTimes(breaker, 1, timeout);
    await failTimes(breaker, 1);

    expect(breaker.metrics.totals).toMatchObject({ failures: 2, timeouts: 1 });
  });
});

describe('an outcome that is a value', () => {
  test.each<[string, CircuitBreakerOptions, Counted]>([
    ['no filters', {}, 'successes'],
    ['isFailure: false', { isFailure: () => false }, 'successes'],
    ['isFailure: true', { isFailure: () => true }, 'failures'],
    ['isFailure: ignore', { isFailure: () => 'ignore' }, 'ignored'],
    ['excludedErrors are not asked', { excludedErrors: [() => true] }, 'successes'],
    ['trackedErrors are not asked', { trackedErrors: [() => true] }, 'successes'],
  ])('counts by the filters: %s', async (_, options, counted) => {
    const { breaker } = createBreaker(options);

    const value = await breaker.call(async () => 503);

    expect(value).toBe(503);
    expect(breaker.metrics.totals).toMatchObject({ successes: 0, failures: 0, ignored: 0, [counted]: 1 });
  });

  test('is handed to `isFailure` as `{ value }`', async () => {
    const isFailure = vi.fn((_outcome: Outcome) => false);
    const { breaker } = createBreaker({ isFailure });

    await breaker.call(async () => undefined);

    expect(isFailure.mock.calls).toEqual([[{ value: undefined }]]);
    expect(isFailure.mock.calls[0]?.[0]).not.toHaveProperty('error');
  });

  test('trips and is the last failure when it counts as one', async () => {
    const { breaker, clock } = createBreaker({
      failureThreshold: 1,
      isFailure: ({ value }) => value === 503,
    });

    await breaker.call(async () => 503);

    expect(breaker.state).toBe('OPEN');
    expect(breaker.metrics.lastFailure).toEqual({ error: 503, at: clock.time });
  });

  test('closes nothing when it is ignored', async () => {
    const { breaker } = createHalfOpen({ successThreshold: 1, isFailure: () => 'ignore' });

    await succeedTimes(breaker, 5);

    expect(breaker.state).toBe('HALF_OPEN');
  });
});

describe('a predicate that throws', () => {
  const problem = new Error('broken predicate');
  const broken = () => {
    throw problem;
  };
  const unmatchable = Object.defineProperty(class {}, Symbol.hasInstance, { value: broken });

  test.each<[string, CircuitBreakerOptions]>([
    ['in excludedErrors', { excludedErrors: [broken] }],
    ['in trackedErrors', { trackedErrors: [broken] }],
    ['as isFailure', { isFailure: broken }],
    ['as the `instanceof` of a class', { excludedErrors: [unmatchable] }],
  ])(
    '%s makes the outcome ignored, is reported, and the caller sees the task’s error',
    async (_, options) => {
      const { uncaught, unhandled } = watchRuntime();
      const { breaker } = createBreaker({ ...options, failureThreshold: 1 });
      const error = new Error('boom');

      const rejection = await errorOf(breaker.call(failing(error)));
      await quiet();

      expect(rejection).toBe(error);
      expect(breaker.metrics).toMatchObject({
        state: 'CLOSED',
        inFlight: 0,
        totals: { ignored: 1, failures: 0, successes: 0 },
      });
      expect([uncaught, unhandled]).toEqual([[problem], []]);
    },
  );

  test('leaves the caller the task’s value', async () => {
    const { uncaught } = watchRuntime();
    const { breaker } = createBreaker({ isFailure: broken });

    const value = await breaker.call(async () => 42);
    await quiet();

    expect(value).toBe(42);
    expect(uncaught).toEqual([problem]);
  });

  test('gives the permit of a probe back', async () => {
    const { uncaught } = watchRuntime();
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1, isFailure: broken });

    await succeedTimes(breaker, 3);
    await quiet();

    expect(breaker.state).toBe('HALF_OPEN');
    expect(breaker.tryAcquire()).toBeDefined();
    expect(uncaught).toEqual([problem, problem, problem]);
  });

  test('answers no fallback', async () => {
    const { uncaught } = watchRuntime();
    const fallback = vi.fn();
    const { breaker } = createBreaker({ isFailure: broken, fallback });

    await breaker.tryCall(failing());
    await quiet();

    expect(fallback).not.toHaveBeenCalled();
    expect(uncaught).toHaveLength(1);
  });
});

describe('a rejection', () => {
  test('is no outcome and never enters the window', async () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1, failureThreshold: 1, minimumCalls: 1 });
    breaker.acquire();

    for (let i = 0; i < 20; i++) breaker.tryAcquire();

    expect(breaker.metrics).toMatchObject({
      state: 'CLOSED',
      consecutiveFailures: 0,
      window: { calls: 0, failures: 0 },
      totals: { rejected: 20, failures: 0, ignored: 0 },
    });
  });
});

describe('a function of the user that answers nonsense', () => {
  const promising = async () => true;

  test.each<[string, CircuitBreakerOptions, string]>([
    ['isFailure', { isFailure: promising as never }, 'A filter must answer at once, received a promise'],
    [
      'a filter',
      { excludedErrors: [() => promising() as never] },
      'A filter must answer at once, received a promise',
    ],
    [
      'shouldTrip',
      { shouldTrip: (() => 'yes') as never },
      '`shouldTrip` must return true or false, received string',
    ],
    [
      'fallbackOn',
      { fallback: () => 1, fallbackOn: (() => 'yes') as never },
      '`fallbackOn` must return true or false, received string',
    ],
  ])('is reported: %s', async (_, options, message) => {
    const { uncaught } = watchRuntime();
    const { breaker } = createBreaker(options);

    await breaker.tryCall(failing());
    await quiet();

    expect(uncaught).toEqual([new TypeError(message)]);
  });

  test('makes the outcome ignored where it is a promise', async () => {
    const { uncaught } = watchRuntime();
    const { breaker } = createBreaker({ isFailure: promising as never });

    await breaker.tryCall(async () => 'fine');
    await quiet();

    expect(uncaught).toHaveLength(1);
    expect(breaker.metrics.totals).toMatchObject({ successes: 0, failures: 0, ignored: 1 });
  });
});

test('a timeout error that a task resolves to is a failing value and no timeout', async () => {
  const { breaker } = createBreaker({ isFailure: () => true });

  await breaker.call(async () => new CallTimeoutError('other', 100));

  expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 0 });
});
