/** How attempts and calls end: once, whatever is done by those who are told of it, and with nothing left behind. */
import { Resilience, type ResilienceOptions } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { boom, countedSignal, failing, hanging, made } from './made.js';

/** The hand of an attempt, as other entries of the package have it. */
const HAND = Symbol.for('recloser.attempt.1');

interface Hand {
  breakOff(error: unknown): void;
}

const handOf = (context: unknown) => (context as { [HAND]: Hand })[HAND];

/** What is held of a dependency by now. */
const heldOf = ({ metrics, bulkhead, breaker }: Resilience) => [
  metrics.running,
  bulkhead?.running ?? 0,
  breaker.metrics.inFlight,
];

describe('a caller who goes when the outcome is told', () => {
  it.each<[string, ResilienceOptions, () => unknown, 'failure' | 'success', object]>([
    ['a failure', {}, () => Promise.reject(boom()), 'failure', { failures: 1 }],
    ['a success', {}, () => 'fine', 'success', { successes: 1 }],
    ['a timeout', { callTimeout: 50 }, hanging, 'failure', { failures: 1, timeouts: 1 }],
    ['the deadline', { totalTimeout: 50 }, hanging, 'failure', { failures: 1, timeouts: 1 }],
    [
      'the deadline of a call',
      { totalTimeout: 50, breakerCounts: 'calls' },
      hanging,
      'failure',
      { failures: 1 },
    ],
    [
      'the deadline beside a hedge',
      { totalTimeout: 50, hedge: { delay: 10 } },
      hanging,
      'failure',
      { failures: 1, ignored: 1 },
    ],
  ])('takes no place back a second time: %s', async (_, options, task, event, totals) => {
    const { clock, users } = made({ bulkhead: 3, ...options });
    const caller = new AbortController();
    users.breaker.on(event, () => caller.abort('gone'));

    const result = users.tryCall(task, { signal: caller.signal });
    await clock.advance(100);

    expect(await result).toMatchObject({ ok: event === 'success' });
    expect(heldOf(users)).toEqual([0, 0, 0]);
    expect(users.breaker.metrics.totals).toMatchObject({ ignored: 0, successes: 0, failures: 0, ...totals });
    expect(clock.timers).toBe(0);
  });

  it.each([() => 'fine', () => Promise.reject(boom())])('is told by a filter: %s', async (task) => {
    const caller = new AbortController();
    const { users } = made({
      bulkhead: 3,
      callTimeout: 1_000,
      isFailure: ({ error }) => {
        caller.abort('gone');
        return error !== undefined;
      },
    });

    await users.tryCall(task, { signal: caller.signal });

    expect([heldOf(users), users.breaker.metrics.totals.ignored]).toEqual([[0, 0, 0], 0]);
  });

  it('in an attempt that is ignored, by who is told of that', async () => {
    const { users } = made({ bulkhead: 3 });
    const [caller, other] = [new AbortController(), new AbortController()];
    users.breaker.on('ignore', () => other.abort('too'));
    const calls = [caller, other].map(({ signal }) => users.tryCall(hanging, { signal }));

    caller.abort('gone');

    expect((await Promise.all(calls)).map((it) => !it.ok && it.error)).toEqual(['gone', 'too']);
    expect([heldOf(users), users.breaker.metrics.totals.ignored]).toEqual([[0, 0, 0], 2]);
  });
});

describe('a signal that cannot be followed', () => {
  it('keeps the task from running', async () => {
    const { users } = made({ bulkhead: 1 });
    let runs = 0;
    const signal = {
      aborted: false,
      addEventListener: () => {
        throw new Error('no signal');
      },
    } as never;

    const result = await users.tryCall(() => ++runs, { signal });

    expect([result, runs]).toMatchObject([{ ok: false, error: { message: 'no signal' } }, 0]);
    expect([heldOf(users), users.breaker.metrics.totals]).toMatchObject([[0, 0, 0], { ignored: 1 }]);
  });

  it('leaves a call that counts as a whole ignored', async () => {
    const { users } = made({ bulkhead: { limit: 1, queue: 1 }, breakerCounts: 'calls' });
    const held = deferred();
    const first = users.call(() => held.promise);
    const signal = {
      aborted: false,
      addEventListener: () => {
        throw new Error('no signal');
      },
    } as never;

    await users.tryCall(() => 1, { signal });

    expect([users.bulkhead?.running, users.breaker.metrics.totals]).toMatchObject([
      1,
      { ignored: 1, failures: 0, successes: 0 },
    ]);
    held.resolve(1);
    await first;
    expect(heldOf(users)).toEqual([0, 0, 0]);
  });
});

