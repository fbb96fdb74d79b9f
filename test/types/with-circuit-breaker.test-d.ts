import {
  type CallResult,
  CircuitBreaker,
  CircuitBreakerRegistry,
  type Guarded,
  type GuardedResult,
  type WithCircuitBreakerOptions,
  withCircuitBreaker,
} from 'recloser';
import { describe, expectTypeOf, test } from 'vitest';

interface User {
  id: string;
}

declare function fetchUser(id: string, fields?: string[]): Promise<User>;
declare function overloaded(id: string): Promise<string>;
declare function overloaded(id: number): Promise<number>;

const registry = new CircuitBreakerRegistry();

describe('the wrapper', () => {
  test('keeps the type of a function that answers a promise', () => {
    const getUser = withCircuitBreaker('users')(fetchUser);

    expectTypeOf(getUser).toExtend<typeof fetchUser>();
    expectTypeOf(getUser).parameters.toEqualTypeOf<[id: string, fields?: string[] | undefined]>();
    expectTypeOf(getUser).returns.toEqualTypeOf<Promise<User>>();
    expectTypeOf(getUser.breaker).toEqualTypeOf<CircuitBreaker>();
    // @ts-expect-error an id is a string
    getUser(5);
    // @ts-expect-error an id is needed
    getUser();
    // @ts-expect-error its breaker does not depend on arguments
    getUser.breakerFor('7');
    // @ts-expect-error the breaker is found, not set
    getUser.breaker = new CircuitBreaker();
  });

  test('keeps generics', async () => {
    const identity = withCircuitBreaker('identity')(async <T>(value: T): Promise<T[]> => [value]);

    expectTypeOf(await identity(5)).toEqualTypeOf<number[]>();
    expectTypeOf(await identity('x')).toEqualTypeOf<string[]>();
  });

  test('keeps overloads', async () => {
    const get = withCircuitBreaker('overloaded')(overloaded);

    expectTypeOf(await get('7')).toEqualTypeOf<string>();
    expectTypeOf(await get(7)).toEqualTypeOf<number>();
    // @ts-expect-error there is no such overload
    get(true);
  });

  test('keeps `this`', () => {
    const get = withCircuitBreaker('users')(async function (this: User, path: string) {
      return this.id + path;
    });

    get.call({ id: '7' }, '/');
    // @ts-expect-error it needs a user to be called on
    get('/');
  });

  test('turns the answer of a synchronous function into a promise', () => {
    const double = withCircuitBreaker('double')((n: number, _unit?: string) => n * 2);

    expectTypeOf(double).parameters.toEqualTypeOf<[n: number, _unit?: string | undefined]>();
    expectTypeOf(double).returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf<Guarded<() => number | Promise<string>>>().returns.toEqualTypeOf<Promise<number | string>>();
    expectTypeOf<Guarded<typeof fetchUser>>().toEqualTypeOf<typeof fetchUser>();
  });

  test('takes the methods of an answer away, which are gone', () => {
    class Answer<T> extends Promise<T> {
      withResponse(): T {
        throw new Error('not here');
      }
    }
    const ask = withCircuitBreaker('llm')((_question: string) => new Answer<number>(() => {}));

    expectTypeOf(ask('why')).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error it is a promise of ours
    void ask('why').withResponse;
  });

  test('refuses what is no function', () => {
    // @ts-expect-error a promise
    withCircuitBreaker('users')(Promise.resolve(1));
    // @ts-expect-error a class
    withCircuitBreaker('users')(class Users {});
    // @ts-expect-error nothing
    withCircuitBreaker('users')();
  });
});

describe('the form with three arguments', () => {
  test('is the same in one step', () => {
    const getUser = withCircuitBreaker('users', { callTimeout: 500 }, fetchUser);

    expectTypeOf(getUser).toExtend<typeof fetchUser>();
    expectTypeOf(getUser.breaker).toEqualTypeOf<CircuitBreaker>();
    expectTypeOf(withCircuitBreaker('users', undefined, fetchUser)).toEqualTypeOf<typeof getUser>();
    expectTypeOf(withCircuitBreaker('double', {}, (n: number) => n * 2)).returns.toEqualTypeOf<
      Promise<number>
    >();
  });

  test('refuses what is no function', () => {
    // @ts-expect-error a user is no function
    withCircuitBreaker('users', {}, { id: '7' });
    // @ts-expect-error the function comes third
    withCircuitBreaker('users', fetchUser);
  });
});

