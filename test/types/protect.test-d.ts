import {
  type AsyncMethodOf,
  type AsyncMethodPath,
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
    const guarded = protect(users, { name: 'users' });

    expectTypeOf(guarded).toEqualTypeOf<Users>();
    expectTypeOf(guarded.find(7)).toEqualTypeOf<Promise<string>>();
    expectTypeOf(guarded.sync()).toEqualTypeOf<number>();
    expectTypeOf(guarded.identity(5)).toEqualTypeOf<Promise<number>>();
  });

  test('takes functions with methods, and classes', () => {
    const http = Object.assign(async (url: string) => url, { get: async (path: string) => path.length });

    expectTypeOf(protect(http, { name: 'http' })).toEqualTypeOf<typeof http>();
    protect(http, { name: 'http', methods: ['get'] });
    expectTypeOf(protect(Users, { name: 'users' })).toEqualTypeOf<typeof Users>();
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

    protect(users, { name: 'users', methods });
  });

  test('takes the names of asynchronous methods alone', () => {
    // @ts-expect-error a synchronous method
    protect(users, { name: 'users', methods: ['sync'] });
    // @ts-expect-error a field
    protect(users, { name: 'users', methods: ['count'] });
    // @ts-expect-error there is no such method
    protect(users, { name: 'users', methods: ['fnid'] });
    // @ts-expect-error a list
    protect(users, { name: 'users', methods: 'find' });
  });

  test('takes the name of an asynchronous method that may be missing', () => {
    expectTypeOf<AsyncMethodOf<Users>>().toEqualTypeOf<'find' | 'list' | 'identity' | 'maybe'>();
  });

  test('refuses what is no client or no option', () => {
    // @ts-expect-error a string
    protect('users', { name: 'users' });
    // @ts-expect-error undefined
    protect(undefined, { name: 'users' });
    // @ts-expect-error a breaker, or a name
    protect(users);
    // @ts-expect-error a breaker, or a name
    protect(users, { methods: ['find'] });
    // @ts-expect-error an unknown key
    protect(users, { name: 'users', method: ['find'] });
    // @ts-expect-error the options of a breaker are for the registry
    protect(users, { name: 'users', failureThreshold: 3 });
    // @ts-expect-error a breaker is to be made
    protect(users, { breaker: 'users' });
    // @ts-expect-error a key is a string
    protect(users, { name: 'users', key: () => 5 });
    // @ts-expect-error a key is told at once
    protect(users, { name: 'users', key: async () => 'users' });
  });
});

/** As SDKs answer: a promise with methods of its own. */
declare class Answer<T> extends Promise<T> {
  withResponse(): Promise<{ data: T; response: Response }>;
}

interface Chunk {
  chunk: string;
}

declare class Llm {
  private key: string;
  chat: {
    completions: {
      create(params: { stream?: false }): Answer<string>;
      create(params: { stream: true }): Answer<Chunk[]>;
      list(): Promise<number[]>;
    };
  };
  parent: Llm;
  ask(question: string): Answer<string>;
  version: string;
}

declare const llm: Llm;

describe('a path', () => {
  test('is one to an asynchronous method', () => {
    protect(llm, { name: 'llm', methods: ['chat.completions.create', 'chat.completions.list', 'ask'] });
    // @ts-expect-error a misspelt method
    protect(llm, { name: 'llm', methods: ['chat.completions.creat'] });
    // @ts-expect-error an object
    protect(llm, { name: 'llm', methods: ['chat.completions'] });
    // @ts-expect-error a field
    protect(llm, { name: 'llm', methods: ['version'] });
    expectTypeOf<AsyncMethodPath<Llm>>().toEqualTypeOf<
      'chat.completions.create' | 'chat.completions.list' | 'ask'
    >();
  });

  test('may be any of a client of no known type', () => {
    // biome-ignore lint/suspicious/noExplicitAny: a client without types
    protect({} as any, { name: 'any', methods: ['a.b.c'] });
  });

  test('leaves the type of a client as it is whose methods answer promises and no more', () => {
    expectTypeOf(protect(llm, { name: 'llm', methods: ['chat.completions.list'] })).toEqualTypeOf<Llm>();
  });

  test('takes the methods of an answer away, which are gone', async () => {
    const guarded = protect(llm, { name: 'llm', methods: ['chat.completions.create', 'ask'] });

    expectTypeOf(await guarded.chat.completions.create({})).toEqualTypeOf<string>();
    expectTypeOf(await guarded.chat.completions.create({ stream: true })).toEqualTypeOf<Chunk[]>();
    expectTypeOf(guarded.chat.completions.list()).toEqualTypeOf<Promise<number[]>>();
    expectTypeOf(guarded.version).toEqualTypeOf<string>();
    expectTypeOf(guarded.ask('why')).toEqualTypeOf<Promise<string>>();
    // @ts-expect-error it is a promise of ours
    guarded.ask('why').withResponse();
    // @ts-expect-error it is a promise of ours
    guarded.chat.completions.create({}).withResponse();
  });
});
