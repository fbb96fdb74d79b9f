/** Whose members a protected client has: its own, those that others add to what inherits from it, those of a module. */
import { protect } from 'recloser';
import { describe, expect, test } from 'vitest';
import { createBreaker, errorOf } from '../support/breakers.js';

const OPEN = { code: 'ERR_CIRCUIT_OPEN' };

class Api {
  token = 'shared';
  get header() {
    return `Bearer ${this.token}`;
  }
  set bearer(token: string) {
    this.token = token;
  }
  async ask() {
    return this.header;
  }
}

function createApi() {
  const { breaker } = createBreaker();
  const raw = new Api();
  return { breaker, raw, api: protect(raw, { breaker, methods: ['ask'] }) };
}

describe('an object that inherits from a protected client', () => {
  test('has members of its own, which the client knows nothing of', async () => {
    const { breaker, raw, api } = createApi();
    const mine = Object.create(api) as Api;

    mine.token = 'mine';

    expect([raw.token, api.header, mine.header]).toEqual(['shared', 'Bearer shared', 'Bearer mine']);
    expect(await mine.ask()).toBe('Bearer mine');
    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('is what a setter writes to', () => {
    const { raw, api } = createApi();
    const mine = Object.create(api) as Api;

    mine.bearer = 'mine';
    api.bearer = 'another';

    expect([raw.token, mine.token]).toEqual(['another', 'mine']);
  });

  test('has a guarded method of its own, whose breaker goes along', async () => {
    const { breaker, raw, api } = createApi();
    const mine = Object.create(api) as Api;
    mine.ask = api.ask;

    await mine.ask();
    await api.ask();

    expect(breaker.metrics.totals.calls).toBe(2);
    expect(Object.hasOwn(raw, 'ask')).toBe(false);
    breaker.forceOpen();
    expect(await errorOf(mine.ask())).toMatchObject(OPEN);
  });
});

describe('a guarded method under another name', () => {
  test('keeps its breaker, though nobody has named that', async () => {
    const { breaker } = createBreaker();
    const client = protect({ send: async () => 1, post: async () => 2 }, { breaker, methods: ['send'] });
    client.post = client.send as never;

    expect([await client.post(), breaker.metrics.totals.calls]).toEqual([1, 1]);
    breaker.forceOpen();
    expect(await errorOf(client.post())).toMatchObject(OPEN);
  });

  test('keeps it within an object on the way to a method', async () => {
    const { breaker } = createBreaker();
    const raw = { chat: { create: async () => 1 }, talk: {} as { create(): Promise<number> } };
    const client = protect(raw, { breaker, methods: ['chat.create'] });
    client.talk = client.chat;

    expect([await client.talk.create(), breaker.metrics.totals.calls]).toEqual([1, 1]);
    client.chat = client.talk;
    expect([await client.chat.create(), breaker.metrics.totals.calls]).toEqual([1, 2]);
  });
});

describe('a list on the way to methods', () => {
  const createShards = () => {
    const { breaker } = createBreaker();
    const shards = [{ get: async () => 'a' }, { get: async () => 'b' }];
    return {
      breaker,
      client: protect({ shards }, { breaker, methods: ['shards.0.get', 'shards.1.get'] as never[] }),
    };
  };

  test('finds its items guarded, by whatever goes over them', async () => {
    const { breaker, client } = createShards();
    const answers: string[] = [];

    for (const shard of client.shards) answers.push(await shard.get());
    answers.push(...(await Promise.all(client.shards.map((shard) => shard.get()))));
    answers.push((await client.shards.at(-1)?.get()) ?? '');

    expect(answers).toEqual(['a', 'b', 'a', 'b', 'b']);
    expect(breaker.metrics.totals.calls).toBe(5);
  });

  test('lets nobody through while the circuit is open', async () => {
    const { breaker, client } = createShards();
    breaker.forceOpen();

    for (const shard of client.shards) expect(await errorOf(shard.get())).toMatchObject(OPEN);
  });

  test('is a list as ever', () => {
    const { client } = createShards();

    client.shards.push({ get: async () => 'c' });

    expect([client.shards.length, Array.isArray(client.shards)]).toEqual([3, true]);
  });
});

test('the functions of a module that a compiler has made are guarded, though they cannot be replaced', async () => {
  const { breaker } = createBreaker();
  const exported: { getUser?(id: number): Promise<string> } = {};
  Object.defineProperty(exported, 'getUser', {
    enumerable: true,
    get: () => async (id: number) => `user ${id}`,
  });
  const users = protect(exported, { breaker, methods: ['getUser'] });

  expect(await users.getUser?.(7)).toBe('user 7');
  expect(breaker.metrics.totals.calls).toBe(1);
  breaker.forceOpen();
  expect(await errorOf(users.getUser!(7))).toMatchObject(OPEN);
});
