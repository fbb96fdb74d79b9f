import { PassThrough } from 'node:stream';
import { CircuitBreaker } from 'recloser';
import { guardStream, isStreamTimeoutError } from 'recloser/stream';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { caught, totalsOf } from './fixtures.js';

type Item = IteratorResult<unknown, unknown>;

const END: Item = { done: true, value: undefined };
const item = (value: unknown): Item => ({ done: false, value });

const setUp = () => {
  const clock = createManualClock({ start: 5_000 });
  const breaker = new CircuitBreaker({ name: 'model', clock });
  return { clock, breaker };
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An iterable whose items are pushed by hand, and which notes what it is asked for. */
function byHand() {
  const waiting = [] as { resolve(result: Item): void; reject(error: unknown): void }[];
  const asked: string[] = [];
  const iterable = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        asked.push('next');
        const read = deferred<Item>();
        waiting.push(read);
        return read.promise;
      },
      return: async (value?: unknown) => {
        asked.push('return');
        return { done: true as const, value };
      },
      throw: () => {
        asked.push('throw');
        const read = deferred<Item>();
        waiting.push(read);
        return read.promise;
      },
    }),
  } as AsyncIterable<unknown>;
  return {
    iterable,
    asked,
    push: (value: unknown) => waiting.shift()?.resolve(item(value)),
    end: () => waiting.shift()?.resolve(END),
    fail: (error: unknown) => waiting.shift()?.reject(error),
  };
}

/** An iterable that answers each read as it is told, for ever. */
const answering = (next: () => unknown, asked: { reads: number }) =>
  ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        asked.reads++;
        return next();
      },
      throw: async (error: unknown) => {
        throw error;
      },
    }),
  }) as AsyncIterable<unknown>;

async function* words(...given: string[]) {
  yield* given;
}

const fails = () => {
  throw new Error('down');
};

