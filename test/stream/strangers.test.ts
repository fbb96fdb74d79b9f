import { getEventListeners } from 'node:events';
import { CircuitBreaker } from 'recloser';
import { guardStream } from 'recloser/stream';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { manualClock } from '../support/manual-clock.js';

const breakerOf = (options = {}) => new CircuitBreaker({ name: 'model', ...options });

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

async function* numbers(signal?: AbortSignal, onEnd?: () => void) {
  try {
    for (let number = 1; ; number++) yield number;
  } finally {
    onEnd?.();
    signal?.throwIfAborted();
  }
}

/** An iterator that answers as it is told. */
const iteratorOf = (next: () => unknown): AsyncIterable<number> =>
  ({ [Symbol.asyncIterator]: () => ({ next }) }) as never;

describe('reads', () => {
  it('are answered in the order in which they were asked for, whoever asks in the midst of them', async () => {
    const stream = guardStream(breakerOf(), () => numbers());
    const got: unknown[] = [];
    const note = (read: Promise<IteratorResult<number, unknown>>) =>
      read.then(({ value }) => got.push(value));

    let late: Promise<unknown> | undefined;
    const first = stream.next();
    const noted = note(first).then(() => {
      got.push('asked');
      late = note(stream.next());
    });
    const others = [note(stream.next()), note(stream.next())];
    await Promise.all([noted, ...others]);
    await late;

    expect(got.filter((it) => it !== 'asked')).toEqual([1, 2, 3, 4]);
  });

  it('after a return get nothing, not even the reason of an abort', async () => {
    const controller = new AbortController();
    const stream = guardStream(breakerOf(), () => numbers(), { signal: controller.signal });
    await stream.next();

    controller.abort(new Error('gone'));
    await stream.return(undefined);

    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('that are answered twice by a foreign promise count once', async () => {
    let call = 0;
    const twice = () => ({
      then(resolve: (result: object) => void) {
        call++;
        resolve({ done: false, value: call });
        setImmediate(() => resolve({ done: false, value: 'again' }));
      },
    });
    const stream = guardStream(breakerOf(), () => iteratorOf(twice));

    const first = await stream.next();
    const second = stream.next();
    await new Promise(setImmediate);

    expect([first.value, (await second).value, (await stream.next()).value]).toEqual([1, 2, 3]);
  });

  it.each([
    ['nothing', () => undefined],
    ['no object', async () => 7],
    [
      'members that throw',
      async () =>
        Object.defineProperty({}, 'done', {
          get: () => {
            throw new TypeError('no such luck');
          },
        }),
    ],
    [
      'an error at once',
      () => {
        throw new TypeError('at once');
      },
    ],
  ])('that answer %s fail, once', async (_, next) => {
    const breaker = breakerOf();
    const stream = guardStream(breaker, () => iteratorOf(next));

    expect(await caught(stream.next())).toMatchObject({ name: 'TypeError' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { failures: 1 } });
  });

  it('may be answered without a promise', async () => {
    const stream = guardStream(breakerOf(), () => iteratorOf(() => ({ done: true, value: 7 })));

    expect(await stream.next()).toEqual({ done: true, value: 7 });
  });
});

describe('an error of the reader’s own', () => {
  it('ends the source, and aborts its signal', async () => {
    const breaker = breakerOf();
    let signal: AbortSignal | undefined;
    let hasEnded = false;
    const stream = guardStream(breaker, (context) => {
      signal = context.signal;
      return numbers(undefined, () => {
        hasEnded = true;
      });
    });
    await stream.next();
    const own = new Error('mine');

    expect(await caught(stream.throw(own))).toBe(own);
    expect([hasEnded, signal?.aborted]).toEqual([true, true]);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1, failures: 0 } });
  });

  it('is thrown where the source knows no throw', async () => {
    const breaker = breakerOf();
    const stream = guardStream(breaker, () => iteratorOf(async () => ({ done: false, value: 1 })));
    await stream.next();
    const own = new Error('mine');

    expect(await caught(stream.throw(own))).toBe(own);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });
});