describe('a breaker for each key', () => {
  const hostOf = (url: string) => new URL(url).host;

  test('takes functions of what the key function takes', () => {
    const get = withCircuitBreaker(hostOf)(async (url: string, page: number) => [url, page]);

    expectTypeOf(get).parameters.toEqualTypeOf<[url: string, page: number]>();
    expectTypeOf(get.breakerFor).toEqualTypeOf<(url: string) => CircuitBreaker>();
    // @ts-expect-error there is no one breaker
    void get.breaker;
    // @ts-expect-error the key is told from a string
    get.breakerFor(5);
    // @ts-expect-error the key is told from something
    get.breakerFor();
  });

  test('takes `fetch`', () => {
    const get = withCircuitBreaker(hostOf)(fetch);

    expectTypeOf(get('https://a.example')).toEqualTypeOf<Promise<Response>>();
  });

  test('keeps generics', async () => {
    const get = withCircuitBreaker((key: string) => key)(async <T>(_key: string, value: T) => value);

    expectTypeOf(await get('a', 5)).toEqualTypeOf<number>();
  });

  test('has the form with three arguments', () => {
    const get = withCircuitBreaker(hostOf, { failureThreshold: 3 }, async (url: string) => url.length);

    expectTypeOf(get).returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf(get.breakerFor('https://a.example')).toEqualTypeOf<CircuitBreaker>();
  });

  test('refuses a key that is no string and functions of something else', () => {
    // @ts-expect-error a key is a string
    withCircuitBreaker((id: number) => id);
    // @ts-expect-error a key is told at once
    withCircuitBreaker(async (id: string) => id);
    // @ts-expect-error a number is no url
    withCircuitBreaker(hostOf)(async (id: number) => id);
    // @ts-expect-error a number is no url
    withCircuitBreaker(hostOf, {}, async (id: number) => id);
  });
});

describe('a breaker that is given', () => {
  test('is that of the function', () => {
    const get = withCircuitBreaker(new CircuitBreaker())(fetchUser);

    expectTypeOf(get.breaker).toEqualTypeOf<CircuitBreaker>();
    expectTypeOf(get).returns.toEqualTypeOf<Promise<User>>();
  });
});

describe("scope: 'instance'", () => {
  test('has a breaker for each object', () => {
    const get = withCircuitBreaker('users', { scope: 'instance' })(fetchUser);

    expectTypeOf(get.breakerFor).toEqualTypeOf<(instance: object) => CircuitBreaker>();
    // @ts-expect-error there is no one breaker
    void get.breaker;
    // @ts-expect-error a string is no object
    get.breakerFor('users');
  });

  test('has the form with three arguments', () => {
    const get = withCircuitBreaker('users', { scope: 'instance' }, fetchUser);

    expectTypeOf(get.breakerFor({})).toEqualTypeOf<CircuitBreaker>();
    expectTypeOf(get).returns.toEqualTypeOf<Promise<User>>();
  });
});

