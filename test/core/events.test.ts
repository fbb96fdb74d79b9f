import { CircuitBreaker, type CircuitBreakerEvents } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  ALL_EVENTS,
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  errorOf,
  failing,
  failTimes,
  heard,
  namesIn,
  play,
  RECOVERY,
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const boom = new Error('boom');

describe('the event of a call', () => {
  test('that succeeded carries its duration and value', async () => {
    const { breaker, clock } = createBreaker();
    const events = heard(breaker, 'success');

    await breaker.call(async () => {
      clock.advance(30);
      return 42;
    });

    expect(events).toEqual([{ breaker: 'test', duration: 30, value: 42 }]);
  });

  test('that failed carries its duration and error', async () => {
    const { breaker, clock } = createBreaker();
    const events = heard(breaker, 'failure');

    await breaker.tryCall(async () => {
      clock.advance(30);
      throw boom;
    });

    expect(events).toEqual([{ breaker: 'test', duration: 30, error: boom }]);
  });

  test('that failed with a value carries the value', async () => {
    const { breaker } = createBreaker({ isFailure: () => true });
    const events = heard(breaker, 'failure');

    await breaker.call(async () => 503);

    expect(events).toEqual([{ breaker: 'test', duration: 0, value: 503 }]);
  });

  test('that was ignored carries the error', async () => {
    const { breaker } = createBreaker({ excludedErrors: [Error] });
    const events = heard(breaker, 'ignore');

    await breaker.tryCall(failing(boom));

    expect(events).toEqual([{ breaker: 'test', duration: 0, error: boom }]);
  });

  test('that was rejected carries the error and the reason', async () => {
    const { breaker } = createOpen();
    const events = heard(breaker, 'reject');

    const error = await errorOf(breaker.call(async () => 1));

    expect(events).toMatchObject([{ breaker: 'test', reason: 'open', observed: false }]);
    expect(events[0]?.error).toBe(error);
  });

  test('is told once', async () => {
    const { breaker } = createBreaker();
    const names = recordEvents(breaker);

    await play(breaker, 'sf');

    expect(namesIn(names)).toEqual(['success', 'failure']);
  });

  test('is told of late results too', () => {
    const { breaker } = createBreaker();
    const late = breaker.acquire();
    breaker.trip();
    const names = recordEvents(breaker);

    late.failure();

    expect(namesIn(names)).toEqual(['failure']);
  });
});

describe('a transition', () => {
  test('is told together with the event of its state', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 1, successThreshold: 1 });
    const names: string[] = [];
    for (const event of ['transition', 'open', 'halfOpen', 'close'] as const)
      breaker.on(event, () => names.push(event));

    await play(breaker, 'f');
    clock.advance(RECOVERY);
    await play(breaker, 's');

    expect(names).toEqual(['transition', 'open', 'transition', 'halfOpen', 'transition', 'close']);
  });

  test.each(['transition', 'open'] as const)('carries the same to listeners of `%s`', async (event) => {
    const { breaker, clock } = createBreaker({ failureThreshold: 1 });
    const events = heard(breaker, event);

    await failTimes(breaker, 1, boom);

    expect(events).toMatchObject([
      {
        breaker: 'test',
        from: 'CLOSED',
        to: 'OPEN',
        at: clock.time,
        reason: 'consecutive-failures',
        error: boom,
      },
    ]);
    expect(events[0]?.metrics).toMatchObject({ name: 'test', state: 'OPEN', totals: { opened: 1 } });
  });

  test('is told after the state has changed', async () => {
    const states: string[] = [];
    const { breaker } = createBreaker({ failureThreshold: 1, onOpen: () => states.push(breaker.state) });

    await failTimes(breaker, 1);

    expect(states).toEqual(['OPEN']);
  });

  test('is told after the outcome that caused it, which is told after the state has changed', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const told: string[] = [];
    for (const event of ['failure', 'transition', 'open'] as const) {
      breaker.on(event, () => told.push(`${event} ${breaker.state}`));
    }

    await failTimes(breaker, 1);

    expect(told).toEqual(['failure OPEN', 'transition OPEN', 'open OPEN']);
  });

  test('is told to listeners that were given up front', async () => {
    const [onTransition, onOpen, onHalfOpen, onClose] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    const { breaker } = createRecovered({ onTransition, onOpen, onHalfOpen, onClose, successThreshold: 1 });

    await succeedTimes(breaker, 1);

    const counts = [onTransition, onOpen, onHalfOpen, onClose].map(({ mock }) => mock.calls.length);
    expect(counts).toEqual([3, 1, 1, 1]);
  });

  test('carries figures of its own, that no later call changes', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const events = heard(breaker, 'open');
    await failTimes(breaker, 1);

    await failTimes(breaker, 3);

    expect(events[0]?.metrics.totals).toMatchObject({ calls: 1, rejected: 0 });
  });

  test('cannot be used to write to the breaker', () => {
    const { breaker } = createBreaker();
    breaker.on('open', (transition) => {
      Object.assign(transition.metrics.totals, { opened: 99 });
      Object.assign(transition, { to: 'CLOSED' });
    });

    breaker.trip();

    expect(breaker.metrics).toMatchObject({
      state: 'OPEN',
      totals: { opened: 1 },
      lastTransition: { to: 'OPEN' },
    });
  });
});

