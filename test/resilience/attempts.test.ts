/** What becomes of a call after an attempt: another one, the answer, or the end, and who is told. */
import { CircuitBreaker } from 'recloser';
import {
  attemptsOf,
  isTotalTimeoutError,
  Resilience,
  type ResilienceOptions,
  RetryBudget,
} from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { boom, failing, hanging, made } from './made.js';
import { timedClock } from './timed-clock.js';

describe('a retry that took place', () => {
  it.each([1, 9])('has cost its token, whatever comes of it: the task fails %i times', async (failures) => {
    const retryBudget = new RetryBudget({ initial: 5, perSecond: 0, ratio: 0 });
    const { clock, users } = made({ retry: { maxAttempts: 3, backoff: 10 }, retryBudget });

    await clock.settle(users.call(failing(failures))).catch(() => {});

    expect(retryBudget.available).toBe(5 - Math.min(failures, 2));
  });

  it('is told of before the wait, with what failed', async () => {
    const { clock, users, events } = made({ retry: { maxAttempts: 2, backoff: 10 } });
    const error = boom();

    const answer = users.call(() => Promise.reject(error)).catch((it) => it);
    await clock.advance(0);
    const before = [...events];
    await clock.advance(10);
    await answer;

    expect(before).toEqual([['retry', { attempt: 1, delay: 10, error }]]);
    expect(events[1]).toEqual(['stop', { attempts: 2, reason: 'attempts', error }]);
  });
});

describe('no wait is begun', () => {
  it('where the failure has opened the circuit: no token, no timer, nobody told of a retry', async () => {
    const { clock, users, events } = made({ retry: { backoff: 1_000 }, failureThreshold: 1 });
    const error = await users.call(failing(9)).catch((it) => it);

    expect(events).toEqual([['stop', { attempts: 1, reason: 'open', error }]]);
    expect([users.retryBudget?.available, clock.timers]).toEqual([10, 0]);
  });

  it('beyond an opening, even one that was taken back in the same moment', async () => {
    const { clock, users } = made({ retry: { backoff: 1_000 } });
    const answer = users.call(failing(1)).catch((it) => it);
    await clock.advance(10);

    users.breaker.trip();
    users.breaker.reset();

    expect(attemptsOf(await answer)).toEqual({ attempts: 1, stopped: 'open', elapsed: 10 });
    expect(clock.timers).toBe(0);
  });

  it('for a server that asks for nothing: the backoff is all', async () => {
    const { uncaught } = watchRuntime();
    const { clock, users, events } = made({
      retry: { maxAttempts: 2, backoff: 7, retryAfter: () => undefined },
    });

    const answer = users.call(failing(1));
    await clock.advance(7);
    await quiet();

    expect([await answer, uncaught]).toEqual([2, []]);
    expect(events).toEqual([['retry', { attempt: 1, delay: 7, error: expect.any(Error) }]]);
  });
});

describe('what a user’s function says that it cannot is reported in words', () => {
  it.each<[string, object]>([
    ['A `backoff` must return a number of milliseconds, received "5"', { backoff: () => '5' }],
    ['A `backoff` must return a number of milliseconds, received undefined', { backoff: () => undefined }],
    [
      '`retryAfter` must return a number of milliseconds or undefined, received "5"',
      { backoff: 0, retryAfter: () => '5' },
    ],
  ])('%s', async (message, retry) => {
    const { uncaught } = watchRuntime();
    const { clock, users } = made({ retry: { maxAttempts: 2, ...retry } as never });

    const answer = users.call(failing(1));
    await clock.advance(1_000);
    await quiet();

    expect([await answer, uncaught.map((it) => (it as Error).message)]).toEqual([2, [message]]);
  });
});

