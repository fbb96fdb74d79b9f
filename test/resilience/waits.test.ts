/** Waits, one by one: for turns, for places, for leave and for the next attempt, and what ends them. */
import { CircuitBreaker } from 'recloser';
import { attemptsOf, Bulkhead, RateLimiter, Resilience, type ResilienceOptions } from 'recloser/resilience';
import { describe, expect, it, vi } from 'vitest';
import { SEAM, type Seat } from '../../src/core/seam.js';
import { AnswerTimes } from '../../src/resilience/hedge-options.js';
import { Turns } from '../../src/resilience/turns.js';
import { Wait } from '../../src/resilience/wait.js';
import { deferred } from '../support/deferred.js';
import { fakeGate } from '../support/fake-gate.js';
import { boom, countedSignal, failing, hanging, made } from './made.js';
import { timedClock } from './timed-clock.js';

/** A clock whose timers a test fires by hand; it may tell anything. */
function handClock(canClear = true) {
  let now = 0;
  let run: (() => void) | undefined;
  const set: number[] = [];
  const clock = {
    now: () => now,
    setTimeout(callback: () => void, ms: number) {
      run = callback;
      set.push(ms);
      return set.length;
    },
    clearTimeout() {
      if (canClear) run = undefined;
    },
  };
  return {
    clock,
    set,
    at(time: number) {
      now = time;
    },
    fire: () => run?.(),
  };
}

describe('a turn of a rate limiter', () => {
  it('is in nobody’s name unless it is said', async () => {
    const limiter = new RateLimiter({ limit: 1 });
    limiter.tryTake();

    expect(await limiter.run(() => 1).catch((it) => it.breaker)).toBe('default');
  });

  it('is nobody’s who comes when it has come for another, whose timer is late', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 1, clock });
    limiter.tryTake();
    const waiting = limiter.run(() => 'in order');

    clock.freeze(150);

    expect(limiter.tryTake()).toBe(false);
    await clock.advance(0);
    expect(await waiting).toBe('in order');
  });

  it('moves up, for who asks, when one before it has left', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 3, maxWait: 10_000, clock });
    const caller = new AbortController();
    limiter.tryTake();
    const gone = limiter.run(() => 1, { signal: caller.signal }).catch((it) => it);
    const next = limiter.run(() => clock.now() - 1_000);

    caller.abort('gone');
    const { retryAfter } = limiter;
    const last = limiter.run(() => clock.now() - 1_000);
    await clock.advance(200);

    expect([retryAfter, await gone, await next, await last]).toEqual([200, 'gone', 100, 200]);
  });

  it('that comes as late as it may is kept, whatever is worked out anew', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 1, maxWait: 100, clock });
    limiter.tryTake();
    const waiting = limiter.run(() => 'in');

    limiter.pause(50);
    await clock.advance(100);

    expect(await waiting).toBe('in');
  });

  it('is not lost to who waits behind one whose timer came late', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 2, maxWait: 200, clock });
    limiter.tryTake();
    const calls = [1, 2].map(() => limiter.run(() => clock.now() - 1_000));

    clock.freeze(150);
    await clock.advance(0);
    await clock.advance(100);

    expect(await Promise.all(calls)).toEqual([150, 250]);
  });

  it('is set once, for who is in time', async () => {
    const { clock, set, at, fire } = handClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 2, clock });
    limiter.tryTake();
    const calls = [1, 2].map((call) => limiter.run(() => call));

    at(100);
    fire();
    at(200);
    fire();

    expect([await Promise.all(calls), set]).toEqual([
      [1, 2],
      [100, 100],
    ]);
  });

  it('is nobody’s where a timer cannot be taken back, and fires for who has gone', async () => {
    const { clock, at, fire } = handClock(false);
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 1, clock });
    const caller = new AbortController();
    limiter.tryTake();
    const gone = limiter.run(() => 1, { signal: caller.signal }).catch((it) => it);
    caller.abort('gone');
    at(100);

    expect(fire).not.toThrow();
    expect([await gone, limiter.tryTake(), limiter.tryTake()]).toEqual(['gone', true, false]);
  });

  it('is had by all at once where nothing is limited, until somebody pauses it', async () => {
    const clock = timedClock();
    const limiter = RateLimiter.unlimited('origin', clock);
    const free = [limiter.tryTake(), limiter.tryTake(), limiter.limit];

    limiter.pause(100);
    const waiting = Array.from({ length: 50 }, () => limiter.run(() => clock.now() - 1_000));
    const paused = [limiter.tryTake(), limiter.waiting];
    await clock.advance(100);

    expect([free, paused]).toEqual([
      [true, true, Number.POSITIVE_INFINITY],
      [false, 50],
    ]);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([100]));
    expect(limiter.error('origin', 'wait')).toMatchObject({ breaker: 'origin', retryAfter: 0 });
  });
});

