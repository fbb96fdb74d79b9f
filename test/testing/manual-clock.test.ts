import { CircuitBreaker, type CircuitBreakerError } from 'recloser';
import { createManualClock } from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { errorOf, refusalOf, thrownBy } from '../support/breakers.js';

const codeOf = (error: unknown) => (error as CircuitBreakerError).code;

describe('a manual clock', () => {
  it('stands still until it is moved', async () => {
    const clock = createManualClock({ start: 7 });

    await clock.advance(5);
    clock.advanceSync(3);
    clock.freeze(10);

    expect(clock.now()).toBe(25);
  });

  it('tells a wall clock from the year 2000 on, which can be moved alone', async () => {
    const clock = createManualClock();

    await clock.advance(1_500);
    const before = new Date(clock.epoch()).toISOString();
    clock.jumpWallClock(-3_600_000);

    expect(before).toBe('2000-01-01T00:00:01.500Z');
    expect([clock.now(), clock.epoch()]).toEqual([1_500, Date.UTC(2000, 0, 1) + 1_500 - 3_600_000]);
  });

  it('rolls the same dice for the same seed, and others for another', () => {
    const roll = (seed?: number) =>
      Array.from({ length: 5 }, createManualClock(seed === undefined ? {} : { seed }).random);

    const first = roll();

    expect(roll(1)).toEqual(first);
    expect(roll(2)).not.toEqual(first);
    expect(first.every((it) => it >= 0 && it < 1)).toBe(true);
  });

  it('works in pieces', async () => {
    const { now, setTimeout, clearTimeout, advance, settle, sleep } = createManualClock();
    const told: string[] = [];

    setTimeout(() => told.push('kept'), 10);
    clearTimeout(setTimeout(() => told.push('cleared'), 10));
    await advance(10);
    await settle(sleep(5));

    expect([told, now()]).toEqual([['kept'], 15]);
  });
});

