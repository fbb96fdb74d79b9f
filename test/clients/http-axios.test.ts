import { Readable } from 'node:stream';
import axios, { AxiosError, isCancel } from 'axios';
import { isCallTimeoutError, isCircuitBreakerOpenError } from 'recloser';
import { axiosAdapter } from 'recloser/http';
import { describe, expect, it } from 'vitest';
import { answers, cuts, hangs, inTurn, refusingUrl, useServer } from '../http/server.js';

const server = useServer();
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

function client(options: Parameters<typeof axiosAdapter>[1] = {}) {
  const adapter = axiosAdapter(axios.getAdapter(axios.defaults.adapter), {
    retry: { backoff: 1 },
    ...options,
  });
  return { adapter, http: axios.create({ adapter, baseURL: server.url }) };
}

describe('axios with a protected adapter', () => {
  it('answers what axios answers', async () => {
    server.behave = answers(200, '{"name":"Ada"}', { 'content-type': 'application/json' });
    const { adapter, http } = client();

    const { data, status } = await http.get('/users/7');

    expect([status, data]).toEqual([200, { name: 'Ada' }]);
    expect(adapter.breakers.get(server.url)?.metrics.totals.successes).toBe(1);
  });

  it('retries what may be repeated', async () => {
    server.behave = inTurn(answers(503), cuts, answers(200));
    const { http } = client();

    expect((await http.get('/')).status).toBe(200);
    expect(server.seen).toHaveLength(3);
  });

  it('sends a POST once, unless it surely has not left or has a key', async () => {
    server.behave = answers(503);
    const { http } = client({ failureThreshold: false });
    const refusing = await refusingUrl();

    const error = await caught(http.post('/', { a: 1 }));
    const posts = server.seen.length;
    await caught(http.post('/', { a: 1 }, { headers: { 'Idempotency-Key': '7' } }));
    const refused = await caught(http.post(refusing, { a: 1 }));

    expect(error).toBeInstanceOf(AxiosError);
    expect(error.response.status).toBe(503);
    expect([posts, server.seen.length]).toEqual([1, 4]);
    expect(refused).toBeInstanceOf(AxiosError);
  });

  it('sends a stream once', async () => {
    server.behave = answers(503);
    const { http } = client();

    await caught(http.put('/', Readable.from(['order'])));

    expect(server.seen).toMatchObject([{ body: 'order' }]);
  });

  it.each([400, 404, 501])('takes %i for an answer', async (status) => {
    server.behave = answers(status);
    const { adapter, http } = client();

    const error = await caught(http.get('/'));

    expect(error).toBeInstanceOf(AxiosError);
    expect(adapter.breakers.get(server.url)?.metrics.totals).toMatchObject({ failures: 0, successes: 1 });
  });

  it('opens, and rejects without a request', async () => {
    server.behave = answers(503);
    const { adapter, http } = client({ retry: false, failureThreshold: 2 });

    await caught(http.get('/'));
    await caught(http.get('/', { validateStatus: null }));
    const error = await caught(http.get('/'));

    expect(isCircuitBreakerOpenError(error)).toBe(true);
    expect(server.seen).toHaveLength(2);
    expect(adapter.breakers.get(server.url)?.state).toBe('OPEN');
  });

  it('ignores what its caller cancels', async () => {
    server.behave = hangs;
    const { adapter, http } = client();
    const controller = new AbortController();

    const pending = caught(http.get('/', { signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    const error = await pending;

    expect(isCancel(error)).toBe(true);
    expect(adapter.breakers.get(server.url)?.metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  it('ignores what its caller cancels by a token', async () => {
    server.behave = hangs;
    const { adapter, http } = client();
    const { token, cancel } = axios.CancelToken.source();

    const pending = caught(http.get('/', { cancelToken: token }));
    setTimeout(() => cancel('gone'), 20);
    const error = await pending;

    expect(isCancel(error)).toBe(true);
    expect(adapter.breakers.get(server.url)?.metrics.totals).toMatchObject({ ignored: 1, failures: 0 });
  });

  it('bounds an attempt', async () => {
    server.behave = hangs;
    const { adapter, http } = client({ callTimeout: 20, retry: false });

    const error = await caught(http.get('/'));

    expect(isCallTimeoutError(error)).toBe(true);
    expect(adapter.breakers.get(server.url)?.metrics.totals.timeouts).toBe(1);
  });

  it('keeps the circuit open, and waits, as the server asks', async () => {
    server.behave = answers(503, '', { 'retry-after': '120' });
    const { adapter, http } = client({ failureThreshold: 1 });

    await caught(http.get('/'));

    expect(adapter.breakers.get(server.url)?.metrics.retryAfter).toBeGreaterThan(110_000);
  });

  it('asks a fallback', async () => {
    const { http } = client({
      retry: false,
      fallback: (_error, { config }) => ({ status: 200, data: 'cached', headers: {}, config }),
    });
    server.behave = cuts;

    expect((await http.get('/')).data).toBe('cached');
  });

  it('refuses what is no adapter, and options of fetch', () => {
    expect(() => axiosAdapter('http' as never)).toThrow('axios.getAdapter');
    expect(() => client({ bodyTimeout: 1 } as never)).toThrow('unknown option "bodyTimeout"');
  });
});
