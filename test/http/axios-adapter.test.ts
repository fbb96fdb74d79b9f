import { Readable } from 'node:stream';
import { isCallTimeoutError, isCircuitBreakerOpenError } from 'recloser';
import { type AxiosOptions, axiosAdapter } from 'recloser/http';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';

const URL_OF_USERS = 'https://api.example.com/users';

interface Config {
  url?: string;
  baseURL?: string;
  method?: string;
  headers?: object;
  data?: unknown;
  signal?: AbortSignal;
}

const httpError = (status: number, headers = {}) =>
  Object.assign(new Error(`status ${status}`), { code: 'ERR_BAD_RESPONSE', response: { status, headers } });

const coded = (code: string) => Object.assign(new Error(code), { code });

/** An adapter that answers in turn, errors by throwing them, and notes what it is asked. */
function setUp(turns: unknown[], options: AxiosOptions = {}) {
  const seen: Config[] = [];
  const clock = createManualClock();
  const send = async (config: Config) => {
    seen.push(config);
    const turn = turns[Math.min(seen.length, turns.length) - 1];
    if (turn instanceof Error) throw turn;
    return turn;
  };
  const adapter = axiosAdapter(send, { clock, retry: { backoff: 0 }, ...options });
  const ask = (config: Config = { url: URL_OF_USERS }) =>
    clock.settle(
      adapter(config).then(
        (value) => value,
        (error: unknown) => error,
      ),
    );
  const totals = () => {
    const { successes, failures, ignored } =
      adapter.breakers.get('https://api.example.com')?.metrics.totals ?? {};
    return [successes, failures, ignored];
  };
  return { adapter, ask, clock, seen, totals };
}

const OK = { status: 200, headers: {} };

