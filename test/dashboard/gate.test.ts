import { connect } from 'node:net';
import { CircuitBreakerRegistry } from 'recloser';
import { type AuthorizeRequest, dashboard } from 'recloser/dashboard';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPanel, serve } from './support.js';

const VIEWS = ['/', '/report.json', '/breaker.json?name=users', '/events'];

describe('without `authorize`', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('this machine may look: %s', async (ip) => {
    const { ask, breakers } = createPanel();
    breakers.getOrCreate('users');

    for (const view of VIEWS) expect((await ask(view, { method: 'HEAD' }, ip)).status).toBe(200);
  });

  it.each(['10.0.0.7', '192.168.1.1', '::2', '::ffff:10.0.0.7', '1270.0.0.1', ''])(
    'another machine may not: %s',
    async (ip) => {
      const { ask } = createPanel();

      for (const view of VIEWS) {
        const response = await ask(view, {}, ip);

        expect(response.status).toBe(403);
        expect(await response.text()).toContain('authorize');
      }
    },
  );

  it('nobody may of whom nobody tells who it is', async () => {
    const { panel } = createPanel();

    const response = await panel.fetch(new Request('http://localhost/'));

    expect(response.status).toBe(403);
    expect(await response.text()).toContain('authorize');
  });

  it.each([
    ['localhost', 200],
    ['localhost:8080', 200],
    ['LOCALHOST', 200],
    ['shop.localhost:80', 200],
    ['127.0.0.1:3000', 200],
    ['127.1.2.3', 200],
    ['[::1]:3000', 200],
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['notlocalhost', 403],
    ['10.0.0.1', 403],
  ])('names of this machine are answered alone: %s gets %i', async (host, status) => {
    const { panel } = createPanel();

    const response = await panel.fetch(new Request(`http://${host}/report.json`), { ip: '127.0.0.1' });

    expect(response.status).toBe(status);
  });

  it.each([
    ['forwarded', 'for=10.0.0.7'],
    ['x-forwarded-for', '10.0.0.7'],
    ['x-forwarded-host', 'x'],
    ['x-forwarded-anything', ''],
    ['x-real-ip', '10.0.0.7'],
    ['via', '1.1 proxy'],
  ])('whoever comes through a proxy may not: %s', async (name, value) => {
    const { ask } = createPanel();

    const response = await ask('/', { headers: { [name]: value } });

    expect(response.status).toBe(403);
    expect(await response.text()).toContain('authorize');
  });

  it('whoever speaks HTTP/1.0 may not', async () => {
    const { panel } = createPanel();
    const url = new URL(await serve(panel.node));
    const socket = connect(Number(url.port), url.hostname);
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });

    socket.write(`GET /report.json HTTP/1.0\r\nHost: ${url.host}\r\n\r\n`);
    await new Promise((resolve) => socket.on('close', resolve));

    expect(answer).toContain(' 403 ');
    expect(answer).toContain('authorize');
  });
});

