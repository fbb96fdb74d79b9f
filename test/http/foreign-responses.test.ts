/** Responses that are not quite the platform's: of classes of their own, of mocks, of other clients, frozen. */
import { Readable } from 'node:stream';
import { createFetch, isBodyTimeoutError } from 'recloser/http';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../support/garbage.mjs';

const URL_A = 'https://api.example.com/users';

const caught = (promise: Promise<unknown> | undefined) =>
  Promise.resolve(promise).then(
    () => 'no error',
    (error: unknown) => error,
  );

const turn = () => new Promise((resolve) => setImmediate(resolve));

type Options = Parameters<typeof createFetch>[0];

/** A protected fetch that answers one thing. */
function answering(answer: () => unknown, options: Options = {}) {
  const clock = createManualClock();
  const api = createFetch({ fetch: async () => answer() as Response, clock, retry: false, ...options });
  return { api, clock, totals: () => api.breakerFor(URL_A).metrics.totals };
}

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

const METHODS = ['json', 'text', 'arrayBuffer', 'blob', 'formData', 'bytes'] as const;

describe.each(METHODS)('%s of a class of its own', (method) => {
  /** A response whose one method settles so. */
  function response(settle: () => Promise<unknown>) {
    class Foreign {
      readonly status = 200;
    }
    Object.defineProperty(Foreign.prototype, method, { value: settle, configurable: true });
    return new Foreign();
  }

  const outcomeOf = async (settle: () => Promise<unknown>) => {
    const { api, totals, clock } = answering(() => response(settle));
    const read = (await api(URL_A)) as unknown as Record<string, () => Promise<unknown>>;
    const answer = await (read[method] as () => Promise<unknown>)().catch((error: unknown) => [error]);
    const { calls, failures } = totals();
    await turn();
    await clock.advance(0);
    return { answer, calls, failures, timers: clock.timers };
  };

  it('answers what it answers', async () => {
    expect(await outcomeOf(async () => 'read')).toEqual({
      answer: 'read',
      calls: 1,
      failures: 0,
      timers: 0,
    });
  });

  it.each([
    ['an error', new Error('cut')],
    ['a TypeError with a cause', new TypeError('terminated', { cause: new Error('cut') })],
    ['nothing', undefined],
  ])('that breaks off with %s is one more failed call', async (_, error) => {
    expect(await outcomeOf(() => Promise.reject(error))).toEqual({
      answer: [error],
      calls: 2,
      failures: 1,
      timers: 0,
    });
  });

  it('that cannot be parsed is an answer of json and of formData alone', async () => {
    const unparsed = method === 'formData' ? new TypeError('no form') : new SyntaxError('no json');
    const isParsed = method === 'json' || method === 'formData';

    const { answer, failures } = await outcomeOf(() => Promise.reject(unparsed));

    expect([answer, failures]).toEqual([[unparsed], isParsed ? 0 : 1]);
  });
});

