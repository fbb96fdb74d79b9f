import { getEventListeners } from 'node:events';
import { createFetch, isBodyTimeoutError } from 'recloser/http';
import { isTotalTimeoutError } from 'recloser/resilience';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../support/garbage.mjs';
import { answers, breaksOff, stalls, useServer } from './server.js';

const server = useServer();

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

const READS: [string, (response: Response) => Promise<unknown>][] = [
  ['json', (it) => it.json()],
  ['text', (it) => it.text()],
  ['arrayBuffer', (it) => it.arrayBuffer()],
  ['blob', (it) => it.blob()],
  ['formData', (it) => it.formData()],
  ['the text of a clone', (it) => it.clone().text()],
  ['the text of a cloned clone', (it) => it.clone().clone().text()],
  ['a Response around its body', (it) => new Response(it.body, it).text()],
  ['its body, piped', (it) => it.body?.pipeTo(new WritableStream()) ?? Promise.resolve()],
  [
    'its body, item by item',
    async (it) => {
      for await (const _ of it.body as never as AsyncIterable<unknown>);
    },
  ],
  ['a branch of its body', (it) => new Response(it.body?.tee()[0] ?? null).text()],
];

describe('a body that stands still', () => {
  it.each(READS)('ends after bodyTimeout when it is read by %s', async (_, read) => {
    server.behave = stalls;
    const api = createFetch({ bodyTimeout: 20, totalTimeout: false });

    const error = await caught(api(server.url).then(read));

    expect(isBodyTimeoutError(error)).toBe(true);
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 2, failures: 1, timeouts: 1 });
  });

  it('ends after bodyTimeout where the call had more time', async () => {
    server.behave = stalls;
    const api = createFetch({ bodyTimeout: 20, totalTimeout: 5_000 });

    const error = await caught(api(server.url).then((it) => it.json()));

    expect(isBodyTimeoutError(error)).toBe(true);
  });

  it.each([1_000, 50])(
    'ends with the time of the call where the body trickles, with a bodyTimeout of %i',
    async (bodyTimeout) => {
      const clock = createManualClock();
      const trickle = () => clock.sleep(10).then(() => new Uint8Array([46]));
      const body = new ReadableStream({
        pull: async (controller) => controller.enqueue(await trickle()),
      });
      const api = createFetch({
        bodyTimeout,
        totalTimeout: 60,
        clock,
        fetch: async () => new Response(body),
      });

      const error = await clock.settle(caught(api(server.url).then((it) => it.text())));

      expect(isTotalTimeoutError(error)).toBe(true);
      expect(clock.now()).toBe(60);
      expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 2, timeouts: 1 });
    },
  );
});

