import { getEventListeners } from 'node:events';
import { isCallTimeoutError, isCircuitBreakerOpenError } from 'recloser';
import { createFetch, isBodyTimeoutError, type ProtectedFetch } from 'recloser/http';
import { isHttpFailure } from 'recloser/presets';
import { attemptsOf, isRateLimitError, isTotalTimeoutError } from 'recloser/resilience';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it, vi } from 'vitest';
import { answers, breaksOff, cuts, hangs, inTurn, refusingUrl, stalls, useServer } from './server.js';

const server = useServer();
const QUICK = { retry: { backoff: 1 } } as const;

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe('a protected fetch', () => {
  it('answers what fetch answers', async () => {
    server.behave = answers(200, '{"name":"Ada"}');
    const api = createFetch();

    const response = await api(`${server.url}/users/7`);

    expect(response).toBeInstanceOf(Response);
    expect(response.constructor).toBe(Response);
    expect([response.status, response.ok, response.url]).toEqual([200, true, `${server.url}/users/7`]);
    expect(await response.json()).toEqual({ name: 'Ada' });
    expect(server.seen).toMatchObject([{ method: 'GET', url: '/users/7' }]);
  });

  it('has a breaker for each origin', async () => {
    const api = createFetch();

    await api(`${server.url}/a`);
    await api(new URL('/b', server.url));
    await api(new Request(`${server.url}/c`));

    expect(api.breakers.names()).toEqual([server.url]);
    expect(api.breakerFor(server.url).metrics.totals.successes).toBe(3);
    expect(api.resilienceFor(server.url)).toBe(api.registry.get(server.url));
  });

  it('opens on a server that answers 503, and calls it no more', async () => {
    server.behave = answers(503);
    const api = createFetch({ retry: false });

    for (let call = 1; call <= 5; call++) expect((await api(server.url)).status).toBe(503);
    const error = await caught(api(server.url));

    expect(isCircuitBreakerOpenError(error)).toBe(true);
    expect(server.seen).toHaveLength(5);
  });

  it.each([408, 425, 429, 500, 502, 503, 504, 507, 529, 599])('counts %i as a failure', async (status) => {
    server.behave = answers(status);
    const api = createFetch({ retry: false });

    await api(server.url);

    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ failures: 1, successes: 0 });
  });

  it.each([200, 204, 304, 400, 401, 403, 404, 409, 418, 422, 501, 505, 600, 999])(
    'counts %i as an answer',
    async (status) => {
      server.behave = answers(status, '');
      const api = createFetch();

      await api(server.url);

      expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ failures: 0, successes: 1 });
    },
  );

  it('sends what may be repeated again, and answers the good response', async () => {
    server.behave = inTurn(answers(503), answers(500), answers(200, 'well'));
    const api = createFetch(QUICK);

    const response = await api(server.url);

    expect(await response.text()).toBe('well');
    expect(server.seen).toHaveLength(3);
    expect(api.resilienceFor(server.url).metrics.totals).toMatchObject({ retries: 2, recovered: 1 });
  });

  it('answers the last bad response', async () => {
    server.behave = (response, _, number) => {
      response.writeHead(503).end(`bad ${number}`);
    };
    const api = createFetch(QUICK);

    const response = await api(server.url);

    expect([response.status, await response.text()]).toEqual([503, 'bad 3']);
  });

  it('sends a POST once that fails', async () => {
    server.behave = answers(503);
    const api = createFetch(QUICK);

    await api(server.url, { method: 'POST', body: 'order' });

    expect(server.seen).toMatchObject([{ method: 'POST', body: 'order' }]);
  });

  it.each([
    ['a record', { 'Idempotency-Key': '7' }],
    ['Headers', new Headers({ 'idempotency-key': '7' })],
    ['pairs', [['Idempotency-Key', '7']] as [string, string][]],
  ])('sends a POST with an idempotency key again, from %s', async (_, headers) => {
    server.behave = inTurn(answers(503), answers(200));
    const api = createFetch(QUICK);

    const response = await api(server.url, {
      method: 'POST',
      body: new URLSearchParams({ a: 'b' }),
      headers,
    });

    expect(response.status).toBe(200);
    expect(server.seen.map(({ body }) => body)).toEqual(['a=b', 'a=b']);
  });

  it('sends a POST again that has surely not left', async () => {
    const url = await refusingUrl();
    const api = createFetch({ retry: { backoff: 1 } });

    const error = await caught(api(url, { method: 'POST', body: 'order' }));

    expect(attemptsOf(error)).toMatchObject({ attempts: 3, stopped: 'attempts' });
  });

  it('sends a POST once whose connection was cut', async () => {
    server.behave = cuts;
    const api = createFetch(QUICK);

    const error = await caught(api(server.url, { method: 'POST', body: 'order' }));

    expect(error).toBeInstanceOf(TypeError);
    expect(server.seen).toHaveLength(1);
    expect(api.breakerFor(server.url).metrics.totals.failures).toBe(1);
  });

  it('sends a GET again whose connection was cut', async () => {
    server.behave = inTurn(cuts, answers(200));
    const api = createFetch(QUICK);

    expect((await api(server.url)).status).toBe(200);
  });

  it.each([
    ['a stream', () => ({ method: 'PUT', body: new Blob(['order']).stream(), duplex: 'half' })],
    [
      'an iterable',
      () => ({
        method: 'PUT',
        body: (async function* () {
          yield new TextEncoder().encode('order');
        })(),
        duplex: 'half',
      }),
    ],
  ])('sends %s once', async (_, init) => {
    server.behave = answers(503);
    const api = createFetch(QUICK);

    const response = await api(server.url, init() as never);

    expect(response.status).toBe(503);
    expect(server.seen).toMatchObject([{ body: 'order' }]);
  });

  it('sends a Request with a body once, and one without again', async () => {
    server.behave = answers(503);
    const api = createFetch({ ...QUICK, failureThreshold: false });

    await api(new Request(server.url, { method: 'PUT', body: 'order' }));
    const withBody = server.seen.length;
    await api(new Request(server.url));

    expect([withBody, server.seen.length]).toEqual([1, 4]);
  });

  it.each([
    ['bytes', new TextEncoder().encode('order')],
    ['a Blob', new Blob(['order'])],
    ['a buffer', new TextEncoder().encode('order').buffer],
  ])('sends %s again', async (_, body) => {
    server.behave = inTurn(answers(503), answers(200));
    const api = createFetch(QUICK);

    await api(server.url, { method: 'PUT', body });

    expect(server.seen.map((it) => it.body)).toEqual(['order', 'order']);
  });

  it('obeys x-should-retry: false', async () => {
    server.behave = answers(503, '', { 'x-should-retry': 'false' });
    const api = createFetch(QUICK);

    await api(server.url);

    expect(server.seen).toHaveLength(1);
  });

  it('takes an init that is a Request, and members of a class', async () => {
    const api = createFetch();

    await api(
      server.url,
      new Request('http://example.com', { method: 'DELETE', headers: { 'x-a': 'b' } }) as never,
    );

    expect(server.seen).toMatchObject([{ method: 'DELETE', headers: { 'x-a': 'b' } }]);
  });

  it.each([
    ['a bad header', { headers: { 'bad header': 'x' } }],
    ['a GET with a body', { body: 'x' }],
    ['a stream without duplex', { method: 'POST', body: new Blob(['x']).stream() }],
  ])('ignores the mistake of its caller: %s', async (_, init) => {
    const api = createFetch(QUICK);

    const error = await caught(api(server.url, init as never));

    expect(error).toBeInstanceOf(TypeError);
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 1, ignored: 1, failures: 0 });
  });

  it('ignores a Request that was used', async () => {
    const api = createFetch(QUICK);
    const request = new Request(server.url, { method: 'POST', body: 'x' });
    await api(request);

    await caught(api(request));

    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ successes: 1, ignored: 1 });
  });

  it('hands what is no HTTP to fetch untouched', async () => {
    const api = createFetch();

    expect(await (await api('data:text/plain,hi')).text()).toBe('hi');
    expect(await caught(api('no url'))).toBeInstanceOf(TypeError);
    expect(api.breakers.size).toBe(0);
  });

  it('looks fetch up for each call', async () => {
    const api = createFetch();
    const mock = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('mocked'));

    expect(await (await api('https://example.com')).text()).toBe('mocked');
    mock.mockRestore();
    expect(await (await api(server.url)).text()).toBe('answer');
  });
});

