import { CircuitBreaker, isCircuitBreakerOpenError } from 'recloser';
import { guardStream, isStreamTimeoutError } from 'recloser/stream';
import { describe, expect, it } from 'vitest';

const breakerOf = (options = {}) =>
  new CircuitBreaker({
    name: 'model',
    failureThreshold: 2,
    halfOpenMaxCalls: 1,
    successThreshold: 1,
    ...options,
  });

async function* tokens(...given: string[]) {
  for (const token of given) yield token;
}

async function* breaksOff(error: Error, ...given: string[]) {
  for (const token of given) yield token;
  throw error;
}

const hangs = () => new Promise<AsyncGenerator<string>>(() => {});

async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

const readQuietly = (stream: AsyncIterable<unknown>) => readAll(stream).catch((error: unknown) => error);

describe('a guarded generator', () => {
  it('takes nothing until it is read', async () => {
    const breaker = breakerOf();
    let runs = 0;

    const stream = guardStream(breaker, () => {
      runs++;
      return tokens('a');
    });
    await stream.return(undefined);
    const after = await stream.next();

    expect([runs, breaker.metrics.totals.calls, after]).toEqual([0, 0, { done: true, value: undefined }]);
  });

  it('is a success at its end', async () => {
    const breaker = breakerOf();
    const stream = guardStream(breaker, () => tokens('a', 'b'));

    const first = await stream.next();
    const during = breaker.metrics;
    const rest = await readAll(stream);

    expect([first.value, ...rest]).toEqual(['a', 'b']);
    expect([during.inFlight, during.totals.successes]).toEqual([1, 0]);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { calls: 1, successes: 1 } });
  });

  it('is a failure where it breaks off, with the same error in the place of the item', async () => {
    const breaker = breakerOf();
    const error = new Error('cut');
    const stream = guardStream(breaker, () => breaksOff(error, 'a'));

    const first = await stream.next();
    const second = await stream.next().catch((it: unknown) => it);
    const third = await stream.next();

    expect([first.value, second, third.done]).toEqual(['a', error, true]);
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, successes: 0 });
  });

  it('opens the circuit, which then runs no source', async () => {
    const breaker = breakerOf();
    let runs = 0;
    const read = () =>
      readQuietly(
        guardStream(breaker, () => {
          runs++;
          return breaksOff(new Error('cut'), 'a');
        }),
      );

    await read();
    await read();
    const rejection = await read();

    expect(breaker.state).toBe('OPEN');
    expect(isCircuitBreakerOpenError(rejection)).toBe(true);
    expect(runs).toBe(2);
  });

  it.each([
    [
      'break',
      async (stream: AsyncIterable<string>) => {
        for await (const _ of stream) break;
      },
    ],
    [
      'an error of the reader',
      async (stream: AsyncIterable<string>) => {
        const reading = stream as AsyncGenerator<string>;
        await reading.next();
        await reading.throw(new Error('mine')).catch(() => {});
      },
    ],
  ])('says nothing of the dependency when its reader leaves: %s', async (_, leave) => {
    const breaker = breakerOf();
    let signal: AbortSignal | undefined;
    const cleaned: (boolean | undefined)[] = [];

    await leave(
      guardStream(breaker, (context) => {
        signal = context.signal;
        return (async function* () {
          try {
            yield 'a';
            yield 'b';
          } finally {
            cleaned.push(signal?.aborted);
          }
        })();
      }),
    );

    expect(cleaned).toEqual([false]);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1, failures: 0, successes: 0 } });
  });

  it('lets go of a reader who leaves in the midst of a read, at once', async () => {
    const breaker = breakerOf();
    let signal: AbortSignal | undefined;
    const stream = guardStream(breaker, async function* (context) {
      signal = context.signal;
      yield 'a';
      await hangs();
      yield 'b';
    });
    await stream.next();

    const pending = stream.next();
    const left = await stream.return(undefined);

    expect([left.done, (await pending).done, signal?.aborted]).toEqual([true, true, true]);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });

  it('passes values that are sent and returned', async () => {
    const stream = guardStream(breakerOf(), async function* (): AsyncGenerator<number, string, number> {
      const sent = yield 1;
      return `sent ${sent}`;
    });

    await stream.next();
    const end = await stream.next(7);

    expect(end).toEqual({ done: true, value: 'sent 7' });
  });

  it('answers overlapping reads one by one, in order', async () => {
    let reading = 0;
    let most = 0;
    const items = ['a', 'b', 'c'];
    const stream = guardStream(breakerOf(), () => ({
      [Symbol.asyncIterator]: () => ({
        async next() {
          most = Math.max(most, ++reading);
          await Promise.resolve();
          reading--;
          const value = items.shift();
          return value === undefined ? { done: true as const, value: undefined } : { done: false, value };
        },
      }),
    }));

    const results = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);

    expect(results.map(({ value }) => value)).toEqual(['a', 'b', 'c', undefined]);
    expect(most).toBe(1);
  });

  it.each(['a response', ['list'], 7, undefined])('takes no source that answers %j', async (answer) => {
    const breaker = breakerOf();

    const error = await readQuietly(guardStream(breaker, () => answer as never));

    expect(error).toBeInstanceOf(TypeError);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1, failures: 0 } });
  });

  it('refuses what is no function, and options that it does not know, at once', () => {
    expect(() => guardStream(breakerOf(), tokens('a') as never)).toThrow(TypeError);
    expect(() => guardStream(breakerOf(), () => tokens(), { stalTimeout: 1 } as never)).toThrow(
      'did you mean "stallTimeout"',
    );
    expect(() => guardStream(breakerOf(), () => tokens(), { stallTimeout: 0 })).toThrow(
      'a number of milliseconds from 1 to 2147483647',
    );
  });

  it('reads a ReadableStream, and an empty body as a success', async () => {
    const breaker = breakerOf();
    const body = () =>
      new ReadableStream<string>({
        start(controller) {
          controller.enqueue('a');
          controller.close();
        },
      });

    const items = await readAll(guardStream(breaker, body));
    const none = await readAll(guardStream(breaker, () => null));

    expect([items, none]).toEqual([['a'], []]);
    expect(breaker.metrics.totals.successes).toBe(2);
  });
});

