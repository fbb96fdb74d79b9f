import { CallTimeoutError, type CircuitBreaker, type CircuitBreakerOptions } from 'recloser';
import { describe, expect, test } from 'vitest';
import { ADMIT, BREAK_OFF, SETTLE, STAY } from '../../src/core/permit.js';
import type { Phase } from '../../src/core/phase.js';
import { SEAM } from '../../src/core/seam.js';
import { createBreaker, createHalfOpen, createOpen, RECOVERY, thrownBy } from '../support/breakers.js';
import { fakeGate } from '../support/fake-gate.js';

const broken = new Error('the body broke off');

/** A call that has begun well; `breakOff` tells that it has ended badly since. */
function beginWell(breaker: CircuitBreaker, now: number) {
  const permit = breaker[ADMIT](now) as Phase;
  breaker[SETTLE](permit, now, false, 'head');
  const stay = breaker[STAY](permit);
  return { stay, breakOff: (error: unknown = broken) => stay && breaker[BREAK_OFF](stay, now, error) };
}

describe('a success that has broken off since', () => {
  test('counts as one more failed call, and takes no place', () => {
    const { breaker, clock } = createBreaker({ maxConcurrentCalls: 1 });

    beginWell(breaker, clock.now()).breakOff();

    const { totals, inFlight, lastFailure } = breaker.metrics;
    expect(totals).toMatchObject({ calls: 2, successes: 1, failures: 1, ignored: 0 });
    expect(inFlight).toBe(0);
    expect(lastFailure?.error).toBe(broken);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('opens the circuit that it closed half', () => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 2, successThreshold: 2 });
    const { breakOff } = beginWell(breaker, clock.now());
    const other = breaker.acquire();

    breakOff();
    other.success();

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', lastTransition: { reason: 'probe-failed' } });
  });

  test('is told to the gate as the probe that it was, beside those that are out', () => {
    const { breaker, clock } = createBreaker({ halfOpenMaxCalls: 2, successThreshold: 2 });
    const gate = fakeGate(true);
    breaker[SEAM]().open(0, 1, gate);
    breaker.acquire();
    clock.advance(1);
    gate.ready = true;
    const { breakOff } = beginWell(breaker, clock.now());

    breakOff();

    expect(gate.settled).toEqual(['1 success', '1 failure']);
  });

  test('counts as a timeout where it was one', () => {
    const { breaker, clock } = createBreaker();

    beginWell(breaker, clock.now()).breakOff(new CallTimeoutError('test', 100));

    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });

  test('says nothing of a later stay', () => {
    const { breaker, clock } = createBreaker();
    const { breakOff } = beginWell(breaker, clock.now());

    breaker.reset();
    breakOff();

    expect(breaker.metrics.totals).toMatchObject({ calls: 1, failures: 0 });
  });

  test('says nothing where its error is none of the dependency', () => {
    const options: CircuitBreakerOptions = { excludedErrors: [RangeError] };
    const { breaker, clock } = createBreaker(options);

    beginWell(breaker, clock.now()).breakOff(new RangeError('read too far'));

    expect(breaker.metrics.totals).toMatchObject({ calls: 1, failures: 0 });
  });

  test('has left no stay where the circuit is OPEN', () => {
    const { breaker, clock } = createBreaker();
    const now = clock.now();
    const permit = breaker[ADMIT](now) as Phase;
    breaker.trip();
    breaker[SETTLE](permit, now, false, 'head');

    expect(breaker[STAY](permit)).toBeUndefined();
  });

  test('has left no stay where an observed circuit would have rejected it', () => {
    const { breaker, clock } = createOpen({ mode: 'observe', successThreshold: 1 });
    const now = clock.now();
    const permit = breaker[ADMIT](now) as Phase;
    clock.advance(RECOVERY);
    breaker.acquire().success();
    breaker[SETTLE](permit, now, false, 'head');

    expect(breaker.state).toBe('CLOSED');
    expect(breaker[STAY](permit)).toBeUndefined();
  });
});

describe('a rejection by the breaker itself', () => {
  const rejectionBy = (breaker: CircuitBreaker) => {
    const places = [breaker.acquire()];
    const rejection = thrownBy(() => breaker.acquire());
    for (const place of places) place.ignore();
    return rejection;
  };

  test('is a success where whoever settles the call says so', () => {
    const { breaker, clock } = createBreaker({ maxConcurrentCalls: 1 });
    const rejection = rejectionBy(breaker);
    const permit = breaker[ADMIT](clock.now()) as Phase;

    breaker[SETTLE](permit, clock.now(), true, rejection, 'success');

    expect(breaker.metrics.totals).toMatchObject({ successes: 1, ignored: 1 });
  });

  test('is a success where it is a value', async () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    breaker.on('success', () => {});
    const rejection = rejectionBy(breaker);

    await breaker.call(async () => rejection);

    expect(breaker.metrics.totals).toMatchObject({ successes: 1, ignored: 1 });
  });
});

describe('a permit', () => {
  test('tells those who settle it what its outcome counts as, once', () => {
    const { breaker } = createBreaker();
    const permit = breaker.acquire() as unknown as Pick<CircuitBreaker, never> & {
      [SETTLE](threw: boolean, result: unknown): string;
    };

    expect(permit[SETTLE](true, broken)).toBe('failure');
    expect(permit[SETTLE](true, broken)).toBe('ignored');
  });

  test('that was a success by its value breaks off', () => {
    const { breaker } = createBreaker();
    const permit = breaker.acquire() as unknown as {
      success(value: unknown): void;
      [BREAK_OFF](error: unknown): void;
    };

    permit.success('head');
    permit[BREAK_OFF](broken);

    expect(breaker.metrics.totals).toMatchObject({ calls: 2, successes: 1, failures: 1 });
  });

  test('that was a success breaks off once, and one that was none never', () => {
    const { breaker } = createBreaker();
    const [well, ignored] = [breaker.acquire(), breaker.acquire()] as unknown as {
      success(): void;
      ignore(): void;
      [BREAK_OFF](error: unknown): void;
    }[];
    well?.success();
    ignored?.ignore();

    for (const permit of [well, well, ignored]) permit?.[BREAK_OFF](broken);

    expect(breaker.metrics.totals).toMatchObject({ calls: 3, successes: 1, failures: 1, ignored: 1 });
  });
});
