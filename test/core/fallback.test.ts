import { runInNewContext } from 'node:vm';
import { type CircuitBreakerOpenError, isCircuitBreakerOpenError } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
import { createBreaker, createOpen, errorOf, failing, heard, namesIn } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const boom = new Error('boom');

describe('a fallback', () => {
  test.each<[string, () => unknown]>([
    ['a value', () => 'instead'],
    ['a promise', async () => 'instead'],
    ['a foreign thenable', () => ({ then: (resolve: (value: string) => void) => resolve('instead') })],
  ])('answers a failure with %s', async (_, fallback) => {
    const { breaker } = createBreaker({ fallback });

    const value = await breaker.call<unknown>(failing());

    expect(value).toBe('instead');
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, fallbacks: 1 });
  });

  test('may answer with nothing', async () => {
    const { breaker } = createBreaker({ fallback: () => undefined });

    const result = await breaker.tryCall(failing());

    expect(result).toEqual({ ok: true, value: undefined });
  });

  test('answers a rejection', async () => {
    const fallback = vi.fn((_error: unknown) => 'instead');
    const { breaker } = createOpen({ fallback });

    const value = await breaker.call(async () => 'unreached');

    expect(value).toBe('instead');
    expect(isCircuitBreakerOpenError(fallback.mock.calls[0]?.[0])).toBe(true);
    expect(breaker.metrics.totals).toMatchObject({ rejected: 1, fallbacks: 1, calls: 0 });
  });

  test('runs once', async () => {
    const fallback = vi.fn(() => 'instead');
    const { breaker } = createBreaker({ fallback });

    await breaker.call<unknown>(failing(boom));

    expect(fallback).toHaveBeenCalledOnce();
    expect(fallback).toHaveBeenCalledWith(boom, expect.anything());
  });

  test('runs once though it fails', async () => {
    const fallback = vi.fn(failing(new Error('no help')));
    const { breaker } = createBreaker({ fallback });

    await breaker.tryCall(failing(boom));

    expect(fallback).toHaveBeenCalledOnce();
  });

  test('does not run for a success', async () => {
    const fallback = vi.fn();
    const { breaker } = createBreaker({ fallback });

    await breaker.call(async () => undefined);

    expect(fallback).not.toHaveBeenCalled();
  });

  test('is told the name, the state and a signal', async () => {
    const { breaker } = createOpen({
      name: 'users',
      fallback: (_, context) => [context.breaker, context.state, context.signal.aborted],
    });

    const seen = await breaker.call<unknown>(async () => 'unreached');

    expect(seen).toEqual(['users', 'OPEN', false]);
  });

  test('of a call goes before the breaker’s', async () => {
    const { breaker } = createBreaker({ fallback: () => 'the breaker’s' });

    const value = await breaker.call<unknown>(failing(), { fallback: () => 'the call’s' });

    expect(value).toBe('the call’s');
  });

  test('is no call in flight', async () => {
    const answer = deferred<string>();
    const { breaker } = createBreaker({ fallback: () => answer.promise, maxConcurrentCalls: 1 });
    const call = breaker.call<unknown>(failing());
    await quiet();

    expect(breaker.metrics.inFlight).toBe(0);
    expect(await breaker.call(async () => 'fine')).toBe('fine');
    answer.resolve('instead');

    expect(await call).toBe('instead');
  });

  test('is not counted with its outcome', async () => {
    const { breaker } = createBreaker({ failureThreshold: 2, fallback: failing(new Error('no help')) });

    await breaker.tryCall(failing());

    expect(breaker.metrics).toMatchObject({
      consecutiveFailures: 1,
      totals: { calls: 1, failures: 1, fallbacks: 1 },
    });
  });

  test('runs after the circuit has opened', async () => {
    const states: string[] = [];
    const { breaker } = createBreaker({
      failureThreshold: 1,
      fallback: () => {
        states.push(breaker.state);
      },
    });

    await breaker.call<unknown>(failing());

    expect(states).toEqual(['OPEN']);
  });

  test('is told as an event with the error that it answers', async () => {
    const { breaker } = createBreaker({ fallback: () => 'instead' });
    const events = heard(breaker, 'fallback');

    await breaker.call<unknown>(failing(boom));

    expect(events).toEqual([{ breaker: 'test', error: boom }]);
  });

  test('can be kept from a single call with `fallbackOn`', async () => {
    const { breaker } = createBreaker({ fallback: () => 'instead' });

    const error = await errorOf(breaker.call<unknown>(failing(boom), { fallbackOn: 'rejection' }));

    expect(error).toBe(boom);
  });
});

