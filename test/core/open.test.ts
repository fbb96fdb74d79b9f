import { type CircuitBreakerOpenError, exponentialBackoff } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  errorOf,
  failing,
  failTimes,
  namesIn,
  play,
  RECOVERY,
  stepsIn,
  thrownBy,
} from '../support/breakers.js';
import { quiet, watchRuntime } from '../support/runtime.js';

describe('OPEN', () => {
  test('rejects each call', async () => {
    const { breaker } = createOpen();
    const task = vi.fn();

    await breaker.tryCall(task);
    await breaker.tryCall(task);

    expect(task).not.toHaveBeenCalled();
    expect(breaker.metrics.totals).toMatchObject({ calls: 0, rejected: 2, failures: 0 });
  });

  test('rejects with what the caller needs to know', async () => {
    const { breaker, clock } = createBreaker({ name: 'users', failureThreshold: 1 });
    const cause = new Error('boom');
    await failTimes(breaker, 1, cause);

    clock.advance(300);
    const error = (await errorOf(breaker.call(async () => 1))) as CircuitBreakerOpenError;

    expect(error).toMatchObject({
      name: 'CircuitBreakerOpenError',
      code: 'ERR_CIRCUIT_OPEN',
      breaker: 'users',
      state: 'OPEN',
      reason: 'open',
      retryAfter: RECOVERY - 300,
    });
    expect(error.cause).toBe(cause);
  });

  test('rejects until a millisecond before the recovery timeout has passed', () => {
    const { breaker, clock } = createOpen();

    clock.advance(RECOVERY - 1);

    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.state).toBe('OPEN');
  });

  test('admits a probe once the recovery timeout has passed, inclusive', () => {
    const { breaker, clock } = createOpen();

    clock.advance(RECOVERY);

    expect(breaker.tryAcquire()).toBeDefined();
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('lasts a minute by default', () => {
    const { breaker, clock } = createOpen({ recoveryTimeout: undefined });

    expect(breaker.options.recoveryTimeout).toBe(60_000);
    clock.advance(59_999);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(1);

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('ends with the next call when the recovery timeout is 0', async () => {
    const { breaker } = createOpen({ recoveryTimeout: 0 });

    const value = await breaker.call(async () => 'fine');

    expect(value).toBe('fine');
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('is not left by looking, however long it lasts', () => {
    const { breaker, clock } = createOpen();
    const names = recordEvents(breaker);

    clock.advance(3_600_000);
    const seen = [breaker.state, breaker.metrics.state, breaker.snapshot().state, breaker.state];

    expect(seen).toEqual(['OPEN', 'OPEN', 'OPEN', 'OPEN']);
    expect(namesIn(names)).toEqual([]);
    expect(breaker.metrics.retryAfter).toBe(0);
  });

  test('counts `retryAfter` down to 0 and no further', () => {
    const { breaker, clock } = createOpen();

    const seen = [0, 400, 599, 1, 1, 5_000].map((ms) => {
      clock.advance(ms);
      return breaker.metrics.retryAfter;
    });

    expect(seen).toEqual([1_000, 600, 1, 0, 0, 0]);
  });

  test.each([150.9, 339.4, 527.9, 123_456.789])(
    'tells no more than the recovery timeout at a reading such as %d',
    (time) => {
      const { breaker, clock } = createBreaker();
      clock.time = time;

      breaker.trip();

      expect(breaker.metrics.retryAfter).toBeLessThanOrEqual(RECOVERY);
      expect(thrownBy(() => breaker.acquire())).toMatchObject({
        message: expect.stringContaining('1 s'),
      });
    },
  );

  test('keeps the figures that tripped it', async () => {
    const { breaker, clock } = createBreaker({
      failureThreshold: 3,
      window: { type: 'time', duration: 1_000, buckets: 10 },
      recoveryTimeout: 60_000,
    });
    await play(breaker, 'sfff');

    clock.advance(30_000);

    expect(breaker.metrics).toMatchObject({
      consecutiveFailures: 3,
      window: { calls: 4, failures: 3, failureRate: 0.75 },
    });
  });

  test('lets nothing into the window', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const late = breaker.acquire();
    await failTimes(breaker, 1);

    late.failure();
    await failTimes(breaker, 3);

    expect(breaker.metrics).toMatchObject({ consecutiveFailures: 1, window: { calls: 1, failures: 1 } });
  });

  test('tells of no time that was not there when the clock jumps an hour', () => {
    const { breaker, clock } = createOpen();

    clock.advance(3_600_000);

    expect(breaker.tryAcquire()).toBeDefined();
    expect(breaker.metrics).toMatchObject({ state: 'HALF_OPEN', since: clock.time });
  });

  test('lasts while the clock stands still', async () => {
    const { breaker } = createOpen();

    for (let i = 0; i < 100; i++) breaker.tryAcquire();

    expect(breaker.state).toBe('OPEN');
    expect(breaker.metrics.totals.rejected).toBe(100);
  });
});

describe('a late result of an older stay', () => {
  test('of CLOSED does not close: start A, trip, wait, start probe B, finish A', () => {
    const { breaker, clock } = createBreaker({ successThreshold: 1 });
    const late = breaker.acquire();
    breaker.trip();
    clock.advance(RECOVERY);
    const probe = breaker.acquire();

    late.success();
    expect(breaker.state).toBe('HALF_OPEN');
    probe.success();

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics.totals.successes).toBe(2);
  });

  test('of CLOSED does not open: start A, trip, wait, start probe B, fail A', () => {
    const { breaker, clock } = createBreaker({ successThreshold: 1 });
    const late = breaker.acquire();
    breaker.trip();
    clock.advance(RECOVERY);
    const probe = breaker.acquire();

    late.failure(new Error('late'));
    expect(breaker.state).toBe('HALF_OPEN');
    probe.success();

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics).toMatchObject({ lastFailure: null, totals: { failures: 1 } });
  });

  test('of CLOSED does not enter the window of the next CLOSED stay', () => {
    const { breaker, clock } = createBreaker({ successThreshold: 1, failureThreshold: 1 });
    const late = breaker.acquire();
    breaker.trip();
    clock.advance(RECOVERY);
    breaker.acquire().success();

    late.failure();

    expect(breaker.metrics).toMatchObject({
      state: 'CLOSED',
      consecutiveFailures: 0,
      window: { calls: 0, failures: 0 },
    });
  });

  test('of HALF_OPEN does not open the CLOSED stay after it', () => {
    const { breaker } = createHalfOpen({ successThreshold: 1, failureThreshold: 1 });
    const late = breaker.acquire();
    breaker.acquire().success();

    late.failure();

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', window: { calls: 0 } });
  });

  test('of HALF_OPEN neither closes nor opens the HALF_OPEN stay after it', () => {
    const { breaker, clock } = createHalfOpen({ successThreshold: 1 });
    const lateSuccess = breaker.acquire();
    const lateFailure = breaker.acquire();
    breaker.acquire().failure();
    clock.advance(RECOVERY);
    const probe = breaker.acquire();

    lateSuccess.success();
    lateFailure.failure();
    expect(breaker.state).toBe('HALF_OPEN');
    expect(breaker.metrics.attempt).toBe(2);
    probe.success();

    expect(breaker.state).toBe('CLOSED');
  });

  test('of HALF_OPEN gives no permit back to the HALF_OPEN stay after it', () => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 2 });
    const late = breaker.acquire();
    breaker.acquire().failure();
    clock.advance(RECOVERY);
    breaker.acquire();
    breaker.acquire();

    late.ignore();

    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('is no `cause` of a rejection', () => {
    const { breaker } = createBreaker();
    const late = breaker.acquire();
    breaker.trip();

    late.failure(new Error('late'));
    const error = thrownBy(() => breaker.acquire()) as Error;

    expect(error.cause).toBeUndefined();
    expect(breaker.metrics.lastFailure).toBeNull();
  });

  test('still counts in the totals, and is no longer in flight', () => {
    const { breaker } = createBreaker();
    const [success, failure, ignored] = [breaker.acquire(), breaker.acquire(), breaker.acquire()];
    breaker.trip();

    success.success();
    failure.failure();
    ignored.ignore();

    expect(breaker.metrics).toMatchObject({
      inFlight: 0,
      totals: { calls: 3, successes: 1, failures: 1, ignored: 1 },
    });
  });
});

describe('the recovery timeout', () => {
  test('holds from the opening that it was asked for', () => {
    const { breaker, clock } = createOpen();

    breaker.update({ recoveryTimeout: 10 });
    clock.advance(10);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(RECOVERY - 10);
    breaker.acquire().failure();

    expect(breaker.metrics.retryAfter).toBe(10);
  });

  test('can be a function of the attempt, counted from 1 since the last close', () => {
    const recoveryTimeout = vi.fn((attempt: number) => attempt * 100);
    const { breaker, clock } = createBreaker({ recoveryTimeout, successThreshold: 1 });

    breaker.trip();
    clock.advance(100);
    breaker.acquire().failure();
    clock.advance(200);
    breaker.acquire().failure();
    clock.advance(300);
    breaker.acquire().success();
    breaker.trip();

    expect(recoveryTimeout.mock.calls.map(([attempt]) => attempt)).toEqual([1, 2, 3, 1]);
  });

  test('is asked with the failure that opened', async () => {
    const recoveryTimeout = vi.fn((_attempt: number, _error: unknown) => 100);
    const { breaker, clock } = createBreaker({ recoveryTimeout, failureThreshold: 1 });
    const [first, second] = [new Error('first'), new Error('second')];

    await failTimes(breaker, 1, first);
    clock.advance(100);
    await failTimes(breaker, 1, second);

    expect(recoveryTimeout.mock.calls.map(([attempt, error]) => [attempt, error])).toEqual([
      [1, first],
      [2, second],
    ]);
  });

  test('is asked once for each opening, however often somebody looks or calls', () => {
    const recoveryTimeout = vi.fn(() => 100);
    const { breaker, clock } = createOpen({ recoveryTimeout });

    for (let i = 0; i < 5; i++) {
      clock.advance(10);
      breaker.tryAcquire();
      void breaker.metrics.retryAfter;
      breaker.snapshot();
    }

    expect(recoveryTimeout).toHaveBeenCalledOnce();
  });

  test('rolls the jitter of a backoff once for each opening', () => {
    const random = vi.fn(() => 0.5);
    const { breaker, clock } = createOpen({
      recoveryTimeout: exponentialBackoff({ initial: 1_000, jitter: 0.2, random }),
    });

    expect(breaker.metrics.retryAfter).toBe(900);
    clock.advance(100);

    expect(breaker.metrics.retryAfter).toBe(800);
    expect(random).toHaveBeenCalledOnce();
  });

  test('may answer 0', () => {
    const { breaker } = createOpen({ recoveryTimeout: () => 0 });

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test.each<[string, () => unknown]>([
    ['answers NaN', () => Number.NaN],
    ['answers Infinity', () => Number.POSITIVE_INFINITY],
    ['answers a negative number', () => -1],
    ['answers a string', () => '100'],
    ['answers nothing', () => undefined],
    ['answers null', () => null],
    ['answers a promise', () => Promise.resolve(100)],
    ['answers a bigint', () => 100n],
    [
      'throws',
      () => {
        throw new Error('broken backoff');
      },
    ],
  ])('is the default when its function %s, and that is reported', async (_, recoveryTimeout) => {
    const { uncaught } = watchRuntime();
    const { breaker } = createOpen({ recoveryTimeout: recoveryTimeout as never });
    await quiet();

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', retryAfter: 60_000 });
    expect(uncaught).toEqual([expect.any(Error)]);
  });
});

describe('trip', () => {
  test('while OPEN tells what is left where the clock has begun anew', () => {
    const { breaker, clock } = createOpen();
    clock.time -= 4_000;

    breaker.trip();

    expect(breaker.metrics.retryAfter).toBe(RECOVERY);
    expect(breaker.snapshot()).toMatchObject({ recovery: RECOVERY, remaining: RECOVERY });
    clock.advance(RECOVERY / 4);
    expect(breaker.metrics.retryAfter).toBe(RECOVERY * 0.75);
  });

  test('opens from CLOSED', () => {
    const { breaker, clock } = createBreaker();
    const transitions = recordEvents(breaker, { events: ['transition'] });

    breaker.trip('maintenance');

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN tripped']);
    expect(breaker.metrics).toMatchObject({
      state: 'OPEN',
      mode: 'active',
      attempt: 1,
      since: clock.time,
      retryAfter: RECOVERY,
      totals: { opened: 1 },
    });
  });

  test('opens from HALF_OPEN with the next attempt', () => {
    const { breaker } = createHalfOpen();
    const transitions = recordEvents(breaker, { events: ['transition'] });

    breaker.trip();

    expect(stepsIn(transitions)).toEqual(['HALF_OPEN→OPEN tripped']);
    expect(breaker.metrics).toMatchObject({ attempt: 2, totals: { opened: 2 } });
  });

  test('starts the recovery time again while OPEN, without an event', () => {
    const { breaker, clock } = createOpen();
    const names = recordEvents(breaker);
    clock.advance(900);

    breaker.trip();

    expect(namesIn(names)).toEqual([]);
    expect(breaker.metrics).toMatchObject({ attempt: 1, retryAfter: RECOVERY, totals: { opened: 1 } });
    clock.advance(RECOVERY - 1);
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('starts the same time again while OPEN: nobody is asked for another', () => {
    const recoveryTimeout = vi.fn().mockReturnValueOnce(500).mockReturnValue(7_000);
    const { breaker, clock } = createOpen({ recoveryTimeout });
    clock.advance(400);

    breaker.trip();

    expect(recoveryTimeout).toHaveBeenCalledTimes(1);
    expect(breaker.metrics.retryAfter).toBe(500);
  });

  test('starts the recovery time again when it had passed already', () => {
    const { breaker, clock } = createRecovered();

    breaker.trip();

    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(RECOVERY);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('recovers by itself', async () => {
    const { breaker, clock } = createOpen({ successThreshold: 1 });

    clock.advance(RECOVERY);
    await breaker.call(async () => 1);

    expect(breaker.state).toBe('CLOSED');
  });

  test.each(['forceOpen', 'forceClosed'] as const)('does nothing after %s', (force) => {
    const { breaker } = createBreaker();
    breaker[force]();
    const before = { state: breaker.state, mode: breaker.mode };
    const names = recordEvents(breaker);

    breaker.trip();

    expect({ state: breaker.state, mode: breaker.mode }).toEqual(before);
    expect(namesIn(names)).toEqual([]);
    expect(breaker.metrics.attempt).toBe(0);
  });

  test('tells no error as the cause of the transition', () => {
    const { breaker } = createBreaker();
    let error: unknown = 'untold';
    breaker.on('open', (transition) => {
      error = transition.error;
    });

    breaker.trip();

    expect(error).toBeUndefined();
  });

  test('makes the failures of calls in flight late', async () => {
    const { breaker } = createBreaker();
    const task = breaker.tryCall(failing());

    breaker.trip();
    await task;

    expect(breaker.metrics).toMatchObject({
      consecutiveFailures: 0,
      lastFailure: null,
      totals: { failures: 1 },
    });
  });
});