describe('`authorize`', () => {
  it.each([
    ['true', true, 200],
    ['a name', { as: 'ada' }, 200],
    ['a promise of a name', Promise.resolve({ as: 'ada' }), 200],
    ['false', false, 403],
    ['nothing', undefined, 403],
    ['null', null, 403],
    ['1', 1, 403],
    ["'true'", 'true', 403],
    ['an object', {}, 403],
    ['a name that is none', { as: 7 }, 403],
    ['an empty name', { as: ' ' }, 403],
  ])('that answers %s', async (_, answer, status) => {
    const { ask } = createPanel({ authorize: () => answer as never });

    const response = await ask('/report.json', {}, '10.0.0.7');

    expect(response.status).toBe(status);
    if (status === 403) expect(await response.text()).toBe('Forbidden\n');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
  ])('that %s lets nobody in and tells nothing', async (_, authorize) => {
    const { ask } = createPanel({ authorize });

    const response = await ask('/');

    expect(response.status).toBe(403);
    expect(await response.text()).toBe('Forbidden\n');
  });

  it('may answer itself, with our headers too', async () => {
    const { ask } = createPanel({
      authorize: () =>
        new Response('log in', {
          status: 401,
          headers: { 'www-authenticate': 'Basic', 'content-security-policy': 'x' },
        }),
    });

    const response = await ask('/');

    expect(response.status).toBe(401);
    expect(await response.text()).toBe('log in');
    expect(response.headers.get('www-authenticate')).toBe('Basic');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('may send elsewhere', async () => {
    const { ask } = createPanel({ authorize: () => Response.redirect('http://localhost/login') });

    const response = await ask('/');

    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://localhost/login']);
  });

  it('is asked who wants what, with headers that are read in either way', async () => {
    const asked: AuthorizeRequest[] = [];
    const { panel } = createPanel({
      authorize(request) {
        asked.push(request);
        return true;
      },
    });
    const request = new Request('http://ops.example/breaker.json?name=users', {
      headers: { authorization: 'Bearer 7', get: 'x', 'x-team': 'blue' },
    });

    await panel.fetch(request, { ip: '10.0.0.7' });

    const [{ headers, ...rest } = {} as AuthorizeRequest] = asked;
    expect(rest).toEqual({ action: 'view', breaker: 'users', ip: '10.0.0.7', request });
    expect([headers.authorization, headers.get('Authorization')]).toEqual(['Bearer 7', 'Bearer 7']);
    expect([headers['x-team'], headers.get('get'), headers.cookie]).toEqual(['blue', 'x', undefined]);
  });
});

describe('`hosts`', () => {
  it.each([
    ['ops.example.com', 200],
    ['OPS.example.com:8443', 200],
    ['admin.example.com:8443', 200],
    ['admin.example.com', 403],
    ['admin.example.com:80', 403],
    ['localhost', 403],
    ['x.ops.example.com', 403],
  ])('are the only names that it answers under: %s gets %i', async (host, status) => {
    const { panel } = createPanel({
      authorize: () => true,
      hosts: ['ops.example.com', 'admin.example.com:8443'],
    });

    const response = await panel.fetch(new Request(`https://${host}/report.json`), { ip: '10.0.0.7' });

    expect(response.status).toBe(status);
  });
});

describe('another page', () => {
  it.each(['cross-site', 'same-site'])(
    'may send a person to the page, and ask for nothing itself: %s',
    async (site) => {
      const { ask, breakers } = createPanel({ authorize: () => true });
      breakers.getOrCreate('users');
      const headers = { 'sec-fetch-site': site };

      const statuses = [];
      for (const view of VIEWS) statuses.push((await ask(view, { headers, method: 'HEAD' })).status);

      expect(statuses).toEqual([200, 403, 403, 403]);
    },
  );

  it.each(['same-origin', 'none'])('is none that is our own, or a person: %s', async (site) => {
    const { ask } = createPanel({ authorize: () => true });

    expect((await ask('/report.json', { headers: { 'sec-fetch-site': site } })).status).toBe(200);
  });
});

describe('every answer', () => {
  it.each(['/', '/report.json', '/breaker.json?name=nobody', '/nowhere', '/actions'])(
    'has headers that keep it to itself: %s',
    async (path) => {
      const { headers } = await createPanel().ask(path);

      const policy = headers.get('content-security-policy');
      for (const part of [
        "default-src 'none'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ])
        expect(policy).toContain(part);
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toContain('no-store');
      expect(headers.get('set-cookie')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  it('goes over what the app has said, CORS too', async () => {
    const breakers = new CircuitBreakerRegistry();
    const panel = dashboard(breakers);
    onTestFinished(() => panel.close());
    const url = await serve((request, response) => {
      response.setHeader('Content-Security-Policy', "default-src 'self'");
      response.setHeader('Access-Control-Allow-Origin', '*');
      panel.node(request, response);
    });

    const { headers } = await fetch(`${url}/report.json`);

    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
