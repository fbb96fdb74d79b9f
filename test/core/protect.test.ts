import {
  CircuitBreaker,
  CircuitBreakerOpenError,
  defaultRegistry,
  InvalidOptionsError,
  protect,
  withCircuitBreaker,
} from 'recloser';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createBreaker, createOpen, errorOf, refusalOf, thrownBy } from '../support/breakers.js';
import { BRITTLE, createRegistry } from '../support/registries.js';
import { quiet, watchRuntime } from '../support/runtime.js';

afterEach(() => defaultRegistry.clear());

/** A client with everything that a class can have. */
class Users {
  readonly #names = new Map([[7, 'Ada']]);
  readonly broken = new Error('broken');
  greeting = 'Hello';
  runs = 0;

  async find(id: number): Promise<string> {
    this.runs++;
    const name = this.#names.get(id);
    if (name === undefined) throw this.broken;
    return name;
  }

  async greet(id: number): Promise<string> {
    return `${this.greeting}, ${await this.find(id)}`;
  }

  list = async (): Promise<string[]> => [...this.#names.values()];

  count(): number {
    return this.#names.size;
  }

  fail(): never {
    throw this.broken;
  }

  get first(): string | undefined {
    return this.#names.get(7);
  }

  get second(): string | undefined {
    return this.#names.get(8);
  }

  set second(name: string) {
    this.#names.set(8, name);
  }

  *[Symbol.iterator](): Iterator<string> {
    yield* this.#names.values();
  }

  get [Symbol.toStringTag](): string {
    return `Users of ${this.#names.size}`;
  }

  static async connect(): Promise<Users> {
    return new Users();
  }
}

/** Protected users behind a breaker that trips at the first failure. */
function createUsers(methods?: ('find' | 'greet' | 'list')[]) {
  const { breaker, clock } = createBreaker(BRITTLE);
  const client = new Users();
  const options = methods === undefined ? { breaker } : { breaker, methods };
  return { breaker, clock, client, users: protect(client, options) };
}

describe('an asynchronous method that is named', () => {
  test('resolves to its result', async () => {
    const { users } = createUsers(['find']);

    expect(await users.find(7)).toBe('Ada');
  });

  test('goes through the breaker', async () => {
    const { users, breaker } = createUsers(['find']);

    await users.find(7);

    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1 });
  });

  test('rejects with its own error, which counts', async () => {
    const { users, client, breaker } = createUsers(['find']);

    expect(await errorOf(users.find(0))).toBe(client.broken);
    expect(breaker.state).toBe('OPEN');
  });

  test('does not run while the circuit is open', async () => {
    const { users, client, breaker } = createUsers(['find']);
    breaker.trip();

    const error = await errorOf(users.find(7));

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(client.runs).toBe(0);
  });

  test('is the only one that is guarded', async () => {
    const { users, breaker } = createUsers(['find']);
    breaker.trip();

    expect(await users.list()).toEqual(['Ada']);
  });

