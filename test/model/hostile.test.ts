/**
 * What no program should hand in, and some do: whatever it is, the answer is one `InvalidOptionsError` (or a
 * `TypeError` where that is documented), or a breaker that works.
 */
import fc from 'fast-check';
import {
  CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  exponentialBackoff,
  InvalidOptionsError,
} from 'recloser';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { manualClock } from '../support/manual-clock.js';
import { RUNS, SEED } from './effort.js';

/** No message is longer than this, whatever it is about. */
const LONGEST_MESSAGE = 500;

const boom = () => {
  throw new Error('hostile');
};
const hostileProxy = () =>
  new Proxy(
    {},
    { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom, getPrototypeOf: boom },
  );
const revoked = (target: object) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const cyclic = () => {
  const object: { self?: unknown } = {};
  object.self = object;
  return object;
};

/** By name, so that a counterexample can be printed, and made anew for each use. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => Number.NEGATIVE_INFINITY,
  '-0': () => -0,
  '-1': () => -1,
  '0.5': () => 0.5,
  '1': () => 1,
  '50': () => 50,
  '2^53': () => 2 ** 53,
  '1e308': () => 1e308,
  bigint: () => 10n ** 400n,
  symbol: () => Symbol('hostile'),
  null: () => null,
  undefined: () => undefined,
  true: () => true,
  false: () => false,
  'empty string': () => '',
  'long string': () => 'x'.repeat(100_000),
  'name of the prototype': () => '__proto__',
  'line breaks': () => 'a\n\u2028\u0000b',
  'lone surrogate': () => '\ud800',
  'empty list': () => [],
  'list with a hole': () => new Array(3),
  'long list': () => new Array(100_000).fill(0),
  'list of functions': () => [() => true, Error],
  object: () => ({}),
  'object without a prototype': () => Object.create(null),
  'object with an own __proto__': () => JSON.parse('{ "__proto__": { "polluted": true } }'),
  'cyclic object': cyclic,
  'deep object': () => JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`),
  'object that cannot be told': () => ({ toString: boom, toJSON: boom, [Symbol.toPrimitive]: boom }),
  'object whose getters throw': () => Object.defineProperty({}, 'type', { enumerable: true, get: boom }),
  'count window': () => ({ type: 'count', size: 3 }),
  'time window': () => ({ type: 'time', duration: 1e-320, buckets: 10_000 }),
  'proxy that throws': hostileProxy,
  'revoked proxy': () => revoked({}),
  'revoked list': () => revoked([]),
  'revoked function': () => revoked(() => {}),
  date: () => new Date(Number.NaN),
  map: () => new Map([[1, 2]]),
  'function that throws': () => boom,
  'function that answers nonsense': () => () => Symbol('nonsense'),
  class: () => class {},
  'clock of NaN': () => ({ now: () => Number.NaN }),
  'signal that throws': () => ({ addEventListener: boom, removeEventListener: boom }),
  'signal that is none': () => ({
    addEventListener() {},
    get aborted() {
      return boom();
    },
  }),
};

const values = fc.constantFrom(...Object.keys(HOSTILE));
const make = (name: string): unknown => (HOSTILE[name] as () => unknown)();

const PROTOTYPE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
];
/** Stands for a key of a hundred thousand letters. */
const LONG_KEY = 'a long key';

const keysOf = (...known: string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: fc.constantFrom(...PROTOTYPE_KEYS, LONG_KEY) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  );

/** Options by the names of their values. */
const recordsOf = (...known: string[]) => fc.dictionary(keysOf(...known), values, { maxKeys: 4 });

