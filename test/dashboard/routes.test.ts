import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { dashboard } from 'recloser/dashboard';
import { history } from 'recloser/monitor';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createPanel, serve } from './support.js';

describe('the routes', () => {
  it.each(['/', '/report.json', '/events'])('answer GET and HEAD alike: %s', async (path) => {
    const { ask } = createPanel();

    const [get, head] = [await ask(path), await ask(path, { method: 'HEAD' })];

    expect(head.status).toBe(200);
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
    expect(await head.text()).toBe('');
    await get.body?.cancel();
  });

  it.each(['/', '/report.json', '/breaker.json', '/events'])('know no other method: %s', async (path) => {
    const { ask } = createPanel();

    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await ask(path, { method });

      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('take actions by POST alone', async () => {
    const { ask } = createPanel();

    for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
      const response = await ask('/actions', { method });

      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  it.each(['/events/', '/report', '/index.html', '//', '/__proto__', '/constructor'])(
    'are no others: %s',
    async (path) => {
      const { ask } = createPanel();

      expect((await ask(path)).status).toBe(404);
    },
  );

  it.each([
    ['/breakers', 200],
    ['/breakers/', 200],
    ['/breakers?x=1', 200],
    ['/breakers/report.json', 200],
    ['/breakers/events/', 404],
    ['/report.json', 404],
    ['/', 404],
    ['/breakersreport.json', 404],
    ['/Breakers', 404],
  ])('are below `path`, if the server does not take that off: %s gets %i', async (path, status) => {
    const { ask } = createPanel({ path: '/breakers' });

    expect((await ask(path)).status).toBe(status);
  });

  it('hand on what is not theirs, where there is a next', async () => {
    const next = vi.fn();
    const { panel } = createPanel({ path: '/breakers' });
    const url = await serve((request, response) => {
      panel.node(request, response, () => {
        next();
        response.end('the next one');
      });
    });

    const page = await fetch(`${url}/breakers`);
    const other = await fetch(`${url}/users`);

    expect([page.status, page.redirected, await other.text()]).toEqual([200, false, 'the next one']);
    expect(next).toHaveBeenCalledTimes(1);
  });

  it('are a 404 where there is no next', async () => {
    const url = await serve(createPanel().panel.node);

    expect((await fetch(`${url}/users`)).status).toBe(404);
  });
});

describe('a server of Node', () => {
  const ORDER = { action: 'trip', breaker: 'users', reason: 'why not' };

  async function start(prepare: (request: object, body: string) => void = () => {}) {
    const { panel, breakers } = createPanel({ authorize: () => ({ as: 'ada' }), controls: true });
    const users = breakers.getOrCreate('users');
    const url = await serve(async (request, response) => {
      if (prepare.length > 0 && request.method === 'POST') {
        let body = '';
        for await (const chunk of request) body += chunk;
        prepare(request, body);
      }
      panel.node(request, response);
    });
    const { token } = await (await fetch(`${url}/report.json`)).json();
    const post = (body: string | ReadableStream) =>
      fetch(`${url}/actions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-recloser-token': token },
        body,
        duplex: 'half',
      } as RequestInit);
    return { url, users, post };
  }

  it('hands over bodies as they come', async () => {
    const { users, post } = await start();

    const response = await post(JSON.stringify(ORDER));

    expect(await response.json()).toMatchObject({ ok: true, state: 'OPEN' });
    expect(users.state).toBe('OPEN');
  });

  it.each([
    ['an object', (body: string) => JSON.parse(body)],
    ['text', (body: string) => body],
    ['bytes', (body: string) => Buffer.from(body)],
  ])('may have parsed the body: %s', async (_, parse) => {
    const { post } = await start((request, body) => Object.assign(request, { body: parse(body) }));

    expect((await post(JSON.stringify(ORDER))).status).toBe(200);
  });

  it('may have read the body and kept it to itself', async () => {
    const { post } = await start((_request, _body) => {});

    expect((await post(JSON.stringify(ORDER))).status).toBe(400);
  });

  it('takes no more than 16 kB, however it comes', async () => {
    const { post } = await start();
    const long = JSON.stringify({ ...ORDER, reason: 'x'.repeat(20_000) });
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < long.length; at += 1_000)
          controller.enqueue(new TextEncoder().encode(long.slice(at, at + 1_000)));
        controller.close();
      },
    });

    expect((await post(long)).status).toBe(413);
    expect((await post(stream)).status).toBe(413);
  });

  it('ends when it is told to, though somebody watches', async () => {
    const breakers = new CircuitBreakerRegistry();
    const panel = dashboard(breakers);
    const url = await serve(panel.node);
    const stream = await fetch(`${url}/events`);
    const reader = stream.body?.getReader();
    const first = await reader?.read();

    panel.close();
    let last = await reader?.read();
    while (last?.done === false) last = await reader?.read();

    expect(first?.done).toBe(false);
    expect(last?.done).toBe(true);
  });

  it('tells a viewer who has gone from one who is there', async () => {
    const { panel, clock } = createPanel();
    const url = await serve(panel.node);
    const controller = new AbortController();
    const stream = await fetch(`${url}/events`, { signal: controller.signal });
    await stream.body?.getReader().read();
    const during = clock.timers;

    controller.abort();
    await vi.waitFor(() => expect(clock.timers).toBe(0));

    expect(during).toBe(1);
  });
});

describe('the options', () => {
  const registry = () => new CircuitBreakerRegistry();

  it.each([
    [{ controls: true }, '`controls` needs `authorize`'],
    [{ colour: 'red' }, 'unknown option "colour"'],
    [{ refresh: 100 }, '`refresh` must be a number of milliseconds from 250 to 60000, received 100'],
    [{ path: '/breakers/' }, '`path` must be a path with a slash before it and none after it'],
    [{ path: 'breakers' }, '`path` must be'],
    [{ path: '/' }, '`path` must be'],
    [{ path: '/a/../b' }, '`path` must be'],
    [{ hosts: [] }, '`hosts` must be an array of names of hosts, one at least'],
    [{ hosts: ['https://ops.example.com'] }, '`hosts[0]` must be the name of a host'],
    [{ hosts: ['*.example.com'] }, '`hosts[0]` must be the name of a host'],
    [{ hosts: 'ops.example.com' }, '`hosts` must be an array'],
    [{ authorize: true }, '`authorize` must be a function'],
    [{ redact: true }, '`redact` must be a function, or false'],
    [{ history: {} }, '`history` must be a history'],
    [{ fleet: {} }, '`fleet` must be a fleet'],
    [{ title: 7 }, '`title` must be a string'],
  ])('are refused where they cannot work: %j', (options, words) => {
    expect(() => dashboard(registry(), options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTIONS', message: expect.stringContaining(words) }),
    );
  });

  it.each([[undefined], [null], [{}], [new CircuitBreaker()]])('go with a registry: %s', (given) => {
    expect(() => dashboard(given as never)).toThrow('`registry` must be a registry of circuit breakers');
  });

  it('take a history that is kept already, and leave it alone', async () => {
    const breakers = registry();
    const past = history(breakers, { failures: 5 });
    onTestFinished(() => past.stop());
    const users = breakers.getOrCreate('users');
    await users.tryCall(() => Promise.reject(new Error('before')));
    const panel = dashboard(breakers, { history: past });

    const response = await panel.fetch(new Request('http://localhost/report.json'), { ip: '::1' });
    panel.close();
    await users.tryCall(() => Promise.reject(new Error('after')));

    expect((await response.json()).recent.failures).toMatchObject([{ message: 'before' }]);
    expect(past.failures()).toHaveLength(2);
  });
});
