import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { isLlmFailure } from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { answer, countedAs, failure, ignored, signsOf, type Wishes } from './counted.js';
import { answers, breaksOff, freePort, hangs, hangsUp, resets, useLoopback } from './servers/loopback.js';

interface Sdk {
  ask(url: string, wishes?: Wishes): Promise<unknown>;
  /** Asks for a stream and reads it to its end. */
  stream(url: string): Promise<unknown>;
}

const QUESTION = { max_tokens: 1, messages: [{ role: 'user' as const, content: 'Well?' }] };

const openai: Sdk = {
  ask: (baseURL, { signal, timeout = 5_000 } = {}) =>
    new OpenAI({ apiKey: 'key', baseURL, maxRetries: 0, timeout }).chat.completions.create(
      { model: 'gpt-4', ...QUESTION },
      signal && { signal },
    ),
  stream: async (baseURL) => {
    const client = new OpenAI({ apiKey: 'key', baseURL, maxRetries: 0 });
    const chunks = await client.chat.completions.create({ model: 'gpt-4', ...QUESTION, stream: true });
    for await (const _ of chunks);
  },
};

const anthropic: Sdk = {
  ask: (baseURL, { signal, timeout = 5_000 } = {}) =>
    new Anthropic({ apiKey: 'key', baseURL, maxRetries: 0, timeout }).messages.create(
      { model: 'claude-opus-4-1', ...QUESTION },
      signal && { signal },
    ),
  stream: async (baseURL) => {
    const client = new Anthropic({ apiKey: 'key', baseURL, maxRetries: 0 });
    const events = await client.messages.create({ model: 'claude-opus-4-1', ...QUESTION, stream: true });
    for await (const _ of events);
  },
};

const SDKS: [string, Sdk][] = [
  ['openai', openai],
  ['@anthropic-ai/sdk', anthropic],
];

const server = useLoopback();

describe.each(SDKS)('%s', (_, { ask }) => {
  it.each([400, 401, 403, 404, 409, 413, 422, 501])('counts %i as an answer', async (status) => {
    server.behave = answers(status, { error: { type: 'some_error', message: 'no' } });

    expect(await countedAs(isLlmFailure, () => ask(server.url))).toMatchObject(answer({ status }));
  });

  it.each([408, 429, 500, 502, 503, 504, 529])('counts %i as a failure', async (status) => {
    server.behave = answers(status, { error: { type: 'some_error', message: 'no' } });

    expect(await countedAs(isLlmFailure, () => ask(server.url))).toMatchObject(failure({ status }));
  });

  it('counts an answer as a success', async () => {
    server.behave = answers(200, { content: [], choices: [] });

    expect(await countedAs(isLlmFailure, () => ask(server.url))).toEqual({ as: 'success', state: 'CLOSED' });
  });

  it('counts a refused connection as a failure', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;

    const counted = await countedAs(isLlmFailure, () => ask(url));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toContain('ECONNREFUSED');
  });

  it.each([
    ['reset', resets],
    ['closed without a response', hangsUp],
    ['closed in the middle of the body', breaksOff],
  ])('counts a connection %s as a failure', async (_, behaviour) => {
    server.behave = behaviour;

    const counted = await countedAs(isLlmFailure, () => ask(server.url));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
  });

  it('counts its own timeout as a failure', async () => {
    server.behave = hangs;

    const counted = await countedAs(isLlmFailure, () => ask(server.url, { timeout: 50 }));

    expect(counted).toMatchObject(failure({ message: 'Request timed out.' }));
  });

  it("ignores the caller's abort", async () => {
    const controller = new AbortController();
    server.behave = () => controller.abort();

    const counted = await countedAs(isLlmFailure, () => ask(server.url, { signal: controller.signal }));

    expect(counted).toMatchObject(ignored({ message: 'Request was aborted.' }));
  });
});

/** A stream of events that began well. */
const events = (text: string) => answers(200, text, { 'content-type': 'text/event-stream' });

describe('an error in the middle of a stream', () => {
  it.each([
    ['server_error', 'failure'],
    ['invalid_request_error', 'success'],
  ])('of openai, %s, counts as a %s', async (type, as) => {
    server.behave = events(`data: ${JSON.stringify({ error: { type, message: 'no' } })}\n\n`);

    const counted = await countedAs(isLlmFailure, () => openai.stream(server.url));

    expect(counted).toMatchObject({ as, error: { type } });
  });

  it.each([
    ['overloaded_error', 'failure'],
    ['api_error', 'failure'],
    ['invalid_request_error', 'success'],
  ])('of @anthropic-ai/sdk, %s, counts as a %s', async (type, as) => {
    const data = JSON.stringify({ type: 'error', error: { type, message: 'no' } });
    server.behave = events(`event: error\ndata: ${data}\n\n`);

    const counted = await countedAs(isLlmFailure, () => anthropic.stream(server.url));

    expect(counted).toMatchObject({ as, error: { type } });
  });
});

describe('openai', () => {
  it('counts a used-up quota as a failure', async () => {
    server.behave = answers(429, {
      error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'no' },
    });

    const counted = await countedAs(isLlmFailure, () => openai.ask(server.url));

    expect(counted).toMatchObject(failure({ code: 'insufficient_quota' }));
  });
});