describe('reads of a guarded stream', () => {
  it('keep their order, though one more is asked for as soon as the first is answered', async () => {
    const { breaker } = setUp();
    let number = 0;
    const stream = guardStream(breaker, () => answering(() => item(++number), { reads: 0 }));
    const got: unknown[] = [];

    let late: Promise<unknown> = Promise.resolve();
    const first = stream.next().then(({ value }) => {
      got.push(value);
      late = stream.next().then((it) => got.push(['late', it.value]));
    });
    const second = stream.next().then(({ value }) => got.push(value));
    await Promise.all([first, second]);
    await late;

    expect(got).toEqual([1, 2, ['late', 3]]);
  });

  it.each([
    ['its end', () => END],
    [
      'its error',
      () => {
        throw new Error('cut');
      },
    ],
    ['what is no result', () => 7],
  ])('ask for nothing after %s', async (_, next) => {
    const { breaker } = setUp();
    const asked = { reads: 0 };
    const stream = guardStream(breaker, () => answering(next, asked));
    await stream.next().catch(() => {});

    const after = await stream.next();

    expect([after, asked.reads]).toEqual([END, 1]);
  });

  it('ask for nothing after the reader’s own error', async () => {
    const { breaker } = setUp();
    const asked = { reads: 0 };
    const stream = guardStream(breaker, () => answering(() => item(1), asked));
    await stream.next();
    await stream.throw('mine').catch(() => {});

    const after = await stream.next();

    expect([after, asked.reads]).toEqual([END, 1]);
  });

  it.each([
    ['has failed', (breaker: CircuitBreaker) => breaker],
    [
      'was rejected',
      (breaker: CircuitBreaker) => {
        breaker.forceOpen();
        return breaker;
      },
    ],
  ])('run no source again that %s', async (_, make) => {
    const breaker = make(setUp().breaker);
    let runs = 0;
    const stream = guardStream(breaker, () => {
      runs++;
      return fails();
    });
    await caught(stream.next());
    const ran = runs;
    breaker.reset();

    const after = await stream.next();

    expect([after, runs]).toEqual([END, ran]);
  });

  it('read nothing of a stream whose caller aborts while it begins', async () => {
    const { breaker } = setUp();
    const controller = new AbortController();
    const { iterable, asked } = byHand();
    const source = {
      [Symbol.asyncIterator]: () => {
        controller.abort('enough');
        return iterable[Symbol.asyncIterator]();
      },
    };

    const error = await caught(guardStream(breaker, () => source, { signal: controller.signal }).next());
    await turn();

    expect([error, asked.includes('next'), totalsOf(breaker)]).toEqual(['enough', false, [0, 0, 0, 1]]);
  });

  it('are let go of by an error that the reader throws in the midst of one', async () => {
    const { breaker } = setUp();
    const source = byHand();
    const stream = guardStream(breaker, () => source.iterable);
    const first = stream.next();
    await turn();

    const error = await caught(stream.throw('mine'));

    expect([error, await first, source.asked]).toEqual(['mine', END, ['next', 'return']]);
    expect(totalsOf(breaker)).toEqual([0, 0, 0, 1]);
  });

  it('hear nothing of an answer to their own error that comes when they have been let go of', async () => {
    const { breaker } = setUp();
    const controller = new AbortController();
    const source = byHand();
    const stream = guardStream(breaker, () => source.iterable, { signal: controller.signal });
    const first = stream.next();
    await turn();
    source.push(1);
    await first;

    const thrown = caught(stream.throw('mine'));
    controller.abort('enough');
    source.fail('mine');
    await turn();

    expect([await thrown, source.asked.includes('throw')]).toEqual(['enough', true]);
    expect(totalsOf(breaker)).toEqual([0, 0, 0, 1]);
  });

  it('that were let go of by a timeout get no fallback for what the source makes of its abort', async () => {
    const { clock, breaker } = setUp();
    let asked = 0;
    const stream = guardStream(
      breaker,
      ({ signal }) =>
        new Promise<null>((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('stopped'))),
        ),
      {
        firstTimeout: 20,
        fallbackOn: (error) => !isStreamTimeoutError(error),
        fallback: () => {
          asked++;
          return null;
        },
      },
    );
    const first = caught(stream.next());

    await clock.advance(20);
    await turn();

    expect([isStreamTimeoutError(await first), asked]).toEqual([true, 0]);
  });

  it.each([
    ['an item', (source: ReturnType<typeof byHand>) => source.push(1)],
    ['an end', (source: ReturnType<typeof byHand>) => source.end()],
    ['an error', (source: ReturnType<typeof byHand>) => source.fail(new Error('cut'))],
  ])('hear nothing of %s that comes when the reader has gone', async (_, answer) => {
    const { breaker } = setUp();
    const source = byHand();
    const stream = guardStream(breaker, () => source.iterable);
    const first = stream.next();
    await turn();
    await stream.return(undefined);

    answer(source);
    await turn();

    expect([await first, await stream.next(), totalsOf(breaker)]).toEqual([END, END, [0, 0, 0, 1]]);
  });
});

describe('a stream that comes as its caller aborts', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('is ended, %i turns of promises after it came', async (turns) => {
    const starts = [
      (breaker: CircuitBreaker, source: () => Promise<AsyncIterable<unknown>>, signal: AbortSignal) =>
        guardStream(breaker, source, { signal }).next(),
      (breaker: CircuitBreaker, source: () => Promise<AsyncIterable<unknown>>, signal: AbortSignal) =>
        guardStream.open(breaker, source, { signal }),
    ];
    for (const start of starts) {
      const { breaker } = setUp();
      const source = byHand();
      const answer = deferred<AsyncIterable<unknown>>();
      const controller = new AbortController();
      const started = caught(start(breaker, () => answer.promise, controller.signal));
      await turn();

      answer.resolve(source.iterable);
      for (let left = turns; left > 0; left--) await undefined;
      controller.abort('enough');
      await turn();

      expect([source.asked.at(-1), totalsOf(breaker)]).toEqual(['return', [0, 0, 0, 1]]);
      expect(['enough', 'no error']).toContain(await started);
    }
  });
});

