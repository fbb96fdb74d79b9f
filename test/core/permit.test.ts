import { CircuitBreakerOpenError, type Permit } from 'recloser';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  heard,
  thrownBy,
} from '../support/breakers.js';

const settlements: [string, (permit: Permit) => void, 'successes' | 'failures' | 'ignored'][] = [
  ['success()', (permit) => permit.success(), 'successes'],
  ['success(value)', (permit) => permit.success(1), 'successes'],
  ['failure()', (permit) => permit.failure(), 'failures'],
  ['failure(error)', (permit) => permit.failure(new Error('boom')), 'failures'],
  ['ignore()', (permit) => permit.ignore(), 'ignored'],
  ['[Symbol.dispose]()', (permit) => permit[Symbol.dispose](), 'failures'],
];

describe('acquire', () => {
  test('gives a permit that is a call in flight', () => {
    const { breaker } = createBreaker();

    breaker.acquire();

    expect(breaker.metrics).toMatchObject({ inFlight: 1, totals: { calls: 1 } });
  });

  test('throws the rejection while OPEN', () => {
    const { breaker } = createOpen();

    const error = thrownBy(() => breaker.acquire());

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(breaker.metrics.totals).toMatchObject({ calls: 0, rejected: 1 });
  });

  test('runs no fallback for a rejection', () => {
    const fallback = vi.fn();
    const { breaker } = createOpen({ fallback });

    thrownBy(() => breaker.acquire());

    expect(fallback).not.toHaveBeenCalled();
    expect(breaker.metrics.totals.fallbacks).toBe(0);
  });

  test('takes a probe’s permit after the recovery timeout', () => {
    const { breaker } = createRecovered({ halfOpenMaxCalls: 1 });

    breaker.acquire();

    expect(breaker.state).toBe('HALF_OPEN');
    expect(() => breaker.acquire()).toThrow(CircuitBreakerOpenError);
  });
});

describe('tryAcquire', () => {
  test('gives a permit while CLOSED', () => {
    const { breaker } = createBreaker();

    const permit = breaker.tryAcquire();

    expect(permit).toBeDefined();
  });

  test('answers `undefined` while OPEN, and counts the rejection', () => {
    const { breaker } = createOpen();

    const permit = breaker.tryAcquire();

    expect(permit).toBeUndefined();
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 0, rejected: 1 } });
  });
});