describe('a fallback that fails', () => {
  test.each<[string, (error: Error) => () => never | Promise<never>]>([
    [
      'throws',
      (error) => () => {
        throw error;
      },
    ],
    ['rejects', (error) => () => Promise.reject(error)],
  ])(
    'makes the call reject with its error when it %s, with the original as the cause',
    async (_, fallbackWith) => {
      const problem = new Error('no help');
      const { breaker } = createBreaker({ fallback: fallbackWith(problem) });

      const error = await errorOf(breaker.call(failing(boom)));

      expect(error).toBe(problem);
      expect(problem.cause).toBe(boom);
    },
  );

  test('has the rejection as its cause', async () => {
    const problem = new Error('no help');
    const { breaker } = createOpen({ fallback: failing(problem) });

    await errorOf(breaker.call(async () => 'unreached'));

    expect((problem.cause as CircuitBreakerOpenError).code).toBe('ERR_CIRCUIT_OPEN');
  });

  test('keeps a cause of its own', async () => {
    const own = new Error('own');
    const problem = new Error('no help', { cause: own });
    const { breaker } = createBreaker({ fallback: failing(problem) });

    await errorOf(breaker.call(failing(boom)));

    expect(problem.cause).toBe(own);
  });

  test('is not its own cause when it throws the original again', async () => {
    const error = new Error('boom');
    const { breaker } = createBreaker({
      fallback: (given) => {
        throw given;
      },
    });

    const rejection = await errorOf(breaker.call(failing(error)));

    expect(rejection).toBe(error);
    expect(error.cause).toBeUndefined();
  });

  test('makes no circle of causes', async () => {
    const shared = new Error('shared');
    const { breaker } = createBreaker({ fallback: failing(shared) });

    await errorOf(breaker.call(failing(new Error('outer', { cause: shared }))));

    expect(shared.cause).toBeUndefined();
  });

  test('leaves an error alone whose own causes have no end', async () => {
    const endless = new Error('endless');
    endless.cause = new Error('again', { cause: endless });
    const problem = new Error('no help');
    const { breaker } = createBreaker({ fallback: failing(problem) });

    expect(await errorOf(breaker.call(failing(endless)))).toBe(problem);
    expect(problem.cause).toBeUndefined();
  });

  test('has a cause in any realm', async () => {
    const problem = runInNewContext('new Error("of another realm")');
    const { breaker } = createBreaker({ fallback: failing(problem) });

    await errorOf(breaker.call(failing(boom)));

    expect(problem.cause).toBe(boom);
  });

  test('gives no cause to what is no error', async () => {
    const problem = { message: 'no help' };
    const { breaker } = createBreaker({ fallback: failing(problem as Error) });

    expect(await errorOf(breaker.call(failing(boom)))).toBe(problem);
    expect(problem).toEqual({ message: 'no help' });
  });

  test.each<[string, unknown]>([
    ['a string', 'no help'],
    ['undefined', undefined],
    ['a frozen error', Object.freeze(new Error('frozen'))],
  ])('may throw anything: %s', async (_, problem) => {
    const { breaker } = createBreaker({ fallback: failing(problem) });

    const error = await errorOf(breaker.call(failing(boom)));

    expect(error).toBe(problem);
  });
});