describe('a call that waits for the circuit', () => {
  const patient = { maxAttempts: 3, backoff: 50, whenOpen: 'wait' } as const;

  it('goes on with its backoff when the circuit opens, and then waits for it: the breaker rejects nothing', async () => {
    const { clock, users, events } = made({ retry: patient, totalTimeout: 60_000, recoveryTimeout: 1_000 });
    const answer = users.call(failing(1));
    await clock.advance(10);

    users.breaker.trip();
    await clock.advance(2_000);

    expect([await answer, users.breaker.metrics.totals.rejected]).toEqual([2, 0]);
    expect(events.map(([event]) => event)).toEqual(['retry']);
    expect(users.retryBudget?.available).toBeCloseTo(9.4, 0);
  });

  it.each<[string, ResilienceOptions, (users: Resilience) => void]>([
    ['is unknown', {}, (users) => users.breaker.forceOpen()],
    ['is beyond the deadline', { recoveryTimeout: 90_000 }, (users) => users.breaker.trip()],
  ])('gives up with its failure where the time %s', async (_, options, open) => {
    const { clock, users, events } = made({ retry: patient, totalTimeout: 60_000, ...options });
    const answer = users.call(failing(9)).catch((it) => it);
    await clock.advance(10);

    open(users);
    await clock.advance(40);

    expect((await answer).message).toBe('boom');
    expect(attemptsOf(await answer)).toMatchObject({ attempts: 1, stopped: 'open', elapsed: 50 });
    expect(events.map(([event]) => event)).toEqual(['retry', 'stop']);
    expect([clock.timers, users.retryBudget?.available]).toEqual([0, 10]);
  });

  it('is rejected once, and tells nobody that its caller has gone but the caller', async () => {
    const { clock, users, events } = made({ retry: patient, totalTimeout: 90_000 });
    users.breaker.trip();
    const [caller, reason] = [new AbortController(), new Error('gone')];

    const answer = users.call(() => 1, { signal: caller.signal }).catch((it) => it);
    await clock.advance(10);
    caller.abort(reason);

    expect(await answer).toBe(reason);
    expect(attemptsOf(reason)).toEqual({ attempts: 0, stopped: 'aborted', elapsed: 10 });
    expect(events.map(([event]) => event)).toEqual(['reject']);
  });
});

describe('the end of a call', () => {
  it('by its deadline is told as that, a first attempt’s too, and retried no more', async () => {
    const { clock, users, events } = made({ totalTimeout: 100, retry: { maxAttempts: 3, backoff: 0 } });

    const answer = users.call(hanging).catch((it) => it);
    await clock.advance(100);
    const error = await answer;

    expect([isTotalTimeoutError(error), error.attempts]).toEqual([true, 1]);
    expect(attemptsOf(error)).toEqual({ attempts: 1, stopped: 'deadline', elapsed: 100 });
    expect(events).toEqual([['stop', { attempts: 1, reason: 'deadline', error }]]);
    expect(users.metrics.totals).toMatchObject({ totalTimeouts: 1, refused: { deadline: 1 } });
  });

  it.each<[string, (clock: ReturnType<typeof timedClock>) => unknown]>([
    ['an attempt', hanging],
    ['a backoff', () => Promise.reject(boom())],
  ])('by its caller is told as that: in %s', async (_, task) => {
    const { clock, users, events } = made({ retry: { backoff: 100 }, fallback: () => 'instead' });
    const [caller, reason] = [new AbortController(), new Error('gone')];

    const answer = users.call(() => task(clock), { signal: caller.signal }).catch((it) => it);
    await clock.advance(10);
    caller.abort(reason);

    expect(await answer).toBe(reason);
    expect(attemptsOf(reason)).toEqual({ attempts: 1, stopped: 'aborted', elapsed: 10 });
    expect(events.at(-1)).toEqual(['stop', { attempts: 1, reason: 'aborted', error: reason }]);
    expect(users.breaker.metrics.totals.calls).toBe(1);
    expect(users.retryBudget?.available).toBe(10);
  });

  it.each<[string, () => Promise<never>]>([
    ['that is not to be retried', () => Promise.reject(boom())],
    [
      'that another breaker has rejected',
      () => {
        const other = new CircuitBreaker({ name: 'other' });
        other.trip();
        return other.call(hanging);
      },
    ],
  ])('by a failure %s is answered by the fallback', async (_, task) => {
    const { users } = made({ retry: { retryOn: () => false }, fallback: () => 'instead' });

    expect(await users.call(task)).toBe('instead');
  });

  it('needs no budget to be good', async () => {
    const { users } = made({ retryBudget: false, totalTimeout: 100, retry: 'network' });

    expect([await users.call(() => 'fine'), users.metrics.budget]).toEqual(['fine', null]);
  });
});

