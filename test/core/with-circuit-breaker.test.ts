import {
  CircuitBreaker,
  CircuitBreakerOpenError,
  CircuitBreakerRegistry,
  defaultRegistry,
  InvalidOptionsError,
  withCircuitBreaker,
} from 'recloser';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createOpen, errorOf, failing, refusalOf, thrownBy } from '../support/breakers.js';
import { collectGarbage } from '../support/garbage.mjs';
import { BRITTLE, createRegistry, told } from '../support/registries.js';

afterEach(() => defaultRegistry.clear());

describe('the wrapper', () => {
  test('tells its breaker in a member that a test may put another in the place of', () => {
    const add = withCircuitBreaker('add')(async (a: number, b: number) => a + b);
    const other = new CircuitBreaker({ name: 'other' });

    Object.defineProperty(add, 'breaker', { value: other });

    expect(add.breaker).toBe(other);
  });

  test('hands the arguments on and resolves to the result', async () => {
    const add = withCircuitBreaker('add')(async (a: number, b: number) => a + b);

    expect(await add(2, 3)).toBe(5);
  });

  test('gives the fallback the error, the context, and what the function was given, its `this` too', async () => {
    const { registry } = createRegistry({ defaults: BRITTLE });
    function fallback(this: unknown, error: unknown, context: object, ...args: unknown[]): unknown {
      return [this, (error as Error).message, 'signal' in context, ...args];
    }
    const fails = async (..._args: unknown[]): Promise<unknown> => {
      throw new Error('boom');
    };
    const desk = { ask: withCircuitBreaker('desk', { registry, fallback }, fails) };

    const ofFailure = await desk.ask(1, 'two');
    const ofRejection = await desk.ask(3);

    expect(ofFailure).toEqual([desk, 'boom', true, 1, 'two']);
    expect(ofRejection).toEqual([desk, expect.stringContaining('is OPEN'), true, 3]);
  });

  test('hands nothing on but the arguments', async () => {
    const fn = vi.fn(async (..._args: unknown[]) => {});

    await withCircuitBreaker('fn')(fn)('only', undefined);

    expect(fn.mock.calls).toEqual([['only', undefined]]);
  });

  test('runs the function through the breaker of that name', async () => {
    const get = withCircuitBreaker('users')(failing());

    await errorOf(get());

    expect(defaultRegistry.get('users')?.metrics.totals.failures).toBe(1);
  });

  test('rejects with the very error of the function', async () => {
    const problem = new Error('boom');
    const get = withCircuitBreaker('users')(failing(problem));

    expect(await errorOf(get())).toBe(problem);
  });

  test('rejects while the circuit is open, and does not run the function', async () => {
    const fn = vi.fn(async () => 1);
    const get = withCircuitBreaker('users')(fn);
    get.breaker.trip();

    const error = await errorOf(get());

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(fn).not.toHaveBeenCalled();
  });

  test('keeps `this`', async () => {
    const user = {
      name: 'Ada',
      greet: withCircuitBreaker('greet')(async function (this: { name: string }, word: string) {
        return `${word}, ${this.name}`;
      }),
    };

    expect(await user.greet('Hello')).toBe('Hello, Ada');
  });

  test('keeps the name and the length', () => {
    async function fetchUser(_id: string, _fields: string[]): Promise<void> {}

    const wrapped = withCircuitBreaker('users')(fetchUser);

    expect([wrapped.name, wrapped.length]).toEqual(['fetchUser', 2]);
  });

  test('does not touch the function that it wraps', async () => {
    const fn = Object.freeze(async () => 1);

    const wrapped = withCircuitBreaker('users')(fn);

    expect(wrapped).not.toBe(fn);
    expect(await fn()).toBe(1);
    expect(defaultRegistry.size).toBe(0);
  });

  test('answers a synchronous function by a promise', async () => {
    const double = withCircuitBreaker('double')((n: number) => n * 2);

    const answer = double(4);

    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe(8);
  });

  test('rejects for a synchronous function that throws', async () => {
    const parse = withCircuitBreaker('parse')((text: string) => JSON.parse(text));

    expect(await errorOf(parse('{'))).toBeInstanceOf(SyntaxError);
    expect(parse.breaker.metrics.totals.failures).toBe(1);
  });

  test('resolves what a thenable resolves to', async () => {
    const query = withCircuitBreaker('query')(() => ({
      then: (resolve: (value: string) => void) => resolve('rows'),
    }));

    expect(await query()).toBe('rows');
  });

  test('wraps several functions with one breaker', async () => {
    const guarded = withCircuitBreaker('users', BRITTLE);
    const [one, other] = [guarded(failing()), guarded(async () => 1)];

    await errorOf(one());

    expect(await errorOf(other())).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('wraps the functions of a list', async () => {
    const [one, other] = [async () => 1, async () => 2].map((fn) => withCircuitBreaker('list')(fn));

    expect([await one?.(), await other?.()]).toEqual([1, 2]);
  });

  test('makes no breaker before it is needed', () => {
    withCircuitBreaker('users')(async () => 1);

    expect(defaultRegistry.size).toBe(0);
  });

  test('gives the breaker the options', async () => {
    const get = withCircuitBreaker('users', { failureThreshold: 2, callTimeout: 700 })(async () => 1);

    expect(get.breaker.options).toMatchObject({ failureThreshold: 2, callTimeout: 700 });
  });

  test('keeps no options by reference', () => {
    const options = { failureThreshold: 2, window: { type: 'count' as const, size: 30 } };
    const get = withCircuitBreaker('users', options)(async () => 1);

    options.failureThreshold = 9;
    options.window.size = 99;

    expect(get.breaker.options.failureThreshold).toBe(2);
    expect(get.breaker.options.window).toEqual({ type: 'count', size: 30 });
  });

  test.each(['', '__proto__', 'constructor', 'x'.repeat(100_000)])('takes any name', async (name) => {
    const get = withCircuitBreaker(name)(async () => 1);

    expect(await get()).toBe(1);
    expect(get.breaker.name).toBe(name);
  });
});

describe('the form with three arguments', () => {
  test('wraps at once', async () => {
    const add = withCircuitBreaker('add', { callTimeout: 500 }, async (a: number, b: number) => a + b);

    expect(await add(2, 3)).toBe(5);
    expect(add.breaker.options.callTimeout).toBe(500);
  });

  test('takes `undefined` for no options', async () => {
    const get = withCircuitBreaker('users', undefined, async () => 1);

    expect(await get()).toBe(1);
  });

  test('takes a key function', async () => {
    const get = withCircuitBreaker(
      (region: string) => region,
      {},
      async (region: string) => region,
    );

    await get('eu');

    expect(get.breakerFor('eu').name).toBe('eu');
  });

  test.each([undefined, null, 'fn', {}, 5])('refuses what is no function: %s', (fn) => {
    const error = thrownBy(() => withCircuitBreaker('users', {}, fn as never));

    expect(error).toBeInstanceOf(TypeError);
  });
});

describe('a breaker for each key', () => {
  const hostOf = (url: string) => new URL(url).host;

  test('is named by the key function, from the arguments', async () => {
    const get = withCircuitBreaker(hostOf)(async (url: string) => url);

    for (const url of ['https://a.example/1', 'https://b.example/2', 'https://a.example/3']) await get(url);

    expect(defaultRegistry.names()).toEqual(['a.example', 'b.example']);
  });

  test('opens by itself', async () => {
    const get = withCircuitBreaker(
      hostOf,
      BRITTLE,
    )(async (url: string) => {
      if (url.includes('bad')) throw new Error('boom');
      return 'fine';
    });

    await errorOf(get('https://bad.example'));

    expect(await errorOf(get('https://bad.example'))).toBeInstanceOf(CircuitBreakerOpenError);
    expect(await get('https://good.example')).toBe('fine');
  });

  test('is told by breakerFor', async () => {
    const get = withCircuitBreaker(hostOf)(async (url: string) => url);

    const breaker = get.breakerFor('https://a.example/9');
    await get('https://a.example/1');

    expect(breaker).toBe(defaultRegistry.get('a.example'));
    expect(breaker.metrics.totals.successes).toBe(1);
  });

  test('is told from every argument', async () => {
    const key = vi.fn((_method: string, _url: string) => 'key');
    const send = withCircuitBreaker(key)(async (method: string, url: string) => `${method} ${url}`);

    await send('GET', '/users');

    expect(key.mock.calls).toEqual([['GET', '/users']]);
  });

  test('has all of the options', () => {
    const get = withCircuitBreaker(hostOf, { failureThreshold: 2 })(async (url: string) => url);

    const thresholds = ['https://a.example', 'https://b.example'].map(
      (url) => get.breakerFor(url).options.failureThreshold,
    );

    expect(thresholds).toEqual([2, 2]);
  });

  test('keeps `this`, the name and the length of the function', async () => {
    const client = {
      base: 'https://a.example',
      get: withCircuitBreaker((path: string) => path)(async function get(
        this: { base: string },
        path: string,
      ) {
        return this.base + path;
      }),
    };

    expect(await client.get('/users')).toBe('https://a.example/users');
    expect([client.get.name, client.get.length]).toEqual(['get', 1]);
  });

  test('may be named by any string', async () => {
    const get = withCircuitBreaker((name: string) => name)(async (name: string) => name);

    for (const name of ['', '__proto__', 'constructor']) await get(name);

    expect(defaultRegistry.names()).toEqual(['', '__proto__', 'constructor']);
  });

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 5, '5'],
    ['a symbol', Symbol('key'), 'Symbol(key)'],
    ['an object', {}, 'an object'],
    ['a promise', Promise.resolve('key'), 'an object'],
  ])('is refused if the key is no string: %s', async (_, key, received) => {
    const fn = vi.fn(async () => 1);
    const get = withCircuitBreaker(() => key as string)(fn);

    const error = await errorOf(get());

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toContain(`received ${received}`);
    expect(fn).not.toHaveBeenCalled();
  });

  test('is refused if the key function throws, with its error as the cause', async () => {
    const fn = vi.fn(async (url: string) => url);
    const get = withCircuitBreaker(hostOf)(fn);

    const error = await errorOf(get('no url'));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).cause).toBeInstanceOf(TypeError);
    expect(fn).not.toHaveBeenCalled();
  });

  test.each<[string, () => string]>([
    [
      'throws',
      () => {
        throw new Error('no key');
      },
    ],
    ['answers no string', () => 5 as unknown as string],
  ])('makes breakerFor throw if the key function %s', (_, key) => {
    const get = withCircuitBreaker(key)(async () => 1);

    expect(refusalOf(() => get.breakerFor()).option).toBe('key');
  });

  test('leaves no breaker behind where there is no key', async () => {
    const get = withCircuitBreaker(hostOf)(async (url: string) => url);

    await errorOf(get('no url'));

    expect(defaultRegistry.size).toBe(0);
  });

  test('is counted no failure where there is no key', async () => {
    const get = withCircuitBreaker(hostOf, BRITTLE)(async (url: string) => url);
    await get('https://a.example');

    await errorOf(get('no url'));

    expect(await get('https://a.example')).toBe('https://a.example');
  });
});

