import { CircuitBreakerRegistry, InvalidOptionsError } from 'recloser';
import { createFetch } from 'recloser/http';
import { presets } from 'recloser/presets';
import { ResilienceRegistry } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { timedClock } from '../resilience/timed-clock.js';
import { fakeDetector } from '../support/fake-detector.js';

const URL_A = 'https://api.example.com/users';
const answering = (status: number, headers?: Record<string, string>) => async () =>
  new Response('answer', { status, ...(headers && { headers }) });

describe('options of createFetch', () => {
  it.each([
    [{ retries: 3 }, 'retries', 'did you mean "retry"'],
    [{ bodyTimeout: 0 }, 'bodyTimeout', 'from 1 to 2147483647'],
    [{ maxRetryAfter: -1 }, 'maxRetryAfter', 'from 0'],
    [{ pause: 'yes' }, 'pause', 'true or false'],
    [{ rejectWith: 'null' }, 'rejectWith', '"error" or "response"'],
    [{ retryMethods: 'GET' }, 'retryMethods', 'an array of methods'],
    [{ retry: 'often' }, 'retry', '"network"'],
    [{ retry: { maxAttempts: 0 } }, 'retry.maxAttempts', 'from 1 to 100'],
    [{ hedge: {} }, 'hedge.delay', 'milliseconds'],
    [{ totalTimeout: 0 }, 'totalTimeout', 'from 1'],
    [{ failureThreshold: 0 }, 'failureThreshold', 'at least 1'],
    [{ bulkhead: 0 }, 'bulkhead', 'at least 1'],
    [{ key: 'origin' }, 'key', 'a function'],
    [{ fetch: 1 }, 'fetch', 'a function'],
    [{ registry: {} }, 'registry', 'a ResilienceRegistry'],
    [{ name: 'api' }, 'name', '`key`'],
    [{ retry: 'patient', totalTimeout: false }, 'totalTimeout', 'whenOpen'],
  ])('are refused at once: %o', (options, option, range) => {
    const make = () => createFetch(options as never);

    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(/^Cannot create a fetch: /);
    expect(make).toThrow(range);
    expect(make).toThrow(expect.objectContaining({ option: expect.stringContaining(option) }));
  });

  it('that go elsewhere are told where', () => {
    const breakers = new CircuitBreakerRegistry();

    expect(() => createFetch(globalThis.fetch as never)).toThrow(
      'Cannot create a fetch: `options` must be an object, received a function: give it as `fetch`',
    );
    expect(() => createFetch({ registry: breakers as never })).toThrow(
      '`registry` must be a ResilienceRegistry, as `new ResilienceRegistry({ breakers })` makes of yours, received an object',
    );
  });

  it('have defaults of their own', () => {
    const { options } = createFetch().breakerFor(URL_A);

    expect(options).toMatchObject({ failureThreshold: 5, callTimeout: 10_000 });
  });

  it('leave the figures to a detector that brings its own', () => {
    const { detector } = fakeDetector({ defaults: { failureThreshold: false } });

    expect(createFetch({ detector }).breakerFor(URL_A).options.failureThreshold).toBe(false);
    expect(createFetch({ detector, failureThreshold: 2 }).breakerFor(URL_A).options.failureThreshold).toBe(2);
  });

  it('may be said by key', async () => {
    const api = createFetch({
      failureThreshold: 3,
      fetch: answering(503),
      configure: (key) => (key.includes('ledger') ? { retry: false, failureThreshold: 1 } : undefined),
    });

    await api('https://ledger.example.com');

    expect(api.breakerFor('https://ledger.example.com').metrics).toMatchObject({
      state: 'OPEN',
      totals: { calls: 1 },
    });
    expect(api.breakerFor(URL_A).options.failureThreshold).toBe(3);
  });

  it('that are wrong for a key reject its calls', async () => {
    const api = createFetch({ configure: () => ({ failureThreshhold: 1 }) as never });

    await expect(api(URL_A)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTIONS',
      message: expect.stringContaining('did you mean "failureThreshold"'),
    });
  });

  it('take presets', async () => {
    const api = createFetch({
      configure: presets({ environment: 'production' }),
      fetch: answering(529),
      retry: false,
    });

    await api('https://api.anthropic.com/v1/messages');

    const { options, metrics } = api.breakerFor('https://api.anthropic.com');
    expect(options.callTimeout).toBe(presets({ environment: 'production' })('anthropic').callTimeout);
    expect(metrics.totals.failures).toBe(1);
  });

  it('have a key of the user’s own', async () => {
    const api = createFetch({
      key: ({ url, method }) => `${method} ${url.host}${url.pathname.split('/')[1]}`,
      fetch: answering(200),
    });

    await api(URL_A);

    expect(api.breakers.names()).toEqual(['GET api.example.comusers']);
    await expect(createFetch({ key: () => 7 as never })(URL_A)).rejects.toThrow('`key` must return a string');
  });

  it('have a registry of the user’s own, where what is there stays as it is', async () => {
    const registry = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry() });
    const existing = registry.getOrCreate('https://api.example.com', { failureThreshold: 9 });
    const api = createFetch({ registry, fetch: answering(200) });

    await api(URL_A);

    expect(api.registry).toBe(registry);
    expect(api.resilienceFor(URL_A)).toBe(existing);
    expect(existing.breaker.options.failureThreshold).toBe(9);
    expect(existing.metrics.totals.calls).toBe(1);
  });
});

