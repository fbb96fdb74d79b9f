import type { CircuitBreaker } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
import { OWN_EVIDENCE, SEAM, type Seat } from '../../src/core/seam.js';
import {
  createBreaker,
  createHalfOpen,
  failing,
  failTimes,
  heard,
  RECOVERY,
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';
import { fakeGate } from '../support/fake-gate.js';

const seatOf = (breaker: CircuitBreaker): Seat => breaker[SEAM]();

/** A breaker that others have opened, of which the time is over. */
function createGated(options = {}) {
  const fixture = createBreaker({ successThreshold: 2, ...options });
  const gate = fakeGate();
  const seat = seatOf(fixture.breaker);
  seat.open(RECOVERY, 4, gate, '4 of 12 have opened');
  fixture.clock.advance(RECOVERY);
  return { ...fixture, gate, seat };
}

describe('a seat', () => {
  test('opens with the words of others', () => {
    const { breaker } = createBreaker();
    const opened = heard(breaker, 'open');

    seatOf(breaker).open(500, 4, fakeGate(), '4 of 12 have opened');

    expect(opened).toMatchObject([{ reason: 'shared', detail: '4 of 12 have opened' }]);
    expect(breaker.metrics).toMatchObject({ shared: true, attempt: 4, retryAfter: 500 });
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ detail: '4 of 12 have opened' });
  });

  test('takes the gate in place where the circuit is OPEN, tells nothing and shortens nothing', () => {
    const { breaker } = createBreaker();
    breaker.trip();
    const transitions = recordEvents(breaker, { events: ['transition'] });

    seatOf(breaker).open(10, 1, fakeGate());

    expect(stepsIn(transitions)).toEqual([]);
    expect(breaker.metrics).toMatchObject({ shared: true, retryAfter: RECOVERY });
  });

  test('does nothing while the circuit is forced', () => {
    const { breaker } = createBreaker();
    const seat = seatOf(breaker);
    breaker.forceClosed();

    seat.open(10, 1, fakeGate());
    seat.close();
    seat.release();

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', mode: 'forced-closed', shared: false });
  });

  test('defers and closes nothing that has no gate', () => {
    const { breaker } = createBreaker();
    breaker.trip();
    const seat = seatOf(breaker);

    seat.defer(60_000);
    seat.close();

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', retryAfter: RECOVERY });
  });

  test('closes for all: recovered where it probes, shared where it does not', () => {
    const { breaker, seat, gate } = createGated();
    const transitions = recordEvents(breaker, { events: ['transition'] });

    seat.close();
    seat.open(0, 1, gate);
    gate.ready = true;
    breaker.acquire();
    seat.close();

    expect(stepsIn(transitions)).toEqual([
      'OPEN→CLOSED shared',
      'CLOSED→OPEN shared',
      'OPEN→HALF_OPEN probing',
      'HALF_OPEN→CLOSED recovered',
    ]);
  });

  test('lets go: the circuit recovers by itself', async () => {
    const { breaker, seat } = createGated();

    seat.release();
    await succeedTimes(breaker, 2);

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', shared: false });
  });

  test('lets go of probes that were enough', () => {
    const { breaker, seat, gate } = createGated({ successThreshold: 1 });
    gate.ready = true;
    breaker.acquire().success();
    expect(breaker.state).toBe('HALF_OPEN');

    seat.release();

    expect(breaker.state).toBe('CLOSED');
  });

  test('tells the lease, doubling included', () => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 1 });
    const seat = seatOf(breaker);
    expect(seat.probeTimeout).toBe(60_000);
    breaker.acquire();

    clock.advance(60_001);
    breaker.tryAcquire();
    clock.advance(RECOVERY);
    breaker.acquire();

    expect(seat.probeTimeout).toBe(120_000);
  });
});

