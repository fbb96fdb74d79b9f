/** What fetch is called with, how often, and whose fault it is where that is refused. */
import { CircuitBreaker, CircuitBreakerRegistry, isCircuitBreakerOpenError } from 'recloser';
import { axiosAdapter, createFetch } from 'recloser/http';
import { isRateLimitError, Resilience, ResilienceRegistry } from 'recloser/resilience';
import { createManualClock } from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

const URL_A = 'https://api.example.com/users';

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

type Options = Parameters<typeof createFetch>[0];

/** A protected fetch that answers one thing, and what it was called with. */
function setUp(answer: () => unknown, options: Options = {}) {
  const sent: [unknown, RequestInit | undefined][] = [];
  const fetch = async (input: unknown, init?: RequestInit) => {
    sent.push([input, init]);
    const answered = answer();
    if (answered instanceof Error) throw answered;
    return answered as Response;
  };
  const api = createFetch({ fetch, retry: { backoff: 0, maxAttempts: 2 }, ...options });
  const totals = () => api.breakerFor(URL_A).metrics.totals;
  return { api, sent, totals };
}

const busy = () => new Response('busy', { status: 503 });
const good = () => new Response('good');
const coded = (code: string) => () => Object.assign(new TypeError('fetch failed'), { cause: { code } });

afterEach(() => vi.unstubAllGlobals());

describe('an init', () => {
  it('is handed on with members that fetch does not know', async () => {
    const { api, sent } = setUp(good);

    await api(URL_A, { method: 'PUT', next: { revalidate: 60 } } as never);

    expect(sent).toEqual([
      [URL_A, { method: 'PUT', next: { revalidate: 60 }, signal: expect.any(AbortSignal) }],
    ]);
  });

  it('of a class is handed on with the members that it has', async () => {
    class Init {
      readonly own = 'mine';
      get method() {
        return 'DELETE';
      }
    }
    const { api, sent } = setUp(good);

    await api(URL_A, new Init() as never);

    expect(Object.keys(sent[0]?.[1] as object).sort()).toEqual(['method', 'own', 'signal']);
    expect(sent[0]?.[1]).toMatchObject({ method: 'DELETE', own: 'mine' });
  });

  it.each([
    ['a number', 7],
    ['a text', 'GET'],
    ['a function', () => {}],
    ['one whose signal is none', { signal: {} }],
  ])('that is odd goes to fetch untouched: %s', async (_, init) => {
    const { api, sent, totals } = setUp(good);

    await api(URL_A, init as never);

    expect(sent).toHaveLength(1);
    expect(sent[0]?.[1] === init).toBe(true);
    expect(totals().calls).toBe(0);
  });
});

describe('how often a request is sent', () => {
  const timesSent = async (input: unknown, init: unknown, answer: () => unknown = busy) => {
    const { api, sent } = setUp(answer);
    await caught(api(input as string, init as never));
    return sent.length;
  };

  it.each([
    ['a POST', { method: 'POST' }, 1],
    ['a POST with other headers', { method: 'POST', headers: { 'x-key': '7' } }, 1],
    ['a POST with other pairs', { method: 'POST', headers: [['x-key', '7']] }, 1],
    ['a POST with other Headers', { method: 'POST', headers: new Headers({ 'x-key': '7' }) }, 1],
    ['a POST with a key', { method: 'POST', headers: { 'IDEMPOTENCY-KEY': '7' } }, 2],
    [
      'a POST with a key among Headers',
      { method: 'POST', headers: new Headers({ 'idempotency-key': '7' }) },
      2,
    ],
    ['a GET with a body of null', { body: null }, 2],
  ])('once where it may not be repeated: %s', async (_, init, times) => {
    expect(await timesSent(URL_A, init)).toBe(times);
  });

  it.each([
    ['GET', undefined, 2],
    ['HEAD', undefined, 2],
    ['PUT', undefined, 1],
    ['PUT', null, 2],
    ['PUT', new ReadableStream(), 1],
    ['GET', new ReadableStream(), 1],
  ])('goes by what a Request shows of its body: %s, %o', async (method, body, times) => {
    expect(await timesSent({ url: URL_A, method, headers: new Headers(), body }, undefined)).toBe(times);
  });

  it('goes by the key of a Request', async () => {
    const request = new Request(URL_A, { method: 'POST', headers: { 'idempotency-key': '7' } });

    expect(await timesSent(request, undefined)).toBe(2);
  });

  it('is once for a stream, though it has surely not left', async () => {
    const init = () => ({ method: 'PUT', body: new ReadableStream(), duplex: 'half' });

    expect(await timesSent(URL_A, init(), coded('ECONNREFUSED'))).toBe(1);
    expect(await timesSent(URL_A, { method: 'POST', body: 'x' }, coded('ECONNREFUSED'))).toBe(2);
  });

  it('is once where another breaker has rejected it, whatever counts as a failure', async () => {
    const other = new CircuitBreaker({ name: 'other' });
    other.trip();
    const rejection = await caught(other.call(async () => 1));
    const { api, sent } = setUp(() => rejection, { isFailure: () => true });

    const error = await caught(api(URL_A));

    expect([isCircuitBreakerOpenError(error), sent.length]).toEqual([true, 1]);
  });

  it('is what a function of the user says, of answers too', async () => {
    const { api, sent } = setUp(good, {
      retry: { backoff: 0, maxAttempts: 2, retryOn: ({ value }) => (value as Response)?.status === 200 },
    });

    await api(URL_A);

    expect(sent).toHaveLength(2);
  });

  it('through axios is what can be read again: nothing, and no data', async () => {
    const data: unknown[] = [];
    const adapter = axiosAdapter(
      async (config: { url: string; method: string; data?: unknown }) => {
        data.push(config.data);
        return { status: 503, headers: {} };
      },
      { retry: { backoff: 0, maxAttempts: 2 } },
    );

    await adapter({ url: URL_A, method: 'put', data: null });
    await adapter({ url: URL_A, method: 'put' });

    expect(data).toEqual([null, null, undefined, undefined]);
  });
});

