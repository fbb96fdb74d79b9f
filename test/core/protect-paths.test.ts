/** Methods of objects inside a client, by their path. */
import { protect } from 'recloser';
import { describe, expect, test } from 'vitest';
import { createBreaker, errorOf, refusalOf, thrownBy } from '../support/breakers.js';
import { BRITTLE, createRegistry } from '../support/registries.js';

class Completions {
  readonly #model = 'gpt';
  async create(question: string): Promise<string> {
    if (question === '') throw new Error('529');
    return `${this.#model}: ${question}`;
  }
  async list(): Promise<string[]> {
    return ['a'];
  }
}

class Llm {
  readonly chat = { completions: new Completions(), other: async () => 'other' };
  readonly models = { list: async () => ['gpt'] };
}

function createLlm() {
  const { breaker } = createBreaker(BRITTLE);
  const client = new Llm();
  return { breaker, client, llm: protect(client, { breaker, methods: ['chat.completions.create'] }) };
}

describe('a method at a path', () => {
  test('goes through the breaker, on its own object', async () => {
    const { llm, breaker } = createLlm();

    expect(await llm.chat.completions.create('why')).toBe('gpt: why');
    expect(breaker.metrics.totals.successes).toBe(1);
  });

  test('does not run while the circuit is open', async () => {
    const { llm, breaker } = createLlm();
    await errorOf(llm.chat.completions.create(''));

    expect(await errorOf(llm.chat.completions.create('why'))).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(breaker.metrics.totals.calls).toBe(1);
  });

  test('is the only one that is guarded', async () => {
    const { llm, breaker } = createLlm();
    breaker.forceOpen();

    const answers = await Promise.all([llm.chat.completions.list(), llm.chat.other(), llm.models.list()]);

    expect(answers).toEqual([['a'], 'other', ['gpt']]);
  });

  test('is reached over objects that stay the same', () => {
    const { llm, client } = createLlm();

    expect(llm.chat).toBe(llm.chat);
    expect(llm.chat.completions).toBe(llm.chat.completions);
    expect(llm.chat.completions.create).toBe(llm.chat.completions.create);
    expect(llm.chat.completions).toBeInstanceOf(Completions);
    expect(llm.models).toBe(client.models);
  });

  test('is told by its path to the key function', async () => {
    const { registry } = createRegistry();
    const llm = protect(new Llm(), {
      name: 'llm',
      registry,
      key: (method) => method,
      methods: ['chat.completions.create', 'models.list'],
    });

    await llm.chat.completions.create('why');
    await llm.models.list();

    expect(registry.names()).toEqual(['llm.chat.completions.create', 'llm.models.list']);
  });

  test('is guarded in a client that makes its objects anew', async () => {
    const { breaker } = createBreaker();
    const client = protect(
      {
        get users() {
          return { find: async (id: number) => id };
        },
      },
      { breaker, methods: ['users.find'] },
    );

    await client.users.find(7);
    breaker.forceOpen();

    expect(await errorOf(client.users.find(8))).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  });

  test('is called as it is in a client made of proxies', async () => {
    const sent: string[] = [];
    interface Api {
      users: { find: (id: number) => Promise<void> };
    }
    const api = (path: string): never =>
      new Proxy((() => {}) as never, {
        get: (_, key) => (typeof key === 'symbol' || key === 'then' ? undefined : api(`${path}/${key}`)),
        apply: async (_fn, _self, args) => void sent.push(`${path}(${args})`),
      });
    const { breaker } = createBreaker();

    const client = protect<Api, 'users.find'>(api(''), { breaker, methods: ['users.find'] });
    await client.users.find(7);

    expect(sent).toEqual(['/users/find(7)']);
    expect(breaker.metrics.totals.successes).toBe(1);
  });

  test('is reached while there is an object: null is null', () => {
    const { breaker } = createBreaker();
    const raw = { session: { get: async () => 1 } as { get(): Promise<number> } | null };
    const client = protect(raw, { breaker, methods: ['session.get'] });

    raw.session = null;

    expect(client.session).toBeNull();
  });

  test('leaves beside it what is frozen', async () => {
    const { breaker } = createBreaker();
    const ping = () => 'pong';
    class Admin {
      readonly ping = ping;
      async stats() {
        return 1;
      }
    }
    const admin = Object.freeze(new Admin());
    const client = protect({ admin }, { breaker, methods: ['admin.stats'] });

    expect(client.admin.ping).toBe(ping);
    expect(await client.admin.stats()).toBe(1);
  });

  test('leaves the client what it is where that is reached again on the way', async () => {
    const { breaker } = createBreaker();
    class Client {
      readonly self = this;
      withToken() {
        return this;
      }
      async get() {
        return 1;
      }
    }
    const options = { breaker, methods: ['get', 'self.get'] };
    // biome-ignore lint/suspicious/noExplicitAny: its type goes in a circle, which paths do not
    const client = protect(new Client() as any, options) as Client;
    await client.self.get();

    expect(client.withToken()).toBe(client);
  });

  test('may give back the client, or an object on the way, which stays protected', async () => {
    const { breaker } = createBreaker();
    const raw = {
      users: {
        async open() {
          return this;
        },
        async whole() {
          return raw;
        },
      },
    };
    const client = protect(raw, { breaker, methods: ['users.open', 'users.whole'] });

    expect(await client.users.open()).toBe(client.users);
    expect(await client.users.whole()).toBe(client);
  });
});

describe('a path that leads nowhere', () => {
  test.each<[string, string, string]>([
    ['a misspelt method', 'chat.completions.creat', '"chat.completions.create"'],
    ['a misspelt object', 'chats.completions.create', '"chat.completions.create"'],
    ['an object', 'chat.completions', '"chat.completions.'],
    ['too short a path', 'create', '"chat.completions.create"'],
  ])('is refused with the nearest: %s', (_, path, nearest) => {
    const { breaker } = createBreaker();

    const error = refusalOf(() => protect(new Llm(), { breaker, methods: [path as never] }));

    expect(error.option).toBe('methods');
    expect(error.message).toContain(nearest);
  });

  test('is refused on an object that is frozen', () => {
    const { breaker } = createBreaker();
    const client = Object.freeze({ chat: { create: async () => 1 } });

    const error = thrownBy(() => protect(client, { breaker, methods: ['chat.create'] })) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('"chat": the object is frozen');
  });

  test('is refused if there is none', () => {
    const { breaker } = createBreaker();

    expect(refusalOf(() => protect(new Llm(), { breaker, methods: [] })).message).toContain('one at least');
  });

  test.each<[string, object, RegExp]>([
    ['an async generator', { async *tokens() {} }, /recloser\/stream/],
    ['a class', { tokens: class Tokens {} }, /a class/],
  ])('is refused if there is %s', (_, client, message) => {
    const { breaker } = createBreaker();

    const error = thrownBy(() => protect(client, { breaker, methods: ['tokens' as never] })) as Error;

    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(message);
  });
});
