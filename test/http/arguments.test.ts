/** What a call is made with is what it was when it was made, and goes to fetch as it would without us. */
import { createFetch } from 'recloser/http';
import { createManualClock } from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { answers, inTurn, useServer } from './server.js';

const server = useServer();
const URL_A = 'https://api.example.com/users';

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

afterEach(() => vi.unstubAllGlobals());

/** Sends again until it has been sent three times, to a server that notes what comes. */
async function sentThrice(input: () => string | Request, init: RequestInit, change = () => {}) {
  server.behave = inTurn(answers(503), answers(503), answers(200));
  const sending = createFetch({ retry: { backoff: 0, maxAttempts: 3 } })(input(), init);
  change();
  await (await sending).text();
  return server.seen;
}

const here = () => server.url;

describe('headers', () => {
  const pairs = () => new Map([['x-a', '1']]);
  function* generated() {
    yield ['x-a', '1'];
    yield ['Idempotency-Key', '7'];
  }

  it.each([
    ['a generator', () => generated()],
    ['entries of a Map', () => new Map([...pairs(), ['idempotency-key', '7']]).entries()],
    [
      'entries of Headers',
      () => (new Headers({ 'x-a': '1', 'idempotency-key': '7' }) as never as Map<string, string>).entries(),
    ],
    ['a Map', () => new Map([...pairs(), ['idempotency-key', '7']])],
    ['Headers', () => new Headers({ 'x-a': '1', 'idempotency-key': '7' })],
    ['pairs', () => [...generated()]],
    ['a record', () => ({ 'x-a': '1', 'idempotency-key': '7' })],
  ])('are sent each time, though they can be read once: %s', async (_, headers) => {
    const seen = await sentThrice(here, { method: 'POST', body: 'x', headers: headers() as never });

    expect(seen.map((it) => [it.headers['x-a'], it.headers['idempotency-key']])).toEqual([
      ['1', '7'],
      ['1', '7'],
      ['1', '7'],
    ]);
  });

  it('reach a POST without a key, though they can be read once', async () => {
    await createFetch()(server.url, { method: 'POST', body: 'x', headers: pairs().entries() as never });

    expect(server.seen[0]?.headers['x-a']).toBe('1');
  });

  const own = new Headers({ 'x-a': '1' });
  const record: Record<string, string> = { 'x-a': '1' };
  const list: [string, string][] = [['x-a', '1']];
  const longer: [string, string][] = [['x-a', '1']];
  const map = pairs();
  it.each([
    ['Headers', own, () => own.set('x-a', '2')],
    ['a record', record, () => Object.assign(record, { 'x-a': '2' })],
    ['pairs', list, () => (list[0] as [string, string]).splice(1, 1, '2')],
    ['more pairs', longer, () => longer.push(['x-b', '2'])],
    ['a Map', map, () => map.set('x-a', '2')],
  ])('are those of the call, whoever changes them meanwhile: %s', async (_, headers, change) => {
    const seen = await sentThrice(here, { headers: headers as never }, change);

    expect(seen.map((it) => [it.headers['x-a'], it.headers['x-b']])).toEqual([
      ['1', undefined],
      ['1', undefined],
      ['1', undefined],
    ]);
  });

  it.each([
    ['a text', 'a: b'],
    ['a number', 7],
    ['nothing', null],
    ['a pair of one', [['a']]],
    ['a text for a pair', ['ab']],
  ])('are refused as fetch refuses them: %s', async (_, headers) => {
    const init = { headers } as never;
    const api = createFetch();

    const errors = [await caught(api(server.url, init)), await caught(fetch(server.url, init))];

    expect(errors[0]).toEqual(errors[1]);
    expect(errors[0]).toBeInstanceOf(TypeError);
  });

  it('of another platform go to its fetch as they are', async () => {
    const foreign = {
      append() {},
      *[Symbol.iterator]() {
        yield ['idempotency-key', '7'];
      },
    };
    const sent: unknown[] = [];
    const api = createFetch({
      retry: { backoff: 0, maxAttempts: 2 },
      fetch: async (_: unknown, init?: RequestInit) => {
        sent.push(init?.headers);
        return new Response('', { status: 503 });
      },
    });

    await api(URL_A, { method: 'POST', headers: foreign as never });

    expect(sent.map((it) => it === foreign)).toEqual([true, true]);
  });

  it('may be of no class where a platform has none', async () => {
    vi.stubGlobal('Headers', undefined);
    let sent: unknown;
    const api = createFetch({
      fetch: async (_: unknown, init?: RequestInit) => {
        sent = init?.headers;
        return { status: 200, headers: {} };
      },
    });

    await api(URL_A, { headers: { a: 'b' } });

    expect(sent).toEqual({ a: 'b' });
  });
});

