/**
 * What must be so whatever a partner and a detector do. The schedules and the exploration look at it in every state that
 * they come to; here each stands by itself, with what takes a hand to set up: partners and detectors that are broken.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  type CircuitSnapshot,
  type CircuitState,
  type TransitionReason,
} from 'recloser';
import { createManualClock, recordEvents } from 'recloser/testing';
import { beforeEach, describe, expect, type Mock, test, vi } from 'vitest';
import { OWN_EVIDENCE, SEAM, type Seat } from '../../src/core/seam.js';
import {
  createBreaker,
  failing,
  failTimes,
  hanging,
  play,
  RECOVERY,
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { fakeDetector } from '../support/fake-detector.js';
import { fakeGate } from '../support/fake-gate.js';
import { settled } from './simulated-time.js';

const seatOf = (breaker: CircuitBreaker): Seat => breaker[SEAM]();

/** A breaker that others have opened, whose time is over. */
function createGated(options: CircuitBreakerOptions = {}) {
  const fixture = createBreaker({ successThreshold: 2, ...options });
  const gate = fakeGate();
  const seat = seatOf(fixture.breaker);
  seat.open(RECOVERY, 1, gate);
  fixture.clock.advance(RECOVERY);
  return { ...fixture, gate, seat };
}

/** A detector that lets only a share pass after the circuit has closed by itself or with others. */
function rampingDetector() {
  let ramps = false;
  const entered: string[] = [];
  const fake = fakeDetector({
    get isRamping() {
      return ramps;
    },
    entered: (state: CircuitState, reason: TransitionReason) => {
      entered.push(`${state} ${reason}`);
      ramps = state === 'CLOSED' && (reason === 'recovered' || reason === 'shared');
    },
    admit: () => (ramps ? 'refuse' : 'admit'),
  });
  return { ...fake, entered, endRamp: () => (ramps = false) };
}

/** Every state that a breaker can be in, and how it gets there. */
const STATES: Readonly<Record<string, (breaker: CircuitBreaker, advance: () => void) => void>> = {
  CLOSED: () => {},
  OPEN: (breaker) => breaker.trip(),
  HALF_OPEN: (breaker, advance) => {
    breaker.trip();
    advance();
    breaker.acquire().ignore();
  },
  'forced open': (breaker) => breaker.forceOpen(),
  'forced closed': (breaker) => breaker.forceClosed(),
};

let reported: Mock<(error: unknown) => void>;

/** What is reported is thrown in a microtask, which vitest would take for its own. */
function catchReports(): void {
  reported = vi.fn();
  const { queueMicrotask } = globalThis;
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((job) =>
    queueMicrotask(() => {
      try {
        job();
      } catch (error) {
        reported(error);
      }
    }),
  );
}

beforeEach(catchReports);

describe('a seat that is taken', () => {
  test('and not used changes nothing that can be seen', async () => {
    const plain = createBreaker();
    const seated = createBreaker();
    const told = [plain, seated].map(({ breaker }) => recordEvents(breaker, { events: ['transition'] }));
    seatOf(seated.breaker);

    for (const { breaker, clock } of [plain, seated]) {
      await play(breaker, 'sfsfffff');
      clock.advance(RECOVERY);
      await play(breaker, 'sss');
    }

    expect(seated.breaker.metrics).toEqual(plain.breaker.metrics);
    expect(seated.breaker.snapshot()).toEqual(plain.breaker.snapshot());
    const [first, second] = told.map(stepsIn);
    expect(second).toEqual(first);
  });

  test.each(Object.keys(STATES))('does nothing without a gate but open: %s', (state) => {
    const { breaker, clock } = createBreaker();
    STATES[state]?.(breaker, () => clock.advance(RECOVERY));
    const transitions = recordEvents(breaker, { events: ['transition'] });
    const before = breaker.metrics;
    const seat = seatOf(breaker);

    seat.close();
    seat.release();
    seat.release(0);
    seat.defer(60_000);

    expect(breaker.metrics).toEqual(before);
    expect(stepsIn(transitions)).toEqual([]);
    expect(seat.leave()).toBeUndefined();
  });
});

