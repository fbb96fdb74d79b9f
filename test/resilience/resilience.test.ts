import { CircuitBreaker, isCallTimeoutError, isCircuitBreakerOpenError } from 'recloser';
import {
  attemptsOf,
  isBulkheadFullError,
  isRateLimitError,
  isRejection,
  isTotalTimeoutError,
  Resilience,
  ResilienceRegistry,
  RetryBudget,
  withResilience,
} from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { timedClock } from './timed-clock.js';

const boom = () => new Error('boom');

/** A task that fails so many times, and then answers. */
function failing(times: number) {
  let runs = 0;
  return async () => {
    if (++runs <= times) throw boom();
    return runs;
  };
}

describe('a Resilience without anything', () => {
  it('runs a task once, as the breaker alone does', async () => {
    const users = new Resilience({ name: 'users' });

    const error = await users.call(failing(1)).catch((it) => it);

    expect(error.message).toBe('boom');
    expect(attemptsOf(error)).toMatchObject({ attempts: 1, stopped: 'attempts' });
    expect(users.breaker.metrics.totals.failures).toBe(1);
  });

  it('tells the task of its attempt', async () => {
    const users = new Resilience({ name: 'users' });

    const told = await users.call(({ attempt, isHedge, remaining, breaker, state, signal }) => ({
      attempt,
      isHedge,
      remaining,
      breaker,
      state,
      aborted: signal.aborted,
    }));

    expect(told).toEqual({
      attempt: 1,
      isHedge: false,
      remaining: Number.POSITIVE_INFINITY,
      breaker: 'users',
      state: 'CLOSED',
      aborted: false,
    });
  });
});