  test('may be a function in a field', async () => {
    const { users, breaker } = createUsers(['list']);
    breaker.trip();

    expect(await errorOf(users.list())).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('rejects if it throws before it answers', async () => {
    const { breaker } = createBreaker();
    const client = {
      get(): Promise<string> {
        throw new Error('at once');
      },
    };

    const error = await errorOf(protect(client, { breaker, methods: ['get'] }).get());

    expect(error).toMatchObject({ message: 'at once' });
    expect(breaker.metrics.totals.failures).toBe(1);
  });
});

describe('an asynchronous method that is learned', () => {
  test('resolves to its result the first time and later', async () => {
    const { users } = createUsers();

    expect([await users.find(7), await users.find(7)]).toEqual(['Ada', 'Ada']);
  });

  test('goes through the breaker from the first call on', async () => {
    const { users, breaker } = createUsers();

    await users.find(7);
    await users.find(7);

    expect(breaker.metrics.totals).toMatchObject({ calls: 2, successes: 2 });
  });

  test('runs once for each call', async () => {
    const { users, client } = createUsers();

    await users.find(7);
    await users.find(7);

    expect(client.runs).toBe(2);
  });

  test('trips the breaker with its first failure', async () => {
    const { users, client, breaker } = createUsers();

    expect(await errorOf(users.find(0))).toBe(client.broken);
    expect(breaker.state).toBe('OPEN');
  });

  test('does not run while the circuit is open', async () => {
    const { users, client, breaker } = createUsers();
    await users.find(7);
    breaker.trip();

    const error = await errorOf(users.find(7));

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(client.runs).toBe(1);
  });

  test('rejects its first call too while the circuit is open', async () => {
    const { users, breaker } = createUsers();
    breaker.trip();

    expect(await errorOf(users.find(7))).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('leaves no rejection unhandled while the circuit is open', async () => {
    const { unhandled } = watchRuntime();
    const { users, breaker } = createUsers();
    breaker.trip();

    await errorOf(users.find(0));
    await quiet();

    expect(unhandled).toEqual([]);
  });

  test('may be a function in a field', async () => {
    const { users, breaker } = createUsers();

    await users.list();

    expect(breaker.metrics.totals.successes).toBe(1);
  });
});

describe('what is left alone', () => {
  const { breaker: open } = createOpen();

  test('is a synchronous method, with an OPEN circuit too', () => {
    const users = protect(new Users(), { breaker: open });

    expect([users.count(), users.count()]).toEqual([1, 1]);
  });

  test('is a synchronous method that throws', () => {
    const { users, client, breaker } = createUsers();

    expect(thrownBy(() => users.fail())).toBe(client.broken);
    expect(breaker.metrics.totals.calls).toBe(0);
  });

  test('is a getter that reads private state', () => {
    expect(protect(new Users(), { breaker: open }).first).toBe('Ada');
  });

  test('is a setter that writes private state', () => {
    const client = new Users();
    const users = protect(client, { breaker: open });

    users.second = 'Bob';

    expect([users.second, client.second]).toEqual(['Bob', 'Bob']);
  });

  test('is a field', () => {
    const client = new Users();
    const users = protect(client, { breaker: open });

    users.greeting = 'Hi';

    expect([users.greeting, client.greeting]).toEqual(['Hi', 'Hi']);
  });

  test('is an iterator over private state', () => {
    const users = protect(new Users(), { breaker: open });

    expect([...users]).toEqual(['Ada']);
  });

  test('is a getter with a symbol for a name', () => {
    const users = protect(new Users(), { breaker: open });

    expect(String(users)).toBe('[object Users of 1]');
  });

  test('are the internal slots of built-in objects', () => {
    const map = protect(new Map([['a', 1]]), { breaker: open });

    map.set('b', 2);

    expect([map.size, map.get('b'), [...map]]).toEqual([
      2,
      2,
      [
        ['a', 1],
        ['b', 2],
      ],
    ]);
  });

  test('is the prototype', () => {
    const { users } = createUsers();

    expect(users).toBeInstanceOf(Users);
    expect(Object.getPrototypeOf(users)).toBe(Users.prototype);
  });

  test.each<[string, object]>([
    ['a class', new Users()],
    ['a constructor function', new (function Es5() {} as unknown as new () => object)()],
    ['an object', { get: async () => 1 }],
  ])('is the constructor of %s', (_, client) => {
    expect(protect(client, { breaker: open }).constructor).toBe(client.constructor);
  });

  test('are the keys', () => {
    const { users, client } = createUsers();

    expect(Object.keys(users)).toEqual(Object.keys(client));
    expect('find' in users).toBe(true);
  });

  test('is a class among the members', () => {
    const sdk = { Users, Legacy: function Legacy() {} as unknown as new () => object };

    expect(new (protect(sdk, { breaker: open }).Users)()).toBeInstanceOf(Users);
  });

  test('is a constructor function among the members', () => {
    function Legacy(this: { made: boolean }) {
      this.made = true;
    }
    Legacy.prototype.isMade = function isMade(this: { made: boolean }) {
      return this.made;
    };
    const sdk = { Legacy: Legacy as unknown as new () => { isMade(): boolean } };

    const made = new (protect(sdk, { breaker: open }).Legacy)();

    expect(made).toBeInstanceOf(sdk.Legacy);
    expect(made.isMade()).toBe(true);
  });

  test('is what hangs on a method', () => {
    const format = Object.assign((n: number) => n.toFixed(2), { locale: 'en' });
    const get = Object.assign(async () => 1, { timeout: 500 });

    const client = protect({ format, get }, { breaker: open, methods: ['get'] });

    expect([client.format.locale, client.get.timeout]).toEqual(['en', 500]);
  });

  test('is an object inside the client', () => {
    const inner = { get: async () => 1 };

    expect(protect({ inner }, { breaker: open }).inner).toBe(inner);
  });

  test('is a thenable that can be chained, such as the query builders have', async () => {
    class Query {
      readonly #parts: string[];
      constructor(parts: string[]) {
        this.#parts = parts;
      }
      where(part: string): Query {
        return new Query([...this.#parts, part]);
      }
      then<R>(resolve: (rows: string) => R): R {
        return resolve(this.#parts.join(' '));
      }
    }
    const db = protect({ select: () => new Query(['select']) }, { breaker: open });

    expect(await db.select().where('id = 7')).toBe('select id = 7');
    expect(await db.select().where('id = 8')).toBe('select id = 8');
  });

  test('is an asynchronous generator', async () => {
    const client = protect(
      {
        async *pages() {
          yield 1;
          yield 2;
        },
      },
      { breaker: open },
    );
    const pages: number[] = [];

    for await (const page of client.pages()) pages.push(page);

    expect(pages).toEqual([1, 2]);
  });

  test('is the client itself', async () => {
    const { client, users, breaker } = createUsers(['find']);
    const before = Object.getOwnPropertyDescriptors(client);
    await users.find(7);
    breaker.trip();

    expect(await client.find(7)).toBe('Ada');
    expect(Object.getOwnPropertyDescriptors(client)).toEqual({
      ...before,
      runs: { ...before.runs, value: 2 },
    });
  });

  test('is awaited as an object, not as a promise', async () => {
    const { users } = createUsers();

    expect(await Promise.resolve(users)).toBe(users);
  });
});

type Get = () => Promise<number>;

const defined = (get: Get, how: PropertyDescriptor): { get: Get } =>
  Object.defineProperty({}, 'get', { value: get, ...how }) as { get: Get };

describe('a protected client', () => {
  test('is the same client seen from its methods, with its private state', async () => {
    const { users } = createUsers();
    users.greeting = 'Hi';

    expect(await users.greet(7)).toBe('Hi, Ada');
  });

  test('does not guard the calls that a method makes on its own object', async () => {
    const { users, breaker } = createUsers();

    await users.greet(7);
    await users.greet(7);

    expect(breaker.metrics.totals.calls).toBe(2);
  });

  test('has the same method each time', () => {
    const { users } = createUsers();

    expect(users.find).toBe(users.find);
    expect(users.count).toBe(users.count);
  });

  test('has methods with their names and lengths', () => {
    const { users } = createUsers();

    expect([users.find.name, users.find.length, users.count.name]).toEqual(['find', 1, 'count']);
  });

  test('guards a method that is replaced later', async () => {
    const { users, breaker } = createUsers(['find']);
    breaker.trip();

    users.find = async () => 'replaced';

    expect(await errorOf(users.find(7))).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('guards a method that is replaced on the client', async () => {
    const { users, client, breaker } = createUsers(['find']);
    await users.find(7);

    client.find = async () => 'replaced';

    expect(await users.find(7)).toBe('replaced');
    expect(breaker.metrics.totals.calls).toBe(2);
  });

  test('stays protected through methods that answer the client', async () => {
    class Builder {
      token = '';
      withToken(token: string): this {
        this.token = token;
        return this;
      }
      async get(): Promise<string> {
        return this.token;
      }
    }
    const { breaker } = createBreaker();
    const client = protect(new Builder(), { breaker, methods: ['get'] });

    await client.withToken('t').get();

    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('stays protected through methods that resolve to the client', async () => {
    class Connection {
      async connect(): Promise<this> {
        return this;
      }
      async get(): Promise<number> {
        return 1;
      }
    }
    const { breaker } = createBreaker();
    const client = await protect(new Connection(), { breaker, methods: ['connect', 'get'] }).connect();

    await client.get();

    expect(breaker.metrics.totals.calls).toBe(2);
  });

  test('hands the arguments on, and nothing else', async () => {
    const get = vi.fn(async (..._args: unknown[]) => {});
    const { breaker } = createBreaker();

    await protect({ get }, { breaker, methods: ['get'] }).get('a', undefined);

    expect(get.mock.calls).toEqual([['a', undefined]]);
  });

  test('may be a plain object', async () => {
    const { breaker } = createBreaker();
    const client = protect(
      {
        base: 'x',
        async get() {
          return this.base;
        },
      },
      { breaker },
    );

    expect(await client.get()).toBe('x');
  });

  test('may have no prototype', async () => {
    const { breaker } = createBreaker();
    const client = protect(Object.assign(Object.create(null), { get: async () => 1 }), { breaker });

    expect(await client.get()).toBe(1);
  });

  test('may be frozen if its methods are on its class', async () => {
    const { breaker } = createBreaker();
    class Frozen {
      async get() {
        return 1;
      }
    }

    const client = protect(Object.freeze(new Frozen()), { breaker, methods: ['get'] });

    expect(await client.get()).toBe(1);
    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test.each([
    [
      'frozen, with data of its own',
      (get: Get): { get: Get } => Object.freeze(Object.create({ get }, { region: { value: 'eu' } })),
    ],
    ['sealed, with methods of its own', (get: Get) => Object.seal({ get })],
    ['given methods that can only be defined anew', (get: Get) => defined(get, { configurable: true })],
  ])('may be %s', async (_, create) => {
    const { breaker } = createBreaker();

    const client = protect(
      create(async () => 1),
      { breaker, methods: ['get'] },
    );

    expect(await client.get()).toBe(1);
    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('may be the base of another object', async () => {
    const { users, breaker } = createUsers(['list']);
    const derived = Object.create(users) as Users;

    await derived.list();

    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('may be a class with static methods', async () => {
    const { breaker } = createBreaker();
    const Guarded = protect(Users, { breaker, methods: ['connect'] });

    const users = await Guarded.connect();

    expect(users).toBeInstanceOf(Users);
    expect(breaker.metrics.totals.calls).toBe(1);
    expect(new Guarded()).toBeInstanceOf(Guarded);
  });
});

describe('a function with methods', () => {
  const createHttp = () =>
    Object.assign(async (url: string) => `called ${url}`, {
      base: 'https://a.example',
      async get(this: { base: string }, path: string): Promise<string> {
        return this.base + path;
      },
      isCancel: (error: unknown) => error === 'cancelled',
    });

  test('has its asynchronous methods guarded', async () => {
    const { breaker } = createBreaker();
    const http = protect(createHttp(), { breaker });

    expect(await http.get('/a')).toBe('https://a.example/a');
    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('can still be called', async () => {
    const { breaker } = createBreaker();

    expect(await protect(createHttp(), { breaker })('/a')).toBe('called /a');
  });

  test('keeps its synchronous methods', () => {
    const { breaker } = createOpen();

    expect(protect(createHttp(), { breaker }).isCancel('cancelled')).toBe(true);
  });

  test('keeps what every function has', async () => {
    const { breaker } = createBreaker();
    const http = protect(createHttp(), { breaker });

    expect(await http.call(undefined, '/a')).toBe('called /a');
    expect([typeof http, http.length]).toEqual(['function', 1]);
  });
});

describe('the breaker', () => {
  test('is one for all methods', async () => {
    const users = protect(new Users(), { name: 'users' });

    await users.find(7);
    await users.list();

    expect(defaultRegistry.names()).toEqual(['users']);
    expect(defaultRegistry.get('users')?.metrics.totals.calls).toBe(2);
  });

  test('is named by the option', async () => {
    const users = protect(new Users(), { name: 'people' });

    await users.find(7);

    expect(defaultRegistry.names()).toEqual(['people']);
  });

  test('may have the empty string for a name', async () => {
    await protect(new Users(), { name: '' }).find(7);

    expect(defaultRegistry.names()).toEqual(['']);
  });

  test('is in the registry of the option', async () => {
    const { registry } = createRegistry({ defaults: { failureThreshold: 9 } });
    const users = protect(new Users(), { registry, name: 'users' });

    await users.find(7);

    expect(registry.get('users')?.options.failureThreshold).toBe(9);
    expect(defaultRegistry.size).toBe(0);
  });

  test('is not made before it is needed', async () => {
    const users = protect(new Users(), { name: 'users' });

    users.count();

    expect(defaultRegistry.size).toBe(0);
  });

  test('is made anew when the registry has forgotten it', async () => {
    const { registry } = createRegistry();
    const users = protect(new Users(), { registry, name: 'users' });
    await users.find(7);

    registry.delete('users');
    await users.find(7);

    expect(registry.get('users')?.metrics.totals.calls).toBe(1);
  });

  test('is one for each method with `key: (method) => method`', async () => {
    const { registry } = createRegistry({ defaults: BRITTLE });
    const users = protect(new Users(), { registry, name: 'users', key: (method) => method });

    await errorOf(users.find(0));

    expect(await errorOf(users.find(7))).toBeInstanceOf(CircuitBreakerOpenError);
    expect(await users.list()).toEqual(['Ada']);
    expect(registry.names()).toEqual(['users.find', 'users.list']);
  });

  test('may be told from the arguments', async () => {
    const { registry } = createRegistry();
    const key = vi.fn((method: string, [id]: readonly unknown[]) => `${method} ${id}`);
    const users = protect(new Users(), { registry, name: 'users', key });

    await users.find(7);

    expect(key.mock.calls).toEqual([['find', [7]]]);
    expect(registry.names()).toEqual(['users.find 7']);
  });

  test('may be shared by two clients', async () => {
    const { breaker } = createBreaker(BRITTLE);
    const [one, other] = [protect(new Users(), { breaker }), protect(new Users(), { breaker })];

    await errorOf(one.find(0));
    await errorOf(other.find(7));

    expect(breaker.metrics.totals).toMatchObject({ failures: 1, rejected: 1 });
  });
});

describe('a call is guarded once', () => {
  test('if the client is protected twice', async () => {
    const { users, breaker } = createUsers(['find']);

    const again = protect(users, { breaker, methods: ['find'] });
    await again.find(7);

    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('if the client has two protections', async () => {
    const { client, users, breaker } = createUsers(['find']);
    const { breaker: another } = createBreaker();

    await protect(client, { breaker: another, methods: ['find'] }).find(7);
    await users.find(7);

    expect([breaker.metrics.totals.calls, another.metrics.totals.calls]).toEqual([1, 1]);
  });

  test('if the method has a breaker from withCircuitBreaker', async () => {
    const { breaker } = createBreaker();
    const own = new CircuitBreaker({ name: 'own' });
    const client = protect({ get: withCircuitBreaker(own)(async () => 1) }, { breaker });

    await client.get();
    await client.get();

    expect([own.metrics.totals.calls, breaker.metrics.totals.calls]).toEqual([2, 0]);
  });

  test('if the method has a breaker for each key', async () => {
    const { breaker } = createBreaker();
    const get = withCircuitBreaker((id: string) => id)(async (id: string) => id);
    const client = protect({ get }, { breaker, methods: ['get'] });

    await client.get('a');

    expect([defaultRegistry.get('a')?.metrics.totals.calls, breaker.metrics.totals.calls]).toEqual([1, 0]);
  });

  test('if the method was wrapped by `breaker.wrap`', async () => {
    const { breaker } = createBreaker();
    const own = new CircuitBreaker({ name: 'own' });
    const client = protect({ get: own.wrap(async () => 1) }, { breaker });

    await client.get();
    await client.get();

    expect([own.metrics.totals.calls, breaker.metrics.totals.calls]).toEqual([2, 0]);
  });

  test('if the client itself has a breaker', async () => {
    const { breaker } = createOpen();
    const own = new CircuitBreaker({ name: 'own' });

    const answer = await protect(
      own.wrap(() => 'called'),
      { breaker },
    )();

    expect(answer).toBe('called');
    expect(own.metrics.totals.calls).toBe(1);
  });

  test.each(['protected', 'imitations'])(
    'if another copy of the package, or an older one, has done it: %s',
    async (shared) => {
      const { breaker } = createBreaker();
      const client = { get: async () => 1 };
      protect({ get: breaker.wrap(async () => 2) }, { breaker });
      const known = (globalThis as unknown as Record<symbol, WeakSet<object>>)[
        Symbol.for(`recloser.${shared}.1`)
      ];
      known?.add(client).add(client.get);

      await protect(client, { breaker, methods: ['get'] }).get();

      expect(breaker.metrics.totals.calls).toBe(0);
    },
  );

  test('and the breaker of a method can still be seen', () => {
    const { breaker } = createBreaker();
    const own = new CircuitBreaker({ name: 'own' });

    const client = protect({ get: withCircuitBreaker(own)(async () => 1) }, { breaker });

    expect(client.get.breaker).toBe(own);
  });
});

describe('a key function of a protected client', () => {
  const throwing = (): string => {
    throw new Error('no key');
  };

  test.each<[string, ('find' | 'list')[] | undefined, () => string]>([
    ['of named methods throws', ['find'], throwing],
    ['of learned methods throws', undefined, throwing],
    ['of named methods answers no string', ['find'], () => 5 as unknown as string],
    ['of learned methods answers no string', undefined, () => undefined as unknown as string],
    ['answers a promise', ['find'], () => Promise.resolve('key') as unknown as string],
  ])('%s: the call rejects with one clear error', async (_, methods, key) => {
    const { registry } = createRegistry();
    const users = protect(new Users(), { registry, name: 'users', key, ...(methods && { methods }) });

    const call = users.find(7);

    expect(await errorOf(call)).toBeInstanceOf(InvalidOptionsError);
    expect(registry.size).toBe(0);
  });
});

describe('bad input of protect', () => {
  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a string', 'client', '"client"'],
    ['a number', 5, '5'],
    ['a boolean', true, 'true'],
    ['a symbol', Symbol('client'), 'Symbol(client)'],
    ['a bigint', 5n, '5n'],
  ])('is no object: %s', (_, client, received) => {
    const error = thrownBy(() => protect(client as never, { name: 'users' })) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(`received ${received}`);
  });

  test.each<[string, unknown, RegExp]>([
    ['null', null, /an object, received null/],
    ['a breaker', new CircuitBreaker(), /./],
    ['a name', 'users', /an object, received "users"/],
    ['an unknown key', { method: ['find'] }, /unknown option "method", did you mean "methods"\?/],
    ['an unknown key that is undefined', { breakr: undefined }, /did you mean "breaker"\?/],
    ['a breaker that is a name', { breaker: 'users' }, /`breaker`.*received "users"/],
    ['a breaker that is null', { breaker: null }, /`breaker`.*received null/],
    ['a name that is no string', { name: 5 }, /`name`.*received 5/],
    ['a key that is no function', { key: 'method' }, /`key`.*received "method"/],
    ['methods that are no list', { methods: 'find' }, /`methods`.*received "find"/],
    ['methods that are no strings', { methods: [5] }, /`methods.*received 5$/],
    [
      'a method that there is not',
      { methods: ['fnid'] },
      /`methods.*"fnid"; the nearest are "find", "fail", "broken.toString"$/,
    ],
    [
      'a key for a breaker that is given',
      { breaker: new CircuitBreaker(), key: () => 'a' },
      /`key` and `registry`/,
    ],
    [
      'a registry for a breaker that is given',
      { breaker: new CircuitBreaker(), registry: defaultRegistry },
      /`key` and `registry` are for breakers that are given by name/,
    ],
    ['a method that is no function', { methods: ['greeting'] }, /`methods.*"greeting"/],
    ['a registry that is a map', { registry: new Map() }, /`registry`.*received an object/],
  ])('is options that are %s', (_, options, message) => {
    const error = refusalOf(() => protect(new Users(), options as never));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.message).toMatch(message);
  });

  test('is a frozen object with methods of its own, which would pass by the breaker', () => {
    const error = thrownBy(() => protect(Object.freeze({ get: async () => 1 }), { name: 'users' })) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('"get"');
  });

  test('is a method that can be neither written nor configured', () => {
    const client = Object.defineProperty({}, 'get', { value: async () => 1 });

    expect(thrownBy(() => protect(client, { name: 'users' }))).toBeInstanceOf(TypeError);
  });

  test('is told with the option that is wrong', () => {
    const breaker = new CircuitBreaker();
    const optionOf = (options: object) => refusalOf(() => protect(new Users(), options as never)).option;

    expect([
      optionOf({ breaker, key: () => 'a' }),
      optionOf({ breaker, methods: [] }),
      optionOf({ breaker, methods: ['fnid'] }),
    ]).toEqual(['breaker', 'methods', 'methods']);
  });

  test('has no near method to be told of where there is none', () => {
    const { breaker } = createBreaker();

    expect(refusalOf(() => protect({ size: 5 }, { breaker, methods: ['get' as never] })).message).toMatch(
      /received "get"$/,
    );
  });

  test('makes no breaker', () => {
    thrownBy(() => protect(new Users(), { name: 5 as never }));

    expect(defaultRegistry.size).toBe(0);
  });
});

describe('the name of a breaker that nobody has named', () => {
  test.each<[string, object]>([
    ['a plain object', { async find() {} }],
    ['a function', Object.assign(() => {}, { async find() {} })],
    ['an object of a class, whose name is one letter once it is minified', new Users()],
  ])('is missing for %s', (_, client) => {
    expect(refusalOf(() => protect(client, {} as never)).option).toBe('name');
  });
});

test('a method that is called on something else runs there', async () => {
  const client = protect(
    {
      name: 'client',
      async whoAmI(this: { name: string }) {
        return this.name;
      },
    },
    { name: 'users', methods: ['whoAmI'] },
  );

  expect(await client.whoAmI.call({ name: 'another' })).toBe('another');
});

test('a method that is named by a symbol is no method to be guarded', async () => {
  const ping = Symbol('ping');
  const breaker = new CircuitBreaker();
  const client = protect(
    {
      async [ping]() {
        return 'pong';
      },
    },
    { breaker },
  );
  await client[ping]();

  breaker.forceOpen();

  expect(await client[ping]()).toBe('pong');
});