describe('a stream that is left while the abort of another one is told', () => {
  it('ends as its reader has left it', async () => {
    const { breaker } = setUp();
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const signals: AbortSignal[] = [];
    let onAbort = () => {};
    const open = () => {
      const source = byHand();
      const stream = guardStream(
        breaker,
        ({ signal }) => {
          signals.push(signal);
          signal.addEventListener('abort', () => onAbort());
          return source.iterable;
        },
        options,
      );
      return { source, stream };
    };
    const pair = [open(), open()];
    for (const { source, stream } of pair) {
      const first = stream.next();
      await turn();
      source.push(1);
      await first;
    }

    let left: Promise<unknown> | undefined;
    onAbort = () => {
      left ??= pair[1]?.stream.return(undefined);
    };
    controller.abort('enough');
    await left;

    expect([signals[0]?.reason, signals[1]?.reason.name]).toEqual(['enough', 'AbortError']);
    expect(totalsOf(breaker)).toEqual([0, 0, 0, 2]);
  });
});

describe('iterators of one opened iterable', () => {
  it('share its outcome, and each gets its items to its own end', async () => {
    const { clock, breaker } = setUp();
    let made = 0;
    const source = {
      async *[Symbol.asyncIterator]() {
        const number = ++made;
        yield `${number}a`;
        yield `${number}b`;
      },
    };
    const stream = await guardStream.open(breaker, () => source, { stallTimeout: 50 });
    const readAll = async () => {
      const items: unknown[] = [];
      for await (const it of stream) items.push(it);
      return items;
    };
    const slow = stream[Symbol.asyncIterator]();
    const first = await slow.next();

    const others = [await readAll(), await readAll()];
    const rest = [await slow.next(), await slow.next()];

    expect([first.value, rest[0]?.value, rest[1]?.done]).toEqual(['1a', '1b', true]);
    expect(others).toEqual([
      ['2a', '2b'],
      ['3a', '3b'],
    ]);
    expect([totalsOf(breaker), breaker.metrics.totals.calls, clock.timers]).toEqual([[0, 1, 0, 0], 1, 0]);
  });

  it.each([
    ['between reads', false],
    ['in the midst of a read', true],
  ])('abort nothing where one is left after the outcome, %s', async (_, isReading) => {
    const { breaker } = setUp();
    let signal: AbortSignal | undefined;
    const sources = [byHand(), byHand()];
    let made = 0;
    const stream = await guardStream.open(breaker, (context) => {
      signal = context.signal;
      return {
        [Symbol.asyncIterator]: () => sources[made++]?.iterable[Symbol.asyncIterator](),
      } as AsyncIterable<unknown>;
    });
    const [one, two] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()] as [
      AsyncGenerator,
      AsyncGenerator,
    ];
    const end = one.next();
    sources[0]?.end();
    await end;

    const read = isReading ? two.next() : undefined;
    await two.return(undefined);

    expect([await read, sources[1]?.asked.at(-1), signal?.aborted]).toEqual([
      isReading ? END : undefined,
      'return',
      false,
    ]);
    expect(totalsOf(breaker)).toEqual([0, 1, 0, 0]);
  });

  it('that fail at the first item have no fallback: the stream was there', async () => {
    const { breaker } = setUp();
    let answers = 0;
    const stream = await guardStream.open(
      breaker,
      async function* (): AsyncGenerator<string> {
        fails();
        yield 'a';
      },
      {
        fallback: async function* () {
          answers++;
          yield 'sorry';
        },
      },
    );

    const error = await caught(stream.next());

    expect([(error as Error).message, answers]).toEqual(['down', 0]);
  });
});

