import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  systemClock,
  withCircuitBreaker,
} from 'recloser';
import { describe, expect, test } from 'vitest';
import { refusalOf } from '../support/breakers.js';

const refused = (options: unknown) => refusalOf(() => new CircuitBreaker(options as CircuitBreakerOptions));

describe('the options in force', () => {
  test('are the defaults where none are given', () => {
    const { options } = new CircuitBreaker();

    expect(options).toEqual({
      name: 'default',
      failureThreshold: 5,
      failureRateThreshold: 0.5,
      slowCallDuration: false,
      slowCallRateThreshold: 1,
      minimumCalls: 10,
      window: { type: 'count', size: 100 },
      shouldTrip: undefined,
      detector: false,
      recoveryTimeout: 60_000,
      halfOpenMaxCalls: 3,
      successThreshold: 3,
      probeTimeout: 60_000,
      callTimeout: false,
      maxConcurrentCalls: Number.POSITIVE_INFINITY,
      excludedErrors: [],
      trackedErrors: undefined,
      isFailure: undefined,
      fallback: undefined,
      fallbackOn: 'any',
      rejectionStackTrace: false,
      mode: 'active',
      clock: systemClock,
    });
  });

  test.each<[string, CircuitBreakerOptions, object]>([
    ['a smaller count window', { window: { type: 'count', size: 3 } }, { minimumCalls: 3 }],
    ['a larger count window', { window: { type: 'count', size: 1_000 } }, { minimumCalls: 10 }],
    [
      'a count window without a size',
      { window: { type: 'count' } },
      { window: { type: 'count', size: 100 } },
    ],
    [
      'a time window',
      { window: { type: 'time' } },
      { window: { type: 'time', duration: 60_000, buckets: 10 }, minimumCalls: 10 },
    ],
    ['a timeout', { callTimeout: 700 }, { probeTimeout: 700 }],
    ['a timeout of 0', { callTimeout: 0 }, { callTimeout: 0, probeTimeout: 0 }],
    ['no timeout', { callTimeout: false }, { callTimeout: false, probeTimeout: 60_000 }],
    ['a lease of its own', { callTimeout: 700, probeTimeout: 5 }, { probeTimeout: 5 }],
  ])('follow from others: %s', (_, given, expected) => {
    const { options } = new CircuitBreaker(given);

    expect(options).toMatchObject(expected);
  });

  test('are the defaults where `undefined` is given', () => {
    const keys = [
      ...Object.keys(new CircuitBreaker().options),
      'snapshot',
      'onTransition',
      'onOpen',
      'onClose',
      'onHalfOpen',
    ];

    const { options } = new CircuitBreaker(Object.fromEntries(keys.map((key) => [key, undefined])));

    expect(options).toEqual(new CircuitBreaker().options);
  });

  test('are frozen, with all that is in them', () => {
    const { options } = new CircuitBreaker({ excludedErrors: [RangeError], trackedErrors: [TypeError] });

    const parts = [options, options.window, options.excludedErrors, options.trackedErrors];

    expect(parts.map((part) => Object.isFrozen(part))).toEqual([true, true, true, true]);
  });

  test.each<[string, CircuitBreakerOptions]>([
    ['name: empty', { name: '' }],
    ['name: long', { name: 'x'.repeat(10_000) }],
    ['name: __proto__', { name: '__proto__' }],
    ['failureThreshold: 1', { failureThreshold: 1 }],
    ['failureThreshold: false', { failureThreshold: false }],
    ['failureRateThreshold: 0', { failureRateThreshold: 0 }],
    ['failureRateThreshold: 1', { failureRateThreshold: 1 }],
    ['failureRateThreshold: false', { failureRateThreshold: false }],
    ['slowCallDuration: 0', { slowCallDuration: 0 }],
    ['slowCallDuration: 0.5', { slowCallDuration: 0.5 }],
    ['slowCallRateThreshold: 0', { slowCallRateThreshold: 0, slowCallDuration: 0 }],
    ['minimumCalls: 1', { minimumCalls: 1 }],
    ['minimumCalls: the window', { minimumCalls: 100 }],
    ['minimumCalls: many in a time window', { minimumCalls: 100_000, window: { type: 'time' } }],
    ['recoveryTimeout: 0', { recoveryTimeout: 0 }],
    ['halfOpenMaxCalls: 1', { halfOpenMaxCalls: 1 }],
    ['successThreshold: 1', { successThreshold: 1 }],
    ['probeTimeout: 0', { probeTimeout: 0 }],
    ['callTimeout: 0', { callTimeout: 0 }],
    ['callTimeout: the longest', { callTimeout: 2 ** 31 - 1 }],
    ['maxConcurrentCalls: 1', { maxConcurrentCalls: 1 }],
    ['maxConcurrentCalls: Infinity', { maxConcurrentCalls: Number.POSITIVE_INFINITY }],
    ['window: size 1', { window: { type: 'count', size: 1 } }],
    ['window: one bucket', { window: { type: 'time', duration: 1, buckets: 1 } }],
  ])('take the edge of a range as a value of its own: %s', (_, given) => {
    const { options } = new CircuitBreaker(given);

    expect(options).toMatchObject(given);
  });
});

