/** The rules of retries, deadlines and hedges, one by one. */
import { CircuitBreaker, isCircuitBreakerOpenError } from 'recloser';
import {
  attemptsOf,
  isBulkheadFullError,
  isRateLimitError,
  isRejection,
  isTotalTimeoutError,
  Resilience,
  RetryBudget,
} from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { boom, failing, made, NEVER_TRIPS } from './made.js';

describe('what is retried', () => {
  it('is a synchronous throw and a timeout as well', async () => {
    const { clock, users } = made({ callTimeout: 20, retry: { maxAttempts: 3, backoff: 10 } });
    let runs = 0;

    const answer = users.call(() => {
      if (++runs === 1) throw boom();
      return runs === 2 ? new Promise(() => {}) : 'here';
    });
    for (let step = 0; step < 5; step++) await clock.advance(10);

    expect([await answer, runs]).toEqual(['here', 3]);
  });

  it('is no answer that the breaker does not count as a failure', async () => {
    class NotFound extends Error {}
    const { users, events } = made({ retry: { maxAttempts: 3, backoff: 0 }, excludedErrors: [NotFound] });
    const error = await users.call(() => Promise.reject(new NotFound('7'))).catch((it) => it);

    expect(attemptsOf(error)).toEqual({ attempts: 1, stopped: 'not-retryable', elapsed: 0 });
    expect(events).toEqual([['stop', { attempts: 1, reason: 'not-retryable', error }]]);
    expect(users.metrics.totals.refused).toEqual({ 'not-retryable': 1 });
  });

  it('is what `retryOn` says, rejections and successes included', async () => {
    const seen: unknown[] = [];
    const { clock, users } = made({
      retry: {
        maxAttempts: 2,
        backoff: 5,
        retryOn: (outcome, kind) => {
          seen.push(kind, outcome);
          return true;
        },
      },
    });

    const answer = users.call(() => 'fine');
    await clock.advance(5);

    expect([await answer, seen]).toEqual([
      'fine',
      ['success', { value: 'fine' }, 'success', { value: 'fine' }],
    ]);
    expect(users.metrics.totals).toMatchObject({ attempts: 2, retries: 1 });
  });

  it('is nothing where `retryOn` throws or answers nonsense, which is reported', async () => {
    const { uncaught } = watchRuntime();
    const throwing = made({
      retry: {
        retryOn: () => {
          throw boom();
        },
      },
    });
    const nonsense = made({ retry: { retryOn: () => 'yes' as never } });

    const errors = [
      await throwing.users.call(failing(1)).catch((it) => it),
      await nonsense.users.call(failing(1)).catch((it) => it),
    ];
    await quiet();

    expect(errors.map((it) => attemptsOf(it)?.stopped)).toEqual(['not-retryable', 'not-retryable']);
    expect(uncaught.length).toBe(2);
  });

  it('is an answer that counts as a failure; it is discarded when the next attempt begins, or never comes', async () => {
    const discarded: unknown[] = [];
    const { clock, users, events } = made({
      isFailure: ({ value }) => value === 503,
      discard: (value) => discarded.push(value),
      retry: { maxAttempts: 3, backoff: 10 },
    });
    const controller = new AbortController();

    const answer = users.call(() => 503, { signal: controller.signal }).catch((it) => it);
    await clock.advance(5);
    expect(discarded).toEqual([]);
    await clock.advance(5);
    expect(discarded).toEqual([503]);
    controller.abort('gone');

    expect([await answer, discarded]).toEqual(['gone', [503, 503]]);
    expect(events[0]).toEqual(['retry', { attempt: 1, delay: 10, value: 503 }]);
  });

  it('is no attempt that the circuit rejects later: the failure before is the answer', async () => {
    const { clock, users, events } = made({ maxConcurrentCalls: 1, retry: { maxAttempts: 3, backoff: 10 } });
    const error = users.call(failing(9)).catch((it) => it);
    await clock.advance(5);
    const other = deferred();
    const held = users.breaker.call(() => other.promise);
    await clock.advance(5);

    expect((await error).message).toBe('boom');
    expect(attemptsOf(await error)).toMatchObject({ attempts: 1, stopped: 'open' });
    expect(events.map(([event]) => event)).toEqual(['retry', 'reject', 'stop']);
    expect(users.retryBudget?.available).toBe(10);
    other.resolve(1);
    await held;
  });
});

