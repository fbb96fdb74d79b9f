/** Whatever wraps a function: it stays what it was, and what cannot be guarded is refused. */
import { runInNewContext } from 'node:vm';
import { CircuitBreaker, withCircuitBreaker } from 'recloser';
import { describe, expect, test } from 'vitest';
import { createBreaker, errorOf, thrownBy } from '../support/breakers.js';
import { transpile } from '../support/typescript.js';

type AnyFunction = (...args: never[]) => unknown;
type Wrap = <F extends AnyFunction>(fn: F) => F;

const WAYS: [string, Wrap][] = [
  ['wrap', (fn) => new CircuitBreaker().wrap(fn as never) as never],
  ['wrapSync', (fn) => new CircuitBreaker().wrapSync(fn as never) as never],
  ['withCircuitBreaker', (fn) => withCircuitBreaker(new CircuitBreaker(), {}, fn) as never],
  [
    'withCircuitBreaker with results',
    (fn) => withCircuitBreaker(new CircuitBreaker(), { result: true }, fn) as never,
  ],
];

describe.each(WAYS)('a function wrapped by %s', (_, wrap) => {
  test('has the members of the function, those with a symbol too', () => {
    const tag = Symbol('tag');
    const client = Object.assign((url: string) => url, {
      get: () => 'got',
      defaults: { timeout: 5 },
      [tag]: 1,
    });

    const wrapped = wrap(client);

    expect([wrapped.get(), wrapped.defaults, wrapped[tag]]).toEqual(['got', { timeout: 5 }, 1]);
    expect(Reflect.ownKeys(wrapped)).toEqual(expect.arrayContaining(['get', 'defaults', tag]));
  });

  test('has members that cannot be enumerated, and does not show them', () => {
    const fn = Object.defineProperty(() => 1, 'hidden', { value: 'here' }) as (() => number) & {
      hidden: string;
    };

    const wrapped = wrap(fn);

    expect(wrapped.hidden).toBe('here');
    expect(Object.keys(wrapped)).not.toContain('hidden');
  });

  test('reads its members as they are now', () => {
    const fn = Object.assign(() => ++fn.calls, { calls: 0 });
    const wrapped = wrap(fn);

    fn.calls = 7;

    expect(wrapped.calls).toBe(7);
  });

  test('writes its members where they are', () => {
    const fn = Object.assign(() => fn.limit, { limit: 1 });
    const wrapped = wrap(fn);

    wrapped.limit = 2;

    expect([fn.limit, wrapped.limit]).toEqual([2, 2]);
  });

  test('reads an accessor on the function itself', () => {
    const counts = new WeakMap<object, number>();
    const fn = Object.defineProperty(() => 1, 'count', {
      get(this: object) {
        return counts.get(this);
      },
    }) as (() => number) & { count: number };
    counts.set(fn, 3);

    expect(wrap(fn).count).toBe(3);
  });

  test('gets members of its own without touching the function', () => {
    const fn = (() => 1) as (() => number) & { roles?: string[] };
    const wrapped = wrap(fn);

    wrapped.roles = ['admin'];

    expect(Object.keys(fn)).toEqual([]);
  });

  test('has the ancestors of the function', () => {
    class Client {
      ping() {
        return 'pong';
      }
    }
    const callable = Object.setPrototypeOf(() => 1, Client.prototype) as (() => number) & Client;

    const wrapped = wrap(callable);

    expect(wrapped).toBeInstanceOf(Client);
    expect(wrapped.ping()).toBe('pong');
    expect(Object.getPrototypeOf(wrapped)).toBe(Client.prototype);
  });

  test('has its name and its length, which can be changed as those of any function', () => {
    const wrapped = wrap(function find(_id: number) {});

    expect(Object.getOwnPropertyDescriptors(wrapped)).toMatchObject({
      name: { value: 'find', configurable: true, writable: false },
      length: { value: 1, configurable: true, writable: false },
    });
  });

  test('is called as it is if it is a proxy', async () => {
    const asked: unknown[] = [];
    const proxy = new Proxy(() => {}, {
      get: (_, key) => (key === 'then' ? undefined : asked.push(key)),
      apply: (_, self, args) => asked.push([self, args]),
    });
    const wrapped = wrap(proxy as (id: number) => unknown);
    asked.length = 0;

    await wrapped(7);

    expect(asked).toEqual([[undefined, [7]]]);
  });

  test('answers to any member if the function does', () => {
    const client = (path: string): ((id: number) => string) & { users: () => string } =>
      new Proxy((() => path) as never, {
        get: (target, key) => (typeof key === 'symbol' ? Reflect.get(target, key) : client(`${path}/${key}`)),
      });

    expect(wrap(client('')).users()).toBe('/users');
  });

  test('takes a function whose members cannot be read', () => {
    const strict = new Proxy(() => 1, {
      get(_, key) {
        throw new Error(String(key));
      },
    });

    expect(wrap(strict)).toBeInstanceOf(Function);
  });

  test('carries what reflect-metadata knows of the function', () => {
    const restore = installMetadata();
    try {
      const fn = () => 1;
      metadata.defineMetadata('roles', ['admin'], fn);

      const wrapped = wrap(fn);
      metadata.defineMetadata('route', '/', wrapped);

      expect(metadata.getOwnMetadata('roles', wrapped)).toEqual(['admin']);
      expect(metadata.getOwnMetadataKeys(fn)).toEqual(['roles']);
    } finally {
      restore();
    }
  });
});