describe('the signal of an attempt', () => {
  it('follows its caller’s after the answer, as long as somebody holds it', async () => {
    const { users } = made();
    const caller = new AbortController();
    let held: AbortSignal | undefined;

    await users.call(({ signal }) => (held = signal), { signal: caller.signal });
    const before = held?.aborted;
    caller.abort('gone');

    expect([before, held?.aborted, held?.reason]).toEqual([false, true, 'gone']);
  });

  it('listens to its caller’s no more after a timeout', async () => {
    const { clock, users } = made({ callTimeout: 50 });
    const { signal, listeners } = countedSignal();
    const held: AbortSignal[] = [];

    const task = (context: { signal: AbortSignal }) => {
      held.push(context.signal);
      return hanging();
    };
    const call = users.tryCall(task, { signal });
    await clock.advance(50);
    await call;

    expect([held[0]?.aborted, listeners()]).toEqual([true, 0]);
  });

  it.each<[string, ResilienceOptions, () => unknown]>([
    ['an answer', {}, () => 1],
    ['a failure', {}, () => Promise.reject(boom())],
    ['a timeout', { callTimeout: 50 }, hanging],
    ['a backoff', { retry: { maxAttempts: 2, backoff: 10 } }, () => Promise.reject(boom())],
    ['a wait for a turn', { rateLimit: { limit: 1, per: 10, queue: 1 } }, () => 1],
  ])('is nothing to its caller’s where nobody has read it: after %s', async (_, options, task) => {
    const { clock, users } = made(options);
    const { signal, listeners } = countedSignal();
    users.rateLimiter?.tryTake();

    const call = users.tryCall(task, { signal });
    await clock.advance(100);
    await call;

    expect([listeners(), clock.timers]).toEqual([0, 0]);
  });

  it('listens to its caller’s no more where a faster attempt has ended it', async () => {
    const { clock, users } = made({ hedge: { delay: 50 } });
    const { signal, listeners } = countedSignal();
    const held: AbortSignal[] = [];

    const call = users.call(
      (context) => {
        if (context.isHedge) return 'fast';
        held.push(context.signal);
        return hanging();
      },
      { signal },
    );
    await clock.advance(50);
    await call;

    expect([held[0]?.aborted, listeners()]).toEqual([true, 0]);
  });

  it('says why a faster attempt has ended it', async () => {
    const { clock, users } = made({ hedge: { delay: 50 } });
    const signals: AbortSignal[] = [];

    const call = users.call(({ isHedge, signal }) => {
      signals.push(signal);
      return isHedge ? 'fast' : hanging();
    });
    await clock.advance(50);
    await call;

    expect(signals[0]?.reason).toMatchObject({ name: 'AbortError', message: 'Another attempt has answered' });
  });
});

describe('what is discarded', () => {
  it('is no error of an attempt that fails after another has answered', async () => {
    const discarded: unknown[] = [];
    const { clock, users } = made({ hedge: { delay: 50 }, discard: (value) => discarded.push(value) });
    const slow = deferred();

    const call = users.call(({ isHedge }) => (isHedge ? 'fast' : slow.promise));
    await clock.advance(50);
    await call;
    slow.reject(boom());
    await quiet();

    expect(discarded).toEqual([]);
  });

  it('is no timeout of attempts that the deadline ends together', async () => {
    const discarded: unknown[] = [];
    const options = { hedge: { delay: 50 }, totalTimeout: 100, discard: (it: unknown) => discarded.push(it) };
    const { clock, users } = made(options);

    const call = users.tryCall(hanging);
    await clock.advance(100);
    await call;

    expect(discarded).toEqual([]);
  });

  it.each<[string, ResilienceOptions, string]>([
    ['the deadline', { totalTimeout: 100 }, 'deadline'],
    ['a refusal', { rateLimit: { limit: 1, per: 500 } }, 'answer'],
  ])('is the value that was to be retried where the call ends by %s', async (_, options, end) => {
    const discarded: unknown[] = [];
    let runs = 0;
    const { clock, users } = made({
      isFailure: ({ value }) => value === 503,
      retry: { maxAttempts: 3, backoff: 60 },
      bulkhead: { limit: 1, queue: 1 },
      discard: (value) => discarded.push(value),
      ...options,
    });

    const call = users.tryCall(() => (++runs === 1 ? 503 : hanging()));
    await clock.advance(200);

    expect([await call, discarded]).toMatchObject(
      end === 'deadline' ? [{ ok: false }, [503]] : [{ ok: true, value: 503 }, []],
    );
  });

  it('is the value of a call that its deadline ends in a queue', async () => {
    const discarded: unknown[] = [];
    const { clock, users } = made({
      isFailure: ({ value }) => value === 503,
      retry: { maxAttempts: 3, backoff: 10 },
      bulkhead: { limit: 1, queue: 1 },
      totalTimeout: 100,
      discard: (value) => discarded.push(value),
    });
    const held = deferred();
    const call = users.tryCall(() => 503);
    await clock.advance(5);
    const other = users.call(() => held.promise, { totalTimeout: false });
    await clock.advance(95);

    expect([await call, discarded]).toMatchObject([
      { ok: false, error: { code: 'ERR_TOTAL_TIMEOUT' } },
      [503],
    ]);
    held.resolve(1);
    await other;
  });
});

