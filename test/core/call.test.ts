import { CircuitBreakerOpenError, InvalidOptionsError } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { createBreaker, createOpen, errorOf, failing } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';

describe('call', () => {
  test.each<[string, () => unknown, unknown]>([
    ['a value', () => 42, 42],
    ['nothing', () => undefined, undefined],
    ['null', () => null, null],
    ['an error as a value', () => 'ERR', 'ERR'],
    ['a promise', () => Promise.resolve(42), 42],
    ['a promise of a promise', async () => Promise.resolve(42), 42],
    ['a foreign thenable', () => ({ then: (resolve: (value: number) => void) => resolve(42) }), 42],
  ])('resolves to what the task returns: %s', async (_, task, expected) => {
    const { breaker } = createBreaker();

    const value = await breaker.call(task);

    expect(value).toBe(expected);
    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1, failures: 0 });
  });

  test.each<[string, unknown]>([
    ['an error', new Error('boom')],
    ['a string', 'boom'],
    ['undefined', undefined],
    ['null', null],
    ['zero', 0],
    ['a symbol', Symbol('boom')],
    ['a frozen error', Object.freeze(new Error('frozen'))],
  ])('rejects with the very thing that the task rejects with: %s', async (_, error) => {
    const { breaker } = createBreaker();

    const rejection = await errorOf(breaker.call(() => Promise.reject(error)));

    expect(rejection).toBe(error);
    expect(breaker.metrics.totals.failures).toBe(1);
  });

  test('rejects with what the task throws before it returns a promise', async () => {
    const { breaker } = createBreaker();
    const error = new Error('boom');

    const rejection = await errorOf(
      breaker.call(() => {
        throw error;
      }),
    );

    expect(rejection).toBe(error);
    expect(breaker.metrics.totals.failures).toBe(1);
  });

  test('starts the task before it returns', () => {
    const { breaker } = createBreaker();
    const task = vi.fn(() => 1);

    void breaker.call(task);

    expect(task).toHaveBeenCalledOnce();
  });

  test('tells the task the name of the breaker and the state that admitted it', async () => {
    const { breaker } = createBreaker({ name: 'users' });

    const context = await breaker.call(({ breaker: name, state }) => ({ name, state }));

    expect(context).toEqual({ name: 'users', state: 'CLOSED' });
  });

  test('has counted a success by the time the caller hears of it', async () => {
    const { breaker } = createBreaker();

    const totals = await breaker.call(async () => 1).then(() => breaker.metrics.totals);

    expect(totals.successes).toBe(1);
  });

  test('has opened by the time the caller hears of the failure that trips', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });

    const state = await breaker.call(failing()).catch(() => breaker.state);

    expect(state).toBe('OPEN');
  });

  test('does not run the task of a rejected call', async () => {
    const { breaker } = createOpen();
    const task = vi.fn();

    const rejection = await errorOf(breaker.call(task));

    expect(rejection).toBeInstanceOf(CircuitBreakerOpenError);
    expect(task).not.toHaveBeenCalled();
    expect(breaker.metrics.totals).toMatchObject({ calls: 0, rejected: 1 });
  });

  test.each([undefined, null, 'task', {}, Promise.resolve()])(
    'rejects for a task that is no function: %s',
    async (task) => {
      const { breaker } = createBreaker();

      const rejection = await errorOf(breaker.call(task as never));

      expect(rejection).toBeInstanceOf(TypeError);
      expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 0, failures: 0 } });
    },
  );

  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 500],
    ['a function', () => 1],
    ['a list', []],
    ['callTimeout: NaN', { callTimeout: Number.NaN }],
    ['callTimeout: -1', { callTimeout: -1 }],
    ['callTimeout: null', { callTimeout: null }],
    ['callTimeout: "500"', { callTimeout: '500' }],
    ['callTimeout: true', { callTimeout: true }],
    ['callTimeout: 2 ** 31', { callTimeout: 2 ** 31 }],
    ['fallback: "none"', { fallback: 'none' }],
    ['fallback: null', { fallback: null }],
    ['fallbackOn: "timeout"', { fallbackOn: 'timeout' }],
    ['fallbackOn: null', { fallbackOn: null }],
    ['signal: null', { signal: null }],
    ['signal: {}', { signal: {} }],
    ['signal: a controller', { signal: new AbortController() }],
  ])('rejects for bad options, and runs nothing: %s', async (_, options) => {
    const { breaker } = createBreaker();
    const task = vi.fn();

    const rejection = await errorOf(breaker.call(task, options as never));

    expect(rejection).toBeInstanceOf(InvalidOptionsError);
    expect(task).not.toHaveBeenCalled();
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 0, failures: 0 } });
  });

  test('goes by the options as they were when the call began', async () => {
    const { breaker } = createBreaker();
    const options = { fallback: () => 'first' };
    const task = deferred<string>();
    const call = breaker.call(() => task.promise, options);

    options.fallback = () => 'second';
    task.reject(new Error('boom'));

    expect(await call).toBe('first');
  });

  test('reads options that are `undefined` as not given', async () => {
    const { breaker } = createBreaker({ fallback: () => 'from the breaker' });

    const value = await breaker.call(failing(), {
      signal: undefined,
      callTimeout: undefined,
      fallback: undefined,
      fallbackOn: undefined,
    });

    expect(value).toBe('from the breaker');
  });

  test('settles a call whose error cannot be looked into', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('nobody looks into me');
        },
      },
    );

    const result = await breaker
      .call(() => Promise.reject(hostile))
      .catch((error: unknown) => error === hostile);

    expect(result).toBe(true);
    expect(breaker.metrics).toMatchObject({ state: 'OPEN', inFlight: 0, totals: { failures: 1 } });
  });

  test('waits for a promise whose own `then` is broken as `await` does', async () => {
    const { breaker } = createBreaker();
    const promise = Object.assign(Promise.resolve(42), {
      then() {
        throw new Error('broken');
      },
    });

    const value = await breaker.call(() => promise);

    expect(value).toBe(42);
    expect(breaker.metrics.inFlight).toBe(0);
  });

  test.each<[string, PromiseLike<unknown>]>([
    [
      'throws after it resolved',
      {
        then(resolve: (value: never) => void) {
          resolve(42 as never);
          throw new Error('too late');
        },
      } as PromiseLike<unknown>,
    ],
    [
      'resolves twice',
      {
        then(resolve: (value: never) => void) {
          resolve(42 as never);
          resolve(43 as never);
        },
      } as PromiseLike<unknown>,
    ],
    [
      'resolves and rejects',
      {
        then(resolve: (value: never) => void, reject: (error: unknown) => void) {
          resolve(42 as never);
          reject(new Error('too late'));
        },
      } as PromiseLike<unknown>,
    ],
  ])('counts a thenable once that %s', async (_, thenable) => {
    const { breaker } = createBreaker();

    const value = await breaker.call(() => thenable);

    expect(value).toBe(42);
    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1, failures: 0 });
  });

  test('counts a thenable as failed whose `then` throws', async () => {
    const { breaker } = createBreaker();
    const error = new Error('boom');
    const thenable = {
      then() {
        throw error;
      },
    };

    const rejection = await errorOf(breaker.call(() => thenable as unknown as PromiseLike<never>));

    expect(rejection).toBe(error);
    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 0, failures: 1 });
  });

  test('lets calls of one breaker not disturb those of another', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const { breaker: other } = createBreaker({ failureThreshold: 1 });

    await errorOf(breaker.call(failing()));

    expect(other.state).toBe('CLOSED');
    expect(other.metrics.totals.failures).toBe(0);
  });
});