describe('a TypeError without a cause', () => {
  const failed = () => new TypeError('Failed to fetch');
  const outcomeOf = async (input: unknown, init?: unknown, answer: () => unknown = failed) => {
    const { api, totals } = setUp(answer, { retry: false });
    await caught(api(input as string, init as never));
    const { failures, ignored } = totals();
    return { failures, ignored };
  };
  const FAILED = { failures: 1, ignored: 0 };
  const IGNORED = { failures: 0, ignored: 1 };

  it.each([
    ['without an init', undefined],
    ['with an empty one', {}],
    ['with a text', { method: 'POST', body: 'x' }],
    ['with a stream', { method: 'POST', body: new ReadableStream(), duplex: 'half' }],
    ['with a body of null', { body: null }],
    ['with headers', { headers: { a: 'b' } }],
  ])('is a failure where the request could be made: %s', async (_, init) => {
    expect(await outcomeOf(URL_A, init)).toEqual(FAILED);
  });

  it('is a failure of a Request that has not been used', async () => {
    expect(await outcomeOf(new Request(URL_A))).toEqual(FAILED);
  });

  it.each([
    ['a body of a GET', { body: 'x' }],
    ['a bad header', { headers: { 'a b': 'c' } }],
    ['a bad method', { method: 'a b' }],
  ])('is ignored where the request could not: %s', async (_, init) => {
    expect(await outcomeOf(URL_A, init)).toEqual(IGNORED);
  });

  it('is the only one that is looked into', async () => {
    const bad = { headers: { 'a b': 'c' } };

    expect(await outcomeOf(URL_A, bad, () => new Error('lost'))).toEqual(FAILED);
    expect(await outcomeOf(URL_A, bad, coded('ECONNRESET'))).toEqual(FAILED);
    expect(
      await outcomeOf(URL_A, bad, () =>
        Object.defineProperty(new Error('odd'), 'name', {
          get: () => {
            throw new Error('no name');
          },
        }),
      ),
    ).toEqual(FAILED);
  });

  it('is a failure where nobody can tell, for want of a Request', async () => {
    vi.stubGlobal('Request', undefined);

    expect(await outcomeOf(URL_A, { headers: { 'a b': 'c' } })).toEqual(FAILED);
  });
});

describe('a 429 with a time', () => {
  const others = async (seconds: number | string, options: Options = {}) => {
    const clock = createManualClock();
    const limited = () => new Response('busy', { status: 429, headers: { 'retry-after': String(seconds) } });
    const { api } = setUp(limited, { clock, retry: false, totalTimeout: 1_000, ...options });
    await api(URL_A);
    return caught(api(URL_A)).then((it) => (isRateLimitError(it) ? 'held back' : it));
  };

  it.each([
    ['of a minute', 60, {}, 'held back'],
    ['of more than a minute', 61, {}, 'no error'],
    ['of nothing', 0, {}, 'no error'],
    ['that is none', 'soon', {}, 'no error'],
    ['as long as it may be', 3, { maxRetryAfter: 3_000 }, 'held back'],
    ['longer than it may be', 4, { maxRetryAfter: 3_000 }, 'no error'],
    ['that holds nobody back', 3, { pause: false }, 'no error'],
  ])('%s', async (_, seconds, options, expected) => {
    expect(await others(seconds, options)).toBe(expected);
  });

  it('as a date goes by the wall clock, of the clock or of the platform', async () => {
    const clock = createManualClock();
    const dated = (epoch: number) => new Date(epoch + 30_000).toUTCString();

    expect(await others(dated(clock.epoch()), { clock })).toBe('held back');
    expect(await others(dated(Date.now()), { clock: { now: () => 0 } })).toBe('held back');
  });

  it('does no harm where there is nothing to hold back with', async () => {
    const registry = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry() });
    registry.getOrCreate('https://api.example.com', {});
    const { api } = setUp(() => new Response('busy', { status: 429, headers: { 'retry-after': '3' } }), {
      registry,
      retry: false,
    });

    expect((await api(URL_A)).status).toBe(429);
    expect(registry.get('https://api.example.com')).toBeInstanceOf(Resilience);
  });
});

describe('a fallback', () => {
  it('answers what `fallbackOn` says where the breaker was there before', async () => {
    const registry = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry() });
    registry.getOrCreate('https://api.example.com', {});
    const { api } = setUp(() => new Error('lost'), {
      registry,
      retry: false,
      fallback: () => new Response('instead'),
      fallbackOn: 'rejection',
    });

    expect(await caught(api(URL_A))).toMatchObject({ message: 'lost' });
  });

  it('answers rejections and failures where nothing is said', async () => {
    const { api } = setUp(() => new Error('lost'), { retry: false, fallback: () => new Response('instead') });

    expect(await (await api(URL_A)).text()).toBe('instead');
  });

  it('answers what `fallbackOn` says', async () => {
    const { api } = setUp(() => new Error('lost'), {
      retry: false,
      fallback: () => new Response('instead'),
      fallbackOn: 'rejection',
    });

    expect(await caught(api(URL_A))).toMatchObject({ message: 'lost' });
    api.breakerFor(URL_A).trip();
    expect(await (await api(URL_A)).text()).toBe('instead');
  });
});