describe('time', () => {
  it('bounds what comes before the first item by the timeout of a call', async () => {
    const breaker = breakerOf({ callTimeout: 20 });

    const error = await readQuietly(guardStream(breaker, hangs));

    expect(
      isStreamTimeoutError(error) && [error.timeout, error.items, error.breaker, error.statusCode],
    ).toEqual([20, 0, 'model', 504]);
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });

  it('bounds how long a stream stands still while somebody waits', async () => {
    const breaker = breakerOf({ trackedErrors: [RangeError] });
    let signal: AbortSignal | undefined;
    const stream = guardStream(
      breaker,
      async function* (context) {
        signal = context.signal;
        yield 'a';
        await hangs();
      },
      { stallTimeout: 20 },
    );

    const error = await readQuietly(stream);

    expect(isStreamTimeoutError(error) && error.items).toBe(1);
    expect(signal?.reason).toBe(error);
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });

  it('leaves a slow reader in peace', async () => {
    const breaker = breakerOf();
    const stream = guardStream(breaker, () => tokens('a', 'b'), { stallTimeout: 10 });

    await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 40));
    const second = await stream.next();
    const end = await stream.next();

    expect([second.value, end.done, breaker.metrics.totals.successes]).toEqual(['b', true, 1]);
  });
});

describe('the signal of the caller', () => {
  it('frees who waits at once, and is left alone then', async () => {
    const breaker = breakerOf();
    const controller = new AbortController();
    const reason = new Error('enough');
    const stream = guardStream(
      breaker,
      async function* () {
        yield 'a';
        await hangs();
      },
      { signal: controller.signal },
    );
    await stream.next();

    const pending = stream.next().catch((error: unknown) => error);
    controller.abort(reason);

    expect(await pending).toBe(reason);
    expect(breaker.metrics).toMatchObject({ inFlight: 0, totals: { ignored: 1 } });
  });

  it('gives its reason to the next read where nobody waits', async () => {
    const controller = new AbortController();
    const stream = guardStream(breakerOf(), () => tokens('a', 'b'), { signal: controller.signal });
    await stream.next();

    controller.abort('enough');
    const next = await stream.next().catch((error: unknown) => error);
    const after = await stream.next();

    expect([next, after.done]).toEqual(['enough', true]);
  });

  it('takes no permit once it has aborted', async () => {
    const breaker = breakerOf();

    const error = await readQuietly(
      guardStream(breaker, () => tokens('a'), { signal: AbortSignal.abort('no') }),
    );

    expect([error, breaker.metrics.totals.calls]).toEqual(['no', 0]);
  });
});

