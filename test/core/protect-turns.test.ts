/** A method that somebody has put another in the place of: it is guarded once, and no longer than its call takes. */
import { protect, withCircuitBreaker } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { createBreaker, errorOf } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';

const OPEN = { code: 'ERR_CIRCUIT_OPEN' };
// biome-ignore lint/suspicious/noExplicitAny: the clients have whatever methods a test gives them
type Any = any;

/** A client whose `get` has been patched: the patch calls what was there, unless it is told otherwise. */
function patched(
  get: () => unknown,
  methods?: string[],
  patchOf = (original: () => unknown): (() => unknown) =>
    async () => {
      await null;
      return original();
    },
) {
  const { breaker } = createBreaker({ failureThreshold: false });
  const client: Any = protect({ get } as Any, { breaker, ...(methods && { methods }) } as Any);
  const original = client.get;
  client.get = patchOf(() => original.call(client));
  return { breaker, client, original };
}

/** A query that runs when it is awaited. */
const lazy = (run: () => unknown) => ({
  then: (done: (value: unknown) => void) => done(run()),
  where: () => {},
});

describe.each<[string, string[] | undefined]>([
  ['named', ['get']],
  ['not named', undefined],
])('a method that is %s', (_, methods) => {
  test('is one call with the patch around it', async () => {
    const { breaker, client } = patched(async () => 'got', methods);

    await client.get();
    expect(await client.get()).toBe('got');

    expect(breaker.metrics.totals).toMatchObject({ calls: 2, successes: 2 });
  });

  test.each<[string, () => unknown]>([
    ['has answered', async () => 'got'],
    ['has failed', async () => Promise.reject(new Error('down'))],
    [
      'has thrown',
      () => {
        throw new Error('at once');
      },
    ],
    ['has answered at once', () => ['got'].map((it) => it)[0]],
    ['has answered a query', () => lazy(() => 'got')],
  ])('is no longer of a call whose patch %s', async (__, get) => {
    const reached = vi.fn(get);
    const { breaker, client, original } = patched(reached, methods);
    await client.get().catch(() => {});
    await client.get().catch(() => {});
    reached.mockClear();

    breaker.forceOpen();

    expect(await errorOf(original.call(client))).toMatchObject(OPEN);
    expect(reached).not.toHaveBeenCalled();
  });

  test.each<[string, () => unknown]>([
    ['has an answer of its own', async () => 'kept'],
    ['has it later', () => Promise.resolve('kept')],
    ['has it at once', () => ['kept'].map((it) => it)[0]],
    ['fails by itself', async () => Promise.reject(new Error('no token'))],
    ['throws', () => JSON.parse('')],
  ])('is not of a call that has not come to it: the patch %s', async (__, patch) => {
    const reached = vi.fn(async () => 'got');
    const { breaker, client, original } = patched(reached, methods, () => patch);
    try {
      await client.get();
    } catch {}

    breaker.forceOpen();

    expect(await errorOf(original.call(client))).toMatchObject(OPEN);
    expect(reached).not.toHaveBeenCalled();
  });

  test('is one call with a patch that is not declared asynchronous, and comes to it late', async () => {
    const got = async () => 'got';
    const { breaker, client } = patched(got, methods, (original) => () => Promise.resolve().then(original));

    expect(await client.get()).toBe('got');

    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1 });
  });

  test('is called as often as it is called, at once too', async () => {
    const { breaker } = createBreaker();
    const gate = deferred<string>();
    const client: Any = protect(
      { get: () => gate.promise } as Any,
      {
        breaker,
        ...(methods && { methods }),
      } as Any,
    );

    const calls = [client.get(), client.get(), client.get()];
    expect(breaker.metrics.inFlight).toBe(3);
    gate.resolve('got');

    expect(await Promise.all(calls)).toEqual(['got', 'got', 'got']);
  });
});

test('a named method that answers at once succeeds with that', async () => {
  const { breaker } = createBreaker();
  const client: Any = protect({ get: () => 5 } as Any, { breaker, methods: ['get'] } as Any);

  expect(await client.get()).toBe(5);
  expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1, ignored: 0 });
});

test('a method that was first met as a probe is guarded from then on', async () => {
  const { breaker, clock } = createBreaker({ recoveryTimeout: 100, successThreshold: 1 });
  const reached = vi.fn();
  const client: Any = protect({ get: () => Promise.resolve(reached()) } as Any, { breaker });
  breaker.trip();
  clock.advance(100);
  await client.get();
  breaker.trip();

  expect(await errorOf(client.get())).toMatchObject(OPEN);
  expect(reached).toHaveBeenCalledOnce();
});

describe('what is not guarded', () => {
  const create = (members: object, methods = ['get']) => {
    const { breaker } = createBreaker();
    const client: Any = protect({ get: async () => 1, ...members } as Any, { breaker, methods } as Any);
    return { breaker, client };
  };

  test('answers a promise with methods of its own as it is', () => {
    class Query extends Promise<number> {}
    const query = Query.resolve(1);

    expect(create({ query: () => query }).client.query()).toBe(query);
  });

  test('answers nothing where a member is null', () => {
    expect(create({ session: null }).client.session).toBeNull();
  });

  test('is the same method each time, and that of a frozen member the very one', () => {
    const ping = () => {};
    const { client } = create({ count: () => {} });
    const inside = create({ admin: Object.freeze({ ping, stats: async () => 1 }) }, ['get']).client;

    expect(client.count).toBe(client.count);
    expect(inside.admin.ping).toBe(ping);
  });

  test('may be guarded by another breaker', async () => {
    const other = createBreaker();
    const { breaker, client } = create({ list: async () => 'listed' });

    const list = withCircuitBreaker(other.breaker, {}, client.list);

    expect(await list()).toBe('listed');
    expect([other.breaker.metrics.totals.calls, breaker.metrics.totals.calls]).toEqual([1, 0]);
  });

  test('may be guarded in another client', async () => {
    const other = createBreaker();
    const { breaker, client } = create({ list: async () => 'listed' });

    await protect({ list: client.list } as Any, { breaker: other.breaker }).list();

    expect([other.breaker.metrics.totals.calls, breaker.metrics.totals.calls]).toEqual([1, 0]);
  });
});
