/** While a circuit is open, nothing reaches the dependency, whatever is known of the client. */
import { runInNewContext } from 'node:vm';
import { protect } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { createBreaker, createOpen, errorOf } from '../support/breakers.js';
import { BRITTLE, createRegistry } from '../support/registries.js';

type Get = () => Promise<unknown>;

const request = async (reached: () => void) => reached();

/** Clients that make or hold their methods in ways of their own; each call tells that it has reached the dependency. */
const CLIENTS: [string, (reached: () => void) => { get: Get }][] = [
  ['an async method', (reached) => ({ get: async () => reached() })],
  ['a method that returns a promise', (reached) => ({ get: () => request(reached) })],
  ['a method that makes a promise', (reached) => ({ get: () => new Promise((done) => done(reached())) })],
  ['a bound method', (reached) => ({ get: request.bind(undefined, reached) })],
  [
    'a method that is made anew each time',
    (reached) => ({
      get get() {
        return () => request(reached);
      },
    }),
  ],
  [
    'a method that is bound anew each time',
    (reached) => ({
      get get() {
        return request.bind(undefined, reached);
      },
    }),
  ],
  [
    'a proxy that makes its methods',
    (reached) =>
      new Proxy({} as { get: Get }, {
        get: (_, key) => (key === 'get' ? () => request(reached) : undefined),
      }),
  ],
  ['a method that is a proxy', (reached) => ({ get: new Proxy(() => request(reached), {}) })],
  ['a mock', (reached) => ({ get: vi.fn(() => request(reached)) })],
  [
    'a method of another realm',
    (reached) => runInNewContext('({ get() { return request(reached) } })', { request, reached }),
  ],
];

describe.each(CLIENTS)('%s', (_, create) => {
  test('is not reached by its first call', async () => {
    const reached = vi.fn();
    const { breaker } = createOpen();
    const client = protect(create(reached), { breaker });

    for (let i = 0; i < 3; i++)
      expect(await errorOf(client.get())).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });

    expect(reached).not.toHaveBeenCalled();
  });

  test('is not reached by later calls', async () => {
    const reached = vi.fn();
    const { breaker } = createBreaker();
    const client = protect(create(reached), { breaker });
    await client.get();
    breaker.forceOpen();

    expect(await errorOf(client.get())).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });

    expect(reached).toHaveBeenCalledOnce();
  });

  test('is a probe that closes, once the time is over, though it is called for the first time', async () => {
    const reached = vi.fn();
    const { breaker, clock } = createBreaker({ ...BRITTLE, successThreshold: 1 });
    const client = protect(create(reached), { breaker });
    breaker.trip();
    clock.advance(breaker.metrics.retryAfter ?? 0);

    await client.get();

    expect(breaker.state).toBe('CLOSED');
    expect(reached).toHaveBeenCalledOnce();
  });

  test('is counted once for each call', async () => {
    const { breaker } = createBreaker();
    const client = protect(create(vi.fn()), { breaker });

    for (let i = 0; i < 3; i++) await client.get();

    expect(breaker.metrics.totals).toMatchObject({ calls: 3, successes: 3 });
  });
});

test('a bulkhead that is full is not passed by a first call', async () => {
  const reached = vi.fn();
  const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
  const client = protect({ get: () => request(reached) }, { breaker });
  const permit = breaker.acquire();

  expect(await errorOf(client.get())).toMatchObject({ reason: 'concurrency' });

  expect(reached).not.toHaveBeenCalled();
  permit.ignore();
});

test('calls from before a reset fill no bulkhead: a method that is synchronous answers at once', () => {
  const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
  const client = protect({ size: () => Math.max(1, 2) }, { breaker });
  const permit = breaker.acquire();
  breaker.reset();

  expect(client.size()).toBe(2);

  expect(breaker.metrics.inFlight).toBe(1);
  permit.ignore();
});

test('a circuit that observes refuses nobody, so a method that is synchronous answers at once', () => {
  const { breaker } = createBreaker({ mode: 'observe' });
  const client = protect({ size: () => Math.max(1, 2) }, { breaker });
  breaker.trip();

  expect(client.size()).toBe(2);
});

test('a circuit that has not been made yet refuses nobody', () => {
  const { registry } = createRegistry();
  const client = protect({ size: () => Math.max(1, 2) }, { name: 'users', registry });

  expect(client.size()).toBe(2);
});

test('a method whose circuit cannot be told is not reached', async () => {
  const reached = vi.fn();
  const { registry } = createRegistry();
  const key = () => JSON.parse('');
  const client = protect({ get: () => request(reached) }, { name: 'users', registry, key });

  expect(await errorOf(client.get())).toMatchObject({ code: 'ERR_INVALID_OPTIONS' });
  expect(reached).not.toHaveBeenCalled();
});