describe('a rate limiter whose clock begins anew', () => {
  it('lets who waits wait as long as before, and no longer than he may', async () => {
    const { clock, set, at, fire } = handClock();
    at(5_000);
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 3, maxWait: 150, clock });
    limiter.tryTake();
    const waiting = limiter.run(() => 'in').catch((it) => it.retryAfter);

    at(1_000);
    const told = [limiter.retryAfter, limiter.pausedFor];
    limiter.pause(120);
    at(1_120);
    fire();

    expect([told, await waiting, limiter.waiting]).toEqual([[200, 0], 'in', 0]);
    expect(set.length).toBeGreaterThan(0);
  });

  it('refuses who has to wait longer than he may by the new time', async () => {
    const { clock, at } = handClock();
    at(5_000);
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 3, maxWait: 150, clock });
    limiter.tryTake();
    const waiting = limiter.run(() => 'in').catch((it) => it.retryAfter);

    at(1_000);
    limiter.pause(160);

    expect(await waiting).toBe(160);
  });

  it('is not taken for one where a reading is an old one', () => {
    const { clock, at } = handClock();
    at(120);
    const limiter = new RateLimiter({ limit: 1, per: 100, clock });
    limiter.tryTake();

    at(150);
    const early = limiter.takeAt(100);
    at(220);

    expect([early, limiter.tryTake()]).toEqual([false, true]);
  });

  it('goes on by the new time', () => {
    const { clock, at } = handClock();
    at(5_000);
    const limiter = new RateLimiter({ limit: 2, per: 100, clock });
    limiter.tryTake();

    at(1_000);
    const anew = [limiter.tryTake(), limiter.tryTake()];
    at(1_100);

    expect([anew, limiter.tryTake(), limiter.tryTake(), limiter.tryTake()]).toEqual([
      [true, false],
      true,
      true,
      false,
    ]);
  });
});

describe('turns', () => {
  it('that are not limited are now, on a clock that has gone back too', () => {
    const turns = new Turns(Number.POSITIVE_INFINITY, 100, 0);
    turns.take(50);

    expect(turns.next(10, [])).toBe(10);
  });

  it('move with the time, so many milliseconds', () => {
    const turns = new Turns(1, 100, 0);
    turns.take(5_000);

    turns.moveBack(4_000);

    expect(turns.next(1_000, [])).toBe(1_100);
  });
});

describe('a wait', () => {
  it('ends at once for a signal that has aborted, and is told as that', async () => {
    const wait = new Wait(timedClock(), AbortSignal.abort('gone'));

    expect([wait.hasEnded, await wait.ended, wait.end('turn')]).toEqual([true, 'abort', false]);
  });

  it('listens to its signal no more once it has ended', async () => {
    const { signal, listeners } = countedSignal();
    const wait = new Wait(timedClock(), signal).endAfter(50);
    const during = listeners();

    wait.end('open');

    expect([during, listeners()]).toEqual([1, 0]);
  });

  it('ends where a clock runs its timer at once', async () => {
    const clock = {
      now: () => 0,
      setTimeout(run: () => void) {
        run();
        return 1;
      },
      clearTimeout() {},
    };

    expect(await new Wait(clock, undefined).endAfter(50).ended).toBe('time');
  });
});

