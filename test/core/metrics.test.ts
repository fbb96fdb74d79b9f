import { runInNewContext } from 'node:vm';
import { CircuitBreaker, CircuitState } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  failTimes,
  heard,
  namesIn,
  play,
  RECOVERY,
  succeedTimes,
} from '../support/breakers.js';
import { manualClock } from '../support/manual-clock.js';

describe('CircuitState', () => {
  test('is a frozen object of the three states', () => {
    expect(CircuitState).toEqual({ CLOSED: 'CLOSED', OPEN: 'OPEN', HALF_OPEN: 'HALF_OPEN' });
    expect(Object.isFrozen(CircuitState)).toBe(true);
  });
});

describe('metrics', () => {
  test('of a new breaker say that nothing has happened', () => {
    const { breaker, clock } = createBreaker({ name: 'users' });

    expect(breaker.metrics).toEqual({
      name: 'users',
      state: 'CLOSED',
      mode: 'active',
      since: clock.time,
      attempt: 0,
      retryAfter: 0,
      consecutiveFailures: 0,
      inFlight: 0,
      lastFailure: null,
      lastTransition: null,
      health: 1,
      window: { calls: 0, failures: 0, slowCalls: 0, failureRate: 0, slowCallRate: 0 },
      totals: {
        calls: 0,
        successes: 0,
        failures: 0,
        timeouts: 0,
        slow: 0,
        ignored: 0,
        rejected: 0,
        wouldReject: 0,
        fallbacks: 0,
        opened: 0,
      },
      shared: false,
      detector: null,
    });
  });

  test('are a fresh plain object each time', () => {
    const { breaker } = createBreaker();
    const first = breaker.metrics;

    Object.assign(first.totals, { calls: 99 });
    Object.assign(first.window, { calls: 99 });
    Object.assign(first, { state: 'OPEN' });

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', window: { calls: 0 }, totals: { calls: 0 } });
    expect(Object.getPrototypeOf(first)).toBe(Object.prototype);
  });

  test('hand out no failure or transition that the breaker goes on using', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    await failTimes(breaker, 1);
    const { lastFailure, lastTransition } = breaker.metrics;

    Object.assign(lastFailure as object, { at: 99 });
    Object.assign(lastTransition as object, { to: 'CLOSED' });

    expect(breaker.metrics.lastFailure).not.toEqual(lastFailure);
    expect(breaker.metrics.lastTransition).toMatchObject({ to: 'OPEN' });
  });

  test('are JSON', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    await failTimes(breaker, 1);

    const parsed = JSON.parse(JSON.stringify(breaker.metrics));

    expect(parsed).toMatchObject({ name: 'test', state: 'OPEN', retryAfter: RECOVERY });
  });

  test('tell in JSON what an error is and says, and nothing else that it holds, and so do events', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1, fallback: () => 'instead' });
    const events: object[] = [];
    for (const event of ['failure', 'ignore', 'transition', 'open', 'reject', 'fallback'] as const)
      breaker.on(event, (told) => void events.push(told));
    const config = { auth: { password: 'hunter2' } };
    const error = Object.assign(new Error('no answer'), { code: 'ECONNREFUSED', config });

    await failTimes(breaker, 1, error);
    await failTimes(breaker, 1, error);

    for (const shown of [breaker.metrics, ...events]) expect(JSON.stringify(shown)).not.toContain('hunter2');
    const plain = { name: 'Error', message: 'no answer', code: 'ECONNREFUSED' };
    expect(JSON.parse(JSON.stringify(breaker.metrics)).lastFailure.error).toEqual(plain);
    expect(JSON.parse(JSON.stringify(events[0]))).toMatchObject({ breaker: 'test', error: plain });
    expect(events).toContainEqual({ breaker: 'test', duration: 0, error });
    expect(events).toHaveLength(6);
  });

  test.each<[string, unknown, object]>([
    [
      'of another realm',
      runInNewContext('Object.assign(new RangeError("too far"), { code: 7, token: "hunter2" })'),
      { name: 'RangeError', message: 'too far', code: '7' },
    ],
    [
      'that is a plain object',
      { message: 'duplicate key', code: '23505', hint: 'hunter2' },
      { name: 'Failure', message: 'duplicate key', code: '23505' },
    ],
    [
      'whose message is no text',
      { message: { text: 'hunter2' }, code: 5 },
      { name: 'Failure', message: 'an object', code: null },
    ],
  ])('tell in JSON of an error %s what it says', async (_, error, plain) => {
    const { breaker } = createBreaker();

    await failTimes(breaker, 1, error);

    expect(JSON.parse(JSON.stringify(breaker.metrics)).lastFailure.error).toEqual(plain);
    expect(breaker.snapshot().lastFailure).toMatchObject(plain);
  });

  test('tell in the JSON of a rejection what a log needs', async () => {
    const { breaker } = createOpen();
    const events = heard(breaker, 'reject');

    await breaker.tryCall(async () => 1);

    expect(JSON.parse(JSON.stringify(events))).toEqual([
      {
        breaker: 'test',
        reason: 'open',
        observed: false,
        error: {
          name: 'CircuitBreakerOpenError',
          message: 'Circuit breaker "test" is OPEN, next probe in 1 s',
          code: 'ERR_CIRCUIT_OPEN',
        },
      },
    ]);
  });

  test('tell the last failure', async () => {
    const { breaker, clock } = createBreaker();
    const [first, last] = [new Error('first'), new Error('last')];
    await failTimes(breaker, 1, first);

    clock.advance(10);
    await failTimes(breaker, 1, last);
    clock.advance(10);
    await succeedTimes(breaker, 1);

    expect(breaker.metrics.lastFailure).toEqual({ error: last, at: clock.time - 10 });
  });

  test('tell the last failure as long as the window or the run of failures holds one', async () => {
    const { breaker, clock } = createBreaker({ window: { type: 'time', duration: 10_000, buckets: 10 } });
    await failTimes(breaker, 1);

    clock.advance(20_000);
    expect(breaker.metrics).toMatchObject({
      window: { failures: 0 },
      lastFailure: { at: clock.time - 20_000 },
    });
    await succeedTimes(breaker, 1);
    await failTimes(breaker, 1);
    await succeedTimes(breaker, 1);
    clock.advance(20_000);

    expect(breaker.metrics.lastFailure).toBeNull();
  });

  test('hold no success of an older stay', async () => {
    const { breaker } = createBreaker();
    const late = breaker.acquire();

    breaker.reset();
    late.success();

    expect(breaker.metrics).toMatchObject({ window: { calls: 0 }, totals: { successes: 1 } });
  });

  test('tell the last transition', async () => {
    const { breaker, clock } = createRecovered();

    await succeedTimes(breaker, 1);

    expect(breaker.metrics.lastTransition).toMatchObject({
      from: 'OPEN',
      to: 'HALF_OPEN',
      at: clock.time,
      reason: 'probing',
    });
  });

  test('tell since when the state lasts', () => {
    const { breaker, clock } = createBreaker();
    clock.advance(100);

    breaker.trip();
    const { since } = breaker.metrics;
    clock.advance(100);

    expect(breaker.metrics.since).toBe(since);
    expect(since).toBe(clock.time - 100);
  });

  test('tell the rates of the window', async () => {
    const { breaker } = createBreaker({ failureThreshold: false });

    await play(breaker, 'sssf');

    expect(breaker.metrics.window).toMatchObject({
      calls: 4,
      failures: 1,
      failureRate: 0.25,
      slowCallRate: 0,
    });
  });

  test('tell a time window as of now', async () => {
    const { breaker, clock } = createBreaker({ window: { type: 'time', duration: 1_000, buckets: 10 } });
    await play(breaker, 'sf');

    clock.advance(1_000);

    expect(breaker.metrics.window).toMatchObject({ calls: 0, failures: 0, failureRate: 0 });
  });

  test('tell what is in flight', () => {
    const { breaker } = createBreaker();
    const permit = breaker.acquire();
    breaker.acquire();

    permit.success();

    expect(breaker.metrics.inFlight).toBe(1);
  });

  test('tell no time to retry after while HALF_OPEN and full, and 0 while it is not', () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1 });
    expect(breaker.metrics.retryAfter).toBe(0);

    breaker.acquire();

    expect(breaker.metrics.retryAfter).toBeNull();
  });

  test('count each total', async () => {
    const { breaker, clock } = createBreaker({
      failureThreshold: 2,
      slowCallDuration: 100,
      excludedErrors: [RangeError],
      fallback: () => 'instead',
    });

    await breaker.call<unknown>(async () => clock.advance(100));
    await failTimes(breaker, 1, new RangeError());
    await failTimes(breaker, 2);
    await failTimes(breaker, 3);

    expect(breaker.metrics.totals).toEqual({
      calls: 4,
      successes: 1,
      failures: 2,
      timeouts: 0,
      slow: 1,
      ignored: 1,
      rejected: 3,
      wouldReject: 0,
      fallbacks: 5,
      opened: 1,
    });
  });

  test('count no opening of a state that was OPEN already', () => {
    const { breaker } = createOpen();

    breaker.trip();
    breaker.forceOpen();

    expect(breaker.metrics.totals.opened).toBe(1);
  });

  test('can be looked at without end and change nothing', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 1 });
    await failTimes(breaker, 1);
    const names = recordEvents(breaker);

    clock.advance(10 * RECOVERY);
    for (let i = 0; i < 10; i++)
      JSON.stringify([breaker.metrics, breaker.options, breaker.state, breaker.mode, breaker]);

    expect(namesIn(names)).toEqual([]);
    expect(breaker.metrics.state).toBe('OPEN');
  });
});

