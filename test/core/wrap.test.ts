import { CircuitBreakerOpenError, InvalidOptionsError } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { createBreaker, createOpen, errorOf, failing, refusalOf, thrownBy } from '../support/breakers.js';

describe('wrap', () => {
  test('hands the arguments on and resolves to the result', async () => {
    const { breaker } = createBreaker();
    const add = breaker.wrap((a: number, b: number) => a + b);

    const sum = await add(2, 3);

    expect(sum).toBe(5);
    expect(breaker.metrics.totals.successes).toBe(1);
  });

  test('hands nothing on but the arguments', async () => {
    const { breaker } = createBreaker();
    const fn = vi.fn((..._args: unknown[]) => 1);

    await breaker.wrap(fn)('only');

    expect(fn.mock.calls).toEqual([['only']]);
  });

  test('keeps `this`', async () => {
    const { breaker } = createBreaker();
    const user = {
      name: 'Ada',
      greet: breaker.wrap(async function (this: { name: string }, word: string) {
        return `${word}, ${this.name}`;
      }),
    };

    const greeting = await user.greet('Hello');

    expect(greeting).toBe('Hello, Ada');
  });

  test('keeps the name and the length', () => {
    const { breaker } = createBreaker();
    async function fetchUser(_id: string, _fields: string[]): Promise<void> {}

    const wrapped = breaker.wrap(fetchUser);

    expect(wrapped.name).toBe('fetchUser');
    expect(wrapped).toHaveLength(2);
  });

  test('runs a function that throws as a failing call', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const wrapped = breaker.wrap(failing());

    await errorOf(wrapped());

    expect(breaker.state).toBe('OPEN');
  });

  test('rejects while OPEN', async () => {
    const { breaker } = createOpen();
    const fn = vi.fn();

    const error = await errorOf(breaker.wrap(fn)());

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(fn).not.toHaveBeenCalled();
  });

  test('goes by the options it was given', async () => {
    const { breaker } = createOpen();
    const wrapped = breaker.wrap(async () => 'unreached', { fallback: () => 'instead' });

    const value = await wrapped();

    expect(value).toBe('instead');
  });

  test('keeps no options by reference', async () => {
    const { breaker } = createOpen();
    const options = { fallback: () => 'first' };
    const wrapped = breaker.wrap(async () => 'unreached', options);

    options.fallback = () => 'second';

    expect(await wrapped()).toBe('first');
  });

  test('runs each call by itself', async () => {
    const { breaker } = createBreaker();
    const double = breaker.wrap(async (n: number) => n * 2);

    const values = await Promise.all([double(1), double(2), double(3)]);

    expect(values).toEqual([2, 4, 6]);
  });

  test.each([undefined, null, 'fn', {}])('throws at once for what is no function: %s', (fn) => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => breaker.wrap(fn as never));

    expect(error).toBeInstanceOf(TypeError);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['an unknown key', { callTimout: 5 }],
    ['a bad value', { callTimeout: Number.NaN }],
  ])('throws at once for bad options: %s', (_, options) => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => breaker.wrap(async () => 1, options as never));

    expect(error).toBeInstanceOf(InvalidOptionsError);
  });

  test('names the option that was meant', () => {
    const { breaker } = createBreaker({ name: 'users' });

    const { message } = refusalOf(() => breaker.wrap(async () => 1, { callTimout: 5 } as never));

    expect(message).toContain('unknown option "callTimout", did you mean "callTimeout"?');
    expect(message).toContain('"users"');
  });
});

describe('wrapSync', () => {
  test('keeps arguments, result, `this`, name and length', () => {
    const { breaker } = createBreaker();
    const counter = {
      start: 10,
      addTo: breaker.wrapSync(function addTo(this: { start: number }, n: number) {
        return this.start + n;
      }),
    };

    const sum = counter.addTo(5);

    expect(sum).toBe(15);
    expect(counter.addTo.name).toBe('addTo');
    expect(counter.addTo).toHaveLength(1);
  });

  test('throws the rejection while OPEN', () => {
    const { breaker } = createOpen();
    const wrapped = breaker.wrapSync(() => 1);

    const error = thrownBy(() => wrapped());

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('goes by the fallback it was given', () => {
    const { breaker } = createOpen();
    const wrapped = breaker.wrapSync(() => 'unreached', { fallback: () => 'instead' });

    const value = wrapped();

    expect(value).toBe('instead');
  });

  test('throws at once for what is no function', () => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => breaker.wrapSync('fn' as never));

    expect(error).toBeInstanceOf(TypeError);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['an unknown key', { fallbak: () => 1 }],
    ['a bad value', { fallback: 1 }],
    ['an option that means nothing to it', { signal: new AbortController().signal }],
  ])('throws at once for bad options: %s', (_, options) => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => breaker.wrapSync(() => 1, options as never));

    expect(error).toBeInstanceOf(InvalidOptionsError);
  });
});

test('the name and the length of a wrapped function can be changed, as those of any function', () => {
  const { breaker } = createBreaker();

  const wrapped = breaker.wrap(async function find(_id: number) {});

  expect(Object.getOwnPropertyDescriptors(wrapped)).toMatchObject({
    name: { value: 'find', configurable: true, writable: false },
    length: { value: 1, configurable: true, writable: false },
  });
});
