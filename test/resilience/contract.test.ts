/** What the contract says in a sentence each, and no other file here tries. */
import { CircuitBreaker, CircuitBreakerError, CircuitBreakerRegistry, type Clock } from 'recloser';
import {
  attemptsOf,
  Bulkhead,
  BulkheadFullError,
  isBulkheadFullError,
  isRateLimitError,
  isRejection,
  isTotalTimeoutError,
  RateLimitError,
  RETRY_POLICIES,
  Resilience,
  type ResilienceOptions,
  ResilienceRegistry,
  TotalTimeoutError,
  withResilience,
} from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { boom, hanging, made, NEVER_TRIPS } from './made.js';
import { timedClock } from './timed-clock.js';

describe('the policies', () => {
  it('are what their page says, and nobody can change them', () => {
    expect(RETRY_POLICIES).toEqual({
      none: { maxAttempts: 1 },
      network: { maxAttempts: 3, backoff: { initial: 100, factor: 2, max: 2_000, jitter: 1 } },
      aggressive: { maxAttempts: 5, backoff: { initial: 50, factor: 2, max: 5_000, jitter: 1 } },
      patient: {
        maxAttempts: 8,
        backoff: { initial: 1_000, factor: 2, max: 30_000, jitter: 1 },
        whenOpen: 'wait',
      },
    });
    expect([RETRY_POLICIES, ...Object.values(RETRY_POLICIES)].every(Object.isFrozen)).toBe(true);
    expect(Object.isFrozen(RETRY_POLICIES.network.backoff)).toBe(true);
  });

  it.each([
    ['network', 3, [50, 100]],
    ['aggressive', 5, [25, 50, 100, 200]],
    ['patient', 8, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]],
  ] as const)('`%s` makes %i attempts, and waits with full jitter', async (retry, attempts, delays) => {
    const { clock, users } = made({ retry, totalTimeout: 100_000, retryBudget: false });
    const waits: number[] = [];
    users.on('retry', ({ delay }) => waits.push(delay));

    const error = await clock.settle(users.call(() => Promise.reject(boom()))).catch((it) => it);

    expect([waits, attemptsOf(error)?.attempts]).toEqual([delays, attempts]);
  });

  it.each([
    [undefined, [50, 100, 200, 400, 800, 1_000, 1_000]],
    [{ initial: 5_000 }, [2_500, 2_500]],
    [{ initial: 5_000, max: 1_000 }, [500, 500]],
    [{ initial: 100, jitter: 0, factor: 3 }, [100, 300, 900, 2_000]],
    [250, [250, 250]],
  ])('the backoff %j waits so long', async (backoff, delays) => {
    const { clock, users } = made({
      retry: { maxAttempts: delays.length + 1, ...(backoff !== undefined && { backoff }) },
    });
    const waits: number[] = [];
    users.on('retry', ({ delay }) => waits.push(delay));

    await clock.settle(users.call(() => Promise.reject(boom()))).catch(() => {});

    expect(waits).toEqual(delays);
  });
});

describe('a class in place of a function', () => {
  class Own {}
  class OwnError extends TypeError {}
  const CLASSES = [Own, OwnError, TypeError, Error, DOMException];

  it.each<[string, (given: never) => unknown]>([
    ['retry.retryOn', (retryOn) => new Resilience({ retry: { retryOn } })],
    ['retry.retryAfter', (retryAfter) => new Resilience({ retry: { retryAfter } })],
    ['retry.backoff', (backoff) => new Resilience({ retry: { backoff } })],
    ['retry.backoff.random', (random) => new Resilience({ retry: { backoff: { random } } })],
    ['discard', (discard) => new Resilience({ discard })],
    ['fallback', (fallback) => new Resilience({ fallback })],
    ['fallbackOn', (fallbackOn) => new Resilience({ fallbackOn })],
    ['isFailure', (isFailure) => new Resilience({ isFailure })],
    ['configure', (configure) => new ResilienceRegistry({ configure })],
    ['source', (source) => withResilience(source)],
  ])('is refused once, and never asked: `%s`', (option, create) => {
    for (const given of CLASSES) {
      const refusal = {
        code: 'ERR_INVALID_OPTIONS',
        option,
        message: expect.stringMatching(/received a class$/),
      };
      expect(() => create(given as never)).toThrow(expect.objectContaining(refusal));
    }
  });

  it('is not what a function of the language is that may be called', async () => {
    const { users } = made({ fallback: String, isFailure: Boolean });

    expect(await users.call(() => Promise.reject(boom()))).toBe('Error: boom');
  });
});