describe('health', () => {
  test('falls with each consecutive failure', async () => {
    const { breaker } = createBreaker({ failureThreshold: 4, failureRateThreshold: false });
    const healths = [breaker.metrics.health];

    for (let i = 0; i < 4; i++) {
      await failTimes(breaker, 1);
      healths.push(breaker.metrics.health);
    }

    expect(healths).toEqual([1, 0.75, 0.5, 0.25, 0]);
  });

  test('rises again with a success', async () => {
    const { breaker } = createBreaker({ failureRateThreshold: false });

    await play(breaker, 'ffs');

    expect(breaker.metrics.health).toBe(1);
  });

  test('falls with the failure rate once it is judged', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, minimumCalls: 4 });

    await play(breaker, 'fss');
    expect(breaker.metrics.health).toBe(1);
    await play(breaker, 's');

    expect(breaker.metrics.health).toBe(0.5);
  });

  test('is 0 while OPEN', () => {
    const { breaker } = createOpen();

    expect(breaker.metrics.health).toBe(0);
  });

  test('rises while probes succeed', async () => {
    const { breaker } = createHalfOpen({ successThreshold: 4 });
    const healths = [breaker.metrics.health];

    for (let i = 0; i < 4; i++) {
      await succeedTimes(breaker, 1);
      healths.push(breaker.metrics.health);
    }

    expect(healths).toEqual([0, 0.125, 0.25, 0.375, 1]);
  });

  test.each<[string, ConstructorParameters<typeof CircuitBreaker>[0]]>([
    ['a threshold of 0', { failureRateThreshold: 0, minimumCalls: 1 }],
    ['no rules', { failureThreshold: false, failureRateThreshold: false }],
    ['slow calls', { slowCallDuration: 0, slowCallRateThreshold: 0, minimumCalls: 1 }],
  ])('is from 0 to 1 with %s', async (_, options) => {
    const breaker = new CircuitBreaker({ ...options, mode: 'observe' });
    breaker.forceClosed();
    const healths: number[] = [];

    for (const outcome of 'sfsfffffff') {
      await play(breaker, outcome);
      healths.push(breaker.metrics.health);
    }

    expect(healths.every((health) => health >= 0 && health <= 1)).toBe(true);
  });
});

