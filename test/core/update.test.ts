import { type CircuitBreakerOptions, InvalidOptionsError, systemClock } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  failing,
  failTimes,
  namesIn,
  play,
  RECOVERY,
  refusalOf,
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';

describe('update', () => {
  test('takes effect for the next decision', async () => {
    const { breaker } = createBreaker({ failureThreshold: 5 });
    await failTimes(breaker, 2);

    breaker.update({ failureThreshold: 3 });
    await failTimes(breaker, 1);

    expect(breaker.state).toBe('OPEN');
  });

  test('decides nothing by itself', async () => {
    const { breaker } = createBreaker({ failureThreshold: 5 });
    await failTimes(breaker, 3);
    const names = recordEvents(breaker);

    breaker.update({ failureThreshold: 1 });

    expect(breaker.state).toBe('CLOSED');
    expect(namesIn(names)).toEqual([]);
  });

  test('leaves what it does not name as it is', () => {
    const { breaker } = createBreaker({ failureThreshold: 7, callTimeout: 250 });

    breaker.update({ successThreshold: 2 });

    expect(breaker.options).toMatchObject({ failureThreshold: 7, callTimeout: 250, successThreshold: 2 });
  });

  test('reads `undefined` as not given', () => {
    const { breaker } = createBreaker({ failureThreshold: 7 });

    breaker.update({ failureThreshold: undefined });

    expect(breaker.options.failureThreshold).toBe(7);
  });

  test('answers options that are frozen and complete', () => {
    const { breaker } = createBreaker();
    const before = breaker.options;

    breaker.update({ callTimeout: 100 });

    expect(Object.isFrozen(breaker.options)).toBe(true);
    expect(Object.keys(breaker.options).sort()).toEqual(Object.keys(before).sort());
    expect(before.callTimeout).toBe(false);
  });

  test.each<[string, CircuitBreakerOptions]>([
    ['name', { name: 'other' }],
    ['clock', { clock: systemClock }],
    ['snapshot', { snapshot: createBreaker().breaker.snapshot() }],
    ['onTransition', { onTransition: () => {} }],
    ['onOpen', { onOpen: () => {} }],
    ['onClose', { onClose: () => {} }],
    ['onHalfOpen', { onHalfOpen: () => {} }],
  ])('refuses `%s`', (option, options) => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => breaker.update(options));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toContain(option);
    expect(breaker.name).toBe('test');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['an unknown key', { timeot: 5 }],
    ['a bad value', { failureThreshold: 0 }],
    ['null as a value', { callTimeout: null }],
    ['a bad window', { window: { type: 'count', size: 0 } }],
  ])('refuses %s', (_, options) => {
    const { breaker } = createBreaker({ name: 'users' });

    const error = refusalOf(() => breaker.update(options as never));

    expect(error.breaker).toBe('users');
    expect(error.message).toContain('"users"');
  });

  test('takes all or nothing', () => {
    const { breaker } = createBreaker();
    const before = breaker.options;

    thrownBy(() => breaker.update({ callTimeout: 100, failureThreshold: -1 }));

    expect(breaker.options).toEqual(before);
  });

  test('refuses a window that holds less than `minimumCalls`, and keeps all as it was', async () => {
    const { breaker } = createBreaker({ minimumCalls: 20 });
    await play(breaker, 'sf');

    const error = refusalOf(() => breaker.update({ window: { type: 'count', size: 10 } }));

    expect(error.message).toContain('minimumCalls');
    expect(breaker.metrics.window.calls).toBe(2);
    expect(breaker.options.window).toEqual({ type: 'count', size: 100 });
  });

  test('lowers the default of `minimumCalls` with the window', () => {
    const { breaker } = createBreaker();

    breaker.update({ window: { type: 'count', size: 4 } });

    expect(breaker.options.minimumCalls).toBe(4);
  });

  test('moves the default of `probeTimeout` with `callTimeout`', () => {
    const { breaker } = createBreaker();

    breaker.update({ callTimeout: 250 });

    expect(breaker.options.probeTimeout).toBe(250);
  });

  test.each<[string, CircuitBreakerOptions['window']]>([
    ['count', { type: 'count', size: 10 }],
    ['time', { type: 'time', duration: 10_000, buckets: 5 }],
  ])('keeps the data of a %s window whose shape is unchanged', async (_, window) => {
    const { breaker } = createBreaker({ window });
    await play(breaker, 'ssf');

    breaker.update({ window: { ...window } as never, failureThreshold: 9 });

    expect(breaker.metrics).toMatchObject({ consecutiveFailures: 1, window: { calls: 3, failures: 1 } });
  });

  test.each<[string, CircuitBreakerOptions['window']]>([
    ['of another size', { type: 'count', size: 20 }],
    ['of another type', { type: 'time' }],
  ])('empties a window %s', async (_, window) => {
    const { breaker } = createBreaker({ window: { type: 'count', size: 10 } });
    await play(breaker, 'ssf');

    breaker.update({ window });

    expect(breaker.metrics.window).toMatchObject({ calls: 0, failures: 0 });
  });

  test.each([
    { type: 'time', duration: 20_000, buckets: 5 } as const,
    { type: 'time', duration: 10_000, buckets: 10 } as const,
  ])('empties a time window of another shape: %o', async (window) => {
    const { breaker } = createBreaker({ window: { type: 'time', duration: 10_000, buckets: 5 } });
    await play(breaker, 'ssf');

    breaker.update({ window });

    expect(breaker.metrics.window.calls).toBe(0);
  });

  test('judges a window of another shape by what has settled since', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, minimumCalls: 2 });
    await play(breaker, 'f');

    breaker.update({ window: { type: 'count', size: 2 } });
    await play(breaker, 'f');
    expect(breaker.state).toBe('CLOSED');
    await play(breaker, 'f');

    expect(breaker.state).toBe('OPEN');
  });

  test('leaves the recovery time of the present opening alone', () => {
    const { breaker } = createOpen();

    breaker.update({ recoveryTimeout: 5 });

    expect(breaker.metrics.retryAfter).toBe(RECOVERY);
  });

  test('admits more probes at once', () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1 });
    breaker.acquire();

    breaker.update({ halfOpenMaxCalls: 2 });

    expect(breaker.tryAcquire()).toBeDefined();
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('admits fewer probes at once', () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 3, successThreshold: 9 });
    const probes = [breaker.acquire(), breaker.acquire()];

    breaker.update({ halfOpenMaxCalls: 1 });
    probes[0]?.success();
    expect(breaker.tryAcquire()).toBeUndefined();
    probes[1]?.success();

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('closes with the next success when enough have succeeded already', async () => {
    const { breaker } = createHalfOpen({ successThreshold: 5 });
    await succeedTimes(breaker, 3);

    breaker.update({ successThreshold: 2 });
    expect(breaker.state).toBe('HALF_OPEN');
    await succeedTimes(breaker, 1);

    expect(breaker.state).toBe('CLOSED');
  });

  test('turns slow calls on for calls that start from then on', async () => {
    const { breaker, clock } = createBreaker();
    breaker.update({ slowCallDuration: 100, minimumCalls: 1 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    await breaker.call(async () => clock.advance(100));

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN slow-call-rate']);
  });

  test('makes no call in flight slow or fast that nobody timed', () => {
    const { breaker, clock } = createBreaker({ failureRateThreshold: false });
    const permit = breaker.acquire();

    breaker.update({ slowCallDuration: 0, minimumCalls: 1 });
    clock.advance(10);
    permit.success();

    expect(breaker.metrics.totals).toMatchObject({ successes: 1 });
    expect(Number.isFinite(breaker.metrics.since)).toBe(true);
  });

  test('trips at a success with a finite time after a threshold was lowered', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: false, minimumCalls: 2 });
    await play(breaker, 'sssf');

    breaker.update({ failureRateThreshold: 0.1 });
    await play(breaker, 's');

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', since: clock.time, retryAfter: RECOVERY });
  });

  test('exchanges filters and fallbacks', async () => {
    const { breaker } = createBreaker({ fallback: () => 'old' });

    breaker.update({ fallback: () => 'new', excludedErrors: [RangeError] });

    expect(await breaker.call<unknown>(failing())).toBe('new');
    await failTimes(breaker, 1, new RangeError());
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, ignored: 1 });
  });

  test('keeps nothing of the caller’s by reference, and writes to nothing', () => {
    const { breaker } = createBreaker();
    const filters: (typeof Error)[] = [RangeError];
    const window = { type: 'count' as const, size: 50 };
    const options = { excludedErrors: filters, window };
    const copy = structuredClone({ window });

    breaker.update(options);
    expect({ window: options.window }).toEqual(copy);
    filters.push(Error);
    window.size = 7;

    expect(breaker.options.excludedErrors).toEqual([RangeError]);
    expect(breaker.options.window).toEqual({ type: 'count', size: 50 });
  });
});