interface Metadata {
  defineMetadata(key: unknown, value: unknown, target: object): void;
  getOwnMetadata(key: unknown, target: object): unknown;
  getOwnMetadataKeys(target: object): unknown[];
}

const store = new WeakMap<object, Map<unknown, unknown>>();

/** As much of reflect-metadata as decorators need; the real one is met by `test:clients`. */
const metadata: Metadata = {
  defineMetadata: (key, value, target) => {
    store.set(target, new Map(store.get(target)).set(key, value));
  },
  getOwnMetadata: (key, target) => store.get(target)?.get(key),
  getOwnMetadataKeys: (target) => [...(store.get(target)?.keys() ?? [])],
};

function installMetadata(): () => void {
  Object.assign(Reflect, metadata);
  return () => {
    for (const key of Object.keys(metadata)) Reflect.deleteProperty(Reflect, key);
  };
}

const COMPILED_CLASSES: [string, unknown][] = [
  ['a class', class Users {}],
  ['a class without a name', class {}],
  ['a built-in class', Map],
  ['a class of another realm', runInNewContext('class Users {}; Users')],
  ['a proxy of a class', new Proxy(class Users {}, {})],
  ['a class compiled to ES5', runInNewContext(transpile('class Users { find() {} }; Users', true, 'ES5'))],
  [
    'a derived class compiled to ES5',
    runInNewContext(transpile('class A {}; class B extends A {}; B', true, 'ES5')),
  ],
];

const GENERATORS: [string, unknown][] = [
  ['an async generator function', async function* () {}],
  ['an async generator method', { async *tokens() {} }.tokens],
  ['one of another realm', runInNewContext('(async function* () {})')],
  [
    'one compiled to ES2017',
    runInNewContext(transpile('async function* tokens() { yield 1; }; tokens', true, 'ES2017')),
  ],
];

describe.each(WAYS)('%s refuses at once', (way, wrap) => {
  test.each(COMPILED_CLASSES)('%s, with the way out', (_, target) => {
    const error = thrownBy(() => wrap(target as AnyFunction)) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/a class: wrap its methods, or `protect` an instance of it/);
  });

  test.each(GENERATORS)('%s, with the way out', (_, target) => {
    const error = thrownBy(() => wrap(target as AnyFunction)) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('recloser/stream');
  });

  test('nothing that is a function and neither', () => {
    const functions = [
      () => 1,
      async () => 1,
      function plain() {},
      function* generator() {},
      { class() {} }.class,
      Math.max,
      (() => 1).bind(undefined),
    ];

    expect(way).not.toBe('');
    expect(functions.map((fn) => typeof wrap(fn as AnyFunction))).toEqual(functions.map(() => 'function'));
  });
});

describe('a promise in place of a function', () => {
  test('is named, with the way out', async () => {
    const { breaker } = createBreaker();

    const error = await errorOf(breaker.call(Promise.resolve(1) as never));

    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(/received a promise: pass `\(\) => …`/);
  });
});

describe('a function that was given where a name belongs', () => {
  const fetchUser = async (id: number) => `user ${id}`;

  test('is told so when it is called', () => {
    const error = thrownBy(() => withCircuitBreaker(fetchUser as never)(7 as never)) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('received 7; a function that comes first is asked for a name');
    expect(error.message).toContain("withCircuitBreaker('name', {}, fn)");
  });

  test('is not what is wrong where a class was given to be wrapped', () => {
    const error = thrownBy(() => withCircuitBreaker(() => 'users')(class Users {} as never)) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/received a class: wrap its methods, or `protect` an instance of it$/);
  });

  test('is told so when it answers a promise for a key', async () => {
    const guarded = withCircuitBreaker(fetchUser as unknown as () => string)(async () => 1);

    const error = (await errorOf(guarded())) as Error;

    expect(error.message).toContain('a promise; a function that comes first is asked for a name');
  });
});
