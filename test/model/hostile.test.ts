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
import { type ManualClock, manualClock } from '../support/manual-clock.js';
import { hold } from './effort.js';
import { assemble, boom, damage, make, PROTOTYPE_KEYS, recordsOf, values } from './hostile-values.js';
import { pollution } from './prototypes.js';

/** No message is longer than this, whatever it is about. */
const LONGEST_MESSAGE = 500;

const BREAKER_KEYS = Object.keys({
  ...new CircuitBreaker().options,
  snapshot: 0,
  onTransition: 0,
  onOpen: 0,
  onClose: 0,
  onHalfOpen: 0,
} satisfies Partial<Record<keyof CircuitBreakerOptions, unknown>>);

const createBreaker = (options: object) => new CircuitBreaker(options);
const updateBreaker = (options: object) => new CircuitBreaker().update(options);
const wrapTask = (options: object) => new CircuitBreaker().wrap(() => {}, options);
const createRegistry = (options: object) => new CircuitBreakerRegistry(options);

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

/** It calls and trips, and its figures are figures. */
async function expectToWork(breaker: CircuitBreaker): Promise<void> {
  breaker.reset();
  const before = breaker.metrics;
  expect(await breaker.tryCall(async () => 'fine')).toEqual({ ok: true, value: 'fine' });
  expect(breaker.metrics.totals.calls).toBe(before.totals.calls + 1);
  expect(breaker.metrics.inFlight).toBe(before.inFlight);
  breaker.trip();
  expect(breaker.state).toBe('OPEN');
  expect(breaker.metrics.attempt).toBe(1);
  expectFigures(breaker);
}

function expectFigures({ metrics: { health, window, totals } }: CircuitBreaker): void {
  for (const share of [health, window.failureRate, window.slowCallRate]) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  for (const figure of [...Object.values(totals), ...Object.values(window)]) {
    expect(Number.isFinite(figure)).toBe(true);
  }
}

/** It can be told as JSON and restored, and it heals, and so does the one that was restored. */
async function expectToRecover(breaker: CircuitBreaker, clock: ManualClock): Promise<void> {
  expectFigures(breaker);
  const { since, retryAfter } = breaker.metrics;
  expect(Number.isFinite(since + (retryAfter ?? 0))).toBe(true);
  const again = new CircuitBreaker({ name: breaker.name, window: breaker.options.window, clock });
  again.restore(JSON.parse(JSON.stringify(breaker)));
  const inJson = (it: CircuitBreaker) => JSON.stringify([it, it.metrics.retryAfter]);
  expect(inJson(again)).toBe(inJson(breaker));
  await expectToHeal(again, clock);
  await expectToHeal(breaker, clock);
}

/** A dependency that answers promptly leads back to CLOSED. */
async function expectToHeal(breaker: CircuitBreaker, clock: ManualClock): Promise<void> {
  if (breaker.mode === 'forced-open') breaker.reset();
  if (breaker.options.slowCallDuration === 0) breaker.update({ slowCallDuration: false }); // nothing is prompt
  for (let asked = 0; asked < breaker.options.successThreshold + 20; asked++) {
    clock.advance(breaker.metrics.retryAfter ?? 0);
    await breaker.tryCall(async () => 'fine');
  }
  expect(breaker.state).toBe('CLOSED');
}

/** A manual clock in place of the one that a breaker goes by if it is given none. */
function platformClock(): ManualClock {
  const clock = manualClock();
  vi.spyOn(performance, 'now').mockImplementation(() => clock.time);
  vi.spyOn(Date, 'now').mockImplementation(() => clock.wall);
  return clock;
}

/** Ways to make one call; each answers its value or its error. */
const WAYS = {
  call: (breaker, task, options) => breaker.call(task, options).catch((error) => error),
  async tryCall(breaker, task, options) {
    const result = await breaker.tryCall(task, options);
    return result.ok ? result.value : result.error;
  },
  callSync: async (breaker, task, options) => attemptSync(() => breaker.callSync(task, options)),
  async wrap(breaker, task, options) {
    try {
      return await breaker.wrap(task, options)();
    } catch (error) {
      return error;
    }
  },
} satisfies Record<
  string,
  (breaker: CircuitBreaker, task: () => string, options: object) => Promise<unknown>