describe('a gated stay', () => {
  test('admits one probe for each leave, none before its time and none where there is no place', () => {
    const { breaker, clock, gate, seat } = createGated({ maxConcurrentCalls: 2, halfOpenMaxCalls: 5 });
    seat.defer(50);
    gate.ready = true;
    expect(breaker.tryAcquire()).toBeUndefined();

    clock.advance(50);
    breaker.acquire();
    expect(breaker.tryAcquire()).toBeUndefined();
    gate.ready = true;
    breaker.acquire();
    gate.ready = true;

    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'concurrency' });
    expect(gate).toMatchObject({ taken: 2, ready: true });
  });

  test('does not become half-open for a probe that there is no place for', () => {
    const { breaker, gate } = createGated({ maxConcurrentCalls: 1 });
    breaker.reset();
    breaker.acquire();
    seatOf(breaker).open(0, 1, gate);
    gate.ready = true;

    expect(breaker.tryAcquire()).toBeUndefined();

    expect(breaker.state).toBe('OPEN');
    expect(gate.taken).toBe(0);
  });

  test('hears of none of an older stay', async () => {
    const { breaker, gate, seat } = createGated();
    gate.ready = true;
    const late = breaker.acquire();
    seat.open(0, 2, gate);
    gate.ready = true;
    breaker.acquire();

    late.failure();

    expect(gate.settled).toEqual([]);
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('opened again in place tells nothing and shortens nothing', () => {
    const { breaker, seat } = createGated();
    const transitions = recordEvents(breaker, { events: ['transition'] });
    seat.defer(500);

    seat.open(10, 9, fakeGate());

    expect(stepsIn(transitions)).toEqual([]);
    expect(breaker.metrics).toMatchObject({ retryAfter: 500, attempt: 1 });
    seat.open(800, 9, fakeGate());
    expect(breaker.metrics.retryAfter).toBe(800);
  });

  test.each(['forceOpen', 'forceClosed', 'reset'] as const)('is left by %s', (how) => {
    const { breaker, gate, seat } = createGated();
    gate.ready = true;
    breaker.acquire();

    breaker[how]();
    const before = breaker.metrics;
    if (how !== 'reset') seat.open(0, 1, gate);
    seat.close();
    seat.release();

    expect(breaker.metrics).toEqual(before);
    expect(breaker.metrics.shared).toBe(false);
    breaker.reset();
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', shared: false });
  });

  test.each(['OPEN', 'HALF_OPEN'])('let go in %s closes without the partner', async (state) => {
    const { breaker, gate, seat } = createGated();
    gate.ready = true;
    if (state === 'HALF_OPEN') breaker.acquire().success();
    expect(breaker.state).toBe(state);

    seat.release();
    await succeedTimes(breaker, 2);

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', shared: false });
    expect(gate.taken).toBe(state === 'HALF_OPEN' ? 1 : 0);
  });

  test('let go before its time is over ends when that is, or after the wait if sooner', () => {
    const { breaker, clock, gate, seat } = createGated();

    seat.open(5_000, 1, gate);
    seat.release();
    expect(breaker.metrics.retryAfter).toBe(5_000);
    seat.open(5_000, 1, gate);
    seat.release(300);
    clock.advance(300);

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('lets go of what it waited for in HALF_OPEN', () => {
    const { breaker, gate, seat } = createGated();
    gate.ready = true;
    breaker.acquire().ignore();
    seat.defer(60_000);
    expect(breaker.tryAcquire()).toBeUndefined();

    seat.release();

    expect(breaker.tryAcquire()).toBeDefined();
  });
});

describe('a gate that is broken', () => {
  const broken = () => {
    throw new Error('broken gate');
  };
  const unready = {
    get ready(): boolean {
      return broken();
    },
  };

  test.each([
    ['throws at everything', { ...fakeGate(), ask: broken, take: broken, settle: broken }, unready],
    ['says yes to everything', { ...fakeGate(true), take: () => {} }, {}],
    ['answers a promise that rejects', { ...fakeGate(), ask: () => Promise.reject(new Error('broken')) }, {}],
    ['answers what is no promise', { ...fakeGate(), ask: () => 7 as never, settle: broken }, {}],
  ])('loses no call and leaves the circuit sound: it %s', async (_, gate, getters) => {
    Object.defineProperties(gate, Object.getOwnPropertyDescriptors(getters));
    const { breaker, clock } = createBreaker({ successThreshold: 1 });
    const seat = seatOf(breaker);
    seat.open(RECOVERY, 1, gate);
    clock.advance(RECOVERY);

    const results = await Promise.all(Array.from({ length: 10 }, () => breaker.tryCall(async () => 'fine')));
    const answered = await breaker.call(failing()).catch(() => 'answered');

    expect(results).toHaveLength(10);
    expect(answered).toBe('answered');
    expect(breaker.metrics.inFlight).toBe(0);
    seat.release();
    clock.advance(RECOVERY);
    await succeedTimes(breaker, 2);
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', inFlight: 0 });
  });

  test('is reported', async () => {
    const { breaker, gate, seat } = createGated();
    gate.ask = broken;
    gate.settle = broken;

    await breaker.tryCall(async () => 'unreached');
    gate.ready = true;
    expect(await breaker.call(async () => 'fine')).toBe('fine');
    seat.open(0, 1, {
      ...fakeGate(),
      ask: broken,
      get ready() {
        return broken();
      },
    } as never);
    await breaker.tryCall(async () => 'unreached');
    await settled();

    expect(reported.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(reported).toHaveBeenCalledWith(new Error('broken gate'));
  });

  test('holds up nobody but the one who asked it: it never answers', async () => {
    const { breaker, gate, seat } = createGated();
    const waiting = breaker.tryCall(async () => 'fine');

    const others = await Promise.all([1, 2, 3].map(() => breaker.tryCall(async () => 'unreached')));
    seat.close();
    const after = await breaker.call(async () => 'fine');
    gate.refuse();

    expect(others.every((result) => !result.ok && result.rejected)).toBe(true);
    expect(after).toBe('fine');
    expect(await waiting).toEqual({ ok: true, value: 'fine' });
  });
});

describe('who waits for leave', () => {
  test('is one at a time, in call or tryCall alone', async () => {
    const { breaker, gate } = createGated();

    const waiting = breaker.call(async () => 'fine');
    const second = await breaker.tryCall(async () => 'unreached');
    const refusals = [() => breaker.acquire(), () => breaker.callSync(() => 'unreached')].map(thrownBy);
    const permit = breaker.tryAcquire();
    gate.grant();

    expect(second).toMatchObject({ ok: false, rejected: true });
    expect(refusals).toMatchObject([{ code: 'ERR_CIRCUIT_OPEN' }, { code: 'ERR_CIRCUIT_OPEN' }]);
    expect(permit).toBeUndefined();
    expect(gate.asked).toBe(1);
    expect(await waiting).toBe('fine');
  });

  test('is not in flight, and its timeout begins when it does', async () => {
    const { breaker, clock, gate } = createGated({ callTimeout: 100 });
    const task = deferred<string>();
    const call = breaker.call(() => task.promise);

    clock.advance(5_000);
    await settled();
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 0 } });
    gate.grant();
    await settled();
    expect(breaker.metrics.inFlight).toBe(1);
    task.resolve('fine');

    expect(await call).toBe('fine');
  });

  test('keeps its own affairs', async () => {
    const request = new AsyncLocalStorage<string>();
    const { breaker, gate } = createGated();
    const call = request.run('of the caller', () => breaker.call(async () => request.getStore()));

    request.run('of the partner', () => gate.grant());

    expect(await call).toBe('of the caller');
  });

  test.each(['call', 'tryCall'] as const)('who has gone meanwhile does not begin: %s', async (how) => {
    const { breaker, gate } = createGated();
    const caller = new AbortController();
    const task = vi.fn();
    const result = breaker[how](task, { signal: caller.signal });

    caller.abort('gone');
    gate.grant();

    const answer = await Promise.resolve(result).catch((error: unknown) => ({ error }));
    expect(answer).toMatchObject({ error: 'gone' });
    expect(task).not.toHaveBeenCalled();
    expect(gate).toMatchObject({ taken: 0, ready: true });
  });

  test('is rejected where leave is refused, and may be answered by a fallback', async () => {
    const { breaker, gate } = createGated();
    const call = breaker.call(() => 'unreached', { fallback: () => 'instead' });

    gate.refuse();

    expect(await call).toBe('instead');
  });
});