describe('time', () => {
  it('ends an attempt that has no headers, and aborts the request', async () => {
    let closed: (() => void) | undefined;
    const hasClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    server.behave = (response) => {
      response.on('close', () => closed?.());
    };
    const api = createFetch({ callTimeout: 30, retry: false });

    const error = await caught(api(server.url));

    expect(isCallTimeoutError(error)).toBe(true);
    await hasClosed;
    expect(api.breakerFor(server.url).metrics.totals.timeouts).toBe(1);
  });

  it('never sends a POST again after a timeout', async () => {
    server.behave = hangs;
    const clock = createManualClock();
    const api = createFetch({ callTimeout: 20, retry: { backoff: 1 }, clock });

    const asked = caught(api(server.url, { method: 'POST' }));
    await expect.poll(() => server.seen.length).toBe(1);
    await clock.advance(100);
    await asked;

    expect(server.seen).toHaveLength(1);
  });

  it('gives reading in one go what was left for the call, and counts a stall as one more failed call', async () => {
    server.behave = stalls;
    const clock = createManualClock();
    const api = createFetch({ totalTimeout: 60, clock });

    const response = await api(server.url);
    const reading = caught(response.json());
    await clock.advance(60);
    const error = await reading;

    expect(isTotalTimeoutError(error)).toBe(true);
    expect(error).toMatchObject({ timeout: 60, breaker: server.url });
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({
      calls: 2,
      successes: 1,
      failures: 1,
      timeouts: 1,
    });
  });

  it('lets the time before reading be the caller’s own', async () => {
    const clock = createManualClock();
    const api = createFetch({ totalTimeout: 50, clock });
    const response = await api(server.url);

    await clock.advance(80);

    expect(await response.text()).toBe('answer');
  });

  it('ends a streamed body that stands still while somebody reads', async () => {
    server.behave = stalls;
    const clock = createManualClock();
    const api = createFetch({ bodyTimeout: 40, totalTimeout: false, clock });

    const response = await api(server.url);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    const reading = caught(reader?.read() as Promise<unknown>);
    await clock.advance(40);
    const error = await reading;

    expect(new TextDecoder().decode(first?.value)).toBe('{"half":');
    expect(isBodyTimeoutError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'ERR_BODY_TIMEOUT',
      timeout: 40,
      breaker: server.url,
      statusCode: 504,
    });
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });

  it('leaves a response untouched without a bodyTimeout', async () => {
    const api = createFetch({ bodyTimeout: false });

    const response = await api(server.url);

    expect(Object.getPrototypeOf(response)).toBe(Response.prototype);
  });

  it('has no limit for an event stream', async () => {
    const clock = createManualClock();
    let breakOff = () => {};
    server.behave = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      breakOff = () => response.socket?.destroy();
    };
    const api = createFetch({ bodyTimeout: 10, totalTimeout: 30, clock });

    const response = await api(server.url);
    const reading = caught(response.text());
    await clock.advance(60_000);
    breakOff();
    const error = await reading;

    expect(isBodyTimeoutError(error) || isTotalTimeoutError(error)).toBe(false);
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ calls: 1, failures: 0 });
  });
});

