import type { CircuitMetrics } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  failing,
  failTimes,
  heard,
  play,
  RECOVERY,
  stepsIn,
  succeedTimes,
} from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';

describe('consecutive failures', () => {
  test('do not trip below the threshold', async () => {
    const { breaker } = createBreaker({ failureThreshold: 3 });

    await failTimes(breaker, 2);

    expect(breaker.state).toBe('CLOSED');
  });

  test('trip at the threshold', async () => {
    const { breaker } = createBreaker({ failureThreshold: 3 });

    await failTimes(breaker, 3);

    expect(breaker.state).toBe('OPEN');
  });

  test('trip after five by default', async () => {
    const { breaker } = createBreaker();

    await failTimes(breaker, 4);
    expect(breaker.state).toBe('CLOSED');
    await failTimes(breaker, 1);

    expect(breaker.state).toBe('OPEN');
  });

  test('start again after a success', async () => {
    const { breaker } = createBreaker({ failureThreshold: 3 });

    await play(breaker, 'ffsff');

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics.consecutiveFailures).toBe(2);
  });

  test('are not interrupted by an ignored outcome', async () => {
    const { breaker } = createBreaker({ failureThreshold: 2, excludedErrors: [RangeError] });

    await failTimes(breaker, 1);
    await failTimes(breaker, 1, new RangeError());
    await failTimes(breaker, 1);

    expect(breaker.state).toBe('OPEN');
  });

  test('have no window', async () => {
    const { breaker, clock } = createBreaker({
      failureThreshold: 3,
      window: { type: 'time', duration: 1_000, buckets: 10 },
    });

    await failTimes(breaker, 2);
    clock.advance(3_600_000);
    await failTimes(breaker, 1);

    expect(breaker.state).toBe('OPEN');
  });

  test('never trip when the rule is off', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, failureRateThreshold: false });

    await failTimes(breaker, 200);

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics.consecutiveFailures).toBe(200);
  });
});