describe('how long answers take', () => {
  const quantile = { quantile: 0.5, initial: 500, minimumCalls: 4 };
  const timesOf = (...times: readonly number[]) => {
    const answers = new AnswerTimes();
    for (const time of times) answers.add(time);
    return answers;
  };

  it('is worked out of those that there are, in whatever order they came', () => {
    expect(timesOf(40, 10, 30).delay(quantile)).toBe(500);
    expect(timesOf(40, 10, 30, 20).delay(quantile)).toBe(20);
    expect(timesOf(9, 100, 20, 3).delay({ ...quantile, quantile: 0.75 })).toBe(20);
  });

  it('is worked out anew after sixteen answers', () => {
    const answers = timesOf(10, 10, 10, 10);
    const first = answers.delay(quantile);
    const delays: number[] = [];

    for (let answer = 0; answer < 17; answer++) {
      answers.add(70);
      delays.push(answers.delay(quantile));
    }

    expect([first, delays]).toEqual([10, [...new Array(15).fill(10), 70, 70]]);
  });

  it('is known of each quantile by itself', () => {
    const answers = timesOf(10, 20, 30, 40);

    expect([answers.delay(quantile), answers.delay({ ...quantile, quantile: 0.9 })]).toEqual([20, 40]);
  });

  it('is of the last 256', () => {
    const answers = timesOf(...new Array(256).fill(10), ...new Array(200).fill(90));

    expect(answers.delay(quantile)).toBe(90);
  });

  it('is enough with so many as are remembered, however many are wanted', () => {
    expect(timesOf(...new Array(256).fill(10)).delay({ ...quantile, minimumCalls: 1_000 })).toBe(10);
  });
});

/** A signal that tells of its abort without being aborted, as some libraries have them. */
function oddSignal() {
  let listener: (() => void) | undefined;
  const signal = {
    aborted: false,
    reason: 'gone',
    addEventListener(_: string, run: () => void) {
      listener = run;
    },
    removeEventListener() {
      listener = undefined;
    },
  };
  return { signal: signal as never, abort: () => listener?.() };
}

describe('an abort that only the listener is told of', () => {
  it.each<[string, ResilienceOptions, (users: Resilience) => unknown, () => unknown]>([
    ['a wait for a place', { bulkhead: { limit: 1, queue: 1 } }, (it) => it.bulkhead?.run(hanging), () => 1],
    [
      'a wait for a turn',
      { rateLimit: { limit: 1, queue: 1, per: 500 }, bulkhead: 2 },
      (it) => it.rateLimiter?.tryTake(),
      () => 1,
    ],
    ['a backoff', { retry: { backoff: 500 } }, () => {}, () => Promise.reject(boom())],
    [
      'a wait for the circuit',
      { retry: { whenOpen: 'wait' }, totalTimeout: 90_000 },
      (it) => it.breaker.trip(),
      () => 1,
    ],
  ])('ends %s', async (_, options, prepare, task) => {
    const { clock, users, events } = made(options);
    const { signal, abort } = oddSignal();
    void prepare(users);

    const call = users.tryCall(task, { signal });
    await clock.advance(10);
    abort();

    expect(await call).toMatchObject({ ok: false, error: 'gone' });
    expect([clock.timers, users.bulkhead?.waiting ?? 0, users.rateLimiter?.waiting ?? 0]).toEqual([0, 0, 0]);
    expect(events.filter(([event]) => event === 'reject').length).toBe(options.totalTimeout ? 1 : 0);
  });
});

describe('a wait for leave to probe', () => {
  async function gated(options: Omit<ResilienceOptions, 'breaker'> = {}) {
    const clock = timedClock();
    const gate = fakeGate();
    const breaker = new CircuitBreaker({ name: 'users', clock, successThreshold: 1 });
    (breaker as unknown as { [SEAM](): Seat })[SEAM]().open(100, 1, gate);
    await clock.advance(100);
    return { clock, gate, breaker, users: new Resilience({ breaker, ...options }) };
  }

  it('has no timer without a deadline', async () => {
    const { clock, gate, users } = await gated();

    const call = users.call(() => 'probed');
    await clock.advance(0);
    const { timers } = clock;
    gate.grant();

    expect([timers, await call]).toEqual([0, 'probed']);
  });

  it.each(['attempts', 'calls'] as const)('is told as what has ended it: %s', async (breakerCounts) => {
    const options = { totalTimeout: 50, breakerCounts };
    const [{ clock, users }, other] = [await gated(options), await gated(options)];
    const rejections: unknown[] = [];
    for (const it of [users, other.users]) it.on('reject', (told) => rejections.push(told));
    const [caller, reason] = [new AbortController(), new Error('gone')];

    const gone = other.users.tryCall(() => 1, { signal: caller.signal });
    caller.abort(reason);
    await gone;
    const late = users.tryCall(() => 1);
    await clock.advance(50);

    expect(await late).toMatchObject({ ok: false, error: { code: 'ERR_TOTAL_TIMEOUT' } });
    expect(attemptsOf(reason)).toMatchObject({ attempts: 0, stopped: 'aborted' });
    expect([rejections, users.metrics.totals.totalTimeouts]).toEqual([[], 1]);
  });

  it('leaves the probe less than all the time there is', async () => {
    const { clock, gate, users } = await gated({ totalTimeout: 50 });

    const call = users.tryCall(hanging);
    await clock.advance(30);
    gate.grant();
    await clock.advance(20);

    expect(await call).toMatchObject({ ok: false, error: { code: 'ERR_TOTAL_TIMEOUT' } });
    expect(users.breaker.metrics.totals).toMatchObject({ timeouts: 0, failures: 0, ignored: 1 });
  });
});