describe('a response of a class that extends the platform’s', () => {
  it('is read, cloned and locked as that is', async () => {
    class Own extends Response {}
    const { api, totals } = answering(() => new Own('{"a":1}', { headers: { 'x-a': 'b' } }));
    const response = await api(URL_A);
    const clone = response.clone();

    const read = [await response.json(), await clone.text(), clone.headers.get('x-a')];

    expect(read).toEqual([{ a: 1 }, '{"a":1}', 'b']);
    expect([response.constructor === Own, response instanceof Own]).toEqual([true, true]);
    expect(totals()).toMatchObject({ calls: 1, failures: 0 });
  });

  it('is read by its own way of reading where chunks are watched', async () => {
    class Own extends Response {
      override async json() {
        return { own: await super.json() };
      }
    }
    const { api } = answering(() => new Own('{"a":1}'), { bodyTimeout: 1_000, totalTimeout: 5_000 });

    expect(await (await api(URL_A)).json()).toEqual({ own: { a: 1 } });
  });

  it.each([
    ['', {}],
    [', where chunks are watched', { bodyTimeout: 1_000, totalTimeout: 5_000 }],
  ])('is read by what has been put in the place of its methods since%s', async (_, options) => {
    class Own extends Response {}
    const { api } = answering(() => new Own('{"a":1}'), options);
    await (await api(URL_A)).json();
    const told: string[] = [];
    for (const method of ['json', 'clone'] as const) {
      const before = Own.prototype[method] as () => Promise<unknown>;
      Object.defineProperty(Own.prototype, method, {
        value(this: Response) {
          told.push(method);
          return Reflect.apply(before, this, []);
        },
      });
    }
    const response = await api(URL_A);
    response.clone();

    expect([await response.json(), told]).toEqual([{ a: 1 }, ['clone', 'json']]);
  });

  it('is bounded by chunk as the platform’s is, and so is its clone', async () => {
    class Own extends Response {}
    const { api, clock, totals } = answering(() => new Own(new ReadableStream()), {
      bodyTimeout: 1_000,
      totalTimeout: 5_000,
    });
    const response = await api(URL_A);
    const readings = Promise.all([caught(response.clone().text()), caught(response.text())]);
    await turn();

    await clock.advance(1_001);

    expect(await readings).toMatchObject([{ code: 'ERR_BODY_TIMEOUT' }, { code: 'ERR_BODY_TIMEOUT' }]);
    expect(totals()).toMatchObject({ calls: 2, failures: 1 });
  });

  it('is read by that of the platform where it can be made of something else alone', async () => {
    class Own extends Response {
      readonly first: string | undefined;
      constructor(parts: string[]) {
        super(parts.join(' '));
        this.first = parts[0];
      }
    }
    const { api } = answering(() => new Own(['a', 'b']), { bodyTimeout: 1_000, totalTimeout: 5_000 });
    const response = await api(URL_A);

    expect([await response.text(), (response as Own).first]).toEqual(['a b', 'a']);
  });
});

describe('a mock of a response', () => {
  const BOTH: [string, Options][] = [
    ['watched', {}],
    ['watched by chunk', { bodyTimeout: 1_000, totalTimeout: 5_000 }],
    ['left alone', { bodyTimeout: false }],
  ];

  it.each(BOTH)('with a body that is none keeps it: %s', async (_, options) => {
    const readable = Readable.from(['a']);
    for (const body of ['text', { a: 1 }, 7, null, undefined, readable]) {
      const { api } = answering(() => ({ ok: true, status: 200, body }), options);

      const response = await api(URL_A);

      expect(response.body === body).toBe(true);
      expect(Object.getOwnPropertyDescriptor(response, 'body')).toMatchObject({ writable: true });
    }
  });

  it.each(BOTH)('of a class whose body is a stream of Node keeps that: %s', async (_, options) => {
    const readable = Readable.from(['a', 'b']);
    class NodeFetched {
      readonly status = 200;
      readonly headers = new Headers();
      get body() {
        return readable;
      }
      async text() {
        return (await readable.toArray()).join('');
      }
    }
    const { api } = answering(() => new NodeFetched(), options);
    const response = await api(URL_A);

    expect((response.body as unknown) === readable).toBe(true);
    expect(await response.text()).toBe('ab');
  });

  it.each(BOTH)('whose body throws is handed on: %s', async (_, options) => {
    const mock = Object.defineProperty({ status: 200 }, 'body', {
      get: () => {
        throw new Error('no body');
      },
      enumerable: true,
      configurable: true,
    });
    const { api } = answering(() => mock, options);

    expect((await api(URL_A)) as unknown).toBe(mock);
  });

  it('of a class without anything to read keeps its prototype', async () => {
    class Nothing {
      readonly status = 200;
    }
    const { api } = answering(() => new Nothing());

    expect(Object.getPrototypeOf(await api(URL_A))).toBe(Nothing.prototype);
  });

  it('with a body and ways of reading it of its own is read by those', async () => {
    class Mock {
      readonly status = 200;
      readonly body = streamOf('body');
      readonly says: string;
      constructor(says: string) {
        this.says = says;
      }
      async text() {
        return this.says;
      }
    }
    const { api } = answering(() => new Mock('own'), { bodyTimeout: 1_000, totalTimeout: 5_000 });

    expect(await (await api(URL_A)).text()).toBe('own');
  });
});