describe('the timers of a manual clock', () => {
  it('run by time, then in the order in which they were set, each at its time', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    const note = (name: string) => () => void told.push(`${name} ${clock.now()}`);

    clock.setTimeout(note('late'), 30);
    clock.setTimeout(note('first'), 10);
    clock.setTimeout(note('second'), 10);
    clock.setTimeout(note('beyond'), 31);
    await clock.advance(30);

    expect(told).toEqual(['first 10', 'second 10', 'late 30']);
    expect([clock.timers, clock.nextIn]).toEqual([1, 1]);
  });

  it('run in order whatever has been cleared among them', async () => {
    const clock = createManualClock();
    const delays = Array.from({ length: 400 }, (_, i) => (i * 7919) % 101);
    const ran: number[] = [];
    const timers = delays.map((delay, i) => clock.setTimeout(() => ran.push(delay * 1_000 + i), delay));

    for (const [i, timer] of timers.entries()) if (i % 3 === 0) clock.clearTimeout(timer);
    await clock.advance(200);

    const left = delays.map((delay, i) => delay * 1_000 + i).filter((_, i) => i % 3 !== 0);
    expect(ran).toEqual(left.sort((a, b) => a - b));
  });

  it('run too if they were set on the way', async () => {
    const clock = createManualClock();
    const told: number[] = [];
    const again = () => {
      told.push(clock.now());
      clock.setTimeout(again, 10);
    };

    clock.setTimeout(again, 10);
    await clock.advance(35);

    expect(told).toEqual([10, 20, 30]);
  });

  it('have microtasks run dry before, between and after them', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    const later = async (name: string) => {
      for (let i = 0; i < 20; i++) await null;
      told.push(name);
    };

    void later('before');
    clock.setTimeout(() => void later('first'), 10);
    clock.setTimeout(() => told.push('second'), 10);
    clock.setTimeout(() => void later('last'), 20);
    await clock.advance(20);

    expect(told).toEqual(['before', 'first', 'second', 'last']);
  });

  it('run at once, without microtasks, by `advanceSync`', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    clock.setTimeout(() => {
      void Promise.resolve().then(() => told.push('microtask'));
      clock.setTimeout(() => told.push(`set on the way ${clock.now()}`), 5);
    }, 10);

    clock.advanceSync(15);

    expect(told).toEqual(['set on the way 15']);
    await null;
    expect(told).toEqual(['set on the way 15', 'microtask']);
  });

  it('take what is below 0 or no number as 0, and refuse what platforms would fire at once', async () => {
    const clock = createManualClock();
    const told: string[] = [];

    clock.setTimeout(() => told.push('negative'), -5);
    clock.setTimeout(() => told.push('NaN'), Number.NaN);
    clock.setTimeout(() => told.push('none'));
    await clock.advance(0);

    expect(told).toEqual(['negative', 'NaN', 'none']);
    expect(clock.setTimeout(() => {}, 2 ** 31 - 1).hasRef()).toBe(true);
    expect(thrownBy(() => clock.setTimeout(() => {}, 2 ** 31))).toBeInstanceOf(RangeError);
    expect(thrownBy(() => clock.setTimeout('code' as never, 1))).toBeInstanceOf(TypeError);
  });

  it('read their time as platforms do', async () => {
    const clock = createManualClock({ start: 10 });
    const ran: unknown[] = [];
    for (const ms of ['5', null, 'soon', undefined, true])
      clock.setTimeout(() => ran.push([ms, clock.now()]), ms as never);

    await clock.advance(5);

    expect(ran).toEqual([
      [null, 10],
      ['soon', 10],
      [undefined, 10],
      [true, 11],
      ['5', 15],
    ]);
    expect(() => clock.setTimeout(() => {}, '3000000000' as never)).toThrow(RangeError);
  });

  it('can be told to keep no process alive', () => {
    const timer = createManualClock().setTimeout(() => {}, 1);

    expect([timer.unref().hasRef(), timer.ref().hasRef()]).toEqual([false, true]);
  });

  it('are told by number and by the next one', () => {
    const clock = createManualClock();
    const none = [clock.timers, clock.nextIn];

    clock.setTimeout(() => {}, 20);
    clock.freeze(30);

    expect(none).toEqual([0, Number.POSITIVE_INFINITY]);
    expect([clock.timers, clock.nextIn]).toEqual([1, 0]);
  });

  it('run late after a freeze, at the new time', async () => {
    const clock = createManualClock();
    const told: number[] = [];
    clock.setTimeout(() => told.push(clock.now()), 10);
    clock.setTimeout(() => told.push(clock.now()), 20);

    clock.freeze(1_000);
    const during = [...told];
    await clock.advance(0);

    expect([during, told]).toEqual([[], [1_000, 1_000]]);
  });

  it('stop nothing by throwing: the move rejects in the end', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    const boom = new Error('boom');
    clock.setTimeout(() => {
      throw boom;
    }, 1);
    clock.setTimeout(() => told.push('after'), 2);

    const error = await errorOf(clock.advance(10));

    expect([error, told, clock.now()]).toEqual([boom, ['after'], 10]);
  });

  it('make one error of several', async () => {
    const clock = createManualClock();
    const fail = () => {
      clock.setTimeout(() => {
        throw new Error('one');
      }, 1);
      clock.setTimeout(() => {
        throw new Error('two');
      }, 2);
    };

    fail();
    const error = await errorOf(clock.advance(10));
    fail();
    const thrown = thrownBy(() => clock.advanceSync(10));

    for (const it of [error, thrown])
      expect((it as AggregateError).errors.map(String)).toEqual(['Error: one', 'Error: two']);
  });

  it.each(['advance', 'settle', 'advanceSync'] as const)(
    'cannot loop for ever at one time: %s',
    async (way) => {
      const clock = createManualClock();
      let set = 0;
      let inner: Promise<void> | undefined;
      const again = () => {
        set++;
        clock.setTimeout(again, 0);
        if (set === 2 && way === 'advance') inner = clock.advance(1); // ends with the move that it is in
      };
      again();
      const ways = {
        advance: () => clock.advance(1),
        settle: () => clock.settle(new Promise(() => {})),
        advanceSync: async () => clock.advanceSync(1),
      };

      const error = await errorOf(ways[way]());

      await inner;
      expect([codeOf(error), clock.now(), set]).toEqual(['ERR_TIMER_LOOP', 0, 100_001]);
      expect((error as Error).message).toBe(
        '100000 timers have run at 0 ms of the manual clock, and more are due: a timer that sets itself again must wait longer than 0 ms',
      );
    },
  );

  it('may be many at one time', async () => {
    const clock = createManualClock();
    let ran = 0;
    for (let i = 0; i < 100_000; i++) clock.setTimeout(() => ran++, 1);

    clock.advanceSync(1);

    expect(ran).toBe(100_000);
  });
});