describe('the registry option', () => {
  test('is where the breaker is', async () => {
    const { registry } = createRegistry();
    const get = withCircuitBreaker('users', { registry })(async () => 1);

    await get();

    expect(registry.get('users')).toBe(get.breaker);
    expect(defaultRegistry.size).toBe(0);
  });

  test('is where the breakers of keys are', async () => {
    const { registry } = createRegistry();
    const get = withCircuitBreaker((key: string) => key, { registry })(async (key: string) => key);

    await get('a');

    expect(registry.names()).toEqual(['a']);
    expect(defaultRegistry.size).toBe(0);
  });

  test('gives its defaults, which the options go before', () => {
    const { registry } = createRegistry({ defaults: { failureThreshold: 7, successThreshold: 2 } });

    const get = withCircuitBreaker('users', { registry, failureThreshold: 4 })(async () => 1);

    expect(get.breaker.options).toMatchObject({ failureThreshold: 4, successThreshold: 2 });
  });

  test('makes a breaker anew, with its options, that it has forgotten', async () => {
    const { registry } = createRegistry();
    const get = withCircuitBreaker('users', { registry, failureThreshold: 4 })(async () => 1);
    await get();
    const old = get.breaker;

    registry.delete('users');
    await get();

    expect(get.breaker).not.toBe(old);
    expect(get.breaker).toBe(registry.get('users'));
    expect(get.breaker.options.failureThreshold).toBe(4);
  });

  test('makes the breaker of a key anew that it has forgotten', async () => {
    const { registry } = createRegistry({ maxSize: 1 });
    const get = withCircuitBreaker((key: string) => key, { registry, failureThreshold: 4 })(
      async (key: string) => key,
    );

    for (const key of ['a', 'b', 'a']) await get(key);

    expect(registry.names()).toEqual(['a']);
    expect(registry.get('a')?.options.failureThreshold).toBe(4);
  });

  test('is asked for each call, so that a call is a use', async () => {
    const { registry } = createRegistry({ maxSize: 2 });
    const get = withCircuitBreaker('users', { registry })(async () => 1);
    await get();
    registry.getOrCreate('orders');

    await get();
    registry.getOrCreate('carts');

    expect(registry.names()).toEqual(['users', 'carts']);
  });

  test('is told once of options that differ from those in force', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry } = createRegistry();
    registry.getOrCreate('users');
    const conflicts = told(registry, 'conflict');
    const get = withCircuitBreaker('users', { registry, failureThreshold: 4 })(async () => 1);

    await get();
    await get();

    expect(conflicts.map(({ differences }) => differences)).toEqual([
      [{ option: 'failureThreshold', inForce: 5, given: 4 }],
    ]);
  });

  test('is told of options that differ from those in force for each key', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry } = createRegistry();
    for (const name of ['a', 'b']) registry.getOrCreate(name);
    const conflicts = told(registry, 'conflict');
    const get = withCircuitBreaker((key: string) => key, { registry, failureThreshold: 4 })(
      async (key: string) => key,
    );

    for (const key of ['a', 'b']) await get(key);

    expect(conflicts.map(({ breaker }) => breaker)).toEqual(['a', 'b']);
  });

  test('is told nothing of what belongs to the function alone', async () => {
    const { registry } = createRegistry();
    const conflicts = told(registry, 'conflict');
    const guarded = (fallbackOn: 'rejection' | 'failure') =>
      withCircuitBreaker('users', { registry, fallbackOn, fallback: () => 1 })(async () => 1);

    await guarded('rejection')();
    await guarded('failure')();

    expect(conflicts).toEqual([]);
  });
});