describe('a permit', () => {
  test.each(settlements)('settles the call with %s', (_, settle, total) => {
    const { breaker } = createBreaker();

    settle(breaker.acquire());

    expect(breaker.metrics).toMatchObject({
      inFlight: 0,
      totals: { calls: 1, successes: 0, failures: 0, ignored: 0, [total]: 1 },
    });
  });

  test.each(
    settlements.flatMap(([first, settle, total]) =>
      settlements.map(([second, again]) => [first, second, settle, again, total] as const),
    ),
  )('counts %s and not %s after it', (_first, _second, settle, again, total) => {
    const { breaker } = createBreaker();
    const permit = breaker.acquire();

    settle(permit);
    again(permit);

    expect(breaker.metrics).toMatchObject({
      inFlight: 0,
      totals: { calls: 1, successes: 0, failures: 0, ignored: 0, [total]: 1 },
    });
  });

  test('trips with failures', () => {
    const { breaker } = createBreaker({ failureThreshold: 2 });

    breaker.acquire().failure();
    breaker.acquire().failure();

    expect(breaker.state).toBe('OPEN');
  });

  test('is the last failure’s error that it was given', () => {
    const { breaker, clock } = createBreaker();
    const error = new Error('boom');

    breaker.acquire().failure(error);

    expect(breaker.metrics.lastFailure).toEqual({ error, at: clock.time });
  });

  test('closes with the successes of probes', () => {
    const { breaker } = createHalfOpen({ successThreshold: 2 });

    breaker.acquire().success();
    breaker.acquire().success();

    expect(breaker.state).toBe('CLOSED');
  });

  test('goes back when it is ignored', () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1 });

    breaker.acquire().ignore();

    expect(breaker.tryAcquire()).toBeDefined();
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('belongs to the stay that granted it', () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const late = breaker.acquire();

    breaker.reset();
    late.failure(new Error('late'));

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics).toMatchObject({
      consecutiveFailures: 0,
      lastFailure: null,
      totals: { failures: 1 },
    });
  });

  test('passes the filters for a value that it is given', () => {
    const { breaker } = createBreaker({ isFailure: ({ value }) => value === 503 });

    breaker.acquire().success(503);

    expect(breaker.metrics.totals).toMatchObject({ successes: 0, failures: 1 });
  });

  test('passes the filters for an error that it is given', () => {
    const { breaker } = createBreaker({ excludedErrors: [RangeError] });

    breaker.acquire().failure(new RangeError());

    expect(breaker.metrics.totals).toMatchObject({ failures: 0, ignored: 1 });
  });

  test('does not fail the call a second time when a scope is left after success', () => {
    const { breaker } = createBreaker();
    const permit = breaker.acquire();

    permit.success();
    permit[Symbol.dispose]();

    expect(breaker.metrics.totals).toMatchObject({ successes: 1, failures: 0 });
  });

  test('tells its outcome with its duration', () => {
    const { breaker, clock } = createBreaker();
    const events = heard(breaker, 'failure');
    const error = new Error('boom');
    const permit = breaker.acquire();

    clock.advance(30);
    permit.failure(error);

    expect(events).toEqual([{ breaker: 'test', duration: 30, error }]);
  });

  test('can be slow', () => {
    const { breaker, clock } = createBreaker({ slowCallDuration: 100, minimumCalls: 1 });
    const permit = breaker.acquire();

    clock.advance(100);
    permit.success();

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', totals: { slow: 1 } });
  });

  test('can be disposed where the runtime lacks the symbol, for compilers that bring it', async () => {
    vi.stubGlobal('Symbol', symbolsWithout('dispose'));
    vi.resetModules();
    onTestFinished(() => {
      vi.unstubAllGlobals();
      vi.resetModules();
    });
    const old = await import('recloser');
    const breaker = new old.CircuitBreaker();
    const permit = breaker.acquire() as Permit & { [key: symbol]: (() => void) | undefined };

    permit[Symbol.for('Symbol.dispose')]?.();

    expect(breaker.metrics.totals.failures).toBe(1);
  });
});

/** The global `Symbol` as it was before some well-known symbol. */
function symbolsWithout(missing: string): unknown {
  const { Symbol: present } = globalThis;
  const older = (description?: string) => present(description);
  for (const key of Object.getOwnPropertyNames(present)) {
    if (key === missing || key in older) continue;
    Object.defineProperty(older, key, { value: (present as unknown as Record<string, unknown>)[key] });
  }
  return older;
}

describe('a permit that is settled without a word', () => {
  test.each<[string, (permit: Permit) => void, object]>([
    ['success', (permit) => permit.success(), { successes: 1, failures: 0 }],
    ['failure', (permit) => permit.failure(), { successes: 0, failures: 1 }],
  ])('is taken at its word, whatever the filters say: %s', (_, settle, totals) => {
    const { breaker } = createBreaker({ isFailure: ({ error }) => error !== undefined || 'ignore' });

    settle(breaker.acquire());

    expect(breaker.metrics.totals).toMatchObject(totals);
  });
});

test('tryAcquire reads no clock that nobody needs', () => {
  const { breaker, clock } = createBreaker();
  const before = clock.reads;

  breaker.tryAcquire()?.success();

  expect(clock.reads).toBe(before);
});

test('tryAcquire reads no clock to find that there is no room', () => {
  const { breaker, clock } = createBreaker({ maxConcurrentCalls: 1 });
  breaker.acquire();
  const before = clock.reads;

  expect(breaker.tryAcquire()).toBeUndefined();

  expect(clock.reads).toBe(before);
});

test('what is ignored is told of without an answer', () => {
  const { breaker } = createBreaker();
  const ignored = heard(breaker, 'ignore');

  breaker.acquire().ignore();

  expect(ignored.map((event) => Object.keys(event))).toEqual([['breaker', 'duration', 'error']]);
});
