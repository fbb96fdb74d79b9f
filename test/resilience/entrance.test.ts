/** How an attempt gets in, or does not: for a place, for its turn, and by the circuit. */
import { isCircuitBreakerOpenError } from 'recloser';
import {
  attemptsOf,
  Bulkhead,
  isTotalTimeoutError,
  RateLimiter,
  Resilience,
  type ResilienceEvents,
  type ResilienceOptions,
} from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { timedClock } from './timed-clock.js';

const hanging = () => new Promise<never>(() => {});
const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false } as const;
const ONE_PLACE = { limit: 1, queue: 5, maxWait: 1_000 };
const ONE_TURN = { limit: 1, per: 100, queue: 5, maxWait: 1_000 };

function made(options: ResilienceOptions = {}) {
  const clock = timedClock();
  const users = new Resilience({ name: 'users', clock, ...NEVER_TRIPS, ...options });
  const events: [string, unknown][] = [];
  for (const event of ['retry', 'stop', 'wait', 'reject', 'fallback'] as const)
    users.on(event, ({ breaker, ...it }: ResilienceEvents[typeof event]) => events.push([event, it]));
  return { clock, users, events };
}

/** One whose only place is taken, until `leave` is called. */
async function occupied(options: ResilienceOptions = {}) {
  const it = made({ bulkhead: ONE_PLACE, ...options });
  const held = deferred();
  const first = it.users.bulkhead?.run(() => held.promise) as Promise<unknown>;
  return { ...it, leave: () => held.resolve(1), first };
}

/** One whose turn has just been taken. */
function exhausted(options: ResilienceOptions = {}) {
  const it = made({ rateLimit: ONE_TURN, bulkhead: 5, ...options });
  it.users.rateLimiter?.tryTake();
  return it;
}

describe('a wait for a place', () => {
  it('is none while the circuit is open: the breaker rejects, and counts it', async () => {
    const { users, events, clock } = await occupied();
    users.breaker.trip();

    const error = await users.call(() => 1).catch((it) => it);

    expect(isCircuitBreakerOpenError(error)).toBe(true);
    expect(events).toEqual([['reject', { by: 'breaker', error }]]);
    expect([users.bulkhead?.waiting, users.breaker.metrics.totals.rejected, clock.timers]).toEqual([0, 1, 0]);
  });

  it('asks for no probe where the circuit may probe: it is the next one in that does', async () => {
    const { clock, users, leave } = await occupied({ recoveryTimeout: 50, successThreshold: 1 });
    users.breaker.trip();
    await clock.advance(50);

    const answer = users.call(() => 'probed');
    await clock.advance(10);
    const during = [users.breaker.state, users.bulkhead?.waiting];
    leave();

    expect([during, await answer]).toEqual([['OPEN', 1], 'probed']);
    expect(users.breaker.metrics.totals).toMatchObject({ calls: 1, ignored: 0, rejected: 0 });
    expect(users.breaker.state).toBe('CLOSED');
  });

  it.each(['attempts', 'calls'] as const)(
    'costs the breaker nothing: it counts %s',
    async (breakerCounts) => {
      const { clock, users, leave } = await occupied({ breakerCounts });

      const answers = [1, 2].map((call) => users.call(() => call));
      await clock.advance(10);
      const waiting = users.metrics.waiting.bulkhead;
      leave();

      expect([waiting, await Promise.all(answers), users.metrics.waiting.bulkhead]).toEqual([2, [1, 2], 0]);
      expect(users.breaker.metrics.totals).toMatchObject({ calls: 2, successes: 2, ignored: 0 });
      expect([users.metrics.totals.waits, users.bulkhead?.running]).toEqual([2, 0]);
    },
  );

  it('goes on where calls are what counts, whatever the circuit does: in its place', async () => {
    const { clock, users, leave, events } = await occupied({ breakerCounts: 'calls' });
    const order: number[] = [];
    const answers = [1, 2].map((call) => users.call(() => order.push(call)));
    await clock.advance(10);

    users.breaker.trip();
    await clock.advance(10);
    leave();
    await Promise.all(answers);

    expect([order, events.length, users.metrics.totals.waits]).toEqual([[1, 2], 2, 2]);
  });

  it('ends with the reason of its caller, without a fallback; the next one is in', async () => {
    const { clock, users, leave, events } = await occupied({ fallback: () => 'instead', retry: 'network' });
    const [caller, reason] = [new AbortController(), new Error('gone')];
    const gone = users.call(() => 1, { signal: caller.signal }).catch((it) => it);
    const next = users.call(() => 'next');
    await clock.advance(10);

    caller.abort(reason);
    leave();

    expect([await gone, await next]).toEqual([reason, 'next']);
    expect(attemptsOf(reason)).toEqual({ attempts: 0, stopped: 'aborted', elapsed: 10 });
    expect(events.map(([event]) => event)).toEqual(['wait', 'wait']);
    expect([users.bulkhead?.running, users.bulkhead?.waiting]).toEqual([0, 0]);
  });

  it('ends with the reason of a caller who goes in the moment in which there is a place; the next one has it', async () => {
    const { clock, users, leave } = await occupied();
    const caller = new AbortController();
    let runs = 0;
    const gone = users.call(() => ++runs, { signal: caller.signal }).catch((it) => it);
    const next = users.call(() => 'next');
    await clock.advance(10);
    users.breaker.on('success', () => {});

    users.bulkhead?.update({ limit: 2 });
    caller.abort('gone');

    expect([await gone, runs]).toEqual(['gone', 0]);
    leave();
    expect([await next, users.bulkhead?.running]).toEqual(['next', 0]);
  });

  it('tells how long it was in vain', async () => {
    const { clock, users, events } = await occupied({ totalTimeout: 2_000 });

    const answer = users.call(() => 1).catch((it) => it);
    await clock.advance(1_000);
    const error = await answer;

    expect(error).toMatchObject({
      code: 'ERR_BULKHEAD_FULL',
      reason: 'wait',
      waited: 1_000,
      limit: 1,
      queue: 5,
    });
    expect(events).toEqual([
      ['wait', { queue: 'bulkhead', waited: 1_000, attempt: 1 }],
      ['reject', { by: 'bulkhead', error }],
    ]);
    expect(users.metrics).toMatchObject({
      waiting: { bulkhead: 0 },
      totals: { bulkheadRejected: 1, rateLimited: 0 },
    });
  });

  it('is ended by the deadline where both end in one moment', async () => {
    const { clock, users } = await occupied({ totalTimeout: 1_000 });

    const answer = users.call(() => 1).catch((it) => it);
    await clock.advance(1_000);

    expect(isTotalTimeoutError(await answer)).toBe(true);
  });

  it('begins anew where the circuit is closed again before anybody was told that it had opened', async () => {
    const { clock, users, leave } = await occupied();
    const answer = users.call(() => 'in');
    await clock.advance(10);

    users.breaker.trip();
    users.breaker.reset();
    await clock.advance(10);
    const waiting = users.bulkhead?.waiting;
    leave();

    expect([waiting, await answer, users.metrics.totals.waits]).toEqual([1, 'in', 2]);
  });
});