describe('a queue', () => {
  it('is no matter to a circuit that is watched alone: nobody asks it, and nobody is sent away', async () => {
    const { clock, users } = made({ mode: 'observe', bulkhead: { limit: 1, queue: 2 } });
    const held = deferred();
    const first = users.bulkhead?.run(() => held.promise);
    const before = users.call(() => 'before');
    await clock.advance(10);

    users.breaker.trip();
    const after = users.call(() => 'after');
    await clock.advance(10);
    const waiting = users.bulkhead?.waiting;
    held.resolve(1);
    await first;

    expect([waiting, await before, await after, users.metrics.totals.waits]).toEqual([
      2,
      'before',
      'after',
      2,
    ]);
    expect(users.breaker.metrics.totals).toMatchObject({ calls: 2, ignored: 0, wouldReject: 2 });
  });

  it('is for a later attempt of a call that counts as a whole, though the circuit is open', async () => {
    const { clock, users } = made({
      breakerCounts: 'calls',
      retry: { maxAttempts: 2, backoff: 10 },
      bulkhead: { limit: 1, queue: 2 },
    });
    const call = users.call(failing(1));
    await clock.advance(5);
    const held = deferred();
    const other = users.bulkhead?.run(() => held.promise);
    users.breaker.trip();

    await clock.advance(10);
    const { waiting } = users.metrics;
    held.resolve(1);
    await other;

    expect([waiting.bulkhead, await call]).toEqual([1, 2]);
  });

  it('is told as left since the circuit has opened', async () => {
    const { clock, users, events } = made({ bulkhead: { limit: 1, queue: 2 } });
    const held = deferred();
    const first = users.bulkhead?.run(() => held.promise);
    const call = users.call(() => 1).catch((it) => it);
    await clock.advance(10);

    users.breaker.trip();
    const error = await call;

    expect(events).toEqual([
      ['wait', { queue: 'bulkhead', waited: 10, attempt: 1 }],
      ['reject', { by: 'breaker', error }],
    ]);
    expect(attemptsOf(error)?.stopped).toBe('open');
    held.resolve(1);
    await first;
  });

  it('that was begun anew leaves an attempt less than all the time there is', async () => {
    const { clock, users } = made({ bulkhead: { limit: 1, queue: 2 }, totalTimeout: 100 });
    const call = users.bulkhead?.run(() => new Promise((resolve) => clock.setTimeout(() => resolve(1), 10)));
    const late = users.tryCall(hanging);
    await clock.advance(5);

    users.breaker.trip();
    users.breaker.reset();
    users.bulkhead?.update({ limit: 2 });
    await clock.advance(95);

    expect([await call, await late]).toMatchObject([1, { ok: false, error: { code: 'ERR_TOTAL_TIMEOUT' } }]);
    expect(users.breaker.metrics.totals).toMatchObject({ failures: 0, ignored: 1 });
  });

  it('is what a breaker is listened to for, and for no longer', async () => {
    const clock = timedClock();
    const breaker = new CircuitBreaker({ name: 'users', clock });
    const users = new Resilience({ breaker, bulkhead: { limit: 1, queue: 5 } });
    const held = deferred();
    let listening = 0;
    const on = breaker.on.bind(breaker);
    vi.spyOn(breaker, 'on').mockImplementation(((event: 'open', listener: () => void) => {
      const stop = on(event, listener);
      listening++;
      return () => {
        listening--;
        stop();
      };
    }) as never);
    const caller = new AbortController();
    const first = users.bulkhead?.run(() => held.promise);

    const gone = users.tryCall(() => 1, { signal: caller.signal });
    const next = users.call(() => 2);
    await clock.advance(0);
    const counts = [listening];
    caller.abort('gone');
    await gone;
    await clock.advance(0);
    counts.push(listening);
    held.resolve(1);
    await Promise.all([first, next]);
    counts.push(listening);
    const later = users.bulkhead?.run(hanging);
    const waiting = users.tryCall(() => 3);
    await clock.advance(0);
    counts.push(listening);
    breaker.trip();
    await waiting;
    counts.push(listening);

    expect(counts).toEqual([1, 1, 0, 1, 0]);
    void later;
  });

  it('gives back no place that a hedge did not get, where its call cannot be followed later', async () => {
    const { clock, users } = made({
      hedge: { delay: 10 },
      bulkhead: { limit: 2, queue: 2 },
      rateLimit: { limit: 1, per: 40, queue: 5 },
      retry: { maxAttempts: 2, backoff: 100 },
    });
    let followed = 0;
    const signal = {
      aborted: false,
      addEventListener: () => {
        if (++followed > 2) throw new Error('no signal');
      },
      removeEventListener() {},
    } as never;
    const failed = deferred();

    const call = users.tryCall(() => failed.promise, { signal });
    await clock.advance(20);
    failed.reject(boom());
    await clock.advance(10);
    const others = [deferred(), deferred()];
    const held = others.map(({ promise }) => users.bulkhead?.run(() => promise));
    await clock.advance(100);

    expect(await call).toMatchObject({ ok: false, error: { message: 'no signal' } });
    expect(users.bulkhead?.running).toBe(2);
    for (const { resolve } of others) resolve(1);
    await Promise.all(held);
    expect(users.bulkhead?.running).toBe(0);
  });
});