describe('a body', () => {
  const params = new URLSearchParams('a=1');
  const form = new FormData();
  form.append('a', '1');
  form.append('a', '2');
  form.append('file', new File(['content'], 'name.txt', { type: 'text/x' }));
  const bytes = new TextEncoder().encode('abc');
  const whole = new TextEncoder().encode('-abc-');
  const buffer = new TextEncoder().encode('abc').buffer;
  const words = new Uint16Array([0x6261]);
  const node = Buffer.from('abc');
  const zero = (it: ArrayBufferView | ArrayBuffer) => () =>
    void new Uint8Array(ArrayBuffer.isView(it) ? it.buffer : it).fill(122);

  it.each([
    ['URLSearchParams', params, () => params.set('a', '2'), 'a=1'],
    ['bytes', bytes, zero(bytes), 'abc'],
    ['some of a buffer', whole.subarray(1, 4), zero(whole), 'abc'],
    ['a view', new DataView(whole.buffer.slice(1), 0, 3), zero(whole), 'abc'],
    ['words', words, zero(words), 'ab'],
    ['a buffer', buffer, zero(buffer), 'abc'],
    ['a Buffer of Node', node, () => node.fill('z'), 'abc'],
  ])('is that of the call, whoever changes it meanwhile: %s', async (_, body, change, expected) => {
    const seen = await sentThrice(here, { method: 'PUT', body }, change);

    expect(seen.map((it) => it.body)).toEqual([expected, expected, expected]);
  });

  it('is that of the call where it is a view of a buffer that changes', async () => {
    const { buffer: shared } = new TextEncoder().encode('-abc-');

    const seen = await sentThrice(here, { method: 'PUT', body: new DataView(shared, 1, 3) }, zero(shared));

    expect(seen.map((it) => it.body)).toEqual(['abc', 'abc', 'abc']);
  });

  it('may be of a class of bytes that is made of something else', async () => {
    class Word extends Uint8Array {
      constructor(text: string) {
        super(new TextEncoder().encode(text.toLowerCase()));
      }
    }

    const seen = await sentThrice(here, { method: 'PUT', body: new Word('ABC') }, () => {});

    expect(seen.map((it) => it.body)).toEqual(['abc', 'abc', 'abc']);
  });

  it('is that of the call where it is a form, whoever changes it meanwhile', async () => {
    const seen = await sentThrice(here, { method: 'PUT', body: form }, () => form.set('a', '3'));

    const plain = (body: string) => body.replaceAll(/----formdata-\S+/g, 'boundary').replaceAll('\r', '');
    expect(new Set(seen.map((it) => plain(it.body))).size).toBe(1);
    expect(plain(seen[2]?.body as string)).toContain('name="a"\n\n1\n');
    expect(plain(seen[2]?.body as string)).toContain('name="a"\n\n2\n');
    expect(plain(seen[2]?.body as string)).toContain(
      'name="file"; filename="name.txt"\nContent-Type: text/x\n\ncontent\n',
    );
  });

  it.each([
    ['a Buffer of Node', () => Buffer.from('abc')],
    ['words', () => new Uint16Array([1])],
    ['a view', () => new DataView(new ArrayBuffer(2), 1, 1)],
    ['a buffer', () => new ArrayBuffer(2)],
    ['URLSearchParams', () => new URLSearchParams('a=1')],
    ['a form', () => new FormData()],
  ])('stays what it is for who sends it: %s', async (_, make) => {
    let sent: unknown;
    const api = createFetch({
      fetch: async (_input: unknown, init?: RequestInit) => {
        sent = init?.body;
        return new Response();
      },
    });
    const body = make();

    await api(URL_A, { method: 'PUT', body });

    expect(sent).toEqual(body);
    expect((sent as object).constructor).toBe(body.constructor);
  });

  it.each([
    ['a text', 'x'],
    ['a Blob', new Blob(['x'])],
    ['bytes that others share', new Uint8Array(new SharedArrayBuffer(1))],
    ['a stream', new ReadableStream()],
    ['a form that is a stream', Object.assign(new FormData(), { pipe() {} })],
  ])('that nobody changes, or that cannot be copied, goes as it is: %s', async (_, body) => {
    let sent: unknown;
    const api = createFetch({
      fetch: async (_input: unknown, init?: RequestInit) => {
        sent = init?.body;
        return new Response();
      },
    });

    await api(URL_A, { method: 'PUT', body: body as never });

    expect(sent === body).toBe(true);
  });

  it('may be of a platform that has no forms', async () => {
    vi.stubGlobal('FormData', undefined);
    let sent: unknown;
    const api = createFetch({
      fetch: async (_input: unknown, init?: RequestInit) => {
        sent = init?.body;
        return new Response();
      },
    });

    await api(URL_A, { method: 'PUT', body: new Uint8Array([1]) });

    expect(sent).toEqual(new Uint8Array([1]));
  });
});