describe('an answer that breaks off', () => {
  it.each<[string, ResilienceOptions]>([
    ['as an attempt', { callTimeout: 1_000 }],
    ['as an attempt with a deadline', { totalTimeout: 1_000 }],
    ['as a call', { breakerCounts: 'calls' }],
  ])('is one more failure, once: %s', async (_, options) => {
    const { users } = made(options);
    let hand: Hand | undefined;

    await users.call((context) => {
      hand = handOf(context);
      return 'head';
    });
    hand?.breakOff(boom());
    hand?.breakOff(boom());

    expect(users.breaker.metrics).toMatchObject({
      inFlight: 0,
      totals: { calls: 2, successes: 1, failures: 1 },
      lastFailure: { error: { message: 'boom' } },
    });
  });

  it.each<[string, ResilienceOptions, () => unknown]>([
    ['an error', {}, () => Promise.reject(boom())],
    ['a value that is ignored', { isFailure: () => 'ignore' }, () => 1],
    ['a call that is not over', { breakerCounts: 'calls' }, hanging],
  ])('was a success before: %s says nothing more', async (_, options, task) => {
    const { clock, users } = made({ callTimeout: 1_000, ...options });
    let hand: Hand | undefined;

    const call = users.tryCall((context) => {
      hand = handOf(context);
      return task();
    });
    await clock.advance(10);
    const { totals } = users.breaker.metrics;
    hand?.breakOff(boom());

    expect(users.breaker.metrics.totals).toEqual(totals);
    await clock.advance(1_000);
    await call;
  });

  it.each<[string, ResilienceOptions]>([
    ['an attempt that was retried', { breakerCounts: 'calls' }],
    ['one whose call is over since, and failed', { breakerCounts: 'calls', totalTimeout: 5_000 }],
  ])('of a call that has failed says nothing more: %s', async (_, options) => {
    const { clock, users } = made({ ...options, retry: { maxAttempts: 2, backoff: 0, retryOn: () => true } });
    const hands: Hand[] = [];

    const call = users.tryCall((context) => {
      hands.push(handOf(context));
      return hands.length === 1 ? 'head' : Promise.reject(boom());
    });
    await clock.advance(0);
    await call;
    hands[0]?.breakOff(boom());

    expect(users.breaker.metrics.totals).toMatchObject({ calls: 1, failures: 1, successes: 0 });
  });
});

