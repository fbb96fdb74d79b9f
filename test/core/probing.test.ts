import type { CircuitBreaker, CircuitBreakerOptions } from 'recloser';
import { describe, expect, test } from 'vitest';
import { SEAM } from '../../src/core/seam.js';
import { createBreaker, createHalfOpen, createRecovered, RECOVERY, thrownBy } from '../support/breakers.js';
import { fakeGate } from '../support/fake-gate.js';

const ONE_PROBE = { halfOpenMaxCalls: 1, successThreshold: 2 } as const;

/** A HALF_OPEN breaker that has seen a probe fail by the rejection of a call of its own: it has a place for such a call. */
function createNesting(options: CircuitBreakerOptions = {}) {
  const fixture = createRecovered({ ...ONE_PROBE, ...options });
  learnToNest(fixture.breaker);
  return fixture;
}

function learnToNest(breaker: CircuitBreaker): void {
  const probe = breaker.acquire();
  probe.failure(thrownBy(() => breaker.acquire()));
}

/** How many more calls are admitted now. */
function admittedBy(breaker: CircuitBreaker): number {
  let admitted = 0;
  while (admitted < 10 && breaker.tryAcquire() !== undefined) admitted++;
  return admitted;
}

describe('a place for a call that a probe makes', () => {
  test('is one for each probe, beside the probe', () => {
    const { breaker } = createNesting();

    expect(admittedBy(breaker)).toBe(2);
  });

  test('is given back when that call ends', () => {
    const { breaker } = createNesting();
    breaker.acquire();

    for (let i = 0; i < 5; i++) breaker.acquire().success();

    expect(admittedBy(breaker)).toBe(1);
  });

  test('brings another where that call makes one in turn, and only there', () => {
    const { breaker } = createNesting();
    breaker.acquire();
    const nested = breaker.acquire();

    nested.failure(thrownBy(() => breaker.acquire()));

    expect(admittedBy(breaker)).toBe(2);
  });

  test('is none while no probe is out', () => {
    const { breaker } = createNesting();
    const probe = breaker.acquire();
    breaker[SEAM]().open(RECOVERY, 1, fakeGate());
    probe.ignore();

    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('is not taken back by a call of an older stay', () => {
    const { breaker, clock } = createBreaker(ONE_PROBE);
    const late = breaker.acquire();
    breaker.trip();
    clock.advance(RECOVERY);
    learnToNest(breaker);

    late.success();

    expect(admittedBy(breaker)).toBe(2);
  });

  test('ends with the lease of the probe, once', () => {
    const { breaker, clock } = createNesting({ maxConcurrentCalls: 2, probeTimeout: 100 });
    const probe = breaker.acquire();
    const nested = breaker.acquire();
    clock.advance(101);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(RECOVERY);

    for (let i = 0; i < 2; i++) breaker.acquire().success();
    nested.success();
    probe.success();

    expect(breaker.state).toBe('CLOSED');
    expect(admittedBy(breaker)).toBe(2);
  });
});

describe('the lease of a probe', () => {
  test.each<[string, CircuitBreakerOptions]>([
    ['given', { probeTimeout: 60_000 }],
    ['with a timeout of calls', { callTimeout: 20_000 }],
  ])('does not double where it is %s', (_, options) => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 1, ...options });
    const seat = breaker[SEAM]();
    const before = seat.probeTimeout;
    breaker.acquire();

    clock.advance(before + 1);
    breaker.tryAcquire();

    expect(breaker.metrics.lastTransition?.reason).toBe('probe-expired');
    expect(seat.probeTimeout).toBe(before);
  });

  test('is counted from now where the clock has begun anew', () => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 1, probeTimeout: 100 });
    breaker.acquire();
    clock.time = 0;

    breaker.tryAcquire();
    clock.advance(101);
    breaker.tryAcquire();

    expect(breaker.state).toBe('OPEN');
  });

  test('takes no place where a backoff has begun anew when it ended', () => {
    const { breaker, clock } = createHalfOpen({
      ...{ halfOpenMaxCalls: 1, probeTimeout: 100, maxConcurrentCalls: 1 },
      recoveryTimeout: (attempt) => {
        if (attempt > 1) breaker.reset();
        return RECOVERY;
      },
    });
    breaker.acquire();
    clock.advance(101);

    breaker.tryAcquire();

    expect(breaker.state).toBe('CLOSED');
    expect(admittedBy(breaker)).toBe(1);
  });
});

test('a probe is admitted where the clock has gone back behind the beginning of the stay', () => {
  const { breaker, clock } = createHalfOpen();

  clock.time = 0;

  expect(breaker.tryAcquire()).toBeDefined();
});