describe('signals', () => {
  it('may be of a library: with plain listeners, without a reason or a way to unsubscribe', async () => {
    const listeners: (() => void)[] = [];
    const signal = {
      aborted: false,
      addEventListener: (_: string, listener: () => void) => listeners.push(listener),
    };
    const breaker = breakerOf();
    const stream = guardStream(breaker, () => numbers(), { signal: signal as never });
    await stream.next();

    signal.aborted = true;
    for (const listener of listeners) listener();

    expect(await caught(stream.next())).toMatchObject({ name: 'AbortError' });
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });

  it('that cannot be followed reject, and take no permit', async () => {
    const breaker = breakerOf();
    const signal = {
      aborted: false,
      addEventListener: () => {
        throw new Error('no listeners');
      },
    };

    const errors = [
      await caught(guardStream(breaker, () => numbers(), { signal: signal as never }).next()),
      await caught(guardStream.open(breaker, () => numbers(), { signal: signal as never })),
    ];

    expect(errors).toMatchObject([{ message: 'no listeners' }, { message: 'no listeners' }]);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 0 } });
  });

  it('have one listener, however many streams follow them', async () => {
    const warnings: string[] = [];
    const noteWarning = (warning: Error) => void warnings.push(warning.name);
    process.on('warning', noteWarning);
    const controller = new AbortController();
    const { signal } = controller;
    const breaker = breakerOf();

    try {
      const streams = Array.from({ length: 50 }, () => guardStream(breaker, () => numbers(), { signal }));
      await Promise.all(streams.map((it) => it.next()));
      const during = getEventListeners(signal, 'abort').length;
      await Promise.all(streams.map((it) => it.return(undefined)));
      await new Promise(setImmediate);

      expect([during, getEventListeners(signal, 'abort').length, warnings]).toEqual([1, 0, []]);
    } finally {
      process.off('warning', noteWarning);
    }
  });

  it('that abort while the circuit tells of the probe leave no permit out', async () => {
    const clock = manualClock();
    const breaker = breakerOf({ clock, recoveryTimeout: 1_000 });
    const controller = new AbortController();
    breaker.on('halfOpen', () => controller.abort(new Error('gone')));
    breaker.trip();
    clock.advance(1_000);
    let runs = 0;

    const error = await caught(
      guardStream(
        breaker,
        () => {
          runs++;
          return numbers();
        },
        { signal: controller.signal },
      ).next(),
    );

    expect(error).toMatchObject({ message: 'gone' });
    expect(runs).toBe(0);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, state: 'HALF_OPEN', totals: { ignored: 1 } });
  });
});

describe('what is handed in', () => {
  it.each([[undefined], [null], [{}], ['model'], [{ name: 'model', acquire: 1 }]])(
    'must have a circuit breaker, not %j',
    async (breaker) => {
      const source = () => numbers();
      const wanted = /guarded by a circuit breaker, received/;

      expect(() => guardStream(breaker as never, source)).toThrow(wanted);
      expect(() => guardStream.wrap(breaker as never, source)).toThrow(wanted);
      await expect(guardStream.open(breaker as never, source)).rejects.toThrow(wanted);
    },
  );

  it('may be a source that answers when its reader has gone: its stream is ended unread', async () => {
    const breaker = breakerOf();
    const answer = deferred<AsyncGenerator<number>>();
    let isEnded = false;
    const stream = guardStream(breaker, () => answer.promise);
    const read = stream.next();

    await stream.return(undefined);
    const late = numbers();
    late.return = async () => {
      isEnded = true;
      return { done: true, value: undefined };
    };
    answer.resolve(late);

    expect(await read).toEqual({ done: true, value: undefined });
    await expect.poll(() => isEnded).toBe(true);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });

  it('counts once what a filter takes for no failure', async () => {
    const breaker = breakerOf({ isFailure: () => false });
    const stream = guardStream(breaker, () => iteratorOf(() => Promise.reject(new Error('fine by me'))));

    await caught(stream.next());

    expect(breaker.metrics.totals).toMatchObject({ calls: 1, successes: 1, failures: 0 });
  });
});

describe('a ReadableStream that was opened', () => {
  const endless = (onCancel: (reason: unknown) => void = () => {}) => {
    let number = 0;
    return new ReadableStream<number>(
      { pull: (controller) => controller.enqueue(++number), cancel: onCancel },
      { highWaterMark: 0 },
    );
  };

  it('asks for a chunk when one is wanted, and no sooner', async () => {
    let pulls = 0;
    const source = new ReadableStream<number>(
      {
        pull(controller) {
          controller.enqueue(++pulls);
        },
      },
      { highWaterMark: 0 },
    );
    const stream = await guardStream.open(breakerOf(), () => source);
    const reader = stream.getReader();

    await reader.read();
    await new Promise(setImmediate);

    expect(pulls).toBe(1);
  });

  it('is branched by `tee`, and ended when both have left', async () => {
    const breaker = breakerOf();
    const reasons: unknown[] = [];
    const stream = await guardStream.open(breaker, () => endless((reason) => reasons.push(reason)));
    const [one, two] = stream.tee();

    const reader = one.getReader();
    expect([await reader.read(), await reader.read()]).toMatchObject([{ value: 1 }, { value: 2 }]);
    await Promise.all([reader.cancel('a'), two.cancel('b')]);

    expect(reasons).toHaveLength(1);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });

  it('is left in the midst of a read without a word', async () => {
    const breaker = breakerOf();
    const reasons: unknown[] = [];
    const source = new ReadableStream({
      pull: () => new Promise(() => {}),
      cancel: (reason) => void reasons.push(reason),
    });
    const stream = await guardStream.open(breaker, () => source);
    const reader = stream.getReader();

    const pending = reader.read();
    await reader.cancel('enough');

    expect(await pending).toEqual({ done: true, value: undefined });
    expect(reasons).toEqual(['enough']);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });

  it('is refused where somebody reads it', async () => {
    const breaker = breakerOf();
    const source = endless();
    source.getReader();

    await expect(guardStream.open(breaker, () => source)).rejects.toThrow(/locked/);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });
});

it('a class that is wrapped is refused at once', () => {
  class Rows {}

  const wrap = () => guardStream.wrap(new CircuitBreaker({ name: 'rows' }), Rows as never);

  expect(wrap).toThrow(
    'A stream through circuit breaker "rows" needs a function that answers it, received a class: wrap its methods',
  );
});