describe('a body', () => {
  it('counts as one more failed call when it breaks off', async () => {
    server.behave = breaksOff;
    const api = createFetch();

    const error = await caught(api(server.url).then((response) => response.text()));

    expect(error).toBeInstanceOf(TypeError);
    expect(api.breakerFor(server.url).metrics).toMatchObject({
      totals: { calls: 2, successes: 1, failures: 1 },
      inFlight: 0,
    });
  });

  it('counts as one more failed call when it breaks off while it is streamed', async () => {
    server.behave = breaksOff;
    const api = createFetch({ failureThreshold: 1 });

    const response = await api(server.url);
    const error = await caught(
      (async () => {
        for await (const _ of response.body as never as AsyncIterable<unknown>);
      })(),
    );

    expect(error).toBeInstanceOf(TypeError);
    expect(api.breakerFor(server.url).state).toBe('OPEN');
  });

  it('that cannot be parsed is an answer', async () => {
    server.behave = answers(200, 'no json');
    const api = createFetch();

    const error = await caught(api(server.url).then((response) => response.json()));

    expect(error).toBeInstanceOf(SyntaxError);
    expect(api.breakerFor(server.url).metrics.totals.failures).toBe(0);
  });

  it('is not locked by being looked at', async () => {
    const api = createFetch();

    const response = await api(server.url);

    expect(response.body).toBe(response.body);
    expect([response.body?.locked, response.bodyUsed]).toEqual([false, false]);
    expect(await response.text()).toBe('answer');
    expect(response.bodyUsed).toBe(true);
  });

  it('is locked by a reader', async () => {
    const api = createFetch();
    const response = await api(server.url);

    response.body?.getReader();

    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
  });

  it('is passed on, cloned and read in all ways', async () => {
    server.behave = answers(200, '{"a":1}');
    const api = createFetch();
    const read = async (by: (response: Response) => Promise<unknown>) => by(await api(server.url));

    expect(await read((it) => it.clone().json())).toEqual({ a: 1 });
    expect(await read((it) => new Response(it.body, it).text())).toBe('{"a":1}');
    expect(await read(async (it) => new TextDecoder().decode(await it.arrayBuffer()))).toBe('{"a":1}');
    expect(await read(async (it) => (await it.blob()).text())).toBe('{"a":1}');
    expect(
      await read(async (it) => {
        const reader = it.body?.getReader({ mode: 'byob' });
        const { value } = (await reader?.read(new Uint8Array(100))) ?? {};
        return new TextDecoder().decode(value as Uint8Array);
      }),
    ).toBe('{"a":1}');
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ successes: 5, failures: 0 });
  });

  it('can be read twice after it was cloned', async () => {
    const api = createFetch();

    const response = await api(server.url);
    const clone = response.clone();

    expect(await Promise.all([response.text(), clone.text()])).toEqual(['answer', 'answer']);
    expect(Object.getPrototypeOf(clone)).toBe(Object.getPrototypeOf(response));
  });

  it('that is cancelled says nothing', async () => {
    server.behave = stalls;
    const api = createFetch();

    const response = await api(server.url);
    await response.body?.cancel();

    expect(api.breakerFor(server.url).metrics.totals.failures).toBe(0);
  });
});