const notRatios = [null, -0.01, 1.01, 50, Number.NaN, Number.POSITIVE_INFINITY, '0.5', true, {}, [0.5], 1n];
const notCounts = [null, 0, -1, 1.5, Number.NaN, '5', true, {}, [5], 5n, Number.NEGATIVE_INFINITY];
const notDurations = [null, -1, Number.NaN, Number.POSITIVE_INFINITY, '100', true, {}, [100], 100n];
const notFunctions = [null, true, 'yes', 1, {}, []];
const notFilters = [null, Error, 'Error', {}, [null], ['Error'], [undefined], [Error, 5]];

const bad: Record<string, readonly unknown[]> = {
  name: [null, 5, {}, true, [], Symbol('name'), () => 'name'],
  failureThreshold: notCounts,
  failureRateThreshold: notRatios,
  slowCallDuration: notDurations,
  slowCallRateThreshold: [...notRatios, false],
  minimumCalls: [...notCounts, false, 101, Number.POSITIVE_INFINITY],
  window: [null, 100, 'count', true, [], () => {}, {}, { type: null }, { type: 'sliding' }, { size: 5 }],
  'window.size': [...notCounts, Number.POSITIVE_INFINITY, false].map((size) => ({ type: 'count', size })),
  'window.duration': [...notDurations, 0, false].map((duration) => ({ type: 'time', duration })),
  'window.buckets': [...notCounts, Number.POSITIVE_INFINITY, false].map((buckets) => ({
    type: 'time',
    buckets,
  })),
  shouldTrip: notFunctions,
  recoveryTimeout: [...notDurations, false],
  halfOpenMaxCalls: [...notCounts, false],
  successThreshold: [...notCounts, false],
  probeTimeout: [...notDurations, false],
  callTimeout: [...notDurations, 2 ** 31],
  maxConcurrentCalls: [...notCounts, false],
  excludedErrors: notFilters,
  trackedErrors: [...notFilters, []],
  isFailure: notFunctions,
  fallback: notFunctions,
  fallbackOn: [null, 'timeout', 'ANY', '', true, {}, []],
  rejectionStackTrace: [null, 0, 1, 'true', {}],
  mode: [null, 'passive', 'forced-open', 'forced-closed', 'OBSERVE', true, {}],
  clock: [null, 0, {}, { now: 5 }, { now: () => 0, epoch: 5 }, { now: () => 0, epoch: null }, 'system'],
  snapshot: [null, 5, 'CLOSED', [], {}, () => {}],
  onTransition: notFunctions,
  onOpen: notFunctions,
  onClose: notFunctions,
  onHalfOpen: notFunctions,
};