describe('what is retried', () => {
  it('is nothing where `isFailure` throws, which is reported; the breaker counts nothing', async () => {
    const { uncaught } = watchRuntime();
    const isFailure = () => {
      throw new Error('no filter');
    };
    const attempts = made({ retry: 'network', isFailure });
    const calls = made({ retry: 'network', isFailure, breakerCounts: 'calls' });

    const errors = [attempts, calls].map(({ users }) =>
      users.call(() => Promise.reject(boom())).catch((it) => it),
    );
    const settled = await Promise.all(errors);
    await quiet();

    expect(settled.map((it) => [it.message, attemptsOf(it)?.stopped])).toEqual([
      ['boom', 'not-retryable'],
      ['boom', 'not-retryable'],
    ]);
    for (const { users } of [attempts, calls])
      expect(users.breaker.metrics.totals).toMatchObject({ failures: 0, ignored: 1 });
    expect(uncaught.length).toBeGreaterThanOrEqual(2);
  });

  it('is no error that is not tracked', async () => {
    const { users } = made({ retry: 'network', trackedErrors: [TypeError] });

    const error = await users.call(() => Promise.reject(boom())).catch((it) => it);

    expect(attemptsOf(error)).toMatchObject({ attempts: 1, stopped: 'not-retryable' });
  });

  it('is no attempt that finds all places of the breaker taken, though it is to wait for an open circuit', async () => {
    const { clock, users } = made({
      maxConcurrentCalls: 1,
      retry: { backoff: 10, whenOpen: 'wait' },
      totalTimeout: 60_000,
    });
    const answer = users.call(() => Promise.reject(boom())).catch((it) => it);
    await clock.advance(5);
    const held = deferred();
    const other = users.breaker.call(() => held.promise);
    await clock.advance(5);

    expect(attemptsOf(await answer)).toEqual({ attempts: 1, stopped: 'open', elapsed: 10 });
    held.resolve(1);
    await other;
    expect(clock.timers).toBe(0);
  });

  it('waits for a circuit a tenth of a second at least', async () => {
    const { clock, users } = made({
      retry: { whenOpen: 'wait' },
      totalTimeout: 60_000,
      recoveryTimeout: 1,
    });
    users.breaker.trip();

    const answer = users.call(() => 'probed');
    await clock.advance(99);
    const before = users.metrics.totals.attempts;
    await clock.advance(1);

    expect([before, await answer]).toEqual([0, 'probed']);
  });
});

