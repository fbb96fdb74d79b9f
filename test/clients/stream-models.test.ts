import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { CircuitBreaker, isCircuitBreakerOpenError } from 'recloser';
import { guardStream, isStreamTimeoutError } from 'recloser/stream';
import { describe, expect, it } from 'vitest';
import { answers, type Behaviour, useServer } from '../http/server.js';

const server = useServer();
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

type End = 'ends' | 'breaks off' | 'stalls';

/** Sends events of a stream of tokens, and ends it in some way. */
const sends =
  (events: readonly string[], how: End): Behaviour =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events.join(''), () => {
      if (how === 'ends') response.end();
      if (how === 'breaks off') setImmediate(() => response.socket?.destroy());
    });
  };

const chunk = (content: string) =>
  `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })}\n\n`;
const event = (type: string, data: object) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const text = (content: string) =>
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: content } });

const SDKS = {
  openai: {
    events: [chunk('Hello, '), chunk('Ada.')],
    last: 'data: [DONE]\n\n',
    create(signal: AbortSignal): PromiseLike<AsyncIterable<unknown>> {
      const client = new OpenAI({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
      return client.chat.completions.create({ model: 'm', messages: [], stream: true }, { signal });
    },
    read: (it: unknown) => (it as { choices: { delta: { content: string } }[] }).choices[0]?.delta.content,
  },
  '@anthropic-ai/sdk': {
    events: [text('Hello, '), text('Ada.')],
    last: event('message_stop', {}),
    create(signal: AbortSignal): PromiseLike<AsyncIterable<unknown>> {
      const client = new Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
      return client.messages.create({ model: 'm', max_tokens: 9, messages: [], stream: true }, { signal });
    },
    read: (it: unknown) => (it as { delta?: { text: string } }).delta?.text,
  },
};

describe.each(Object.entries(SDKS))('a stream of %s', (_, { events, last, create, read }) => {
  const guarded = (breaker: CircuitBreaker, options = {}) =>
    guardStream(breaker, ({ signal }) => create(signal), options);

  async function collect(stream: AsyncIterable<unknown>): Promise<string> {
    let words = '';
    for await (const item of stream) words += read(item) ?? '';
    return words;
  }

  it('is a success at its end', async () => {
    server.behave = sends([...events, last], 'ends');
    const breaker = new CircuitBreaker();

    const words = await collect(guarded(breaker));

    expect(words).toBe('Hello, Ada.');
    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1 });
  });

  it('is a failure when it breaks off after a token', async () => {
    server.behave = sends(events.slice(0, 1), 'breaks off');
    const breaker = new CircuitBreaker({ failureThreshold: 2 });

    await caught(collect(guarded(breaker)));
    await caught(collect(guarded(breaker)));
    const error = await caught(collect(guarded(breaker)));

    expect(breaker.state).toBe('OPEN');
    expect(isCircuitBreakerOpenError(error)).toBe(true);
    expect(server.seen).toHaveLength(2);
  });

  it('is a failure when it stands still, and its request is aborted', async () => {
    let close: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    server.behave = (response, seen, number) => {
      response.on('close', () => close?.());
      sends(events.slice(0, 1), 'stalls')(response, seen, number);
    };
    const breaker = new CircuitBreaker();

    const error = await caught(collect(guarded(breaker, { stallTimeout: 30 })));

    expect(isStreamTimeoutError(error)).toBe(true);
    expect(error.items).toBeGreaterThan(0);
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
    await closed;
  });

  it('is bounded in the time to its first token', async () => {
    server.behave = sends([], 'stalls');
    const breaker = new CircuitBreaker();

    const error = await caught(collect(guarded(breaker, { firstTimeout: 30 })));

    expect(isStreamTimeoutError(error)).toBe(true);
    expect(error.items).toBe(0);
  });

  it('says nothing when its reader leaves, or its caller aborts', async () => {
    server.behave = sends(events, 'stalls');
    const breaker = new CircuitBreaker();
    const controller = new AbortController();

    for await (const _ of guarded(breaker)) break;
    const pending = caught(
      (async () => {
        for await (const _ of guarded(breaker, { signal: controller.signal })) controller.abort('gone');
      })(),
    );

    expect(await pending).toBe('gone');
    expect(breaker.metrics.totals).toMatchObject({ calls: 2, ignored: 2, failures: 0 });
  });

  it('is a failure when it is refused', async () => {
    server.behave = answers(529, '{}', { 'content-type': 'application/json' });
    const breaker = new CircuitBreaker();

    const error = await caught(collect(guarded(breaker)));

    expect(error).toMatchObject({ status: 529 });
    expect(breaker.metrics.totals.failures).toBe(1);
  });

  it('keeps its kind where it is opened, and counts at its end', async () => {
    server.behave = sends([...events, last], 'ends');
    const breaker = new CircuitBreaker();

    const stream = await guardStream.open(
      breaker,
      ({ signal }) => create(signal) as Promise<AsyncIterable<unknown>>,
    );
    const before = breaker.metrics.totals.successes;
    const [left, right] = (
      stream as never as { tee(): [AsyncIterable<unknown>, AsyncIterable<unknown>] }
    ).tee();
    const words = await Promise.all([collect(left), collect(right)]);

    expect([before, ...words]).toEqual([0, 'Hello, Ada.', 'Hello, Ada.']);
    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1 });
  });
});