describe('the mode observe', () => {
  test('follows a partner: nobody waits, and no leave is taken though it is at hand', async () => {
    const { breaker, gate, seat } = createGated({ mode: 'observe' });
    gate.ready = true;

    expect(await breaker.call(async () => 'fine')).toBe('fine');

    expect(gate).toMatchObject({ asked: 0, taken: 0, settled: [] });
    expect(breaker.metrics).toMatchObject({ state: 'OPEN', totals: { wouldReject: 1 } });
    seat.close();
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', shared: false });
  });

  test('never rejects what a detector refuses or trips for', async () => {
    const { detector, state } = fakeDetector({ admit: () => 'refuse' });
    const { breaker } = createBreaker({ detector, mode: 'observe' });

    expect(await breaker.call(async () => 'fine')).toBe('fine');
    state.admit = () => 'trip';
    expect(await breaker.call(async () => 'fine')).toBe('fine');
    expect(await breaker.call(async () => 'fine')).toBe('fine');

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', totals: { rejected: 0, wouldReject: 3 } });
  });
});

describe('a detector', () => {
  test('that finds nothing changes nothing that can be seen', async () => {
    const { detector } = fakeDetector();
    const plain = createBreaker();
    const watched = createBreaker({ detector });
    const told = [plain, watched].map(({ breaker }) => recordEvents(breaker, { events: ['transition'] }));

    for (const { breaker, clock } of [plain, watched]) {
      await play(breaker, 'sfsfffff');
      clock.advance(RECOVERY);
      await play(breaker, 'sss');
    }

    expect(watched.breaker.metrics).toEqual({ ...plain.breaker.metrics, detector: { evidence: 0 } });
    const [first, second] = told.map(stepsIn);
    expect(second).toEqual(first);
  });

  test('is told of each result once, whichever way the call came in', async () => {
    const { detector, recorded } = fakeDetector();
    const { breaker } = createBreaker({ detector, failureThreshold: false, failureRateThreshold: false });
    const caller = new AbortController();

    await breaker.call(async () => 1);
    await breaker.tryCall(failing());
    breaker.callSync(() => 2);
    breaker.acquire().failure();
    await breaker.wrap(async () => 3)();
    await breaker.call(async () => 4, { callTimeout: 1_000, signal: caller.signal });
    const aborted = breaker.tryCall(hanging, { signal: caller.signal });
    caller.abort();
    await aborted;

    expect(recorded).toEqual([
      ...['success', 'failure', 'success', 'failure', 'success', 'success', 'ignored'],
    ]);
  });

  test('does the same in the same order on the same clock', async () => {
    const trace = async () => {
      const { detector } = fakeDetector({ record: (kind) => kind === 'failure' });
      const { breaker, clock } = createBreaker({ detector, successThreshold: 1 });
      const transitions = recordEvents(breaker, { events: ['transition'] });
      for (let round = 0; round < 5; round++) {
        await play(breaker, 'ssf');
        clock.advance(RECOVERY);
        await play(breaker, round % 2 === 0 ? 's' : 'f');
        clock.advance(RECOVERY);
      }
      return {
        steps: stepsIn(transitions),
        metrics: { ...breaker.metrics, lastFailure: null, lastTransition: null },
      };
    };

    const first = await trace();

    expect(first.steps.length).toBeGreaterThan(10);
    expect(await trace()).toEqual(first);
  });

  test('that throws at everything changes no result and no figure of a call', async () => {
    const broken = () => {
      throw new Error('broken detector');
    };
    const sound = { asks: () => false, create: undefined };
    for (const asks of [broken, sound.asks, () => true]) {
      const { detector } = fakeDetector({
        ...{ asks, admit: broken, record: broken, entered: broken, used: broken, describe: broken },
        ...{ explain: broken, rejected: broken, snapshot: broken, restore: broken },
        get stamp(): number {
          return broken();
        },
        get isRamping(): boolean {
          return broken();
        },
      });
      const plain = createBreaker();
      const { breaker, clock } = createBreaker({ detector });
      breaker.restore({ ...plain.breaker.snapshot(), detector: { learned: 1 } } as CircuitSnapshot);

      for (const it of [plain, { breaker, clock }]) {
        expect(await it.breaker.call(async () => 'fine')).toBe('fine');
        expect(it.breaker.callSync(() => 'fine')).toBe('fine');
        await failTimes(it.breaker, 6);
        it.clock.advance(RECOVERY);
        await succeedTimes(it.breaker, 3);
        it.breaker.reset();
      }
      breaker.update({ detector: fakeDetector({ entered: broken }).detector });

      expect(breaker.metrics.totals).toEqual(plain.breaker.metrics.totals);
      expect(breaker.state).toBe('CLOSED');
    }
    const { detector } = fakeDetector({ snapshot: broken });
    expect(createBreaker({ detector }).breaker.snapshot()).not.toHaveProperty('detector');
    await settled();
    expect(reported).toHaveBeenCalledWith(new Error('broken detector'));
  });

  test('that refuses the options of an update leaves those before in force', () => {
    const { breaker } = createBreaker({ failureThreshold: 7 });
    const detector = {
      create: () => {
        throw new RangeError('no');
      },
    };

    expect(() => breaker.update({ detector, failureThreshold: 9 })).toThrow('no');

    expect(breaker.options).toMatchObject({ failureThreshold: 7, detector: false });
    breaker.update({ minimumCalls: 3 });
    expect(breaker.options).toMatchObject({ failureThreshold: 7, minimumCalls: 3, detector: false });
  });
});