describe('a protected adapter', () => {
  it('hands the request on as it is, with a signal', async () => {
    const { ask, seen, totals, adapter } = setUp([OK]);
    const config = { url: URL_OF_USERS, method: 'get', headers: { a: 'b' } };

    const answer = await ask(config);

    expect([answer, totals()]).toEqual([OK, [1, 0, 0]]);
    expect(seen).toEqual([{ ...config, signal: expect.any(AbortSignal) }]);
    expect(adapter.registry.breakers).toBe(adapter.breakers);
  });

  it.each([
    [{ url: '/users', baseURL: 'https://api.example.com' }, true],
    [{ url: 'users', baseURL: 'https://api.example.com/v1/' }, true],
    [{ url: '', baseURL: 'https://api.example.com' }, true],
    [{ baseURL: 'https://api.example.com' }, true],
    [{ url: 'https://api.example.com/users', baseURL: 'https://other.example.com' }, true],
    [{ url: 'HTTPS://api.example.com/users', baseURL: 'https://other.example.com' }, true],
    [{ url: 'https://api.example.com/users', baseURL: '' }, true],
    [{ url: 'https://a.test/', baseURL: 'https://api.example.com', allowAbsoluteUrls: false }, true],
    [{ url: 'https://api.example.com/users', allowAbsoluteUrls: false }, true],
    [{ url: '//api.example.com/users', baseURL: 'https://other.example.com' }, false],
    [{ url: 'data:text/plain,hello' }, false],
    [{ url: '/users' }, false],
    [{}, false],
  ])('finds the origin of a request, and hands on what has none: %j', async (config, hasOrigin) => {
    const { ask, adapter } = setUp([OK]);

    const answer = await ask(config);

    expect(answer).toBe(OK);
    expect([...adapter.breakers].map(({ name }) => name)).toEqual(
      hasOrigin ? ['https://api.example.com'] : [],
    );
  });

  it.each([
    ['a GET', {}, 3],
    ['a PUT', { method: 'put', data: 'text' }, 3],
    ['a POST', { method: 'post', data: 'text' }, 1],
    ['a POST with a key', { method: 'post', headers: { 'Idempotency-Key': '7' } }, 3],
    [
      'a POST with a key among headers of the platform',
      { method: 'post', headers: new Headers({ 'idempotency-key': '7' }) },
      3,
    ],
    ['a POST with another header', { method: 'post', headers: { 'x-key': '7' } }, 1],
    ['a POST with other headers of the platform', { method: 'post', headers: new Headers() }, 1],
    ['a POST with nonsense for headers', { method: 'post', headers: null as never }, 1],
    ['a stream', { method: 'put', data: { pipe() {} } }, 1],
    ['a form that is a stream', { method: 'put', data: { [Symbol.toStringTag]: 'FormData', pipe() {} } }, 1],
    ['a form of the platform', { method: 'put', data: new FormData() }, 3],
  ])('sends again what may be repeated: %s', async (_, config, times) => {
    const { ask, seen } = setUp([httpError(503)], { failureThreshold: false });

    const error = await ask({ url: URL_OF_USERS, ...config });

    expect([(error as Error).message, seen.length]).toEqual(['status 503', times]);
  });

  it.each([
    [{ baseURL: 'https://api.example.com/v1' }, 'https://api.example.com/v1'],
    [{ url: '', baseURL: 'https://api.example.com/v1' }, 'https://api.example.com/v1'],
    [{ url: '/users', baseURL: 'https://api.example.com/v1//' }, 'https://api.example.com/v1/users'],
    [{ url: 'a/b', baseURL: 'https://api.example.com/v1' }, 'https://api.example.com/v1/a/b'],
    [{ url: 'a//b', baseURL: 'https://api.example.com' }, 'https://api.example.com/a//b'],
    [
      { url: '//users', baseURL: 'https://api.example.com/v1', allowAbsoluteUrls: false },
      'https://api.example.com/v1/users',
    ],
    [{ url: 'HTTP://api.example.com/users', baseURL: 'https://b.test' }, 'http://api.example.com/users'],
    [{ url: 'h2c://api.example.com/users', baseURL: 'https://b.test' }, undefined],
  ])('tells the key of its address: %j', async (config, href) => {
    const addresses: string[] = [];
    const { ask } = setUp([OK], {
      key: ({ url }) => {
        addresses.push(url.href);
        return 'key';
      },
    });

    await ask(config);

    expect(addresses.map((it) => new URL(it).href)).toEqual(href === undefined ? [] : [new URL(href).href]);
  });

  it('sends a stream once, though it has surely not left', async () => {
    const { ask, seen } = setUp([coded('ECONNREFUSED'), OK]);

    await ask({ url: URL_OF_USERS, method: 'put', data: { pipe() {} } });

    expect(seen).toHaveLength(1);
  });

  it('finds the key among other headers', async () => {
    const { ask, seen } = setUp([httpError(503), OK]);

    await ask({ url: URL_OF_USERS, method: 'post', headers: { a: 'b', 'IDEMPOTENCY-KEY': '7', c: 'd' } });

    expect(seen).toHaveLength(2);
  });

  it('lets no stream of an answer lie that is thrown away, and hands the last one on', async () => {
    const streams = [1, 2, 3].map(() => Readable.from([Buffer.from('busy')]));
    const { ask } = setUp(
      streams.map((data) => Object.assign(httpError(503), { response: { status: 503, headers: {}, data } })),
    );

    await ask({ url: URL_OF_USERS });
    await new Promise((resolve) => setImmediate(resolve));

    expect(streams.map((it) => it.readableEnded)).toEqual([true, true, false]);
  });

  it('sends a POST again that has surely not left', async () => {
    const { ask, seen } = setUp([coded('ECONNREFUSED'), OK]);

    const answer = await ask({ url: URL_OF_USERS, method: 'post', data: 'text' });

    expect([answer, seen.length]).toEqual([OK, 2]);
  });

  it.each(['ERR_BAD_OPTION_VALUE', 'ERR_BAD_OPTION', 'ERR_INVALID_URL', 'ERR_NOT_SUPPORT', 'ERR_CANCELED'])(
    'ignores what its caller has done: %s',
    async (code) => {
      const { ask, seen, totals } = setUp([coded(code)]);

      const error = await ask();

      expect([(error as Error).message, seen.length, totals()]).toEqual([code, 1, [0, 0, 1]]);
    },
  );

  it('counts what the network does, and a bad status, as failures', async () => {
    const { ask, totals } = setUp([coded('ECONNRESET'), httpError(503), httpError(404), { status: 429 }], {
      retry: false,
    });

    for (let call = 0; call < 4; call++) await ask();

    expect(totals()).toEqual([0, 3, 0].map((count, index) => (index === 0 ? 1 : count)));
  });

  it('bounds an attempt, and aborts it', async () => {
    const clock = createManualClock();
    let signal: AbortSignal | undefined;
    const adapter = axiosAdapter(
      (config: Config) => {
        signal = config.signal;
        return new Promise((_, reject) => {
          config.signal?.addEventListener('abort', () => reject(coded('ERR_CANCELED')));
        });
      },
      { clock, callTimeout: 100, retry: false },
    );

    const error = await clock.settle(adapter({ url: URL_OF_USERS }).catch((it) => it));

    expect([isCallTimeoutError(error), signal?.aborted]).toEqual([true, true]);
    expect(adapter.breakers.get('https://api.example.com')?.metrics.totals).toMatchObject({
      failures: 1,
      timeouts: 1,
    });
  });

  it('ends with the reason of its caller, who is ignored', async () => {
    const controller = new AbortController();
    const { ask, totals } = setUp([new Promise(() => {})]);

    const asked = ask({ url: URL_OF_USERS, signal: controller.signal });
    await Promise.resolve();
    controller.abort('enough');

    expect([await asked, totals()]).toEqual(['enough', [0, 0, 1]]);
  });

  it('holds the others back after a 429 with a time, be it an answer or an error', async () => {
    for (const turn of [
      { status: 429, headers: { 'retry-after': '5' } },
      httpError(429, { 'retry-after': '5' }),
    ]) {
      const { ask, adapter } = setUp([turn], { retry: false });

      await ask();

      expect(adapter.registry.get('https://api.example.com')?.metrics.pausedFor).toBe(5_000);
    }
  });

  it('holds nobody back after another status', async () => {
    const headers = { 'retry-after': '5' };
    const { ask, adapter } = setUp(
      [{ status: 200, headers }, { status: 503, headers }, httpError(503, headers)],
      { retry: false },
    );

    const paused: unknown[] = [];
    for (let call = 0; call < 3; call++) {
      await ask();
      paused.push(adapter.registry.get('https://api.example.com')?.metrics.pausedFor);
    }

    expect(paused).toEqual([0, 0, 0]);
  });

  it('rejects while it is open, and asks a fallback that knows of the request', async () => {
    const asked: unknown[] = [];
    const { ask, adapter, seen } = setUp([OK], {
      fallback: (error, { url, method, config, breaker }) => {
        asked.push([isCircuitBreakerOpenError(error), url.href, method, config.url, breaker.name]);
        return asked.length === 1 ? { status: 203 } : undefined;
      },
    });
    await ask();
    adapter.breakers.get('https://api.example.com')?.forceOpen();

    const answered = await ask();
    const declined = await ask({ url: URL_OF_USERS, method: 'post' });

    expect([answered, isCircuitBreakerOpenError(declined), seen.length]).toEqual([{ status: 203 }, true, 1]);
    expect(asked).toEqual([
      [true, URL_OF_USERS, 'GET', URL_OF_USERS, 'https://api.example.com'],
      [true, URL_OF_USERS, 'POST', URL_OF_USERS, 'https://api.example.com'],
    ]);
  });

  it('goes by the key of the user', async () => {
    const { ask, adapter } = setUp([OK], {
      key: ({ url, method, config }) => `${method} ${url.pathname} ${String(config.headers)}`,
    });

    await ask({ url: URL_OF_USERS, headers: 'none' as never });

    expect([...adapter.breakers].map(({ name }) => name)).toEqual(['GET /users none']);
  });

  it('rejects with what a key throws, and where it is none', async () => {
    const throws = setUp([OK], {
      key: () => {
        throw new Error('no key');
      },
    });
    const none = setUp([OK], { key: () => 7 as never });

    expect([await throws.ask(), await none.ask()]).toEqual([
      new Error('no key'),
      new TypeError('`key` must return a string, received 7'),
    ]);
  });

  it('hedges what changes nothing, and that alone', async () => {
    const slow = (method: string) => {
      const clock = createManualClock();
      let sent = 0;
      const adapter = axiosAdapter(
        async (_config: Config) => {
          if (++sent === 1) await clock.sleep(1_000);
          return OK;
        },
        { clock, hedge: { delay: 10 } },
      );
      return clock.settle(adapter({ url: URL_OF_USERS, method })).then(() => sent);
    };

    expect([await slow('get'), await slow('HEAD'), await slow('put')]).toEqual([2, 2, 1]);
  });
});

describe('options of a protected adapter', () => {
  it.each([
    [{ bodyTimeout: 5 }, /bodyTimeout/],
    [{ rejectWith: 'response' }, /rejectWith/],
    [{ fetch: () => {} }, /fetch/],
    [{ name: 'api' }, /belongs to one breaker, and there is one for each origin: use `key` or `registry`/],
    [{ retryMethods: [7] }, /an array of methods/],
    [{ maxRetryAfter: -1 }, /maxRetryAfter/],
  ])('are refused where they cannot work: %j', (options, message) => {
    expect(() => axiosAdapter(async () => OK, options as never)).toThrow(message);
    expect(() => axiosAdapter(async () => OK, options as never)).toThrow(/create an adapter of axios/);
  });

  it('stand around a function', () => {
    expect(() => axiosAdapter(undefined as never)).toThrow(
      'axiosAdapter needs a function: axios.getAdapter(axios.defaults.adapter)',
    );
  });
});
