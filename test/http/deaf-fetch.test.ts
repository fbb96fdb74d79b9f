/** A `fetch` that sends nothing and listens to no signal: whatever ends a body here, it is not the platform. */
import { getEventListeners } from 'node:events';
import { createFetch, isBodyTimeoutError } from 'recloser/http';
import { isTotalTimeoutError } from 'recloser/resilience';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';

const URL_A = 'https://api.example.com/users';

const caught = (promise: Promise<unknown> | undefined) =>
  Promise.resolve(promise).then(
    () => 'no error',
    (error: unknown) => error,
  );

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Some of a body, and nothing more. */
const half = () =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array([123])) });

type Options = Parameters<typeof createFetch>[0];

/** A fetch that is deaf, and answers half of a body. */
function deaf(options: Options = {}, headers: Record<string, string> = {}) {
  const clock = createManualClock();
  const api = createFetch({ fetch: async () => new Response(half(), { headers }), clock, ...options });
  const controller = new AbortController();
  const { signal } = controller;
  return {
    clock,
    controller,
    signal,
    ask: () => api(URL_A, { signal }),
    totals: () => api.breakerFor(URL_A).metrics.totals,
  };
}

const READS: [string, (response: Response) => Promise<unknown>][] = [
  ['json', (it) => it.json()],
  ['text', (it) => it.text()],
  ['arrayBuffer', (it) => it.arrayBuffer()],
  ['blob', (it) => it.blob()],
  ['the text of a clone', (it) => it.clone().text()],
  ['the text of what was cloned', (it) => it.clone() && it.text()],
  ['the body', (it) => it.body?.pipeTo(new WritableStream()) ?? Promise.resolve()],
  ['the body of a clone', (it) => it.clone().body?.pipeTo(new WritableStream()) ?? Promise.resolve()],
  ['a Response around the body', (it) => new Response(it.body).text()],
  ['a branch of the body', (it) => new Response(it.body?.tee()[0] ?? null).text()],
];

const WAYS: [string, Options, Record<string, string>][] = [
  ['whose time is that of the call', { bodyTimeout: 60_000 }, {}],
  ['whose chunks are watched', { bodyTimeout: 1_000 }, {}],
  ['without a time for all of it', { totalTimeout: false, bodyTimeout: 1_000 }, {}],
  ['of an event stream', {}, { 'content-type': 'text/event-stream' }],
];

