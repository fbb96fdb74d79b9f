import { CircuitBreakerOpenError, InvalidOptionsError } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  heard,
  thrownBy,
} from '../support/breakers.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const boom = new Error('boom');
const fail = (): never => {
  throw boom;
};

describe('callSync', () => {
  test('returns what the task returns', () => {
    const { breaker } = createBreaker();

    const value = breaker.callSync(() => 42);

    expect(value).toBe(42);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 1, successes: 1 } });
  });

  test('throws the very thing that the task throws', () => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => breaker.callSync(fail));

    expect(error).toBe(boom);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 1, failures: 1 } });
  });

  test('counts a call that took long as slow', () => {
    const { breaker, clock } = createBreaker({ slowCallDuration: 100 });

    breaker.callSync(() => clock.advance(99));
    breaker.callSync(() => clock.advance(100));

    expect(breaker.metrics).toMatchObject({ window: { calls: 2, slowCalls: 1 }, totals: { slow: 1 } });
  });

  test.each<[string, () => unknown]>([
    ['a promise', () => Promise.resolve(1)],
    ['one that rejects', () => Promise.reject(new Error('down'))],
    ['a foreign one', () => ({ then() {} })],
  ])('refuses %s for an answer, and counts nothing by it', async (_, answer) => {
    const { uncaught, unhandled } = watchRuntime();
    const { breaker } = createBreaker({ name: 'users' });

    const error = thrownBy(() => breaker.callSync(answer)) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(
      'A synchronous call through circuit breaker "users" was answered by a promise: use `call`',
    );
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 1, ignored: 1, failures: 0 } });
    await quiet();
    expect([uncaught, unhandled]).toEqual([[], []]);
  });

  test('trips as calls do', () => {
    const { breaker } = createBreaker({ failureThreshold: 2 });

    thrownBy(() => breaker.callSync(fail));
    thrownBy(() => breaker.callSync(fail));

    expect(breaker.state).toBe('OPEN');
  });

  test('throws the rejection and does not run the task while OPEN', () => {
    const { breaker } = createOpen();
    const task = vi.fn();

    const error = thrownBy(() => breaker.callSync(task));

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(task).not.toHaveBeenCalled();
  });

  test('probes and closes', () => {
    const { breaker } = createRecovered({ successThreshold: 1 });

    breaker.callSync(() => 1);

    expect(breaker.state).toBe('CLOSED');
  });

  test('gives the permit of a probe that is ignored back', () => {
    const { breaker } = createHalfOpen({ halfOpenMaxCalls: 1, successThreshold: 1, excludedErrors: [Error] });

    thrownBy(() => breaker.callSync(fail));
    breaker.callSync(() => 1);

    expect(breaker.state).toBe('CLOSED');
  });

  test('counts a value that `isFailure` calls a failure, and returns it', () => {
    const { breaker } = createBreaker({ isFailure: ({ value }) => value === 503, fallback: () => 200 });

    const value = breaker.callSync(() => 503);

    expect(value).toBe(503);
    expect(breaker.metrics.totals.failures).toBe(1);
  });

  test('returns what the fallback of the call makes of a failure', () => {
    const { breaker } = createBreaker({ fallback: () => 'the breaker’s' });

    const value = breaker.callSync<string>(fail, {
      fallback: (error) => `instead of ${(error as Error).message}`,
    });

    expect(value).toBe('instead of boom');
    expect(breaker.metrics.totals.fallbacks).toBe(1);
  });

  test('returns what the fallback of the breaker makes of a rejection', () => {
    const { breaker } = createOpen({ fallback: () => 'instead' });

    const value = breaker.callSync(() => 'unreached');

    expect(value).toBe('instead');
  });

  test('runs no fallback for an ignored outcome', () => {
    const fallback = vi.fn();
    const { breaker } = createBreaker({ excludedErrors: [Error], fallback });

    const error = thrownBy(() => breaker.callSync(fail));

    expect(error).toBe(boom);
    expect(fallback).not.toHaveBeenCalled();
  });

  test('throws the error of a fallback that throws, with the original as its cause', () => {
    const { breaker } = createBreaker();

    const error = thrownBy(() =>
      breaker.callSync<never>(fail, {
        fallback: () => {
          throw new Error('no help');
        },
      }),
    ) as Error;

    expect(error.message).toBe('no help');
    expect(error.cause).toBe(boom);
  });

  test('tells the fallback the state in which the call was admitted, though it has tripped by then', () => {
    const { breaker } = createBreaker({ failureThreshold: 1, fallback: (_, context) => context.state });

    expect(breaker.callSync<unknown>(fail)).toBe('CLOSED');
    expect(breaker.state).toBe('OPEN');
  });

  test('tells the fallback the state in which the call was rejected', () => {
    const { breaker } = createOpen({ fallback: (_, context) => context.state });

    expect(breaker.callSync<unknown>(() => 'unreached')).toBe('OPEN');
  });

  test('is counted as in flight while its task runs', () => {
    const { breaker } = createBreaker();

    const inFlight = breaker.callSync(() => breaker.metrics.inFlight);

    expect(inFlight).toBe(1);
  });

  test('rejects a task within a task beyond `maxConcurrentCalls`', () => {
    const { breaker } = createBreaker({ maxConcurrentCalls: 1 });

    const error = breaker.callSync(() => thrownBy(() => breaker.callSync(() => 1)));

    expect(error).toMatchObject({ reason: 'concurrency' });
  });

  test('throws for a task that is no function', () => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => breaker.callSync('task' as never));

    expect(error).toBeInstanceOf(TypeError);
    expect(breaker.metrics.totals.calls).toBe(0);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['fallback: null', { fallback: null }],
    ['fallback: "none"', { fallback: 'none' }],
  ])('throws for bad options, and runs nothing: %s', (_, options) => {
    const { breaker } = createBreaker();
    const task = vi.fn();

    const error = thrownBy(() => breaker.callSync(task, options as never));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(task).not.toHaveBeenCalled();
  });
});

test('a promise in place of a value is told of as the value that was ignored', () => {
  const { breaker } = createBreaker();
  const ignored = heard(breaker, 'ignore');
  const promise = Promise.resolve('late');

  thrownBy(() => breaker.callSync(() => promise));

  expect(ignored).toMatchObject([{ value: promise }]);
});
