import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitSnapshot,
  InvalidOptionsError,
} from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  createHalfOpen,
  createOpen,
  type Fixture,
  failTimes,
  namesIn,
  play,
  RECOVERY,
  refusalOf,
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';
import { type ManualClock, manualClock } from '../support/manual-clock.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const throughJson = (snapshot: CircuitSnapshot): CircuitSnapshot => JSON.parse(JSON.stringify(snapshot));

/** Starts a breaker from a snapshot in what could be another process: another clock origin, `passed` ms later. */
function restart(
  { breaker, clock }: Fixture,
  {
    passed = 0,
    origin = 77.25,
    ...options
  }: CircuitBreakerOptions & { passed?: number; origin?: number } = {},
): { breaker: CircuitBreaker; clock: ManualClock } {
  const snapshot = throughJson(breaker.snapshot());
  const other = manualClock(origin, clock.wall + passed);
  const { clock: _, ...present } = breaker.options;
  const given: CircuitBreakerOptions = { ...present, ...options, mode: 'active', clock: other, snapshot };
  return { breaker: new CircuitBreaker(given), clock: other };
}

const windows = [
  ['count', { type: 'count', size: 10 }],
  ['time', { type: 'time', duration: 10_000, buckets: 10 }],
] as const;

const situations: [string, (options: CircuitBreakerOptions) => Promise<Fixture> | Fixture][] = [
  ['new', (options) => createBreaker(options)],
  [
    'CLOSED with some calls',
    async (options) => {
      const fixture = createBreaker(options);
      await play(fixture.breaker, 'ssfsf');
      fixture.clock.advance(10);
      return fixture;
    },
  ],
  [
    'CLOSED with a window that has gone round',
    async (options) => {
      const fixture = createBreaker({ failureThreshold: false, failureRateThreshold: false, ...options });
      await play(fixture.breaker, 'fffssfsfsssfsss');
      return fixture;
    },
  ],
  [
    'OPEN by failures',
    async (options) => {
      const fixture = createBreaker({ ...options, failureThreshold: 3 });
      await play(fixture.breaker, 'sfff');
      fixture.clock.advance(300);
      return fixture;
    },
  ],
  [
    'OPEN for the third time',
    async (options) => {
      const fixture = createOpen(options);
      for (let i = 0; i < 2; i++) {
        fixture.clock.advance(RECOVERY);
        await failTimes(fixture.breaker, 1);
      }
      return fixture;
    },
  ],
  [
    'HALF_OPEN with successes',
    async (options) => {
      const fixture = createHalfOpen({ ...options, successThreshold: 3 });
      await succeedTimes(fixture.breaker, 2);
      return fixture;
    },
  ],
  [
    'forced open',
    async (options) => {
      const fixture = createBreaker(options);
      await play(fixture.breaker, 'sf');
      fixture.breaker.forceOpen();
      return fixture;
    },
  ],
  [
    'forced open from OPEN',
    (options) => {
      const fixture = createOpen(options);
      fixture.breaker.forceOpen();
      return fixture;
    },
  ],
  [
    'forced closed',
    async (options) => {
      const fixture = createBreaker(options);
      fixture.breaker.forceClosed();
      await play(fixture.breaker, 'sfff');
      return fixture;
    },
  ],
];