describe('a body whose chunks are watched', () => {
  const api = createFetch({ bodyTimeout: 1_000, totalTimeout: 5_000 });

  it('is read as the platform reads it', async () => {
    server.behave = answers(200, '{"a":"é"}', { 'content-type': 'application/json' });

    expect(await (await api(server.url)).json()).toEqual({ a: 'é' });
    expect(await (await api(server.url)).text()).toBe('{"a":"é"}');
    const blob = await (await api(server.url)).blob();
    expect([blob.type, await blob.text()]).toEqual(['application/json', '{"a":"é"}']);
    expect(new Uint8Array(await (await api(server.url)).arrayBuffer())).toHaveLength(10);
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ failures: 0, successes: 4 });
  });

  it('is read as a form', async () => {
    server.behave = answers(200, 'a=1&b=2', { 'content-type': 'application/x-www-form-urlencoded' });

    const form = await (await api(server.url)).formData();

    expect([...(form as never as Iterable<unknown>)]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('is used once it has been read, and read once', async () => {
    server.behave = answers(200, 'answer');
    const response = await api(server.url);

    const both = await Promise.allSettled([response.text(), response.text()]);

    expect(both.map((it) => it.status)).toEqual(['fulfilled', 'rejected']);
    expect(response.bodyUsed).toBe(true);
    await expect(response.json()).rejects.toBeInstanceOf(TypeError);
  });

  it.each(['json', 'text', 'arrayBuffer', 'blob', 'formData'] as const)(
    'is used as soon as %s() reads it, whether somebody has looked at it or not',
    async (read) => {
      server.behave = answers(200, '1', { 'content-type': 'application/x-www-form-urlencoded' });
      const [response, seen] = [await api(server.url), await api(server.url)];
      const before = seen.body?.locked || seen.bodyUsed;

      const readings = [response[read](), seen[read]()];
      const after = [response.bodyUsed, seen.bodyUsed];
      await Promise.all(readings);

      expect([before, after]).toEqual([false, [true, true]]);
    },
  );

  it('is an answer where it cannot be parsed, and one more failed call where it breaks off', async () => {
    const own = createFetch({ bodyTimeout: 1_000, totalTimeout: 5_000 });
    server.behave = answers(200, '{');
    const unparsed = await caught(own(server.url).then((it) => it.json()));
    const before = own.breakerFor(server.url).metrics.totals.failures;
    server.behave = breaksOff;

    const broken = await caught(own(server.url).then((it) => it.json()));

    expect([unparsed, broken]).toMatchObject([{ name: 'SyntaxError' }, { name: 'TypeError' }]);
    expect([before, own.breakerFor(server.url).metrics.totals.failures]).toEqual([0, 1]);
  });

  it('leaves nothing on the signal of the caller', async () => {
    server.behave = answers(200, 'answer');
    const { signal } = new AbortController();

    await (await api(server.url, { signal })).text();

    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('a reader who leaves', () => {
  it('in the midst of a read ends it, and says nothing', async () => {
    let hasClosed = false;
    server.behave = (response, ...rest) => {
      response.on('close', () => {
        hasClosed = true;
      });
      stalls(response, ...rest);
    };
    const clock = createManualClock();
    const api = createFetch({ bodyTimeout: 30, totalTimeout: false, clock });
    const reader = (await api(server.url)).body?.getReader();
    await reader?.read();

    const pending = reader?.read();
    await reader?.cancel('enough');

    expect(await pending).toEqual({ done: true, value: undefined });
    await expect.poll(() => hasClosed).toBe(true);
    await clock.advance(50); // beyond bodyTimeout
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 1, failures: 0 });
  });

  it('of a clone leaves the other body alone', async () => {
    server.behave = (response) => {
      response.writeHead(200);
      response.write('first ');
      setTimeout(() => response.end('second'), 60);
    };
    const api = createFetch({ bodyTimeout: 500, totalTimeout: false });
    const response = await api(server.url);
    const reader = response.clone().body?.getReader();
    await reader?.read();

    const pending = reader?.read();
    reader?.cancel('enough').catch(() => {});
    await pending;

    expect(await response.text()).toBe('first second');
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 1, failures: 0 });
  });

  it('gives the connection back: cancelled, thrown away, or never read', async () => {
    let open = 0;
    server.behave = (response) => {
      open++;
      response.on('close', () => {
        open--;
      });
      response.writeHead(200);
      response.write('x'.repeat(1_000));
    };
    const api = createFetch();

    await (await api(server.url)).body?.cancel();
    await (async () => {
      for await (const _ of (await api(server.url)).body as never as AsyncIterable<unknown>) break;
    })();
    await (async () => {
      (await api(server.url)).headers.get('date');
      (await api(server.url)).body?.locked;
    })();

    await expect
      .poll(async () => {
        await collectGarbage();
        return open;
      })
      .toBe(0);
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 4, failures: 0 });
  });
});

describe('a body whose response nobody holds', () => {
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await collectGarbage();
  };

  it('is there all the same', async () => {
    server.behave = (response) => {
      response.writeHead(200);
      response.write('first ');
      setTimeout(() => response.end('second'), 30);
    };
    const api = createFetch();
    const bodyOf = async () => (await api(server.url)).body;

    const body = await bodyOf();
    await settle();

    expect(await new Response(body).text()).toBe('first second');
  });

  it.each([30_000, false] as const)(
    'ends with the signal of the caller, with a bodyTimeout of %s',
    async (bodyTimeout) => {
      server.behave = stalls;
      const api = createFetch({ bodyTimeout });
      const controller = new AbortController();
      const readerOf = async () => (await api(server.url, { signal: controller.signal })).body?.getReader();

      const reader = await readerOf();
      await reader?.read();
      await settle();
      const pending = caught(reader?.read() as Promise<unknown>);
      controller.abort(new Error('gone'));

      expect(await pending).toMatchObject({ message: 'gone' });
    },
  );
});

describe('many requests with one signal', () => {
  it('leave no listener on it, and cause no warning', async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => void warnings.push(warning.name);
    process.on('warning', note);
    const api = createFetch({ fetch: async () => new Response('answer') });
    const { signal } = new AbortController();

    try {
      for (let turn = 0; turn < 20; turn++) {
        const responses = await Promise.all(
          Array.from({ length: 50 }, () => api('http://a.test/', { signal })),
        );
        await Promise.all(responses.map((it) => it.text()));
      }
      await new Promise(setImmediate);
    } finally {
      process.off('warning', note);
    }

    expect([getEventListeners(signal, 'abort').length, warnings]).toEqual([0, []]);
  });
});