>;

/** How a call may end whose options are accepted, in words. */
function endsOf({ signal, fallback }: Readonly<Record<string, string>>, fails: boolean): string[] {
  const ends = [fails ? 'Error: boom' : 'fine'];
  if (signal !== undefined) ends.push('Error: hostile');
  const answer = fallback === undefined ? undefined : make(fallback);
  if (fails && typeof answer === 'function') ends.push(inWords(attemptSync(() => answer())));
  return ends;
}

const inWords = (end: unknown) => (end instanceof Error ? `${end.name}: ${end.message}` : String(end));

/** Sees that each run leaves the world as it was. */
async function fuzz<T>(arbitrary: fc.Arbitrary<T>, run: (value: T) => Promise<void> | void): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => {
    await run(value);
    expect(pollution()).toEqual([]);
  });
  await hold(property);
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
    fuzz(recordsOf(createBreaker, BREAKER_KEYS), async (names) => {
      const clock = manualClock();
      const breaker = attempt(() => new CircuitBreaker(assemble(names, { clock })));

      if (breaker === undefined) return;
      await expectToWork(breaker);
      // No time passes by a hostile clock, and for a hostile `isFailure` no answer may be good.
      if (!('clock' in names || 'isFailure' in names)) await expectToRecover(breaker, clock);
    }));

  test('in place of all options makes a breaker or is refused', () =>
    fuzz(values, async (name) => {
      const clock = platformClock();
      const breaker = attempt(() => new CircuitBreaker(make(name) as object));

      if (breaker === undefined) return;
      await expectToWork(breaker);
      await expectToRecover(breaker, clock);
    }));

  test('updates all options or none', () =>
    fuzz(recordsOf(updateBreaker, BREAKER_KEYS), async (names) => {
      const clock = manualClock();
      const breaker = new CircuitBreaker({ clock });
      const { options } = breaker;

      const isUpdated = attempt(() => [breaker.update(assemble(names))]) !== undefined;

      if (!isUpdated) {
        expect(breaker.options).toBe(options);
        breaker.update({});
        expect(breaker.options).toEqual(options);
      }
      expect(Object.isFrozen(breaker.options)).toBe(true);
      await expectToWork(breaker);
      if (!('isFailure' in names)) await expectToRecover(breaker, clock);
    }));

  test('in the options of a call rejects, or the call settles and gives back its place', () =>
    fuzz(
      fc.tuple(
        fc.constantFrom(...(Object.keys(WAYS) as (keyof typeof WAYS)[])),
        recordsOf(wrapTask, ['signal', 'callTimeout', 'fallback', 'fallbackOn']),
        fc.boolean(),
      ),
      async ([how, names, fails]) => {
        const breaker = new CircuitBreaker();
        const task = () => {
          if (fails) throw new Error('boom');
          return 'fine';
        };

        const ended = await WAYS[how](breaker, task, assemble(names));

        const { inFlight, totals } = breaker.metrics;
        if (ended instanceof InvalidOptionsError) {
          expectRefusal(ended);
          expect(totals.calls).toBe(0);
        } else expect(endsOf(names, fails)).toContain(inWords(ended));
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
    fuzz(
      recordsOf(createRegistry, ['defaults', 'configure', 'maxSize', 'idleTimeout', 'clock']),
      async (names) => {
        const registry = attempt(() => new CircuitBreakerRegistry(assemble(names)));

        // A `configure` that throws throws to who asks for the breaker; an idle timeout of nothing forgets it at once.
        if (registry === undefined || 'configure' in names || 'idleTimeout' in names) return;
        const breaker = attempt(() => registry.getOrCreate('a'));
        if (breaker === undefined) return;
        expect(registry.names()).toEqual(['a']);
        await expectToWork(breaker);
      },
    ));

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
    fuzz(recordsOf(exponentialBackoff, ['initial', 'factor', 'max', 'jitter', 'random']), (names) => {
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
