/** Clients of all kinds behind `protect` and wrappers. */

import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import axios from 'axios';
import { Hono } from 'hono';
import { hc } from 'hono/client';
import OpenAI from 'openai';
import { CircuitBreaker, protect, withCircuitBreaker } from 'recloser';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answers, useLoopback } from './servers/loopback.js';

const server = useLoopback();
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error) => error.code,
  );

describe('the OpenAI SDK', () => {
  const QUESTION = { model: 'gpt-4', messages: [{ role: 'user' as const, content: 'Well?' }] };
  const create = (breaker: CircuitBreaker) =>
    protect(new OpenAI({ apiKey: 'key', baseURL: server.url, maxRetries: 0 }), {
      breaker,
      methods: ['chat.completions.create'],
    });

  it('is guarded at a path', async () => {
    server.behave = answers(529, { error: { message: 'overloaded' } });
    const breaker = new CircuitBreaker({ failureThreshold: 5 });
    const openai = create(breaker);

    for (let i = 0; i < 5; i++) await openai.chat.completions.create(QUESTION).catch(() => {});

    expect(breaker.metrics.totals).toMatchObject({ calls: 5, failures: 5 });
    expect(await codeOf(openai.chat.completions.create(QUESTION))).toBe('ERR_CIRCUIT_OPEN');
  });

  it('answers a promise of its overload, and no more than a promise', async () => {
    server.behave = answers(200, { choices: [{ message: { content: 'Very well.' } }] });
    const openai = create(new CircuitBreaker());

    const pending = openai.chat.completions.create(QUESTION);
    const completion = await pending;

    expect(completion.choices[0]?.message.content).toBe('Very well.');
    // @ts-expect-error it is a promise of ours
    expect(pending.withResponse).toBeUndefined();
  });

  it('has the nearest paths told', () => {
    const openai = new OpenAI({ apiKey: 'key' });

    // @ts-expect-error there is no such path
    expect(() => protect(openai, { name: 'openai', methods: ['chat.completion.create'] })).toThrow(
      '"chat.completions.create"',
    );
  });
});

describe('a hono client', () => {
  const api = new Hono().get('/users/:id', (context) => context.json({ id: context.req.param('id') }));

  const start = async () => {
    const running = serve({ fetch: api.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise<void>((done) => running.once('listening', () => done()));
    onTestFinished(() => void running.close());
    return hc<typeof api>(`http://127.0.0.1:${(running.address() as AddressInfo).port}`);
  };

  it('is guarded at a path', async () => {
    const breaker = new CircuitBreaker();
    const client = protect(await start(), { breaker, methods: ['users.:id.$get' as never] }) as Awaited<
      ReturnType<typeof start>
    >;

    const response = await client.users[':id'].$get({ param: { id: '7' } });

    expect(await response.json()).toEqual({ id: '7' });
    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1 });
    breaker.forceOpen();
    expect(await codeOf(client.users[':id'].$get({ param: { id: '7' } }))).toBe('ERR_CIRCUIT_OPEN');
  });

  it('has a function of it wrapped', async () => {
    const client = await start();
    const breaker = new CircuitBreaker();

    for (const get of [
      breaker.wrap(client.users[':id'].$get),
      withCircuitBreaker(breaker, {}, client.users[':id'].$get),
    ]) {
      const response = await get({ param: { id: '7' } });
      expect(await response.json()).toEqual({ id: '7' });
    }

    expect(breaker.metrics.totals.successes).toBe(2);
  });
});

describe('axios', () => {
  it('is guarded by itself and by its methods', async () => {
    server.behave = answers(200, {});
    const breaker = new CircuitBreaker();
    const client = protect(axios.create({ baseURL: server.url }), { breaker, methods: ['get', 'post'] });

    await client('/a');
    await client({ url: '/b' });
    await client.get('/c');

    expect(breaker.metrics.totals).toMatchObject({ calls: 3, successes: 3 });
    breaker.forceOpen();
    expect(await codeOf(client('/a'))).toBe('ERR_CIRCUIT_OPEN');
    expect(await codeOf(client.post('/a'))).toBe('ERR_CIRCUIT_OPEN');
  });

  it('is guarded without names', async () => {
    server.behave = answers(200, {});
    const breaker = new CircuitBreaker();
    const client = protect(axios.create({ baseURL: server.url }), { breaker });
    await client('/a');
    breaker.forceOpen();

    expect(await codeOf(client('/a'))).toBe('ERR_CIRCUIT_OPEN');
    expect(await codeOf(client.get('/first'))).toBe('ERR_CIRCUIT_OPEN');
    expect(breaker.metrics.totals.calls).toBe(1);
  });

  it('has its members where it is wrapped', async () => {
    server.behave = answers(200, { ok: true });
    const client = axios.create({ baseURL: server.url, timeout: 500 });

    for (const wrapped of [
      new CircuitBreaker().wrap(client as never),
      withCircuitBreaker('axios', {}, client),
    ]) {
      const guarded = wrapped as typeof client;
      expect(guarded.defaults.timeout).toBe(500);
      expect((await guarded.get('/a')).data).toEqual({ ok: true });
      expect((await guarded('/a')).data).toEqual({ ok: true });
    }
  });
});