describe.each(WAYS)('a body %s', (_, options, headers) => {
  describe.each(READS)('read by %s', (_, read) => {
    it('ends with the reason of its caller, who is ignored', async () => {
      const { ask, controller, signal, clock, totals } = deaf(options, headers);
      const reading = caught(read(await ask()));
      await turn();
      const reason = new Error('gone');

      controller.abort(reason);

      expect((await reading) === reason).toBe(true);
      expect(totals()).toMatchObject({ calls: 1, failures: 0 });
      await turn();
      await clock.advance(0);
      expect([clock.timers, getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
    });

    it('is at its end where its caller has gone before', async () => {
      const { ask, controller, totals } = deaf(options, headers);
      const response = await ask();

      controller.abort('gone');

      expect(await caught(read(response))).toBe('gone');
      expect(totals()).toMatchObject({ calls: 1, failures: 0 });
    });
  });

  it('ends between two chunks', async () => {
    const { ask, controller } = deaf(options, headers);
    const reader = (await ask()).body?.getReader();
    await reader?.read();

    controller.abort('gone');

    expect(await caught(reader?.read())).toBe('gone');
  });

  it('ends with all of its clones', async () => {
    const { ask, controller } = deaf(options, headers);
    const response = await ask();
    const [first, second] = [response.clone(), response.clone()];
    const readings = Promise.all([caught(response.json()), caught(first.text())]);
    await turn();

    controller.abort('gone');

    expect(await readings).toEqual(['gone', 'gone']);
    expect(await caught(second.text())).toBe('gone');
  });
});

describe('a body that stands still, of a fetch that is deaf', () => {
  it.each(READS)('ends after bodyTimeout when it is read by %s', async (_, read) => {
    const { ask, clock, totals } = deaf({ bodyTimeout: 1_000, totalTimeout: 5_000 });
    const reading = caught(read(await ask()));
    await turn();

    await clock.advance(1_001);

    expect(isBodyTimeoutError(await reading)).toBe(true);
    expect(totals()).toMatchObject({ calls: 2, failures: 1, timeouts: 1 });
  });

  it.each(READS.slice(0, 6))('ends with the time of the call when it is read by %s', async (_, read) => {
    const { ask, clock, totals } = deaf({ bodyTimeout: 9_000, totalTimeout: 5_000 });
    const reading = caught(read(await ask()));
    await turn();

    await clock.advance(6_000);

    expect(isTotalTimeoutError(await reading)).toBe(true);
    expect(totals()).toMatchObject({ calls: 2, failures: 1, timeouts: 1 });
  });

  it('stands still for nobody who has let go of it', async () => {
    const { ask, clock, totals } = deaf({ bodyTimeout: 1_000, totalTimeout: false });
    const body = (await ask()).body as ReadableStream<Uint8Array>;
    const first = body.getReader();
    await first.read();
    const released = caught(first.read());
    await turn();
    first.releaseLock();

    await clock.advance(5_000);
    const [unread, timers] = [totals(), clock.timers];
    const second = caught(body.getReader().read());
    await turn();
    await clock.advance(1_001);

    expect(await released).toBeInstanceOf(TypeError);
    expect([unread, timers]).toMatchObject([{ calls: 1, failures: 0 }, 0]);
    expect(isBodyTimeoutError(await second)).toBe(true);
    expect(totals()).toMatchObject({ calls: 2, failures: 1 });
  });

  it('hands what comes while nobody reads it to the next who does', async () => {
    let source!: ReadableStreamDefaultController<Uint8Array>;
    const slow = new ReadableStream<Uint8Array>({
      start: (controller) => {
        source = controller;
      },
    });
    const { ask, clock, totals } = deaf({ fetch: async () => new Response(slow), bodyTimeout: 1_000 });
    const body = (await ask()).body as ReadableStream<Uint8Array>;
    const first = body.getReader();
    const released = caught(first.read());
    await turn();
    first.releaseLock();
    await clock.advance(5_000);
    const second = body.getReader();
    const answered = second.read();
    await turn();

    source.enqueue(new Uint8Array([1]));
    source.close();

    expect(await released).toBeInstanceOf(TypeError);
    expect([await answered, (await second.read()).done]).toEqual([
      { done: false, value: new Uint8Array([1]) },
      true,
    ]);
    expect(totals()).toMatchObject({ calls: 1, failures: 0 });
  });

  it('is at its end for a clone that is read later', async () => {
    const { ask, clock, totals } = deaf({ bodyTimeout: 1_000, totalTimeout: 5_000 });
    const response = await ask();
    const clone = response.clone();
    const reading = caught(response.json());
    await turn();
    await clock.advance(1_001);

    const errors = [await reading, await caught(clone.text())];

    expect(errors.map(isBodyTimeoutError)).toEqual([true, true]);
    expect(totals()).toMatchObject({ calls: 2, failures: 1 });
  });

  it('leaves no timer, and nothing on the signal of its caller', async () => {
    const { ask, clock, signal } = deaf({ bodyTimeout: 1_000, totalTimeout: 5_000 });
    const reading = caught(ask().then((it) => it.text()));
    await turn();

    await clock.advance(1_001);
    await reading;
    await turn();
    await clock.advance(0);

    expect([clock.timers, getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  });
});

describe('a body that comes to its end', () => {
  it.each(READS)('is its caller’s alone when it has been read by %s', async (_, read) => {
    const clock = createManualClock();
    const { signal } = new AbortController();
    const api = createFetch({ fetch: async () => new Response('{}'), clock });

    await read(await api(URL_A, { signal }));
    await turn();

    expect(api.breakerFor(URL_A).metrics.totals).toMatchObject({ calls: 1, failures: 0 });
    expect(clock.timers).toBe(0);
  });

  it('tells its source that its caller has gone', async () => {
    let heard: unknown;
    const clock = createManualClock();
    const controller = new AbortController();
    const source = new ReadableStream({
      cancel: (reason) => {
        heard = reason;
      },
    });
    const api = createFetch({ fetch: async () => new Response(source), clock });
    const reader = (await api(URL_A, { signal: controller.signal })).body?.getReader();
    const pending = caught(reader?.read());
    await turn();

    controller.abort('gone');
    await clock.advance(0);

    expect([await pending, heard]).toEqual(['gone', 'gone']);
  });
});

describe('one body of two', () => {
  it('may be read to its end, and its caller governs the other', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const api = createFetch({ fetch: async () => new Response('{}') });
    const response = await api(URL_A, { signal });
    const clone = response.clone();
    await clone.text();

    controller.abort('gone');

    expect(await caught(response.text())).toBe('gone');
  });

  it('leaves the signal of its caller alone when it is the last', async () => {
    const { signal } = new AbortController();
    const api = createFetch({ fetch: async () => new Response('{}') });
    const response = await api(URL_A, { signal });
    const [first, second] = [response.clone(), response.clone()];
    const listeners = () => getEventListeners(signal, 'abort').length;

    await first.text();
    await second.json();
    const before = listeners();
    await response.arrayBuffer();

    expect([before, listeners()]).toEqual([1, 0]);
  });

  it('that is cancelled is one that nobody wants', async () => {
    const { signal } = new AbortController();
    const api = createFetch({ fetch: async () => new Response('{}') });
    const response = await api(URL_A, { signal });
    const clone = response.clone();

    await clone.text();
    await response.body?.cancel();

    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

/** A body of another platform, with what its reader is asked. */
function foreign(chunks: unknown[], isOfBytes = true) {
  const asked: unknown[] = [];
  const reader = {
    read: async () => {
      asked.push('read');
      const value = await chunks.shift();
      if (value instanceof Error) throw value;
      return value === undefined ? { done: true } : { done: false, value };
    },
    cancel: async (reason: unknown) => void asked.push(['cancel of the reader', reason]),
    releaseLock: () => void asked.push('release'),
  };
  const stream = {
    locked: false,
    cancel: async (reason: unknown) => void asked.push(['cancel', reason]),
    getReader: (options?: { mode: string }) => {
      if (options !== undefined && !isOfBytes) throw new TypeError('no stream of bytes');
      asked.push(options?.mode ?? 'default');
      return reader;
    },
  };
  class Foreign {
    readonly status = 200;
    readonly headers = new Headers();
    get body() {
      return stream;
    }
  }
  const api = createFetch({ fetch: async () => new Foreign() as never, clock: createManualClock() });
  return { api, asked };
}

describe('a body of another platform', () => {
  it('of bytes passes no empty chunk on, and may be read into a buffer', async () => {
    const chunks = [new Uint8Array(0), new Uint8Array([1]), new Uint8Array(0), new Uint8Array([2, 3])];
    const { api } = foreign(chunks);
    const reader = (await api(URL_A)).body?.getReader({ mode: 'byob' });

    const lengths = [];
    for (;;) {
      const { done, value } = (await (reader as ReadableStreamBYOBReader).read(new Uint8Array(8))) as {
        done: boolean;
        value?: Uint8Array;
      };
      lengths.push([done, value?.byteLength]);
      if (done) break;
    }

    expect(lengths).toEqual([
      [false, 1],
      [false, 2],
      [true, 0],
    ]);
  });

  it('of anything else passes on what comes', async () => {
    const { api, asked } = foreign([new Uint8Array(0), 'text', { a: 1 }], false);
    const reader = (await api(URL_A)).body?.getReader();

    const read = [await reader?.read(), await reader?.read(), await reader?.read(), await reader?.read()];

    expect(read).toEqual([
      { done: false, value: new Uint8Array(0) },
      { done: false, value: 'text' },
      { done: false, value: { a: 1 } },
      { done: true, value: undefined },
    ]);
    expect(asked).toEqual(['default', 'read', 'read', 'read', 'read']);
  });

  it.each([
    [true, ['byob', 'release']],
    [false, []],
  ])(
    'is asked for nothing, and not locked, before somebody reads: of bytes %s',
    async (isOfBytes, before) => {
      const { api, asked } = foreign([new Uint8Array(1)], isOfBytes);

      const body = (await api(URL_A)).body;
      await turn();

      expect([asked, body?.locked]).toEqual([before, false]);
    },
  );

  it('is asked for nothing by whom its caller has left', async () => {
    const { api, asked } = foreign([new Uint8Array(1)]);
    const controller = new AbortController();
    const reader = (await api(URL_A, { signal: controller.signal })).body?.getReader();

    controller.abort('gone');

    expect(await caught(reader?.read())).toBe('gone');
    expect(asked).not.toContain('read');
  });

  it('that breaks off once it has been left says nothing', async () => {
    let breakOff!: (error: Error) => void;
    const late = new Promise((_, reject) => {
      breakOff = reject;
    });
    const { api } = foreign([late]);
    const reader = (await api(URL_A)).body?.getReader();
    const pending = reader?.read();
    await turn();
    await reader?.cancel('enough');

    breakOff(new Error('cut'));
    await turn();

    expect(await pending).toEqual({ done: true, value: undefined });
    expect(api.breakerFor(URL_A).metrics.totals).toMatchObject({ calls: 1, failures: 0 });
  });

  it('hears why nobody reads it, or reads on', async () => {
    const [unread, begun] = [foreign([]), foreign([new Uint8Array(1)])];

    await (await unread.api(URL_A)).body?.cancel('unread');
    const reader = (await begun.api(URL_A)).body?.getReader();
    await reader?.read();
    await reader?.cancel('enough');

    expect(unread.asked.at(-1)).toEqual(['cancel', 'unread']);
    expect(begun.asked.at(-1)).toEqual(['cancel of the reader', 'enough']);
  });

  it('is one more failed call where it breaks off, and the error comes through', async () => {
    const cut = new Error('cut');
    const { api } = foreign([new Uint8Array(1), cut]);
    const reader = (await api(URL_A)).body?.getReader();
    await reader?.read();

    expect(await caught(reader?.read())).toBe(cut);
    expect(api.breakerFor(URL_A).metrics.totals).toMatchObject({ calls: 2, successes: 1, failures: 1 });
  });
});