describe('a call that counts as a whole', () => {
  it('that its deadline ends in a queue is ignored: nothing was sent', async () => {
    const { clock, users } = made({
      breakerCounts: 'calls',
      totalTimeout: 50,
      bulkhead: { limit: 1, queue: 1 },
    });
    const held = deferred();
    const first = users.call(() => held.promise, { totalTimeout: false });

    const late = users.tryCall(() => 1);
    await clock.advance(50);
    await late;

    expect(users.breaker.metrics.totals).toMatchObject({ failures: 0, timeouts: 0, ignored: 1 });
    held.resolve(1);
    await first;
  });

  it('whose caller has gone is ignored', async () => {
    const { users } = made({ breakerCounts: 'calls' });
    const caller = new AbortController();

    const call = users.tryCall(hanging, { signal: caller.signal });
    caller.abort('gone');
    await call;

    expect(users.breaker.metrics).toMatchObject({ inFlight: 0, totals: { failures: 0, ignored: 1 } });
  });

  it('that its deadline ends is a timeout of this breaker, as the filters say', async () => {
    const seen: unknown[] = [];
    const isFailure = ({ error }: { error?: unknown }) => {
      seen.push((error as { code?: string }).code, (error as { timeout?: number }).timeout);
      return false;
    };
    const { clock, users } = made({ breakerCounts: 'calls', totalTimeout: 50 });
    const filtered = made({ breakerCounts: 'calls', totalTimeout: 50, isFailure, clock });

    const calls = [users, filtered.users].map((it) => it.tryCall(hanging));
    await clock.advance(50);
    await Promise.all(calls);

    expect(users.breaker.metrics).toMatchObject({
      lastFailure: { error: { code: 'ERR_CALL_TIMEOUT', timeout: 50, breaker: 'users' } },
      totals: { failures: 1, timeouts: 1 },
    });
    expect(seen).toContain('ERR_CALL_TIMEOUT');
    expect(filtered.users.breaker.metrics.totals).toMatchObject({ successes: 1, failures: 0 });
  });

  it('fails by the deadline of another that it has asked with that very error', async () => {
    const { clock, users } = made({ breakerCounts: 'calls' });
    const other = new Resilience({ name: 'other', clock, totalTimeout: 10 });

    const call = users.tryCall(() => other.call(hanging));
    await clock.advance(10);
    await call;

    expect(users.breaker.metrics.lastFailure?.error).toMatchObject({
      code: 'ERR_TOTAL_TIMEOUT',
      breaker: 'other',
    });
  });

  it.each<[string, ResilienceOptions, object]>([
    ['success', {}, { value: 'fine' }],
    ['failure', { isFailure: () => true, retry: { maxAttempts: 2, backoff: 0 } }, { value: 'fine' }],
  ])('tells its value: %s', async (event, options, told) => {
    const { clock, users } = made({ breakerCounts: 'calls', ...options });
    const events: unknown[] = [];
    users.breaker.on(event as 'success', (it) => events.push(it));

    await clock.settle(users.call(() => 'fine'));

    expect(events).toMatchObject([told]);
    expect((events[0] as { error?: unknown }).error).toBe(undefined);
  });
});

describe('what is told at the end', () => {
  it('is the value of a call that gives up with one', async () => {
    const { clock, users, events } = made({ isFailure: () => true, retry: { maxAttempts: 2, backoff: 0 } });

    await clock.settle(users.call(() => 503));

    expect(events.at(-1)).toEqual(['stop', { attempts: 2, reason: 'attempts', value: 503 }]);
  });

  it('is how long the server asks to wait, where it does', async () => {
    const { users, events } = made({ retry: { maxAttempts: 2, maxRetryAfter: 5, retryAfter: () => 70 } });
    const error = await users.call(failing(9)).catch((it) => it);

    expect(events).toEqual([['stop', { attempts: 1, reason: 'retry-after', error, retryAfter: 70 }]]);
  });

  it('is the error that a fallback answers', async () => {
    const { users, events } = made({ fallback: () => 'instead' });
    const error = boom();

    await users.call(() => Promise.reject(error));

    expect(events).toEqual([['fallback', { error }]]);
  });

  it('is no time to wait where the server has asked for none', async () => {
    const { clock, users, events } = made({ retry: { maxAttempts: 2, backoff: 5 } });

    await clock.settle(users.tryCall(failing(9)));

    expect(events.map(([event, it]) => [event, Object.keys(it as object)])).toEqual([
      ['retry', ['attempt', 'delay', 'error']],
      ['stop', ['attempts', 'reason', 'error']],
    ]);
  });

  it('is in words, where `retryOn` answers nonsense', async () => {
    const { uncaught } = watchRuntime();
    const { users } = made({ retry: { retryOn: () => 'yes' as never } });

    await users.tryCall(failing(1));
    await quiet();

    expect(uncaught).toMatchObject([{ message: expect.stringContaining('`retryOn`') }]);
  });
});

