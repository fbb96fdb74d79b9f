import type { CircuitBreakerOptions, RegistrySummary } from 'recloser';
import { describe, expect, test } from 'vitest';
import { failing, failTimes, play, succeedTimes } from '../support/breakers.js';
import { breakMetrics } from '../support/broken.js';
import { createRegistry, registryOf } from '../support/registries.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('summary', () => {
  test('of an empty registry is healthy', () => {
    const { registry } = createRegistry();

    const { totals, ...summary } = registry.summary();

    expect(summary).toEqual({
      total: 0,
      closed: 0,
      open: 0,
      halfOpen: 0,
      forced: 0,
      health: 1,
      breakers: [],
    });
    expect(Object.values(totals).every((total) => total === 0)).toBe(true);
  });

  test('counts the breakers in each state, and forced ones in theirs too', () => {
    const { registry, clock } = registryOf(['closed', 'half-open', 'open', 'forced open', 'forced closed']);
    registry.get('half-open')?.trip();
    clock.advance(60_000);
    registry.get('half-open')?.acquire();
    registry.get('open')?.trip();
    registry.get('forced open')?.forceOpen();
    registry.get('forced closed')?.forceClosed();

    const { total, closed, open, halfOpen, forced } = registry.summary();

    expect({ total, closed, open, halfOpen, forced }).toEqual({
      total: 5,
      closed: 2,
      open: 2,
      halfOpen: 1,
      forced: 2,
    });
  });

  test('does not take observing for forced', () => {
    const { registry } = registryOf(['a'], { defaults: { mode: 'observe' } });

    expect(registry.summary().forced).toBe(0);
  });

  test('has the mean of the healths', async () => {
    const { registry } = registryOf(['well', 'half', 'down'], { defaults: { failureThreshold: 4 } });
    await failTimes(registry.getOrCreate('half'), 2);
    registry.get('down')?.trip();

    const { health, breakers } = registry.summary();

    expect(breakers.map((it) => it.health)).toEqual([1, 0.5, 0]);
    expect(health).toBe(0.5);
  });

  test('has the sums of the totals', async () => {
    const { registry } = registryOf(['a', 'b']);
    await play(registry.getOrCreate('a'), 'ssf');
    await play(registry.getOrCreate('b'), 'sff');
    registry.get('b')?.trip();
    await succeedTimes(registry.getOrCreate('b'), 4);

    const { totals } = registry.summary();

    expect(totals).toEqual({
      calls: 6,
      successes: 3,
      failures: 3,
      timeouts: 0,
      slow: 0,
      ignored: 0,
      rejected: 4,
      wouldReject: 0,
      fallbacks: 0,
      opened: 1,
    });
  });

  test('has the metrics of each breaker, in the order in which they were made', () => {
    const { registry } = registryOf(['b', 'a']);
    registry.get('b');

    const { breakers } = registry.summary();

    expect(breakers).toEqual(Array.from(registry, ({ metrics }) => metrics));
    expect(breakers.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  test('tells errors by name, message and code', async () => {
    const { registry } = registryOf(['a'], { defaults: { failureThreshold: 1 } });
    const error = Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });
    await registry.get('a')?.tryCall(failing(error));

    const [metrics] = registry.summary().breakers;

    const told = { name: 'TypeError', message: 'fetch failed', code: 'ECONNREFUSED' };
    expect(metrics?.lastFailure?.error).toEqual(told);
    expect(metrics?.lastTransition?.error).toEqual(told);
  });

  test('is a snapshot that later calls do not change', async () => {
    const { registry } = registryOf(['a']);
    const summary = registry.summary();
    const before = asJson(summary);

    await failTimes(registry.getOrCreate('a'), 5);

    expect(asJson(summary)).toEqual(before);
  });

  test('belongs to whoever asked for it', () => {
    const { registry } = registryOf(['a']);
    const summary = registry.summary() as unknown as { breakers: unknown[]; totals: { calls: number } };

    summary.breakers.length = 0;
    summary.totals.calls = 99;

    expect(registry.summary().breakers).toHaveLength(1);
    expect(registry.summary().totals.calls).toBe(0);
  });

  test('changes no breaker', () => {
    const { registry, clock } = registryOf(['a']);
    registry.get('a')?.trip();
    clock.advance(60_000);

    registry.summary();

    expect(registry.get('a')?.state).toBe('OPEN');
  });

  test('is the same after a trip through JSON', async () => {
    const { registry } = registryOf(['well', 'down', 'forced'], { defaults: { failureThreshold: 1 } });
    await registry.get('well')?.call(() => 1);
    await registry.get('down')?.tryCall(failing(Object.assign(new Error('boom'), { code: 'E_BOOM' })));
    registry.get('forced')?.forceOpen('maintenance');

    const summary = registry.summary();

    expect(asJson(summary)).toEqual(summary);
  });
});