describe('the failure rate', () => {
  const rate = { failureThreshold: false } as const;

  test('is not judged before `minimumCalls` are settled', async () => {
    const { breaker } = createBreaker(rate);

    await failTimes(breaker, 9);

    expect(breaker.state).toBe('CLOSED');
  });

  test('trips at the threshold, inclusive', async () => {
    const { breaker } = createBreaker(rate);

    await play(breaker, 'sssssfffff');

    expect(breaker.state).toBe('OPEN');
    expect(breaker.metrics.window).toMatchObject({ calls: 10, failures: 5, failureRate: 0.5 });
  });

  test('does not trip below the threshold', async () => {
    const { breaker } = createBreaker(rate);

    await play(breaker, 'ssssssffff');

    expect(breaker.state).toBe('CLOSED');
  });

  test('is judged after a success too', async () => {
    const { breaker } = createBreaker(rate);

    await play(breaker, 'fffffsssss');

    expect(breaker.state).toBe('OPEN');
  });

  test('stays OPEN for the whole recovery timeout when a success tripped it', async () => {
    const { breaker, clock } = createBreaker(rate);

    await play(breaker, 'fffffsssss');

    expect(breaker.metrics).toMatchObject({ since: clock.time, retryAfter: RECOVERY });
    clock.advance(RECOVERY - 1);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(1);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('tells a reading of the clock when a success tripped it', async () => {
    const { breaker, clock } = createBreaker(rate);
    const transitions = heard(breaker, 'transition');

    await play(breaker, 'fffffsssss');

    expect(transitions.map(({ at }) => at)).toEqual([clock.time]);
  });

  test('is one of the last calls alone', async () => {
    const { breaker } = createBreaker({
      ...rate,
      window: { type: 'count', size: 4 },
      minimumCalls: 4,
      failureRateThreshold: 0.5,
    });

    await play(breaker, 'fsssf');
    expect(breaker.metrics.window).toMatchObject({ calls: 4, failures: 1 });
    await play(breaker, 'f');

    expect(breaker.state).toBe('OPEN');
  });

  test('is one of the last milliseconds alone', async () => {
    const { breaker, clock } = createBreaker({
      ...rate,
      window: { type: 'time', duration: 1_000, buckets: 10 },
      minimumCalls: 4,
    });

    await failTimes(breaker, 3);
    clock.advance(1_000);
    await failTimes(breaker, 3);
    expect(breaker.state).toBe('CLOSED');
    await failTimes(breaker, 1);

    expect(breaker.state).toBe('OPEN');
  });

  test('does not trip on failures an hour old', async () => {
    const { breaker, clock } = createBreaker({
      ...rate,
      window: { type: 'time', duration: 60_000, buckets: 10 },
      minimumCalls: 10,
    });

    await failTimes(breaker, 9);
    clock.advance(3_600_000);
    await failTimes(breaker, 1);

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics.window).toMatchObject({ calls: 1, failures: 1 });
  });

  test('of 0 means the first failure, once `minimumCalls` are settled', async () => {
    const { breaker } = createBreaker({ ...rate, failureRateThreshold: 0, minimumCalls: 3 });

    await play(breaker, 'sf');
    expect(breaker.state).toBe('CLOSED');
    await play(breaker, 's');

    expect(breaker.state).toBe('OPEN');
  });

  test('of 0 never trips for a healthy dependency', async () => {
    const { breaker } = createBreaker({ ...rate, failureRateThreshold: 0, minimumCalls: 1 });

    await succeedTimes(breaker, 50);

    expect(breaker.state).toBe('CLOSED');
  });

  test('of 0 never trips for calls that are slow, but fine', async () => {
    const { breaker, clock } = createBreaker({
      ...rate,
      failureRateThreshold: 0,
      minimumCalls: 1,
      slowCallDuration: 100,
    });
    await succeedTimes(breaker, 1);

    await breaker.call(async () => clock.advance(100));

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', window: { slowCalls: 1 } });
  });

  test('of 1 trips when every call fails', async () => {
    const { breaker } = createBreaker({ ...rate, failureRateThreshold: 1, minimumCalls: 3 });

    await play(breaker, 'fff');

    expect(breaker.state).toBe('OPEN');
  });

  test('never trips when the rule is off', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1_000, failureRateThreshold: false });

    await failTimes(breaker, 150);

    expect(breaker.state).toBe('CLOSED');
  });

  test('counts no ignored outcome', async () => {
    const { breaker } = createBreaker({ ...rate, minimumCalls: 2, excludedErrors: [RangeError] });

    await failTimes(breaker, 5, new RangeError());

    expect(breaker.metrics.window).toMatchObject({ calls: 0, failures: 0 });
  });
});