describe("scope: 'instance'", () => {
  class Client {
    readonly fails: boolean;

    constructor(fails: boolean) {
      this.fails = fails;
    }
  }

  const createGet = () =>
    withCircuitBreaker('client', { scope: 'instance', failureThreshold: 1 })(async function (this: Client) {
      if (this.fails) throw new Error('boom');
      return 'fine';
    });

  test('makes a breaker for each object', async () => {
    const get = createGet();
    const [bad, good] = [new Client(true), new Client(false)];

    await errorOf(get.call(bad));

    expect(await errorOf(get.call(bad))).toBeInstanceOf(CircuitBreakerOpenError);
    expect(await get.call(good)).toBe('fine');
  });

  test('keeps the breaker of an object', async () => {
    const get = createGet();
    const client = new Client(false);

    await get.call(client);
    await get.call(client);

    expect(get.breakerFor(client).metrics.totals.successes).toBe(2);
  });

  test('has nothing to tell of a breaker that was given other options since', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const get = createGet();
    const client = new Client(false);
    get.breakerFor(client).update({ failureThreshold: 9 });

    expect(await get.call(client)).toBe('fine');

    expect(get.breakerFor(client).options.failureThreshold).toBe(9);
    expect(emitWarning).not.toHaveBeenCalled();
  });

  test('gives each breaker the name and the options', () => {
    const get = createGet();

    const { name, options } = get.breakerFor(new Client(false));

    expect([name, options.failureThreshold]).toEqual(['client', 1]);
  });

  test('keeps the breakers out of the registry', async () => {
    await createGet().call(new Client(false));

    expect(defaultRegistry.size).toBe(0);
  });

  test('takes frozen objects', async () => {
    expect(await createGet().call(Object.freeze(new Client(false)))).toBe('fine');
  });

  test('takes a class for an object, as for static methods', async () => {
    const get = withCircuitBreaker('client', { scope: 'instance' })(async function (this: typeof Client) {
      return this.name;
    });

    expect(await get.call(Client)).toBe('Client');
    expect(get.breakerFor(Client).metrics.totals.successes).toBe(1);
  });

  test.each([undefined, null, 5, 'client'])(
    'rejects if there is no object to be called on: %s',
    async (self) => {
      const get = withCircuitBreaker('client', { scope: 'instance' })(async function (this: unknown) {
        return this;
      });

      expect(await errorOf(get.call(self))).toBeInstanceOf(TypeError);
    },
  );

  test.each([undefined, null, 5])('has breakerFor throw for what is no object: %s', (self) => {
    expect(thrownBy(() => createGet().breakerFor(self as never))).toBeInstanceOf(TypeError);
  });

  test('holds neither the objects nor their breakers', async () => {
    const get = createGet();
    const use = async () => {
      const client = new Client(false);
      await get.call(client);
      return [new WeakRef<object>(client), new WeakRef<object>(get.breakerFor(client))];
    };
    const made = await Promise.all(Array.from({ length: 100 }, use));

    await collectGarbage();

    // The engine may hold a few for reasons of its own.
    expect(made.flat().filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  });

  test('holds the breaker of an object that is still there', async () => {
    const get = createGet();
    const client = new Client(true);
    await errorOf(get.call(client));

    await collectGarbage();

    expect(get.breakerFor(client).state).toBe('OPEN');
  });

  test('needs a name', () => {
    const error = refusalOf(() => withCircuitBreaker(() => 'key', { scope: 'instance' }));

    expect(error.option).toBe('scope');
  });

  test('needs no registry', () => {
    const { registry } = createRegistry();

    const error = refusalOf(() => withCircuitBreaker('client', { scope: 'instance', registry }));

    expect(error.message).toContain('registry');
  });

  test("of 'class' is what there is without it", async () => {
    const get = withCircuitBreaker('client', { scope: 'class' })(async () => 1);

    expect(get.breaker).toBe(defaultRegistry.get('client'));
  });
});

