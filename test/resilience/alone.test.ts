/** Bulkheads and rate limits by themselves, as they are changed while in use, and what they refuse. */
import { Bulkhead, RateLimiter, Resilience } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { timedClock } from './timed-clock.js';

const options = (given: object) => ({ clock: timedClock(), ...given }) as never;

describe('a bulkhead by itself', () => {
  it('tells its figures, and those that hold unless it is said', () => {
    const [given, plain] = [new Bulkhead({ limit: 3, queue: 2, maxWait: 5 }), new Bulkhead(4)];

    expect([given.limit, given.queue, given.maxWait]).toEqual([3, 2, 5]);
    expect([plain.limit, plain.queue, plain.maxWait, plain.running, plain.waiting]).toEqual([
      4, 0, 1_000, 0, 0,
    ]);
  });

  it('gives the place back of a task that throws', async () => {
    const bulkhead = new Bulkhead(1);

    const error = await bulkhead
      .run(() => {
        throw new Error('at once');
      })
      .catch((it) => it);

    expect([error.message, bulkhead.running, await bulkhead.run(() => 'next')]).toEqual([
      'at once',
      0,
      'next',
    ]);
  });

  it('lets in who waits when the limit is raised, and nobody when it is lowered', async () => {
    const clock = timedClock();
    const bulkhead = new Bulkhead({ limit: 1, queue: 3, clock });
    const tasks = [deferred(), deferred(), deferred()];
    const calls = tasks.map(({ promise }) => bulkhead.run(() => promise));
    await clock.advance(1);

    bulkhead.update({ limit: 2 });
    await clock.advance(1);
    const raised = [bulkhead.running, bulkhead.waiting];
    bulkhead.update({ limit: 1, queue: 0, maxWait: 9 });
    tasks[0]?.resolve(0);
    await clock.advance(1);

    expect([raised, bulkhead.running, bulkhead.waiting]).toEqual([[2, 1], 1, 1]);
    expect([bulkhead.limit, bulkhead.queue, bulkhead.maxWait]).toEqual([1, 0, 9]);
    for (const { resolve } of tasks) resolve(1);
    await Promise.all(calls);
  });

  it('lets nobody pass who comes when others wait', async () => {
    const clock = timedClock();
    const bulkhead = new Bulkhead({ limit: 1, queue: 2, clock });
    const held = deferred();
    const order: string[] = [];
    const first = bulkhead.run(() => held.promise);
    const second = bulkhead.run(() => order.push('second'));
    held.resolve(0);
    const third = first.then(() => bulkhead.run(() => order.push('third')));

    await Promise.all([second, third]);

    expect(order).toEqual(['second', 'third']);
  });

  it('says its name, and what stands in the way', async () => {
    const clock = timedClock();
    const bulkhead = new Bulkhead({ limit: 1, queue: 1, maxWait: 20, clock, name: 'reports' });
    const held = deferred();
    const first = bulkhead.run(() => held.promise);
    const late = bulkhead.run(() => 1).catch((it) => it.message);
    const full = await bulkhead.run(() => 1).catch((it) => it.message);
    await clock.advance(20);
    held.resolve(0);
    await first;
    const unnamed = new Bulkhead(1);
    void unnamed.run(() => new Promise(() => {}));

    expect([full, await late]).toEqual([
      'The bulkhead of "reports" has 1 attempts in flight and 1 waiting',
      'The bulkhead of "reports" had no place within 20 ms',
    ]);
    expect((await unnamed.run(() => 1).catch((it) => it)).breaker).toBe('default');
  });

  it.each([
    [undefined, 'Cannot create bulkhead: `options` must be an object'],
    [null, 'Cannot create bulkhead: `options` must be an object'],
    ['3', 'Cannot create bulkhead: `options` must be an object'],
    [{}, '`limit` must be an integer of at least 1, received undefined'],
    [{ limit: 1, maxwait: 3 }, 'did you mean "maxWait"?'],
    [{ limit: 1, queue: -1 }, '`queue` must be'],
  ])('refuses %j', (given, message) => {
    expect(() => new Bulkhead(given as never)).toThrow(message);
  });

  it('refuses changes, tasks and options of a task that cannot be', async () => {
    const bulkhead = new Bulkhead(1);

    expect(() => bulkhead.update({ limit: 0 })).toThrow('Cannot update bulkhead: `limit` must be');
    await expect(bulkhead.run(7 as never)).rejects.toThrow('A bulkhead needs a function to run, received 7');
    await expect(bulkhead.run(() => 1, { timeout: 1 } as never)).rejects.toThrow(
      'Cannot run through bulkhead: ',
    );
    await expect(bulkhead.run(() => 1, { signal: 7 as never })).rejects.toThrow('an AbortSignal');
    await expect(bulkhead.run(() => 1, { signal: AbortSignal.abort('gone') })).rejects.toBe('gone');
    expect(bulkhead.running).toBe(0);
  });
});