describe('JSON', () => {
  const cyclic = Object.assign(new Error('cyclic'), { self: {} as unknown, response: { request: {} } });
  cyclic.self = cyclic;
  cyclic.cause = cyclic;

  const hostile = Object.defineProperties(new Error('hostile'), {
    message: { get: boom },
    name: { get: boom },
    code: { get: boom },
    toJSON: { value: boom },
  });

  const ANYTHING: [string, unknown][] = [
    ['an error with cycles', cyclic],
    ['an error that cannot be read', hostile],
    ['an error with a toJSON that throws', Object.assign(new Error('x'), { toJSON: boom })],
    ['an error with a bigint for a code', Object.assign(new Error('x'), { code: 10n })],
    ['an error with a symbol for a code', Object.assign(new Error('x'), { code: Symbol('E') })],
    ['an error with an object for a message', Object.assign(new Error('x'), { message: { toString: boom } })],
    ['a DOMException', new DOMException('aborted', 'AbortError')],
    ['a cyclic object', { cyclic }],
    ['a list', [cyclic]],
    ['undefined', undefined],
    ['null', null],
    ['a string', 'down'],
    ['a bigint', 10n],
    ['a symbol', Symbol('down')],
    ['a function', () => 'down'],
    ['NaN', Number.NaN],
    ['an object without a prototype', Object.create(null)],
    ['a proxy that throws', new Proxy({}, { get: boom, has: boom, getPrototypeOf: boom })],
    ['a revoked proxy', revoked()],
  ];

  test.each(ANYTHING)('tells of a failure in a summary, whatever it is: %s', async (_, error) => {
    const { registry } = registryOf(['a'], { defaults: { failureThreshold: 1 } });
    await registry.get('a')?.tryCall(failing(error));

    const json = asJson(registry.summary()) as RegistrySummary;

    expect(json.breakers[0]?.lastFailure?.error).toMatchObject({
      name: expect.any(String),
      message: expect.any(String),
    });
  });

  test.each(ANYTHING)('tells of a failure in a snapshot, whatever it is: %s', async (_, error) => {
    const { registry } = registryOf(['a'], { defaults: { failureThreshold: 1 } });
    await registry.get('a')?.tryCall(failing(error));
    const { registry: other } = createRegistry();

    other.restore(asJson(registry) as never);

    expect(other.get('a')?.state).toBe('OPEN');
    expect(other.get('a')?.metrics.lastFailure?.error).toBeInstanceOf(Error);
  });

  test.each<[string, CircuitBreakerOptions]>([
    ['rates of 0', { failureRateThreshold: 0, minimumCalls: 1 }],
    ['no rules at all', { failureThreshold: false, failureRateThreshold: false }],
    ['a recovery that takes for ever', { recoveryTimeout: Number.MAX_VALUE }],
    ['a time window', { window: { type: 'time' } }],
  ])('tells every number with %s', async (_, options) => {
    const { registry, clock } = registryOf(['a'], { defaults: options });
    await play(registry.getOrCreate('a'), 'sfs');
    clock.advance(10);
    registry.get('a')?.trip();

    const summary = registry.summary();

    expect(asJson(summary)).toEqual(summary);
  });
});

describe('a breaker that cannot be read', () => {
  test('takes nothing from the others, counts in the total, and is reported', async () => {
    const { uncaught } = watchRuntime();
    const { registry } = registryOf(['a', 'broken', 'z']);
    registry.get('z')?.trip();
    breakMetrics(registry.get('broken'));

    const summary = registry.summary();

    expect(summary).toMatchObject({ total: 3, closed: 1, open: 1, halfOpen: 0, health: 0.5 });
    expect(summary.breakers.map(({ name }) => name)).toEqual(['a', 'z']);
    await quiet();
    expect(uncaught).toMatchObject([{ message: 'a broken clock' }]);
  });
});

function boom(): never {
  throw new RangeError('no');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