describe('moves of a manual clock', () => {
  it('that are made at once share the way, and each ends at its time', async () => {
    const clock = createManualClock();
    const told: string[] = [];

    await Promise.all(
      [30, 10, 20].map((ms) => clock.advance(ms).then(() => told.push(`${ms} at ${clock.now()}`))),
    );

    expect(told).toEqual(['10 at 10', '20 at 20', '30 at 30']);
  });

  it('go from the time at which they were asked for', async () => {
    const clock = createManualClock();
    const move = clock.advance(100);
    clock.advanceSync(30);

    await move;

    expect(clock.now()).toBe(100);
  });

  it('that a callback begins belong to the move that runs it', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    clock.setTimeout(async () => {
      await clock.advance(50);
      told.push(`inner ${clock.now()}`);
      await clock.advance(5);
    }, 10);

    await clock.advance(100);
    const first = [...told, clock.now()];
    clock.setTimeout(() => void clock.advance(50).then(() => told.push(`beyond ${clock.now()}`)), 10);
    await clock.advance(20);

    expect(first).toEqual(['inner 60', 100]);
    expect([told.at(-1), clock.now()]).toEqual(['beyond 160', 160]);
  });

  it('bear what goes wrong in those that a callback begins', async () => {
    const clock = createManualClock();
    const boom = new Error('boom');
    clock.setTimeout(() => {
      void clock.advance(50);
      clock.setTimeout(() => {
        throw boom;
      }, 30);
    }, 10);

    const error = await errorOf(clock.advance(20));

    expect([error, clock.now()]).toEqual([boom, 60]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined])('refuse %s', async (ms) => {
    const clock = createManualClock();

    const errors = [
      await errorOf(clock.advance(ms as number)),
      refusalOf(() => clock.advanceSync(ms as number)),
      refusalOf(() => clock.freeze(ms as number)),
    ];

    for (const error of errors)
      expect(String(error)).toMatch(/`ms` must be a finite number of milliseconds of at least 0, received /);
    expect(clock.now()).toBe(0);
  });
});

