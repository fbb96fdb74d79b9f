import { createContext, runInContext } from 'node:vm';
import { createFetch, retryAfterOf } from 'recloser/http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { answers, inTurn, useServer } from './server.js';

const server = useServer();
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

afterEach(() => vi.unstubAllGlobals());

describe('a protected fetch in the place of the platform’s', () => {
  it('sends by what was there before', async () => {
    const api = createFetch();
    vi.stubGlobal('fetch', api);

    const response = await fetch(server.url);

    expect(await response.text()).toBe('answer');
    expect(server.seen).toHaveLength(1);
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 1, successes: 1 });
  });

  it('goes through what somebody puts around it', async () => {
    const api = createFetch();
    const traced: unknown[] = [];
    vi.stubGlobal('fetch', async (input: string, init?: RequestInit) => {
      traced.push(input);
      await null;
      return api(input, init);
    });

    await (await fetch(server.url)).text();
    await (await api(server.url)).text();

    expect(server.seen).toHaveLength(2);
    expect(api.breakerFor(server.url).metrics.totals.calls).toBe(2);
    expect(traced).toHaveLength(3); // once for each, and around the request of the first
  });

  it('opens connections ahead where that of the platform does, and only there', () => {
    const asked: unknown[] = [];
    const preconnect = (url: string) => void asked.push(url);
    const plain = createFetch();
    vi.stubGlobal(
      'fetch',
      Object.assign(async () => new Response(), { preconnect }),
    );
    const api = createFetch() as ReturnType<typeof createFetch> & { preconnect: typeof preconnect };

    api.preconnect(server.url);
    (api.with({ retry: false }) as typeof api).preconnect(`${server.url}/again`);

    expect(asked).toEqual([server.url, `${server.url}/again`]);
    expect('preconnect' in plain).toBe(false);
  });

  it('may be made where there is no fetch, of one that is handed in', async () => {
    vi.stubGlobal('fetch', undefined);
    const api = createFetch({ fetch: async () => new Response('own') });

    expect(await (await api(server.url)).text()).toBe('own');
  });

  it('may be replaced by another', async () => {
    const first = createFetch();
    vi.stubGlobal('fetch', first);
    const second = createFetch();
    vi.stubGlobal('fetch', second);

    await (await fetch(server.url)).text();

    expect(server.seen).toHaveLength(1);
    expect(second.breakerFor(server.url).metrics.totals.calls).toBe(1);
  });

  it('may be handed to another, whose breakers then stand around its own', async () => {
    const inner = createFetch();
    const outer = createFetch({ fetch: inner });

    await (await outer(server.url)).text();

    expect([inner, outer].map((it) => it.breakerFor(server.url).metrics.totals.calls)).toEqual([1, 1]);
  });
});

describe('what stands for fetch in a test', () => {
  it('may answer without a promise', async () => {
    const api = createFetch({ fetch: (() => new Response('at once')) as never });

    expect(await (await api('http://a.test')).text()).toBe('at once');
  });

  it('may throw without a promise', async () => {
    const error = new TypeError('fetch failed', { cause: new Error('lost') });
    const api = createFetch({
      retry: false,
      fetch: (() => {
        throw error;
      }) as never,
    });

    expect(await caught(api('http://a.test'))).toBe(error);
    expect(api.breakerFor('http://a.test').metrics.totals.failures).toBe(1);
  });

  it('may answer a plain object, which stays one', async () => {
    const answer = { ok: true, status: 200, json: async () => ({ a: 1 }) };
    const api = createFetch({ fetch: async () => answer });

    const response = await api('http://a.test');

    expect(response).toBe(answer);
    expect(Object.getPrototypeOf(response)).toBe(Object.prototype);
    expect(await response.json()).toEqual({ a: 1 });
  });

  it('may answer an object of a class whose methods answer at once, or throw', async () => {
    class Fake {
      readonly status = 200;
      json() {
        return { a: 1 };
      }
      text() {
        throw new Error('no text');
      }
    }
    const api = createFetch({ fetch: async () => new Fake() });

    expect(await (await api('http://a.test')).json()).toEqual({ a: 1 });
    expect(await caught((await api('http://a.test')).text())).toMatchObject({ message: 'no text' });
  });

  it.each([
    ['nothing', undefined],
    ['a frozen response', Object.freeze(new Response('frozen'))],
    ['members that throw', new Proxy({}, { get: (_, key) => (key === 'then' ? undefined : thrown()) })],
  ])('may answer %s', async (_, answer) => {
    const api = createFetch({ fetch: async () => answer });

    expect(await api('http://a.test')).toBe(answer);
  });
});