describe('listeners', () => {
  test('are told in the order in which they were added', () => {
    const { breaker } = createBreaker();
    const told: number[] = [];
    for (const n of [1, 2, 3]) breaker.on('open', () => told.push(n));

    breaker.trip();

    expect(told).toEqual([1, 2, 3]);
  });

  test('are told no more once they are unsubscribed', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn();
    const unsubscribe = breaker.on('open', listener);

    unsubscribe();
    breaker.trip();

    expect(listener).not.toHaveBeenCalled();
  });

  test('are told no more after `off`', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn();
    breaker.on('open', listener);

    breaker.off('open', listener);
    breaker.trip();

    expect(listener).not.toHaveBeenCalled();
  });

  test('are told twice when they were added twice', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn();
    breaker.on('open', listener);
    breaker.on('open', listener);

    breaker.trip();

    expect(listener).toHaveBeenCalledTimes(2);
  });

  test('that were added twice are told once after one was unsubscribed, however often', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn();
    const unsubscribe = breaker.on('open', listener);
    breaker.on('open', listener);

    unsubscribe();
    unsubscribe();
    breaker.trip();

    expect(listener).toHaveBeenCalledOnce();
  });

  test('that were added twice are told once after one `off`', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn();
    breaker.on('open', listener);
    breaker.on('open', listener);

    breaker.off('open', listener);
    breaker.trip();

    expect(listener).toHaveBeenCalledOnce();
  });

  test('added with `once` are told once', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn();
    breaker.once('open', listener);

    breaker.trip();
    breaker.reset();
    breaker.trip();

    expect(listener).toHaveBeenCalledOnce();
  });

  test.each(['the function that `once` returned', 'off'])(
    'added with `once` can be removed before, by %s',
    (how) => {
      const { breaker } = createBreaker();
      const listener = vi.fn();
      const unsubscribe = breaker.once('open', listener);

      if (how === 'off') breaker.off('open', listener);
      else unsubscribe();
      breaker.trip();

      expect(listener).not.toHaveBeenCalled();
    },
  );

  test('come, go and are told at the same cost each, however many there are', () => {
    const { breaker } = createBreaker();
    const told = vi.fn();
    const iterator = Object.getPrototypeOf([][Symbol.iterator]());
    const { next } = iterator;
    let looks = 0;
    iterator.next = function () {
      looks++;
      return next.call(this);
    };

    const leave = Array.from({ length: 1_000 }, () => breaker.on('close', told));
    for (let i = 0; i < 1_000; i++) breaker.once('open', told);
    for (const unsubscribe of leave) unsubscribe();
    breaker.trip();
    iterator.next = next;

    expect(told).toHaveBeenCalledTimes(1_000);
    expect(looks).toBeLessThan(20_000);
  });

  test('that are removed though nobody added them change nothing', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn();
    breaker.on('open', listener);

    breaker.off('open', () => {});
    breaker.off('close', listener);
    breaker.trip();

    expect(listener).toHaveBeenCalledOnce();
  });

  test.each(['on', 'once', 'off'] as const)('cannot be handed to `%s` for an unknown event', (method) => {
    const { breaker } = createBreaker();

    for (const event of [
      'opened',
      '',
      '__proto__',
      'constructor',
      'toString',
      undefined,
      null,
      1,
      Symbol('open'),
    ]) {
      expect(thrownBy(() => breaker[method](event as never, () => {}))).toBeInstanceOf(TypeError);
    }
  });

  test.each(['on', 'once', 'off'] as const)('must be functions for `%s`', (method) => {
    const { breaker } = createBreaker();

    for (const listener of [undefined, null, 'listener', {}, 1]) {
      expect(thrownBy(() => breaker[method]('open', listener as never))).toBeInstanceOf(TypeError);
    }
  });

  test.each(ALL_EVENTS)('are taken for `%s`', (event) => {
    const { breaker } = createBreaker();

    const unsubscribe = breaker.on(event, () => {});

    expect(unsubscribe).toBeTypeOf('function');
  });
});

