import type { CircuitBreaker } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
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
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';

describe('observe', () => {
  test('is the mode it was configured with', () => {
    const { breaker } = createBreaker({ mode: 'observe' });

    expect(breaker.mode).toBe('observe');
    expect(breaker.metrics.mode).toBe('observe');
  });

  test('trips as ever', async () => {
    const { breaker } = createBreaker({ mode: 'observe', failureThreshold: 2 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await failTimes(breaker, 2);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN consecutive-failures']);
  });

  test('lets calls pass while OPEN', async () => {
    const { breaker } = createOpen({ mode: 'observe' });
    const task = vi.fn(async () => 'fine');

    const value = await breaker.call(task);

    expect(value).toBe('fine');
    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1, rejected: 0, wouldReject: 1 });
  });

  test('tells what it would have rejected', async () => {
    const { breaker } = createOpen({ mode: 'observe' });
    const events = heard(breaker, 'reject');

    await breaker.call(async () => 'fine');

    expect(events).toMatchObject([
      {
        breaker: 'test',
        reason: 'open',
        observed: true,
        error: { code: 'ERR_CIRCUIT_OPEN', retryAfter: RECOVERY },
      },
    ]);
  });

  test('tells nothing of a call that it would have admitted', async () => {
    const { breaker } = createBreaker({ mode: 'observe' });
    const events = heard(breaker, 'reject');

    await breaker.call(async () => 'fine');

    expect(events).toEqual([]);
    expect(breaker.metrics.totals.wouldReject).toBe(0);
  });

  test('lets the outcome of a call that it would have rejected steer nothing', async () => {
    const { breaker } = createOpen({ mode: 'observe', successThreshold: 1, failureThreshold: 1 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await play(breaker, 'sfsf');

    expect(stepsIn(transitions)).toEqual([]);
    expect(breaker.metrics).toMatchObject({
      state: 'OPEN',
      attempt: 1,
      consecutiveFailures: 0,
      lastFailure: null,
      window: { calls: 0 },
      totals: { calls: 4, successes: 2, failures: 2, wouldReject: 4 },
    });
  });

  test('probes and closes as ever', async () => {
    const { breaker } = createRecovered({ mode: 'observe', successThreshold: 2 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await succeedTimes(breaker, 2);

    expect(stepsIn(transitions)).toEqual(['OPEN→HALF_OPEN probing', 'HALF_OPEN→CLOSED recovered']);
    expect(breaker.metrics.totals.wouldReject).toBe(0);
  });

  test('lets calls beyond the probes pass, and steer nothing', () => {
    const { breaker } = createHalfOpen({ mode: 'observe', halfOpenMaxCalls: 1, successThreshold: 1 });
    breaker.acquire();

    breaker.acquire().failure();

    expect(breaker.metrics).toMatchObject({ state: 'HALF_OPEN', totals: { wouldReject: 1, failures: 1 } });
  });

  test('gives up probes that hang as ever', () => {
    const { breaker, clock } = createHalfOpen({ mode: 'observe', halfOpenMaxCalls: 1, probeTimeout: 100 });
    const transitions = recordEvents(breaker, { events: ['transition'] });
    breaker.acquire();

    clock.advance(101);
    breaker.acquire();

    expect(stepsIn(transitions)).toEqual(['HALF_OPEN→OPEN probe-expired']);
  });

  test('lets calls beyond `maxConcurrentCalls` pass, and steer nothing', () => {
    const { breaker } = createBreaker({ mode: 'observe', maxConcurrentCalls: 1, failureThreshold: 1 });
    const events = heard(breaker, 'reject');
    breaker.acquire();

    breaker.acquire().failure();

    expect(events).toMatchObject([{ reason: 'concurrency', observed: true }]);
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', window: { calls: 0 }, totals: { failures: 1 } });
  });

  test('gives no place to calls that it would have rejected, after a reset too', () => {
    const { breaker, clock } = createBreaker({ mode: 'observe', maxConcurrentCalls: 1, successThreshold: 1 });
    breaker.reset();
    breaker.trip();
    const rejected = [breaker.acquire(), breaker.acquire()];
    clock.advance(RECOVERY);

    breaker.acquire().success();
    for (const permit of rejected) permit.success();
    breaker.acquire();
    breaker.acquire();

    expect(breaker.metrics.totals.wouldReject).toBe(3);
  });

  test('is left for forced-open, and comes back with reset', () => {
    const { breaker } = createBreaker({ mode: 'observe' });

    breaker.forceOpen();
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.mode).toBe('forced-open');
    breaker.reset();

    expect(breaker.mode).toBe('observe');
  });

  test('tells the task the state', async () => {
    const { breaker } = createOpen({ mode: 'observe' });

    const state = await breaker.call((context) => context.state);

    expect(state).toBe('OPEN');
  });
});

describe('forceOpen', () => {
  test('rejects every call, and says why', () => {
    const { breaker } = createBreaker();

    breaker.forceOpen('maintenance');
    const error = thrownBy(() => breaker.acquire());

    expect(error).toMatchObject({ reason: 'forced-open', state: 'OPEN', retryAfter: null });
    expect(breaker.metrics).toMatchObject({ state: 'OPEN', mode: 'forced-open', retryAfter: null });
  });

  test('stays OPEN however long it lasts', () => {
    const { breaker, clock } = createBreaker();
    breaker.forceOpen();

    clock.advance(365 * 24 * 3_600_000);

    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.state).toBe('OPEN');
  });

  test('is not undone by a trip', () => {
    const { breaker, clock } = createOpen();
    breaker.forceOpen();

    breaker.trip();
    clock.advance(10 * RECOVERY);

    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.mode).toBe('forced-open');
  });

  test('tells the transition and the mode', () => {
    const { breaker } = createBreaker();
    const transitions = recordEvents(breaker, { events: ['transition'] });
    const modes = heard(breaker, 'mode');

    breaker.forceOpen('maintenance');

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN forced']);
    expect(modes).toEqual([{ breaker: 'test', from: 'active', to: 'forced-open', reason: 'maintenance' }]);
  });

  test('counts as opened, not as an attempt', () => {
    const recoveryTimeout = vi.fn(() => 100);
    const { breaker } = createBreaker({ recoveryTimeout });

    breaker.forceOpen();

    expect(breaker.metrics).toMatchObject({ attempt: 0, totals: { opened: 1 } });
    expect(recoveryTimeout).not.toHaveBeenCalled();
  });

  test('tells no transition while OPEN already', () => {
    const { breaker, clock } = createOpen();
    const names = recordEvents(breaker);

    breaker.forceOpen();
    clock.advance(10 * RECOVERY);

    expect(namesIn(names)).toEqual(['mode']);
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('opens from HALF_OPEN, and makes the probes late', () => {
    const { breaker } = createHalfOpen({ successThreshold: 1 });
    const probe = breaker.acquire();

    breaker.forceOpen();
    probe.success();

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', mode: 'forced-open' });
  });

  test('a second time changes and tells nothing', () => {
    const { breaker } = createBreaker();
    breaker.forceOpen();
    const names = recordEvents(breaker);

    breaker.forceOpen();

    expect(namesIn(names)).toEqual([]);
    expect(breaker.metrics.totals.opened).toBe(1);
  });

  test('gives calls no failure as the cause, which it has nothing to do with', async () => {
    const { breaker } = createBreaker();
    await failTimes(breaker, 1);

    breaker.forceOpen();

    expect((thrownBy(() => breaker.acquire()) as Error).cause).toBeUndefined();
  });

  test.each(['forceOpen', 'trip'] as const)(
    'gives calls the words of %s, also while it is OPEN already',
    (how) => {
      const { breaker } = createBreaker();
      breaker.trip();

      breaker[how]('INC-43, ask the ledger team');

      const error = thrownBy(() => breaker.acquire()) as Error;
      expect(error).toMatchObject({ detail: 'INC-43, ask the ledger team' });
      expect(error.message).toContain('INC-43, ask the ledger team');
      expect(breaker.metrics.lastTransition).toMatchObject({ detail: 'INC-43, ask the ledger team' });
    },
  );

  test('has words that go with the stay', () => {
    const { breaker } = createBreaker();
    breaker.forceOpen('INC-43');

    breaker.reset();
    breaker.trip();

    expect(thrownBy(() => breaker.acquire())).not.toHaveProperty('detail');
  });
});

describe('forceClosed', () => {
  test('lets every call pass and still counts it', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1, minimumCalls: 1, shouldTrip: () => true });
    breaker.forceClosed();

    await failTimes(breaker, 20);

    expect(breaker.metrics).toMatchObject({
      state: 'CLOSED',
      mode: 'forced-closed',
      consecutiveFailures: 20,
      window: { calls: 20, failures: 20 },
      totals: { failures: 20, opened: 0, rejected: 0 },
    });
  });

  test('from CLOSED keeps stay and window', async () => {
    const { breaker } = createBreaker();
    await play(breaker, 'sf');
    const inFlight = breaker.acquire();

    breaker.forceClosed();
    inFlight.failure();

    expect(breaker.metrics).toMatchObject({ consecutiveFailures: 2, window: { calls: 3, failures: 2 } });
  });

  test('from CLOSED tells the mode and no transition', () => {
    const { breaker } = createBreaker();
    const names = recordEvents(breaker);

    breaker.forceClosed();

    expect(namesIn(names)).toEqual(['mode']);
  });

  test('closes from OPEN', async () => {
    const { breaker } = createOpen();
    const transitions = recordEvents(breaker, { events: ['transition'] });

    breaker.forceClosed();

    expect(stepsIn(transitions)).toEqual(['OPEN→CLOSED forced']);
    expect(await breaker.call(async () => 'fine')).toBe('fine');
    expect(breaker.metrics).toMatchObject({ attempt: 0, window: { calls: 1 } });
  });

  test('from OPEN makes the results of the CLOSED stay before it late', () => {
    const { breaker } = createBreaker();
    const late = breaker.acquire();
    breaker.trip();

    breaker.forceClosed();
    late.failure();

    expect(breaker.metrics.window.calls).toBe(0);
  });
});