describe('the window of an OPEN breaker', () => {
  test('says what it held when the circuit was tripped, not when it was last looked at', () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker({ clock, window: { type: 'time', duration: 1_000, buckets: 10 } });
    breaker.callSync(() => 'long ago');
    clock.advance(5_000);

    breaker.trip();

    expect(breaker.metrics.window.calls).toBe(0);
  });
});

describe('the health of a breaker', () => {
  test.each([
    [{ failureThreshold: false, failureRateThreshold: false }, 1],
    [{ failureThreshold: 4, failureRateThreshold: false }, 0.75],
    [{ failureThreshold: 4, failureRateThreshold: 0.5, minimumCalls: 10 }, 0.75],
    [{ failureThreshold: false, failureRateThreshold: 0.5, minimumCalls: 10 }, 1],
  ] as const)('goes by the rules that it has, after one failure: %j', async (options, health) => {
    const { breaker } = createBreaker(options);

    await failTimes(breaker, 1);

    expect(breaker.metrics.health).toBe(health);
  });
});

describe('the last failure', () => {
  const window = { type: 'time', duration: 1_000, buckets: 10 } as const;

  test('is kept while a run of failures lasts, though the window holds none any more', async () => {
    const { breaker, clock } = createBreaker({ window });
    await failTimes(breaker, 1);

    clock.advance(5_000);

    expect(breaker.metrics).toMatchObject({
      consecutiveFailures: 1,
      window: { failures: 0 },
      lastFailure: { error: expect.any(Error) },
    });
  });

  test('goes once neither the window nor a run holds a failure', async () => {
    const { breaker, clock } = createBreaker({ window });
    await play(breaker, 'fs');
    expect(breaker.metrics.lastFailure).not.toBeNull();

    clock.advance(5_000);

    expect(breaker.metrics.lastFailure).toBeNull();
  });
});