describe('retries', () => {
  it('tries again until an attempt succeeds, each of them counted by the breaker', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', retry: { maxAttempts: 3, backoff: 100 }, clock });
    const delays: number[] = [];
    users.on('retry', ({ delay, attempt }) => delays.push(attempt, delay));

    const answer = users.call(failing(2));
    await clock.advance(100);
    await clock.advance(100);

    expect(await answer).toBe(3);
    expect(delays).toEqual([1, 100, 2, 100]);
    expect(users.breaker.metrics.totals).toMatchObject({ calls: 3, failures: 2, successes: 1 });
    expect(users.metrics.totals).toMatchObject({ calls: 1, attempts: 3, retries: 2, recovered: 1 });
    expect(clock.timers).toBe(0);
  });

  it('rejects with the very error of the last attempt', async () => {
    const errors = [boom(), boom()];
    const users = new Resilience({ name: 'users', retry: { maxAttempts: 2, backoff: 0 } });
    const stops: unknown[] = [];
    users.on('stop', (stop) => stops.push(stop));
    let runs = 0;

    const error = await users.call(() => Promise.reject(errors[runs++])).catch((it) => it);

    expect(error).toBe(errors[1]);
    expect(attemptsOf(error)).toMatchObject({ attempts: 2, stopped: 'attempts' });
    expect(stops).toEqual([{ breaker: 'users', attempts: 2, reason: 'attempts', error }]);
  });

  it('gives up at once where the circuit opens during the backoff, and leaves no timer', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', retry: { maxAttempts: 3, backoff: 1_000 }, clock });

    const answer = users.call(failing(2)).catch((it) => it);
    await clock.advance(10);
    users.breaker.trip();
    const error = await answer;

    expect(error.message).toBe('boom');
    expect(attemptsOf(error)).toMatchObject({ attempts: 1, stopped: 'open', elapsed: 10 });
    expect(clock.timers).toBe(0);
    expect(users.retryBudget?.available).toBeCloseTo(10, 0);
    expect(users.metrics.totals.refused).toEqual({ open: 1 });
  });

  it('gives up at once where the last failure opened the circuit', async () => {
    const users = new Resilience({ name: 'users', failureThreshold: 1, retry: 'aggressive' });

    const error = await users.call(failing(9)).catch((it) => it);

    expect(attemptsOf(error)).toMatchObject({ attempts: 1, stopped: 'open' });
  });

  it('retries values that count as failures, and answers with the last of them', async () => {
    const thrown: unknown[] = [];
    const users = new Resilience({
      name: 'users',
      retry: { maxAttempts: 3, backoff: 0 },
      isFailure: ({ value }) => value === 503,
      discard: (value) => thrown.push(value),
    });

    expect(await users.call(() => 503)).toBe(503);
    expect(thrown).toEqual([503, 503]);
  });

  it('asks a filter once for each outcome', async () => {
    let asked = 0;
    const isFailure = () => {
      asked++;
      return false;
    };
    const users = new Resilience({ name: 'users', isFailure });

    await users.call(() => 1);

    expect(asked).toBe(1);
  });

  it('retries no rejection, of whoever it is', async () => {
    const other = new CircuitBreaker({ name: 'other' });
    other.forceOpen();
    const users = new Resilience({ name: 'users', retry: 'network' });
    let runs = 0;

    const error = await users
      .call(() => {
        runs++;
        return other.call(() => 1);
      })
      .catch((it) => it);

    expect(isCircuitBreakerOpenError(error)).toBe(true);
    expect([runs, attemptsOf(error)?.stopped]).toEqual([1, 'rejected']);
  });

  it('stops where the budget is empty', async () => {
    const retryBudget = new RetryBudget({ initial: 1, perSecond: 0 });
    const users = new Resilience({
      name: 'users',
      retry: { maxAttempts: 5, backoff: 0 },
      retryBudget,
      failureThreshold: false,
    });

    const error = await users.call(failing(9)).catch((it) => it);

    expect(attemptsOf(error)).toMatchObject({ attempts: 2, stopped: 'budget' });
  });

  it('waits for as long as the server asks, and the backoff on top', async () => {
    const clock = timedClock();
    const users = new Resilience({
      name: 'users',
      retry: { backoff: 50, retryAfter: () => 500 },
      clock,
    });
    const delays: unknown[] = [];
    users.on('retry', ({ delay, retryAfter }) => delays.push(delay, retryAfter));

    const answer = users.call(failing(1));
    await clock.advance(549);
    expect(users.metrics.waiting.backoff).toBe(1);
    await clock.advance(1);

    expect(await answer).toBe(2);
    expect(delays).toEqual([550, 500]);
  });

  it('does not wait for longer than `maxRetryAfter`', async () => {
    const users = new Resilience({ name: 'users', retry: { retryAfter: () => 61_000 } });

    const error = await users.call(failing(1)).catch((it) => it);

    expect(attemptsOf(error)).toMatchObject({ attempts: 1, stopped: 'retry-after', retryAfter: 61_000 });
  });

  it('waits for an open circuit where it is to, at the cost of no attempt and no token', async () => {
    const clock = timedClock();
    const users = new Resilience({
      name: 'users',
      retry: { maxAttempts: 2, backoff: 10, whenOpen: 'wait' },
      totalTimeout: 100_000,
      recoveryTimeout: 1_000,
      clock,
    });
    users.breaker.trip();

    const answer = users.call(() => 'here');
    await clock.advance(1_200);

    expect(await answer).toBe('here');
    expect(users.metrics.totals).toMatchObject({ attempts: 1, retries: 0 });
  });

  it('ends with the reason of the caller during a backoff', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', retry: { backoff: 1_000 }, clock });
    const controller = new AbortController();
    let runs = 0;

    const answer = users
      .call(
        () => {
          runs++;
          return Promise.reject(boom());
        },
        { signal: controller.signal },
      )
      .catch((it) => it);
    await clock.advance(5);
    controller.abort('gone');

    expect([await answer, runs, clock.timers]).toEqual(['gone', 1, 0]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 8, 12])(
    'end when the caller goes %i microtasks after the call',
    async (turns) => {
      const clock = timedClock();
      const controller = new AbortController();
      const users = new Resilience({ name: 'users', clock, retry: { backoff: 60_000 } });

      const call = users.call(failing(9), { signal: controller.signal }).catch((error) => error);
      for (let turn = 0; turn < turns; turn++) await null;
      controller.abort('gone');

      expect(await call).toBe('gone');
      expect([users.metrics.waiting.backoff, clock.timers]).toEqual([0, 0]);
    },
  );
});

