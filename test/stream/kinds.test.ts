import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { CircuitBreaker } from 'recloser';
import { guardStream } from 'recloser/stream';
import { describe, expect, it } from 'vitest';
import { caught, totalsOf } from './fixtures.js';

const breakerOf = (options = {}) => new CircuitBreaker({ name: 'body', ...options });

async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

const closed = (stream: Readable) => new Promise((resolve) => stream.on('close', resolve));

async function* letters(...given: string[]) {
  for (const letter of given) yield letter;
}

/** An iterator that tells what it is asked for. */
function told(...given: unknown[]) {
  const asked: unknown[] = [];
  const iterator = {
    next: async (...args: unknown[]) => {
      asked.push(['next', ...args]);
      return given.length > 0 ? { done: false, value: given.shift() } : { done: true, value: 'end' };
    },
    return: async (...args: unknown[]) => {
      asked.push(['return', ...args]);
      return { done: true, value: args[0] };
    },
    throw: async (...args: unknown[]) => {
      asked.push(['throw', ...args]);
      throw args[0];
    },
  };
  return { asked, iterator: iterator as AsyncIterator<unknown> };
}

describe('what a source may answer', () => {
  it.each([
    ['a response', new Response('a'), /received .+ \(a response: answer its `body`\)$/],
    ['a string', 'text', /Readable or null, received "text"$/],
    ['an array', ['a'], /received /],
    ['what has but one member of a response', { clone() {} }, /received [^(]*$/],
    ['nothing', undefined, /received undefined$/],
  ])('is no other thing: %s', async (_, answer, message) => {
    const breaker = breakerOf();

    const lazy = await caught(guardStream(breaker, () => answer as never).next());
    const opened = await caught(guardStream.open(breaker, () => answer as never));

    for (const error of [lazy, opened]) {
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(
        /^A guarded source must answer an async iterable, a ReadableStream, a Readable or null, /,
      );
      expect((error as Error).message).toMatch(message);
    }
    expect(totalsOf(breaker)).toEqual([0, 0, 0, 2]);
  });

  it('is a stream that nobody reads', async () => {
    const breaker = breakerOf();
    const locked = new ReadableStream();
    locked.getReader();

    const error = await caught(guardStream(breaker, () => locked).next());

    expect((error as Error).message).toMatch(/that nobody reads, received one that is locked/);
    expect(totalsOf(breaker)).toEqual([0, 0, 0, 1]);
  });

  it('is a function’s, behind a breaker', () => {
    const breaker = breakerOf();

    expect(() => guardStream(breaker, 'text' as never)).toThrow(
      'A stream through circuit breaker "body" needs a function that answers it, received "text"',
    );
    expect(() => guardStream({} as never, () => letters())).toThrow(
      /^A stream is guarded by a circuit breaker, received /,
    );
  });

  it('may be empty, opened too', async () => {
    const breaker = breakerOf();

    expect(await guardStream.open(breaker, () => null)).toBeNull();
    expect(totalsOf(breaker)).toEqual([0, 1, 0, 0]);
  });
});

describe('options of a stream', () => {
  it.each([
    [{ signal: {} }, /signal.*an AbortSignal/],
    [{ settleOn: 'last' }, /settleOn.*'end'.*'first'|settleOn.*"end".*"first"/],
    [{ fallbackOn: 'some' }, /fallbackOn.*rejection.*failure.*any/],
    [{ stallTimeout: 0 }, /stallTimeout/],
    [{ firstTimeout: 0.5 }, /firstTimeout/],
    [{ stalTimeout: 1 }, /stallTimeout/],
  ])('are refused where they cannot work: %j', (options, message) => {
    const guard = () => guardStream(breakerOf(), () => letters(), options as never);

    expect(guard).toThrow(message);
    expect(guard).toThrow(/guard a stream by.*body/);
  });

  it.each([
    ['rejection', 'yes', 'no'],
    ['failure', 'no', 'yes'],
    ['any', 'yes', 'yes'],
    [(error: unknown) => (error as Error).message === 'down', 'no', 'yes'],
  ] as const)('say which errors the fallback answers: %s', async (fallbackOn, onRejection, onFailure) => {
    const breaker = breakerOf();
    const fails = () => {
      throw new Error('down');
    };
    const options = { fallback: () => letters('yes'), fallbackOn };
    const read = () =>
      guardStream(breaker, fails, options)
        .next()
        .then(
          (it) => it.value,
          () => 'no',
        );
    const open = () => guardStream.open(breaker, fails as () => AsyncGenerator<string>, options);

    const failed = [
      await read(),
      await open()
        .then((it) => it.next())
        .then(
          (it) => it.value,
          () => 'no',
        ),
    ];
    breaker.forceOpen();
    const rejected = [
      await read(),
      await open()
        .then((it) => it.next())
        .then(
          (it) => it.value,
          () => 'no',
        ),
    ];

    expect([failed, rejected]).toEqual([
      [onFailure, onFailure],
      [onRejection, onRejection],
    ]);
  });

  it('have no fallback of the breaker’s', async () => {
    const breaker = breakerOf({ fallback: () => 'text' });
    breaker.forceOpen();

    expect(await caught(guardStream(breaker, () => letters('a')).next())).toMatchObject({
      code: 'ERR_CIRCUIT_OPEN',
    });
  });
});

describe('a fallback’s stream', () => {
  const fails = () => {
    throw new Error('down');
  };

  it('is read and left as it is, and nobody watches it', async () => {
    const breaker = breakerOf();
    const { asked, iterator } = told('a', 'b');
    const stream = guardStream(breaker, fails as () => AsyncGenerator<unknown>, {
      fallback: () => ({ [Symbol.asyncIterator]: () => iterator }),
    });

    const items = [(await stream.next()).value, (await stream.next()).value];
    const left = await stream.return('bye' as never);
    const after = await stream.next();

    expect([items, left, after]).toEqual([
      ['a', 'b'],
      { done: true, value: 'bye' },
      { done: true, value: undefined },
    ]);
    expect(asked.at(-1)).toEqual(['return', 'bye']);
    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('may be a ReadableStream, which is cancelled by who leaves', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue('a'),
      cancel: () => {
        cancelled = true;
      },
    });
    const stream = guardStream(breakerOf(), fails as () => ReadableStream<string>, { fallback: () => body });

    const first = await stream.next();
    const left = await stream.return('bye' as never);

    expect([first.value, left, cancelled]).toEqual(['a', { done: true, value: 'bye' }, true]);
  });

  it('that fails is the reader’s', async () => {
    const breaker = breakerOf();
    const fallback = async function* () {
      yield 'a';
      throw new Error('also down');
    };
    const stream = guardStream(breaker, fails as () => AsyncGenerator<string>, { fallback });

    await stream.next();
    const error = await caught(stream.next());
    const after = await stream.next();

    expect([(error as Error).message, after.done]).toEqual(['also down', true]);
    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('must be one', async () => {
    const options = { fallback: () => 'text' as never };

    const lazy = await caught(guardStream(breakerOf(), fails, options).next());
    const opened = await caught(guardStream.open(breakerOf(), fails, options));

    expect([lazy, opened]).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  it('that comes when its reader has gone is ended unread', async () => {
    let answer: (stream: AsyncIterable<unknown>) => void = () => {};
    const { asked, iterator } = told('a');
    const stream = guardStream(breakerOf(), fails as () => AsyncGenerator<unknown>, {
      fallback: () =>
        new Promise<AsyncIterable<unknown>>((resolve) => {
          answer = resolve;
        }),
    });
    const first = stream.next();
    await new Promise((resolve) => setImmediate(resolve));

    const left = await stream.return('bye' as never);
    answer({ [Symbol.asyncIterator]: () => iterator });
    await new Promise((resolve) => setImmediate(resolve));

    expect([await first, left]).toEqual([
      { done: true, value: undefined },
      { done: true, value: 'bye' },
    ]);
    expect(asked).toEqual([['return']]);
  });
});

describe('the generator', () => {
  it('looks like one of the platform', async () => {
    const stream = guardStream(breakerOf(), () => letters('a', 'b'));
    const dispose = (Symbol as { asyncDispose?: symbol }).asyncDispose ?? Symbol.for('Symbol.asyncDispose');

    const tag = Object.prototype.toString.call(stream);
    await stream.next();
    await (stream as unknown as Record<symbol, () => Promise<void>>)[dispose]?.();

    expect(tag).toBe('[object AsyncGenerator]');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('may be told to return by what its source answers', async () => {
    const breaker = breakerOf();
    const { asked, iterator } = told('a', 'b');
    let signal: AbortSignal | undefined;
    const stream = guardStream(breaker, (context) => {
      signal = context.signal;
      return { [Symbol.asyncIterator]: () => iterator };
    });
    await stream.next();

    const left = await stream.return('bye' as never);
    const again = await stream.return('once more' as never);

    expect([left, again]).toEqual([
      { done: true, value: 'bye' },
      { done: true, value: 'once more' },
    ]);
    expect(asked).toEqual(
      [
        ['next', undefined],
        ['return', 'bye'],
      ].map((it) => (it[0] === 'next' ? ['next'] : it)),
    );
    expect([signal?.aborted, signal?.reason.name]).toEqual([true, 'AbortError']);
    expect(totalsOf(breaker)).toEqual([0, 0, 0, 1]);
  });

  it('returns what it is given where its source knows no return', async () => {
    const stream = guardStream(breakerOf(), () => ({
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false as const, value: 'a' }) }),
    }));
    await stream.next();

    const left = await stream.return(Promise.resolve('bye') as never);
    const after = await stream.next();

    expect([left, after]).toEqual([
      { done: true, value: 'bye' },
      { done: true, value: undefined },
    ]);
  });

  it('throws before its first item what it is given, and is over', async () => {
    const breaker = breakerOf();
    let runs = 0;
    const stream = guardStream(breaker, () => {
      runs++;
      return letters('a');
    });

    const error = await caught(stream.throw('mine'));
    const after = await stream.next();

    expect([error, after.done, runs, breaker.metrics.totals.calls]).toEqual(['mine', true, 0, 0]);
  });

  it('that has ended aborts no signal when it is told to return', async () => {
    let signal: AbortSignal | undefined;
    const stream = guardStream(breakerOf(), (context) => {
      signal = context.signal;
      return letters('a');
    });

    await readAll(stream);
    await stream.return(undefined);

    expect(signal?.aborted).toBe(false);
  });

  it('is failed by a result that is none', async () => {
    const breaker = breakerOf();
    const stream = guardStream(breaker, () => ({
      [Symbol.asyncIterator]: () => ({ next: async () => 7 as never }),
    }));

    const error = await caught(stream.next());

    expect((error as Error).message).toBe('Iterator result 7 is not an object');
    expect([totalsOf(breaker), (await stream.next()).done]).toEqual([[0, 0, 1, 0], true]);
  });

  it('is failed by a source without an iterator that works', async () => {
    const breaker = breakerOf();
    const stream = guardStream(breaker, () => ({
      [Symbol.asyncIterator]: () => {
        throw new Error('no iterator');
      },
    }));

    expect(await caught(stream.next())).toMatchObject({ message: 'no iterator' });
    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('lets its reader’s own error be an ignored end, where the source passes it on', async () => {
    const breaker = breakerOf();
    const { asked, iterator } = told('a', 'b');
    let signal: AbortSignal | undefined;
    const stream = guardStream(breaker, (context) => {
      signal = context.signal;
      return { [Symbol.asyncIterator]: () => iterator };
    });
    await stream.next();

    const error = await caught(stream.throw('mine'));

    expect([error, asked.at(-1), signal?.aborted]).toEqual(['mine', ['throw', 'mine'], true]);
    expect([totalsOf(breaker), (await stream.next()).done]).toEqual([[0, 0, 0, 1], true]);
  });
});

describe('results at the end', () => {
  const END = { done: true, value: undefined };

  it('are each reader’s own', async () => {
    const read = async () => {
      const stream = guardStream(breakerOf(), () => letters());
      await stream.next();
      return stream.next();
    };
    const leave = async () => {
      const stream = guardStream(breakerOf(), () => ({
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>(() => {}) }),
      }));
      const pending = stream.next();
      await stream.return(undefined);
      return pending;
    };

    for (const end of [read, leave]) Object.assign(await end(), { done: false, value: 'changed' });

    expect([await read(), await leave()]).toEqual([END, END]);
  });
});

describe('an opened iterator', () => {
  it('is read through its own members, with their arguments, and has no other', async () => {
    const breaker = breakerOf();
    const { asked, iterator } = told('a', 'b');
    const source = Object.assign(iterator, {
      [Symbol.asyncIterator]() {
        return this;
      },
    }) as unknown as AsyncGenerator<unknown>;

    const stream = await guardStream.open(breaker, () => source);
    const first = await stream.next('one' as never);
    const left = await stream.return('bye' as never);

    expect([first.value, left]).toEqual(['a', { done: true, value: 'bye' }]);
    expect(asked).toEqual([
      ['next', 'one'],
      ['return', 'bye'],
    ]);
    expect([stream[Symbol.asyncIterator]() === stream, totalsOf(breaker)]).toEqual([true, [0, 0, 0, 1]]);
  });

  it('passes on what its reader throws', async () => {
    const breaker = breakerOf();
    const { asked, iterator } = told('a', 'b');
    const source = Object.assign(iterator, {
      [Symbol.asyncIterator]() {
        return this;
      },
    }) as unknown as AsyncGenerator<unknown>;
    const stream = await guardStream.open(breaker, () => source);
    await stream.next();

    expect(await caught(stream.throw('mine'))).toBe('mine');
    expect([asked.at(-1), totalsOf(breaker)]).toEqual([
      ['throw', 'mine'],
      [0, 0, 0, 1],
    ]);
  });

  it('that knows no leaving is left all the same by who breaks off, and gets no `throw`', async () => {
    const breaker = breakerOf();
    const source = {
      next: async () => ({ done: false as const, value: 'a' }),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const stream = await guardStream.open(breaker, () => source);

    for await (const _ of stream) break;

    expect(totalsOf(breaker)).toEqual([0, 0, 0, 1]);
    expect([Object.hasOwn(stream, 'throw'), Object.keys(stream)]).toEqual([false, []]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('hands its reason to who reads it after an abort', async () => {
    const controller = new AbortController();
    const breaker = breakerOf();
    const { asked, iterator } = told('a');
    const stream = await guardStream.open(breaker, () => ({ [Symbol.asyncIterator]: () => iterator }), {
      signal: controller.signal,
    });

    controller.abort('enough');
    const error = await caught(stream[Symbol.asyncIterator]().next());

    expect([error, totalsOf(breaker)]).toEqual(['enough', [0, 0, 0, 1]]);
    expect(asked.map((it) => (it as unknown[])[0])).not.toContain('next');
  });

  it('shares one outcome with others of the same object', async () => {
    const breaker = breakerOf();
    const stream = await guardStream.open(breaker, () => ({ [Symbol.asyncIterator]: () => letters('a') }));

    const both = await Promise.all([readAll(stream), readAll(stream)]);

    expect([both.flat().includes('a'), totalsOf(breaker)]).toEqual([true, [0, 1, 0, 0]]);
  });

  it('tells which streams take no members', async () => {
    const error = await caught(
      guardStream.open(breakerOf(), () => Object.freeze({ [Symbol.asyncIterator]: () => letters('a') })),
    );

    expect((error as Error).message).toBe(
      'A frozen stream cannot be guarded: read it by `guardStream(breaker, source)`',
    );
  });
});

describe('an opened Readable', () => {
  it('gives its members back at its end', async () => {
    const source = new PassThrough();
    const mine = () => true;
    Object.defineProperty(source, 'emit', { value: source.emit, configurable: true, writable: true });
    const before = Object.getOwnPropertyDescriptor(source, 'emit');
    const stream = await guardStream.open(breakerOf(), () => source);
    const during = ['emit', 'read', 'pipe'].map((name) => Object.hasOwn(stream, name));

    source.end('a');
    await readAll(stream);

    expect([during, typeof mine]).toEqual([[true, true, true], 'function']);
    expect(Object.getOwnPropertyDescriptor(stream, 'emit')).toEqual(before);
    expect(['read', 'pipe'].map((name) => Object.hasOwn(stream, name))).toEqual([false, false]);
  });

  it('is a failure where it breaks off without an error that says more', async () => {
    const breaker = breakerOf();
    const stream = await guardStream.open(breaker, () => new PassThrough());
    const heard = once(stream, 'error');

    stream.emit('error', null);

    expect(await heard).toEqual([null]);
    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('is a failure where it breaks off while it is piped to what is well', async () => {
    const breaker = breakerOf();
    const source = new PassThrough();
    const stream = await guardStream.open(breaker, () => source);
    const target = new Writable({ write: (_chunk, _encoding, done) => done() });
    stream.on('error', () => {});
    stream.pipe(target);

    source.destroy(new Error('cut'));
    await closed(stream);

    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('is left where what it is piped to has gone', async () => {
    const breaker = breakerOf();
    const source = new PassThrough();
    const stream = await guardStream.open(breaker, () => source);
    const target = new Writable({ write: (_chunk, _encoding, done) => done() });
    stream.on('error', () => {});
    stream.pipe(target);

    target.destroy();
    source.destroy(new Error('nobody reads'));
    await closed(stream);

    expect(totalsOf(breaker)).toEqual([0, 0, 0, 1]);
  });

  it('is a failure after it was piped to what has finished', async () => {
    const breaker = breakerOf();
    const source = new PassThrough();
    const stream = await guardStream.open(breaker, () => source);
    const target = new Writable({ write: (_chunk, _encoding, done) => done() });
    stream.on('error', () => {});
    stream.pipe(target);
    target.end();
    await once(target, 'close');

    source.destroy(new Error('cut'));
    await closed(stream);

    expect(totalsOf(breaker)).toEqual([0, 0, 1, 0]);
  });

  it('aborts the signal of its source when it is left', async () => {
    let signal: AbortSignal | undefined;
    const stream = await guardStream.open(breakerOf(), (context) => {
      signal = context.signal;
      return Readable.from(['a', 'b']);
    });

    const gone = closed(stream);
    for await (const _ of stream) break;
    await gone;

    expect([signal?.aborted, signal?.reason.name, signal?.reason.message]).toEqual([
      true,
      'AbortError',
      'The reader of the stream has left',
    ]);
  });

  it('is destroyed by the reason of an abort', async () => {
    const controller = new AbortController();
    const breaker = breakerOf();
    const stream = await guardStream.open(breaker, () => new PassThrough(), { signal: controller.signal });
    const heard = once(stream, 'error');

    const reason = new Error('enough');
    controller.abort(reason);

    expect([(await heard)[0] === reason, stream.destroyed, totalsOf(breaker)]).toEqual([
      true,
      true,
      [0, 0, 0, 1],
    ]);
  });
});

describe('a ReadableStream that is read lazily', () => {
  it('is cancelled with what its reader returns, as by the platform', async () => {
    let heard: unknown;
    const stream = new ReadableStream<string>({
      pull: (controller) => controller.enqueue('a'),
      cancel: (reason) => {
        heard = reason;
      },
    });
    const guarded = guardStream(breakerOf(), () => stream);
    await guarded.next();

    const result = await guarded.return('enough' as never);

    expect([result, heard]).toEqual([{ done: true, value: 'enough' }, 'enough']);
  });
});

describe('an opened ReadableStream, to its end', () => {
  it.each([
    ['of bytes', { type: 'bytes' }],
    ['of anything else', {}],
  ])('leaves no promise that nobody handles: %s', async (_, kind) => {
    const unheard: unknown[] = [];
    const note = (error: unknown) => void unheard.push(error);
    process.on('unhandledRejection', note);
    let pulls = 0;
    const source = new ReadableStream({
      ...kind,
      pull: (controller: ReadableStreamDefaultController) => {
        if (++pulls === 1) controller.enqueue(new Uint8Array([1]));
        else controller.close();
      },
    } as never);

    try {
      const items = await readAll(
        (await guardStream.open(breakerOf(), () => source)) as never as AsyncIterable<Uint8Array>,
      );
      await new Promise(setImmediate);
      await new Promise(setImmediate);

      expect([items, unheard]).toEqual([[new Uint8Array([1])], []]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe('an opened ReadableStream', () => {
  it('passes no empty chunk of bytes on', async () => {
    const chunks = [new Uint8Array(1), new Uint8Array(2)];
    const platform = new ReadableStream({ type: 'bytes' });
    // A stream of another platform may hand out empty chunks.
    const source = Object.assign(platform, {
      getReader(options?: { mode?: string }) {
        if (options?.mode === 'byob') return { releaseLock() {} };
        let count = 0;
        return {
          read: async () =>
            count++ === 1
              ? { done: false, value: new Uint8Array(0) }
              : chunks.length > 0
                ? { done: false, value: chunks.shift() }
                : { done: true },
          cancel: async () => {},
          releaseLock() {},
        };
      },
    });

    const stream = await guardStream.open(breakerOf(), () => source);
    const lengths: number[] = [];
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) lengths.push(chunk.byteLength);

    expect(lengths).toEqual([1, 2]);
  });

  it('is left by who cancels it, whose reason the signal of the source gets', async () => {
    const breaker = breakerOf();
    let signal: AbortSignal | undefined;
    let heard: unknown;
    const stream = await guardStream.open(breaker, (context) => {
      signal = context.signal;
      return new ReadableStream({
        pull: (controller) => controller.enqueue('a'),
        cancel: (reason) => {
          heard = [reason, signal?.aborted];
        },
      });
    });

    await stream.cancel('enough');

    expect([heard, signal?.reason, totalsOf(breaker)]).toEqual([['enough', false], 'enough', [0, 0, 0, 1]]);
  });

  it('that has ended aborts no signal when it is cancelled', async () => {
    let signal: AbortSignal | undefined;
    const stream = await guardStream.open(breakerOf(), (context) => {
      signal = context.signal;
      return new ReadableStream({ start: (controller) => controller.close() });
    });

    await stream.getReader().read();
    await stream.cancel().catch(() => {});

    expect(signal?.aborted).toBe(false);
  });

  it('asks its source for nothing before somebody reads', async () => {
    let pulls = 0;
    const stream = await guardStream.open(
      breakerOf(),
      () =>
        new ReadableStream(
          {
            pull: (controller) => {
              pulls++;
              controller.enqueue('a');
            },
          },
          { highWaterMark: 0 },
        ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const before = pulls;

    await stream.getReader().read();

    expect([before, pulls]).toEqual([0, 1]);
  });
});