describe('the outcome of an iterable', () => {
  it('is that of the iterator that has it first: one that breaks off later is no failure', async () => {
    const { breaker } = setUp();
    const sources = [byHand(), byHand()];
    let made = 0;
    const stream = await guardStream.open(
      breaker,
      () =>
        ({
          [Symbol.asyncIterator]: () => sources[made++]?.iterable[Symbol.asyncIterator](),
        }) as AsyncIterable<unknown>,
    );
    const [one, two] = sources.map(() => stream[Symbol.asyncIterator]());
    const reads = [one?.next(), caught(two?.next() as Promise<unknown>)];

    sources[0]?.end();
    await reads[0];
    sources[1]?.fail(new Error('cut'));

    expect(await reads[1]).toMatchObject({ message: 'cut' });
    expect([totalsOf(breaker), breaker.metrics.totals.calls]).toEqual([[0, 1, 0, 0], 1]);
  });
});

describe('what a source and a fallback are told', () => {
  it('is which breaker asks, and its state', async () => {
    const { clock } = setUp();
    const breaker = new CircuitBreaker({ name: 'model', clock, recoveryTimeout: 1_000 });
    const told: unknown[] = [];
    const note = ({ breaker, state }: { breaker: string; state: string }) => void told.push([breaker, state]);
    const options = {
      fallback: (_: unknown, context: { breaker: string; state: string }) => {
        note(context);
        return null;
      },
    };
    const read = () =>
      guardStream(
        breaker,
        (context) => {
          note(context);
          return null;
        },
        options,
      ).next();

    await read();
    breaker.trip();
    await read();
    await clock.advance(1_000);
    await read();

    expect(told).toEqual([
      ['model', 'CLOSED'],
      ['model', 'OPEN'],
      ['model', 'HALF_OPEN'],
    ]);
  });

  it('is what the members of any breaker tell, whoever has made it', async () => {
    const { breaker } = setUp();
    const own = {
      name: 'mine',
      state: breaker.state,
      metrics: breaker.metrics,
      options: breaker.options,
      acquire: () => breaker.acquire(),
    };
    const told: unknown[] = [];

    await guardStream(own, (context) => {
      told.push(context.breaker);
      return null;
    }).next();

    expect([told, totalsOf(breaker)]).toEqual([['mine'], [0, 1, 0, 0]]);
  });
});

describe('what no fallback answers', () => {
  const rejection = async () => {
    const { breaker } = setUp();
    breaker.forceOpen();
    return caught(breaker.call(() => 1));
  };
  const deaf = {
    aborted: false,
    addEventListener: () => {
      throw new Error('no listeners');
    },
  } as never;

  it.each([
    ['an abort before the start', async () => AbortSignal.abort('no')],
    ['an abort by a rejection of another breaker', async () => AbortSignal.abort(await rejection())],
    ['a signal that cannot be followed', async () => deaf],
  ])('is %s', async (_, signalOf) => {
    let asked = 0;
    const options = {
      signal: await signalOf(),
      fallback: () => {
        asked++;
        return null;
      },
    };

    const errors = [
      await caught(guardStream(setUp().breaker, () => null, options).next()),
      await caught(guardStream.open(setUp().breaker, () => null, options)),
    ];

    expect([asked, errors.includes('no error')]).toEqual([0, false]);
  });

  it('is an error that counts as none', async () => {
    const { clock } = setUp();
    const breaker = new CircuitBreaker({ name: 'model', clock, excludedErrors: [RangeError] });
    let asked = 0;
    const source = () => {
      throw new RangeError('mine');
    };
    const fallback = () => {
      asked++;
      return null;
    };

    const error = await caught(guardStream(breaker, source, { fallback }).next());

    expect([error, asked]).toEqual([expect.any(RangeError), 0]);
  });
});

