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
  heard,
  play,
  RECOVERY,
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';
import { deferred } from '../support/deferred.js';

describe('HALF_OPEN', () => {
  test('begins with a call that asks after the recovery timeout', async () => {
    const { breaker, clock } = createRecovered();
    const transitions = heard(breaker, 'transition');

    const value = await breaker.call(async () => 'fine');

    expect(value).toBe('fine');
    expect(transitions).toMatchObject([
      {
        from: 'OPEN',
        to: 'HALF_OPEN',
        reason: 'probing',
        at: clock.time,
        metrics: { state: 'HALF_OPEN', attempt: 1 },
      },
    ]);
  });

  test('admits no more probes than allowed', () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 2 });

    const permits = [breaker.tryAcquire(), breaker.tryAcquire(), breaker.tryAcquire()];

    expect(permits.map((permit) => permit !== undefined)).toEqual([true, true, false]);
  });

  test('admits three probes at once by default', () => {
    const { breaker } = createHalfOpen();

    const permits = Array.from({ length: 5 }, () => breaker.tryAcquire());

    expect(permits.filter(Boolean)).toHaveLength(3);
  });

  test('rejects the rest at once and says why', async () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1 });
    breaker.acquire();
    const task = vi.fn();

    const error = await errorOf(breaker.call(task));

    expect(error).toMatchObject({ reason: 'half-open', state: 'HALF_OPEN', retryAfter: null });
    expect(task).not.toHaveBeenCalled();
  });

  test('admits the next probe when one has succeeded', () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1 });

    breaker.acquire().success();

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('tells the task of a probe its state', async () => {
    const { breaker } = createRecovered();

    const state = await breaker.call((context) => context.state);

    expect(state).toBe('HALF_OPEN');
  });

  test('closes with `successThreshold` successes', async () => {
    const { breaker } = createRecovered({ successThreshold: 3 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await succeedTimes(breaker, 2);
    expect(breaker.state).toBe('HALF_OPEN');
    await succeedTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['OPEN→HALF_OPEN probing', 'HALF_OPEN→CLOSED recovered']);
  });

  test('closes with more successes than probes are allowed at once', async () => {
    const { breaker } = createRecovered({ halfOpenMaxCalls: 1, successThreshold: 4 });

    await succeedTimes(breaker, 4);

    expect(breaker.state).toBe('CLOSED');
  });

  test('opens again with one failure, whatever succeeded before', async () => {
    const { breaker, clock } = createRecovered({ successThreshold: 3, failureThreshold: 100 });
    const transitions = heard(breaker, 'transition');
    const error = new Error('boom');

    await succeedTimes(breaker, 2);
    await failTimes(breaker, 1, error);

    expect(transitions.at(-1)).toMatchObject({
      from: 'HALF_OPEN',
      to: 'OPEN',
      reason: 'probe-failed',
      error,
    });
    expect(breaker.metrics).toMatchObject({
      attempt: 2,
      since: clock.time,
      retryAfter: RECOVERY,
      lastFailure: { error },
    });
  });

  test('counts successes afresh after it opened again', async () => {
    const { breaker, clock } = createRecovered({ successThreshold: 2 });

    await play(breaker, 'sf');
    clock.advance(RECOVERY);
    await play(breaker, 's');

    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('opens once when several probes fail', () => {
    const { breaker } = createHalfOpen();
    const probes = [breaker.acquire(), breaker.acquire(), breaker.acquire()];

    for (const probe of probes) probe.failure();

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', attempt: 2, totals: { opened: 2, failures: 3 } });
  });

  test('gives the permit of an ignored outcome back and changes nothing else', async () => {
    const { breaker } = createHalfOpen({
      halfOpenMaxCalls: 1,
      successThreshold: 2,
      excludedErrors: [RangeError],
    });
    const transitions = recordEvents(breaker, { events: ['transition'] });
    await succeedTimes(breaker, 1);

    await failTimes(breaker, 20, new RangeError());
    expect(breaker.state).toBe('HALF_OPEN');
    await succeedTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['HALF_OPEN→CLOSED recovered']);
  });

  test('gives the permit of the right probe back when one in the middle is ignored', () => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 3, probeTimeout: 100 });
    breaker.acquire();
    clock.advance(50);
    const middle = breaker.acquire();
    clock.advance(10);
    breaker.acquire();

    middle.ignore();
    breaker.acquire();
    clock.advance(40);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.state).toBe('HALF_OPEN');
    clock.advance(1);
    breaker.tryAcquire();

    expect(breaker.state).toBe('OPEN');
  });

  test('lets nothing into the window', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 2, successThreshold: 3 });
    await play(breaker, 'ff');
    clock.advance(RECOVERY);

    await play(breaker, 'ss');

    expect(breaker.metrics).toMatchObject({ consecutiveFailures: 2, window: { calls: 2, failures: 2 } });
  });

  test('takes a timeout of a probe for its failure', async () => {
    vi.useFakeTimers();
    const { breaker } = createRecovered({ callTimeout: 50 });
    const call = breaker.tryCall(() => deferred().promise);

    await vi.advanceTimersByTimeAsync(50);
    await call;
    vi.useRealTimers();

    expect(breaker.metrics).toMatchObject({
      state: 'OPEN',
      attempt: 2,
      lastTransition: { reason: 'probe-failed' },
    });
  });

  test('does not limit probes that run one after the other', async () => {
    const { breaker } = createRecovered({ halfOpenMaxCalls: 1, successThreshold: 50 });

    await succeedTimes(breaker, 49);

    expect(breaker.state).toBe('HALF_OPEN');
    expect(breaker.metrics.totals.rejected).toBe(0);
  });
});