describe('the wait before a retry', () => {
  it.each([
    [
      'throws',
      () => {
        throw boom();
      },
    ],
    ['is no number', () => 'soon' as never],
    ['is negative', () => -1],
    ['is endless', () => Number.POSITIVE_INFINITY],
  ])('is a second where the backoff %s, which is reported', async (_, backoff) => {
    const { uncaught } = watchRuntime();
    const { clock, users } = made({ retry: { backoff } });

    const answer = users.call(failing(1));
    await clock.advance(999);
    const before = users.metrics.waiting.backoff;
    await clock.advance(1);
    await quiet();

    expect([before, await answer, uncaught.length]).toEqual([1, 2, 1]);
  });

  it('is asked of the backoff with the attempt that failed, its error, and the dice of the clock', async () => {
    const asked: unknown[] = [];
    const { clock, users } = made({
      retry: {
        maxAttempts: 3,
        backoff: (attempt, error, random) => {
          asked.push(attempt, (error as Error).message, random?.());
          return 1;
        },
      },
    });

    const answer = users.call(failing(2));
    await clock.advance(1);
    await clock.advance(1);

    expect([await answer, asked]).toEqual([3, [1, 'boom', 0.5, 2, 'boom', 0.5]]);
  });

  it.each([
    [
      'throws',
      () => {
        throw boom();
      },
    ],
    ['answers nonsense', () => 'later' as never],
  ])('is the backoff where `retryAfter` %s, which is reported', async (_, retryAfter) => {
    const { uncaught } = watchRuntime();
    const { clock, users, events } = made({ retry: { backoff: 7, retryAfter } });

    const answer = users.call(failing(1));
    await clock.advance(7);
    await quiet();

    expect([await answer, uncaught.length]).toEqual([2, 1]);
    expect(events[0]?.[1]).not.toHaveProperty('retryAfter');
  });

  it('is as long as the longest that the server may ask for, and no longer', async () => {
    const { clock, users } = made({ retry: { backoff: 0, maxRetryAfter: 100, retryAfter: () => 100 } });

    const answer = users.call(failing(1));
    await clock.advance(100);

    expect(await answer).toBe(2);
  });

  it('costs a token when it is decided, which comes back if the retry does not take place', async () => {
    const retryBudget = new RetryBudget({ initial: 1, perSecond: 0 });
    const { clock, users } = made({ retry: { backoff: 100 }, retryBudget });

    const answer = users.call(failing(9)).catch((it) => it);
    await clock.advance(50);
    const during = retryBudget.available;
    users.breaker.forceOpen();

    expect([during, attemptsOf(await answer)?.stopped, retryBudget.available]).toEqual([0, 'open', 1]);
  });

  it('is none in mode `observe` for an open circuit: it stops nothing', async () => {
    const { clock, users } = made({ mode: 'observe', failureThreshold: 1, retry: { backoff: 10 } });

    const answer = users.call(failing(1));
    await clock.advance(10);

    expect([await answer, users.breaker.state]).toEqual([2, 'OPEN']);
  });

  it('is none that ends at the deadline or beyond', async () => {
    const { clock, users } = made({ totalTimeout: 100, retry: { backoff: 100 } });
    const soon = made({ totalTimeout: 100, retry: { backoff: 99 } });

    const error = await users.call(failing(1)).catch((it) => it);
    const answer = soon.users.call(failing(1));
    await soon.clock.advance(99);

    expect([attemptsOf(error)?.stopped, await answer, clock.timers]).toEqual(['deadline', 2, 0]);
  });
});