describe('the deadline', () => {
  it('is a timeout of the dependency where it ends a first attempt', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', totalTimeout: 100, clock });
    let signal: AbortSignal | undefined;

    const answer = users
      .call((context) => {
        signal = context.signal;
        return new Promise(() => {});
      })
      .catch((it) => it);
    await clock.advance(100);
    const error = await answer;

    expect(isTotalTimeoutError(error)).toBe(true);
    expect(error).toMatchObject({ timeout: 100, attempts: 1, statusCode: 504 });
    expect(signal?.aborted).toBe(true);
    expect(users.breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });

  it('says nothing of the dependency where it cuts a later attempt', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', totalTimeout: 100, retry: { backoff: 50 }, clock });
    let runs = 0;

    const answer = users
      .call(() => (runs++ === 0 ? Promise.reject(boom()) : new Promise(() => {})))
      .catch((it) => it);
    await clock.advance(50);
    await clock.advance(50);
    const error = await answer;

    expect(isTotalTimeoutError(error)).toBe(true);
    expect((error as { cause: Error }).cause.message).toBe('boom');
    expect(users.breaker.metrics.totals).toMatchObject({ failures: 1, ignored: 1 });
  });

  it('begins no wait that ends beyond it', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', totalTimeout: 100, retry: { backoff: 200 }, clock });

    const error = await users.call(failing(1)).catch((it) => it);

    expect(error.message).toBe('boom');
    expect(attemptsOf(error)).toMatchObject({ stopped: 'deadline' });
  });

  it('leaves each attempt its own timeout', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', callTimeout: 20, retry: { backoff: 0 }, clock });

    const answer = users.call(() => new Promise(() => {})).catch((it) => it);
    for (let step = 0; step < 6; step++) await clock.advance(20);

    expect(isCallTimeoutError(await answer)).toBe(true);
    expect(users.breaker.metrics.totals.timeouts).toBe(3);
  });
});

describe('the bulkhead', () => {
  it('rejects what has no place, without running it or counting it', async () => {
    const users = new Resilience({ name: 'users', bulkhead: 1 });
    const first = deferred();
    const held = users.call(() => first.promise);

    const result = await users.tryCall(() => 1);

    expect(result).toMatchObject({ ok: false, rejected: true, attempts: 0 });
    expect(isBulkheadFullError(!result.ok && result.error)).toBe(true);
    expect(users.breaker.metrics.totals).toMatchObject({ calls: 1, failures: 0, rejected: 0 });
    first.resolve(1);
    await held;
    expect(users.bulkhead?.running).toBe(0);
  });

  it('empties its queue when the circuit opens', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', bulkhead: { limit: 1, queue: 5 }, clock });
    const first = deferred();
    const held = users.call(() => first.promise);
    const waiting = users.call(() => 1).catch((it) => it);
    await clock.advance(10);

    users.breaker.trip();

    expect(isCircuitBreakerOpenError(await waiting)).toBe(true);
    expect(users.breaker.metrics.totals.rejected).toBe(1);
    expect([clock.timers, users.bulkhead?.waiting]).toEqual([0, 0]);
    first.resolve(1);
    await held;
  });
});

describe('the rate limit', () => {
  it('tells at once who would wait too long', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', rateLimit: { limit: 1, per: 1_000 }, clock });
    await users.call(() => 1);

    const error = await users.call(() => 1).catch((it) => it);

    expect(isRateLimitError(error) && isRejection(error)).toBe(true);
    expect(error).toMatchObject({ reason: 'full', retryAfter: 1_000 });
  });

  it('gets its turn back when the breaker rejects', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', rateLimit: { limit: 1, per: 1_000 }, clock });
    users.breaker.forceOpen();
    await users.tryCall(() => 1);
    users.breaker.reset();

    expect(await users.call(() => 'in')).toBe('in');
  });
});

describe('hedges', () => {
  it('sends a second request beside a slow one, and takes the first answer', async () => {
    const clock = timedClock();
    const users = new Resilience({ name: 'users', hedge: { delay: 50 }, clock });
    const signals: AbortSignal[] = [];

    const answer = users.call(({ signal, isHedge }) => {
      signals.push(signal);
      return isHedge ? 'hedge' : new Promise<string>(() => {});
    });
    await clock.advance(50);

    expect(await answer).toBe('hedge');
    expect(signals.map((it) => it.aborted)).toEqual([true, false]);
    expect(users.metrics.totals).toMatchObject({ attempts: 2, hedges: 1, hedgesWon: 1, retries: 0 });
    expect(users.breaker.metrics.totals).toMatchObject({ successes: 1, ignored: 1 });
    expect(clock.timers).toBe(0);
  });
});