describe('the stream of a fallback', () => {
  it.each([
    [
      'a source that an abort ends',
      ({ signal }: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ],
    [
      'a first read that an abort ends',
      ({ signal }: { signal: AbortSignal }) => ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        }),
      }),
    ],
    [
      'a first item that comes with the abort',
      ({ signal }: { signal: AbortSignal }) => ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise<Item>((resolve) => signal.addEventListener('abort', () => resolve(item('late')))),
        }),
      }),
    ],
  ])('is asked for once, and read to its end, in place of %s', async (_, source) => {
    const { clock, breaker } = setUp();
    const errors: unknown[] = [];
    const stream = guardStream(breaker, source as never, {
      firstTimeout: 20,
      fallback: (error) => {
        errors.push(error);
        return words('sorry', 'again');
      },
    }) as AsyncGenerator<unknown>;
    const first = stream.next();
    await clock.advance(20);

    const got = [await first, await stream.next(), await stream.next()];

    expect(got).toEqual([item('sorry'), item('again'), END]);
    expect([errors.length, isStreamTimeoutError(errors[0]), totalsOf(breaker)]).toEqual([
      1,
      true,
      [0, 0, 1, 0],
    ]);
  });

  it('is asked for once where an opening takes too long', async () => {
    const { clock, breaker } = setUp();
    const errors: unknown[] = [];
    const source = ({ signal }: { signal: AbortSignal }) =>
      new Promise<AsyncGenerator<string>>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
    const opening = guardStream.open(breaker, source, {
      firstTimeout: 20,
      fallback: (error) => {
        errors.push(error);
        return words('sorry');
      },
    });
    await clock.advance(20);

    const first = await (await opening).next();
    await turn();

    expect([first.value, errors.map(isStreamTimeoutError)]).toEqual(['sorry', [true]]);
  });

  it.each([
    ['its end', () => END],
    [
      'its error',
      () => {
        throw new Error('also down');
      },
    ],
  ])('is asked for nothing after %s', async (_, next) => {
    const { breaker } = setUp();
    const asked = { reads: 0 };
    const answers = [item(1)];
    const stream = guardStream(breaker, fails as () => AsyncIterable<unknown>, {
      fallback: () => answering(() => answers.shift() ?? next(), asked),
    });
    await stream.next();
    await stream.next().catch(() => {});

    const after = await stream.next();

    expect([after, asked.reads]).toEqual([END, 2]);
  });

  it.each([0, 1])('fails where it answers what is no result, after %i items', async (items) => {
    const { breaker } = setUp();
    let left = items;
    const stream = guardStream(breaker, fails as () => AsyncIterable<unknown>, {
      fallback: () => answering(() => (left-- > 0 ? item(1) : undefined), { reads: 0 }),
    });
    for (let read = 0; read < items; read++) await stream.next();

    const error = await caught(stream.next());

    expect((error as Error).message).toBe('Iterator result undefined is not an object');
    expect(await stream.next()).toEqual(END);
  });

  it('that is none ends the reading', async () => {
    const { breaker } = setUp();
    const stream = guardStream(breaker, fails, { fallback: () => 'text' as never });

    const error = await caught(stream.next());

    expect([error, await stream.next()]).toEqual([expect.any(TypeError), END]);
  });

  it.each([
    ['between reads', false],
    ['in the midst of a read', true],
  ])('is ended by who leaves %s, and what has failed hears nothing of it', async (_, isReading) => {
    const { breaker } = setUp();
    let signal: AbortSignal | undefined;
    const other = byHand();
    const failed = new PassThrough();
    const stream = guardStream(
      breaker,
      (context) => {
        signal = context.signal;
        return failed as AsyncIterable<unknown>;
      },
      { fallback: () => other.iterable },
    );
    const first = stream.next();
    failed.destroy(new Error('cut'));
    await turn();
    other.push('sorry');
    await first;

    const read = isReading ? stream.next() : undefined;
    await stream.return(undefined);

    expect([await read, other.asked.at(-1), signal?.aborted]).toEqual([
      isReading ? END : undefined,
      'return',
      false,
    ]);
  });
});