describe('a breaker that is given', () => {
  test('is the breaker of the function', async () => {
    const breaker = new CircuitBreaker({ name: 'mine' });
    const get = withCircuitBreaker(breaker)(async () => 1);

    await get();

    expect(get.breaker).toBe(breaker);
    expect(breaker.metrics.totals.successes).toBe(1);
    expect(defaultRegistry.size).toBe(0);
  });

  test('takes what can be said for a call', async () => {
    const { breaker } = createOpen();
    const get = withCircuitBreaker(breaker, { fallback: () => 'instead', fallbackOn: 'rejection' })(
      async () => 'unreached',
    );

    expect(await get()).toBe('instead');
  });

  test('takes a timeout for the function alone', async () => {
    vi.useFakeTimers();
    try {
      const breaker = new CircuitBreaker({ name: 'mine' });
      const get = withCircuitBreaker(breaker, { callTimeout: 5 })(() => new Promise(() => {}));

      const error = errorOf(get());
      await vi.advanceTimersByTimeAsync(5);

      expect(await error).toMatchObject({ code: 'ERR_CALL_TIMEOUT', timeout: 5 });
      expect(breaker.options.callTimeout).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each<[string, object]>([
    ['failureThreshold', { failureThreshold: 3 }],
    ['recoveryTimeout', { recoveryTimeout: 3 }],
    ['registry', { registry: new CircuitBreakerRegistry() }],
    ['scope', { scope: 'instance' }],
    ['name', { name: 'other' }],
  ])('has its own options: %s is refused', (_, options) => {
    const breaker = new CircuitBreaker({ name: 'mine' });

    expect(thrownBy(() => withCircuitBreaker(breaker, options as never))).toBeInstanceOf(InvalidOptionsError);
  });
});

describe('result: true', () => {
  const options = { result: true as const, failureThreshold: 1 };

  test('resolves to the value', async () => {
    const get = withCircuitBreaker('users', options)(async (id: number) => ({ id }));

    expect(await get(7)).toEqual({ ok: true, value: { id: 7 } });
  });

  test('resolves to the error', async () => {
    const problem = new Error('boom');
    const get = withCircuitBreaker('users', options)(failing(problem));

    expect(await get()).toEqual({ ok: false, error: problem, rejected: false });
  });

  test('resolves to the rejection', async () => {
    const get = withCircuitBreaker('users', options)(failing());
    await get();

    const result = await get();

    expect(result).toMatchObject({ ok: false, rejected: true, error: { code: 'ERR_CIRCUIT_OPEN' } });
  });

  test('resolves to what the fallback answers', async () => {
    const get = withCircuitBreaker('users', { ...options, fallback: () => 'instead' })(failing());

    expect(await get()).toEqual({ ok: true, value: 'instead' });
  });

  test('resolves for a synchronous function that throws', async () => {
    const parse = withCircuitBreaker('parse', options)((text: string) => JSON.parse(text));

    expect(await parse('{')).toMatchObject({ ok: false, error: { name: 'SyntaxError' } });
  });

  test('resolves where there is no key', async () => {
    const get = withCircuitBreaker((url: string) => new URL(url).host, options)(async (url: string) => url);

    expect(await get('no url')).toMatchObject({ ok: false, error: { code: 'ERR_INVALID_OPTIONS' } });
  });

  test('is to be had in the form with three arguments', async () => {
    const get = withCircuitBreaker('users', options, async () => 1);

    expect(await get()).toEqual({ ok: true, value: 1 });
  });

  test('keeps `this`, the name, the length and the breaker', async () => {
    const user = {
      name: 'Ada',
      greet: withCircuitBreaker(
        'greet',
        options,
      )(async function greet(this: { name: string }, word: string) {
        return `${word}, ${this.name}`;
      }),
    };

    expect(await user.greet('Hello')).toEqual({ ok: true, value: 'Hello, Ada' });
    expect([user.greet.name, user.greet.length]).toEqual(['greet', 1]);
    expect(user.greet.breaker).toBe(defaultRegistry.get('greet'));
  });

  test('of false rejects as ever', async () => {
    const get = withCircuitBreaker('users', { result: false })(failing());

    expect(await errorOf(get())).toBeInstanceOf(Error);
  });
});

describe('a fallback', () => {
  test('belongs to the function, not to the breaker that it shares', async () => {
    const getUser = withCircuitBreaker('users', { fallback: () => 'nobody' })(failing());
    const getUsers = withCircuitBreaker('users', { fallback: () => [] })(failing());

    expect([await getUser(), await getUsers()]).toEqual(['nobody', []]);
    expect(getUser.breaker).toBe(getUsers.breaker);
  });

  test('is not given to a function without one', async () => {
    const getUser = withCircuitBreaker('users', { fallback: () => 'nobody' })(failing());
    const getUsers = withCircuitBreaker('users')(failing());
    await getUser();

    expect(await errorOf(getUsers())).toBeInstanceOf(Error);
    expect(getUser.breaker.options.fallback).toBeUndefined();
  });

  test('may be that of the registry, for what fallbackOn says', async () => {
    const { registry } = createRegistry({ defaults: { fallback: () => 'cached' } });
    const get = withCircuitBreaker('users', { registry, fallbackOn: 'rejection' })(failing());

    expect(await errorOf(get())).toBeInstanceOf(Error);
    get.breaker.trip();

    expect(await get()).toBe('cached');
  });

  test('answers what fallbackOn says', async () => {
    const get = withCircuitBreaker('users', { fallback: () => 'cached', fallbackOn: 'rejection' })(failing());

    const failure = await errorOf(get());
    get.breaker.trip();

    expect(failure).toBeInstanceOf(Error);
    expect(await get()).toBe('cached');
  });

  test('goes before that of the registry’s defaults', async () => {
    const { registry } = createRegistry({ defaults: { fallback: () => 'default' } });
    const one = withCircuitBreaker('users', { registry })(failing());
    const other = withCircuitBreaker('users', { registry, fallback: () => 'own' })(failing());

    expect([await one(), await other()]).toEqual(['default', 'own']);
  });
});

test('a method may be named `class`', async () => {
  const { class: find } = {
    async class() {
      return 'first';
    },
  };
  const { class: late } = {
    class() {
      return Promise.resolve('second');
    },
  };
  const { class: spaced } = new Function('return { class () { return Promise.resolve("third"); } };')();

  expect(await withCircuitBreaker('classes')(find)()).toBe('first');
  expect(await withCircuitBreaker('classes')(late)()).toBe('second');
  expect(await withCircuitBreaker('classes')(spaced)()).toBe('third');
});

describe('bad input', () => {
  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 5, '5'],
    ['a symbol', Symbol('users'), 'Symbol(users)'],
    ['a list', ['users'], 'an array'],
    ['options', { name: 'users' }, 'an object'],
    ['a registry', new CircuitBreakerRegistry(), 'an object'],
  ])('is a breaker that is %s', (_, breaker, received) => {
    const error = refusalOf(() => withCircuitBreaker(breaker as never));

    expect(error.message).toContain(`received ${received}`);
  });

  test.each<[string, unknown, RegExp]>([
    ['null', null, /an object, received null/],
    ['a function in their place', async () => 1, /an object, received a function/],
    ['a string', 'users', /an object, received "users"/],
    ['an unknown key', { timeot: 5 }, /unknown option "timeot", did you mean "callTimeout"\?/],
    ['an unknown key that is undefined', { timeot: undefined }, /unknown option "timeot"/],
    ['a misspelt scope', { scpoe: 'instance' }, /unknown option "scpoe", did you mean "scope"\?/],
    ['a misspelt registry', { regsitry: undefined }, /unknown option "regsitry", did you mean "registry"\?/],
    ['a misspelt result', { results: true }, /unknown option "results", did you mean "result"\?/],
    ['a value out of range', { failureThreshold: 0 }, /`failureThreshold`.*received 0/],
    ['a fallback that is no function', { fallback: 'cached' }, /`fallback`.*received "cached"/],
    ['another name', { name: 'orders' }, /`name`/],
    ['the same name again', { name: 'users' }, /`name`/],
    ['an unknown scope', { scope: 'method' }, /`scope`.*received "method"/],
    ['a scope that is null', { scope: null }, /`scope`.*received null/],
    ['a registry that is a map', { registry: new Map() }, /`registry`.*received an object/],
    ['a registry that is null', { registry: null }, /`registry`.*received null/],
    ['a result that is a word', { result: 'yes' }, /`result`.*received "yes"/],
    [
      'a getter that throws',
      {
        get mode(): never {
          throw new Error('no');
        },
      },
      /cannot be read/,
    ],
  ])('is options that are %s', (_, options, message) => {
    const error = refusalOf(() => withCircuitBreaker('users', options as never));

    expect(error.breaker).toBe('users');
    expect(error.message).toMatch(message);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'fn'],
    ['an object', {}],
    ['a promise', Promise.resolve()],
  ])('is %s to wrap', (_, fn) => {
    const error = thrownBy(() => withCircuitBreaker('users')(fn as never));

    expect(error).toBeInstanceOf(TypeError);
  });

  test('is a class to wrap', () => {
    class Users {}

    const error = thrownBy(() => withCircuitBreaker('users')(Users as never));

    expect(error).toBeInstanceOf(TypeError);
  });

  test('makes no breaker', () => {
    thrownBy(() => withCircuitBreaker('users', { failureThreshold: 0 }));
    thrownBy(() => withCircuitBreaker('users')(undefined as never));

    expect(defaultRegistry.size).toBe(0);
  });
});

