import { CallTimeoutError, CircuitBreaker, type CircuitBreakerOptions, systemClock } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  createRecovered,
  failing,
  hanging,
  play,
  succeedTimes,
} from '../support/breakers.js';

afterEach(() => {
  vi.useRealTimers();
});

/** How often the clock is read while something runs. */
async function readsOf({ clock }: ReturnType<typeof createBreaker>, run: () => unknown): Promise<number> {
  const before = clock.reads;
  await run();
  return clock.reads - before;
}

describe('the clock', () => {
  test('is not read for a success while CLOSED, by default', async () => {
    const fixture = createBreaker();

    const reads = await readsOf(fixture, () => succeedTimes(fixture.breaker, 20));

    expect(reads).toBe(0);
  });

  test('is not read for a permit that succeeds while CLOSED, by default', async () => {
    const fixture = createBreaker();

    const reads = await readsOf(fixture, () => fixture.breaker.acquire().success());

    expect(reads).toBe(0);
  });

  test.each<[string, CircuitBreakerOptions]>([
    ['a signal', {}],
    ['a limit of calls', { maxConcurrentCalls: 5 }],
    ['filters', { isFailure: () => false, excludedErrors: [Error] }],
    ['a fallback', { fallback: () => 1 }],
    ['a listener of transitions', { onTransition: () => {} }],
    ['observe', { mode: 'observe' }],
  ])('is not read for a success with %s either', async (what, options) => {
    const fixture = createBreaker(options);
    const { signal } = new AbortController();

    const reads = await readsOf(fixture, () =>
      fixture.breaker.call(async () => 1, what === 'a signal' ? { signal } : undefined),
    );

    expect(reads).toBe(0);
  });

  const everything: CircuitBreakerOptions = {
    slowCallDuration: 10,
    callTimeout: 100,
    window: { type: 'time', duration: 1_000, buckets: 10 },
    shouldTrip: () => false,
    recoveryTimeout: () => 1_000,
  };

  test.each<[string, CircuitBreakerOptions]>([
    ['a time window', { window: { type: 'time' } }],
    ['slow calls', { slowCallDuration: 10 }],
    ['a timeout', { callTimeout: 100 }],
    ['an own rule', { shouldTrip: () => false }],
    ['everything', everything],
  ])('is read at most twice for a success with %s', async (_, options) => {
    const fixture = createBreaker(options);
    recordEvents(fixture.breaker);

    const reads = await readsOf(fixture, () => succeedTimes(fixture.breaker, 1));

    expect(reads).toBeLessThanOrEqual(2);
  });

  test('is read once for a success with a time window', async () => {
    const fixture = createBreaker({ window: { type: 'time' } });

    const reads = await readsOf(fixture, () => succeedTimes(fixture.breaker, 10));

    expect(reads).toBe(10);
  });

  test.each<[string, CircuitBreakerOptions]>([
    ['no options', {}],
    ['everything', everything],
    ['everything, and it trips', { ...everything, failureThreshold: 1 }],
  ])('is read at most twice for a failure with %s', async (_, options) => {
    const fixture = createBreaker(options);
    recordEvents(fixture.breaker);

    const reads = await readsOf(fixture, () => fixture.breaker.tryCall(failing()));

    expect(reads).toBeLessThanOrEqual(2);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['succeeds', async () => 1],
    ['fails', failing()],
  ])('is read at most twice for the call that probes and %s', async (_, task) => {
    const fixture = createRecovered({ ...everything, successThreshold: 1, recoveryTimeout: 1_000 });
    recordEvents(fixture.breaker);

    const reads = await readsOf(fixture, () => fixture.breaker.tryCall(task));

    expect(reads).toBeLessThanOrEqual(2);
  });

  test('is read once for a rejection', async () => {
    const fixture = createOpen();
    recordEvents(fixture.breaker);

    const reads = await readsOf(fixture, () => fixture.breaker.tryCall(async () => 1));

    expect(reads).toBe(1);
  });

  test('is read once for a call that gives a probe up', async () => {
    const fixture = createHalfOpen({ halfOpenMaxCalls: 1, probeTimeout: 0 });
    fixture.breaker.acquire();
    fixture.clock.advance(1);

    const reads = await readsOf(fixture, () => fixture.breaker.tryAcquire());

    expect(fixture.breaker.state).toBe('OPEN');
    expect(reads).toBe(1);
  });

  test('is read at most twice for a call that times out', async () => {
    vi.useFakeTimers();
    const fixture = createBreaker({ callTimeout: 100 });

    const reads = await readsOf(fixture, async () => {
      const call = fixture.breaker.tryCall(hanging);
      await vi.advanceTimersByTimeAsync(100);
      expect(await call).toMatchObject({ error: expect.any(CallTimeoutError) });
    });

    expect(reads).toBeLessThanOrEqual(2);
  });

  test('is not read for a call whose signal was aborted already', async () => {
    const fixture = createOpen();

    const reads = await readsOf(fixture, () =>
      fixture.breaker.tryCall(async () => 1, { signal: AbortSignal.abort() }),
    );

    expect(reads).toBe(0);
  });

  test('is not read for the state, the mode or the options', async () => {
    const fixture = createOpen();
    const { breaker } = fixture;

    const reads = await readsOf(fixture, () => [breaker.state, breaker.mode, breaker.options, breaker.name]);

    expect(reads).toBe(0);
  });

  test('is asked as a method of its own object', async () => {
    const clock = {
      time: 7,
      now() {
        return this.time;
      },
    };
    const breaker = new CircuitBreaker({ clock, callTimeout: 100 });

    await breaker.call(async () => 1);

    expect(breaker.metrics.since).toBe(7);
  });

  test.each([-1_000_000, -0.5, 0, 2 ** 45])('may start anywhere: %d', async (time) => {
    let now = time;
    const breaker = new CircuitBreaker({
      clock: { now: () => now },
      failureThreshold: 1,
      successThreshold: 1,
      recoveryTimeout: 100,
    });

    await play(breaker, 'f');
    now += 99;
    expect(breaker.tryAcquire()).toBeUndefined();
    now += 1;
    await play(breaker, 's');

    expect(breaker.state).toBe('CLOSED');
  });
});