describe('a call that waits for the circuit', () => {
  const patient = { maxAttempts: 3, backoff: 10, whenOpen: 'wait' } as const;

  it('sleeps until it may probe and up to a tenth more', async () => {
    const { clock, users } = made({ retry: patient, totalTimeout: 60_000, recoveryTimeout: 10_000 });
    users.breaker.trip();
    let runs = 0;

    const answer = users.call(() => ++runs);
    await clock.advance(10_499);
    const before = runs;
    await clock.advance(1);

    expect([before, await answer, users.metrics.totals.attempts]).toEqual([0, 1, 1]);
  });

  it('goes on after a failure that opened the circuit, with the attempt that is left', async () => {
    const { clock, users } = made({
      ...{ retry: patient, totalTimeout: 60_000, recoveryTimeout: 1_000, failureThreshold: 1 },
    });

    const answer = users.call(failing(1));
    await clock.advance(2_000);

    expect([await answer, users.metrics.totals]).toMatchObject([
      2,
      { attempts: 2, retries: 1, recovered: 1 },
    ]);
  });

  it('gives up where the time is unknown, or beyond its deadline', async () => {
    const forced = made({ retry: patient, totalTimeout: 60_000 });
    forced.users.breaker.forceOpen();
    const late = made({ retry: patient, totalTimeout: 500, recoveryTimeout: 1_000 });
    late.users.breaker.trip();

    const errors = [
      await forced.users.call(() => 1).catch((it) => it),
      await late.users.call(() => 1).catch((it) => it),
    ];

    expect(errors.map(isCircuitBreakerOpenError)).toEqual([true, true]);
    expect(attemptsOf(errors[1])).toEqual({ attempts: 0, stopped: 'open', elapsed: 0, retryAfter: 1_000 });
    expect([forced.clock.timers, late.clock.timers]).toEqual([0, 0]);
  });

  it('ends with the reason of its caller', async () => {
    const { clock, users } = made({ retry: patient, totalTimeout: 90_000 });
    users.breaker.trip();
    const controller = new AbortController();

    const answer = users.call(() => 1, { signal: controller.signal }).catch((it) => it);
    await clock.advance(10);
    controller.abort('gone');

    expect([await answer, clock.timers]).toEqual(['gone', 0]);
  });
});