describe('a wait for a turn', () => {
  it('is none while the circuit is open: the breaker rejects', async () => {
    const { users, events } = exhausted();
    users.breaker.trip();

    const error = await users.call(() => 1).catch((it) => it);

    expect(events).toEqual([['reject', { by: 'breaker', error }]]);
    expect([isCircuitBreakerOpenError(error), users.bulkhead?.running]).toEqual([true, 0]);
  });

  it('costs the breaker nothing', async () => {
    const { clock, users } = exhausted();

    const answer = users.call(() => 1);
    await clock.advance(100);

    expect([await answer, users.breaker.metrics.totals.calls, users.breaker.metrics.totals.ignored]).toEqual([
      1, 1, 0,
    ]);
    expect(users.metrics.waiting.rateLimit).toBe(0);
  });

  it('gives the turn back of a caller who goes in the moment in which it comes, and the place', async () => {
    const { clock, users } = exhausted();
    const caller = new AbortController();
    const answer = users.call(() => 1, { signal: caller.signal }).catch((it) => it);
    await clock.advance(10);

    clock.advanceSync(90);
    caller.abort('gone');

    expect([await answer, users.bulkhead?.running, users.rateLimiter?.tryTake()]).toEqual(['gone', 0, true]);
    expect(users.rateLimiter?.tryTake()).toBe(false);
  });

  it('gives no turn back of a caller who goes before it comes', async () => {
    const { clock, users, events } = exhausted();
    const caller = new AbortController();
    const answer = users.call(() => 1, { signal: caller.signal }).catch((it) => it);
    await clock.advance(10);

    caller.abort('gone');

    expect([await answer, users.rateLimiter?.tryTake(), users.bulkhead?.running]).toEqual(['gone', false, 0]);
    expect(events.map(([event]) => event)).toEqual(['wait']);
    expect(users.breaker.metrics.totals.calls).toBe(0);
  });

  it('leaves an attempt less than all the time there is: cut by the deadline, it is ignored', async () => {
    const { clock, users } = exhausted({ totalTimeout: 150 });

    const answer = users.call(hanging).catch((it) => it);
    await clock.advance(150);

    expect(isTotalTimeoutError(await answer)).toBe(true);
    expect(users.breaker.metrics.totals).toMatchObject({ timeouts: 0, failures: 0, ignored: 1 });
  });

  it('is too long by what was waited already', async () => {
    const { clock, users } = exhausted();
    const answer = users.call(() => 1).catch((it) => it);
    await clock.advance(60);

    users.rateLimiter?.pause(950);

    expect(await answer).toMatchObject({ code: 'ERR_RATE_LIMITED', reason: 'wait', retryAfter: 950 });
    expect(users.metrics.totals).toMatchObject({ rateLimited: 1, bulkheadRejected: 0 });
  });

  it('of one that a pause makes too late leaves no timer for it', async () => {
    const { clock, users } = exhausted({ rateLimit: { ...ONE_TURN, maxWait: 10_000 } });
    const soon = users.call(() => 1, { totalTimeout: 500 }).catch((it) => it.code);
    const later = users.call(() => 'later');
    await clock.advance(10);

    users.rateLimiter?.pause(1_000);

    expect([await soon, clock.nextIn, clock.timers]).toEqual(['ERR_RATE_LIMITED', 1_000, 1]);
    await clock.advance(1_000);
    expect(await later).toBe('later');
  });

  it('is refused without a wait for the circuit, though one is to wait for that', async () => {
    const { clock, users } = exhausted({
      rateLimit: { limit: 1, per: 100 },
      retry: { whenOpen: 'wait' },
      totalTimeout: 10_000,
    });

    const error = await users.call(() => 1).catch((it) => it);

    expect(error).toMatchObject({ code: 'ERR_RATE_LIMITED', reason: 'full', retryAfter: 100 });
    expect(clock.timers).toBe(0);
  });
});