describe('the latest of forceOpen, forceClosed and reset', () => {
  const steps = ['forceOpen', 'forceClosed', 'reset'] as const;
  const outcomes = {
    forceOpen: { state: 'OPEN', mode: 'forced-open' },
    forceClosed: { state: 'CLOSED', mode: 'forced-closed' },
    reset: { state: 'CLOSED', mode: 'active' },
  };
  const pairs = steps.flatMap((first) => steps.map((last) => [first, last] as const));

  test.each(pairs)('wins: %s, then %s', (first, last) => {
    const { breaker } = createBreaker();

    breaker[first]();
    breaker[last]();

    expect({ state: breaker.state, mode: breaker.mode }).toEqual(outcomes[last]);
  });

  test.each(pairs)('wins over what was OPEN before: %s, then %s', (first, last) => {
    const { breaker } = createOpen();

    breaker[first]();
    breaker[last]();

    expect({ state: breaker.state, mode: breaker.mode }).toEqual(outcomes[last]);
  });
});

describe('reset', () => {
  const states: [string, () => CircuitBreaker][] = [
    ['CLOSED', () => createBreaker().breaker],
    ['OPEN', () => createOpen().breaker],
    ['HALF_OPEN', () => createHalfOpen().breaker],
    ['forced open', () => forced('forceOpen')],
    ['forced closed', () => forced('forceClosed')],
  ];

  function forced(force: 'forceOpen' | 'forceClosed'): CircuitBreaker {
    const { breaker } = createBreaker();
    breaker[force]();
    return breaker;
  }

  test.each(states)('from %s goes back to CLOSED and the configured mode', (_, create) => {
    const breaker = create();

    breaker.reset();

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', mode: 'active', attempt: 0, retryAfter: 0 });
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('empties the window', async () => {
    const { breaker } = createBreaker({ failureThreshold: 3 });
    await play(breaker, 'sff');

    breaker.reset();

    expect(breaker.metrics).toMatchObject({ consecutiveFailures: 0, window: { calls: 0, failures: 0 } });
    await failTimes(breaker, 2);
    expect(breaker.state).toBe('CLOSED');
  });

  test('empties the backoff', () => {
    const recoveryTimeout = vi.fn((attempt: number) => attempt);
    const { breaker, clock } = createBreaker({ recoveryTimeout });
    breaker.trip();
    clock.advance(1);
    breaker.acquire().failure();

    breaker.reset();
    breaker.trip();

    expect(recoveryTimeout.mock.calls.map(([attempt]) => attempt)).toEqual([1, 2, 1]);
  });

  test('tells a transition if the state changed', () => {
    const { breaker } = createOpen();
    const names = recordEvents(breaker);
    const transitions = recordEvents(breaker, { events: ['transition'] });

    breaker.reset();

    expect(stepsIn(transitions)).toEqual(['OPEN→CLOSED reset']);
    expect(namesIn(names)).toEqual(['transition', 'close']);
  });

  test('tells nothing if neither state nor mode changed', () => {
    const { breaker } = createBreaker();
    const names = recordEvents(breaker);

    breaker.reset();

    expect(namesIn(names)).toEqual([]);
  });

  test('tells the mode if that changed', () => {
    const { breaker } = createBreaker();
    breaker.forceClosed();
    const modes = heard(breaker, 'mode');

    breaker.reset();

    expect(modes).toMatchObject([{ breaker: 'test', from: 'forced-closed', to: 'active' }]);
  });

  test('begins a new stay from CLOSED too, so that calls in flight steer nothing', () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const late = breaker.acquire();

    breaker.reset();
    late.failure();

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', window: { calls: 0 }, totals: { failures: 1 } });
  });

  test('keeps the totals: they only grow', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    await failTimes(breaker, 3);
    const { totals } = breaker.metrics;

    breaker.reset();

    expect(breaker.metrics.totals).toEqual(totals);
  });

  test('keeps what is in flight', () => {
    const { breaker } = createBreaker();
    breaker.acquire();

    breaker.reset();

    expect(breaker.metrics.inFlight).toBe(1);
  });

  test('begins at the present reading of the clock', () => {
    const { breaker, clock } = createBreaker();
    clock.advance(500);

    breaker.reset();

    expect(breaker.metrics.since).toBe(clock.time);
  });
});