describe('a snapshot', () => {
  test.each(
    windows.flatMap(([type, window]) =>
      situations.map(([name, make]) => [name, type, window, make] as const),
    ),
  )('survives the way to another process: %s, with a %s window', async (_name, _type, window, make) => {
    const fixture = await make({ window });
    const before = fixture.breaker.metrics;

    const { breaker, clock } = restart(fixture);

    const { since, lastFailure, lastTransition, ...after } = breaker.metrics;
    expect(after).toMatchObject({
      state: before.state,
      mode: before.mode,
      attempt: before.attempt,
      retryAfter: before.retryAfter,
      consecutiveFailures: before.consecutiveFailures,
      health: before.health,
      window: before.window,
      totals: before.totals,
      inFlight: 0,
    });
    expect(clock.time - since).toBeCloseTo(fixture.clock.time - before.since, 6);
    expect(lastFailure?.at).toEqual(
      before.lastFailure === null
        ? undefined
        : expect.closeTo(clock.time - (fixture.clock.time - before.lastFailure.at), 6),
    );
  });

  test.each(
    windows.flatMap(([type, window]) =>
      situations.map(([name, make]) => [name, type, window, make] as const),
    ),
  )(
    'of a breaker that was started from one says the same: %s, with a %s window',
    async (_name, _type, window, make) => {
      const fixture = await make({ window });
      const first = fixture.breaker.snapshot();

      const second = restart(fixture).breaker.snapshot();

      const { elapsed, window: content, ...rest } = second as typeof second & { elapsed?: number };
      expect(rest).toMatchObject({
        ...pick(first, ['version', 'name', 'state', 'mode', 'attempt', 'consecutiveFailures', 'totals']),
      });
      expect(throughJson(second)).toEqual(second);
      expect(content.type).toBe(first.window.type);
    },
  );

  test('is what JSON.stringify takes of a breaker', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    await failTimes(breaker, 1);

    expect(JSON.parse(JSON.stringify(breaker))).toEqual(breaker.snapshot());
    expect(breaker.toJSON()).toEqual(breaker.snapshot());
  });

  test('is versioned and named, and says when it was taken', () => {
    const { breaker, clock } = createBreaker({ name: 'users' });

    expect(breaker.snapshot()).toMatchObject({ version: 1, name: 'users', takenAt: clock.wall });
  });

  test('is a fresh object each time that the breaker does not keep', () => {
    const { breaker } = createOpen();
    const first = breaker.snapshot();

    Object.assign(first.totals, { opened: 99 });
    Object.assign(first.window, { outcomes: '1' });

    expect(breaker.snapshot().totals.opened).toBe(1);
    expect(breaker.metrics.totals.opened).toBe(1);
  });

  test('that was handed in is neither written to nor kept by reference', async () => {
    const fixture = createBreaker();
    await play(fixture.breaker, 'sf');
    const snapshot = throughJson(fixture.breaker.snapshot());
    const copy = structuredClone(snapshot);
    const breaker = new CircuitBreaker({ snapshot, clock: manualClock(0, fixture.clock.wall) });

    Object.assign(snapshot.totals, { calls: 99 });
    await play(breaker, 'ff');

    expect(breaker.metrics.totals.calls).toBe(4);
    expect({ ...snapshot, totals: copy.totals }).toEqual(copy);
  });

  test('takes nothing but data of what failed', async () => {
    const { breaker } = createBreaker();
    const secret = Object.assign(new RangeError('boom', { cause: new Error('why') }), {
      code: 'E_BOOM',
      password: 'secret',
    });
    await failTimes(breaker, 1, secret);

    const json = JSON.stringify(breaker.snapshot());

    expect(json).toContain('boom');
    expect(json).not.toContain('secret');
  });

  test('brings the last failure back as an error with its name, message and code', async () => {
    const fixture = createBreaker({ failureThreshold: 1 });
    await failTimes(fixture.breaker, 1, Object.assign(new RangeError('boom'), { code: 'E_BOOM' }));

    const { breaker } = restart(fixture);
    const { cause } = thrownBy(() => breaker.acquire()) as Error;

    expect(cause).toBeInstanceOf(Error);
    expect(cause).toMatchObject({ name: 'RangeError', message: 'boom', code: 'E_BOOM' });
  });

  const trap = () => {
    throw new Error('trap');
  };
  test.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['null', () => null],
    ['a string', () => 'boom'],
    ['a symbol', () => Symbol('boom')],
    ['a bigint', () => 5n],
    ['a function', () => trap],
    ['an object without a prototype', () => Object.create(null)],
    [
      'a circle',
      () => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      },
    ],
    ['an error whose message throws', () => Object.defineProperty(new Error(), 'message', { get: trap })],
    [
      'an error whose name is an object',
      () => Object.assign(new Error('boom'), { name: { toString: trap } }),
    ],
    ['an error whose code is a symbol', () => Object.assign(new Error('boom'), { code: Symbol('code') })],
    ['a proxy that throws', () => new Proxy({}, { get: trap, getPrototypeOf: trap })],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
  ])('can be taken whatever failed last: %s', async (_, create) => {
    watchRuntime();
    const fixture = createBreaker({ failureThreshold: 1 });
    fixture.breaker.acquire().failure(create());

    const { breaker } = restart(fixture);
    await quiet();

    expect(breaker.state).toBe('OPEN');
  });

  test('can be started from by a breaker of another name', () => {
    const { breaker } = restart(createOpen({ name: 'users' }), { name: 'accounts' });

    expect(breaker.metrics).toMatchObject({ name: 'accounts', state: 'OPEN' });
  });

  test('steers a breaker of other options, which keeps them', async () => {
    const { breaker } = restart(createOpen(), { successThreshold: 9 });

    expect(breaker.state).toBe('OPEN');
    expect(breaker.options.successThreshold).toBe(9);
  });

  test('leaves a window of another shape empty', async () => {
    const fixture = createBreaker({ window: { type: 'count', size: 10 } });
    await play(fixture.breaker, 'ssf');

    const { breaker } = restart(fixture, { window: { type: 'time' } });

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', consecutiveFailures: 1, window: { calls: 0 } });
  });

  test('goes on evicting the oldest calls of a count window', async () => {
    const fixture = createBreaker({
      window: { type: 'count', size: 4 },
      failureThreshold: false,
      failureRateThreshold: false,
    });
    await play(fixture.breaker, 'ssffss');
    const { breaker } = restart(fixture);
    const failures = [breaker.metrics.window.failures];

    for (let i = 0; i < 3; i++) {
      await succeedTimes(breaker, 1);
      failures.push(breaker.metrics.window.failures);
    }

    expect(failures).toEqual([2, 1, 0, 0]);
  });

  test('tells no transition of where it starts', () => {
    const told: unknown[] = [];
    const fixture = createOpen();
    const snapshot = fixture.breaker.snapshot();

    new CircuitBreaker({
      snapshot,
      onTransition: (event) => told.push(event),
      onOpen: (event) => told.push(event),
    });

    expect(told).toEqual([]);
  });

  test('starts a breaker that goes on as the first would have', async () => {
    const { breaker, clock } = restart(createOpen({ successThreshold: 1 }));
    const transitions = recordEvents(breaker, { events: ['transition'] });

    clock.advance(RECOVERY);
    await succeedTimes(breaker, 1);

    expect(stepsIn(transitions)).toEqual(['OPEN→HALF_OPEN probing', 'HALF_OPEN→CLOSED recovered']);
  });

  test('of HALF_OPEN has no probes out: those of the other process are none here', () => {
    const fixture = createHalfOpen({ halfOpenMaxCalls: 1, successThreshold: 1 });
    fixture.breaker.acquire();

    const { breaker } = restart(fixture);
    breaker.acquire().success();

    expect(breaker.state).toBe('CLOSED');
  });

  test('of HALF_OPEN needs the successes that were missing', async () => {
    const fixture = createHalfOpen({ successThreshold: 3 });
    await succeedTimes(fixture.breaker, 2);

    const { breaker } = restart(fixture);
    await succeedTimes(breaker, 1);

    expect(breaker.state).toBe('CLOSED');
  });

  test('of a forced breaker is forced until reset', async () => {
    const fixture = createBreaker();
    fixture.breaker.forceOpen();

    const { breaker, clock } = restart(fixture, { passed: 3_600_000 });
    clock.advance(3_600_000);
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ reason: 'forced-open' });
    breaker.reset();

    expect(await breaker.call(async () => 'fine')).toBe('fine');
  });

  test('does not bring `observe` to a breaker that was not configured so', () => {
    const { breaker } = restart(createOpen({ mode: 'observe' }));

    expect(breaker.mode).toBe('active');
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test.each([0.1, 0.3, 1.7, 123_456.789, 98_765_432.1])(
    'taken in the moment of opening can be restored, at a reading such as %d',
    (time) => {
      for (let i = 0; i < 50; i++) {
        const clock = manualClock(time + i * 0.1);
        const breaker = new CircuitBreaker({ clock, recoveryTimeout: 1_000 + i / 3 });
        breaker.trip();

        const restored = new CircuitBreaker({ clock, snapshot: throughJson(breaker.snapshot()) });

        expect(restored.state).toBe('OPEN');
      }
    },
  );
});