describe('an attempt', () => {
  it('has a context and a signal of its own', async () => {
    const { clock, users } = made({ callTimeout: 20, retry: { maxAttempts: 2, backoff: 0 } });
    const contexts: { attempt: number; signal: AbortSignal }[] = [];

    const answer = users.call((context) => {
      contexts.push(context);
      return contexts.length === 1 ? hanging() : 'here';
    });
    await clock.advance(20);
    await clock.advance(0);

    expect(await answer).toBe('here');
    expect(contexts.map(({ attempt, signal }) => [attempt, signal.aborted])).toEqual([
      [1, true],
      [2, false],
    ]);
    expect(contexts[0]).not.toBe(contexts[1]);
  });

  it('gives its place back when it is answered, whatever the task still does', async () => {
    const { clock, users } = made({ bulkhead: 1, callTimeout: 20 });

    const timedOut = users.call(hanging).catch((it) => it.code);
    await clock.advance(20);

    expect([await timedOut, users.bulkhead?.running, await users.call(() => 'next')]).toEqual([
      'ERR_CALL_TIMEOUT',
      0,
      'next',
    ]);
  });

  it('has all of its timeout after a queue', async () => {
    const { clock, users } = made({ bulkhead: { limit: 1, queue: 1 }, callTimeout: 100 });
    const held = deferred();
    const first = users.call(() => held.promise);
    const second = users.call(hanging).catch((it) => it.code);
    await clock.advance(80);
    held.resolve(1);
    await first;

    await clock.advance(99);
    const before = users.metrics.running;
    await clock.advance(1);

    expect([before, await second]).toEqual([1, 'ERR_CALL_TIMEOUT']);
  });

  it.each([
    [{ totalTimeout: 1_000, callTimeout: 100 }, 1],
    [{ totalTimeout: 1_000 }, 1],
    [{ callTimeout: 100 }, 1],
    [{}, 0],
  ])('has one timer at the most: %j', async (options, timers) => {
    const { clock, users } = made({ retry: 'network', ...options });
    const held = deferred();

    const answer = users.call(() => held.promise);
    await clock.advance(0);
    const during = clock.timers;
    held.resolve(1);
    await answer;
    await clock.advance(0);

    expect([during, clock.timers]).toEqual([timers, 0]);
  });

  it('keeps the process alive while it waits for the next', async () => {
    const clock = timedClock();
    const kept: unknown[] = [];
    const spying: Clock = {
      now: clock.now,
      setTimeout: (run, ms) => {
        const timer = clock.setTimeout(run, ms);
        kept.push(timer);
        return timer;
      },
      clearTimeout: clock.clearTimeout,
    };
    const { users } = made({ clock: spying, retry: { backoff: 10 } });

    const answer = users
      .call(() => Promise.reject(boom()), { retry: { maxAttempts: 2, backoff: 10 } })
      .catch(() => {});
    await clock.advance(0);
    const held = kept.map((timer) => (timer as { hasRef(): boolean }).hasRef());
    await clock.advance(10);
    await answer;

    expect(held).toEqual([true]);
  });
});

describe('a nested call', () => {
  it('whose own deadline has passed is a failure of the outer one, which may retry it', async () => {
    const { clock, users: inner } = made({ totalTimeout: 10 });
    const outer = new Resilience({
      name: 'outer',
      clock,
      ...NEVER_TRIPS,
      trackedErrors: [TypeError],
      retry: { maxAttempts: 2, backoff: 5 },
    });

    const answer = outer.call(({ signal }) => inner.call(hanging, { signal })).catch((it) => it);
    await clock.advance(25);

    expect([isTotalTimeoutError(await answer), (await answer).breaker]).toEqual([true, 'users']);
    expect(outer.breaker.metrics.totals).toMatchObject({ failures: 2, timeouts: 2, ignored: 0 });
  });
});

describe('the result of `tryCall`', () => {
  it('says that no attempt ran: of an aborted signal, of options and tasks that cannot be, of a rejection', async () => {
    const { users } = made();
    const gone = await users.tryCall(() => 1, { signal: AbortSignal.abort('gone') });
    const refused = await users.tryCall(() => 1, { retry: 'netwrk' } as never);
    const noTask = await users.tryCall(7 as never);
    users.breaker.forceOpen();
    const rejected = await users.tryCall(() => 1);

    for (const result of [gone, refused, noTask, rejected])
      expect(result).toMatchObject({ ok: false, rejected: true, attempts: 0 });
    expect(gone).toMatchObject({ error: 'gone' });
  });

  it('says that one ran', async () => {
    const { users } = made();

    expect(await users.tryCall(() => 1)).toEqual({ ok: true, value: 1, attempts: 1 });
    expect(await users.tryCall(() => Promise.reject(boom()))).toMatchObject({ rejected: false, attempts: 1 });
  });
});