describe('a fallback', () => {
  it('is told of the call, and of no deadline', async () => {
    const told: unknown[] = [];
    const fallback = (_: unknown, { breaker, attempt, isHedge, remaining, signal }: never) =>
      told.push([breaker, attempt, isHedge, remaining, (signal as AbortSignal).aborted]);
    const { clock, users } = made({
      totalTimeout: 1_000,
      retry: { maxAttempts: 2, backoff: 0 },
      fallback,
    } as never);

    await clock.settle(users.call(failing(9)));
    users.breaker.forceOpen();
    await users.call(failing(9));

    expect(told).toEqual([
      ['users', 2, false, Number.POSITIVE_INFINITY, false],
      ['users', 1, false, Number.POSITIVE_INFINITY, false],
    ]);
  });

  it('is not for failures where it is for rejections', async () => {
    const { users } = made({ fallback: () => 'instead', fallbackOn: 'rejection', totalTimeout: 1_000 });

    await expect(users.call(failing(1))).rejects.toThrow('boom');
  });

  it('is not for what the dependency has answered, though it was retried', async () => {
    class NotFound extends Error {}
    const { clock, users } = made({
      fallback: () => 'instead',
      excludedErrors: [NotFound],
      retry: { maxAttempts: 2, backoff: 0, retryOn: () => true },
    });

    const call = users.call(() => Promise.reject(new NotFound()));

    await expect(clock.settle(call)).rejects.toThrow(NotFound);
  });

  it.each<[string, () => unknown, object]>([
    ['answers', () => 'instead', { value: 'instead' }],
    ['fails', () => Promise.reject(new Error('no help')), { error: { message: 'no help' } }],
  ])('that %s listens to its caller no more', async (_, fallback, result) => {
    const { users } = made({ fallback: fallback as never });
    const { controller, signal, listeners } = countedSignal();

    const answer = await users.tryCall(failing(1), { signal });

    expect([answer, listeners()]).toMatchObject([result, 0]);
    controller.abort('gone');
    expect(answer).toMatchObject(result);
  });

  it('has a signal that aborts with its caller’s, while it runs and as long as somebody holds it', async () => {
    const signals: AbortSignal[] = [];
    const held = deferred();
    const fallback = (_: unknown, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return signals.length === 1 ? 'instead' : held.promise;
    };
    const { users } = made({ fallback: fallback as never });
    const caller = new AbortController();

    await users.call(failing(1), { signal: caller.signal });
    const pending = users.tryCall(failing(1), { signal: caller.signal });
    await quiet();
    caller.abort('gone');

    expect(signals.map(({ reason }) => reason)).toEqual(['gone', 'gone']);
    expect(await pending).toMatchObject({ ok: false, error: 'gone' });
  });
});

describe('without a budget', () => {
  it('a retry that does not take place gives nothing back', async () => {
    const { clock, users } = made({ retryBudget: false, retry: { backoff: 100 } });
    const caller = new AbortController();

    const call = users.tryCall(failing(9), { signal: caller.signal });
    await clock.advance(10);
    caller.abort('gone');

    expect(await call).toMatchObject({ error: 'gone', attempts: 1 });
  });

  it.each<[string, ResilienceOptions, number]>([
    ['is sent', {}, 1],
    ['that finds no place is not', { bulkhead: 1 }, 0],
  ])('a hedge %s', async (_, options, hedges) => {
    const { clock, users } = made({ retryBudget: false, hedge: { delay: 50 }, ...options });
    const held = deferred();

    const call = users.tryCall(() => held.promise);
    await clock.advance(50);
    held.resolve('here');

    expect([await call, users.metrics.totals.hedges]).toMatchObject([{ value: 'here' }, hedges]);
  });
});

describe('hedges', () => {
  it('have no timer beside a probe', async () => {
    const { clock, users } = made({
      hedge: { delay: 50 },
      recoveryTimeout: 100,
    });
    users.breaker.trip();
    await clock.advance(100);
    const probe = deferred();

    const call = users.call(() => probe.promise);
    await clock.advance(0);

    expect([users.breaker.state, clock.timers]).toEqual(['HALF_OPEN', 0]);
    probe.resolve(1);
    await call;
  });

  it.each(['active', 'observe'] as const)('are none once the circuit is open, in mode `%s`', async (mode) => {
    const { clock, users } = made({ hedge: { delay: 50 }, mode });
    const held = deferred();
    const call = users.call(() => held.promise);
    await clock.advance(10);

    users.breaker.trip();
    await clock.advance(50);

    expect([users.metrics.totals.hedges, users.breaker.metrics.totals.rejected]).toEqual([0, 0]);
    expect(users.retryBudget?.available).toBe(10);
    held.resolve(1);
    await call;
  });

  it('are judged once each', async () => {
    const judged: unknown[] = [];
    const { clock, users } = made({
      hedge: { delay: 50 },
      retry: { maxAttempts: 2, backoff: 0, retryOn: ({ value }) => judged.push(value) === 0 },
    });

    const call = users.call(({ isHedge }) => (isHedge ? 'fast' : hanging()));
    await clock.advance(50);
    await call;

    expect(judged).toEqual(['fast']);
  });
});

