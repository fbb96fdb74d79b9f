import {
  type AsyncMethodOf,
  CircuitBreaker,
  CircuitBreakerRegistry,
  type ProtectOptions,
  protect,
} from 'recloser';
import { describe, expectTypeOf, test } from 'vitest';

class Users {
  readonly #names = ['Ada'];
  count = 1;

  async find(id: number): Promise<string> {
    return `${this.#names[id]}`;
  }

  list(): PromiseLike<string[]> {
    return Promise.resolve(this.#names);
  }

  sync(): number {
    return this.#names.length;
  }

  maybe?(): Promise<number>;

  async identity<T>(value: T): Promise<T> {
    return value;
  }
}

declare const users: Users;

describe('protect', () => {
  test('answers the same type', () => {
    const guarded = protect(users);

    expectTypeOf(guarded).toEqualTypeOf<Users>();
    expectTypeOf(guarded.find(7)).toEqualTypeOf<Promise<string>>();
    expectTypeOf(guarded.sync()).toEqualTypeOf<number>();
    expectTypeOf(guarded.identity(5)).toEqualTypeOf<Promise<number>>();
  });

  test('takes functions with methods, and classes', () => {
    const http = Object.assign(async (url: string) => url, { get: async (path: string) => path.length });

    expectTypeOf(protect(http)).toEqualTypeOf<typeof http>();
    protect(http, { methods: ['get'] });
    expectTypeOf(protect(Users)).toEqualTypeOf<typeof Users>();
  });

  test('takes its options', () => {
    protect(users, {
      breaker: new CircuitBreaker(),
      name: 'users',
      key: (method, args) => `${method} ${args.length}`,
      methods: ['find', 'list', 'identity'],
      registry: new CircuitBreakerRegistry(),
    });
    expectTypeOf<ProtectOptions<Users>['key']>().toEqualTypeOf<
      ((method: string, args: readonly unknown[]) => string) | undefined
    >();
  });

  test('takes a list of methods that is read-only', () => {
    const methods = ['find', 'list'] as const;

    protect(users, { methods });
  });

  test('takes the names of asynchronous methods alone', () => {
    // @ts-expect-error a synchronous method
    protect(users, { methods: ['sync'] });
    // @ts-expect-error a field
    protect(users, { methods: ['count'] });
    // @ts-expect-error there is no such method
    protect(users, { methods: ['fnid'] });
    // @ts-expect-error a list
    protect(users, { methods: 'find' });
  });

  test('takes the name of an asynchronous method that may be missing', () => {
    expectTypeOf<AsyncMethodOf<Users>>().toEqualTypeOf<'find' | 'list' | 'identity' | 'maybe'>();
  });

  test('refuses what is no client or no option', () => {
    // @ts-expect-error a string
    protect('users');
    // @ts-expect-error undefined
    protect(undefined);
    // @ts-expect-error an unknown key
    protect(users, { method: ['find'] });
    // @ts-expect-error the options of a breaker are for the registry
    protect(users, { failureThreshold: 3 });
    // @ts-expect-error a breaker is to be made
    protect(users, { breaker: 'users' });
    // @ts-expect-error a key is a string
    protect(users, { key: () => 5 });
    // @ts-expect-error a key is told at once
    protect(users, { key: async () => 'users' });
  });
});