describe('closing', () => {
  test('empties the window and resets the attempt', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 2, successThreshold: 1 });
    await play(breaker, 'sff');
    clock.advance(RECOVERY);

    await play(breaker, 's');

    expect(breaker.metrics).toMatchObject({
      state: 'CLOSED',
      attempt: 0,
      retryAfter: 0,
      consecutiveFailures: 0,
      window: { calls: 0, failures: 0, slowCalls: 0, failureRate: 0, slowCallRate: 0 },
    });
  });

  test('makes it take the whole threshold to trip again', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 3, successThreshold: 1 });
    await play(breaker, 'fff');
    clock.advance(RECOVERY);
    await play(breaker, 's');

    await play(breaker, 'ff');
    expect(breaker.state).toBe('CLOSED');
    await play(breaker, 'f');

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', attempt: 1 });
  });
});

describe('a slow probe', () => {
  test('is a failed probe when `slowCallDuration` is on', () => {
    const { breaker, clock } = createHalfOpen({ slowCallDuration: 100, successThreshold: 1 });
    const transitions = recordEvents(breaker, { events: ['transition'] });
    const probe = breaker.acquire();

    clock.advance(100);
    probe.success();

    expect(stepsIn(transitions)).toEqual(['HALF_OPEN→OPEN probe-slow']);
    expect(breaker.metrics).toMatchObject({ attempt: 2, totals: { successes: 1, slow: 1, failures: 0 } });
  });

  test('closes when it is a millisecond faster', () => {
    const { breaker, clock } = createHalfOpen({ slowCallDuration: 100, successThreshold: 1 });
    const probe = breaker.acquire();

    clock.advance(99);
    probe.success();

    expect(breaker.state).toBe('CLOSED');
  });

  test('is told as failed when it failed too', () => {
    const { breaker, clock } = createHalfOpen({ slowCallDuration: 100 });
    const transitions = recordEvents(breaker, { events: ['transition'] });
    const probe = breaker.acquire();

    clock.advance(100);
    probe.failure();

    expect(stepsIn(transitions)).toEqual(['HALF_OPEN→OPEN probe-failed']);
  });

  test('gives its permit back when it is ignored', () => {
    const { breaker, clock } = createHalfOpen({ slowCallDuration: 100 });
    const probe = breaker.acquire();

    clock.advance(100);
    probe.ignore();

    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('returns its value to the caller all the same', async () => {
    const { breaker, clock } = createRecovered({ slowCallDuration: 100, fallback: () => 'instead' });

    const value = await breaker.call(async () => {
      clock.advance(100);
      return 'slow';
    });

    expect(value).toBe('slow');
    expect(breaker.state).toBe('OPEN');
  });

  test('means nothing when `slowCallDuration` is off', () => {
    const { breaker, clock } = createHalfOpen({ successThreshold: 1 });
    const probe = breaker.acquire();

    clock.advance(3_600_000);
    probe.success();

    expect(breaker.state).toBe('CLOSED');
  });
});

describe('the lease of a probe', () => {
  const lease = { halfOpenMaxCalls: 2, probeTimeout: 500 } as const;

  test('holds for `probeTimeout`, inclusive', () => {
    const { breaker, clock } = createHalfOpen(lease);
    breaker.acquire();
    breaker.acquire();

    clock.advance(500);

    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'half-open' });
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('ends when a call asks more than `probeTimeout` later, and every permit is out', () => {
    const { breaker, clock } = createHalfOpen(lease);
    const transitions = recordEvents(breaker, { events: ['transition'] });
    breaker.acquire();
    breaker.acquire();

    clock.advance(501);
    const error = thrownBy(() => breaker.acquire());

    expect(stepsIn(transitions)).toEqual(['HALF_OPEN→OPEN probe-expired']);
    expect(error).toMatchObject({ reason: 'open', state: 'OPEN', retryAfter: RECOVERY });
    expect(breaker.metrics).toMatchObject({ attempt: 2, totals: { rejected: 1, opened: 2 } });
  });

  test('is counted from the oldest probe', () => {
    const { breaker, clock } = createHalfOpen(lease);
    breaker.acquire();
    clock.advance(500);
    breaker.acquire();

    clock.advance(1);
    breaker.tryAcquire();

    expect(breaker.state).toBe('OPEN');
  });

  test('is counted from the oldest of those that are still out', () => {
    const { breaker, clock } = createHalfOpen(lease);
    const oldest = breaker.acquire();
    clock.advance(300);
    breaker.acquire();
    oldest.success();
    breaker.acquire();

    clock.advance(300);
    breaker.tryAcquire();

    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('does not end while a permit is at hand', () => {
    const { breaker, clock } = createHalfOpen(lease);
    breaker.acquire();

    clock.advance(10_000);
    const permit = breaker.tryAcquire();

    expect(permit).toBeDefined();
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('does not end until somebody asks: such a probe may still settle and count', () => {
    const { breaker, clock } = createHalfOpen({
      halfOpenMaxCalls: 1,
      probeTimeout: 500,
      successThreshold: 1,
    });
    const probe = breaker.acquire();

    clock.advance(10_000);
    expect(breaker.metrics.state).toBe('HALF_OPEN');
    probe.success();

    expect(breaker.state).toBe('CLOSED');
  });

  test('does not let a hung probe wedge the breaker', async () => {
    const { breaker, clock } = createHalfOpen({
      halfOpenMaxCalls: 1,
      probeTimeout: 500,
      successThreshold: 1,
    });
    breaker.acquire();

    clock.advance(501);
    breaker.tryAcquire();
    clock.advance(RECOVERY);
    await breaker.call(async () => 'fine');

    expect(breaker.state).toBe('CLOSED');
  });

  test('makes the result of the hung probe late when it has ended', () => {
    const { breaker, clock } = createHalfOpen({
      halfOpenMaxCalls: 1,
      probeTimeout: 500,
      successThreshold: 1,
    });
    const hung = breaker.acquire();
    clock.advance(501);
    breaker.tryAcquire();
    clock.advance(RECOVERY);
    breaker.acquire();

    hung.success();

    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('is `callTimeout` by default, where there is one', () => {
    const { breaker } = createBreaker({ callTimeout: 250 });

    expect(breaker.options.probeTimeout).toBe(250);
  });

  test('is a minute by default, where there is none', () => {
    const { breaker } = createBreaker();

    expect(breaker.options.probeTimeout).toBe(60_000);
  });

  test('of 0 ends with the next millisecond', () => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 1, probeTimeout: 0 });
    breaker.acquire();

    breaker.tryAcquire();
    expect(breaker.state).toBe('HALF_OPEN');
    clock.advance(1);
    breaker.tryAcquire();

    expect(breaker.state).toBe('OPEN');
  });

  test('sets no timer', () => {
    vi.useFakeTimers();
    const { breaker } = createHalfOpen(lease);

    void breaker.call(() => deferred().promise);
    const timers = vi.getTimerCount();
    vi.useRealTimers();

    expect(timers).toBe(0);
  });

  test('ends for a task that hangs without a timeout', async () => {
    const { breaker, clock } = createRecovered({ halfOpenMaxCalls: 1, probeTimeout: 500 });
    void breaker.call(() => deferred().promise);

    clock.advance(501);
    const error = await errorOf(breaker.call(failing()));

    expect(error).toMatchObject({ reason: 'open' });
  });
});

test('a probe is told the state that admitted it, whatever a listener has made of it since', async () => {
  const { breaker } = createRecovered();
  breaker.on('halfOpen', () => breaker.reset());

  const state = await breaker.call((context) => context.state);

  expect(state).toBe('HALF_OPEN');
  expect(breaker.state).toBe('CLOSED');
});

describe('rejections that come back together, as `Promise.any` gathers them', () => {
  const gather = (errors: unknown[]) => new AggregateError(errors);

  test('say nothing of the dependency', async () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1, failureThreshold: 1 });

    const error = await errorOf(
      breaker.call(() => Promise.any([breaker.call(() => 1), breaker.call(() => 2)])),
    );

    expect(error).toBeInstanceOf(AggregateError);
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', lastFailure: null, totals: { ignored: 1 } });
  });

  test('let calls that nest heal', async () => {
    const { breaker, clock } = createOpen({ halfOpenMaxCalls: 1, successThreshold: 1 });

    for (let i = 0; i < 3; i++) {
      clock.advance(RECOVERY);
      await breaker.tryCall(() => Promise.any([breaker.call(async () => 1)]));
    }

    expect(breaker.state).toBe('CLOSED');
  });

  test.each<[string, (own: unknown) => unknown]>([
    ['a failure of the dependency', (own) => gather([own, new Error('down')])],
    ['nothing', () => gather([])],
    ['rejections of another breaker', () => gather([thrownBy(() => createOpen().breaker.acquire())])],
    [
      'itself',
      () => {
        const error = gather([]);
        error.errors.push(error);
        return error;
      },
    ],
  ])('are a failure where among them is %s', async (_, of) => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1, failureThreshold: 1 });

    await breaker.tryCall(async () => {
      const own = await errorOf(breaker.call(() => 1));
      throw of(own);
    });

    expect(breaker.state).toBe('OPEN');
  });
});