describe('a ramp', () => {
  const closeBy: Readonly<Record<string, (breaker: CircuitBreaker, advance: () => void) => void>> = {
    'recovered by itself': (breaker, advance) => {
      breaker.trip();
      advance();
      for (let i = 0; i < 3; i++) breaker.acquire().success();
    },
    'closed by the partner while it probes': (breaker, advance) => {
      const gate = fakeGate();
      seatOf(breaker).open(0, 1, gate);
      advance();
      gate.ready = true;
      breaker.acquire();
      seatOf(breaker).close();
    },
    'closed by the partner': (breaker) => {
      seatOf(breaker).open(0, 1, fakeGate());
      seatOf(breaker).close();
    },
    reset: (breaker) => {
      breaker.trip();
      breaker.reset();
    },
    'forced closed': (breaker) => {
      breaker.trip();
      breaker.forceClosed();
    },
    restored: (breaker) => {
      const snapshot = breaker.snapshot();
      breaker.trip();
      breaker.restore(snapshot);
    },
  };

  test.each([
    ['recovered by itself', true],
    ['closed by the partner while it probes', true],
    ['closed by the partner', true],
    ['reset', false],
    ['forced closed', false],
    ['restored', false],
  ] as const)('comes after the circuit has %s: %s', (how, ramps) => {
    const { detector } = rampingDetector();
    const { breaker, clock } = createBreaker({ detector });

    closeBy[how]?.(breaker, () => clock.advance(RECOVERY));

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.tryAcquire() === undefined).toBe(ramps);
  });

  test('keeps the number of openings until it ends', () => {
    const { detector, endRamp } = rampingDetector();
    const { breaker, clock } = createBreaker({ detector });
    closeBy['recovered by itself']?.(breaker, () => clock.advance(RECOVERY));
    expect(breaker.metrics.attempt).toBe(1);

    breaker.trip();
    expect(breaker.metrics.attempt).toBe(2);
    clock.advance(RECOVERY);
    for (let i = 0; i < 3; i++) breaker.acquire().success();
    expect(breaker.metrics.attempt).toBe(2);
    endRamp();

    expect(breaker.metrics.attempt).toBe(0);
    expect(breaker.snapshot().attempt).toBe(0);
    breaker.trip();
    expect(breaker.metrics.attempt).toBe(1);
  });
});