describe('a Request', () => {
  const sentOf = async (request: unknown, init?: RequestInit) => {
    let sent: RequestInit | undefined;
    const api = createFetch({
      fetch: async (_: unknown, given?: RequestInit) => {
        sent = given;
        return new Response();
      },
    });
    await api(request as Request, init);
    const { signal: _, ...members } = sent ?? {};
    return members;
  };
  const request = () =>
    new Request(URL_A, { referrer: 'https://other.example.com/page', referrerPolicy: 'origin' });

  it('keeps its referrer, which fetch forgets of a Request that comes with an init', async () => {
    expect(await sentOf(request())).toEqual({
      referrer: 'https://other.example.com/page',
      referrerPolicy: 'origin',
    });
    expect(await sentOf(request(), {})).toEqual(await sentOf(request()));
  });

  it('has none of its own where it says nothing, or is of another platform', async () => {
    expect(await sentOf(new Request(URL_A))).toEqual({});
    expect(await sentOf(new Request(URL_A, { referrer: '' }))).toEqual({ referrer: '' });
    expect(await sentOf({ url: URL_A, method: 'GET' })).toStrictEqual({});
  });

  it('loses it to an init that says something, as without us', async () => {
    expect(await sentOf(request(), { method: 'PUT' })).toEqual({ method: 'PUT' });
  });

  it('reaches the server with its referrer', async () => {
    const referrer = `${server.url}/page`;

    await createFetch()(new Request(server.url, { referrer }));

    expect(server.seen[0]?.headers.referer).toBe(referrer);
  });

  it('for an init is read with the members that workers know', async () => {
    const init = Object.create({
      get cf() {
        return { cacheTtl: 5 };
      },
    });
    let sent: unknown;
    const api = createFetch({
      fetch: async (_: unknown, given?: RequestInit) => {
        sent = given;
        return new Response();
      },
    });

    await api(URL_A, init);

    expect(sent).toMatchObject({ cf: { cacheTtl: 5 } });
  });
});

