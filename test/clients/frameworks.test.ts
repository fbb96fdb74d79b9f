/** The recipes of docs/frameworks.md, each with the framework itself and a service of users that is down. */
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Controller, Get, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Hono } from 'hono';
import { CircuitBreaker } from 'recloser';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { load, recipes } from '../support/recipes.js';
import { answers, useLoopback } from './servers/loopback.js';

const users = useLoopback();
let asked = 0;

/** The service of users does this from now on. */
function behave(listener: RequestListener): void {
  users.behave = (request, response) => {
    asked++;
    listener(request, response);
  };
}

beforeEach(() => {
  process.env.USERS_URL = users.url;
  asked = 0;
});

type Ask = (path: string) => Promise<Response>;

/** As much of Koa and Express, which bring no types, as this needs. */
interface Koa {
  use(handler: (context: object) => Promise<void>): void;
  callback(): RequestListener;
  silent: boolean;
}

async function urlOf(server: Server): Promise<string> {
  if (!server.listening) await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function listen(listener: RequestListener): Promise<Ask> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  const url = await urlOf(server);
  return (path) => fetch(url + path);
}

async function startNest(AppModule: object): Promise<Ask> {
  const app: INestApplication = await NestFactory.create(AppModule as never, { logger: false });
  await app.listen(0, '127.0.0.1');
  onTestFinished(() => app.close());
  const url = await urlOf(app.getHttpServer());
  return (path) => fetch(url + path);
}

async function startFastify(app: FastifyInstance): Promise<Ask> {
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return (path) => fetch(url + path);
}

async function startHono(app: Hono): Promise<Ask> {
  const server = serve({
    fetch: app.fetch,
    port: 0,
    hostname: '127.0.0.1',
    overrideGlobalObjects: false,
  }) as Server;
  onTestFinished(() => void server.close());
  const url = await urlOf(server);
  return (path) => fetch(url + path);
}

/** Runs the handlers as Next.js does, with its own requests, and a global `fetch` of its own. */
async function startNext(appHandler: Record<string, unknown>): Promise<Ask> {
  const { testApiHandler } = await import('next-test-api-route-handler');
  return (path) =>
    new Promise((resolve, reject) => {
      testApiHandler({
        appHandler: appHandler as never,
        params: { id: path.split('/').at(-1) as string },
        test: async ({ fetch }) => {
          const response = await fetch({ method: 'GET' });
          resolve(
            new Response(await response.text(), { status: response.status, headers: response.headers }),
          );
        },
      }).catch(reject);
    });
}

const STARTS: Readonly<Record<string, (module: Record<string, unknown>) => Promise<Ask>>> = {
  'Express 5': ({ app }) => listen(app as RequestListener),
  'Fastify 5': ({ app }) => startFastify(app as FastifyInstance),
  Koa: ({ app }) => listen((app as Koa).callback()),
  Hono: ({ app }) => startHono(app as Hono),
  'Next.js routes': startNext,
  NestJS: ({ AppModule }) => startNest(AppModule as object),
};

it('starts every recipe that the documentation has', () => {
  expect(recipes().map(({ name }) => name)).toEqual(Object.keys(STARTS));
});

describe.each(recipes())('the recipe for $name', (recipe) => {
  it('answers what the service answers, and 503 with Retry-After once the circuit is open', async () => {
    const get = await (STARTS[recipe.name] as (module: object) => Promise<Ask>)(await load(recipe));
    behave(answers(200, { name: 'Ada' }));

    const sound = await get('/users/7');

    expect({ status: sound.status, body: await sound.json() }).toEqual({
      status: 200,
      body: { name: 'Ada' },
    });

    behave(answers(503, { error: 'down' }));
    let rejected = await get('/users/7');
    for (let i = 0; i < 100 && !rejected.headers.has('retry-after'); i++) rejected = await get('/users/7');
    const before = asked;
    const again = await get('/users/7');

    expect(again.status).toBe(503);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await again.json()).toEqual({ error: 'try again later' });
    expect(asked).toBe(before);
  });
});

describe('the health route of the recipe for NestJS', () => {
  it('is down while the circuit is open, and says which', async () => {
    const recipe = recipes().find(({ name }) => name === 'NestJS');
    const get = await (STARTS.NestJS as (module: object) => Promise<Ask>)(await load(recipe!));
    behave(answers(503));

    expect(await (await get('/health')).json()).toMatchObject({
      status: 'ok',
      info: { users: { status: 'up', state: 'CLOSED' } },
    });

    for (let i = 0; i < 100 && !(await get('/users/7')).headers.has('retry-after'); i++);
    const down = await get('/health');

    expect(down.status).toBe(503);
    expect(await down.json()).toMatchObject({
      status: 'error',
      error: { users: { status: 'down', state: 'OPEN' } },
    });
  });
});

const rejects = () => {
  const breaker = new CircuitBreaker();
  breaker.forceOpen();
  return breaker.call(() => 1);
};
const timesOut = () => new CircuitBreaker({ callTimeout: 1 }).call(() => new Promise<number>(() => {}));

const WITHOUT_HANDLERS: Readonly<Record<string, (call: () => Promise<number>) => Promise<Ask>>> = {
  Fastify: async (call) => {
    const app = Fastify();
    app.get('/', call);
    return startFastify(app);
  },
  Koa: async (call) => {
    const { default: KoaApp } = (await import('koa' as string)) as { default: new () => Koa };
    const app = new KoaApp();
    app.silent = true;
    app.use(async () => void (await call()));
    return listen(app.callback());
  },
  NestJS: async (call) => {
    class Home {
      home(): Promise<number> {
        return call();
      }
    }
    Get()(Home.prototype, 'home', Object.getOwnPropertyDescriptor(Home.prototype, 'home')!);
    Controller()(Home);
    class App {}
    Module({ controllers: [Home] })(App);
    return startNest(App);
  },
};

describe.each(Object.keys(WITHOUT_HANDLERS))('%s without a handler of errors', (name) => {
  it.each([
    ['rejection', 503, rejects],
    ['timeout', 504, timesOut],
  ])('answers for a %s with %i', async (_, status, call) => {
    const get = await (WITHOUT_HANDLERS[name] as (call: () => Promise<number>) => Promise<Ask>)(call);

    const response = await get('/');

    expect(response.status).toBe(status);
  });
});