describe('the limits', () => {
  it('tell at once who would wait for a turn beyond the deadline, and exactly how long it is', async () => {
    const { clock, users } = made({ rateLimit: { limit: 1, per: 1_000, queue: 5 }, totalTimeout: 500 });
    await users.call(() => 1);
    await clock.advance(100);

    const error = await users.call(() => 2).catch((it) => it);

    expect(error).toMatchObject({
      code: 'ERR_RATE_LIMITED',
      reason: 'wait',
      retryAfter: 900,
      breaker: 'users',
    });
    expect([clock.timers, users.rateLimiter?.waiting]).toEqual([0, 0]);
  });

  it('move the next one up whose forerunner aborts', async () => {
    const { clock, users } = made({ rateLimit: { limit: 1, per: 100, queue: 5 } });
    await users.call(() => 1);
    const controller = new AbortController();
    const second = users.call(() => 2, { signal: controller.signal }).catch((it) => it);
    const third = users.call(() => 3);
    await clock.advance(10);

    controller.abort('gone');
    await clock.advance(90);

    expect([await second, await third]).toEqual(['gone', 3]);
    expect(users.breaker.metrics.totals.calls).toBe(2);
  });

  it('ask each attempt for a turn of its own', async () => {
    const { clock, users } = made({
      rateLimit: { limit: 2, per: 1_000 },
      retry: { maxAttempts: 3, backoff: 10 },
    });

    const answer = users.call(() => Promise.reject(boom())).catch((it) => it);
    await clock.advance(20);

    expect(attemptsOf(await answer)).toEqual({
      attempts: 2,
      stopped: 'rejected',
      elapsed: 20,
      retryAfter: 980,
    });
  });

  it('hold everybody while the server asks for it, and tell whom that makes too late', async () => {
    const { clock, users } = made({ rateLimit: { limit: 1, per: 100, queue: 5, maxWait: 1_000 } });
    await users.call(() => 1);
    const waiting = users.call(() => 2).catch((it) => it);
    await clock.advance(10);

    users.rateLimiter?.pause(5_000);

    expect(await waiting).toMatchObject({ code: 'ERR_RATE_LIMITED', reason: 'wait', retryAfter: 5_000 });
    expect(await users.call(() => 3).catch((it) => it)).toMatchObject({ retryAfter: 5_000 });
    expect([users.metrics.pausedFor, users.metrics.totals.rateLimited]).toEqual([5_000, 2]);
  });

  it.each(['bulkhead', 'rateLimit'])('have no wait without an end: %s', (option) => {
    const given = { [option]: { limit: 1, queue: 1, maxWait: Number.POSITIVE_INFINITY } };

    expect(() => new Resilience({ name: 'payments', ...given })).toThrow(
      `Cannot use resilience "payments": \`${option}.maxWait\` must be a number of milliseconds from 0 to 2147483647, received Infinity`,
    );
  });
});

describe('a hedge', () => {
  const slow = (clock: ReturnType<typeof timedClock>, value: unknown, ms: number) =>
    new Promise<unknown>((resolve) => clock.setTimeout(() => resolve(value), ms));

  it.each<[string, ResilienceOptions]>([
    ['an error', {}],
    ['an error that is not retried', { retry: { retryOn: () => false } }],
  ])('that fails waits for what is still out: %s', async (_, options) => {
    const { clock, users } = made({ hedge: { delay: 50 }, ...options });

    const answer = users.call(({ isHedge }) => (isHedge ? Promise.reject(boom()) : slow(clock, 'first', 80)));
    await clock.advance(80);

    expect(await answer).toBe('first');
  });

  it('that another breaker rejects waits for what is still out', async () => {
    const { clock, users } = made({ hedge: { delay: 50 } });
    const inner = new CircuitBreaker({ name: 'inner', clock });
    inner.trip();

    const answer = users.call(({ isHedge }) => (isHedge ? inner.call(() => 1) : slow(clock, 'first', 80)));
    await clock.advance(80);

    expect(await answer).toBe('first');
  });

  it('wins with an error that is no failure', async () => {
    class NotFound extends Error {}
    const { clock, users } = made({ hedge: { delay: 50 }, excludedErrors: [NotFound] });

    const answer = users
      .call(({ isHedge }) => (isHedge ? Promise.reject(new NotFound()) : hanging()))
      .catch((it) => it);
    await clock.advance(50);

    expect(await answer).toBeInstanceOf(NotFound);
    expect(users.metrics).toMatchObject({ running: 0, totals: { hedgesWon: 1 } });
  });

  it('has a place, a turn and a permit of its own', async () => {
    const { clock, users } = made({
      hedge: { delay: 50 },
      bulkhead: 2,
      rateLimit: { limit: 2, per: 1_000 },
    });
    const held = deferred();

    const answer = users.call(() => held.promise);
    await clock.advance(50);
    const during = [users.bulkhead?.running, users.rateLimiter?.tryTake(), users.breaker.metrics.inFlight];
    held.resolve(1);
    await answer;

    expect(during).toEqual([2, false, 2]);
    expect([users.bulkhead?.running, users.breaker.metrics.inFlight]).toEqual([0, 0]);
  });

  it('leaves the first one all the time there is: the deadline is a timeout of the dependency, once', async () => {
    const { clock, users } = made({ hedge: { delay: 50 }, totalTimeout: 100 });

    const answer = users.call(hanging).catch((it) => it);
    await clock.advance(100);

    expect(isTotalTimeoutError(await answer)).toBe(true);
    expect(users.breaker.metrics.totals).toMatchObject({ timeouts: 1, failures: 1, ignored: 1 });
  });
});

