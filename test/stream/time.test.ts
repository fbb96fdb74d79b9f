import { PassThrough } from 'node:stream';
import { CircuitBreaker } from 'recloser';
import { guardStream, isStreamTimeoutError, StreamTimeoutError } from 'recloser/stream';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it, vi } from 'vitest';

const never = () => new Promise<never>(() => {});

const setUp = (options = {}) => {
  const clock = createManualClock({ start: 5_000 });
  const breaker = new CircuitBreaker({ name: 'model', clock, ...options });
  return { clock, breaker, totals: () => breaker.metrics.totals };
};

/** An iterable whose items are pushed by hand. */
function pushed<T>() {
  const waiting: ((result: IteratorResult<T>) => void)[] = [];
  return {
    asked: () => waiting.length,
    push: (value: T) => waiting.shift()?.({ done: false, value }),
    end: () => waiting.shift()?.({ done: true, value: undefined }),
    iterable: {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<T>>((resolve) => waiting.push(resolve)),
      }),
    } as AsyncIterable<T>,
  };
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

describe('the time of a stream', () => {
  it('is up after its whole limit, and not before', async () => {
    const { clock, breaker, totals } = setUp();
    const source = pushed<string>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: 100, stallTimeout: 50 });
    const first = stream.next();
    await clock.advance(99);
    source.push('a');
    await first;

    const second = caught(stream.next());
    await clock.advance(49);
    const before = totals().timeouts;
    await clock.advance(1);

    expect(before).toBe(0);
    expect(await second).toMatchObject({ timeout: 50, items: 1 });
    expect([totals().timeouts, clock.timers, clock.now()]).toEqual([1, 0, 5_149]);
  });

  it('begins anew with each wait, though the timer is that of an earlier one', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<number>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: false, stallTimeout: 50 });
    const read = async (after: number) => {
      const item = stream.next();
      await clock.advance(after);
      source.push(1);
      return (await item).value;
    };

    const items = [await read(500), await read(40), await read(40), await read(40)];
    const last = caught(stream.next());
    await clock.advance(49);
    const waiting = source.asked();
    await clock.advance(1);

    expect(items).toEqual([1, 1, 1, 1]);
    expect(waiting).toBe(1);
    expect(isStreamTimeoutError(await last)).toBe(true);
  });

  it('ends sooner where the next wait may last less long than the timer is set for', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<number>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: 1_000, stallTimeout: 10 });
    const first = stream.next();
    await clock.advance(1);
    source.push(1);
    await first;

    const second = caught(stream.next());
    await clock.advance(10);

    expect(await second).toMatchObject({ timeout: 10 });
  });

  it('does not run while nobody waits', async () => {
    const { clock, breaker, totals } = setUp();
    const source = pushed<number>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: 20, stallTimeout: 20 });
    const first = stream.next();
    await clock.advance(0);
    source.push(1);
    await first;

    await clock.advance(1_000);
    const second = stream.next();
    await clock.advance(19);
    source.push(2);

    expect((await second).value).toBe(2);
    expect(totals().timeouts).toBe(0);
  });

  it('has no end where both limits are off, and no timer', async () => {
    const { clock, breaker } = setUp({ callTimeout: false });
    const source = pushed<number>();
    const stream = guardStream(breaker, () => source.iterable, { stallTimeout: false });

    const first = stream.next();
    await clock.advance(1_000_000);
    source.push(1);
    await first;
    const second = stream.next();
    await clock.advance(1_000_000);
    const timers = clock.timers;
    source.push(2);

    expect([(await second).value, timers]).toEqual([2, 0]);
  });

  it('takes the limit of a call for the first item, at least one millisecond', async () => {
    const { clock, breaker } = setUp({ callTimeout: 30 });
    const stream = guardStream(breaker, () => pushed().iterable);

    const first = caught(stream.next());
    await clock.advance(30);

    expect(await first).toMatchObject({ timeout: 30, items: 0 });
  });

  it('goes on with the first read of an opened stream, by what `source` has left of it', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<number>();
    const opening = guardStream.open(
      breaker,
      async () => {
        await clock.sleep(60);
        return source.iterable;
      },
      { firstTimeout: 100 },
    );
    await clock.advance(60);
    const stream = await opening;
    await clock.advance(10_000);
    const idle = clock.timers;

    const first = caught(stream[Symbol.asyncIterator]().next());
    await clock.advance(39);
    const before = breaker.metrics.totals.timeouts;
    await clock.advance(1);

    expect([idle, before]).toEqual([0, 0]);
    expect(await first).toMatchObject({ timeout: 100, items: 0 });
  });

  it('ends an opening that takes too long, and the stream that comes after it', async () => {
    const { clock, breaker } = setUp();
    let answer: (stream: AsyncIterable<string>) => void = () => {};
    let ended = 0;
    const opening = caught(
      guardStream.open(
        breaker,
        () =>
          new Promise<AsyncIterable<string>>((resolve) => {
            answer = resolve;
          }),
        { firstTimeout: 10 },
      ),
    );

    await clock.advance(10);
    answer({
      [Symbol.asyncIterator]: () => ({
        next: never,
        return: async () => {
          ended++;
          return { done: true, value: undefined };
        },
      }),
    });
    await clock.advance(0);

    expect(isStreamTimeoutError(await opening)).toBe(true);
    expect([ended, breaker.metrics.inFlight]).toEqual([1, 0]);
  });

  it('lets what has arrived be read first where its timer comes late', async () => {
    const { clock, breaker, totals } = setUp();
    const source = pushed<string>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: 100 });
    const first = stream.next();
    await clock.advance(0);

    clock.freeze(500);
    clock.setTimeout(() => source.push('late'), 0);
    await clock.advance(1);

    expect((await first).value).toBe('late');
    expect(totals().timeouts).toBe(0);
  });

  it('is up where its timer comes late and nothing has arrived', async () => {
    const { clock, breaker } = setUp();
    const stream = guardStream(breaker, () => pushed().iterable, { firstTimeout: 100 });
    const first = caught(stream.next());
    await clock.advance(0);

    clock.freeze(500);
    await clock.advance(1);

    expect(isStreamTimeoutError(await first)).toBe(true);
  });

  it('is one for all who wait for the same stream, and runs as long as one of them does', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<number>();
    const stream = await guardStream.open(breaker, () => source.iterable, {
      firstTimeout: false,
      stallTimeout: 50,
    });
    const one = stream[Symbol.asyncIterator]();
    const two = stream[Symbol.asyncIterator]();
    const first = one.next();
    source.push(0);
    await first;

    const waits = [one.next(), caught(two.next())];
    await clock.advance(30);
    source.push(1);
    await waits[0];
    await clock.advance(49);
    const before = breaker.metrics.totals.timeouts;
    await clock.advance(1);

    expect(before).toBe(0);
    expect(await waits[1]).toMatchObject({ timeout: 50 });
  });

  it('of a Readable runs while somebody wants a chunk that is not there', async () => {
    const { clock, breaker } = setUp();
    const source = new PassThrough();
    const stream = await guardStream.open(breaker, () => source, { firstTimeout: 100, stallTimeout: 50 });

    const heard = new Promise<unknown>((resolve) => stream.on('error', resolve));
    const unread = clock.timers;
    stream.on('readable', () => {});
    await clock.advance(99);
    const before = breaker.metrics.totals.timeouts;
    await clock.advance(1);

    expect([unread, before]).toEqual([0, 0]);
    expect(await heard).toMatchObject({ timeout: 100 });
  });
});