describe('a body that is a member of its response, as in workers', () => {
  const KINDS: [string, (body: ReadableStream) => object][] = [
    ['a value', (body) => withOwn({ value: body })],
    ['a getter', (body) => withOwn({ get: () => body })],
    ['a getter that answers a fresh stream', () => withOwn({ get: () => streamOf('wo', 'rker') })],
  ];
  function withOwn(member: PropertyDescriptor): object {
    class Worker {
      readonly status = 200;
      readonly bodyUsed = false;
      async text() {
        return 'worker';
      }
    }
    return Object.defineProperty(new Worker(), 'body', { ...member, enumerable: true, configurable: true });
  }

  it.each(KINDS)('is watched, and read as it comes: %s', async (_, make) => {
    const { api, totals, clock } = answering(() => make(streamOf('wo', 'rker')));
    const response = await api(URL_A);
    const shown = Object.getOwnPropertyDescriptor(response, 'body');

    expect(await new Response(response.body).text()).toBe('worker');
    expect(shown).toMatchObject({ enumerable: true, configurable: true });
    await clock.advance(0);
    expect(totals()).toMatchObject({ calls: 1, failures: 0 });
    expect(clock.timers).toBe(0);
  });

  it('ends with bodyTimeout', async () => {
    const { api, clock, totals } = answering(() => withOwn({ value: new ReadableStream() }), {
      bodyTimeout: 1_000,
    });
    const reading = caught((await api(URL_A)).body?.getReader().read());
    await turn();

    await clock.advance(1_001);

    expect(await reading).toMatchObject({ code: 'ERR_BODY_TIMEOUT' });
    expect(totals()).toMatchObject({ calls: 2, failures: 1 });
  });

  it('is left alone where it cannot be changed', async () => {
    const body = streamOf('worker');
    class Fixed {
      readonly status = 200;
    }
    const fixed = Object.defineProperty(new Fixed(), 'body', { value: body });
    const { api } = answering(() => fixed);

    expect((await api(URL_A)).body === body).toBe(true);
  });

  it('may be one that nobody can read', async () => {
    const mock = Object.defineProperty(new (class Deaf {})(), 'body', { set: () => {}, configurable: true });
    const { api } = answering(() => Object.assign(mock, { status: 200 }));

    expect((await api(URL_A)).body).toBeUndefined();
  });
});

describe('a body that somebody holds', () => {
  class Fresh extends Response {}
  const make = () => new Fresh(streamOf('bo', 'dy'));

  it('is locked by who reads its response, as the platform’s is', async () => {
    const { api } = answering(make);
    const response = await api(URL_A);
    const { body } = response;

    const reading = response.text();

    expect([body?.locked, response.body === body, response.body?.locked]).toEqual([true, true, true]);
    expect(await reading).toBe('body');
    expect([body?.locked, response.bodyUsed]).toEqual([true, true]);
  });

  it('is locked by a clone of its response', async () => {
    const { api } = answering(make);
    const response = await api(URL_A);
    const { body } = response;

    const clone = response.clone();

    expect([body?.locked, response.body === body, response.body?.locked]).toEqual([true, false, false]);
    expect([await response.text(), await clone.text()]).toEqual(['body', 'body']);
  });

  it('says so to who reads or clones its response', async () => {
    const { api } = answering(make);
    const response = await api(URL_A);
    response.body?.getReader();
    const message = 'The body of the response is locked: somebody reads it';

    expect(await caught(response.text())).toEqual(new TypeError(message));
    expect(() => response.clone()).toThrow(new TypeError(message));
  });

  it('is the platform’s where that reads it already', async () => {
    const { api } = answering(make);
    const response = await api(URL_A);
    const reading = response.text();

    expect(response.body?.locked).toBe(true);
    expect(await reading).toBe('body');
  });
});

/** Errors a stream when a signal aborts that nothing but this listens to. */
const follow = (signal: AbortSignal, controller: ReadableStreamDefaultController) =>
  signal.addEventListener('abort', () => controller.error(signal.reason));

/** A body that ends with the signal of its request, which it does not hold. */
function following(signal: AbortSignal): ReadableStream {
  const at = {} as { controller: ReadableStreamDefaultController };
  const stream = new ReadableStream({ start: (it) => void Object.assign(at, { controller: it }) });
  follow(signal, at.controller);
  return stream;
}