describe('a wall clock that jumps', () => {
  test.each([3_600_000, -3_600_000])('by %d ms changes nothing', (jump) => {
    vi.useFakeTimers();
    const breaker = new CircuitBreaker();
    breaker.trip();

    vi.setSystemTime(Date.now() + jump);

    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.metrics.retryAfter).toBe(60_000);
  });

  test('leaves the recovery to the monotonic one', async () => {
    vi.useFakeTimers();
    const breaker = new CircuitBreaker();
    breaker.trip();

    vi.setSystemTime(0);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(breaker.tryAcquire()).toBeDefined();
  });
});

describe('systemClock', () => {
  test('reads monotonic milliseconds', () => {
    vi.useFakeTimers();
    const before = systemClock.now();

    vi.advanceTimersByTime(250);

    expect(systemClock.now() - before).toBe(250);
  });

  test('reads wall-clock milliseconds for snapshots', () => {
    vi.useFakeTimers();
    vi.setSystemTime(1_700_000_000_000);

    expect(systemClock.epoch?.()).toBe(1_700_000_000_000);
  });

  test('cannot be changed for everybody', () => {
    expect(Object.isFrozen(systemClock)).toBe(true);
  });

  test('is the default', () => {
    expect(new CircuitBreaker().options.clock).toBe(systemClock);
  });
});

describe('a process that froze for an hour', () => {
  test('finds its time window empty when it wakes', async () => {
    const { breaker, clock } = createBreaker({
      failureThreshold: false,
      window: { type: 'time', duration: 60_000, buckets: 10 },
    });
    await play(breaker, 'fffffffff');

    clock.advance(3_600_000);

    expect(breaker.metrics.window.calls).toBe(0);
    await play(breaker, 'f');
    expect(breaker.state).toBe('CLOSED');
  });

  test('still admits no more probes than allowed', () => {
    const { breaker, clock } = createOpen({ halfOpenMaxCalls: 2 });

    clock.advance(3_600_000);
    const permits = Array.from({ length: 10 }, () => breaker.tryAcquire());

    expect(permits.filter(Boolean)).toHaveLength(2);
  });
});

describe('a clock that tells no time', () => {
  test.each([[undefined], [Number.NaN], [5n], [[1, 2]], [new Date(0)], ['5']])(
    'is refused when the breaker is made: %s',
    (reading) => {
      const clock = { now: () => reading as number };

      expect(() => new CircuitBreaker({ clock })).toThrow('must return a finite number of milliseconds');
    },
  );

  test.each<[string, () => number]>([
    ['tells none', () => Number.NaN],
    [
      'throws',
      () => {
        throw new Error('no time');
      },
    ],
  ])('later keeps the circuit as it is, and the call its result: %s', async (_, later) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const clock = { now: (): number => 0 };
    const breaker = new CircuitBreaker({ clock, slowCallDuration: 5 });
    const open = new CircuitBreaker({ clock });
    open.trip();

    clock.now = later;

    expect(await breaker.call(() => 'fine')).toBe('fine');
    expect(await open.tryCall(() => 'unreached')).toMatchObject({ ok: false, rejected: true });
    expect(open.metrics.state).toBe('OPEN');
    expect(warned).toHaveBeenCalledOnce();
  });

  test('from where it began does not lengthen a stay', () => {
    const { breaker, clock } = createOpen();
    clock.advance(900);
    breaker.tryAcquire();

    clock.time = 10;
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(100);

    expect(breaker.tryAcquire()).toBeDefined();
  });
});
