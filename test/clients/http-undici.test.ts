import { isCircuitBreakerOpenError } from 'recloser';
import { interceptor } from 'recloser/http';
import { Agent, interceptors, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { answers, breaksOff, cuts, hangs, inTurn, refusingUrl, stalls, useServer } from '../http/server.js';

const server = useServer();
const agents: Agent[] = [];

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy();
});

function guarded(options: Parameters<typeof interceptor>[0] = {}, ...others: never[]) {
  const agent = new Agent();
  agents.push(agent);
  const guard = interceptor(options);
  return { guard, dispatcher: agent.compose(guard as never, ...others) };
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe('the interceptor in undici 7', () => {
  it('passes answers on, and counts them by origin', async () => {
    const { guard, dispatcher } = guarded();

    const { statusCode, body } = await request(`${server.url}/a`, { dispatcher });

    expect([statusCode, await body.text()]).toEqual([200, 'answer']);
    expect(guard.breakers.get(server.url)?.metrics.totals).toMatchObject({ calls: 1, successes: 1 });
  });

  it('opens on a server that answers 503, and sends nothing more', async () => {
    server.behave = answers(503);
    const { guard, dispatcher } = guarded();

    for (let call = 1; call <= 5; call++) await (await request(server.url, { dispatcher })).body.dump();
    const error = await caught(request(server.url, { dispatcher }));

    expect(isCircuitBreakerOpenError(error)).toBe(true);
    expect(server.seen).toHaveLength(5);
    expect(guard.breakers.get(server.url)?.metrics.inFlight).toBe(0);
  });

  it.each([200, 204, 404, 501])('counts %i as an answer', async (status) => {
    server.behave = answers(status, '');
    const { guard, dispatcher } = guarded();

    await (await request(server.url, { dispatcher })).body.dump();

    expect(guard.breakers.get(server.url)?.metrics.totals).toMatchObject({ successes: 1, failures: 0 });
  });

  it('takes no 1xx for an answer', async () => {
    server.behave = (response) => {
      response.writeProcessing();
      response.writeHead(503).end();
    };
    const { guard, dispatcher } = guarded();

    await (await request(server.url, { dispatcher })).body.dump();

    expect(guard.breakers.get(server.url)?.metrics.totals).toMatchObject({ calls: 1, failures: 1 });
  });

  it('counts lost and refused connections, and timeouts, as failures', async () => {
    const { guard, dispatcher } = guarded();
    const refusing = await refusingUrl();
    server.behave = inTurn(cuts, hangs);

    await caught(request(server.url, { dispatcher }));
    await caught(request(server.url, { dispatcher, headersTimeout: 20 }));
    await caught(request(refusing, { dispatcher }));

    expect(guard.breakers.get(server.url)?.metrics.totals).toMatchObject({ failures: 2 });
    expect(guard.breakers.get(refusing)?.metrics.totals).toMatchObject({ failures: 1 });
  });

  it('counts a body that breaks off as one more failed call', async () => {
    server.behave = breaksOff;
    const { guard, dispatcher } = guarded();

    await caught(request(server.url, { dispatcher }).then(({ body }) => body.text()));

    expect(guard.breakers.get(server.url)?.metrics.totals).toMatchObject({
      calls: 2,
      successes: 1,
      failures: 1,
    });
  });

  it('ignores an abort, before and within the body', async () => {
    const { guard, dispatcher } = guarded();
    const controller = new AbortController();
    server.behave = hangs;
    const before = caught(request(server.url, { dispatcher, signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    await before;
    server.behave = stalls;
    const within = new AbortController();
    const { body } = await request(server.url, { dispatcher, signal: within.signal });
    within.abort();
    await caught(body.text());

    expect(guard.breakers.get(server.url)?.metrics.totals).toMatchObject({
      ignored: 1,
      successes: 1,
      failures: 0,
    });
  });

  it('ignores a request that cannot be made', async () => {
    const { guard, dispatcher } = guarded();

    await caught(request(server.url, { dispatcher, headers: { 'bad header': 'x' } }));

    expect(guard.breakers.get(server.url)?.metrics.totals).toMatchObject({ failures: 0 });
    expect(guard.breakers.get(server.url)?.metrics.inFlight ?? 0).toBe(0);
  });

  it('stands inside of undici’s own retries, which do not retry a rejection', async () => {
    server.behave = answers(503);
    const { guard, dispatcher } = guarded(
      { failureThreshold: 2 },
      interceptors.retry({ minTimeout: 1, maxRetries: 4 }) as never,
    );

    const error = await caught(request(server.url, { dispatcher }));

    expect(guard.breakers.get(server.url)?.state).toBe('OPEN');
    expect(server.seen).toHaveLength(2);
    expect(error).toBeDefined();
  });

  it('keeps the circuit open for as long as the server asks', async () => {
    server.behave = answers(503, '', { 'retry-after': '120' });
    const { guard, dispatcher } = guarded({ failureThreshold: 1 });

    await (await request(server.url, { dispatcher })).body.dump();

    expect(guard.breakers.get(server.url)?.metrics.retryAfter).toBeGreaterThan(110_000);
  });

  it('has keys, and options by key', async () => {
    const { guard, dispatcher } = guarded({
      key: ({ origin, method }) => `${method} ${origin}`,
      configure: () => ({ failureThreshold: 1 }),
    });
    server.behave = answers(500);

    await (await request(server.url, { dispatcher })).body.dump();

    expect(guard.breakers.get(`GET ${server.url}`)?.state).toBe('OPEN');
  });

  it('refuses options that cannot work here', () => {
    expect(() => interceptor({ callTimeout: 1 } as never)).toThrow('headersTimeout');
    expect(() => interceptor({ failureThreshhold: 1 } as never)).toThrow('did you mean "failureThreshold"');
  });

  it('refuses the handlers of undici 6', () => {
    const dispatch = interceptor()((_request: object, _handler: object) => true);

    expect(() => dispatch({ origin: server.url }, { onConnect() {} })).toThrow('createFetch');
  });
});
