import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CircuitBreaker } from 'recloser';
import { guardStream, isStreamTimeoutError } from 'recloser/stream';
import { describe, expect, it } from 'vitest';

const breakerOf = (options = {}) => new CircuitBreaker({ name: 'body', ...options });

const totalsOf = ({ metrics }: CircuitBreaker) => {
  const { successes, failures, ignored, timeouts } = metrics.totals;
  return { inFlight: metrics.inFlight, successes, failures, ignored, timeouts };
};
const totals = (given: object) => ({
  inFlight: 0,
  successes: 0,
  failures: 0,
  ignored: 0,
  timeouts: 0,
  ...given,
});

async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe('an opened iterable', () => {
  it('is the same object, a success at its end', async () => {
    const breaker = breakerOf();
    const source = (async function* () {
      yield 1;
    })();

    const stream = await guardStream.open(breaker, () => source);
    const items = await readAll(stream);

    expect(stream).toBe(source);
    expect(items).toEqual([1]);
    expect(totalsOf(breaker)).toEqual(totals({ successes: 1 }));
  });

  it('is watched through an iterator of its own, as the streams of model providers have one', async () => {
    const breaker = breakerOf();
    const source = {
      controller: new AbortController(),
      iterator: async function* () {
        yield 1;
        yield 2;
      },
      [Symbol.asyncIterator]() {
        return this.iterator();
      },
    };

    const stream = await guardStream.open(breaker, () => source);
    const items = await readAll({ [Symbol.asyncIterator]: () => stream.iterator() });

    expect(items).toEqual([1, 2]);
    expect(Object.keys(stream)).toEqual(
      ['controller', 'iterator'].filter((key) => Object.keys(stream).includes(key)),
    );
    expect(totalsOf(breaker)).toEqual(totals({ successes: 1 }));
  });

  it('that ends in silence once its controller has aborted was left by its reader', async () => {
    const breaker = breakerOf();
    const controller = new AbortController();
    const source = {
      controller,
      async *[Symbol.asyncIterator]() {
        yield 1;
        if (controller.signal.aborted) return;
        yield 2;
      },
    };

    const stream = await guardStream.open(breaker, () => source);
    for await (const _ of stream) controller.abort();

    expect(totalsOf(breaker)).toEqual(totals({ ignored: 1 }));
  });

  it('must be open for members', async () => {
    const breaker = breakerOf();
    let ended = false;
    const source = Object.freeze({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async () => {
          ended = true;
          return { done: true as const, value: undefined };
        },
      }),
    });

    await expect(guardStream.open(breaker, () => source)).rejects.toThrow(TypeError);

    expect(ended).toBe(true);
    expect(totalsOf(breaker)).toEqual(totals({ ignored: 1 }));
  });
});

describe('an opened ReadableStream', () => {
  const chunks = (...given: string[]) =>
    new ReadableStream<string>({
      pull(controller) {
        const chunk = given.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    });

  it('is a new one, and a success at its end', async () => {
    const breaker = breakerOf();

    const stream = await guardStream.open(breaker, () => chunks('a', 'b'));
    const items = await readAll(stream as unknown as AsyncIterable<string>);

    expect(stream).toBeInstanceOf(ReadableStream);
    expect(items).toEqual(['a', 'b']);
    expect(totalsOf(breaker)).toEqual(totals({ successes: 1 }));
  });

  it('hands bytes to a buffer of the reader, to the end', async () => {
    const source = new ReadableStream({
      type: 'bytes',
      start(controller) {
        controller.enqueue(new Uint8Array([1, 2, 3]));
        controller.close();
      },
    });

    const stream = await guardStream.open(breakerOf(), () => source);
    const reader = stream.getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(2));
    const second = await reader.read(new Uint8Array(2));
    const end = await reader.read(new Uint8Array(2));

    expect([[...(first.value ?? [])], [...(second.value ?? [])], end.done]).toEqual([[1, 2], [3], true]);
  });

  it('is left by who cancels it, which the source hears', async () => {
    const breaker = breakerOf();
    const heard: unknown[] = [];
    const source = new ReadableStream({ cancel: (reason) => void heard.push(reason) });

    const stream = await guardStream.open(breaker, () => source);
    await stream.cancel('enough');

    expect(heard).toEqual(['enough']);
    expect(totalsOf(breaker)).toEqual(totals({ ignored: 1 }));
  });

  it('is a failure where it stands still while somebody reads', async () => {
    const breaker = breakerOf();
    const stream = await guardStream.open(breaker, () => new ReadableStream(), {
      firstTimeout: 20,
    });

    const error = await stream
      .getReader()
      .read()
      .catch((it: unknown) => it);

    expect(isStreamTimeoutError(error)).toBe(true);
    expect(totalsOf(breaker)).toEqual(totals({ failures: 1, timeouts: 1 }));
  });

  it('is a failure where it breaks off', async () => {
    const breaker = breakerOf();
    const error = new Error('cut');
    const source = new ReadableStream({ pull: () => Promise.reject(error) });

    const stream = await guardStream.open(breaker, () => source);

    await expect(stream.getReader().read()).rejects.toBe(error);
    expect(totalsOf(breaker)).toEqual(totals({ failures: 1 }));
  });
});

