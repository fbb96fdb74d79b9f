/** What methods of a protected client answer: promises of any kind, and what is none. */
import { runInNewContext } from 'node:vm';
import { protect } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { createBreaker, errorOf } from '../support/breakers.js';
import { BRITTLE, createRegistry } from '../support/registries.js';

/** As zone.js puts in the place of `Promise`. */
class ZonePromise<T> {
  readonly #inner: Promise<T>;
  constructor(inner: Promise<T>) {
    this.#inner = inner;
  }
  then<R>(done?: (value: T) => R, failed?: (error: unknown) => R) {
    return this.#inner.then(done, failed);
  }
  get [Symbol.toStringTag]() {
    return 'Promise';
  }
}

/** As Bluebird and its like are made. */
class LibraryPromise<T> {
  static all() {}
  readonly #inner: Promise<T>;
  constructor(inner: Promise<T>) {
    this.#inner = inner;
  }
  then<R>(done?: (value: T) => R, failed?: (error: unknown) => R) {
    return this.#inner.then(done, failed);
  }
  isFulfilled() {}
}

const down = () => Promise.reject(new Error('down'));

/** A namespace that can be called, and does nothing then. */
const CALLABLE = Object.assign(() => {}, { create: async () => 1 });

describe('a promise', () => {
  test.each<[string, () => PromiseLike<unknown>]>([
    ['of another realm', runInNewContext('(() => Promise.reject(new Error("down")))')],
    ['of an async function of another realm', runInNewContext('(async () => { throw new Error("down") })')],
    ['of zone.js', () => new ZonePromise(down())],
    ['of a library', () => new LibraryPromise(down())],
    [
      'that has nothing but `then`',
      () => ({ then: (done, failed) => down().then(done, failed) }) as Promise<never>,
    ],
    ['of a subclass', () => class Own<T> extends Promise<T> {}.reject(new Error('down'))],
  ])('is told by its `then`: one %s', async (_, get) => {
    const { breaker } = createBreaker({ failureThreshold: 2 });
    const client = protect({ get }, { breaker });

    for (let i = 0; i < 3; i++) await errorOf(client.get() as Promise<unknown>);

    expect(breaker.state).toBe('OPEN');
    expect(breaker.metrics.totals).toMatchObject({ failures: 2, rejected: 1 });
  });

  test('that runs when it is awaited runs once', async () => {
    let runs = 0;
    const query = () => ({
      then: (done: (rows: number) => void) => Promise.resolve(++runs).then(done),
    });
    const { breaker } = createBreaker();

    const answers = [
      await protect({ query }, { breaker }).query(),
      await protect({ query }, { breaker, methods: ['query' as never] }).query(),
    ];

    expect(answers).toEqual([1, 2]);
    expect(breaker.metrics.totals.successes).toBe(2);
  });

  test('of the client itself gives the protected one, of a method that is not guarded too', async () => {
    const { breaker } = createBreaker();
    class Connection {
      async connect(): Promise<this> {
        return this;
      }
      async get() {
        return 1;
      }
    }
    const client = protect(new Connection(), { breaker, methods: ['get'] });

    expect(await client.connect()).toBe(client);
  });
});

describe('a callback', () => {
  const createClient = () => ({
    getUser(_id: number, done?: (error: Error) => void): unknown {
      if (done === undefined) return Promise.resolve('Ada');
      done(new Error('14 UNAVAILABLE'));
      return { cancel() {} };
    },
  });

  test('of a named method is refused, and counts as nothing', async () => {
    const { breaker } = createBreaker(BRITTLE);
    const client = protect(createClient(), { breaker, methods: ['getUser' as never] });

    const error = (await errorOf(client.getUser(7, () => {}) as Promise<unknown>)) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/^The method "getUser" takes.*`promisify`/);
    expect(breaker.metrics.totals).toMatchObject({ successes: 0, failures: 0, ignored: 1 });
  });

  test('of a method that is known to answer promises is refused', async () => {
    const { breaker } = createBreaker();
    const client = protect(createClient(), { breaker });
    await client.getUser(7);

    expect(await errorOf(client.getUser(7, () => {}) as Promise<unknown>)).toBeInstanceOf(TypeError);
  });

  test('tells nothing of the method without it, which is not reached while the circuit is open', async () => {
    const { breaker } = createBreaker();
    const raw = createClient();
    const reached = vi.spyOn(raw, 'getUser');
    const client = protect(raw, { breaker });
    client.getUser(7, () => {});
    breaker.forceOpen();

    expect(await errorOf(client.getUser(7) as Promise<unknown>)).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(reached).toHaveBeenCalledOnce();
  });

  test('of a method that answers a promise all the same is none', async () => {
    const { breaker } = createBreaker();
    const transaction = async (run: (n: number) => Promise<number>) => run(1);
    const client = protect({ transaction }, { breaker, methods: ['transaction'] });

    expect(await client.transaction(async (n) => n + 1)).toBe(2);
    expect(breaker.metrics.totals.successes).toBe(1);
  });
});