test.each(['CLOSED', 'OPEN', 'HALF_OPEN'])(
  'a breaker that cannot say who passes lets nobody be called to find out unless it is CLOSED: %s',
  async (state) => {
    const call = vi.fn(async (task: (context: object) => unknown) => task({ signal: { aborted: false } }));
    const client = protect({ size: () => Math.max(1, 2) }, { breaker: { state, call } as never });

    expect(await client.size()).toBe(2);

    expect(call).toHaveBeenCalledTimes(state === 'CLOSED' ? 0 : 1);
  },
);

test('a synchronous method that is called for the first time while the circuit recovers is no probe', async () => {
  const { breaker, clock } = createBreaker({ successThreshold: 1 });
  const client = protect({ size: () => Math.max(1, 2) }, { breaker });
  breaker.trip();
  clock.advance(breaker.metrics.retryAfter ?? 0);

  expect(await client.size()).toBe(2);

  expect(breaker.state).toBe('HALF_OPEN');
  expect(breaker.metrics.totals).toMatchObject({ successes: 0, ignored: 1 });
  expect(client.size()).toBe(2);
});

test('a synchronous method that is known stays as it is while the circuit is open', () => {
  const { breaker } = createBreaker();
  const client = protect({ size: () => Math.max(1, 2) }, { breaker });
  client.size();

  breaker.forceOpen();

  expect(client.size()).toBe(2);
});

describe('the call of a client that is a function', () => {
  test.each<[string, (() => Promise<unknown>) | ((reached: () => void) => Promise<unknown>)]>([
    ['async', request],
    ['plain', (reached) => request(reached)],
  ])('is guarded: %s', async (_, fn) => {
    const reached = vi.fn();
    const { breaker } = createBreaker();
    const client = protect(Object.assign(fn, { get: async () => 1 }), { breaker, methods: ['get'] });

    await client(reached);
    breaker.forceOpen();

    expect(await errorOf(client(reached))).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(await errorOf(client.call(undefined, reached))).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(await errorOf(client.bind(undefined)(reached))).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(reached).toHaveBeenCalledOnce();
    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('answers at once where it is synchronous', () => {
    const { breaker } = createBreaker();
    const client = protect(
      Object.assign((...n: number[]) => Math.max(...n), { get: async () => 1 }),
      {
        breaker,
        methods: ['get'],
      },
    );

    expect(client(1, 2)).toBe(2);
  });

  test('is what it was where that is a constructor of old times', () => {
    const { breaker } = createOpen();
    function Client(this: unknown) {
      return Object.create(Client.prototype);
    }
    Client.prototype.get = async () => 1;
    const client = protect(Client as unknown as () => object, { breaker });

    expect(client()).toBeInstanceOf(Client);
  });
});

describe('the call of a function inside a client, on the way to a method', () => {
  const createClient = (methods: string[]) => {
    const { breaker } = createBreaker();
    const chat = Object.assign((...n: number[]) => Math.max(...n), { create: async () => 1 });
    // biome-ignore lint/suspicious/noExplicitAny: the methods differ by test
    const client: any = protect({ chat } as any, { breaker, methods } as any);
    return { breaker, client };
  };

  test('is its own where nobody has named it', () => {
    const { breaker, client } = createClient(['chat.create']);
    breaker.forceOpen();

    expect(client.chat(1, 2)).toBe(2);
  });

  test('answers a promise where somebody has', async () => {
    const { breaker, client } = createClient(['chat', 'chat.create']);

    const answer = client.chat(1, 2);

    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe(2);
    expect(breaker.metrics.totals.calls).toBe(1);
  });
});

test('a synchronous method that is given a class is known for one, and stays as it is', () => {
  class User {}
  const { breaker } = createBreaker();
  const client = protect(
    { getRepository: (entity: typeof User) => Reflect.construct(entity, []) },
    { breaker },
  );
  client.getRepository(User);

  breaker.forceOpen();

  expect(client.getRepository(User)).toBeInstanceOf(User);
});

test('a method that is taken from the description of its member is guarded as well', async () => {
  const reached = vi.fn();
  const { breaker } = createOpen();
  const client = protect({ get: async () => reached() }, { breaker });

  const { value } = Object.getOwnPropertyDescriptor(client, 'get') as { value: Get };
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(client)) as { get: Get };

  expect(await errorOf(value())).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  expect(await errorOf(copy.get())).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  expect(value).toBe(client.get);
  expect(reached).not.toHaveBeenCalled();
});