describe('a probe', () => {
  it('decides at its first item, and one that breaks off later is one more failed call', async () => {
    let now = 0;
    const breaker = breakerOf({ clock: { now: () => now }, failureThreshold: 1, recoveryTimeout: 100 });
    breaker.trip();
    now = 100;
    const stream = guardStream(breaker, () => breaksOff(new Error('cut'), 'a'));

    await stream.next();
    const closed = breaker.state;
    await stream.next().catch(() => {});

    expect([closed, breaker.state]).toEqual(['CLOSED', 'OPEN']);
    expect(breaker.metrics.totals).toMatchObject({ calls: 2, successes: 1, failures: 1 });
  });

  it('is bound until the end where that is asked for', async () => {
    let now = 0;
    const breaker = breakerOf({ clock: { now: () => now }, recoveryTimeout: 100 });
    breaker.trip();
    now = 100;
    const stream = guardStream(breaker, () => tokens('a'), { settleOn: 'end' });

    await stream.next();
    const during = breaker.state;
    await stream.next();

    expect([during, breaker.state]).toEqual(['HALF_OPEN', 'CLOSED']);
  });

  it('that breaks off in a later stay changes nothing', async () => {
    const breaker = breakerOf({ failureThreshold: 1 });
    const stream = guardStream(breaker, () => breaksOff(new Error('cut'), 'a'), { settleOn: 'first' });
    await stream.next();

    breaker.reset();
    await stream.next().catch(() => {});

    expect([breaker.state, breaker.metrics.totals.failures]).toEqual(['CLOSED', 0]);
  });
});

describe('a fallback', () => {
  it('answers a rejection, and a failure before the first item', async () => {
    const breaker = breakerOf();
    const fallback = () => tokens('sorry');

    const failed = await readAll(guardStream(breaker, () => breaksOff(new Error('cut')), { fallback }));
    breaker.trip();
    const rejected = await readAll(guardStream(breaker, () => tokens('a'), { fallback }));

    expect([failed, rejected]).toEqual([['sorry'], ['sorry']]);
    expect(breaker.metrics.totals).toMatchObject({ failures: 1, rejected: 1 });
  });

  it('does not answer what breaks off after an item, nor a caller who aborts', async () => {
    const error = new Error('cut');
    const fallback = () => tokens('sorry');
    const controller = new AbortController();

    const late = await readQuietly(guardStream(breakerOf(), () => breaksOff(error, 'a'), { fallback }));
    const aborted = guardStream(breakerOf(), hangs, { fallback, signal: controller.signal }).next();
    controller.abort('enough');

    expect(late).toBe(error);
    await expect(aborted).rejects.toBe('enough');
  });
});

describe('guardStream.wrap', () => {
  it('keeps this, arguments, name and length, and counts as the generator does', async () => {
    const breaker = breakerOf();
    const reader = {
      prefix: '> ',
      read: guardStream.wrap(breaker, async function* lines(this: { prefix: string }, file: string) {
        yield this.prefix + file;
      }),
    };

    const items = await readAll(reader.read('a.txt'));

    expect([items, reader.read.name, reader.read.length]).toEqual([['> a.txt'], 'lines', 1]);
    expect(breaker.metrics.totals.successes).toBe(1);
  });
});