describe('with', () => {
  it('has the same breakers and other options', async () => {
    let calls = 0;
    const api = createFetch({
      retry: { backoff: 0 },
      fetch: async () => {
        calls++;
        return new Response('', { status: 503 });
      },
    });
    const once = api.with({ retry: false });

    await once(URL_A);
    const before = calls;
    await api(URL_A);

    expect([before, calls]).toEqual([1, 4]);
    expect(once.breakers).toBe(api.breakers);
    expect(once.with({ totalTimeout: 1_000 }).breakerFor(URL_A)).toBe(api.breakerFor(URL_A));
  });

  it('refuses other options', () => {
    const api = createFetch();

    expect(() => api.with({ bodyTimeout: 1 } as never)).toThrow('unknown option "bodyTimeout"');
    expect(() => api.with({ retry: 'often' as never })).toThrow(InvalidOptionsError);
  });
});

describe('hedges', () => {
  it.each([
    ['GET', 2],
    ['HEAD', 2],
    ['PUT', 1],
  ])('are sent for %s: %i requests', async (method, requests) => {
    const clock = timedClock();
    let calls = 0;
    const api = createFetch({
      clock,
      hedge: { delay: 50 },
      fetch: () => {
        calls++;
        return new Promise<Response>((resolve) => {
          clock.setTimeout?.(() => resolve(new Response('late')), calls === 1 ? 100 : 10);
        });
      },
    });

    const pending = api(URL_A, { method });
    await clock.advance(200);

    expect((await pending).status).toBe(200);
    expect(calls).toBe(requests);
  });
});

describe('retryMethods', () => {
  it('say what may be tried again', async () => {
    let calls = 0;
    const api = createFetch({
      retry: { backoff: 0 },
      retryMethods: ['post'],
      failureThreshold: false,
      fetch: async () => {
        calls++;
        return new Response('', { status: 503 });
      },
    });

    await api(URL_A, { method: 'POST', body: 'x' });
    const posts = calls;
    await api(URL_A);

    expect([posts, calls - posts]).toEqual([3, 1]);
  });

  it('do not go without what the user wants retried', async () => {
    let calls = 0;
    const api = createFetch({
      retry: { backoff: 0, retryOn: ({ value }) => (value as Response | undefined)?.status === 404 },
      fetch: async () => {
        calls++;
        return new Response('', { status: calls === 1 ? 404 : 503 });
      },
    });

    expect((await api(URL_A)).status).toBe(503);
    expect(calls).toBe(2);
  });
});

describe('a dependency that is ignored, or excluded', () => {
  it('goes by the user’s filters', async () => {
    const api = createFetch({
      isFailure: ({ value }) => (value as Response | undefined)?.status === 404,
      fetch: answering(404),
      retry: false,
    });

    await api(URL_A);

    expect(api.breakerFor(URL_A).metrics.totals.failures).toBe(1);
  });
});