describe('a signal', () => {
  it.each([
    ['an EventTarget', new EventTarget()],
    ['a text', 'soon'],
    ['what cannot be listened to', { aborted: false }],
  ])('that is none is for fetch to refuse: %s', async (_, signal) => {
    const api = createFetch();

    expect(await caught(api(server.url, { signal: signal as never }))).toBeInstanceOf(TypeError);
    expect(api.breakerFor(server.url).metrics.totals.calls).toBe(0);
    expect(server.seen).toHaveLength(0);
  });
});

describe('an address', () => {
  const answering = (options: Parameters<typeof createFetch>[0] = {}) =>
    createFetch({ fetch: async () => new Response(), ...options });

  it('goes by where the page is', async () => {
    vi.stubGlobal('location', { href: 'https://page.example.com/a/b' });
    const api = answering();

    await api('/users');
    await api('users');
    await api(null as never);
    await api('//other.example.com/');

    expect(api.breakers.names()).toEqual(['https://page.example.com', 'https://other.example.com']);
    expect(api.breakerFor('https://page.example.com').metrics.totals.calls).toBe(3);
  });

  it.each([
    ['/users', undefined],
    ['/users', {}],
    [null, { href: 'no address' }],
  ])('that is none goes to fetch: %s on %o', async (input, location) => {
    vi.stubGlobal('location', location);
    const api = answering();

    expect((await api(input as string)).status).toBe(200);
    expect(api.breakers.size).toBe(0);
  });

  it('with more slashes than usual is told from others', async () => {
    const api = answering();

    await api('https:///a.example.com/x');
    await api('https:///b.example.com/x');
    await api('https:c.example.com/x');
    await api('https:d.example.com/x');

    expect(api.breakers.names()).toEqual([
      'https://a.example.com',
      'https://b.example.com',
      'https://c.example.com',
      'https://d.example.com',
    ]);
  });

  it('that is asked for a breaker must be one', () => {
    const api = answering();

    expect(() => api.breakerFor('users')).toThrow(
      new TypeError('An address of http or https is needed, received "users"'),
    );
    expect(() => api.resilienceFor('ftp://a.test')).toThrow(
      new TypeError('An address of http or https is needed, received "ftp://a.test"'),
    );
    expect(api.breakers.size).toBe(0);
  });

  it('that is asked for a breaker goes by the key of the user', () => {
    const api = answering({ key: ({ url, method, input, init }) => [url.href, method, input, init].join() });

    expect(api.breakerFor(URL_A).name).toBe(`${URL_A},GET,${URL_A},`);
  });
});

describe('what is no request of HTTP', () => {
  it.each([
    ['the protected fetch', (api: typeof fetch) => api],
    ['something around it', (api: typeof fetch) => ((input, init) => api(input, init)) as typeof fetch],
  ])('reaches the platform’s fetch once, where that of the platform is %s', async (_, around) => {
    const input = 'data:text/plain,hi';
    const api = createFetch();
    vi.stubGlobal('fetch', around(api));

    expect(await (await fetch(input)).text()).toBe('hi');
    expect(await (await api(input)).text()).toBe('hi');
    expect(await caught(fetch(server.url, 7 as never))).toBeInstanceOf(TypeError);
  });

  it('reaches the platform’s fetch where that of the platform is around it and waits before', async () => {
    const api = createFetch();
    let times = 0;
    vi.stubGlobal('fetch', async (input: string, init?: RequestInit) => {
      if (++times > 1_000) throw new Error('it goes round');
      await null;
      return api(input, init);
    });

    expect(await (await fetch('data:text/plain,hi')).text()).toBe('hi');
    expect(await (await api('data:text/plain,hi')).text()).toBe('hi');
  });

  it('goes to a mock in the place of fetch, with what it came with', async () => {
    const api = createFetch();
    const mock = vi.fn(async () => new Response('mocked'));
    vi.stubGlobal('fetch', mock);
    const init = { method: 'PUT' };

    const answered = await Promise.all([api('/users'), api('/users', init), api('/users', init)]);

    expect(await Promise.all(answered.map((it) => it.text()))).toEqual(['mocked', 'mocked', 'mocked']);
    expect(mock.mock.calls).toEqual([
      ['/users', undefined],
      ['/users', init],
      ['/users', init],
    ]);
  });

  it('goes to the fetch of the user, which may ask for more of the kind', async () => {
    const api: typeof fetch = createFetch({
      fetch: (input: string) => (input === '/a' ? api('/b') : Promise.resolve(new Response(input))),
    });

    expect(await (await api('/a')).text()).toBe('/b');
  });

  it('may be what a fetch of the user’s refuses, and the next one passes', async () => {
    const api = createFetch();
    vi.stubGlobal('fetch', (input: string) => {
      if (input === '/bad') throw new Error('bad');
      return Promise.resolve(new Response(input));
    });

    expect(await caught(api('/bad'))).toEqual(new Error('bad'));
    expect(await (await api('/good')).text()).toBe('/good');
  });
});