describe('a rate limit by itself', () => {
  it('tells its figures, and those that hold unless it is said', () => {
    const given = new RateLimiter({ limit: 3, per: 50, spacing: 4, queue: 2, maxWait: 5 });
    const plain = new RateLimiter({ limit: 1 });

    expect([given.limit, given.per, given.spacing, given.queue, given.maxWait]).toEqual([3, 50, 4, 2, 5]);
    expect([plain.per, plain.spacing, plain.queue, plain.maxWait, plain.waiting]).toEqual([
      1_000, 0, 0, 1_000, 0,
    ]);
    expect([plain.pausedFor, plain.retryAfter]).toEqual([0, 0]);
  });

  it('tells when the next turn is that nobody waits for', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 5, clock });
    limiter.tryTake();
    const first = limiter.run(() => 1);
    await clock.advance(10);

    expect([limiter.retryAfter, limiter.tryTake(), limiter.waiting]).toEqual([190, false, 1]);
    await clock.advance(190);
    await first;
    expect([limiter.retryAfter, limiter.tryTake()]).toEqual([0, true]);
  });

  it('tells at once who would wait too long, and lets wait who would not', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 9, maxWait: 200, name: 'mail', clock });
    limiter.tryTake();
    const calls = [1, 2, 3].map((call) => limiter.run(() => call).catch((it) => it));
    await clock.advance(200);
    const [one, two, error] = await Promise.all(calls);

    expect([one, two]).toEqual([1, 2]);
    expect(error).toMatchObject({
      code: 'ERR_RATE_LIMITED',
      breaker: 'mail',
      reason: 'wait',
      retryAfter: 300,
    });
    expect(error).toMatchObject({
      status: 503,
      statusCode: 503,
      message: 'The rate limit of "mail" has no turn for 300 ms',
    });
  });

  it('is held by a pause, which a shorter one does not end', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 9, queue: 1, clock });

    limiter.pause(100);
    limiter.pause(50);
    const during = [limiter.pausedFor, limiter.retryAfter, limiter.tryTake()];
    const waiting = limiter.run(() => clock.now() - 1_000);
    await clock.advance(40);
    limiter.pause(100);
    await clock.advance(100);

    expect([during, await waiting, limiter.pausedFor]).toEqual([[100, 100, false], 140, 0]);
  });

  it('goes by other figures from now on, for those who wait too', async () => {
    const clock = timedClock();
    const limiter = new RateLimiter({ limit: 1, per: 1_000, queue: 9, clock });
    limiter.tryTake();
    const calls = [1, 2].map(() => limiter.run(() => clock.now() - 1_000).catch((it) => it.retryAfter));

    limiter.update({ limit: 2, per: 300 });
    await clock.advance(0);
    const [first, second] = [await calls[0], limiter.waiting];
    limiter.update({ spacing: 350, queue: 1, maxWait: 5 });
    await clock.advance(350);

    expect([first, second, await calls[1]]).toEqual([0, 0, 2_000]);
    expect([limiter.limit, limiter.per, limiter.spacing, limiter.queue, limiter.maxWait]).toEqual([
      2, 300, 350, 1, 5,
    ]);
  });

  it('sets a timer again that comes too early, and believes it after a while', async () => {
    let now = 0;
    let run: (() => void) | undefined;
    let set = 0;
    const clock = {
      now: () => now,
      setTimeout(callback: () => void) {
        run = callback;
        return ++set;
      },
      clearTimeout() {
        run = undefined;
      },
    };
    const limiter = new RateLimiter({ limit: 1, per: 100, queue: 1, clock });
    limiter.tryTake();
    const waiting = limiter.run(() => 'in');

    for (let early = 0; early < 3; early++) {
      now += 1;
      run?.();
    }

    expect([await waiting, set]).toEqual(['in', 3]);
  });

  it.each([
    [undefined, 'Cannot create rate limiter: `options` must be an object'],
    [{}, '`limit` must be an integer from 1 to 100000, received undefined'],
    [{ limit: 100_001 }, '`limit` must be an integer from 1 to 100000'],
    [{ limit: 1, per: 0 }, '`per` must be'],
    [{ limit: 1, spacing: -1 }, '`spacing` must be'],
    [{ limit: 1, every: 1 }, 'every'],
  ])('refuses %j', (given, message) => {
    expect(() => new RateLimiter(given as never)).toThrow(message);
  });

  it('refuses changes, pauses and tasks that cannot be', async () => {
    const limiter = new RateLimiter({ limit: 1, name: 'mail' });

    expect(() => limiter.update({ limit: 0 })).toThrow('Cannot update rate limiter');
    expect(() => limiter.pause(-1)).toThrow('Cannot pause rate limiter');
    expect(() => limiter.pause(Number.NaN)).toThrow('`ms` must be');
    await expect(limiter.run(7 as never)).rejects.toThrow('A rate limit needs a function to run, received 7');
    await expect(limiter.run(() => 1, { signal: AbortSignal.abort('gone') })).rejects.toBe('gone');
    expect(limiter.tryTake()).toBe(true);
  });
});