const show = (value: unknown): string =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? `{ ${Object.entries(value).map(([key, member]) => `${key}: ${show(member)}`)} }`
    : Array.isArray(value)
      ? `[${value.map(show)}]`
      : typeof value === 'string'
        ? `"${value}"`
        : String(value).replace(/\s+/g, ' ');

describe('a bad value', () => {
  const table = Object.entries(bad).flatMap(([option, values]) =>
    values.map((value) => [option, show(value), value] as const),
  );

  test.each(table)('of `%s` is refused: %s', (path, _, value) => {
    const [option = ''] = path.split('.');

    const error = refused(option === 'name' ? { name: value } : { name: 'payments', [option]: value });

    expect(error.message).toContain(option);
    expect(error.message).not.toMatch(/undefined must|\[object/);
    expect(error.code).toBe('ERR_INVALID_OPTIONS');
    if (option !== 'name') expect(error).toMatchObject({ breaker: 'payments' });
  });

  test.each<[string, unknown, RegExp]>([
    ['failureThreshold', 0, /"payments".*`failureThreshold`.*1.*received 0/],
    ['failureRateThreshold', Number.NaN, /"payments".*`failureRateThreshold`.*from 0 to 1.*received NaN/],
    ['callTimeout', '500', /"payments".*`callTimeout`.*2147483647.*received "500"/],
    ['recoveryTimeout', null, /"payments".*`recoveryTimeout`.*at least 0.*received null/],
    ['fallback', 5, /"payments".*`fallback`.*function.*received 5/],
    ['mode', 'off', /"payments".*`mode`.*active.*observe.*received "off"/],
    ['window', { type: 'count', size: 0 }, /"payments".*`window\.size`.*1.*received 0/],
    ['window', { type: 'other' }, /"payments".*`window\.type`.*count.*time.*received "other"/],
    ['minimumCalls', 101, /"payments".*`minimumCalls`.*100.*received 101/],
  ])('is refused with the breaker, the option, the range and the value: %s', (option, value, message) => {
    const error = refused({ name: 'payments', [option]: value });

    expect(error.message).toMatch(message);
  });

  test.each([undefined, null].slice(1).concat([5, 'name', true, [], () => {}, Symbol('options')] as never[]))(
    'in place of all options is refused: %s',
    (options) => {
      const error = refused(options);

      expect(error.message).toContain('options');
    },
  );

  test('is described in a line, however long it is', () => {
    const error = refused({ mode: 'x'.repeat(100_000) });

    expect(error.message.length).toBeLessThan(300);
    expect(error.message).not.toContain('\n');
  });
});

describe('an unknown key', () => {
  test.each([
    ['timeot', 'callTimeout'],
    ['callTimout', 'callTimeout'],
    ['failureTreshold', 'failureThreshold'],
    ['failurethreshold', 'failureThreshold'],
    ['failureRate', 'failureRateThreshold'],
    ['resetTimeout', 'recoveryTimeout'],
    ['Name', 'name'],
    ['windows', 'window'],
    ['isFailed', 'isFailure'],
    ['onOpened', 'onOpen'],
    ['fallBack', 'fallback'],
    ['minCalls', 'minimumCalls'],
  ])('is refused with the key that was meant: %s → %s', (key, meant) => {
    const error = refused({ name: 'payments', [key]: 5 });

    expect(error.message).toContain(`unknown option "${key}", did you mean "${meant}"?`);
    expect(error.message).toContain('"payments"');
  });

  test.each(['timeot', 'constructor', 'toString', 'hasOwnProperty', '', 'öäü', 'x'.repeat(10_000)])(
    'is refused though its value is undefined: %.20s',
    (key) => {
      const error = refused({ [key]: undefined });

      expect(error.message).toContain('unknown option');
    },
  );

  test('is refused when it is `__proto__`, and no prototype is touched', () => {
    const options = JSON.parse('{ "__proto__": { "callTimeout": 5, "polluted": true } }');

    const error = refused(options);

    expect(error.message).toContain('unknown option "__proto__"');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each<[string, unknown, string, string]>([
    ['a count window', { type: 'count', siz: 5 }, 'siz', 'size'],
    ['a time window', { type: 'time', bucket: 5 }, 'bucket', 'buckets'],
    ['a time window', { type: 'time', duraton: 5 }, 'duraton', 'duration'],
    ['a count window, undefined', { type: 'count', siz: undefined }, 'siz', 'size'],
  ])('is refused inside %s', (_, window, key, meant) => {
    const error = refused({ window });

    expect(error.message).toMatch(new RegExp(`unknown option ".*${key}", did you mean ".*${meant}"`));
  });

  test.each<[string, unknown]>([
    ['a time window', { type: 'time', size: 5 }],
    ['a count window', { type: 'count', duration: 5 }],
    ['a count window', { type: 'count', buckets: 5 }],
  ])('is refused that belongs to the other type, in %s', (_, window) => {
    expect(refused({ window }).message).toContain('unknown option');
  });
});

describe('hostile options', () => {
  const trap = () => {
    throw new Error('trap');
  };
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };

  test.each<[string, () => unknown]>([
    [
      'a getter that throws',
      () => ({
        get callTimeout() {
          return trap();
        },
      }),
    ],
    [
      'a name that throws',
      () => ({
        get name() {
          return trap();
        },
      }),
    ],
    ['a proxy that cannot be listed', () => new Proxy({}, { ownKeys: trap })],
    ['a proxy that cannot be read', () => new Proxy({ callTimeout: 5 }, { get: trap })],
    ['a proxy that is revoked', revoked],
    ['a window that is revoked', () => ({ window: revoked() })],
    [
      'a window whose getter throws',
      () => ({
        window: {
          get type() {
            return trap();
          },
        },
      }),
    ],
    [
      'a clock whose getter throws',
      () => ({
        clock: {
          get now() {
            return trap();
          },
        },
      }),
    ],
    ['a clock that is revoked', () => ({ clock: revoked() })],
    [
      'a list that cannot be iterated',
      () => ({ excludedErrors: Object.assign([Error], { [Symbol.iterator]: trap }) }),
    ],
    ['a list that is revoked', () => ({ excludedErrors: revoked() })],
    ['a snapshot that is revoked', () => ({ snapshot: revoked() })],
    [
      'a name that cannot be shown',
      () => ({ name: { toString: trap, [Symbol.toPrimitive]: trap, toJSON: trap } }),
    ],
    [
      'a value that cannot be shown',
      () => ({ callTimeout: { toString: trap, [Symbol.toPrimitive]: trap, toJSON: trap } }),
    ],
    ['a value without a prototype', () => ({ callTimeout: Object.create(null) })],
  ])('are refused like any others: %s', (_, create) => {
    const error = refused(create());

    expect(error.code).toBe('ERR_INVALID_OPTIONS');
  });

  test('are refused with what they threw as the cause', () => {
    const error = refused({
      get callTimeout() {
        return trap();
      },
    });

    expect(error.cause).toMatchObject({ message: 'trap' });
  });

  test('are read once, so that what was checked is what holds', () => {
    let reads = 0;
    const { options } = new CircuitBreaker({
      get callTimeout() {
        return reads++ === 0 ? 5 : -1;
      },
    });

    expect(options.callTimeout).toBe(5);
  });

  test('are taken when they have no prototype', () => {
    const { options } = new CircuitBreaker(Object.assign(Object.create(null), { callTimeout: 5 }));

    expect(options.callTimeout).toBe(5);
  });

  test('are taken from a well-behaved proxy', () => {
    const { options } = new CircuitBreaker(new Proxy({ callTimeout: 5 }, {}));

    expect(options.callTimeout).toBe(5);
  });
});

describe('the caller’s objects', () => {
  const create = () => ({
    name: 'users',
    window: { type: 'count' as const, size: 50 },
    excludedErrors: [RangeError] as (typeof Error)[],
    trackedErrors: [TypeError] as (typeof Error)[],
    callTimeout: 100,
  });

  test('are never written to', () => {
    const options = create();
    Object.freeze(options.window);
    Object.freeze(options.excludedErrors);
    Object.freeze(options.trackedErrors);
    Object.freeze(options);

    const breaker = new CircuitBreaker(options);

    expect(options).toEqual(create());
    expect(breaker.options).toMatchObject(create());
  });

  test('are not frozen either', () => {
    const options = create();

    new CircuitBreaker(options);

    expect([options, options.window, options.excludedErrors].map((part) => Object.isFrozen(part))).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('are not kept by reference', () => {
    const options = create();
    const breaker = new CircuitBreaker(options);

    options.callTimeout = 1;
    options.window.size = 1;
    options.excludedErrors.push(Error);
    options.trackedErrors.length = 0;

    expect(breaker.options).toMatchObject(create());
  });

  test('can be shared by two breakers that share nothing else', async () => {
    const options = { ...create(), trackedErrors: undefined, failureThreshold: 1 };
    const [one, other] = [new CircuitBreaker(options), new CircuitBreaker(options)];

    await one.tryCall(() => {
      throw new Error('boom');
    });

    expect([one.state, other.state]).toEqual(['OPEN', 'CLOSED']);
    expect(other.metrics.totals.calls).toBe(0);
  });
});

describe('options that contradict each other', () => {
  const idleRate = /`slowCallRateThreshold` needs `slowCallDuration`$/;

  test('are a rate of slow calls without a duration', () => {
    const given = { slowCallRateThreshold: 0.5 };

    expect(refused(given).message).toMatch(idleRate);
    expect(refusalOf(() => new CircuitBreakerRegistry().getOrCreate('users', given)).message).toMatch(
      idleRate,
    );
    expect(refusalOf(() => withCircuitBreaker('users', given)).message).toMatch(idleRate);
  });

  test('are refused by an update as well, which leaves the breaker as it was', () => {
    const breaker = new CircuitBreaker({ name: 'users' });

    const error = refusalOf(() => breaker.update({ slowCallRateThreshold: 0.5, failureThreshold: 1 }));

    expect(error.message).toMatch(idleRate);
    expect(breaker.options.failureThreshold).toBe(5);
  });

  test('are none where somebody says that no call is slow, as the options in force do', () => {
    const { options } = new CircuitBreaker();

    expect(new CircuitBreaker({ ...options }).options).toEqual(options);
  });

  test('are none where an update takes the duration away, or comes after it', () => {
    const breaker = new CircuitBreaker({ slowCallDuration: 100 });

    breaker.update({ slowCallRateThreshold: 0.5 });
    breaker.update({ slowCallDuration: false });

    expect(breaker.options).toMatchObject({ slowCallDuration: false, slowCallRateThreshold: 0.5 });
  });

  test('are none in the defaults of a registry, which are for those that have a duration', () => {
    const registry = new CircuitBreakerRegistry({ defaults: { slowCallRateThreshold: 0.5 } });

    const [users, orders] = [
      registry.getOrCreate('users'),
      registry.getOrCreate('orders', { slowCallDuration: 9 }),
    ];

    expect(users.options.slowCallRateThreshold).toBe(1);
    expect(orders.options.slowCallRateThreshold).toBe(0.5);
  });
});

describe('an option of another library', () => {
  test.each([
    ['allowWarmUp', 'minimumCalls'],
    ['breakDuration', 'recoveryTimeout'],
    ['breaker', 'failureThreshold'],
    ['breakDurationGenerator', 'recoveryTimeout'],
    ['capacity', 'maxConcurrentCalls'],
    ['durationOfBreak', 'recoveryTimeout'],
    ['enabled', 'mode: observe'],
    ['errorFilter', 'excludedErrors'],
    ['errorThresholdPercentage', 'failureRateThreshold: 0.5'],
    ['failureRatio', 'failureRateThreshold'],
    ['halfOpenAfter', 'recoveryTimeout'],
    ['handledEventsAllowedBeforeBreaking', 'failureThreshold'],
    ['ignoreExceptions', 'excludedErrors'],
    ['initialState', 'snapshot'],
    ['interval', 'window.duration'],
    ['isSuccessful', 'isFailure, which is true for a failure'],
    ['maxFailures', 'failureThreshold'],
    ['maxRequests', 'halfOpenMaxCalls'],
    ['maxRetries', 'retry of recloser/resilience'],
    ['maxWaitDurationInHalfOpenState', 'probeTimeout'],
    ['minimumNumberOfCalls', 'minimumCalls'],
    ['minimumThroughput', 'minimumCalls'],
    ['onClosed', 'onClose'],
    ['onHalfOpened', 'onHalfOpen'],
    ['onOpened', 'onOpen'],
    ['onStateChange', 'onTransition'],
    ['permittedNumberOfCallsInHalfOpenState', 'halfOpenMaxCalls'],
    ['readyToTrip', 'shouldTrip'],
    ['recordExceptions', 'trackedErrors'],
    ['recordFailurePredicate', 'isFailure'],
    ['resetTimeout', 'recoveryTimeout'],
    ['rollingCountBuckets', 'window.buckets'],
    ['rollingCountTimeout', 'window.duration'],
    ['samplingDuration', 'window.duration'],
    ['shouldHandle', 'isFailure'],
    ['slidingWindowSize', 'window.size'],
    ['slidingWindowType', 'window.type'],
    ['slowCallDurationThreshold', 'slowCallDuration'],
    ['threshold', 'failureRateThreshold'],
    ['timeout', 'callTimeout'],
    ['volumeThreshold', 'minimumCalls'],
    ['waitDurationInOpenState', 'recoveryTimeout'],
  ])('is told by the name that it has here: %s', (foreign, own) => {
    const error = refused({ [foreign]: 50 });

    expect(error.message).toContain(`unknown option "${foreign}", did you mean "${own}"?`);
  });

  test('is no member of every object', () => {
    expect(refused({ constructor: 5 }).message).toMatch(
      /unknown option "constructor", did you mean "\w+"\?$/,
    );
  });

  test('that takes the function first is told where functions go, by whatever name it has', () => {
    const said =
      'Cannot create circuit breaker "default": `options` must be an object, received a function: give it to `call()`';

    expect(refused(async () => 'users').message).toBe(said);
    expect(refused(async function fetchUser() {}).message).toBe(said);
  });

  test('that takes the name first is told where names go', () => {
    expect(refused('users').message).toBe(
      'Cannot create circuit breaker "default": `options` must be an object, received "users": a name is { name: … }',
    );
  });
});

describe('a class where a function is to be called', () => {
  class Problem extends Error {}

  test.each(['isFailure', 'shouldTrip', 'recoveryTimeout', 'fallback', 'fallbackOn', 'onTransition'])(
    'is refused as `%s`: each call of it would throw',
    (option) => {
      const error = refused({ [option]: Problem });

      expect(error.option).toBe(option);
      expect(error.message).toContain('received a class');
    },
  );

  test('is refused for a call, too', async () => {
    const breaker = new CircuitBreaker();

    const { error } = (await breaker.tryCall(() => 1, { fallback: Problem as never })) as { error: unknown };

    expect(error).toMatchObject({ option: 'fallback', message: expect.stringContaining('received a class') });
  });

  test('is a filter among the excluded errors', () => {
    expect(new CircuitBreaker({ excludedErrors: [Problem] }).options.excludedErrors).toEqual([Problem]);
  });
});