describe('a wait for the circuit', () => {
  it('goes on when the circuit opens once more: its time was told', async () => {
    const { clock, users, events } = made({
      retry: { whenOpen: 'wait' },
      totalTimeout: 60_000,
      recoveryTimeout: 1_000,
    });
    users.breaker.trip();
    const call = users.call(() => 'probed');
    await clock.advance(500);

    users.breaker.reset();
    users.breaker.trip();
    await clock.advance(0);
    const rejections = events.length;
    await clock.advance(3_000);

    expect([rejections, await call]).toEqual([1, 'probed']);
  });

  it('of a probe whose caller goes as it is admitted ends as that', async () => {
    const { clock, users, events } = made({ recoveryTimeout: 100, totalTimeout: 1_000 });
    const [caller, reason] = [new AbortController(), new Error('gone')];
    users.breaker.once('halfOpen', () => caller.abort(reason));
    users.breaker.trip();
    await clock.advance(100);

    await users.tryCall(() => 1, { signal: caller.signal });

    expect([attemptsOf(reason)?.stopped, events]).toEqual(['aborted', []]);
  });
});

describe('what is remembered of an error', () => {
  it('is nothing where it is no object', async () => {
    const { users } = made();

    expect(await users.call(() => Promise.reject(null)).catch((it) => it)).toBe(null);
    expect(attemptsOf(null)).toBe(undefined);
  });

  it('has no time to wait where none is known', async () => {
    const { users } = made();
    const error = await users.call(failing(1)).catch((it) => it);

    expect(Object.keys(attemptsOf(error) ?? {})).toEqual(['attempts', 'stopped', 'elapsed']);
  });
});

describe('a clock without dice', () => {
  it('has those of the platform', async () => {
    const { clock: timed } = made();
    const clock = { now: timed.now, setTimeout: timed.setTimeout, clearTimeout: timed.clearTimeout };
    vi.spyOn(Math, 'random').mockReturnValue(0.25);
    const { users, events } = made({ clock, retry: { maxAttempts: 2 } });

    const call = users.call(failing(1));
    await timed.advance(100);

    expect([await call, events[0]]).toMatchObject([2, ['retry', { delay: 75 }]]);
  });
});

describe('a bulkhead by itself', () => {
  it('has no place for who comes after one whom nobody has let in', async () => {
    const bulkhead = new Bulkhead({ limit: 1, queue: 2 });
    const held = deferred();
    const order: number[] = [];
    const first = bulkhead.run(() => held.promise);
    const second = bulkhead.run(() => order.push(2));

    held.resolve(1);
    await first;
    const third = bulkhead.run(() => order.push(3));
    await Promise.all([second, third]);

    expect([order, bulkhead.running]).toEqual([[2, 3], 0]);
  });
});