describe('whose it is', () => {
  it.each([{ name: 'others' }, { clock: timedClock() }])('cannot be changed later: %o', (identity) => {
    const [option] = Object.keys(identity) as [string];
    const parts = [new Bulkhead({ limit: 1, ...identity }), new RateLimiter({ limit: 1, ...identity })];

    for (const part of parts)
      expect(() => part.update(identity as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTIONS', option }),
      );
  });

  it.each(['bulkhead', 'rateLimit'])('cannot be read where its options throw: %s', (part) => {
    const hostile = {
      get limit() {
        throw new Error('no limit');
      },
    };

    expect(() => new Resilience({ [part]: hostile } as never)).toThrow('options cannot be read');
  });
});

describe('what cannot work is refused', () => {
  it.each([
    [{ totalTimeout: 0 }, '`totalTimeout` must be'],
    [{ retry: { backoff: { initial: -1 } } }, '`retry.backoff.initial` must be'],
    [{ retry: { backoff: { factor: 0.5 } } }, '`retry.backoff.factor` must be'],
    [{ retry: { maxAttempts: 101 } }, '`retry.maxAttempts` must be an integer from 1 to 100, received 101'],
    [{ retry: { maxRetryAfter: -1 } }, '`retry.maxRetryAfter` must be'],
    [{ retry: { whenOpen: 'sleep' } }, '`retry.whenOpen` must be'],
    [{ retry: { retries: 3 } }, 'retry.retries'],
    [{ retry: true }, '`retry` must be'],
    [{ hedge: {} }, '`hedge.delay` must be'],
    [{ hedge: true }, '`hedge` must be'],
    [
      { hedge: { delay: 1, maxHedges: 11 } },
      '`hedge.maxHedges` must be an integer from 1 to 10, received 11',
    ],
    [{ hedge: { delay: { quantile: 0.9 } } }, '`hedge.delay.initial` must be'],
    [{ hedge: { delay: { initial: 1, quantile: 0.4 } } }, 'a number from 0.5 to 0.999, received 0.4'],
    [{ hedge: { delay: { initial: 1, quantile: 1 } } }, 'a number from 0.5 to 0.999, received 1'],
    [
      { hedge: { delay: { initial: 1, min: 9, max: 8 } } },
      '`hedge.delay.max` must be at least `min`, 9, received 8',
    ],
    [{ hedge: { delay: { initial: 1, minimumCalls: 0 } } }, '`hedge.delay.minimumCalls` must be'],
    [
      { bulkhead: 0 },
      '`bulkhead` must be a limit of at least 1, a Bulkhead, its options, or false, received 0',
    ],
    [{ bulkhead: { limit: 1, name: 'x' } }, 'bulkhead.name'],
    [{ rateLimit: 5 }, '`rateLimit` must be a RateLimiter, its options, or false, received 5'],
    [{ rateLimit: { limit: 1, clock: {} } }, 'rateLimit.clock'],
    [{ retryBudget: true }, '`retryBudget` must be a RetryBudget, its options, or false, received true'],
    [
      { retryBudget: { initial: 101 } },
      '`retryBudget.initial` must be at most the capacity, 100, received 101',
    ],
    [{ breakerCounts: 'each' }, '`breakerCounts` must be'],
    [{ discard: 1 }, '`discard` must be'],
    [{ breaker: {} }, '`breaker` must be a CircuitBreaker'],
    [
      { breaker: new Resilience().breaker, failureThreshold: 1 },
      'is an option of the breaker, which is given already',
    ],
  ])('%j', (given, message) => {
    expect(() => new Resilience(options(given))).toThrow(message);
  });

  it.each([
    [{ retry: false }],
    [{ hedge: { delay: { initial: 0, quantile: 0.5, min: 0, max: 0 } } }],
    [{ hedge: { delay: { initial: 1, quantile: 0.999 } } }],
    [{ hedge: false, bulkhead: false, rateLimit: false, retryBudget: false, totalTimeout: false }],
  ])('but not %j', (given) => {
    expect(new Resilience(options(given)).name).toBe('default');
  });

  it('of one call, too, which then does not begin', async () => {
    const users = new Resilience({ name: 'users' });
    const bad = [
      { retries: 1 },
      { retry: 'netwrk' },
      { hedge: { delay: -1 } },
      { discard: () => {} },
      { signal: 7 },
    ];

    const errors = await Promise.all(
      bad.map((given) => users.call(() => 1, given as never).catch((it) => it)),
    );

    for (const { code, message } of errors) {
      expect(code).toBe('ERR_INVALID_OPTIONS');
      expect(message).toMatch(/^Cannot use resilience "users": /);
    }
    await expect(users.call('task' as never)).rejects.toThrow('Resilience "users" needs a function to call');
    expect(users.metrics.totals.calls).toBe(0);
  });
});

describe('what other libraries call the options of retries', () => {
  it.each([
    ['retries', 'retry.maxAttempts, which counts the first try too'],
    ['maxRetries', 'retry.maxAttempts, which counts the first try too'],
    ['delay', 'retry.backoff'],
    ['minTimeout', 'retry.backoff'],
    ['shouldRetry', 'retry.retryOn'],
  ])('is told in our words: %s', (foreign, own) => {
    expect(() => new Resilience({ retry: { [foreign]: 3 } } as never)).toThrow(
      `unknown option "retry.${foreign}", did you mean "${own}"?`,
    );
  });

  it.each([
    ['bulkhead', { maxConcurrent: 3 }, 'bulkhead.maxConcurrent'],
    ['rateLimit', { max: 3 }, 'rateLimit.max'],
    ['hedge', { dely: 3 }, 'hedge.dely'],
  ])('goes before what is missing: %s', (option, given, unknown) => {
    expect(() => new Resilience({ [option]: given } as never)).toThrow(`unknown option "${unknown}"`);
  });
});