describe('result: true', () => {
  test('resolves to a result', async () => {
    const get = withCircuitBreaker('users', { result: true })(fetchUser);

    expectTypeOf(get).parameters.toEqualTypeOf<[id: string, fields?: string[] | undefined]>();
    expectTypeOf(get).returns.toEqualTypeOf<Promise<CallResult<User>>>();
    expectTypeOf(get.breaker).toEqualTypeOf<CircuitBreaker>();
    const result = await get('7');
    if (result.ok) expectTypeOf(result.value).toEqualTypeOf<User>();
    // @ts-expect-error it may have failed
    void result.value;
  });

  test('resolves to a result for a synchronous function too', () => {
    expectTypeOf(withCircuitBreaker('double', { result: true })((n: number) => n * 2)).returns.toEqualTypeOf<
      Promise<CallResult<number>>
    >();
    expectTypeOf<GuardedResult<() => string>>().returns.toEqualTypeOf<Promise<CallResult<string>>>();
  });

  test('has the form with three arguments, and keys', () => {
    const get = withCircuitBreaker('users', { result: true }, fetchUser);
    const keyed = withCircuitBreaker((id: string) => id, { result: true })(fetchUser);

    expectTypeOf(get).returns.toEqualTypeOf<Promise<CallResult<User>>>();
    expectTypeOf(keyed).returns.toEqualTypeOf<Promise<CallResult<User>>>();
    expectTypeOf(keyed.breakerFor).toEqualTypeOf<(id: string) => CircuitBreaker>();
  });

  test('of false is as ever', () => {
    expectTypeOf(withCircuitBreaker('users', { result: false })(fetchUser)).returns.toEqualTypeOf<
      Promise<User>
    >();
  });
});

describe('the options', () => {
  test('are those of a breaker without a name, and three more', () => {
    withCircuitBreaker('users', { registry, scope: 'class', failureThreshold: 3, fallback: () => null });
    expectTypeOf<'name'>().not.toExtend<keyof WithCircuitBreakerOptions>();
    // @ts-expect-error the name is said already
    withCircuitBreaker('users', { name: 'orders' });
    // @ts-expect-error an unknown key
    withCircuitBreaker('users', { timeot: 5 });
    // @ts-expect-error an unknown scope
    withCircuitBreaker('users', { scope: 'method' });
    // @ts-expect-error a map is no registry
    withCircuitBreaker('users', { registry: new Map() });
    // @ts-expect-error a result is to be had or not
    withCircuitBreaker('users', { result: 'yes' });
    // @ts-expect-error neither a breaker, a name nor a key function
    withCircuitBreaker(5);
    // @ts-expect-error neither a breaker, a name nor a key function
    withCircuitBreaker({ name: 'users' });
    // @ts-expect-error a breaker is needed
    withCircuitBreaker();
  });
});

describe('the decorator', () => {
  test('takes asynchronous methods', () => {
    class Users {
      @withCircuitBreaker('users')
      async get(id: string): Promise<User> {
        return { id };
      }

      @withCircuitBreaker('users', { scope: 'instance' })
      async own(): Promise<this> {
        return this;
      }

      @withCircuitBreaker((region: string) => region)
      async list(_region: string, _page: number): Promise<User[]> {
        return [];
      }

      @withCircuitBreaker('users')
      static async find<T>(value: T): Promise<T> {
        return value;
      }

      @withCircuitBreaker('users')
      promise(): Promise<number> {
        return this.#secret();
      }

      @withCircuitBreaker('users')
      async #secret(): Promise<number> {
        return 1;
      }
    }

    expectTypeOf<Users['get']>().toEqualTypeOf<(id: string) => Promise<User>>();
    expectTypeOf<Users['list']>().toEqualTypeOf<(region: string, page: number) => Promise<User[]>>();
  });

  test('refuses everything else', () => {
    const guarded = withCircuitBreaker('users');
    const asResult = withCircuitBreaker('users', { result: true });

    // @ts-expect-error a class
    @guarded
    class Users {
      // @ts-expect-error a field
      @guarded field = 1;
      // @ts-expect-error a field, whatever it holds
      @guarded arrow = async () => 1;
      // @ts-expect-error a static field
      @guarded static field = 1;
      // @ts-expect-error a getter
      @guarded get got() {
        return 1;
      }
      // @ts-expect-error a getter, whatever it answers
      @guarded get find() {
        return async () => 1;
      }
      // @ts-expect-error a setter
      @guarded set put(_value: number) {}
      // @ts-expect-error an accessor
      @guarded accessor both = 1;
      // @ts-expect-error a synchronous method
      @guarded sync() {
        return 1;
      }
      // @ts-expect-error a synchronous method that answers nothing
      @guarded nothing() {}
      // @ts-expect-error a static synchronous method
      @guarded static sync() {
        return 1;
      }
      // @ts-expect-error its type would change
      @asResult async result() {
        return 1;
      }
    }
    void Users;
  });
});