describe('a deadline', () => {
  it('is asked of the filters once, where attempts are what the breaker counts', async () => {
    let asked = 0;
    const { clock, users } = made({ totalTimeout: 50, isFailure: () => ++asked > 0 });

    const call = users.tryCall(hanging);
    await clock.advance(50);
    await call;

    expect(asked).toBe(1);
  });
});

describe('a timeout', () => {
  it('ends an attempt before the deadline does', async () => {
    const { clock, users } = made({ callTimeout: 20, totalTimeout: 1_000 });

    const call = users.tryCall(hanging);
    await clock.advance(20);

    expect(await call).toMatchObject({ ok: false, error: { code: 'ERR_CALL_TIMEOUT', timeout: 20 } });
  });
});

describe('the hand of an attempt', () => {
  const handed = async (during: (hand: Hand & { untie(): void }) => void, after = during) => {
    const { users } = made({ callTimeout: 1_000 });
    const caller = new AbortController();
    let held: { hand: never; signal: AbortSignal } | undefined;
    await users.call(
      (context) => {
        held = { hand: handOf(context) as never, signal: context.signal };
        during(held.hand);
        return 'head';
      },
      { signal: caller.signal },
    );
    after(held?.hand as never);
    caller.abort('gone');
    return held?.signal.aborted;
  };

  it('unties its signal from the caller’s, before the answer or after it', async () => {
    const nothing = () => {};
    const untie = (hand: { untie(): void }) => hand.untie();

    expect([await handed(nothing), await handed(untie, nothing), await handed(nothing, untie)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await handed(untie)).toBe(false);
  });

  it('has the deadlines of its dependency, and breaks nothing off that is not over', async () => {
    const { users } = made({ callTimeout: 1_000 });
    const deadlines: unknown[] = [];
    const task = (context: unknown) => {
      const hand = handOf(context) as Hand & { deadlines: unknown };
      hand.breakOff(boom());
      deadlines.push(hand.deadlines);
    };

    await users.call(task);
    await users.call(task);

    expect(deadlines[0]).toBeDefined();
    expect(deadlines[0]).toBe(deadlines[1]);
    expect(users.breaker.metrics.totals.failures).toBe(0);
  });

  it('aborts its signal', async () => {
    const { users } = made({ callTimeout: 1_000 });
    let signal: AbortSignal | undefined;

    await users.call((context) => {
      signal = context.signal;
      (handOf(context) as Hand & { abort(reason: unknown): void }).abort('enough');
    });

    expect(signal?.reason).toBe('enough');
  });

  it('says nothing of a success that the circuit has opened before', async () => {
    const { users } = made({ callTimeout: 1_000 });
    const answer = deferred<number>();
    let hand: Hand | undefined;
    const call = users.call((context) => {
      hand = handOf(context);
      return answer.promise;
    });

    users.breaker.trip();
    answer.resolve(1);
    await call;

    expect(() => hand?.breakOff(boom())).not.toThrow();
    expect(users.breaker.metrics.totals).toMatchObject({ successes: 1, failures: 0 });
  });

  it.each([
    [true, 0],
    [false, 1],
  ])('keeps an answer from being looked at, whose body is read later: %s', async (hasHand, looks) => {
    const { users } = made({ callTimeout: 1_000 });
    const caller = new AbortController();
    let looked = -1; // to hand it on, and then
    const answer = new Proxy(
      { then: undefined },
      {
        getPrototypeOf(target) {
          looked++;
          return Reflect.getPrototypeOf(target);
        },
      },
    );

    await users.call(
      (context) => {
        if (hasHand) handOf(context);
        void context.signal;
        return answer;
      },
      { signal: caller.signal },
    );

    expect(looked).toBe(looks);
  });
});