const thrown = () => {
  throw new Error('a member that throws');
};

describe('errors from elsewhere', () => {
  it('say that a request cannot be made, whichever realm they are of', async () => {
    const { TypeError: Foreign } = runInContext('({ TypeError })', createContext()) as {
      TypeError: TypeErrorConstructor;
    };
    const api = createFetch({
      fetch: async () => {
        throw new Foreign('no body for GET');
      },
    });

    await caught(api('http://a.test', { body: 'x' }));

    expect(api.breakerFor('http://a.test').metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  it.each([
    ['nothing', undefined],
    ['a string', 'down'],
    [
      'members that throw',
      Object.defineProperties(new Error('down'), {
        code: { get: thrown },
        cause: { get: thrown },
        name: { get: thrown },
      }),
    ],
  ])('may be %s, and pass as they are', async (_, error) => {
    const api = createFetch({
      retry: { backoff: 0, maxAttempts: 2 },
      fetch: async () => {
        throw error;
      },
    });

    expect(await caught(api('http://a.test'))).toBe(error);
    expect(api.breakerFor('http://a.test').metrics.totals.failures).toBe(2);
  });

  it.each(['method', 'headers', 'body', 'signal'])(
    'of %s of an init leave the breaker alone',
    async (member) => {
      const api = createFetch();
      const init = Object.defineProperty({}, member, { get: thrown, enumerable: true });

      expect(await caught(api(server.url, init))).toMatchObject({ message: 'a member that throws' });
      expect(api.breakerFor(server.url).metrics.totals.calls).toBe(0);
    },
  );
});

describe('an init', () => {
  it.each([null, undefined])('may be %s', async (init) => {
    const response = await createFetch()(server.url, init as never);

    expect(response.status).toBe(200);
  });

  it('is read once, however often its request is sent', async () => {
    let reads = 0;
    const init = {
      get headers() {
        reads++;
        return { 'x-read': String(reads) };
      },
    };
    server.behave = inTurn(answers(503), answers(503), answers(200));

    await createFetch({ retry: { backoff: 0, maxAttempts: 3 } })(server.url, init);

    expect(server.seen.map(({ headers }) => headers['x-read'])).toEqual(['1', '1', '1']);
  });
});

describe('an event stream', () => {
  it.each(['text/event-stream', 'Text/Event-Stream; charset=utf-8'])('is known by %s', async (type) => {
    server.behave = answers(200, 'data: 1\n\n', { 'content-type': type });
    server.behave = (response) => {
      response.writeHead(200, { 'content-type': type });
      response.write('data: 1\n\n');
      setTimeout(() => response.end(), 40);
    };
    const api = createFetch({ bodyTimeout: 10, totalTimeout: false });

    expect(await (await api(server.url)).text()).toBe('data: 1\n\n');
  });

  it('is not taken for what has a name alike', async () => {
    server.behave = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-streams' });
      response.write('data: 1\n\n');
    };
    const api = createFetch({ bodyTimeout: 10, totalTimeout: false });

    expect(await caught((await api(server.url)).text())).toMatchObject({ code: 'ERR_BODY_TIMEOUT' });
  });
});

describe('retryAfterOf a stranger', () => {
  it.each([
    [{ headers: { get: thrown } }],
    [{ headers: { 'retry-after': Symbol('3') } }],
    [{ headers: new Map([['retry-after', {}]]) }],
    [null],
    [7],
  ])('is nothing (%#)', (response) => {
    expect(retryAfterOf(response)).toBeUndefined();
  });
});