describe('the time that passed until it is restored', () => {
  test('counts towards the recovery', () => {
    const { breaker, clock } = restart(createOpen(), { passed: 400 });

    expect(breaker.metrics.retryAfter).toBe(RECOVERY - 400);
    clock.advance(RECOVERY - 401);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advance(1);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('adds to the time that had passed before', () => {
    const fixture = createOpen();
    fixture.clock.advance(300);

    const { breaker } = restart(fixture, { passed: 400 });

    expect(breaker.metrics.retryAfter).toBe(300);
  });

  test('can be more than the whole recovery', () => {
    const { breaker } = restart(createOpen(), { passed: 3_600_000 });

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', retryAfter: 0 });
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('is never less than 0, though the wall clock was put back', () => {
    const { breaker, clock } = restart(createOpen(), { passed: -3_600_000 });

    expect(breaker.metrics).toMatchObject({ since: clock.time, retryAfter: RECOVERY });
    clock.advance(RECOVERY);

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('ages the calls of a time window', async () => {
    const fixture = createBreaker({ window: { type: 'time', duration: 10_000, buckets: 10 } });
    await play(fixture.breaker, 'ssf');

    const soon = restart(fixture, { passed: 5_000 }).breaker;
    const late = restart(fixture, { passed: 11_000 }).breaker;

    expect(soon.metrics.window).toMatchObject({ calls: 3, failures: 1 });
    expect(late.metrics.window).toMatchObject({ calls: 0, failures: 0 });
  });

  test.each([0, 3_333, -123.4, 99_999.9])(
    'ages them bucket by bucket, with a clock from %d',
    async (origin) => {
      const fixture = createBreaker({
        failureThreshold: false,
        window: { type: 'time', duration: 10_000, buckets: 10 },
      });
      for (let i = 0; i < 5; i++) {
        await succeedTimes(fixture.breaker, 1);
        fixture.clock.advance(2_000);
      }

      const { breaker, clock } = restart(fixture, { origin });
      const seen = [breaker.metrics.window.calls];
      for (let i = 0; i < 5; i++) {
        clock.advance(2_000);
        seen.push(breaker.metrics.window.calls);
      }

      const exact = [4, 3, 2, 1, 0, 0];
      expect(seen.every((calls, i) => Math.abs(calls - (exact[i] as number)) <= 1)).toBe(true);
      expect(seen.at(-1)).toBe(0);
    },
  );

  test('leaves the figures that tripped it while OPEN', async () => {
    const fixture = createBreaker({
      failureThreshold: 3,
      window: { type: 'time', duration: 1_000, buckets: 10 },
    });
    await play(fixture.breaker, 'sfff');

    const { breaker } = restart(fixture, { passed: 60_000 });

    expect(breaker.metrics).toMatchObject({ consecutiveFailures: 3, window: { calls: 4, failures: 3 } });
  });

  test('is read from `Date.now` where the clock has no epoch', () => {
    const clock = { now: () => 0 };
    const before = Date.now();
    const breaker = new CircuitBreaker({ clock });

    const { takenAt } = breaker.snapshot();

    expect(takenAt).toBeGreaterThanOrEqual(before);
    expect(takenAt).toBeLessThanOrEqual(Date.now());
  });

  const noTime: [string, () => unknown][] = [
    ['NaN', () => Number.NaN],
    ['a text', () => 'today'],
    ['a BigInt', () => 5n],
    ['a Date', () => new Date()],
    [
      'an error',
      () => {
        throw new Error('no calendar');
      },
    ],
  ];

  test.each(noTime)('is that of the platform where the epoch is %s, and the process is warned', (_, tell) => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const before = Date.now();
    const breaker = new CircuitBreaker({ clock: { now: () => 0, epoch: tell as () => number } });

    const readings = [breaker.snapshot(), breaker.snapshot()].map(({ takenAt }) => takenAt);

    for (const takenAt of readings) {
      expect(takenAt).toBeGreaterThanOrEqual(before);
      expect(takenAt).toBeLessThanOrEqual(Date.now());
    }
    expect(emitWarning).toHaveBeenCalledOnce();
    emitWarning.mockRestore();
  });

  test.each(noTime)(
    'leaves a circuit that is restored its way out where the epoch is %s',
    async (_, tell) => {
      const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      const { breaker: before } = createOpen({ recoveryTimeout: RECOVERY });
      const snapshot = { ...before.snapshot(), takenAt: Date.now() + 60_000 };
      const clock = { time: 0, now: () => clock.time, epoch: tell as () => number };
      const breaker = new CircuitBreaker({ clock, snapshot });

      expect(breaker.metrics).toMatchObject({ state: 'OPEN', since: 0, retryAfter: RECOVERY });
      clock.time += RECOVERY;

      expect(breaker.tryAcquire()).toBeDefined();
      emitWarning.mockRestore();
    },
  );

  test('is no use of the epoch for anything but snapshots', async () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker({
      clock: {
        now: () => clock.now(),
        epoch: () => {
          throw new Error('nobody asked');
        },
      },
      failureThreshold: 1,
      callTimeout: 100,
    });

    await play(breaker, 'sf');
    await play(breaker, 's');

    expect(breaker.metrics.state).toBe('OPEN');
  });
});

test('an OPEN breaker keeps the figures of its time window, whatever the clocks say', async () => {
  const options = { window: { type: 'time' }, failureThreshold: false, minimumCalls: 10 } as const;
  const { breaker, clock } = createBreaker(options);
  clock.advance(-clock.now());
  await failTimes(breaker, 5);
  clock.advance(59_999);
  await failTimes(breaker, 5);
  clock.advance(1);

  const { breaker: next } = createBreaker({ ...options, snapshot: breaker.snapshot() });
  breaker.restore(breaker.snapshot());

  expect(next.metrics).toMatchObject({ state: 'OPEN', window: { calls: 10, failures: 10 } });
  expect(breaker.metrics).toMatchObject({ state: 'OPEN', window: { calls: 10, failures: 10 } });
});

describe('a damaged snapshot', () => {
  const good = (): CircuitSnapshot => {
    const { breaker } = createBreaker({ window: { type: 'count', size: 10 } });
    breaker.acquire().failure(new Error('boom'));
    return throughJson(breaker.snapshot());
  };
  const goodTime = (): CircuitSnapshot => {
    const { breaker } = createBreaker({ window: { type: 'time' } });
    breaker.acquire().failure(new Error('boom'));
    return throughJson(breaker.snapshot());
  };
  const refused = (snapshot: unknown) =>
    refusalOf(() => new CircuitBreaker({ name: 'users', snapshot: snapshot as never }));

  test('is one that differs from these, which are sound', () => {
    expect(new CircuitBreaker({ snapshot: good() }).metrics.totals.failures).toBe(1);
    expect(new CircuitBreaker({ snapshot: goodTime() }).metrics.totals.failures).toBe(1);
  });

  test.each(Object.keys(good()))('is refused when `%s` is missing', (key) => {
    const { [key as 'name']: _, ...rest } = good();

    expect(refused(rest).message).toContain(key);
  });

  const values = [
    undefined,
    null,
    true,
    Number.NaN,
    'nonsense',
    Number.POSITIVE_INFINITY,
    {},
    [],
    () => {},
    5n,
    -1.5,
  ];
  const damaged = Object.keys(good()).flatMap((key) =>
    values
      .filter((value) => !allowed(key, value))
      .map(
        (value) =>
          [key, typeof value === 'bigint' ? '5n' : String(JSON.stringify(value) ?? value), value] as const,
      ),
  );

  function allowed(key: string, value: unknown): boolean {
    return (
      (key === 'name' && value === 'nonsense') ||
      (key === 'lastFailure' && value === null) ||
      (key === 'takenAt' && value === -1.5)
    );
  }

  test.each(damaged)('is refused when `%s` is %s', (key, _, value) => {
    const error = refused({ ...good(), [key]: value });

    expect(error.breaker).toBe('users');
    expect(error.message).toContain('snapshot');
  });

  test.each<[string, object]>([
    ['an unknown state', { state: 'AJAR' }],
    ['a state in another case', { state: 'open' }],
    ['an unknown mode', { mode: 'forced' }],
    ['forced open, but CLOSED', { mode: 'forced-open', state: 'CLOSED' }],
    ['forced closed, but OPEN', { mode: 'forced-closed', state: 'OPEN' }],
    ['forced closed, but HALF_OPEN', { mode: 'forced-closed', state: 'HALF_OPEN' }],
    ['a fraction of an attempt', { attempt: 1.5 }],
    ['a negative count', { consecutiveFailures: -1 }],
    ['a window without a type', { window: { size: 10, outcomes: '' } }],
    ['a window of an unknown type', { window: { type: 'sliding', size: 10, outcomes: '' } }],
    ['an outcome that is none', { window: { type: 'count', size: 10, outcomes: '0129' } }],
    ['outcomes that are no string', { window: { type: 'count', size: 10, outcomes: [0, 1] } }],
    ['more outcomes than fit', { window: { type: 'count', size: 3, outcomes: '0101' } }],
    ['a count window without a size', { window: { type: 'count', outcomes: '' } }],
    ['a last failure that is none', { lastFailure: 'boom' }],
    ['a last failure without a message', { lastFailure: { name: 'Error', code: null, ago: 0 } }],
    ['a last failure from the future', { lastFailure: { name: 'Error', message: '', code: null, ago: -5 } }],
    ['a total that is missing', { totals: { calls: 1 } }],
    ['a total that is negative', { totals: { ...good().totals, calls: -1 } }],
    ['a total that is a string', { totals: { ...good().totals, calls: '1' } }],
    ['a total that is NaN', { totals: { ...good().totals, calls: Number.NaN } }],
  ])('is refused with %s', (_, change) => {
    expect(refused({ ...good(), ...change }).message).toContain('snapshot');
  });

  test.each<[string, unknown]>([
    ['no list', 'nonsense'],
    ['a bucket that is no list', [5]],
    ['a bucket that is null', [null]],
    ['too few members', [[0, 1, 1]]],
    ['too many members', [[0, 1, 1, 0, 0]]],
    ['a count that is a string', [[0, '1', 0, 0]]],
    ['a count that is negative', [[0, -1, 0, 0]]],
    ['a count that is a fraction', [[0, 1.5, 0, 0]]],
    ['an age that is NaN', [[Number.NaN, 1, 0, 0]]],
    ['an age that is infinite', [[Number.POSITIVE_INFINITY, 1, 0, 0]]],
    ['more failures than calls', [[0, 1, 2, 0]]],
    ['more slow calls than calls', [[0, 1, 0, 2]]],
  ])('is refused with buckets that are damaged: %s', (_, counts) => {
    const snapshot = goodTime();

    expect(refused({ ...snapshot, window: { ...snapshot.window, counts } }).message).toContain('snapshot');
  });

  test('is refused without walking through a list that says it is endless', () => {
    let reads = 0;
    const endless = new Proxy({ length: 1e6 } as Record<string | symbol, unknown>, {
      get(target, key) {
        reads++;
        return target[key];
      },
    });
    const snapshot = goodTime();

    refused({ ...snapshot, window: { ...snapshot.window, counts: [endless] } });

    expect(reads).toBeLessThan(100);
  });

  test.each([null, 5, 'CLOSED', [], true, () => {}])('is refused when it is no object: %s', (snapshot) => {
    expect(refused(snapshot).message).toContain('snapshot');
  });

  test('is refused when it cannot be read', () => {
    const hostile = {
      ...good(),
      get state(): never {
        throw new Error('trap');
      },
    };

    expect(refused(hostile).code).toBe('ERR_INVALID_OPTIONS');
  });

  test('is refused when its members are inherited', () => {
    expect(refused(Object.create(good())).code).toBe('ERR_INVALID_OPTIONS');
  });

  test('touches no prototype', () => {
    const text = JSON.stringify(good()).replace('{', '{"__proto__":{"polluted":true},');

    const breaker = new CircuitBreaker({ snapshot: JSON.parse(text) });

    expect(breaker.state).toBe('CLOSED');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([2, 99, 1e9])('is told from one of a newer version: %d', (version) => {
    const error = refused({ ...good(), version });

    expect(error.message).toContain('version');
    expect(error.message).toContain(String(version));
  });

  test.each([0, -1, 1.5, '1', null])('is refused with a version that never was: %s', (version) => {
    expect(refused({ ...good(), version }).message).toContain('version');
  });

  test.each([Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 1e15])(
    'with times of %d ms is refused, or keeps every time finite',
    (most) => {
      const extreme = {
        state: 'OPEN',
        takenAt: -most,
        elapsed: most,
        recovery: most,
        remaining: most,
      } as const;
      let next: CircuitSnapshot | undefined;

      try {
        next = new CircuitBreaker({ snapshot: { ...good(), ...extreme } }).snapshot();
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidOptionsError);
      }

      expect(next).toEqual(next && throughJson(next));
    },
  );

  test('leaves the breaker that was to be restored as it was', () => {
    const { breaker } = createOpen();
    const before = breaker.metrics;
    const names = recordEvents(breaker);

    thrownBy(() => breaker.restore({ ...good(), attempt: -1 }));

    expect(breaker.metrics).toEqual(before);
    expect(namesIn(names)).toEqual([]);
  });
});

describe('restore', () => {
  test('takes over the state, and tells it', () => {
    const { breaker: source, clock } = createOpen();
    const { breaker } = createBreaker({ clock });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    breaker.restore(source.snapshot());

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN restored']);
    expect(breaker.metrics).toMatchObject({
      state: 'OPEN',
      attempt: 1,
      retryAfter: RECOVERY,
      totals: { opened: 1 },
    });
  });

  test('makes calls in flight late', () => {
    const { breaker: source } = createBreaker();
    const { breaker } = createBreaker({ failureThreshold: 1 });
    const late = breaker.acquire();

    breaker.restore(source.snapshot());
    late.failure();

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', inFlight: 0, totals: { failures: 1 } });
  });

  test('lets totals only grow', async () => {
    const { breaker: source } = createBreaker();
    await play(source, 's');
    const { breaker } = createBreaker();
    await play(breaker, 'ssf');

    breaker.restore(source.snapshot());

    expect(breaker.metrics.totals).toMatchObject({ calls: 3, successes: 2, failures: 1 });
  });

  test('tells a forced mode', () => {
    const { breaker: source } = createBreaker();
    source.forceOpen();
    const { breaker } = createBreaker();
    const modes: string[] = [];
    breaker.on('mode', ({ from, to }) => modes.push(`${from}→${to}`));

    breaker.restore(source.snapshot());

    expect(modes).toEqual(['active→forced-open']);
  });
});

function pick<T extends object, Key extends keyof T>(from: T, keys: Key[]): Pick<T, Key> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, Key>;
}

describe('what a snapshot leaves out', () => {
  test('has no recovery time of a breaker that was forced open while OPEN', () => {
    const breaker = new CircuitBreaker({ clock: manualClock(), recoveryTimeout: 1_000 });
    breaker.trip();

    breaker.forceOpen();

    expect(breaker.snapshot()).toMatchObject({ mode: 'forced-open', recovery: 0, remaining: 0 });
  });

  test('of a CLOSED breaker has no recovery time, whatever the one that was restored said', () => {
    const clock = manualClock();
    const snapshot = { ...new CircuitBreaker({ clock }).snapshot(), recovery: 500, remaining: 500 };

    const breaker = new CircuitBreaker({ clock, snapshot });

    expect(breaker.snapshot()).toMatchObject({ state: 'CLOSED', recovery: 0, remaining: 0 });
  });

  test('without a last failure trips without one too', () => {
    const clock = manualClock();
    const options = {
      clock,
      failureThreshold: false,
      minimumCalls: 4,
      window: { type: 'count', size: 4 },
    } as const;
    const empty = new CircuitBreaker(options).snapshot();
    const breaker = new CircuitBreaker({
      ...options,
      snapshot: { ...empty, window: { type: 'count', size: 4, outcomes: '111' } },
    });

    breaker.callSync(() => 'fine');

    expect(breaker.metrics.lastTransition).toEqual({
      from: 'CLOSED',
      to: 'OPEN',
      at: clock.time,
      reason: 'failure-rate',
    });
  });
});

const oldest = ({ window }: CircuitSnapshot) =>
  window.type === 'time' ? (window.counts[0]?.[0] ?? Number.NaN) : Number.NaN;

test('an OPEN breaker that was restored hands on its time window as old as it got it', async () => {
  const window = { type: 'time', duration: 10_000, buckets: 10 } as const;
  const first = createBreaker({ window });
  await failTimes(first.breaker, 5);
  const snapshot = first.breaker.snapshot();

  const second = createOpen({ window });
  second.clock.advance(60_000);

  second.breaker.restore(snapshot);

  expect(second.breaker.state).toBe('OPEN');
  expect(Math.abs(oldest(second.breaker.snapshot()) - oldest(snapshot))).toBeLessThanOrEqual(1_000);
});

test('a refused snapshot says which breaker could not be restored', () => {
  const breaker = new CircuitBreaker({ name: 'users' });

  const refusal = refusalOf(() => breaker.restore({ ...breaker.snapshot(), attempt: -1 }));

  expect(refusal.message).toMatch(/^Cannot restore circuit breaker "users": /);
  expect(refusal.breaker).toBe('users');
});

test('a failure without a code is told as such, and recalled with a first line for its stack', () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  thrownBy(() =>
    breaker.callSync(() => {
      throw new RangeError('too far');
    }),
  );

  const snapshot = JSON.parse(JSON.stringify(breaker));
  const recalled = new CircuitBreaker({ snapshot }).metrics.lastFailure?.error as Error;

  expect(snapshot.lastFailure).toMatchObject({ name: 'RangeError', message: 'too far', code: null });
  expect(recalled.stack).toBe('RangeError: too far');
});

describe('a snapshot that tells more than the options do', () => {
  const restored = (changes: Partial<CircuitSnapshot>) => {
    const { breaker, clock } = createOpen();
    const snapshot = { ...throughJson(breaker.snapshot()), ...changes };
    const other = manualClock(77.25, clock.wall);
    return { breaker: new CircuitBreaker({ clock: other, snapshot }), clock: other };
  };

  test('goes by what remains of an opening, not by when it began', () => {
    const { breaker } = restored({ elapsed: 900, recovery: 1_000, remaining: 600 });

    expect(breaker.metrics.retryAfter).toBe(600);
  });

  test('lets a probe pass in HALF_OPEN though the clock goes back', () => {
    const { breaker, clock } = restored({ state: 'HALF_OPEN', recovery: 0, remaining: 0 });

    clock.time -= 50;

    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('has no failure with more than 1,000 characters of text', () => {
    const { breaker } = createBreaker();
    const error = Object.assign(new Error('m'.repeat(5_000)), { name: 'n'.repeat(5_000) });
    thrownBy(() =>
      breaker.callSync(() => {
        throw error;
      }),
    );

    const { lastFailure } = breaker.snapshot();

    expect([lastFailure?.message.length, lastFailure?.name.length]).toEqual([1_000, 1_000]);
  });
});

test('a call from before a restore takes no place after it, nor after a reset', () => {
  const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
  const before = breaker.acquire();
  breaker.restore(breaker.snapshot());
  breaker.reset();

  before.success();
  breaker.acquire();

  expect(breaker.tryAcquire()).toBeUndefined();
});