type Wrap = (...args: unknown[]) => () => Promise<number>;

test.each<[string, (wrap: Wrap) => (() => Promise<number>)[]]>([
  ['by map', (wrap) => [async () => 1].map(wrap)],
  ['by Array.from', (wrap) => Array.from([async () => 1], wrap)],
])('wraps the functions of a list %s', async (_, wrapAll) => {
  const registry = new CircuitBreakerRegistry();

  const [one] = wrapAll(withCircuitBreaker('one', { registry }) as Wrap) as [() => Promise<number>];

  expect(await one()).toBe(1);
  expect(registry.get('one')?.metrics.totals.calls).toBe(1);
});

test('a key that cannot be told is a failure, and no rejection, where results are values', async () => {
  const key = () => {
    throw new Error('no key');
  };
  const find = withCircuitBreaker(key, { result: true, registry: new CircuitBreakerRegistry() })(
    async () => 1,
  );

  expect(await find()).toMatchObject({ ok: false, rejected: false, error: { option: 'key' } });
});

describe("methods of `scope: 'instance'` that name the same breaker", () => {
  const warnings = () => {
    const told: unknown[][] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void told.push(args));
    return told;
  };
  const scoped = (options: object) => withCircuitBreaker('shard', { scope: 'instance', ...options });

  test('are told once of options that differ, whichever is called first', async () => {
    const told = warnings();
    const read = scoped({ failureThreshold: 1 })(async () => 1);
    const write = scoped({ failureThreshold: 2 })(async () => 2);
    const [one, other] = [{}, {}];

    await read.call(one);
    for (let i = 0; i < 3; i++) await write.call(one);
    await write.call(other);
    await read.call(other);

    expect(told).toEqual([
      [
        expect.stringContaining(
          '"shard" exists with other options, which stay in force: failureThreshold is 1, not 2',
        ),
        { type: 'CircuitBreakerWarning', code: 'RECLOSER_CONFLICT' },
      ],
    ]);
  });

  test('are told nothing if they agree', async () => {
    const told = warnings();
    const instance = {};

    await scoped({ failureThreshold: 2 })(async () => 1).call(instance);
    await scoped({ failureThreshold: 2 })(async () => 2).call(instance);

    expect(told).toEqual([]);
  });
});

describe('a fallback of a wrapped function', () => {
  test('is given the error, the context, and what the function was given', async () => {
    const registry = new CircuitBreakerRegistry();
    const seen: unknown[] = [];
    const get = withCircuitBreaker('users', {
      registry,
      fallback(error, context, id: number, kind: string) {
        seen.push((error as Error).message, context.breaker, id, kind);
        return `user ${id}`;
      },
    })(async (_id: number, _kind: string): Promise<string> => {
      throw new Error('down');
    });

    expect([await get(7, 'a'), await get(8, 'b')]).toEqual(['user 7', 'user 8']);
    expect(seen).toEqual(['down', 'users', 7, 'a', 'down', 'users', 8, 'b']);
  });

  test('has the object of a method as its `this`, with a breaker that is handed in too', async () => {
    const breaker = new CircuitBreaker({ name: 'users' });
    const users = {
      name: 'cache',
      get: withCircuitBreaker(breaker, {
        fallback(this: { name: string }, _error, _context, id: number) {
          return `${this.name} ${id}`;
        },
      })(async function (this: { name: string }, _id: number): Promise<string> {
        throw new Error('down');
      }),
    };

    expect(await users.get(7)).toBe('cache 7');
  });
});