describe('the signal of a request', () => {
  const settle = async () => {
    for (let i = 0; i < 5; i++) await collectGarbage();
  };

  it.each([
    ['a frozen response', {}, true],
    ['a response that is left alone', { bodyTimeout: false } as const, false],
  ])('lives as long as the body of %s', async (_, options, isFrozen) => {
    const controller = new AbortController();
    const api = createFetch({
      ...options,
      fetch: async (_input: unknown, init?: RequestInit) => {
        const response = new Response(following(init?.signal as AbortSignal));
        return isFrozen ? Object.freeze(response) : response;
      },
    });
    const readerOf = async () => (await api(URL_A, { signal: controller.signal })).body?.getReader();
    const bodyOf = async () => (await api(URL_A, { signal: controller.signal })).body;

    const reader = await readerOf();
    const body = await bodyOf();
    await settle();
    controller.abort('gone');

    expect(await Promise.all([caught(reader?.read()), caught(body?.getReader().read())])).toEqual([
      'gone',
      'gone',
    ]);
  });
});

describe('a response of another client that is thrown away', () => {
  const discarded = async (body: AsyncIterable<unknown>, headers: Record<string, string> = {}) => {
    const clock = createManualClock();
    let calls = 0;
    const api = createFetch({
      clock,
      retry: { backoff: 0 },
      fetch: async () =>
        ++calls === 1 ? { status: 503, headers: new Headers(headers), body } : { status: 200 },
    });
    const { status } = await clock.settle(api(URL_A));
    await turn();
    return { status, clock };
  };

  it('is read to its end where it is small', async () => {
    const body = Readable.from([new Uint8Array(1_000), new Uint8Array(1_000)]);

    expect((await discarded(body)).status).toBe(200);
    expect([body.readableEnded, body.errored]).toEqual([true, null]);
  });

  it.each([
    ['says so', { 'content-length': '65537' }],
    ['turns out so', {}],
  ])('is destroyed where it is large and %s', async (_, headers) => {
    const body = new Readable({ read: () => void body.push(Buffer.alloc(32_768)) });

    await discarded(body, headers);

    expect(body.destroyed).toBe(true);
  });

  it('may be one that nobody can destroy', async () => {
    const body = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const { status, clock } = await discarded(body);

    await expect(clock.advance(1_001)).resolves.not.toThrow();
    expect(status).toBe(200);
  });

  it('is destroyed where it stands still', async () => {
    const body = new Readable({ read() {} });
    const { clock } = await discarded(body);
    const before = body.destroyed;

    await clock.advance(1_001);

    expect([before, body.destroyed]).toEqual([false, true]);
  });
});

describe('a platform whose methods are those of every body, and whose tag is for responses alone', () => {
  class Body {
    readonly #own: Response;
    constructor(body: BodyInit, init?: ResponseInit) {
      this.#own = new Response(body, init);
    }
    get body() {
      return this.#own.body;
    }
    get headers() {
      return this.#own.headers;
    }
    get status() {
      return 200;
    }
    get bodyUsed() {
      return this.#own.bodyUsed;
    }
    text() {
      return this.#own.text();
    }
    get [Symbol.toStringTag]() {
      return 'Body';
    }
  }

  class Answer extends Body {
    override get [Symbol.toStringTag]() {
      if (!(this instanceof Answer)) throw new TypeError('Illegal invocation');
      return 'Response';
    }
  }

  const hanging = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('half'));
      },
    });

  it('has a body that stands still ended', async () => {
    const { api, clock, totals } = answering(() => new Answer(hanging()), {
      bodyTimeout: 20,
      totalTimeout: false,
    });

    const reading = caught((await api(URL_A)).text());
    await turn();
    await clock.advance(20);

    expect(isBodyTimeoutError(await reading)).toBe(true);
    expect(totals().failures).toBe(1);
  });

  it('has a body that ends read as ever', async () => {
    const { api, totals } = answering(() => new Answer(streamOf('all ', 'of it')), {
      bodyTimeout: 20,
      totalTimeout: false,
    });

    expect(await (await api(URL_A)).text()).toBe('all of it');
    expect(totals()).toMatchObject({ successes: 1, failures: 0 });
  });

  it('has a tag that throws, and is read as it can be', async () => {
    const answer = Object.defineProperty(new Answer('all'), Symbol.toStringTag, {
      get() {
        throw new Error('not yet');
      },
    });
    const { api } = answering(() => answer, { bodyTimeout: 20, totalTimeout: false });

    expect(await (await api(URL_A)).text()).toBe('all');
  });
});