describe('the slow-call rate', () => {
  const slow = { slowCallDuration: 100, minimumCalls: 2 } as const;

  async function takes(fixture: ReturnType<typeof createBreaker>, ms: number): Promise<void> {
    const task = deferred<string>();
    const call = fixture.breaker.call(() => task.promise);
    fixture.clock.advance(ms);
    task.resolve('fine');
    await call;
  }

  test('trips when calls take at least `slowCallDuration`', async () => {
    const fixture = createBreaker(slow);
    const transitions = recordEvents(fixture.breaker, { events: ['transition'] });

    await takes(fixture, 100);
    await takes(fixture, 100);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN slow-call-rate']);
    expect(fixture.breaker.metrics.totals).toMatchObject({ successes: 2, slow: 2, failures: 0 });
  });

  test('does not trip for calls that are a millisecond faster', async () => {
    const fixture = createBreaker(slow);

    await takes(fixture, 99);
    await takes(fixture, 99);

    expect(fixture.breaker.state).toBe('CLOSED');
  });

  test('does not trip below the threshold', async () => {
    const fixture = createBreaker(slow);

    await takes(fixture, 100);
    await takes(fixture, 10);

    expect(fixture.breaker.state).toBe('CLOSED');
    expect(fixture.breaker.metrics.window).toMatchObject({ calls: 2, slowCalls: 1, slowCallRate: 0.5 });
  });

  test('trips at a lower threshold, inclusive', async () => {
    const fixture = createBreaker({ ...slow, slowCallRateThreshold: 0.5 });

    await takes(fixture, 100);
    await takes(fixture, 10);

    expect(fixture.breaker.state).toBe('OPEN');
  });

  test('of 0 means the first slow call, once `minimumCalls` are settled', async () => {
    const fixture = createBreaker({ ...slow, slowCallRateThreshold: 0, minimumCalls: 3 });

    await takes(fixture, 1);
    await takes(fixture, 1);
    await takes(fixture, 1);
    expect(fixture.breaker.state).toBe('CLOSED');
    await takes(fixture, 100);

    expect(fixture.breaker.state).toBe('OPEN');
  });

  test('of 0 never trips for calls that fail, but fast', async () => {
    const { breaker } = createBreaker({
      ...slow,
      slowCallRateThreshold: 0,
      failureThreshold: false,
      failureRateThreshold: false,
    });

    await failTimes(breaker, 20);

    expect(breaker.state).toBe('CLOSED');
  });

  test('is watched by nobody without `slowCallDuration`', async () => {
    const fixture = createBreaker({ minimumCalls: 1 });

    await takes(fixture, 3_600_000);

    expect(fixture.breaker.state).toBe('CLOSED');
    expect(fixture.breaker.metrics.totals.slow).toBe(0);
  });

  test('is watched by nobody without it where calls are timed for other reasons', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, window: { type: 'time' } });

    await succeedTimes(breaker, 1);

    expect(breaker.metrics).toMatchObject({ window: { slowCalls: 0 }, totals: { successes: 1, slow: 0 } });
  });

  test('takes every call for slow with a duration of 0', async () => {
    const fixture = createBreaker({ slowCallDuration: 0, minimumCalls: 1 });

    await takes(fixture, 0);

    expect(fixture.breaker.state).toBe('OPEN');
  });

  test('counts slow failures as well', async () => {
    const { breaker, clock } = createBreaker({
      failureThreshold: false,
      failureRateThreshold: false,
      slowCallDuration: 100,
      minimumCalls: 1,
    });

    await breaker.tryCall(async () => {
      clock.advance(100);
      throw new Error('boom');
    });

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', window: { failures: 1, slowCalls: 1 } });
  });

  test('counts no ignored outcome, however slow', async () => {
    const { breaker, clock } = createBreaker({ ...slow, minimumCalls: 1, excludedErrors: [Error] });

    await breaker.tryCall(async () => {
      clock.advance(100);
      throw new Error('boom');
    });

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', totals: { slow: 0, ignored: 1 } });
  });
});