describe('a listener that throws', () => {
  async function failures(
    listen: (breaker: CircuitBreaker, error: Error) => void,
    run: (breaker: CircuitBreaker) => unknown,
  ) {
    const { uncaught, unhandled } = watchRuntime();
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const error = new Error('broken listener');
    listen(breaker, error);
    await run(breaker);
    await quiet();
    return { breaker, error, uncaught, unhandled };
  }

  const throwOn = (event: keyof CircuitBreakerEvents) => (breaker: CircuitBreaker, error: Error) => {
    breaker.on(event, () => {
      throw error;
    });
  };

  test('does not disturb a call that succeeds, and its error is rethrown', async () => {
    let value: unknown;

    const { error, uncaught, unhandled } = await failures(throwOn('success'), async (breaker) => {
      value = await breaker.call(async () => 42);
    });

    expect(value).toBe(42);
    expect([uncaught, unhandled]).toEqual([[error], []]);
  });

  test('does not disturb a call that fails', async () => {
    let rejection: unknown;

    const { breaker, uncaught } = await failures(throwOn('failure'), async (breaker) => {
      rejection = await errorOf(breaker.call(failing(boom)));
    });

    expect(rejection).toBe(boom);
    expect(breaker.state).toBe('OPEN');
    expect(uncaught).toHaveLength(1);
  });

  test('does not disturb a rejection', async () => {
    let rejection: unknown;

    const { uncaught } = await failures(throwOn('reject'), async (breaker) => {
      breaker.trip();
      rejection = await errorOf(breaker.call(async () => 1));
    });

    expect(rejection).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(uncaught).toHaveLength(1);
  });

  test('does not disturb a fallback', async () => {
    let value: unknown;

    const { uncaught } = await failures(throwOn('fallback'), async (breaker) => {
      value = await breaker.call<unknown>(failing(boom), { fallback: () => 'instead' });
    });

    expect(value).toBe('instead');
    expect(uncaught).toHaveLength(1);
  });

  test.each(['trip', 'forceOpen'] as const)('does not disturb %s', async (steer) => {
    const { breaker, uncaught } = await failures(throwOn('transition'), (breaker) => breaker[steer]());

    expect(breaker.state).toBe('OPEN');
    expect(uncaught).toHaveLength(1);
  });

  test('does not disturb the listeners after it', async () => {
    const others = [vi.fn(), vi.fn()];

    await failures(
      (breaker, error) => {
        breaker.on('open', () => {
          throw error;
        });
        for (const other of others) breaker.on('open', other);
      },
      (breaker) => breaker.trip(),
    );

    expect(others.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  test('does not keep a probe’s permit', async () => {
    const { breaker } = await failures(throwOn('success'), async (breaker) => {
      breaker.update({ recoveryTimeout: 0, halfOpenMaxCalls: 1, successThreshold: 2 });
      breaker.trip();
      await breaker.call(async () => 1);
      await breaker.call(async () => 1);
    });

    expect(breaker.state).toBe('CLOSED');
  });

  test('is reported for each time', async () => {
    const { error, uncaught } = await failures(throwOn('success'), (breaker) => succeedTimes(breaker, 3));

    expect(uncaught).toEqual([error, error, error]);
  });

  test('may throw anything, `undefined` too', async () => {
    const { uncaught } = watchRuntime();
    const { breaker } = createBreaker();
    breaker.on('open', () => {
      throw undefined;
    });

    breaker.trip();
    await quiet();

    expect(uncaught).toEqual([undefined]);
  });
});

describe('adding or removing listeners', () => {
  test('never changes what the breaker does', async () => {
    const plain = createBreaker({ failureThreshold: 3, successThreshold: 2 });
    const watched = createBreaker({ failureThreshold: 3, successThreshold: 2 });
    const run = async ({ breaker, clock }: typeof plain) => {
      await play(breaker, 'sfsfffff');
      clock.advance(RECOVERY);
      await play(breaker, 'sf');
      clock.advance(RECOVERY);
      await play(breaker, 'sssf');
      return breaker.metrics;
    };

    recordEvents(watched.breaker);
    const expected = await run(plain);
    const actual = await run(watched);

    expect(actual).toEqual(expected);
  });

  test('from within a listener changes the next event, not this one', () => {
    const { breaker } = createBreaker();
    const told: string[] = [];
    breaker.on('open', () => {
      told.push('first');
      breaker.off('open', second);
      breaker.on('open', third);
    });
    const second = () => told.push('second');
    const third = () => told.push('third');
    breaker.on('open', second);

    breaker.trip();
    expect(told).toEqual(['first', 'second']);
    breaker.reset();
    breaker.trip();

    expect(told).toEqual(['first', 'second', 'first', 'third']);
  });

  test('from within itself unsubscribes a listener', () => {
    const { breaker } = createBreaker();
    const listener = vi.fn(() => unsubscribe());
    const unsubscribe = breaker.on('open', listener);

    breaker.trip();
    breaker.reset();
    breaker.trip();

    expect(listener).toHaveBeenCalledOnce();
  });

  test('all of them does not turn the breaker off', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    for (const event of ALL_EVENTS) {
      const listener = () => {};
      breaker.on(event, listener);
      breaker.off(event, listener);
    }

    await failTimes(breaker, 1);

    expect(breaker.state).toBe('OPEN');
  });
});

describe('a listener that calls the breaker', () => {
  test('while it is told of an opening is rejected', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const results: unknown[] = [];
    breaker.on('open', () => {
      void breaker.tryCall(async () => 1).then((result) => results.push(result));
    });

    await failTimes(breaker, 1);
    await quiet();

    expect(results).toMatchObject([{ ok: false, rejected: true }]);
  });

  test('while it is told of the failure that trips sees every event in order', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const names = recordEvents(breaker);
    breaker.once('failure', () => {
      breaker.tryAcquire();
    });

    await failTimes(breaker, 1);

    expect(namesIn(names)).toEqual(['failure', 'transition', 'open', 'reject']);
  });

  test('to reset it on the failure that trips is told both transitions', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const transitions = recordEvents(breaker, { events: ['transition'] });
    breaker.once('failure', () => breaker.reset());

    await failTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN consecutive-failures', 'OPEN→CLOSED reset']);
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', totals: { opened: 1 } });
  });

  test('to trip it on the success that closes is told both transitions', async () => {
    const { breaker } = createHalfOpen({ successThreshold: 1 });
    const transitions = recordEvents(breaker, { events: ['transition'] });
    breaker.once('success', () => breaker.trip());

    await succeedTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['HALF_OPEN→CLOSED recovered', 'CLOSED→OPEN tripped']);
    expect(breaker.metrics).toMatchObject({ state: 'OPEN', totals: { opened: 2 } });
  });

  test('to trip it while it is told of the closing leaves `open` the last word', () => {
    const { breaker } = createOpen();
    const names: string[] = [];
    breaker.once('transition', () => breaker.trip());
    for (const event of ['transition', 'open', 'close'] as const) breaker.on(event, () => names.push(event));

    breaker.reset();

    expect(breaker.state).toBe('OPEN');
    expect(names).toEqual(['transition', 'close', 'transition', 'open']);
  });

  test('to reset it while it is told of the opening leaves other listeners the order', () => {
    const { breaker } = createBreaker();
    breaker.once('open', () => breaker.reset());
    const transitions = recordEvents(breaker, { events: ['transition'] });

    breaker.trip();

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN tripped', 'OPEN→CLOSED reset']);
    expect(breaker.state).toBe('CLOSED');
  });

  test('to reset it while a probe is given up is told the reason that rejected the call', () => {
    const { breaker, clock } = createHalfOpen({ halfOpenMaxCalls: 1, probeTimeout: 100 });
    breaker.acquire();
    breaker.once('open', () => breaker.reset());
    clock.advance(101);

    const error = thrownBy(() => breaker.acquire());

    expect(error).toMatchObject({ reason: 'open', state: 'OPEN', retryAfter: RECOVERY });
  });

  test('to reset it while a probe is admitted makes that probe’s result late', async () => {
    const { breaker } = createRecovered({ failureThreshold: 1 });
    breaker.once('halfOpen', () => breaker.reset());

    await failTimes(breaker, 1);

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', window: { calls: 0 }, totals: { failures: 1 } });
  });

  test('while a probe is admitted takes no more permits than there are', async () => {
    const { breaker } = createRecovered({ halfOpenMaxCalls: 2 });
    const task = deferred();
    const results: boolean[] = [];
    breaker.once('halfOpen', () => {
      for (let i = 0; i < 3; i++) results.push(breaker.tryAcquire() !== undefined);
    });

    void breaker.call(() => task.promise);

    expect(results).toEqual([true, false, false]);
  });

  test('gets the present figures', async () => {
    const { breaker } = createBreaker();
    const seen: number[] = [];
    breaker.on('success', () => seen.push(breaker.metrics.totals.successes));

    await succeedTimes(breaker, 2);

    expect(seen).toEqual([1, 2]);
  });

  test('finds what it is told of counted', async () => {
    const { breaker } = createBreaker({ fallback: () => 'instead', excludedErrors: [TypeError] });
    const seen: Record<string, number>[] = [];
    const look = (event: 'failure' | 'ignore' | 'reject' | 'fallback') =>
      breaker.on(event, () => {
        const { failures, ignored, rejected, wouldReject, fallbacks } = breaker.metrics.totals;
        seen.push({ failures, ignored, rejected, wouldReject, fallbacks });
      });
    for (const event of ['failure', 'ignore', 'reject', 'fallback'] as const) look(event);

    await breaker.call<unknown>(failing());
    await breaker.tryCall(failing(new TypeError()));
    breaker.trip();
    await breaker.call<unknown>(failing());
    breaker.update({ mode: 'observe' });
    breaker.tryAcquire();

    const rest = { failures: 1, ignored: 1 };
    expect(seen).toEqual([
      { failures: 1, ignored: 0, rejected: 0, wouldReject: 0, fallbacks: 0 },
      { failures: 1, ignored: 0, rejected: 0, wouldReject: 0, fallbacks: 1 },
      { ...rest, rejected: 0, wouldReject: 0, fallbacks: 1 },
      { ...rest, rejected: 1, wouldReject: 0, fallbacks: 1 },
      { ...rest, rejected: 1, wouldReject: 0, fallbacks: 2 },
      { ...rest, rejected: 1, wouldReject: 1, fallbacks: 2 },
    ]);
  });

  test('can update it', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    breaker.on('open', () => breaker.update({ successThreshold: 7 }));

    await failTimes(breaker, 1);

    expect(breaker.options.successThreshold).toBe(7);
  });

  test('can take a snapshot that starts another breaker', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const copies: CircuitBreaker[] = [];
    breaker.on('open', () => copies.push(new CircuitBreaker({ snapshot: breaker.snapshot() })));

    await failTimes(breaker, 1);

    expect(copies.map(({ state }) => state)).toEqual(['OPEN']);
  });
});