describe('a caller’s signal', () => {
  it('ends the request, with its reason, and is ignored', async () => {
    server.behave = hangs;
    const api = createFetch();
    const controller = new AbortController();

    const pending = caught(api(server.url, { signal: controller.signal }));
    setTimeout(() => controller.abort('gone'), 20);

    expect(await pending).toBe('gone');
    expect(api.breakerFor(server.url).metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  it('ends the body, and is ignored', async () => {
    server.behave = stalls;
    const api = createFetch();
    const controller = new AbortController();

    const response = await api(server.url, { signal: controller.signal });
    const pending = caught(response.text());
    controller.abort(new Error('gone'));

    expect(await pending).toMatchObject({ message: 'gone' });
    expect(api.breakerFor(server.url).metrics.totals.failures).toBe(0);
  });

  it('may be a Request’s', async () => {
    server.behave = hangs;
    const api = createFetch();
    const controller = new AbortController();

    const pending = caught(api(new Request(server.url, { signal: controller.signal })));
    setTimeout(() => controller.abort(new Error('gone')), 10);

    expect(await pending).toMatchObject({ message: 'gone' });
  });

  it('that has aborted sends nothing', async () => {
    const api = createFetch();

    const error = await caught(api(server.url, { signal: AbortSignal.abort('gone') }));

    expect([error, server.seen.length]).toEqual(['gone', 0]);
  });

  it('is left alone once the body has been read', async () => {
    const api = createFetch();
    const { signal } = new AbortController();

    await (await api(server.url, { signal })).text();
    const response = await api(server.url, { signal });
    for await (const _ of response.body as never as AsyncIterable<unknown>);
    await api(server.url, { signal, method: 'HEAD' });

    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('has one listener at most while bodies are unread', async () => {
    const api = createFetch();
    const { signal } = new AbortController();

    const responses = await Promise.all([1, 2, 3].map(() => api(server.url, { signal })));

    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(responses.map((it) => it.text()));
  });
});

describe('what the server asks for', () => {
  it('is waited for before the next attempt', async () => {
    server.behave = inTurn(answers(503, '', { 'retry-after-ms': '40' }), answers(200));
    const api = createFetch({ retry: { backoff: 0 } });
    const startedAt = performance.now();

    await api(server.url);

    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(38);
  });

  it('is not waited for beyond maxRetryAfter', async () => {
    server.behave = answers(503, '', { 'retry-after': '3600' });
    const api = createFetch(QUICK);

    const response = await api(server.url);

    expect([response.status, server.seen.length]).toEqual([503, 1]);
  });

  it('is how long the circuit stays open', async () => {
    server.behave = answers(503, '', { 'retry-after': '120' });
    const api = createFetch({ retry: false, failureThreshold: 1 });

    await api(server.url);
    const error = await caught(api(server.url));

    expect(error.retryAfter).toBeGreaterThan(119_000);
    expect(error.retryAfter).toBeLessThanOrEqual(120_000);
  });

  it('keeps the circuit open for ten minutes at most, and as long as usual without it', async () => {
    const open = async (headers: Record<string, string>) => {
      server.behave = answers(503, '', headers);
      const api = createFetch({ retry: false, failureThreshold: 1 });
      await api(server.url);
      return api.breakerFor(server.url).metrics.retryAfter as number;
    };

    expect(Math.round((await open({ 'retry-after': '36000' })) / 1_000)).toBe(600);
    expect(Math.round((await open({})) / 1_000)).toBe(30);
  });

  it('holds the others back after a 429', async () => {
    server.behave = inTurn(answers(429, '', { 'retry-after-ms': '60' }), answers(200));
    const clock = createManualClock();
    const api = createFetch({ retry: false, clock });
    await api(server.url);

    const response = api(server.url);
    await clock.advance(59);
    const tooEarly = server.seen.length;
    await clock.advance(1);

    expect((await response).status).toBe(200);
    expect(tooEarly).toBe(1);
    expect(api.resilienceFor(server.url).metrics.totals.waits).toBe(1);
  });

  it('rejects the others at once where that is beyond their deadline', async () => {
    server.behave = answers(429, '', { 'retry-after': '50' });
    const api = createFetch({ retry: false });
    await api(server.url);

    const error = await caught(api(server.url));

    expect(isRateLimitError(error)).toBe(true);
    expect(error.retryAfter).toBeGreaterThan(49_000);
    expect(server.seen).toHaveLength(1);
  });

  it('holds nobody back without `pause`', async () => {
    server.behave = answers(429, '', { 'retry-after': '50' });
    const api = createFetch({ retry: false, pause: false });

    await api(server.url);
    await api(server.url);

    expect(server.seen).toHaveLength(2);
  });
});

describe('rejections and fallbacks', () => {
  it('can be a response', async () => {
    const api = createFetch({ rejectWith: 'response' });
    api.breakerFor(server.url).trip();

    const response = await api(server.url);

    expect(response.status).toBe(503);
    expect(response.headers.get('x-recloser')).toBe('ERR_CIRCUIT_OPEN');
    expect(response.headers.get('retry-after')).toBe('30');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 503,
      code: 'ERR_CIRCUIT_OPEN',
      breaker: server.url,
    });
  });

  it('is a 429 for a rate limit', async () => {
    server.behave = answers(429, '', { 'retry-after': '50' });
    const api = createFetch({ retry: false, rejectWith: 'response' });
    await api(server.url);

    const response = await api(server.url);

    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '50']);
  });

  it('asks the fallback first, which knows of the call', async () => {
    const fallback = vi.fn(() => new Response('cached'));
    const api = createFetch({ rejectWith: 'response', fallback });
    api.breakerFor(server.url).forceOpen();

    const response = await api(`${server.url}/a`, { method: 'PUT' });

    expect(await response.text()).toBe('cached');
    expect(fallback).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'ERR_CIRCUIT_OPEN' }),
      expect.objectContaining({
        url: new URL(`${server.url}/a`),
        method: 'PUT',
        input: `${server.url}/a`,
        init: { method: 'PUT' },
        breaker: api.breakerFor(server.url),
      }),
    );
  });

  it('keeps the error where the fallback declines', async () => {
    server.behave = cuts;
    const api = createFetch({ retry: false, fallback: () => undefined });

    const error = await caught(api(server.url));

    expect(error).toBeInstanceOf(TypeError);
    expect(error.cause).toMatchObject({ code: 'UND_ERR_SOCKET' });
  });
});