describe('the errors', () => {
  const bulkhead = { breaker: 'users', limit: 2, queue: 3, reason: 'full', waited: 0 } as const;
  const limited = { breaker: 'users', reason: 'wait', retryAfter: 1_500 } as const;
  const cause = boom();
  const timedOut = { breaker: 'users', timeout: 2_000, attempts: 1, cause };

  it.each([
    [
      new BulkheadFullError(bulkhead),
      { ...bulkhead, code: 'ERR_BULKHEAD_FULL', name: 'BulkheadFullError', status: 503, statusCode: 503 },
      'The bulkhead of "users" has 2 attempts in flight and 3 waiting',
    ],
    [
      new BulkheadFullError({ ...bulkhead, reason: 'wait', waited: 1_500 }),
      { reason: 'wait', waited: 1_500 },
      'The bulkhead of "users" had no place within 1.5 s',
    ],
    [
      new RateLimitError(limited),
      { ...limited, code: 'ERR_RATE_LIMITED', name: 'RateLimitError', status: 503, statusCode: 503 },
      'The rate limit of "users" has no turn for 1.5 s',
    ],
    [
      new TotalTimeoutError(timedOut),
      { ...timedOut, code: 'ERR_TOTAL_TIMEOUT', name: 'TotalTimeoutError', status: 504, statusCode: 504 },
      'A call to "users" timed out after 2 s, in all of 1 attempt',
    ],
  ])('tell what they know: %s', (error, fields, message) => {
    expect(error).toBeInstanceOf(CircuitBreakerError);
    expect(error).toMatchObject(fields);
    expect(error.message).toBe(message);
  });

  it('of a wait that has no failure before it have no cause', () => {
    expect(new TotalTimeoutError({ breaker: 'users', timeout: 5, attempts: 0 })).not.toHaveProperty('cause');
  });

  it('that turn a call away have no stack, and that of a deadline has one', async () => {
    const { clock, users } = made({ bulkhead: 1, rateLimit: { limit: 1, per: 1_000 }, totalTimeout: 50 });
    const late = users.call(hanging).catch((it) => it);
    const full = await users.call(() => 1).catch((it) => it);
    await clock.advance(50);
    const limit = await users.call(() => 1).catch((it) => it);

    const hasFrames = ({ stack }: Error) => /\n\s+at /.test(stack ?? '');
    expect([isBulkheadFullError(full), isRateLimitError(limit), isTotalTimeoutError(await late)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([full, limit, await late].map(hasFrames)).toEqual([false, false, true]);
  });

  it.each([
    [{ code: 'ERR_CIRCUIT_OPEN' }, true],
    [{ code: 'ERR_BULKHEAD_FULL' }, true],
    [{ code: 'ERR_RATE_LIMITED' }, true],
    [{ code: 'ERR_TOTAL_TIMEOUT' }, false],
    [{ code: 'ERR_CALL_TIMEOUT' }, false],
  ])('of another copy of the package are known by their code: %j', (fields, rejection) => {
    expect(
      isRejection(
        Object.assign(new Error('of another copy'), { [Symbol.for('recloser.error')]: true }, fields),
      ),
    ).toBe(rejection);
  });

  it.each([undefined, null, 'boom', 7, Symbol('x'), new Error('of nobody'), () => {}])(
    'that no call has ended with were no attempt: %s',
    (error) => {
      expect(attemptsOf(error)).toBe(undefined);
    },
  );

  it('that are told of are not touched, frozen or functions as they may be', async () => {
    const { users } = made({ retry: { maxAttempts: 2, backoff: 0 }, totalTimeout: false });
    const frozen = Object.freeze(new Error('frozen'));
    const odd = () => {};

    await users.call(() => Promise.reject(frozen), { retry: 'none' }).catch(() => {});
    await users.call(() => Promise.reject(odd), { retry: 'none' }).catch(() => {});

    expect([attemptsOf(frozen)?.attempts, attemptsOf(odd)?.stopped]).toEqual([1, 'attempts']);
    expect(Object.isFrozen(attemptsOf(frozen))).toBe(true);
  });
});

describe('the metrics', () => {
  it('are fresh plain data', async () => {
    const { users } = made({ bulkhead: 2, rateLimit: { limit: 5 } });
    const before = users.metrics;
    await users.call(() => 1);
    const { metrics } = users;

    expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics);
    expect([before.totals.calls, metrics.totals.calls]).toEqual([0, 1]);
    expect(metrics).toEqual({
      name: 'users',
      budget: { available: 10.2, capacity: 100 },
      running: 0,
      waiting: { bulkhead: 0, rateLimit: 0, backoff: 0 },
      pausedFor: 0,
      totals: {
        calls: 1,
        attempts: 1,
        retries: 0,
        recovered: 0,
        refused: {},
        hedges: 0,
        hedgesWon: 0,
        bulkheadRejected: 0,
        rateLimited: 0,
        totalTimeouts: 0,
        fallbacks: 0,
        waits: 0,
        waited: 0,
      },
    });
    expect(made({ retryBudget: false }).users.metrics.budget).toBe(null);
  });
});

describe('a registry', () => {
  const around = (configure?: () => never) =>
    new ResilienceRegistry({ breakers: new CircuitBreakerRegistry(), ...(configure && { configure }) });

  it.each([[5], ['network'], [true], [null], [[]], [() => ({})], [Promise.resolve({ retry: 'network' })]])(
    'takes no configuration that is no options: %s',
    (answer) => {
      const registry = around(() => answer as never);

      expect(() => registry.getOrCreate('users')).toThrow(
        'Cannot use resilience "users": `configure` must be a function that answers options at once, received',
      );
      expect([...registry]).toEqual([]);
    },
  );

  it.each([[undefined], [null], [5], ['users'], [{}], [() => {}]])(
    'finds nothing for %j in place of a breaker',
    (it) => {
      expect(() => around().of(it as never)).toThrow(
        'Cannot use resilience registry: `breaker` must be a CircuitBreaker, received',
      );
    },
  );

  it.each([[null], [5], ['network'], [[]], [() => {}]])(
    'refuses %j in place of options for a breaker',
    (options) => {
      expect(() => around().of(new CircuitBreaker({ name: 'users' }), options as never)).toThrow(
        'Cannot use resilience "users": `options` must be an object, received',
      );
    },
  );

  it.each([[undefined], [null], [5], [{}]])('refuses the name %j', (name) => {
    expect(() => around().getOrCreate(name as never)).toThrow(
      'Cannot use resilience registry: `name` must be a string, received',
    );
  });

  it('goes through all that it has made, and no breaker beside', () => {
    const registry = around();
    registry.breakers.getOrCreate('alone');

    const [users, orders] = ['users', 'orders'].map((name) => registry.getOrCreate(name));

    expect([...registry]).toEqual([users, orders]);
    expect(registry.get('alone')).toBe(undefined);
  });

  it('finds what is around a breaker that is in no registry', () => {
    const registry = around();
    const breaker = new CircuitBreaker({ name: 'users' });

    const users = registry.of(breaker, { bulkhead: 5 });

    expect([registry.of(breaker), users.breaker, users.bulkhead?.limit]).toEqual([users, breaker, 5]);
  });
});

describe('a part by itself', () => {
  it('may be shared by those of several dependencies', async () => {
    const bulkhead = new Bulkhead(1);
    const [users, orders] = [
      new Resilience({ name: 'users', bulkhead }),
      new Resilience({ name: 'orders', bulkhead }),
    ];
    const held = deferred();
    const first = users.call(() => held.promise);

    const error = await orders.call(() => 1).catch((it) => it);
    held.resolve(1);
    await first;

    expect([error.code, error.breaker, await orders.call(() => 2)]).toEqual([
      'ERR_BULKHEAD_FULL',
      'orders',
      2,
    ]);
  });
});