describe('the caller’s signal', () => {
  it('that has aborted already lets nothing begin', async () => {
    const { users } = made();

    const error = await users.call(() => 1, { signal: AbortSignal.abort('before') }).catch((it) => it);

    expect([error, users.metrics.totals.calls, users.breaker.metrics.totals.calls]).toEqual(['before', 0, 0]);
  });

  it('that a listener aborts when the probe is admitted leaves no attempt and no place', async () => {
    const { clock, users } = made({ bulkhead: 1, recoveryTimeout: 100 });
    const controller = new AbortController();
    users.breaker.on('halfOpen', () => controller.abort('told'));
    users.breaker.trip();
    await clock.advance(100);
    let runs = 0;

    const result = await users.tryCall(() => ++runs, { signal: controller.signal });

    expect(result).toEqual({ ok: false, error: 'told', rejected: true, attempts: 0 });
    expect([runs, users.bulkhead?.running, users.metrics.running, users.breaker.metrics.inFlight]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it.each([
    ['an attempt', {}],
    ['a wait for a place', { bulkhead: { limit: 1, queue: 5 } }],
    ['a wait for a turn', { bulkhead: 2, rateLimit: { limit: 1, queue: 5 } }],
  ])('that cannot be followed leaves nothing behind: %s', async (_, limits) => {
    const { clock, users } = made({ ...limits, breakerCounts: 'calls' });
    const held = deferred();
    const first = users.call(() => held.promise);
    const signal = {
      aborted: false,
      addEventListener: () => {
        throw new Error('no signal');
      },
    } as never;

    const result = await users.tryCall(() => 1, { signal });
    held.resolve(1);
    await first;

    expect(result).toMatchObject({ ok: false, error: { message: 'no signal' } });
    expect([users.metrics.running, users.bulkhead?.running ?? 0, users.breaker.metrics.inFlight]).toEqual([
      0, 0, 0,
    ]);
    expect([users.bulkhead?.waiting ?? 0, users.rateLimiter?.waiting ?? 0, clock.timers]).toEqual([0, 0, 0]);
  });
});

describe('the deadline', () => {
  it('ends the wait in a queue, and tells so', async () => {
    const { clock, users, events } = made({ totalTimeout: 50, bulkhead: { limit: 1, queue: 1 } });
    const held = deferred();
    const first = users.call(() => held.promise, { totalTimeout: false });

    const waiting = users.call(() => 1).catch((it) => it);
    await clock.advance(50);
    const error = await waiting;
    held.resolve(1);
    await first;

    expect(error).toMatchObject({ code: 'ERR_TOTAL_TIMEOUT', attempts: 0, timeout: 50, breaker: 'users' });
    expect(error.message).toBe('A call to "users" timed out after 50 ms, in all of 0 attempts');
    expect(attemptsOf(error)).toMatchObject({ attempts: 0, stopped: 'deadline', elapsed: 50 });
    expect(users.metrics.totals).toMatchObject({ totalTimeouts: 1, waits: 1, waited: 50, attempts: 1 });
    expect(events).toEqual([['wait', { queue: 'bulkhead', waited: 50, attempt: 1 }]]);
    expect(users.breaker.metrics.totals.failures).toBe(0);
  });

  it('is what is left of it for an attempt, and told to it', async () => {
    const { clock, users } = made({ totalTimeout: 100, callTimeout: 80, retry: { backoff: 40 } });
    const left: number[] = [];

    const answer = users
      .call(({ remaining }) => {
        left.push(remaining);
        return left.length === 1 ? Promise.reject(boom()) : new Promise(() => {});
      })
      .catch((it) => it);
    await clock.advance(40);
    await clock.advance(59);
    const before = users.metrics.running;
    await clock.advance(1);

    expect([left, before, isTotalTimeoutError(await answer)]).toEqual([[100, 60], 1, true]);
    expect(((await answer) as Error).message).toBe(
      'A call to "users" timed out after 100 ms, in all of 2 attempts',
    );
    expect(users.breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 0, ignored: 1 });
  });

  it('counts as a timeout of the call where calls are what the breaker counts', async () => {
    const { clock, users } = made({ totalTimeout: 100, breakerCounts: 'calls' });

    const answer = users.call(() => new Promise(() => {})).catch((it) => it);
    await clock.advance(100);

    expect(isTotalTimeoutError(await answer)).toBe(true);
    expect(users.breaker.metrics.totals).toMatchObject({ calls: 1, failures: 1, timeouts: 1 });
  });

  it('of an attempt that has waited is not the dependency’s fault', async () => {
    const { clock, users } = made({ totalTimeout: 100, bulkhead: { limit: 1, queue: 1 } });
    const held = deferred();
    const first = users.call(() => held.promise, { totalTimeout: false });
    const second = users.call(() => new Promise(() => {})).catch((it) => it);
    await clock.advance(60);
    held.resolve(1);
    await first;
    await clock.advance(40);

    expect(isTotalTimeoutError(await second)).toBe(true);
    expect(users.breaker.metrics.totals).toMatchObject({ successes: 1, failures: 0, ignored: 1 });
  });
});

describe('a hedge', () => {
  const hanging = () => new Promise<never>(() => {});

  it('is not sent after a failure, or an answer, before its delay', async () => {
    const { clock, users } = made({ hedge: { delay: 50 } });

    await users.call(failing(1)).catch(() => {});
    await users.call(() => 1);
    await clock.advance(100);

    expect([users.metrics.totals.hedges, clock.timers]).toEqual([0, 0]);
  });

  it('is sent after each delay, up to so many, a token each', async () => {
    const { clock, users, events } = made({ hedge: { delay: 50, maxHedges: 2 } });
    let runs = 0;

    const answer = users.call(() => (++runs < 3 ? hanging() : 'third'));
    await clock.advance(50);
    await clock.advance(49);
    const before = runs;
    await clock.advance(1);

    expect([before, await answer]).toEqual([2, 'third']);
    expect(users.retryBudget?.available).toBeCloseTo(8.2, 1);
    expect(events).toEqual([
      ['hedge', { attempt: 2, delay: 50 }],
      ['hedge', { attempt: 3, delay: 50 }],
    ]);
    expect(users.metrics.totals).toMatchObject({ attempts: 3, hedges: 2, hedgesWon: 1 });
    expect(users.breaker.metrics.totals).toMatchObject({ successes: 1, ignored: 2 });
  });

  it('wins nothing where the first one answers: it is aborted, and its late value discarded', async () => {
    const discarded: unknown[] = [];
    const { clock, users } = made({ hedge: { delay: 50 }, discard: (value) => discarded.push(value) });
    const [first, second] = [deferred(), deferred()];
    const signals: AbortSignal[] = [];

    const answer = users.call(({ isHedge, signal }) => {
      signals.push(signal);
      return isHedge ? second.promise : first.promise;
    });
    await clock.advance(50);
    first.resolve('first');
    const got = await answer;
    second.resolve('second');
    await quiet();

    expect([got, discarded, users.metrics.totals.hedgesWon]).toEqual(['first', ['second'], 0]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    expect(signals[1]?.reason.name).toBe('AbortError');
  });

  it('waits for what is still out where one fails; when all have, the last error counts', async () => {
    const { clock, users } = made({ hedge: { delay: 50 } });
    const [first, second] = [deferred<string>(), deferred<string>()];

    const good = users.call(({ isHedge }) => (isHedge ? second.promise : first.promise));
    await clock.advance(50);
    second.reject(boom());
    await clock.advance(1);
    first.resolve('first');
    const hold = deferred<string>();
    const bad = users
      .call(({ isHedge }) => (isHedge ? Promise.reject(new Error('hedge')) : hold.promise))
      .catch((it) => it.message);
    await clock.advance(50);
    hold.reject(new Error('first'));

    expect([await good, await bad]).toEqual(['first', 'first']);
  });

  it.each([
    ['no token', { retryBudget: { initial: 0, perSecond: 0, ratio: 0 } }],
    ['no place', { bulkhead: 1 }],
    ['no turn', { bulkhead: 2, rateLimit: { limit: 1, per: 1_000 } }],
    ['no leave', { maxConcurrentCalls: 1, bulkhead: 5, rateLimit: { limit: 9, per: 1_000 } }],
  ])('is none where there is %s: the others go on, and nothing is lost', async (_, options) => {
    const { clock, users } = made({ hedge: { delay: 50 }, retryBudget: { perSecond: 0 }, ...options });
    const first = deferred();
    const before = users.retryBudget?.available;

    const answer = users.call(() => first.promise);
    await clock.advance(100);
    const { hedges } = users.metrics.totals;
    const [tokens, running] = [users.retryBudget?.available, users.bulkhead?.running];
    first.resolve('first');

    expect([await answer, hedges, tokens, users.bulkhead?.running ?? 0]).toEqual(['first', 0, before, 0]);
    expect(running ?? 1).toBe(1);
  });

  it('leaves a first one its timeout: its signal aborts though the hedge is still out', async () => {
    const { clock, users } = made({ hedge: { delay: 50 }, callTimeout: 60 });
    const signals: AbortSignal[] = [];
    const second = deferred();

    const answer = users.call(({ isHedge, signal }) => {
      signals.push(signal);
      return isHedge ? second.promise : hanging();
    });
    await clock.advance(60);
    const aborted = signals.map((it) => it.aborted);
    second.resolve('second');

    expect([aborted, await answer]).toEqual([[true, false], 'second']);
    expect(users.breaker.metrics.totals).toMatchObject({ timeouts: 1, successes: 1 });
  });

  it('is none while the circuit is not closed', async () => {
    const { clock, users } = made({ hedge: { delay: 50 }, recoveryTimeout: 100 });
    users.breaker.trip();
    await clock.advance(100);
    const probe = deferred();

    const answer = users.call(() => probe.promise);
    await clock.advance(50);
    probe.resolve('probed');

    expect([await answer, users.metrics.totals.hedges]).toEqual(['probed', 0]);
  });

  it('follows how long answers take, once enough are known', async () => {
    const delay = { quantile: 0.9, initial: 500, min: 20, max: 90, minimumCalls: 10 };
    const { clock, users, events } = made({ hedge: { delay } });
    const answerAfter = async (ms: number) => {
      const it = deferred();
      const answer = users.call(({ isHedge }) => (isHedge ? 'hedge' : it.promise));
      await clock.advance(ms);
      it.resolve(1);
      await answer;
    };

    for (let call = 1; call <= 10; call++) await answerAfter(call * 5);
    const known = users.metrics.totals.hedges;
    await answerAfter(60);

    expect([known, events]).toEqual([0, [['hedge', { attempt: 2, delay: 45 }]]]);
  });
});

describe('limits', () => {
  it('turn a call away without an attempt, and say why', async () => {
    const { users, events } = made({ bulkhead: 1, retry: 'network' });
    const held = deferred();
    const first = users.call(() => held.promise);

    const error = await users.call(() => 1).catch((it) => it);
    held.resolve(1);
    await first;

    expect([isBulkheadFullError(error), isRejection(error), isRateLimitError(error)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(error).toMatchObject({
      breaker: 'users',
      limit: 1,
      queue: 0,
      reason: 'full',
      waited: 0,
      status: 503,
    });
    expect(error.message).toBe('The bulkhead of "users" has 1 attempts in flight and no queue');
    expect(attemptsOf(error)).toEqual({ attempts: 0, stopped: 'rejected', elapsed: 0 });
    expect(events).toEqual([['reject', { by: 'bulkhead', error }]]);
    expect(users.metrics.totals).toMatchObject({ bulkheadRejected: 1, rateLimited: 0, refused: {} });
  });

  it('leave a later attempt its failure', async () => {
    const { clock, users, events } = made({ rateLimit: { limit: 1, per: 1_000 }, retry: { backoff: 10 } });

    const answer = users.call(failing(9)).catch((it) => it);
    await clock.advance(10);
    const error = await answer;

    expect(error.message).toBe('boom');
    expect(attemptsOf(error)).toMatchObject({ attempts: 1, stopped: 'rejected', retryAfter: 990 });
    expect(events.map(([event]) => event)).toEqual(['retry', 'reject', 'stop']);
    expect(users.metrics.totals).toMatchObject({ rateLimited: 1, refused: { rejected: 1 }, retries: 0 });
    expect(users.retryBudget?.available).toBe(10);
  });

  it('let an attempt wait for its turn, in order, and tell of it', async () => {
    const { clock, users, events } = made({ rateLimit: { limit: 1, per: 100, queue: 2 } });
    const order: number[] = [];

    const calls = [1, 2, 3].map((call) => users.call(() => order.push(call)));
    await clock.advance(50);
    const waiting = users.metrics.waiting.rateLimit;
    await clock.advance(150);
    await Promise.all(calls);

    expect([order, waiting]).toEqual([[1, 2, 3], 2]);
    expect(events).toEqual([
      ['wait', { queue: 'rate-limit', waited: 100, attempt: 1 }],
      ['wait', { queue: 'rate-limit', waited: 200, attempt: 1 }],
    ]);
    expect(users.metrics.totals).toMatchObject({ waits: 2, waited: 300 });
  });

  it('let nobody queue while the circuit is open, and empty the queue of turns when it opens', async () => {
    const { clock, users } = made({ bulkhead: 5, rateLimit: { limit: 1, per: 1_000, queue: 5 } });
    await users.call(() => 1);
    const waiting = users.call(() => 2).catch((it) => it);
    await clock.advance(10);

    users.breaker.trip();
    const later = await users.call(() => 3).catch((it) => it);

    expect([await waiting, later].map(isCircuitBreakerOpenError)).toEqual([true, true]);
    expect([users.bulkhead?.running, users.rateLimiter?.waiting, clock.timers]).toEqual([0, 0, 0]);
  });

  it('are asked for nothing where calls are counted and the circuit opens: nobody is sent away', async () => {
    const { clock, users } = made({ breakerCounts: 'calls', bulkhead: { limit: 1, queue: 1 } });
    const held = deferred();
    const first = users.call(() => held.promise);
    const waiting = users.call(() => 'let in');
    await clock.advance(10);

    users.breaker.trip();
    held.resolve(1);

    expect([await first, await waiting]).toEqual([1, 'let in']);
  });

  it('that others share hold for all of them', async () => {
    const shared = made({ bulkhead: 1 });
    const { bulkhead } = shared.users;
    const orders = new Resilience({ name: 'orders', ...(bulkhead && { bulkhead }) });
    const held = deferred();
    const first = shared.users.call(() => held.promise);

    const error = await orders.call(() => 1).catch((it) => it);
    held.resolve(1);
    await first;

    expect([isBulkheadFullError(error), error.breaker, bulkhead?.running]).toEqual([true, 'orders', 0]);
  });
});

describe('the fallback', () => {
  it('answers for a rejection and a total timeout, and not for an answer of the dependency or an abort', async () => {
    class NotFound extends Error {}
    const { clock, users, events } = made({
      totalTimeout: 50,
      excludedErrors: [NotFound],
      fallback: (error) => `for ${(error as Error).name}`,
    });
    const controller = new AbortController();

    const timedOut = users.call(() => new Promise(() => {}));
    await clock.advance(50);
    const notFound = await users.call(() => Promise.reject(new NotFound())).catch((it) => it);
    const gone = users.call(() => new Promise(() => {}), { signal: controller.signal }).catch((it) => it);
    controller.abort('gone');
    users.breaker.forceOpen();

    expect([await timedOut, notFound instanceof NotFound, await gone, await users.call(() => 1)]).toEqual([
      'for TotalTimeoutError',
      true,
      'gone',
      'for CircuitBreakerOpenError',
    ]);
    expect(events.map(([event]) => event)).toEqual(['fallback', 'reject', 'fallback']);
    expect(users.metrics.totals.fallbacks).toBe(2);
  });

  it('of a breaker that is handed in is asked once, at the very end', async () => {
    const breaker = new CircuitBreaker({ name: 'users', ...NEVER_TRIPS, fallback: () => 'instead' });
    const users = new Resilience({ breaker, retry: { maxAttempts: 3, backoff: 0 } });

    expect([await users.call(failing(1)), await users.call(failing(9))]).toEqual([2, 'instead']);
    expect(users.metrics.totals.fallbacks).toBe(1);
  });

  it('that takes its time ends with its caller', async () => {
    const { users } = made({ fallback: () => new Promise(() => {}) });
    const controller = new AbortController();

    const answer = users.call(failing(1), { signal: controller.signal }).catch((it) => it);
    await quiet();
    controller.abort('gone');

    expect(await answer).toBe('gone');
  });
});

describe('what is thrown at those who listen and discard', () => {
  it('disturbs no call, and is reported', async () => {
    const { uncaught } = watchRuntime();
    const { clock, users } = made({
      retry: { maxAttempts: 2, backoff: 5 },
      isFailure: ({ value }) => value === 503,
      discard: () => {
        throw boom();
      },
    });
    users.on('retry', () => {
      throw boom();
    });

    const answer = users.call(() => 503);
    await clock.advance(5);
    await quiet();

    expect([await answer, uncaught.length]).toEqual([503, 2]);
  });

  it('is heard no more once it is unsubscribed', async () => {
    const { users } = made();
    const heard: string[] = [];
    const stop = users.on('reject', () => heard.push('on'));
    users.once('reject', () => heard.push('once'));
    const off = () => heard.push('off');
    users.on('reject', off);
    users.breaker.forceOpen();

    await users.tryCall(() => 1);
    stop();
    users.off('reject', off);
    await users.tryCall(() => 1);

    expect(heard).toEqual(['on', 'once', 'off']);
  });
});
