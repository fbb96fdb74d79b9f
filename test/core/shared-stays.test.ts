import type { CircuitBreakerOptions } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { SEAM } from '../../src/core/seam.js';
import { createBreaker, RECOVERY, thrownBy } from '../support/breakers.js';
import { fakeDetector } from '../support/fake-detector.js';
import { fakeGate } from '../support/fake-gate.js';

/** A breaker that others have opened just now. */
function createShared(options: CircuitBreakerOptions = {}) {
  const fixture = createBreaker({ successThreshold: 2, ...options });
  const gate = fakeGate();
  const seat = fixture.breaker[SEAM]();
  seat.open(RECOVERY, 1, gate, 'others');
  return { ...fixture, gate, seat };
}

/** One that probes, with leave at hand for another probe. */
function createProbing(options: CircuitBreakerOptions = {}) {
  const fixture = createShared(options);
  fixture.clock.advance(RECOVERY);
  fixture.gate.ready = true;
  const probe = fixture.breaker.acquire();
  fixture.gate.ready = true;
  return { ...fixture, probe };
}

describe('a stay that is shared', () => {
  test('lasts longer where that is asked, and never less long', () => {
    const { breaker, seat } = createShared();

    seat.defer(RECOVERY + 500);
    seat.defer(10);

    expect(breaker.metrics.retryAfter).toBe(RECOVERY + 500);
  });

  test('is told by the seat, which hands on the wait for leave', async () => {
    const { breaker, clock, gate, seat } = createShared();
    expect(seat.isGated).toBe(true);
    expect(seat.leave()).toBeUndefined();
    clock.advance(RECOVERY);

    const leave = seat.leave();
    gate.grant();
    await leave;

    expect(gate.asked).toBe(1);
    breaker.reset();
    expect(seat.isGated).toBe(false);
  });

  test('that is let go ends sooner where that is asked', () => {
    const { breaker, seat } = createShared();

    seat.release(200);

    expect(breaker.metrics).toMatchObject({ shared: false, retryAfter: 200 });
  });

  test('admits no probe before its time, though leave is at hand', () => {
    const { breaker, clock, seat, probe } = createProbing({ halfOpenMaxCalls: 3 });

    seat.defer(700);
    expect(breaker.metrics.retryAfter).toBe(700);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(700);

    expect(breaker.metrics.retryAfter).toBe(0);
    expect(breaker.tryAcquire()).toBeDefined();
    probe.ignore();
  });

  test('knows no time where only the end of a probe lets one pass', () => {
    const { breaker, clock, seat } = createProbing({ halfOpenMaxCalls: 1 });
    seat.defer(700);
    clock.advance(700);

    expect(breaker.metrics.retryAfter).toBeNull();
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'half-open', retryAfter: null });
  });

  test('tells no time to a call that there is no place for', () => {
    const { breaker, seat } = createProbing({ maxConcurrentCalls: 1, halfOpenMaxCalls: 3 });
    seat.defer(700);

    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'concurrency', retryAfter: null });
  });

  test.each<[string, number, number]>([
    ['before its time', 1, 0],
    ['where there is no place', 0, 1],
  ])('asks for no leave %s', async (_, early, inFlight) => {
    const { breaker, clock, gate, seat } = createShared({ maxConcurrentCalls: 1 });
    seat.close();
    for (let i = 0; i < inFlight; i++) breaker.acquire();
    seat.open(RECOVERY, 1, gate);
    clock.advance(RECOVERY - early);

    await breaker.tryCall(() => 'unreached');

    expect(gate.asked).toBe(0);
  });

  test('is not cut short by a detector', () => {
    const { detector, hosts } = fakeDetector();
    const { breaker } = createShared({ detector });

    hosts[0]?.resume();

    expect(breaker.metrics.retryAfter).toBe(RECOVERY);
  });

  test('keeps the words that came with it where none come', () => {
    const { breaker } = createShared();

    breaker.trip();

    expect(thrownBy(() => breaker.acquire())).toMatchObject({ detail: 'others' });
  });
});

describe('a gate', () => {
  test('hears a slow probe for a failure, and a quick one for what it is', () => {
    const { breaker, clock, gate, probe } = createProbing({ slowCallDuration: 100, halfOpenMaxCalls: 2 });
    breaker.acquire().success();

    clock.advance(100);
    probe.success();

    expect(gate.settled).toEqual(['0 success', '0 failure']);
  });

  test('that throws when it is looked at gives no leave', () => {
    const reported = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const { breaker, clock, gate } = createShared();
    clock.advance(RECOVERY);
    Object.defineProperty(gate, 'ready', {
      get() {
        throw new Error('broken gate');
      },
    });

    expect(breaker.tryAcquire()).toBeUndefined();
    expect(reported).toHaveBeenCalledTimes(1);
  });
});

test('a call that waited for leave needs no signal of its own', async () => {
  const { breaker, clock, gate } = createShared();
  clock.advance(RECOVERY);

  const call = breaker.tryCall(async () => 'fine', { callTimeout: 100 });
  gate.grant();

  expect(await call).toEqual({ ok: true, value: 'fine' });
});

test('calls that nest are admitted beside a probe, and never in place of one', () => {
  const { breaker, clock, gate } = createShared();
  clock.advance(RECOVERY);
  gate.ready = true;
  thrownBy(() => breaker.callSync(() => breaker.callSync(() => 'nested')));
  expect(breaker.state).toBe('HALF_OPEN');

  expect(breaker.tryAcquire()).toBeUndefined();
});