describe('a gate', () => {
  test('withholds probes until there is leave, and is told how each ended', () => {
    const { breaker, clock, gate } = createGated();
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'open', retryAfter: 0 });

    gate.ready = true;
    const first = breaker.acquire();
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'half-open', retryAfter: null });
    gate.ready = true;
    clock.advance(1);
    const second = breaker.acquire();
    second.success();
    first.ignore();

    expect(gate.taken).toBe(2);
    expect(gate.settled).toEqual(['1 success', '0 ignored']);
  });

  test('leaves closing to the partner', () => {
    const { breaker, gate } = createGated();

    for (let i = 0; i < 5; i++) {
      gate.ready = true;
      breaker.acquire().success();
    }

    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('hears of a failure after the circuit has opened by it', () => {
    const { breaker, gate } = createGated();
    gate.ready = true;
    const states: string[] = [];
    vi.spyOn(gate, 'settle').mockImplementation(() => states.push(breaker.state));

    breaker.acquire().failure();

    expect(states).toEqual(['OPEN']);
    expect(breaker.metrics.shared).toBe(false);
  });

  test('may say when, while probes are out', () => {
    const { breaker, gate, seat } = createGated();
    gate.ready = true;
    breaker.acquire();

    seat.defer(700);

    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'half-open', retryAfter: 700 });
  });

  test('lets one caller wait, who is admitted with the leave', async () => {
    const { breaker, gate } = createGated();
    const task = vi.fn(async () => 'fine');

    const call = breaker.call(task);
    expect(breaker.metrics.inFlight).toBe(0);
    gate.grant();

    expect(await call).toBe('fine');
    expect(gate.taken).toBe(1);
  });

  test('lets nobody wait in the mode observe', async () => {
    const { breaker, gate } = createGated({ mode: 'observe' });

    expect(await breaker.call(() => 'fine')).toBe('fine');
    expect(gate).toMatchObject({ asked: 0, taken: 0 });
  });

  test('ends the wait of a caller who has gone', async () => {
    const { breaker, gate } = createGated();
    const caller = new AbortController();
    const result = breaker.tryCall(() => 'unreached', { signal: caller.signal });

    caller.abort('gone');
    gate.grant();

    expect(await result).toEqual({ ok: false, error: 'gone', rejected: false });
    expect(gate.taken).toBe(0);
  });

  test('that throws or rejects loses no call, and is reported', async () => {
    const reported = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const { breaker, gate } = createGated();
    vi.spyOn(gate, 'ask').mockImplementation(() => Promise.reject(new Error('broken gate')));

    expect(await breaker.tryCall(() => 1)).toMatchObject({ ok: false, rejected: true });
    vi.spyOn(gate, 'ask').mockImplementation(() => {
      throw new Error('broken gate');
    });
    expect(await breaker.tryCall(() => 1)).toMatchObject({ ok: false, rejected: true });
    vi.spyOn(gate, 'settle').mockImplementation(() => {
      throw new Error('broken gate');
    });
    gate.ready = true;
    expect(await breaker.call(() => 1)).toBe(1);

    expect(reported).toHaveBeenCalledTimes(3);
  });

  test('stays through a trip, and goes with a reset', () => {
    const { breaker } = createGated();

    breaker.trip();
    expect(breaker.metrics).toMatchObject({ shared: true, retryAfter: RECOVERY });
    breaker.reset();

    expect(breaker.metrics).toMatchObject({ shared: false, state: 'CLOSED' });
  });

  test('is in no snapshot', () => {
    const { breaker } = createGated();

    const restored = createBreaker({ snapshot: breaker.snapshot() }).breaker;

    expect(restored.metrics).toMatchObject({ state: 'OPEN', shared: false });
  });
});

describe('calls that nest', () => {
  test.each([1, 2, 3])(
    'heal with %d probes at once, three deep and with company',
    async (halfOpenMaxCalls) => {
      const { breaker, clock } = createBreaker({ halfOpenMaxCalls });
      const nested = (depth: number): Promise<unknown> =>
        breaker.call(async () => (depth === 0 ? 'fine' : await nested(depth - 1)));
      breaker.trip();
      clock.advance(RECOVERY);

      for (let round = 0; round < 30 && breaker.state !== 'CLOSED'; round++)
        await Promise.allSettled([nested(2), nested(2), nested(2)]);

      expect(breaker.state).toBe('CLOSED');
      expect(breaker.metrics.inFlight).toBe(0);
    },
  );

  test('close a gated circuit with one probe, and tell the gate of that one alone', async () => {
    const { breaker, gate, seat } = createGated({ halfOpenMaxCalls: 1 });
    const page = () => breaker.call(async () => await breaker.call(async () => 'fine'));

    for (let i = 0; i < 2; i++) {
      gate.ready = true;
      await page().catch(() => {});
    }
    expect(gate.settled).toEqual(['0 ignored', '0 success']);
    seat.close();

    expect(breaker.state).toBe('CLOSED');
  });

  test('that are rejected say nothing of the dependency, and grow no chain of causes', async () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1, failureThreshold: 2 });

    for (let i = 0; i < 50; i++)
      await breaker.tryCall(() =>
        breaker.call(failing()).catch((cause) => {
          throw new Error('wrapped', { cause });
        }),
      );

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', lastFailure: null });
    expect(breaker.metrics.totals).toMatchObject({ ignored: 50, failures: 0 });
  });

  test('through another breaker fail as ever', async () => {
    const { breaker } = createBreaker();
    const other = createBreaker().breaker;
    other.trip();

    await breaker.tryCall(() => other.call(() => 1));

    expect(breaker.metrics.totals.failures).toBe(1);
  });
});

test('a lease that nobody has given doubles until probes come to an end in it', async () => {
  const { breaker, clock } = createBreaker({ halfOpenMaxCalls: 1, successThreshold: 1 });
  breaker.trip();
  clock.advance(RECOVERY);
  breaker.acquire();
  clock.advance(60_001);
  breaker.tryAcquire();
  clock.advance(RECOVERY);

  const slow = breaker.acquire();
  clock.advance(90_000);
  breaker.tryAcquire();
  slow.success();

  expect(breaker.state).toBe('CLOSED');
});

test('own evidence is what a rule of this circuit has found', async () => {
  const { breaker } = createBreaker({ failureThreshold: 1 });
  await failTimes(breaker, 1);

  const { lastTransition } = breaker.metrics;

  expect(OWN_EVIDENCE[lastTransition?.reason ?? 'shared']).toBe(true);
  expect(OWN_EVIDENCE.shared).toBe(false);
});

test('own evidence is what rules, detectors and probes have found, and nothing that somebody has decided', () => {
  const own = Object.entries(OWN_EVIDENCE).filter(([, isOwn]) => isOwn);

  expect(own.map(([reason]) => reason)).toEqual([
    ...['consecutive-failures', 'failure-rate', 'slow-call-rate', 'should-trip', 'detector'],
    ...['probe-failed', 'probe-slow', 'probe-expired'],
  ]);
});
