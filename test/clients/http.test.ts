import axios from 'axios';
import { isHttpFailure } from 'recloser/presets';
import * as undici from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedAs, failure, ignored, signsOf, type Wishes } from './counted.js';
import { answers, breaksOff, freePort, hangs, hangsUp, resets, useLoopback } from './servers/loopback.js';

type Client = (url: string, wishes?: Wishes) => Promise<unknown>;

/** Each reads the body, as callers do. */
const CLIENTS = {
  fetch: async (url, { signal, timeout } = {}) => {
    const response = await fetch(url, {
      signal: timeout === undefined ? (signal ?? null) : AbortSignal.timeout(timeout),
    });
    await response.text();
    return response;
  },
  'undici.request': async (url, { signal, timeout = 5_000 } = {}) => {
    const response = await undici.request(url, {
      signal: signal ?? null,
      headersTimeout: timeout,
      dispatcher: agent,
    });
    await response.body.text();
    return response;
  },
  axios: (url, { signal, timeout = 0 } = {}) => axios.get(url, { ...(signal && { signal }), timeout }),
  'axios without validateStatus': (url) => axios.get(url, { validateStatus: null }),
} satisfies Record<string, Client>;

const agent = new undici.Agent();

const server = useLoopback();
let refusing: number;

beforeAll(async () => {
  refusing = await freePort();
});

afterAll(() => agent.close());

describe.each(Object.entries<Client>(CLIENTS))('%s', (_, get) => {
  it.each([408, 425, 429, 500, 502, 503, 504, 507, 511, 529])('counts %i as a failure', async (status) => {
    server.behave = answers(status);

    expect(await countedAs(isHttpFailure, () => get(server.url))).toMatchObject({
      as: 'failure',
      state: 'OPEN',
    });
  });

  it.each([200, 201, 304, 400, 401, 403, 404, 409, 418, 422, 501, 505])(
    'counts %i as an answer',
    async (status) => {
      server.behave = answers(status, '');

      const counted = await countedAs(isHttpFailure, () => get(server.url));

      expect(counted).toMatchObject({ as: 'success', state: 'CLOSED' });
    },
  );

  it('counts a refused connection as a failure', async () => {
    const counted = await countedAs(isHttpFailure, () => get(`http://127.0.0.1:${refusing}`));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toContain('ECONNREFUSED');
  });

  it('counts a connection refused at every address of the host as a failure', async () => {
    const counted = await countedAs(isHttpFailure, () => get(`http://localhost:${refusing}`));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toContain('ECONNREFUSED');
  });

  it('counts a reset connection as a failure', async () => {
    server.behave = resets;

    const counted = await countedAs(isHttpFailure, () => get(server.url));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toContain('ECONNRESET');
  });

  it('counts a connection closed without a response as a failure', async () => {
    server.behave = hangsUp;

    const counted = await countedAs(isHttpFailure, () => get(server.url));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
  });

  it('counts a body that breaks off as a failure', async () => {
    server.behave = breaksOff;

    const counted = await countedAs(isHttpFailure, () => get(server.url));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/ECONNRESET|UND_ERR_SOCKET|ECONNABORTED|ERR_BAD_RESPONSE/);
  });

  it('counts a failed TLS handshake as a failure', async () => {
    const counted = await countedAs(isHttpFailure, () => get(server.url.replace('http:', 'https:')));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/EPROTO|ERR_SSL/);
  });

  it('counts a name that does not resolve as a failure', async () => {
    const counted = await countedAs(isHttpFailure, () => get('http://nowhere.invalid'));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('ignores an address that is none', async () => {
    const counted = await countedAs(isHttpFailure, () => get('http://'));

    expect(counted).toMatchObject(ignored({}));
    expect(signsOf(counted)).toMatch(/ERR_INVALID_URL|UND_ERR_INVALID_ARG/);
  });
});

describe.each(['fetch', 'undici.request', 'axios'] as const)('%s', (name) => {
  const get = CLIENTS[name];

  it('counts its own timeout as a failure', async () => {
    server.behave = hangs;

    const counted = await countedAs(isHttpFailure, () => get(server.url, { timeout: 50 }));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/TimeoutError|UND_ERR_HEADERS_TIMEOUT|ECONNABORTED|ETIMEDOUT/);
  });

  it("ignores the caller's abort", async () => {
    const controller = new AbortController();
    server.behave = () => controller.abort();

    const counted = await countedAs(isHttpFailure, () => get(server.url, { signal: controller.signal }));

    expect(counted).toMatchObject(ignored({}));
    expect(signsOf(counted)).toMatch(/AbortError|CanceledError/);
  });
});

describe('axios', () => {
  it('counts the end of an `AbortSignal.timeout()` as a failure', async () => {
    server.behave = hangs;

    const counted = await countedAs(isHttpFailure, () =>
      axios.get(server.url, { signal: AbortSignal.timeout(50) }),
    );

    expect(counted).toMatchObject(failure({ code: 'ERR_CANCELED' }));
  });
});

describe('undici', () => {
  it('counts a status that its interceptor throws for as fetch would', async () => {
    const throwing = new undici.Agent().compose(undici.interceptors.responseError());
    const call = () => undici.request(server.url, { dispatcher: throwing });

    server.behave = answers(404);
    expect(await countedAs(isHttpFailure, call)).toMatchObject({ as: 'success', error: { statusCode: 404 } });
    server.behave = answers(503);
    expect(await countedAs(isHttpFailure, call)).toMatchObject(failure({ statusCode: 503 }));
    await throwing.close();
  });

  it('ignores a call through an agent that its owner has closed', async () => {
    const closed = new undici.Agent();
    await closed.close();

    const counted = await countedAs(isHttpFailure, () => undici.request(server.url, { dispatcher: closed }));

    expect(counted).toMatchObject(ignored({ code: 'UND_ERR_DESTROYED' }));
  });
});