/** An object with hostile members; a key `__proto__` becomes a member like any other. */
function assemble(names: Readonly<Record<string, string>>): object {
  const object = {};
  for (const [key, name] of Object.entries(names)) {
    Object.defineProperty(object, key === LONG_KEY ? 'x'.repeat(100_000) : key, {
      value: make(name),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

const BREAKER_KEYS = Object.keys({
  ...new CircuitBreaker().options,
  snapshot: 0,
  onTransition: 0,
  onOpen: 0,
  onClose: 0,
  onHalfOpen: 0,
} satisfies Partial<Record<keyof CircuitBreakerOptions, unknown>>);

/** Runs it; answers what came of it, or `undefined` if it was refused as it should be. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    expectRefusal(error);
    return undefined;
  }
}

function expectRefusal(error: unknown): void {
  expect(error).toBeInstanceOf(InvalidOptionsError);
  expect((error as Error).message.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
}

/** It calls, trips, tells and is told of, and its figures are figures. */
async function expectToWork(breaker: CircuitBreaker): Promise<void> {
  breaker.reset();
  const before = breaker.metrics;
  expect(await breaker.tryCall(async () => 'fine')).toEqual({ ok: true, value: 'fine' });
  expect(breaker.metrics.totals.calls).toBe(before.totals.calls + 1);
  expect(breaker.metrics.inFlight).toBe(before.inFlight);
  breaker.trip();
  expect(breaker.state).toBe('OPEN');
  const { health, window, attempt } = breaker.metrics;
  for (const share of [health, window.failureRate, window.slowCallRate]) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect(attempt).toBe(1);
  expect(JSON.parse(JSON.stringify(breaker))).toMatchObject({ version: 1, state: 'OPEN' });
}

const prototypes = [Object, Array, Function, Error, Promise, String].map(
  ({ prototype }) => prototype as object,
);
const shapeOfPrototypes = () => prototypes.map((prototype) => Reflect.ownKeys(prototype).map(String));
const cleanShape = shapeOfPrototypes();

/** Sees that each run leaves the world as it was. */
async function fuzz<T>(arbitrary: fc.Arbitrary<T>, run: (value: T) => Promise<void> | void): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => {
    await run(value);
    expect(shapeOfPrototypes()).toEqual(cleanShape);
    expect('polluted' in {}).toBe(false);
  });
  await fc.assert(property, { numRuns: RUNS, ...SEED });
}

describe('hostile input', { timeout: 300_000 }, () => {
  beforeEach(() => {
    const { queueMicrotask } = globalThis;
    // What users' functions throw is reported; here that is nobody's mistake.
    vi.stubGlobal('queueMicrotask', (run: () => void) => queueMicrotask(() => ignoreErrors(run)));
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('makes a breaker that works, or none', () =>
    fuzz(recordsOf(...BREAKER_KEYS), async (names) => {
      const breaker = attempt(() => new CircuitBreaker(assemble(names)));

      // Functions of users may do as they like with a call; how it ends then is tested elsewhere.
      const decides = ['fallback', 'isFailure', 'shouldTrip', 'clock', 'slowCallDuration', 'callTimeout'];
      if (breaker !== undefined && !decides.some((key) => key in names)) await expectToWork(breaker);
    }));

  test('in place of all options makes a breaker or is refused', () =>
    fuzz(values, async (name) => {
      const breaker = attempt(() => new CircuitBreaker(make(name) as object));

      if (breaker !== undefined) await expectToWork(breaker);
    }));

  test('updates all options or none', () =>
    fuzz(recordsOf(...BREAKER_KEYS), (names) => {
      const breaker = new CircuitBreaker({ clock: manualClock() });
      const { options } = breaker;

      const isUpdated = attempt(() => [breaker.update(assemble(names))]) !== undefined;

      if (!isUpdated) expect(breaker.options).toBe(options);
      expect(Object.isFrozen(breaker.options)).toBe(true);
    }));

  test('in the options of a call rejects, or the call settles and gives back its place', () =>
    fuzz(
      fc.tuple(
        fc.constantFrom('call' as const, 'tryCall' as const, 'callSync' as const, 'wrap' as const),
        recordsOf('signal', 'callTimeout', 'fallback', 'fallbackOn'),
        fc.boolean(),
      ),
      async ([how, names, fails]) => {
        const breaker = new CircuitBreaker();
        const options = assemble(names);
        const task = () => {
          if (fails) throw new Error('boom');
          return 'fine';
        };

        const ended = await (how === 'call'
          ? breaker.call(task, options).then(String, (error) => error)
          : how === 'tryCall'
            ? breaker.tryCall(task, options).then((result) => (result.ok ? 'value' : result.error))
            : how === 'wrap'
              ? (attempt(() => breaker.wrap(task, options)) ?? (async () => 'refused'))().catch(
                  (error) => error,
                )
              : attemptSync(() => breaker.callSync(task, options)));

        if (ended instanceof InvalidOptionsError) expectRefusal(ended);
        const { inFlight, totals } = breaker.metrics;
        expect(inFlight).toBe(0);
        expect(totals.successes + totals.failures + totals.ignored).toBe(totals.calls);
      },
    ));

  test.each([
    ['throws when it is listened to', { addEventListener: boom, removeEventListener: boom }],
    ['throws when it is let go', { addEventListener() {}, removeEventListener: boom }],
    ['cannot be let go', { addEventListener() {} }],
  ])('as a signal that %s rejects the call or lets it settle', async (_, signal) => {
    const breaker = new CircuitBreaker();
    const options = { signal: signal as unknown as AbortSignal };

    const result = attemptSync(() => breaker.tryCall(() => 'fine', options));
    const answer = attemptSync(() => breaker.call(() => 'fine', options));

    expect(result).toBeInstanceOf(Promise);
    expect(answer).toBeInstanceOf(Promise);
    await Promise.allSettled([result, answer]);
    expect(breaker.metrics.inFlight).toBe(0);
  });

  test.each(['symbol', 'bigint', 'object that cannot be told', 'revoked proxy', 'long list', 'long string'])(
    'in place of an event is a short TypeError: %s',
    (name) => {
      const subscribe = () => new CircuitBreaker().on(make(name) as 'open', () => {});

      const error = attemptSync(subscribe) as Error;

      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^Unknown event /);
      expect(error.message.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
    },
  );

  test('in a snapshot is refused and changes nothing, or is restored into a breaker that works', () =>
    fuzz(
      fc.tuple(
        fc.constantFrom(...Object.keys(SNAPSHOTS)),
        fc.array(fc.tuple(fc.nat(), values), { minLength: 1, maxLength: 3 }),
      ),
      async ([kind, changes]) => {
        const clock = manualClock();
        const { window, snapshot } = SNAPSHOTS[kind] as (typeof SNAPSHOTS)[string];
        const damaged = damage(snapshot, changes);
        const breaker = new CircuitBreaker({ window, clock });
        const before = JSON.stringify(breaker);

        const isRestored = attempt(() => [breaker.restore(damaged as never)]) !== undefined;
        const isStarted =
          attempt(() => new CircuitBreaker({ window, clock, snapshot: damaged as never })) !== undefined;

        expect(isStarted).toBe(isRestored);
        if (!isRestored) expect(JSON.stringify(breaker)).toBe(before);
        else await expectToRecover(breaker, clock);
      },
    ));

  test('in place of a snapshot is refused', () =>
    fuzz(values, (name) => {
      const breaker = new CircuitBreaker();
      const before = breaker.metrics;

      const isRestored = attempt(() => [breaker.restore(make(name) as never)]) !== undefined;

      expect(isRestored).toBe(false);
      expect(breaker.metrics.totals).toEqual(before.totals);
    }));

  test('makes a registry that works, or none', () =>
    fuzz(recordsOf('defaults', 'configure', 'maxSize', 'idleTimeout', 'clock'), (names) => {
      const registry = attempt(() => new CircuitBreakerRegistry(assemble(names)));

      // A `configure` that throws throws to who asks for the breaker; an idle timeout of nothing forgets it at once.
      if (registry === undefined || 'configure' in names || 'idleTimeout' in names) return;
      const breaker = attempt(() => registry.getOrCreate('a'));
      if (breaker !== undefined) expect(registry.names()).toEqual(['a']);
    }));

  test('names a breaker that is found again, or is refused', () =>
    fuzz(
      fc.oneof(
        values,
        fc.constantFrom(...PROTOTYPE_KEYS).map((key) => `key ${key}`),
      ),
      (name) => {
        const given = (name.startsWith('key ') ? name.slice(4) : make(name)) as string;
        const registry = new CircuitBreakerRegistry();

        const breaker = attempt(() => registry.getOrCreate(given));

        expect(breaker !== undefined).toBe(typeof given === 'string');
        if (breaker === undefined) return;
        expect(registry.get(given)).toBe(breaker);
        expect(registry.summary().breakers.map((it) => it.name)).toEqual([given]);
        const copy = new CircuitBreakerRegistry();
        copy.restore(JSON.parse(JSON.stringify(registry)));
        expect(copy.names()).toEqual([given]);
      },
    ));

  test("in a registry's snapshot is refused and changes nothing, or is restored", () =>
    fuzz(fc.array(fc.tuple(fc.nat(), values), { minLength: 1, maxLength: 3 }), (changes) => {
      const source = new CircuitBreakerRegistry();
      for (const name of ['a', '__proto__', 'constructor']) source.getOrCreate(name).trip();
      const registry = new CircuitBreakerRegistry();
      registry.getOrCreate('a');

      const isRestored =
        attempt(() => [registry.restore(damage(source.toJSON(), changes) as never)]) !== undefined;

      if (!isRestored) expect([registry.names(), registry.get('a')?.state]).toEqual([['a'], 'CLOSED']);
      else expect(() => JSON.stringify(registry)).not.toThrow();
    }));

  test('makes a backoff that answers times, or none', () =>
    fuzz(recordsOf('initial', 'factor', 'max', 'jitter', 'random'), (names) => {
      const backoff = attempt(() => exponentialBackoff(assemble(names)));

      if (backoff === undefined || 'random' in names) return;
      for (const n of [1, 2, 1_000_000]) expect(backoff(n, undefined)).toBeGreaterThanOrEqual(0);
    }));

  test('in place of an event or a listener is a TypeError', () =>
    fuzz(
      fc.tuple(fc.constantFrom('on' as const, 'once' as const, 'off' as const), values, values),
      ([how, event, listener]) => {
        const breaker = new CircuitBreaker();
        const given = make(listener);
        const isFunction = typeof given === 'function';

        for (const name of [make(event), 'open']) {
          let error: unknown;
          try {
            breaker[how](name as keyof CircuitBreakerEvents, given as () => void);
          } catch (thrown) {
            error = thrown;
          }
          if (name === 'open' && isFunction) expect(error).toBeUndefined();
          else {
            expect(error).toBeInstanceOf(TypeError);
            expect((error as Error).message.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
          }
        }
      },
    ));
});

function attemptSync(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

function ignoreErrors(run: () => void): void {
  try {
    run();
  } catch {}
}

type WindowChoice = NonNullable<CircuitBreakerOptions['window']>;

/** Snapshots of breakers that have seen something. */
function snapshotOf(window: WindowChoice, end: 'stay' | 'trip' | 'probe' | 'forceOpen'): object {
  const clock = manualClock();
  const breaker = new CircuitBreaker({ window, clock, recoveryTimeout: 100, failureThreshold: 9 });
  for (const fails of [false, true, true, false, true]) {
    clock.advance(30);
    const permit = breaker.acquire();
    if (fails) permit.failure(new Error('boom'));
    else permit.success();
  }
  if (end === 'trip' || end === 'probe') breaker.trip();
  if (end === 'forceOpen') breaker.forceOpen();
  if (end === 'probe') {
    clock.advance(100);
    breaker.acquire().success();
  }
  return JSON.parse(JSON.stringify(breaker));
}

const WINDOWS: readonly WindowChoice[] = [
  { type: 'count', size: 20 },
  { type: 'time', duration: 200, buckets: 4 },
];
const SNAPSHOTS: Readonly<Record<string, { window: WindowChoice; snapshot: object }>> = Object.fromEntries(
  WINDOWS.flatMap((window) =>
    (['stay', 'trip', 'probe', 'forceOpen'] as const).map((end) => [
      `${window.type} ${end}`,
      { window, snapshot: snapshotOf(window, end) },
    ]),
  ),
);

/** Puts hostile values in place of members, at any depth. */
function damage(snapshot: object, changes: readonly (readonly [place: number, value: string])[]): object {
  const copy = structuredClone(snapshot);
  for (const [place, value] of changes) {
    const places = placesOf(copy, new Set());
    const [holder, key] = places[place % places.length] as [Record<string, unknown>, string];
    Reflect.set(holder, key, make(value));
  }
  return copy;
}

/** Every member of plain data, at any depth. */
function placesOf(value: unknown, seen: Set<unknown>): [object, string][] {
  if (seen.has(value) || seen.size > 50) return [];
  try {
    if (typeof value !== 'object' || value === null || Object.keys(value).length > 50) return [];
    seen.add(value);
    return Object.keys(value).flatMap((key) => {
      const inner = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
      return [[value, key] as [object, string], ...placesOf(inner, seen)];
    });
  } catch {
    return [];
  }
}

/** Whatever was taken over, the figures are figures, it can be told again, and it heals. */
async function expectToRecover(
  breaker: CircuitBreaker,
  clock: ReturnType<typeof manualClock>,
): Promise<void> {
  const { health, window, retryAfter, since, totals } = breaker.metrics;
  for (const share of [health, window.failureRate, window.slowCallRate]) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  for (const figure of [since, retryAfter ?? 0, ...Object.values(totals), ...Object.values(window)]) {
    expect(Number.isFinite(figure)).toBe(true);
  }
  const again = new CircuitBreaker({ window: breaker.options.window, clock });
  again.restore(JSON.parse(JSON.stringify(breaker)));
  expect(again.state).toBe(breaker.state);

  if (breaker.mode === 'forced-open') breaker.reset();
  for (let asked = 0; asked < 20; asked++) {
    const { retryAfter } = breaker.metrics;
    if ((retryAfter ?? 0) > 1e12) return; // nobody lives to see it
    clock.advance(retryAfter ?? 0);
    await breaker.tryCall(async () => 'fine');
  }
  expect(breaker.state).toBe('CLOSED');
}
