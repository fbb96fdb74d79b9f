import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  errorOf,
  failing,
  hanging,
  RECOVERY,
  thrownBy,
} from '../support/breakers.js';
import { deferred } from '../support/deferred.js';

describe('maxConcurrentCalls', () => {
  test('is no limit by default', () => {
    const { breaker } = createBreaker();

    const permits = Array.from({ length: 5_000 }, () => breaker.tryAcquire());

    expect(permits.every(Boolean)).toBe(true);
    expect(breaker.options.maxConcurrentCalls).toBe(Number.POSITIVE_INFINITY);
  });

  test('rejects the call beyond it, and says why', async () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 2 });
    void breaker.call(hanging);
    void breaker.call(hanging);
    const task = vi.fn();

    const error = await errorOf(breaker.call(task));

    expect(error).toMatchObject({
      code: 'ERR_CIRCUIT_OPEN',
      reason: 'concurrency',
      state: 'CLOSED',
      retryAfter: null,
    });
    expect(task).not.toHaveBeenCalled();
  });

  test('never counts what it rejects as failures', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1, failureThreshold: 1 });
    breaker.acquire();

    for (let i = 0; i < 10; i++) breaker.tryAcquire();

    expect(breaker.metrics).toMatchObject({
      state: 'CLOSED',
      inFlight: 1,
      totals: { rejected: 10, failures: 0 },
    });
  });

  test.each<[string, (task: ReturnType<typeof deferred<string>>) => void]>([
    ['succeeded', (task) => task.resolve('fine')],
    ['failed', (task) => task.reject(new Error('boom'))],
  ])('admits a call again when one has %s', async (_, settle) => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    const task = deferred<string>();
    const call = breaker.tryCall(() => task.promise);

    settle(task);
    await call;

    expect(await breaker.call(async () => 'next')).toBe('next');
  });

  test('admits a call again when one was aborted by its caller', async () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort();
    await call;

    expect(await breaker.call(async () => 'next')).toBe('next');
  });

  test('admits a call again when one threw before it returned', async () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });

    await breaker.tryCall(() => {
      throw new Error('boom');
    });

    expect(await breaker.call(async () => 'next')).toBe('next');
  });

  test('admits calls one after the other without end', async () => {
    const { breaker } = createBreaker({
      maxConcurrentCalls: 1,
      failureThreshold: false,
      failureRateThreshold: false,
    });

    for (let i = 0; i < 50; i++) await breaker.tryCall(i % 2 ? failing() : async () => i);

    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 50, rejected: 0 } });
  });

  test('counts calls of older stays: they are still in flight', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    const late = breaker.acquire();
    breaker.forceOpen();
    breaker.forceClosed();

    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'concurrency' });
    late.success();

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('counts no calls from before a reset, nor twice what they give back', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    const late = breaker.acquire();
    breaker.reset();

    breaker.acquire();
    late.success();

    expect(breaker.metrics.inFlight).toBe(1);
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'concurrency' });
  });

  test('counts no probe whose lease has expired: hung ones do not keep the circuit open', () => {
    const { breaker, clock } = createRecovered({
      maxConcurrentCalls: 3,
      halfOpenMaxCalls: 5,
      probeTimeout: 100,
      successThreshold: 1,
    });
    const hung = [breaker.acquire(), breaker.acquire(), breaker.acquire()];

    clock.advance(101);
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'open' });
    clock.advance(RECOVERY);
    breaker.acquire().success();
    for (const permit of hung) permit.success();

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', inFlight: 0 });
    expect([breaker.tryAcquire(), breaker.tryAcquire(), breaker.tryAcquire()]).not.toContain(undefined);
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('takes the state as the reason while OPEN', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    breaker.acquire();
    breaker.trip();

    const error = thrownBy(() => breaker.acquire());

    expect(error).toMatchObject({ reason: 'open', retryAfter: RECOVERY });
  });

  test('takes the mode as the reason while forced open', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    breaker.acquire();
    breaker.forceOpen();

    const error = thrownBy(() => breaker.acquire());

    expect(error).toMatchObject({ reason: 'forced-open' });
  });

  test('holds while HALF_OPEN', () => {
    const { breaker } = createHalfOpen({ maxConcurrentCalls: 1, halfOpenMaxCalls: 3 });
    breaker.acquire();

    const error = thrownBy(() => breaker.acquire());

    expect(error).toMatchObject({ reason: 'concurrency', state: 'HALF_OPEN' });
  });

  test('takes no probe’s permit for what it rejects while HALF_OPEN', () => {
    const { breaker } = createHalfOpen({ maxConcurrentCalls: 1, halfOpenMaxCalls: 1, successThreshold: 1 });
    const probe = breaker.acquire();
    breaker.tryAcquire();

    probe.ignore();

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('takes the state as the reason when every probe is out too', () => {
    const { breaker } = createHalfOpen({ maxConcurrentCalls: 1, halfOpenMaxCalls: 1 });
    breaker.acquire();

    const error = thrownBy(() => breaker.acquire());

    expect(error).toMatchObject({ reason: 'half-open' });
  });

  test('holds while forced closed', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
    breaker.forceClosed();
    breaker.acquire();

    const error = thrownBy(() => breaker.acquire());

    expect(error).toMatchObject({ reason: 'concurrency' });
  });

  test('rejects nothing in `observe`', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1, mode: 'observe' });
    breaker.acquire();

    const permit = breaker.tryAcquire();

    expect(permit).toBeDefined();
    expect(breaker.metrics).toMatchObject({ inFlight: 2, totals: { rejected: 0, wouldReject: 1 } });
  });

  test('is answered by the fallback as a rejection', async () => {
    const { breaker } = createBreaker({
      maxConcurrentCalls: 1,
      fallbackOn: 'rejection',
      fallback: () => 'instead',
    });
    breaker.acquire();

    const value = await breaker.call<unknown>(async () => 'unreached');

    expect(value).toBe('instead');
  });

  test('is not passed when a listener calls while a call is being admitted', async () => {
    const { breaker, clock } = createOpen({ maxConcurrentCalls: 1 });
    let most = 0;
    const task = async () => {
      most = Math.max(most, breaker.metrics.inFlight);
    };
    breaker.once('halfOpen', () => {
      void breaker.tryCall(task);
    });
    clock.advance(RECOVERY);

    await breaker.tryCall(task);

    expect(most).toBe(1);
  });
});