describe('an opened Readable', () => {
  it('is the same object, does not flow by itself, and is a success at its end', async () => {
    const breaker = breakerOf();
    const source = Readable.from(['a', 'b']);

    const stream = await guardStream.open(breaker, () => source);
    const flowed = stream.readableFlowing;
    const listeners = stream.eventNames();
    const items = await readAll(stream);

    expect([stream === source, flowed, items]).toEqual([true, null, ['a', 'b']]);
    expect(listeners).toEqual(Readable.from([]).eventNames());
    expect(Object.keys(stream)).not.toContain('emit');
    expect(totalsOf(breaker)).toEqual(totals({ successes: 1 }));
  });

  it('is a failure where it breaks off, told to whoever listens', async () => {
    const breaker = breakerOf();
    const stream = await guardStream.open(breaker, () => new PassThrough());

    const heard = once(stream, 'error');
    stream.destroy(new Error('cut'));

    expect((await heard)[0].message).toBe('cut');
    expect(totalsOf(breaker)).toEqual(totals({ failures: 1 }));
  });

  it('is left by who breaks off, or destroys it', async () => {
    const breaker = breakerOf();
    const first = await guardStream.open(breaker, () => Readable.from(['a', 'b']));
    const second = await guardStream.open(breaker, () => new PassThrough());

    for await (const _ of first) break;
    second.destroy();
    await once(second, 'close');

    expect(totalsOf(breaker)).toEqual(totals({ ignored: 2 }));
  });

  it('is not to blame for the destination of a pipeline', async () => {
    const breaker = breakerOf();
    const stream = await guardStream.open(breaker, () => Readable.from(['a', 'b', 'c']));
    const target = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('disk full')),
    });

    const closed = new Promise((resolve) => stream.on('close', resolve));
    const error = await pipeline(stream, target).catch((it: Error) => it.message);
    await closed;

    expect(error).toBe('disk full');
    expect(totalsOf(breaker)).toEqual(totals({ ignored: 1 }));
  });

  it('tells an error where it stands still while it flows', async () => {
    const breaker = breakerOf();
    const source = new PassThrough();
    const stream = await guardStream.open(breaker, () => source, { stallTimeout: 20 });

    source.write('a');
    stream.resume();
    const [error] = await once(stream, 'error');

    expect(isStreamTimeoutError(error) && error.items).toBe(1);
    expect(totalsOf(breaker)).toEqual(totals({ failures: 1, timeouts: 1 }));
  });

  it('may be paused for as long as its reader likes', async () => {
    const breaker = breakerOf();
    const source = new PassThrough();
    const stream = await guardStream.open(breaker, () => source, { stallTimeout: 20 });
    const items: string[] = [];
    const closed = once(stream, 'close');
    stream.on('data', (chunk) => {
      items.push(String(chunk));
      stream.pause();
    });

    source.write('a');
    await new Promise((resolve) => setTimeout(resolve, 60));
    stream.resume();
    source.end('b');
    await new Promise((resolve) => setTimeout(resolve, 10));
    stream.resume();
    await closed;

    expect(items).toEqual(['a', 'b']);
    expect(totalsOf(breaker)).toEqual(totals({ successes: 1 }));
  });
});