describe('fallbackOn', () => {
  test.each([
    ['rejection', 'a rejection', true],
    ['rejection', 'a failure', false],
    ['failure', 'a rejection', false],
    ['failure', 'a failure', true],
    ['any', 'a rejection', true],
    ['any', 'a failure', true],
  ] as const)('%s: %s is answered: %s', async (fallbackOn, error, isAnswered) => {
    const create = error === 'a rejection' ? createOpen : createBreaker;
    const { breaker } = create({ fallbackOn, fallback: () => 'instead' });

    const result = await breaker.tryCall(failing());

    expect(result.ok).toBe(isAnswered);
    expect(breaker.metrics.totals.fallbacks).toBe(isAnswered ? 1 : 0);
  });

  test('asks a predicate with the error', async () => {
    const fallbackOn = vi.fn(() => true);
    const { breaker } = createBreaker({ fallbackOn, fallback: () => 'instead' });

    await breaker.call<unknown>(failing(boom));

    expect(fallbackOn.mock.calls).toEqual([[boom]]);
  });

  test('asks no predicate where there is no fallback', async () => {
    const fallbackOn = vi.fn(() => true);
    const { breaker } = createBreaker({ fallbackOn });

    await breaker.tryCall(failing(boom));
    await breaker.tryCall(failing(boom), { signal: new AbortController().signal });
    breaker.trip();
    await breaker.tryCall(failing(boom));

    expect(fallbackOn).not.toHaveBeenCalled();
  });

  test('asks a predicate with a rejection too', async () => {
    const { breaker } = createOpen({ fallbackOn: isCircuitBreakerOpenError, fallback: () => 'instead' });

    const value = await breaker.call<unknown>(async () => 'unreached');

    expect(value).toBe('instead');
  });

  test('runs nothing when the predicate answers false', async () => {
    const fallback = vi.fn();
    const { breaker } = createBreaker({ fallbackOn: () => false, fallback });

    const error = await errorOf(breaker.call(failing(boom)));

    expect(error).toBe(boom);
    expect(fallback).not.toHaveBeenCalled();
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken predicate');
      },
    ],
    ['answers a word', () => 'yes'],
    ['answers a promise', () => Promise.resolve(true)],
  ])('runs nothing when the predicate %s, and that is reported', async (_, fallbackOn) => {
    const { uncaught, unhandled } = watchRuntime();
    const fallback = vi.fn();
    const { breaker } = createBreaker({ fallbackOn: fallbackOn as never, fallback });

    const error = await errorOf(breaker.call(failing(boom)));
    await quiet();

    expect(error).toBe(boom);
    expect(fallback).not.toHaveBeenCalled();
    expect(uncaught).toEqual([expect.any(Error)]);
    expect(unhandled).toEqual([]);
  });

  test('answers no ignored outcome, whatever it says', async () => {
    const fallback = vi.fn();
    const { breaker } = createBreaker({ fallback, fallbackOn: () => true, excludedErrors: [Error] });

    const error = await errorOf(breaker.call(failing(boom)));

    expect(error).toBe(boom);
    expect(fallback).not.toHaveBeenCalled();
  });

  test('answers no untracked error: it is the dependency’s answer', async () => {
    const fallback = vi.fn();
    const { breaker } = createBreaker({ fallback, trackedErrors: [RangeError] });

    const error = await errorOf(breaker.call(failing(boom)));

    expect(error).toBe(boom);
    expect(fallback).not.toHaveBeenCalled();
    expect(breaker.metrics.totals.successes).toBe(1);
  });

  test('answers no value that counts as a failure: it is returned as it is', async () => {
    const fallback = vi.fn();
    const { breaker } = createBreaker({ fallback, isFailure: ({ value }) => value === 503 });

    const value = await breaker.call(async () => 503);

    expect(value).toBe(503);
    expect(fallback).not.toHaveBeenCalled();
    expect(breaker.metrics.totals.failures).toBe(1);
  });

  test('answers the failures of late calls', async () => {
    const { breaker } = createBreaker({ fallback: () => 'instead' });
    const task = deferred();
    const call = breaker.call<unknown>(() => task.promise);

    breaker.trip();
    task.reject(boom);

    expect(await call).toBe('instead');
  });

  test('answers no call that `observe` lets through', async () => {
    const { breaker } = createOpen({ mode: 'observe', fallback: () => 'instead' });
    const names = recordEvents(breaker);

    const value = await breaker.call<unknown>(async () => 'fine');

    expect(value).toBe('fine');
    expect(namesIn(names)).toEqual(['reject', 'success']);
  });
});

describe('without a fallback', () => {
  test('`fallbackOn` is not asked', async () => {
    const fallbackOn = vi.fn(() => true);
    const { breaker } = createBreaker({ fallbackOn });

    await breaker.tryCall(failing());

    expect(fallbackOn).not.toHaveBeenCalled();
  });
});

test('the cause that a fallback’s error is given can be changed, and is not listed', async () => {
  const problem = new Error('fallback');
  const { breaker } = createBreaker({
    fallback: () => {
      throw problem;
    },
  });

  await breaker.tryCall(failing(boom));

  expect(Object.getOwnPropertyDescriptor(problem, 'cause')).toEqual({
    value: boom,
    writable: true,
    configurable: true,
    enumerable: false,
  });
});