describe('what a custom fetch does', () => {
  it('without a promise, in any of the ways, is its answer', async () => {
    const error = new Error('thrown at once');
    const thenable = { then: (_: unknown, reject: (error: unknown) => void) => reject(error) };
    for (const fails of [
      () => thenable,
      () => {
        throw error;
      },
    ]) {
      const api = createFetch({ fetch: fails as never, retry: false });

      expect(await caught(api(URL_A))).toBe(error);
      expect(api.breakerFor(URL_A).metrics.totals).toMatchObject({ calls: 1, failures: 1 });
    }
  });

  it('with a mistake of its caller is ignored, though it throws at once', async () => {
    const api = createFetch({
      fetch: (() => {
        throw new TypeError('no body for GET');
      }) as never,
    });

    await caught(api(URL_A, { body: 'x' }));

    expect(api.breakerFor(URL_A).metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  it('in handing on the signal it was given leaves other breakers as they are', async () => {
    const inner = createFetch();
    vi.stubGlobal('fetch', async () => new Response('inner'));
    const outer = createFetch({
      fetch: (input: unknown, init?: RequestInit) => inner(input as string, init),
    });

    await outer(URL_A);

    expect([outer, inner].map((it) => it.breakerFor(URL_A).metrics.totals.calls)).toEqual([1, 1]);
  });
});

describe('a status other than 429', () => {
  it.each([200, 403, 408, 425, 500, 503])('holds nobody back, though it names a time: %i', async (status) => {
    const clock = createManualClock();
    const headers = { 'retry-after': '20', ratelimit: '"a";r=0;t=20' };
    const api = createFetch({
      clock,
      retry: false,
      fetch: async () => new Response('', { status, headers }),
    });

    await api(URL_A);

    expect(api.resilienceFor(URL_A).metrics.pausedFor).toBe(0);
  });
});

describe('a response that is no event stream', () => {
  it.each(['application/x; like=text/event-stream', 'x-text/event-stream', 'xtext/event-stream'])(
    'is bounded, though it says %s',
    async (type) => {
      const clock = createManualClock();
      const api = createFetch({
        clock,
        bodyTimeout: 1_000,
        totalTimeout: false,
        fetch: async () => new Response(new ReadableStream(), { headers: { 'content-type': type } }),
      });
      const reading = caught((await api(URL_A)).text());

      await clock.advance(1_001);

      expect(await reading).toMatchObject({ code: 'ERR_BODY_TIMEOUT' });
    },
  );
});

describe('rejectWith: response', () => {
  it('leaves errors of the network what they are', async () => {
    const error = new TypeError('fetch failed', { cause: new Error('lost') });
    const api = createFetch({ rejectWith: 'response', retry: false, fetch: () => Promise.reject(error) });

    expect(await caught(api(URL_A))).toBe(error);
  });
});
