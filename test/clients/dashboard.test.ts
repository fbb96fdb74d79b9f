/** The dashboard on the servers that people have, each with what stands before it there. */
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { All, Controller, Module, Next, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { type CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { type Dashboard, dashboard, type NodeRequest, type NodeResponse } from 'recloser/dashboard';
import { describe, expect, it, onTestFinished } from 'vitest';

const require = createRequire(import.meta.url);

/** As much of Express and its middleware, which bring no types, as this needs. */
interface Express {
  (): { use(...handlers: unknown[]): void } & RequestListener;
  json(): unknown;
}
const express: Express = require('express');
const compression: () => unknown = require('compression');

interface Panel {
  readonly panel: Dashboard;
  readonly users: CircuitBreaker;
}

function createPanel(path?: string): Panel {
  const breakers = new CircuitBreakerRegistry();
  const users = breakers.getOrCreate('users');
  const panel = dashboard(breakers, { controls: true, authorize: () => ({ as: 'ada' }), refresh: 250, path });
  onTestFinished(() => panel.close());
  return { panel, users };
}

async function listening(server: Server): Promise<string> {
  if (!server.listening) await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const listen = (listener: RequestListener) => listening(createServer(listener).listen(0, '127.0.0.1'));

/** Everything that a page does with its server. */
const SERVERS: Readonly<Record<string, () => Promise<{ url: string; users: CircuitBreaker }>>> = {
  async 'node:http'() {
    const { panel, users } = createPanel('/breakers');
    return { users, url: await listen((request, response) => panel.node(request, response)) };
  },

  async 'Express 5, with compression, express.json() and a policy of its own'() {
    const { panel, users } = createPanel();
    const app = express();
    app.use(compression());
    app.use(express.json());
    app.use((_request: unknown, response: NodeResponse, next: () => void) => {
      response.setHeader('Content-Security-Policy', "default-src 'self'");
      next();
    });
    app.use('/breakers', panel.node);
    return { users, url: await listen(app) };
  },

  async 'Fastify 5, with a reply that is hijacked'() {
    const { panel, users } = createPanel('/breakers');
    const app = Fastify({ forceCloseConnections: true });
    for (const url of ['/breakers', '/breakers/*']) {
      app.all(url, (request, reply) => {
        reply.hijack();
        panel.node(Object.assign(request.raw, { body: request.body }), reply.raw);
      });
    }
    onTestFinished(() => app.close());
    return { users, url: await app.listen({ port: 0, host: '127.0.0.1' }) };
  },

  async Hono() {
    const { panel, users } = createPanel('/breakers');
    const app = new Hono();
    app.all('/breakers', (context) => panel.fetch(context.req.raw, { ip: '127.0.0.1' }));
    app.all('/breakers/*', (context) => panel.fetch(context.req.raw, { ip: '127.0.0.1' }));
    const options = { fetch: app.fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false };
    return { users, url: await listening(serve(options) as Server) };
  },

  async 'NestJS 11, in a controller'() {
    const { panel, users } = createPanel('/breakers');
    class Breakers {
      show(request: NodeRequest, response: NodeResponse, next: () => void): void {
        panel.node(request, response, next);
      }
    }
    const of = Object.getOwnPropertyDescriptor(Breakers.prototype, 'show') as PropertyDescriptor;
    All(['', '*path'])(Breakers.prototype, 'show', of);
    for (const [index, decorate] of [Req(), Res(), Next()].entries())
      decorate(Breakers.prototype, 'show', index);
    Controller('breakers')(Breakers);
    class App {}
    Module({ controllers: [Breakers] })(App);
    const app = await NestFactory.create(App, { logger: false });
    await app.listen(0, '127.0.0.1');
    onTestFinished(() => app.close());
    return { users, url: await listening(app.getHttpServer() as Server) };
  },

  async 'a proxy that takes the prefix off'() {
    const { panel, users } = createPanel();
    const behind = new URL(await listen((request, response) => panel.node(request, response)));
    const url = await listen((request, response) => {
      const { method, headers } = request;
      const path = request.url?.replace(/^\/breakers/, '') || '/';
      const asked = httpRequest(
        { host: behind.hostname, port: behind.port, path, method, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
          response.on('close', () => answer.destroy());
        },
      );
      asked.on('error', () => response.destroy());
      request.pipe(asked);
    });
    return { users, url };
  },
};

describe.each(Object.entries(SERVERS))('on %s', (_, start) => {
  it('the page is served with and without a slash at its end, under its own policy, never by a redirect', async () => {
    const { url } = await start();

    for (const path of ['/breakers', '/breakers/']) {
      const response = await fetch(url + path, { redirect: 'manual' });

      expect(response.status).toBe(200);
      expect(await response.text()).toMatch(/^<!doctype html>/);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('a stream arrives as it happens, uncompressed', async () => {
    const { url, users } = await start();
    const controller = new AbortController();
    onTestFinished(() => controller.abort());

    const response = await fetch(`${url}/breakers/events`, {
      signal: controller.signal,
      headers: { 'accept-encoding': 'gzip' },
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const until = async (words: string) => {
      while (!text.includes(words)) text += new TextDecoder().decode((await reader.read()).value);
    };
    await until('event: state');
    users.trip('failover');
    await until('event: diff');
    await until('failover');

    expect(response.headers.get('content-encoding')).toBeNull();
    expect(response.headers.get('content-type')).toContain('text/event-stream');
  });

  it('a lever is pulled', async () => {
    const { url, users } = await start();
    const { token } = (await (await fetch(`${url}/breakers/report.json`)).json()) as { token: string };

    const response = await fetch(`${url}/breakers/actions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-recloser-token': token },
      body: JSON.stringify({ action: 'forceOpen', breaker: 'users', reason: 'drill' }),
    });

    expect(await response.json()).toMatchObject({ ok: true, mode: 'forced-open' });
    expect(users.metrics.lastTransition?.detail).toBe('drill (ada)');
  });
});