describe('counting calls', () => {
  it('takes one outcome for a call', async () => {
    const users = new Resilience({
      name: 'users',
      breakerCounts: 'calls',
      retry: { maxAttempts: 3, backoff: 0 },
    });

    await users.call(failing(2));
    await users.tryCall(failing(9));

    expect(users.breaker.metrics.totals).toMatchObject({ calls: 2, successes: 1, failures: 1 });
  });

  it('makes one attempt of a call that probes', async () => {
    const clock = timedClock();
    const users = new Resilience({
      name: 'users',
      breakerCounts: 'calls',
      retry: { maxAttempts: 3, backoff: 0 },
      clock,
      recoveryTimeout: 100,
    });
    users.breaker.trip();
    await clock.advance(100);

    const result = await users.tryCall(failing(1));

    expect(result.attempts).toBe(1);
    expect(users.breaker.state).toBe('OPEN');
  });
});

describe('the fallback', () => {
  it('answers at the end, once', async () => {
    const asked: unknown[] = [];
    const breaker = new CircuitBreaker({
      name: 'users',
      fallback: (error) => {
        asked.push(error);
        return 'instead';
      },
    });
    const users = new Resilience({ breaker, retry: { maxAttempts: 3, backoff: 0 } });

    expect(await users.call(failing(9))).toBe('instead');
    expect(asked.length).toBe(1);
    expect(users.metrics.totals).toMatchObject({ attempts: 3, fallbacks: 1 });
  });
});

describe('mistakes', () => {
  it.each([
    [{ retry: { maxAttempts: 0 } }, '`retry.maxAttempts` must be an integer from 1 to 100, received 0'],
    [{ retry: 'netwrk' }, 'did you mean "network"?'],
    [{ retry: 3 }, 'received 3, did you mean { maxAttempts: … }, which counts the first try too?'],
    [
      { retry: true },
      '`retry` must be "none", "network", "aggressive", "patient", options or false, received true',
    ],
    [{ retri: 'network' }, 'did you mean "retry"?'],
    [{ failureTreshold: 1 }, 'did you mean "failureThreshold"?'],
    [{ retry: 'patient' }, 'needs a `totalTimeout`'],
    [{ bulkhead: {} }, '`bulkhead.limit` must be'],
    [{ hedge: { delay: -1 } }, '`hedge.delay` must be'],
  ])('%j is refused', (options, message) => {
    expect(() => new Resilience({ name: 'payments', ...(options as object) })).toThrow(message);
    expect(() => new Resilience({ name: 'payments', ...(options as object) })).toThrow(
      'Cannot use resilience "payments": ',
    );
  });

  it('a breaker in place of the options is told where it goes', () => {
    const breaker = new CircuitBreaker({ name: 'payments' });

    expect(() => new Resilience(breaker as never)).toThrow(
      'Cannot use resilience "payments": `options` must be an object, received a circuit breaker: give it as `breaker`',
    );
  });

  it('a promise in place of a task is told that it should be made in a function', async () => {
    const users = new Resilience({ name: 'users' });

    await expect(users.call(Promise.resolve(1) as never)).rejects.toThrow(
      'Resilience "users" needs a function to call, received a promise: pass `() => …`',
    );
  });

  it('a function in place of the options is told that it comes third', () => {
    expect(() => withResilience('users', (async () => 1) as never)).toThrow(
      'Cannot use withResilience: `options` must be an object, received a function: it comes third, after {}',
    );
  });

  it.each([
    [{ retry: 'network' }, 'unknown option "retry", did you mean "defaults: { retry: … }"?'],
    [{ callTimeout: 5 }, 'unknown option "callTimeout", did you mean "defaults: { callTimeout: … }"?'],
    [{ defaults: { timeot: 5 } }, 'unknown option "timeot", did you mean "callTimeout"?'],
  ])('of a registry are told as those of the registry: %j', (options, message) => {
    expect(() => new ResilienceRegistry(options as never)).toThrow(
      `Cannot create resilience registry: ${message}`,
    );
  });
});