describe('the timers of a stream', () => {
  /** A clock that counts what it is asked for. */
  const counting = () => {
    const clock = createManualClock({ start: 5_000 });
    const counts = { readings: 0, timers: 0 };
    const counted = {
      now: () => {
        counts.readings++;
        return clock.now();
      },
      setTimeout: (...args: Parameters<typeof clock.setTimeout>) => {
        counts.timers++;
        return clock.setTimeout(...args);
      },
      clearTimeout: (handle: unknown) => clock.clearTimeout(handle as never),
    };
    return { clock, counts, breaker: new CircuitBreaker({ name: 'model', clock: counted }) };
  };

  it('are one for many items, each of which costs a reading of the clock', async () => {
    const { clock, counts, breaker } = counting();
    const stream = guardStream(
      breaker,
      async function* () {
        for (let number = 0; number < 1_000; number++) yield number;
      },
      { firstTimeout: 50, stallTimeout: 50 },
    );
    await stream.next();
    const before = { ...counts };

    for (let read = 0; read < 100; read++) await stream.next();

    expect([counts.timers, counts.readings - before.readings, clock.timers]).toEqual([1, 100, 1]);
  });

  it('are none where there is no limit, not even for a moment', async () => {
    const { clock, counts, breaker } = counting();
    const source = pushed<number>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: false, stallTimeout: false });

    const first = stream.next();
    await clock.advance(0);
    source.push(1);
    await first;
    const second = stream.next();
    source.push(2);
    await second;

    expect(counts.timers).toBe(0);
  });

  it('are none while nobody waits, though one was set for an earlier wait', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<number>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: 50, stallTimeout: 50 });
    const first = stream.next();
    await clock.advance(20);
    source.push(1);
    await first;
    const second = stream.next();
    await clock.advance(5);
    source.push(2);
    await second;

    await clock.advance(30);

    expect(clock.timers).toBe(0);
  });

  it('of the first item end nothing where what comes later has no limit', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<number>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: 100, stallTimeout: false });
    const first = stream.next();
    await clock.advance(1);
    source.push(1);
    await first;

    const second = stream.next();
    await clock.advance(1_000);
    source.push(2);

    expect((await second).value).toBe(2);
  });

  it('do their part where the clock stands still', async () => {
    const { clock } = setUp();
    const still = {
      now: () => 5_000,
      setTimeout: (...args: Parameters<typeof clock.setTimeout>) => clock.setTimeout(...args),
      clearTimeout: (handle: unknown) => clock.clearTimeout(handle as never),
    };
    const breaker = new CircuitBreaker({ name: 'model', clock: still });
    const first = caught(guardStream(breaker, () => pushed().iterable, { firstTimeout: 100 }).next());
    await clock.advance(99);
    const before = breaker.metrics.totals.timeouts;

    await clock.advance(1);

    expect([before, isStreamTimeoutError(await first), clock.timers]).toEqual([0, true, 0]);
  });

  it('end a stream as soon as a test lets their time pass', async () => {
    vi.useFakeTimers();
    try {
      const breaker = new CircuitBreaker({ name: 'model' });
      const first = caught(guardStream(breaker, () => pushed().iterable, { firstTimeout: 100 }).next());
      await Promise.resolve();
      vi.advanceTimersByTime(100);

      expect(breaker.metrics.totals.timeouts).toBe(1);
      expect(isStreamTimeoutError(await first)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that come late leave the wait alone that has begun meanwhile', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<string>();
    const stream = guardStream(breaker, () => source.iterable, { firstTimeout: 100, stallTimeout: 50 });
    let second: Promise<unknown> = Promise.resolve();
    const first = stream.next().then((it) => {
      second = caught(stream.next());
      return it.value;
    });
    await clock.advance(0);

    clock.freeze(500);
    clock.setTimeout(() => source.push('late'), 0);
    await clock.advance(1);
    const timeouts = breaker.metrics.totals.timeouts;
    await clock.advance(50);

    expect([await first, timeouts]).toEqual(['late', 0]);
    expect(await second).toMatchObject({ timeout: 50, items: 1 });
  });

  it('of one stream go by whoever has waited longest, and are none once it is over', async () => {
    const { clock, breaker } = setUp();
    const controller = new AbortController();
    const sources = [pushed<number>(), pushed<number>(), pushed<number>()];
    let made = 0;
    const stream = await guardStream.open(
      breaker,
      () =>
        ({
          [Symbol.asyncIterator]: () => sources[made++]?.iterable[Symbol.asyncIterator](),
        }) as AsyncIterable<number>,
      { firstTimeout: 50, signal: controller.signal },
    );
    const [one, two, three] = sources.map(() => stream[Symbol.asyncIterator]());
    const waits = [caught(one?.next() as Promise<unknown>)];
    await clock.advance(30);
    waits.push(caught(two?.next() as Promise<unknown>));
    await clock.advance(19);
    const before = breaker.metrics.totals.timeouts;

    await clock.advance(1);
    const after = breaker.metrics.totals.timeouts;
    const late = await caught(three?.next() as Promise<unknown>);

    expect([before, after, clock.timers]).toEqual([0, 1, 0]);
    expect([...(await Promise.all(waits)), late].map(isStreamTimeoutError)).toEqual([true, true, true]);
  });

  it('are not set by who reads on once the outcome is there', async () => {
    const { clock, breaker } = setUp();
    const sources = [pushed<number>(), pushed<number>()];
    let made = 0;
    const stream = await guardStream.open(
      breaker,
      () =>
        ({
          [Symbol.asyncIterator]: () => sources[made++]?.iterable[Symbol.asyncIterator](),
        }) as AsyncIterable<number>,
      { stallTimeout: 50 },
    );
    const [one, two] = sources.map(() => stream[Symbol.asyncIterator]());
    const end = one?.next();
    sources[0]?.end();
    await end;

    const read = two?.next();
    const { timers } = clock;
    await clock.advance(1_000);
    sources[1]?.push(7);

    expect([timers, (await read)?.value, breaker.metrics.totals.timeouts]).toEqual([0, 7, 0]);
  });

  it('are none for the first item of an opened stream where that has no limit', async () => {
    const { clock, breaker } = setUp();
    const source = pushed<number>();
    const stream = await guardStream.open(breaker, () => source.iterable, { firstTimeout: false });

    const first = stream[Symbol.asyncIterator]().next();
    await clock.advance(1_000_000);
    source.push(1);

    expect((await first).value).toBe(1);
  });
});

describe('the error of a stream that stood still', () => {
  it.each([
    [0, 'before its first item'],
    [1, 'after 1 item'],
    [2, 'after 2 items'],
  ])('tells what came before: %i', (items, words) => {
    const error = new StreamTimeoutError('model', 50, items);

    expect(error.message).toBe(`A stream through circuit breaker "model" stood still for 50 ms ${words}`);
    expect([error.name, error.code, error.status, error.timeout, error.items]).toEqual([
      'StreamTimeoutError',
      'ERR_STREAM_TIMEOUT',
      504,
      50,
      items,
    ]);
  });

  it('is told from others', async () => {
    const breaker = new CircuitBreaker({ name: 'model' });
    breaker.forceOpen();
    const rejection = await caught(breaker.call(() => 1));

    expect(
      [new StreamTimeoutError('model', 50, 1), rejection, { code: 'ERR_STREAM_TIMEOUT' }, null].map(
        isStreamTimeoutError,
      ),
    ).toEqual([true, false, false, false]);
  });
});