describe('settling by a manual clock', () => {
  it('goes from timer to timer until the promise is settled, and no further', async () => {
    const clock = createManualClock();
    clock.setTimeout(() => {}, 5_000);

    const value = await clock.settle(clock.sleep(100).then(() => 'value'));
    const error = await errorOf(clock.settle(clock.sleep(100).then(() => Promise.reject('error'))));

    expect([value, error, clock.now(), clock.timers]).toEqual(['value', 'error', 200, 1]);
  });

  it('times a call out', async () => {
    const clock = createManualClock();
    const breaker = new CircuitBreaker({ clock, callTimeout: 250 });

    const result = await clock.settle(breaker.tryCall(() => new Promise(() => {})));

    expect([result.ok, clock.now(), clock.timers]).toEqual([false, 250, 0]);
  });

  it('needs no time for what is settled already', async () => {
    const clock = createManualClock();
    clock.setTimeout(() => {}, 10);

    await clock.settle(Promise.resolve());

    expect(clock.now()).toBe(0);
  });

  it('says so when nothing is left to wait for', async () => {
    const clock = createManualClock();
    clock.setTimeout(() => {}, 10);

    const error = await errorOf(clock.settle(new Promise(() => {})));

    expect(codeOf(error)).toBe('ERR_NOTHING_TO_WAIT_FOR');
    expect(String(error)).toMatch(
      /has not settled after 10 ms of the manual clock, and no timer of this clock is left/,
    );
  });

  it('says who waits when the next timer is beyond the limit', async () => {
    const clock = createManualClock();
    clock.setTimeout(function poll() {}, 90_000);
    clock.setTimeout(() => {}, 100_000);
    for (let i = 0; i < 5; i++) clock.setTimeout(() => {}, 200_000);

    const error = await errorOf(clock.settle(new Promise(() => {}), { limit: 60_000 }));

    expect([codeOf(error), clock.now()]).toEqual(['ERR_SETTLE_LIMIT', 0]);
    expect(String(error)).toMatch(/`poll` in 90000 ms, a timer in 100000 ms, .* and 2 more$/);
  });

  it('waits up to an hour unless told otherwise, from where it begins', async () => {
    const clock = createManualClock();
    await clock.advance(5_000);

    await clock.settle(clock.sleep(3_600_000));
    const error = await errorOf(clock.settle(clock.sleep(3_600_001)));

    expect([clock.now(), codeOf(error)]).toEqual([3_605_000, 'ERR_SETTLE_LIMIT']);
  });

  it('gives sockets real time, if it is told how much', async () => {
    const clock = createManualClock();
    const real = new Promise((resolve) => setTimeout(resolve, 3));
    clock.setTimeout(() => {}, 60_000);

    await clock.settle(real, { io: 30 });

    expect(clock.now()).toBe(0);
  });

  it('lets the task move the clock', async () => {
    const clock = createManualClock();

    const value = await clock.settle(clock.advance(300).then(() => clock.now()));

    expect(value).toBe(300);
  });

  it('ends at once when a callback throws', async () => {
    const clock = createManualClock();
    const boom = new Error('boom');
    clock.setTimeout(() => {
      throw boom;
    }, 5);

    const error = await errorOf(clock.settle(clock.sleep(100)));

    expect([error, clock.now()]).toEqual([boom, 5]);
  });

  it('refuses what is no promise, and options that make no sense', async () => {
    const clock = createManualClock();
    const done = Promise.resolve();

    const errors = await Promise.all([
      errorOf(clock.settle((() => done) as never)),
      errorOf(clock.settle(done, { limit: -1 })),
      errorOf(clock.settle(done, { io: '5' as never })),
      errorOf(clock.settle(done, { limits: 5 } as never)),
    ]);

    expect(errors.map(codeOf)).toEqual(Array(4).fill('ERR_INVALID_OPTIONS'));
    expect(errors.map((error) => (error as { option?: string }).option)).toEqual([
      'promise',
      'limit',
      'io',
      'limits',
    ]);
  });
});

describe('waits of a manual clock', () => {
  it('end with the reason of a signal, and leave no timer', async () => {
    const clock = createManualClock();
    const caller = new AbortController();
    const wait = errorOf(clock.sleep(1_000, { signal: caller.signal }));

    await clock.advance(10);
    caller.abort('gone');

    expect([await wait, clock.timers]).toEqual(['gone', 0]);
    expect(await errorOf(clock.sleep(5, { signal: caller.signal }))).toBe('gone');
  });

  it('listen no more when they are over', async () => {
    const clock = createManualClock();
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      addEventListener: (_: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: 'abort', listener: () => void) => void listeners.delete(listener),
    };

    await clock.settle(clock.sleep(10, { signal }));

    expect(listeners.size).toBe(0);
  });

  it('are there as signals, too', async () => {
    const clock = createManualClock();
    const signal = clock.abortAfter(100);

    await clock.advance(99);
    const before = signal.aborted;
    await clock.advance(1);

    expect([before, signal.aborted, signal.reason.name]).toEqual([false, true, 'TimeoutError']);
  });
});

describe('a manual clock under fake timers', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('moves all the same', async () => {
    vi.useFakeTimers();
    const clock = createManualClock();
    const breaker = new CircuitBreaker({ clock, callTimeout: 100 });

    const result = await clock.settle(breaker.tryCall(() => clock.sleep(1_000)));
    await clock.advance(1_000);

    expect([result.ok, clock.now()]).toEqual([false, 1_100]);
  });
});

describe('options of a manual clock', () => {
  it.each([
    [{ start: Number.NaN }, 'start'],
    [{ epoch: '2024' }, 'epoch'],
    [{ seed: -1 }, 'seed'],
    [{ now: 5 }, 'now'],
  ])('are checked: %o', (options, option) => {
    expect(refusalOf(() => createManualClock(options as object)).option).toBe(option);
  });
});
