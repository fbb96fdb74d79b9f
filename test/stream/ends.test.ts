import { PassThrough, Readable, Writable } from 'node:stream';
import { CircuitBreaker } from 'recloser';
import { guardStream, isStreamTimeoutError } from 'recloser/stream';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { caught, totalsOf } from './fixtures.js';

const setUp = () => {
  const clock = createManualClock({ start: 5_000 });
  const breaker = new CircuitBreaker({ name: 'body', clock });
  return { clock, breaker };
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

const never = () => new Promise<never>(() => {});

/** An iterable that never answers, and notes who ends it. */
function silent() {
  const ends: string[] = [];
  let iterators = 0;
  const controller = new AbortController();
  const stream = {
    controller,
    [Symbol.asyncIterator]: (...args: unknown[]) => {
      iterators++;
      return {
        next: never,
        return: async () => {
          ends.push(`return ${args.length}`);
          return { done: true as const, value: undefined };
        },
      };
    },
  };
  return { stream, ends, controller, iterators: () => iterators };
}

describe('a stream that is cut while somebody waits', () => {
  it('is ended by its own controller too, as those of model providers are', async () => {
    const { clock, breaker } = setUp();
    const { stream, ends, controller } = silent();
    const read = caught(guardStream(breaker, () => stream, { firstTimeout: 20 }).next());

    await clock.advance(20);

    expect(isStreamTimeoutError(await read)).toBe(true);
    expect([ends, controller.signal.aborted, controller.signal.reason]).toEqual([
      ['return 0'],
      true,
      await read,
    ]);
  });

  it('is ended though its controller throws at who looks at it', async () => {
    const { clock, breaker } = setUp();
    const { stream, ends } = silent();
    Object.defineProperty(stream, 'controller', {
      get: () => {
        throw new Error('no such luck');
      },
    });
    const read = caught(guardStream(breaker, () => stream, { firstTimeout: 20 }).next());

    await clock.advance(20);

    expect([isStreamTimeoutError(await read), ends]).toEqual([true, ['return 0']]);
  });

  it('is destroyed where it is a Readable', async () => {
    const { clock, breaker } = setUp();
    const source = new PassThrough();
    const read = caught(guardStream(breaker, () => source, { firstTimeout: 20 }).next());

    await clock.advance(20);

    expect([isStreamTimeoutError(await read), source.destroyed]).toEqual([true, true]);
  });

  it.each([
    ['a Readable', () => new PassThrough(), (source: unknown) => (source as PassThrough).destroyed],
    [
      'a ReadableStream',
      (note: (reason: unknown) => void) => new ReadableStream({ cancel: note }),
      (_: unknown, reasons: unknown[]) => isStreamTimeoutError(reasons[0]),
    ],
  ])('is ended by what it is for where its source comes too late: %s', async (_, make, isEnded) => {
    const { clock, breaker } = setUp();
    const reasons: unknown[] = [];
    const late = deferred<ReadableStream>();
    const opening = caught(guardStream.open(breaker, () => late.promise, { firstTimeout: 20 }));
    await clock.advance(20);

    const source = make((reason) => reasons.push(reason));
    late.resolve(source as ReadableStream);
    await clock.advance(0);

    expect([isStreamTimeoutError(await opening), isEnded(source, reasons)]).toEqual([true, true]);
  });
});

describe('an opened iterable', () => {
  it('that nobody has begun to read is ended by an abort', async () => {
    const { breaker } = setUp();
    const { stream, ends, iterators } = silent();
    const controller = new AbortController();
    await guardStream.open(breaker, () => stream, { signal: controller.signal });

    controller.abort('enough');

    expect([ends, iterators(), totalsOf(breaker)]).toEqual([['return 0'], 1, [0, 0, 0, 1]]);
  });

  it('that somebody reads is ended by its iterator, and no other is made', async () => {
    const { breaker } = setUp();
    const { stream, ends, iterators } = silent();
    const controller = new AbortController();
    const opened = await guardStream.open(breaker, () => stream, { signal: controller.signal });
    const read = caught(opened[Symbol.asyncIterator]().next());

    controller.abort('enough');

    expect([await read, ends, iterators()]).toEqual(['enough', ['return 0'], 1]);
  });

  it.each([
    ['what is no function', { iterator: 7 as unknown }],
    [
      'what is inherited',
      Object.create({
        iterator: () => {
          throw new Error('another matter');
        },
      }) as { iterator: unknown },
    ],
  ])('is read by its own iterator, not by %s under the name of one', async (_, members) => {
    const { breaker } = setUp();
    const { iterator } = members;
    const source = Object.assign(members, {
      async *[Symbol.asyncIterator]() {
        yield 1;
      },
    });

    const stream = await guardStream.open(breaker, () => source);
    const items: number[] = [];
    for await (const item of stream) items.push(item);

    expect([items, stream.iterator, totalsOf(breaker)]).toEqual([[1], iterator, [0, 1, 0, 0]]);
  });

  it('whose controller throws at who looks at it is a success at its end', async () => {
    const { breaker } = setUp();
    const source = Object.defineProperty(
      {
        async *[Symbol.asyncIterator]() {
          yield 1;
        },
      },
      'controller',
      {
        get: () => {
          throw new Error('no such luck');
        },
      },
    );

    for await (const _ of await guardStream.open(breaker, () => source));

    expect(totalsOf(breaker)).toEqual([0, 1, 0, 0]);
  });
});

describe('a ReadableStream', () => {
  it('is read on platforms that iterate none', async () => {
    const { breaker } = setUp();
    const source = new ReadableStream<string>({
      start(controller) {
        controller.enqueue('a');
        controller.close();
      },
    });
    Object.defineProperty(source, Symbol.asyncIterator, { value: undefined });

    const items: unknown[] = [];
    for await (const item of guardStream(breaker, () => source)) items.push(item);

    expect(items).toEqual(['a']);
  });

  it('that was opened hands the reason of an abort to the next read, and to its source', async () => {
    const { breaker } = setUp();
    const reasons: unknown[] = [];
    const controller = new AbortController();
    const source = new ReadableStream({ cancel: (reason) => void reasons.push(reason) });
    const stream = await guardStream.open(breaker, () => source, { signal: controller.signal });

    controller.abort('enough');

    expect([await caught(stream.getReader().read()), reasons]).toEqual(['enough', ['enough']]);
    expect(totalsOf(breaker)).toEqual([0, 0, 0, 1]);
  });

  it('that was opened lets go of who cancels in the midst of a read, however long its source takes', async () => {
    const { breaker } = setUp();
    let signal: AbortSignal | undefined;
    const stream = await guardStream.open(breaker, (context) => {
      signal = context.signal;
      return new ReadableStream({ cancel: never });
    });
    const reader = stream.getReader();
    const read = reader.read();
    await turn();

    await reader.cancel('enough');

    expect([await read, signal?.reason]).toEqual([{ done: true, value: undefined }, 'enough']);
  });

  it('that was opened waits between reads for the end of its source, and aborts its signal then', async () => {
    const { breaker } = setUp();
    let signal: AbortSignal | undefined;
    const ended = deferred<void>();
    const stream = await guardStream.open(breaker, (context) => {
      signal = context.signal;
      return new ReadableStream({ pull: (it) => it.enqueue('a'), cancel: () => ended.promise });
    });
    const reader = stream.getReader();
    await reader.read();

    let isLeft = false;
    const left = reader.cancel('enough').then(() => {
      isLeft = true;
    });
    await turn();
    const before = [isLeft, signal?.aborted];
    ended.resolve();
    await left;

    expect([before, signal?.reason]).toEqual([[false, false], 'enough']);
  });

  it('that was opened does not stand still for a reader who has let go of it, and takes up the read for the next', async () => {
    const { clock, breaker } = setUp();
    let reads = 0;
    let source!: ReadableStreamDefaultController<string>;
    const stalled = new ReadableStream<string>(
      {
        start: (controller) => {
          source = controller;
        },
        pull: () => void reads++,
      },
      { highWaterMark: 0 },
    );
    const stream = await guardStream.open(breaker, () => stalled, { firstTimeout: 20, stallTimeout: 20 });
    const first = stream.getReader();
    const released = caught(first.read());
    await turn();
    first.releaseLock();

    await clock.advance(1_000);
    const [unread, timers] = [totalsOf(breaker), clock.timers];
    const second = stream.getReader();
    const answered = second.read();
    await clock.advance(19);
    source.enqueue('a');
    const item = await answered;
    const stalling = caught(second.read());
    await clock.advance(20);

    expect(await released).toBeInstanceOf(TypeError);
    expect([unread, timers]).toEqual([[1, 0, 0, 0], 0]);
    expect([item, reads]).toEqual([{ done: false, value: 'a' }, 2]);
    expect(isStreamTimeoutError(await stalling)).toBe(true);
    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('that was opened hands what comes while nobody reads it to the next who does', async () => {
    const { clock, breaker } = setUp();
    let source!: ReadableStreamDefaultController<string>;
    const slow = new ReadableStream<string>({
      start: (controller) => {
        source = controller;
      },
    });
    const stream = await guardStream.open(breaker, () => slow, { firstTimeout: 20 });
    const first = stream.getReader();
    const released = caught(first.read());
    first.releaseLock();
    await clock.advance(1_000);

    source.enqueue('a');
    source.close();
    const second = stream.getReader();

    expect(await released).toBeInstanceOf(TypeError);
    expect([await second.read(), (await second.read()).done]).toEqual([{ done: false, value: 'a' }, true]);
    expect(totalsOf(breaker)).toEqual([0, 1, 0, 0]);
  });

  it('of bytes that hands out something else is left, and ended', async () => {
    const { breaker } = setUp();
    const cancels: unknown[] = [];
    const source = Object.assign(new ReadableStream({ type: 'bytes' }), {
      getReader(options?: { mode?: string }) {
        if (options?.mode === 'byob') return { releaseLock() {} };
        return {
          read: async () => ({ done: false, value: 'text' }),
          cancel: async (reason: unknown) => void cancels.push(reason),
          releaseLock() {},
        };
      },
    });
    const stream = await guardStream.open(breaker, () => source);

    const error = await caught((stream as ReadableStream).getReader().read());

    expect(error).toBeInstanceOf(TypeError);
    expect([cancels, totalsOf(breaker)]).toEqual([[error], [0, 0, 0, 1]]);
  });
});

describe('the wait for a chunk of an opened Readable', () => {
  const open = async (options: object) => {
    const { clock, breaker } = setUp();
    const source = new PassThrough();
    const errors: unknown[] = [];
    const stream = await guardStream.open(breaker, () => source, options);
    stream.on('error', (error) => errors.push(error));
    /** Lets time pass, and Node do what it puts off meanwhile. */
    const pass = async (ms: number) => {
      await turn();
      await clock.advance(ms);
      await turn();
    };
    return { clock, breaker, stream, errors, pass };
  };

  it('ends with the chunk, however often one has been asked for', async () => {
    const { stream, errors, pass } = await open({ firstTimeout: 100, stallTimeout: 50 });
    stream.read();
    stream.read();
    stream.write('a');
    await pass(10);

    const chunk = String(stream.read());
    await pass(1_000);

    expect([chunk, errors]).toEqual(['a', []]);
  });

  it('is none where what is there has not been taken', async () => {
    const { stream, errors, pass } = await open({ firstTimeout: 100 });
    stream.on('readable', () => {});

    stream.write('a');
    await pass(1_000);

    expect([errors, String(stream.read())]).toEqual([[], 'a']);
  });

  it('is none where somebody asks for nothing', async () => {
    const { clock, stream } = await open({ firstTimeout: 100 });

    stream.read(0);

    expect(clock.timers).toBe(0);
  });

  it('is none where somebody asks for nothing after a chunk, and only listens', async () => {
    const { stream, errors, pass } = await open({ firstTimeout: 100, stallTimeout: 50 });
    stream.on('readable', () => {});
    stream.write('a');
    await pass(0);

    const chunk = String(stream.read());
    stream.read(0);
    await pass(1_000);

    expect([chunk, errors]).toEqual(['a', []]);
  });

  it('begins anew when what was paused flows again', async () => {
    const { stream, errors, pass } = await open({ firstTimeout: 100 });
    stream.on('data', () => {});
    await pass(10);
    stream.pause();
    await pass(10);

    stream.resume();
    await pass(99);
    const before = errors.length;
    await pass(1);

    expect([before, errors.map(isStreamTimeoutError)]).toEqual([0, [true]]);
  });

  it('has a limit where less is there than was asked for', async () => {
    const { stream, errors, pass } = await open({ firstTimeout: 100 });
    stream.write('head');
    await pass(0);

    const chunk = stream.read(10);
    await pass(100);

    expect([chunk, errors.map(isStreamTimeoutError)]).toEqual([null, [true]]);
  });

  it('is none while a loop is busy with the one before', async () => {
    const { clock, stream, errors, pass } = await open({ firstTimeout: 100, stallTimeout: 50 });
    const reading = stream[Symbol.asyncIterator]();
    const first = reading.next();
    stream.write('a');
    await first;

    await pass(1_000);
    const idle = [clock.timers, ...errors];
    const second = caught(reading.next());
    await pass(49);
    const before = errors.length;
    await pass(1);

    expect([idle, before, errors.map(isStreamTimeoutError)]).toEqual([[0], 0, [true]]);
    expect(await second).toBe(errors[0]);
  });

  it.each([
    ['data', (stream: Readable) => void stream.on('data', () => {})],
    [
      'data again, after a pause',
      (stream: Readable) => {
        stream.on('data', () => {});
        stream.pause();
        stream.resume();
      },
    ],
    [
      'what it is piped to',
      (stream: Readable) => {
        stream.pipe(new Writable({ write: (_chunk, _encoding, done) => done() }));
      },
    ],
  ])('has a limit while it flows, before its first chunk and after each: %s', async (_, flow) => {
    const { clock, breaker, stream, errors, pass } = await open({ firstTimeout: 100, stallTimeout: 50 });
    flow(stream);
    await pass(99);
    stream.write('a');
    await pass(49);
    stream.write('b');
    await pass(49);
    const before = [clock.timers, ...errors];

    await pass(1);

    expect([before, errors]).toEqual([[1], [expect.objectContaining({ timeout: 50, items: 2 })]]);
    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('is none while it is paused, though it has flowed', async () => {
    const { stream, errors, pass } = await open({ firstTimeout: 100, stallTimeout: 50 });
    stream.on('data', () => {});
    await pass(10);

    stream.pause();
    await pass(1_000);

    expect(errors).toEqual([]);
  });

  it('is none while nobody takes what is pushed: it need not flow', async () => {
    const { clock, breaker } = setUp();
    const source = new Readable({ read() {} });
    const stream = await guardStream.open(breaker, () => source, { firstTimeout: 100 });

    source.push('a');
    await turn();

    expect([clock.timers, String(stream.read())]).toEqual([0, 'a']);
  });
});

describe('an opened Readable', () => {
  const full = () =>
    new Writable({ autoDestroy: false, write: (_chunk, _encoding, done) => done(new Error('disk full')) });

  it('is left by who destroys it with the error of what it is piped to', async () => {
    const { breaker } = setUp();
    const stream = await guardStream.open(breaker, () => new PassThrough());
    const target = full();
    stream.on('error', () => {});
    target.on('error', (error) => stream.destroy(error));

    stream.pipe(target);
    stream.write('a');
    await new Promise((resolve) => stream.on('close', resolve));

    expect([target.destroyed, totalsOf(breaker)]).toEqual([false, [0, 0, 0, 1]]);
  });

  it('is a failure where it breaks off by an error of its own, whatever that of its target was', async () => {
    const { breaker } = setUp();
    const stream = await guardStream.open(breaker, () => new PassThrough());
    const target = full();
    stream.on('error', () => {});
    const failed = new Promise((resolve) => target.on('error', resolve));
    stream.pipe(target);
    stream.write('a');
    await failed;

    stream.destroy(new Error('cut'));
    await new Promise((resolve) => stream.on('close', resolve));

    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('is a failure where it breaks off without saying how, though what it is piped to is well', async () => {
    const { breaker } = setUp();
    const stream = await guardStream.open(breaker, () => new PassThrough());
    stream.on('error', () => {});
    stream.pipe(new Writable({ write: (_chunk, _encoding, done) => done() }));

    stream.emit('error', null);

    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('keeps what others put over its members, which tells nothing once it has ended', async () => {
    const { breaker } = setUp();
    const heard: unknown[] = [];
    let signal: AbortSignal | undefined;
    const stream = await guardStream.open(breaker, (context) => {
      signal = context.signal;
      return new PassThrough();
    });
    const { emit } = stream;
    const patched = (...[event, ...args]: Parameters<PassThrough['emit']>) => {
      heard.push(event);
      return emit.call(stream, event, ...args);
    };
    stream.emit = patched;

    stream.end('a');
    for await (const _ of stream);
    await turn();

    expect([stream.emit === patched, heard.includes('end'), heard.includes('close')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([signal?.aborted, totalsOf(breaker)]).toEqual([false, [0, 1, 0, 0]]);
  });
});

describe('an opened Readable whose members others take away', () => {
  it('is a success at its end all the same', async () => {
    const { breaker } = setUp();
    const stream = await guardStream.open(breaker, () => new PassThrough());
    delete (stream as { pipe?: unknown }).pipe;

    stream.end('a');
    for await (const _ of stream);

    expect(totalsOf(breaker)).toEqual([0, 1, 0, 0]);
  });
});

describe('leave for a probe, where others share the circuit', () => {
  const shared = () => {
    const { breaker } = setUp();
    const leave = deferred<void>();
    const seat = { leave: () => leave.promise };
    Object.defineProperty(breaker, Symbol.for('recloser.seam.1'), { value: () => seat });
    return { breaker, leave };
  };

  it.each([
    ['lazily', (breaker: CircuitBreaker, source: () => null) => guardStream(breaker, source).next()],
    ['opened', (breaker: CircuitBreaker, source: () => null) => guardStream.open(breaker, source)],
  ])('is waited for, not in flight: %s', async (_, start) => {
    const { breaker, leave } = shared();
    let runs = 0;
    const started = start(breaker, () => {
      runs++;
      return null;
    });
    await turn();
    const waiting = [runs, breaker.metrics.inFlight, breaker.metrics.totals.calls];

    leave.resolve();
    await started;

    expect([waiting, runs, totalsOf(breaker)]).toEqual([[0, 0, 0], 1, [0, 1, 0, 0]]);
  });

  it('that comes when the reader has gone takes no permit', async () => {
    const { breaker, leave } = shared();
    let runs = 0;
    const stream = guardStream(breaker, () => {
      runs++;
      return null;
    });
    const read = stream.next();
    await turn();

    await stream.return(undefined);
    leave.resolve();
    await turn();

    expect([await read, runs]).toEqual([{ done: true, value: undefined }, 0]);
    expect(breaker.metrics.totals).toMatchObject({ calls: 0, ignored: 0 });
  });
});

describe('options of a stream', () => {
  it('that throw at who reads them are refused by name', () => {
    const { breaker } = setUp();
    const options = Object.defineProperty({}, 'signal', {
      enumerable: true,
      get: () => {
        throw new Error('no such luck');
      },
    });

    expect(() => guardStream(breaker, () => null, options)).toThrow(
      /guard a stream by.*options cannot be read/,
    );
  });

  it('that answer nonsense are reported by name', async () => {
    const { uncaught } = watchRuntime();
    const { breaker } = setUp();
    const source = () => {
      throw new Error('down');
    };
    const options = { fallback: () => null, fallbackOn: (() => 'yes') as never };

    const error = await caught(guardStream(breaker, source, options).next());
    await quiet();

    expect((error as Error).message).toBe('down');
    expect(uncaught).toEqual([new TypeError('`fallbackOn` must return true or false, received string')]);
  });
});