describe('shouldTrip', () => {
  test('trips when it answers true', async () => {
    const { breaker } = createBreaker({ shouldTrip: ({ totals }) => totals.calls === 3 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await succeedTimes(breaker, 3);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN should-trip']);
  });

  test('sees the outcome that it is asked about', async () => {
    const seen: CircuitMetrics[] = [];
    const { breaker } = createBreaker({
      shouldTrip: (metrics) => {
        seen.push(metrics);
        return false;
      },
    });

    await failTimes(breaker, 1);

    expect(seen).toMatchObject([
      {
        state: 'CLOSED',
        consecutiveFailures: 1,
        inFlight: 0,
        window: { calls: 1, failures: 1 },
        totals: { failures: 1 },
      },
    ]);
  });

  test('is not asked about ignored outcomes', async () => {
    const shouldTrip = vi.fn(() => true);
    const { breaker } = createBreaker({ shouldTrip, excludedErrors: [Error] });

    await failTimes(breaker, 1);

    expect(shouldTrip).not.toHaveBeenCalled();
  });

  test('is not asked when a rule before it has tripped', async () => {
    const shouldTrip = vi.fn(() => true);
    const { breaker } = createBreaker({ shouldTrip, failureThreshold: 1 });

    await failTimes(breaker, 1);

    expect(shouldTrip).not.toHaveBeenCalled();
  });

  test('is not asked outside CLOSED', async () => {
    const shouldTrip = vi.fn(() => true);
    const { breaker, clock } = createBreaker({ shouldTrip, successThreshold: 5 });
    breaker.trip();
    clock.advance(RECOVERY);

    await succeedTimes(breaker, 1);

    expect(shouldTrip).not.toHaveBeenCalled();
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('is not asked about late results', async () => {
    const shouldTrip = vi.fn(() => true);
    const { breaker } = createBreaker({ shouldTrip });
    const late = breaker.acquire();

    breaker.reset();
    late.failure();

    expect(shouldTrip).not.toHaveBeenCalled();
  });

  test('does not trip when it throws, and its error is reported', async () => {
    const { uncaught } = watchRuntime();
    const error = new Error('broken rule');
    const { breaker } = createBreaker({
      shouldTrip: () => {
        throw error;
      },
    });

    const value = await breaker.call(async () => 'fine');
    await quiet();

    expect(value).toBe('fine');
    expect(breaker.state).toBe('CLOSED');
    expect(uncaught).toEqual([error]);
  });

  test.each<[string, unknown]>([
    ['a word', 'yes'],
    ['a number', 1],
    ['an object', {}],
    ['a promise', Promise.resolve(true)],
  ])('does not trip when it answers %s, and that is reported', async (_, answer) => {
    const { uncaught } = watchRuntime();
    const { breaker } = createBreaker({ shouldTrip: (() => answer) as never });

    await succeedTimes(breaker, 1);
    await quiet();

    expect(breaker.state).toBe('CLOSED');
    expect(uncaught).toEqual([expect.any(Error)]);
  });

  test('does not trip the stay that begins while it is asked', async () => {
    const { breaker } = createBreaker({
      shouldTrip: () => {
        breaker.reset();
        return true;
      },
    });

    await succeedTimes(breaker, 1);

    expect(breaker.state).toBe('CLOSED');
  });

  test('tells one opening when it trips the breaker itself', async () => {
    const { breaker } = createBreaker({
      shouldTrip: () => {
        breaker.trip();
        return false;
      },
    });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await succeedTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN tripped']);
    expect(breaker.metrics.totals.opened).toBe(1);
  });
});

describe('the order of the rules', () => {
  test('puts consecutive failures before the failure rate', async () => {
    const { breaker } = createBreaker({ failureThreshold: 2, minimumCalls: 2, shouldTrip: () => true });
    breaker.update({ shouldTrip: ({ totals }) => totals.calls > 1 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await failTimes(breaker, 2);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN consecutive-failures']);
  });

  test('puts the failure rate before the slow-call rate', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, slowCallDuration: 0, minimumCalls: 1 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await failTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN failure-rate']);
  });

  test('puts the slow-call rate before `shouldTrip`', async () => {
    const { breaker } = createBreaker({ slowCallDuration: 0, minimumCalls: 1, shouldTrip: () => true });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await succeedTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN slow-call-rate']);
  });

  test('is told with the figures of the rule that fired', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 2 });
    const transitions = heard(breaker, 'transition');
    const error = new Error('boom');

    await succeedTimes(breaker, 1);
    await failTimes(breaker, 2, error);

    expect(transitions).toMatchObject([
      {
        breaker: 'test',
        from: 'CLOSED',
        to: 'OPEN',
        at: clock.time,
        reason: 'consecutive-failures',
        error,
        metrics: {
          state: 'OPEN',
          attempt: 1,
          consecutiveFailures: 2,
          retryAfter: RECOVERY,
          window: { calls: 3, failures: 2 },
          totals: { opened: 1, failures: 2 },
        },
      },
    ]);
  });
});

describe('while CLOSED', () => {
  test('calls run side by side', async () => {
    const { breaker } = createBreaker();
    const tasks = [deferred<number>(), deferred<number>(), deferred<number>()];
    const calls = tasks.map((task) => breaker.call(() => task.promise));

    expect(breaker.metrics.inFlight).toBe(3);
    for (const [i, task] of [...tasks.entries()].reverse()) task.resolve(i);

    expect(await Promise.all(calls)).toEqual([0, 1, 2]);
    expect(breaker.metrics.inFlight).toBe(0);
  });

  test('failures of calls side by side trip once', async () => {
    const { breaker } = createBreaker({ failureThreshold: 3 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await Promise.all(Array.from({ length: 10 }, () => breaker.tryCall(failing())));

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN consecutive-failures']);
    expect(breaker.metrics).toMatchObject({
      attempt: 1,
      consecutiveFailures: 3,
      totals: { failures: 10, opened: 1 },
    });
  });

  test('a smaller count window lowers the default of `minimumCalls`', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, window: { type: 'count', size: 4 } });

    await play(breaker, 'ssff');

    expect(breaker.state).toBe('OPEN');
  });
});