describe('the mode event', () => {
  test('tells a change by `update`', () => {
    const { breaker } = createBreaker();
    const modes = heard(breaker, 'mode');

    breaker.update({ mode: 'observe' });

    expect(modes).toMatchObject([{ breaker: 'test', from: 'active', to: 'observe' }]);
  });

  test('tells nothing of an update that is hidden by a forced mode', () => {
    const { breaker } = createBreaker();
    breaker.forceOpen();
    const modes = heard(breaker, 'mode');

    breaker.update({ mode: 'observe' });

    expect(modes).toEqual([]);
    expect(breaker.mode).toBe('forced-open');
  });

  test('tells every change in order, those that listeners cause too', () => {
    const { breaker } = createBreaker();
    breaker.forceOpen();
    const modes: string[] = [];
    breaker.on('mode', ({ from, to }) => modes.push(`${from}→${to}`));
    breaker.once('close', () => breaker.forceOpen());

    breaker.reset();

    expect(modes).toEqual(['forced-open→active', 'active→forced-open']);
  });

  test('is not told when the circuit opens by itself', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const modes = heard(breaker, 'mode');

    await failTimes(breaker, 1);

    expect(modes).toEqual([]);
  });
});

test('a circuit that is forced closed reads no clock for a success, however bad its figures are', async () => {
  const { breaker, clock } = createBreaker({ minimumCalls: 1 });
  breaker.forceClosed();
  await failTimes(breaker, 1);
  const before = clock.reads;

  await succeedTimes(breaker, 1);

  expect(clock.reads).toBe(before);
});

describe('a `recoveryTimeout` function that steers the breaker', () => {
  const steering = (steer: (breaker: CircuitBreaker) => void) => {
    const fixture = createBreaker({
      failureThreshold: 1,
      recoveryTimeout: () => {
        steer(fixture.breaker);
        return RECOVERY;
      },
    });
    return fixture;
  };

  test('has the last word with forceOpen', async () => {
    const { breaker, clock } = steering((it) => it.forceOpen('page somebody'));
    const modes = heard(breaker, 'mode');

    await failTimes(breaker, 1);
    clock.advance(RECOVERY);

    expect([breaker.state, breaker.mode]).toEqual(['OPEN', 'forced-open']);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(modes.map(({ to }) => to)).toEqual(['forced-open']);
  });

  test('has the last word with forceClosed', async () => {
    const { breaker } = steering((it) => it.forceClosed());

    await failTimes(breaker, 1);

    expect([breaker.state, breaker.mode]).toEqual(['CLOSED', 'forced-closed']);
  });

  test('has the last word with reset', async () => {
    const { breaker } = steering((it) => it.reset());

    await failTimes(breaker, 1);

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', mode: 'active', window: { calls: 0 } });
  });
});