describe('a probe whose caller goes as it is admitted', () => {
  it('is ignored, and another may probe', async () => {
    const { clock, users } = made({ bulkhead: 1, recoveryTimeout: 100, successThreshold: 1 });
    const caller = new AbortController();
    users.breaker.once('halfOpen', () => caller.abort('told'));
    users.breaker.trip();
    await clock.advance(100);

    const gone = await users.call(() => 1, { signal: caller.signal }).catch((it) => it);

    expect([gone, users.breaker.metrics.totals.ignored, users.breaker.state]).toEqual([
      'told',
      1,
      'HALF_OPEN',
    ]);
    expect([await users.call(() => 'probed'), users.breaker.state]).toEqual(['probed', 'CLOSED']);
  });
});

describe('a call that is rejected', () => {
  it.each<[string, ResilienceOptions]>([
    ['the short way', {}],
    ['with a place', { bulkhead: 1 }],
    ['with a deadline', { totalTimeout: 100 }],
    ['as a whole', { breakerCounts: 'calls', bulkhead: 1, rateLimit: ONE_TURN }],
  ])('has run nothing and holds nothing: %s', async (_, options) => {
    const { users, events, clock } = made({ retry: 'network', ...options });
    users.breaker.forceOpen();
    let runs = 0;

    const error = await users.call(() => ++runs).catch((it) => it);

    expect([isCircuitBreakerOpenError(error), runs]).toEqual([true, 0]);
    expect(events).toEqual([['reject', { by: 'breaker', error }]]);
    expect(attemptsOf(error)).toMatchObject({ attempts: 0, stopped: 'open' });
    expect(users.metrics).toMatchObject({
      running: 0,
      totals: { calls: 1, attempts: 0, bulkheadRejected: 0 },
    });
    expect([users.bulkhead?.running ?? 0, users.breaker.metrics.inFlight, clock.timers]).toEqual([0, 0, 0]);
    expect(users.rateLimiter?.tryTake() ?? true).toBe(true);
  });

  it.each<[string, ResilienceOptions]>([
    ['the short way', {}],
    ['with a deadline', { totalTimeout: 100 }],
    ['as a whole', { breakerCounts: 'calls' }],
  ])('is answered by a fallback for rejections: %s', async (_, options) => {
    const { users } = made({ fallback: () => 'instead', fallbackOn: 'rejection', ...options });
    users.breaker.forceOpen();

    expect(await users.call(() => 1)).toBe('instead');
  });
});

describe('limits by themselves', () => {
  it('let all in who wait, where there is more room than they take', async () => {
    const bulkhead = new Bulkhead({ limit: 1, queue: 2 });
    const held = deferred();
    const [first, second] = [bulkhead.run(() => held.promise), bulkhead.run(() => 'second')];

    bulkhead.update({ limit: 5 });

    expect([await second, bulkhead.running]).toEqual(['second', 1]);
    held.resolve(1);
    await first;
  });

  it.each([
    [() => new Bulkhead(0), 'limit'],
    [() => new RateLimiter({ limit: 0 }), 'limit'],
  ])('are refused in nobody’s name: %s', (create, option) => {
    expect(create).toThrow(expect.objectContaining({ breaker: '', option }));
  });
});