describe('connections', () => {
  it('come back when a response is thrown away', async () => {
    server.behave = (response, _, number) => {
      response.writeHead(number % 2 === 1 ? 503 : 200).end('x'.repeat(1_000));
    };
    const api = createFetch({
      retry: { backoff: 0 },
      retryBudget: false,
      failureThreshold: false,
      failureRateThreshold: false,
    });

    for (let call = 1; call <= 40; call++) await (await api(server.url)).text();

    expect(server.seen).toHaveLength(80);
    expect(server.connections).toBeLessThanOrEqual(3);
  });
});

describe('a fetch inside a fetch', () => {
  it('counts no response that stands for a rejection of its own: calls that nest heal', async () => {
    const clock = createManualClock();
    const options = {
      clock,
      recoveryTimeout: 1_000,
      halfOpenMaxCalls: 1,
      successThreshold: 1,
      retry: false,
    } as const;
    const api: typeof fetch = createFetch({
      ...options,
      rejectWith: 'response',
      fetch: async (input) =>
        String(input).endsWith('/page') ? api('http://shop/rows') : new Response('rows'),
    });
    const breaker = (api as ProtectedFetch).breakerFor('http://shop');
    breaker.trip();

    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      await clock.advance(1_000);
      statuses.push((await api('http://shop/page')).status);
    }

    expect([breaker.state, statuses]).toEqual(['CLOSED', [503, 200, 200]]);
    expect(breaker.metrics.totals.failures).toBe(0);
  });

  it('is told to presets as the rejection that it is', async () => {
    const api = createFetch({ fetch: async () => new Response('up'), rejectWith: 'response' });
    api.breakerFor('http://shop').forceOpen();

    const response = await api('http://shop');

    expect([response.status, isHttpFailure({ value: response })]).toEqual([503, 'ignore']);
    expect(isHttpFailure({ value: new Response('', { status: 503 }) })).toBe(true);
  });
});