describe('hedges', () => {
  it.each([1, 2, 3])('are no more than %i', async (maxHedges) => {
    const { clock, users } = made({ hedge: { delay: 50, maxHedges } });
    const held = deferred();

    const answer = users.call(() => held.promise);
    await clock.advance(500);
    const { hedges, attempts } = users.metrics.totals;
    const { timers } = clock;
    held.resolve('here');

    expect([hedges, attempts, timers, await answer]).toEqual([maxHedges, maxHedges + 1, 0, 'here']);
  });

  it('that answer in the moment in which another does are discarded', async () => {
    const discarded: unknown[] = [];
    const { clock, users } = made({ hedge: { delay: 50 }, discard: (value) => discarded.push(value) });
    const [first, second] = [deferred<string>(), deferred<string>()];
    const answer = users.call(({ isHedge }) => (isHedge ? second.promise : first.promise));
    await clock.advance(50);

    first.resolve('first');
    second.resolve('second');

    expect(await answer).toBe('first');
    await clock.advance(0);
    expect([discarded, users.metrics.totals.hedgesWon]).toEqual([['second'], 0]);
  });

  it('that fail in the moment in which another answers discard nothing', async () => {
    const discarded: unknown[] = [];
    const { clock, users } = made({ hedge: { delay: 50 }, discard: (value) => discarded.push(value) });
    const [first, second] = [deferred<string>(), deferred<string>()];
    const answer = users.call(({ isHedge }) => (isHedge ? second.promise : first.promise));
    await clock.advance(50);

    first.resolve('first');
    second.reject(boom());

    expect(await answer).toBe('first');
    await clock.advance(0);
    expect(discarded).toEqual([]);
  });

  it('answer with a failing value that is discarded where a good one comes', async () => {
    const discarded: unknown[] = [];
    const { clock, users } = made({
      hedge: { delay: 50 },
      isFailure: ({ value }) => value === 503,
      discard: (value) => discarded.push(value),
    });
    const first = deferred<number>();
    const answer = users.call(({ isHedge }) => (isHedge ? 503 : first.promise));
    await clock.advance(50);
    const before = [...discarded];

    first.resolve(200);

    expect([before, await answer, discarded]).toEqual([[503], 200, [503]]);
  });

  it('discard no error', async () => {
    const discarded: unknown[] = [];
    const { clock, users } = made({ hedge: { delay: 50 }, discard: (value) => discarded.push(value) });
    const first = deferred<number>();
    const answer = users.call(({ isHedge }) => (isHedge ? Promise.reject(boom()) : first.promise));
    await clock.advance(50);
    first.resolve(200);

    expect([await answer, discarded]).toEqual([200, []]);
  });

  it('win nothing by the end of the call', async () => {
    const { clock, users } = made({ hedge: { delay: 50 }, totalTimeout: 100 });
    const late = users.call(hanging).catch((it) => it.code);
    await clock.advance(100);
    const caller = new AbortController();
    const gone = users.call(hanging, { signal: caller.signal }).catch((it) => it);
    await clock.advance(60);
    caller.abort('gone');

    expect([await late, await gone]).toEqual(['ERR_TOTAL_TIMEOUT', 'gone']);
    expect(users.metrics).toMatchObject({ running: 0, totals: { hedges: 2, hedgesWon: 0 } });
  });
});

describe('a budget', () => {
  it('is refused in nobody’s name, and says which option is at fault', () => {
    const hostile = {
      get ratio() {
        throw new Error('no ratio');
      },
    };

    expect(() => new RetryBudget({ ratio: 2 })).toThrow(
      expect.objectContaining({ breaker: '', option: 'ratio' }),
    );
    expect(() => new RetryBudget(hostile as never)).toThrow(
      'Cannot create retry budget: options cannot be read',
    );
    const budget = new RetryBudget();
    expect(() => budget.update({ initial: 5 } as never)).toThrow(
      expect.objectContaining({ breaker: '', option: 'initial' }),
    );
  });

  it('has the clock of its breaker', () => {
    expect(() => new Resilience({ retryBudget: { clock: timedClock() } as never })).toThrow(
      'unknown option "retryBudget.clock"',
    );
  });

  it('loses nothing by a change on a clock that has gone back', () => {
    let now = 10_000;
    const budget = new RetryBudget({ initial: 5, perSecond: 1, clock: { now: () => now } });
    now = 2_000;

    budget.update({ ratio: 0.5 });

    expect(budget.available).toBe(5);
  });
});