describe('a partner and a detector together', () => {
  test.each(['give leave', 'let go'])('leave a way to CLOSED from every state: %s', async (way) => {
    for (const prepare of Object.values(STATES)) {
      const { detector, endRamp } = rampingDetector();
      const { breaker, clock } = createBreaker({ detector, successThreshold: 2 });
      const gate = fakeGate();
      const seat = seatOf(breaker);
      prepare(breaker, () => clock.advance(RECOVERY));
      if (breaker.mode.startsWith('forced')) breaker.reset();
      seat.open(RECOVERY, 3, gate);

      if (way === 'let go') seat.release();
      for (let call = 0; call < 6 && breaker.state !== 'CLOSED'; call++) {
        clock.advance(RECOVERY);
        gate.ready = true;
        await breaker.tryCall(async () => 'fine');
        if (gate.settled.length === 2) seat.close();
      }
      endRamp();

      expect(breaker.state).toBe('CLOSED');
      expect(await breaker.call(async () => 'fine')).toBe('fine');
    }
  });

  test('share no evidence that is not their own: what others have decided is none', () => {
    const { breaker, gate, seat } = createGated();
    expect(OWN_EVIDENCE[breaker.metrics.lastTransition?.reason as TransitionReason]).toBe(false);

    gate.ready = true;
    breaker.acquire().failure();
    expect(OWN_EVIDENCE[breaker.metrics.lastTransition?.reason as TransitionReason]).toBe(true);
    seat.open(0, 1, gate);
    seat.close();

    expect(breaker.metrics.lastTransition?.reason).toBe('shared');
    const { detector } = fakeDetector({ admit: () => 'trip' });
    const other = createBreaker({ detector }).breaker;
    other.tryAcquire();
    expect(OWN_EVIDENCE[other.metrics.lastTransition?.reason as TransitionReason]).toBe(true);
  });

  test('come soundly out of a snapshot with either, both or none', async () => {
    for (const hasPartner of [false, true]) {
      for (const hadDetector of [false, true]) {
        for (const hasDetector of [false, true]) {
          for (const prepare of Object.values(STATES)) {
            const before = createBreaker(hadDetector ? { detector: rampingDetector().detector } : {});
            if (hasPartner) seatOf(before.breaker).open(0, 2, fakeGate());
            else prepare(before.breaker, () => before.clock.advance(RECOVERY));
            const snapshot = JSON.parse(JSON.stringify(before.breaker));
            const after = createBreaker({
              snapshot,
              ...(hasDetector && { detector: rampingDetector().detector }),
            });

            const { breaker, clock } = after;
            expect(breaker.metrics).toMatchObject({ state: before.breaker.state, shared: false });
            if (breaker.state === 'CLOSED') expect(breaker.metrics.attempt).toBe(0);
            breaker.mode.startsWith('forced') && breaker.reset();
            for (let call = 0; call < 5 && breaker.state !== 'CLOSED'; call++) {
              clock.advance(RECOVERY);
              await succeedTimes(breaker, 1);
            }
            expect(breaker.state).toBe('CLOSED');
          }
        }
      }
    }
  });

  test('close with one probe though its calls nest, once there is room for those', async () => {
    const { breaker, gate, seat } = createGated({ halfOpenMaxCalls: 1, successThreshold: 1 });
    const page = () => breaker.call(() => breaker.call(() => breaker.call(async () => 'fine')));
    const answers: unknown[] = [];

    for (let i = 0; i < 4; i++) {
      gate.ready = true;
      answers.push(await page().catch(() => 'rejected'));
    }
    seat.close();

    expect(answers).toContain('fine');
    expect(gate.settled.filter((it) => it.startsWith('0 '))).toEqual(gate.settled);
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', inFlight: 0 });
  });

  test('keep a circuit in its registry: one that ramps, is gated or is forced', () => {
    const { detector } = rampingDetector();
    const registry = new CircuitBreakerRegistry({ maxSize: 1, idleTimeout: 10, clock: createManualClock() });
    const ramps = registry.getOrCreate('ramps', { detector });
    seatOf(ramps).open(0, 1, fakeGate());
    seatOf(ramps).close();
    const gated = registry.getOrCreate('gated');
    seatOf(gated).open(0, 1, fakeGate());
    registry.getOrCreate('forced').forceClosed();
    registry.getOrCreate('sound');

    registry.getOrCreate('last');

    expect(registry.names().sort()).toEqual(['forced', 'gated', 'last', 'ramps']);
  });

  test('take an update in every state', async () => {
    for (const prepare of Object.values(STATES)) {
      const old = fakeDetector();
      const { breaker, clock } = createBreaker({ detector: old.detector });
      prepare(breaker, () => clock.advance(RECOVERY));
      const gate = fakeGate();
      const seat = seatOf(breaker);
      seat.open(RECOVERY, 2, gate);
      const { state, shared } = breaker.metrics;
      const next = fakeDetector();

      breaker.update({ detector: next.detector, halfOpenMaxCalls: 1 });
      breaker.update({ failureThreshold: 9 });

      expect(next.entered).toEqual([`${state} restored`]);
      expect(breaker.metrics).toMatchObject({ state, shared });
      breaker.reset();
      await succeedTimes(breaker, 1);
      expect(next.recorded).toEqual(['success']);
      expect(old.recorded).toEqual([]);
    }
  });
});

describe('what was given up', () => {
  test('takes no place, nor does what it has called through the same breaker', async () => {
    const { breaker, clock } = createBreaker({
      ...{ halfOpenMaxCalls: 1, successThreshold: 1, maxConcurrentCalls: 2, probeTimeout: 100 },
    });
    breaker.trip();

    for (let outage = 0; outage < 5; outage++) {
      clock.advance(RECOVERY);
      await breaker.tryCall(() => breaker.call(async () => 'fine')); // shows that its calls nest
      void breaker.tryCall(() => breaker.call(hanging));
      expect(breaker.metrics.inFlight).toBe(2 * outage + 2);
      clock.advance(101);
      expect(breaker.tryAcquire()).toBeUndefined();
      expect(breaker.metrics.lastTransition?.reason).toBe('probe-expired');
    }
    clock.advance(RECOVERY);

    expect(await breaker.call(async () => 'fine')).toBe('fine');
    expect(breaker.state).toBe('CLOSED');
  });
});