describe('a client of which nothing is guarded', () => {
  const told = () => {
    const warnings: unknown[][] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void warnings.push(args));
    return warnings;
  };

  test.each<[string, object, (client: never) => unknown]>([
    [
      'whose methods are deeper',
      { chat: { create: async () => 1 } },
      (client: { chat: { create(): unknown } }) => client.chat.create(),
    ],
    [
      'whose methods are deeper, made of proxies that can all be called',
      new Proxy(() => {}, { get: (_, key) => (key === 'chat' ? CALLABLE : undefined) }),
      (client: { chat: { create(): unknown } }) => client.chat.create(),
    ],
    [
      'whose methods take callbacks',
      { get: (done: () => void) => done() ?? {} },
      (client: { get(done: () => void): unknown }) => client.get(() => {}),
    ],
    [
      'whose methods are synchronous',
      { get: () => Math.max(1) },
      (client: { get(): unknown }) => client.get(),
    ],
    [
      'that answers queries',
      { select: () => ({ where: Math.max, then: Math.max }) },
      (client: { select(): unknown }) => client.select(),
    ],
  ])('is told once, and no sooner than after some calls: one %s', (_, raw, use) => {
    const warnings = told();
    const { breaker } = createBreaker({ name: 'llm\n' });
    const client = protect(raw, { breaker }) as never;

    for (let i = 0; i < (_.endsWith('synchronous') ? 4 : 2); i++) use(client);
    expect(warnings).toEqual([]);
    use(client);
    expect(warnings).toHaveLength(1);
    for (let i = 0; i < 10; i++) use(client);

    expect(warnings).toEqual([
      [expect.stringContaining('"llm\\n"'), { type: 'CircuitBreakerWarning', code: 'RECLOSER_UNGUARDED' }],
    ]);
  });

  test('is told by the name of its breaker, with what was used last and what to do', () => {
    const warnings = told();
    const client = protect({ size: () => Math.max(1) }, { name: 'llm', registry: createRegistry().registry });

    for (let i = 0; i < 5; i++) client.size();

    expect(warnings).toEqual([
      [
        'Nothing of the client of circuit breaker "llm" has been guarded so far: no method of its own answered a ' +
          'promise, lastly "size". Name its `methods`, those inside by their path, as in "a.b.create"',
        expect.anything(),
      ],
    ]);
  });

  test.each<[string, object, (client: never) => unknown]>([
    [
      'calls that answer nothing',
      { log: (...words: unknown[]) => void Math.max(words.length) },
      (client: { log(): unknown }) => client.log(),
    ],
    [
      'calls that answer the client',
      {
        withToken(token: string) {
          return Object.assign(this, { token });
        },
      },
      (client: { withToken(token: string): unknown }) => client.withToken('t'),
    ],
    ['reading of data', { settings: { size: 5 } }, (client: { settings: object }) => client.settings],
  ])('is not told of for %s', (_, raw, use) => {
    const warnings = told();
    const { breaker } = createBreaker();
    const client = protect(raw, { breaker }) as never;

    for (let i = 0; i < 20; i++) use(client);

    expect(warnings).toEqual([]);
  });

  test('is not told of because somebody looks at what every method has', async () => {
    const warnings = told();
    const { breaker } = createBreaker();
    const client = protect({ get: async () => 1 }, { breaker });

    for (let i = 0; i < 20; i++) expect(client.get.constructor.name + client.get.bind.name).toContain('bind');

    expect(warnings).toEqual([]);
  });

  test('is not looked for in what the client holds, once something is', async () => {
    const warnings = told();
    const read = vi.fn();
    const { breaker } = createBreaker();
    const inside = Object.create(null, {
      secret: { get: read },
      list: { value: () => {} },
    }) as object;
    const learned = protect({ inside, get: async () => 1 }, { breaker });
    const named = protect({ inside, get: async () => 1 }, { breaker, methods: ['get'] });
    await learned.get();

    for (let i = 0; i < 20; i++) expect([learned.inside, named.inside]).toEqual([inside, inside]);

    expect(read).not.toHaveBeenCalled();
    expect(warnings).toEqual([]);
  });

  test('is not told of if something is', async () => {
    const warnings = told();
    const { breaker } = createBreaker();
    const client = protect({ get: async () => 1, size: () => Math.max(1) }, { breaker });
    await client.get();

    for (let i = 0; i < 20; i++) client.size();

    expect(warnings).toEqual([]);
  });

  test('is not told of if the methods are named', () => {
    const warnings = told();
    const { breaker } = createBreaker();
    const client = protect({ get: async () => 1, size: () => Math.max(1) }, { breaker, methods: ['get'] });

    for (let i = 0; i < 20; i++) client.size();

    expect(warnings).toEqual([]);
  });
});