test.each(['call', 'callSync', 'wrap'] as const)(
  '%s says what it needs when it is given no function',
  async (method) => {
    const { breaker } = createBreaker({ name: 'users' });

    const error = await errorOf(
      (async () => (breaker[method] as (task: unknown) => unknown).call(breaker, 'no function'))(),
    );

    expect(error).toEqual(
      new TypeError('Circuit breaker "users" needs a function to call, received "no function"'),
    );
  },
);

describe('an option that no call has', () => {
  test.each(['call', 'tryCall'] as const)('is refused by %s, and the task is not run', async (method) => {
    const { breaker } = createBreaker({ name: 'users' });
    const task = vi.fn(async () => 'unreached');

    const error = await errorOf(
      (async () => {
        const result = await breaker[method](task, { timeout: 20 } as never);
        throw (result as unknown as { error: unknown }).error;
      })(),
    );

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toContain('unknown option "timeout", did you mean "callTimeout"?');
    expect(task).not.toHaveBeenCalled();
  });

  test.each([
    [{ callTimeout: -1 }, 'callTimeout'],
    [{ fallback: 7 }, 'fallback'],
    [{ fallbackOn: 'never' }, 'fallbackOn'],
    [{ signal: { aborted: false } }, 'signal'],
    [{ signal: { addEventListener() {} } }, 'signal'],
    [{ signal: null }, 'signal'],
  ])('is named where its value is wrong: %j', async (options, option) => {
    const { breaker } = createBreaker();

    const { error } = (await breaker.tryCall(async () => 1, options as never)) as { error: unknown };

    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTIONS', option });
    expect((error as Error).message).toContain(`\`${option}\` must be`);
  });
});
