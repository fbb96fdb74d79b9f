import { CircuitBreakerRegistry, type CircuitSnapshot, type RegistrySnapshot } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { failing, failTimes, play, refusalOf, succeedTimes, thrownBy } from '../support/breakers.js';
import { manualClock } from '../support/manual-clock.js';
import { createRegistry, type RegistryFixture, registryOf, told } from '../support/registries.js';

/** A registry after some history, as the JSON that another process reads. */
async function history(): Promise<{ fixture: RegistryFixture; json: string }> {
  const fixture = registryOf(['well', 'shaky', 'down', 'probing', 'forced open', 'forced closed']);
  const { registry, clock } = fixture;
  await succeedTimes(registry.getOrCreate('well'), 3);
  await play(registry.getOrCreate('shaky'), 'sffsff');
  registry.get('probing')?.trip();
  clock.advance(60_000);
  registry.get('probing')?.acquire().success();
  await failTimes(registry.getOrCreate('down'), 5, Object.assign(new Error('boom'), { code: 'E_BOOM' }));
  registry.get('forced open')?.forceOpen();
  registry.get('forced closed')?.forceClosed();
  return { fixture, json: JSON.stringify(registry) };
}

/** What a restart must not lose. */
function essence(registry: CircuitBreakerRegistry): unknown {
  return Array.from(registry, ({ metrics }) => {
    const { name, state, mode, attempt, retryAfter, consecutiveFailures, window, totals } = metrics;
    return { name, state, mode, attempt, retryAfter, consecutiveFailures, window, totals };
  });
}

describe('a restored registry', () => {
  test('has all breakers as they were', async () => {
    const { fixture, json } = await history();
    const { registry } = createRegistry();

    registry.restore(JSON.parse(json));

    expect(essence(registry)).toEqual(essence(fixture.registry));
  });

  test('writes the same snapshot again', async () => {
    const { json } = await history();
    const clock = manualClock();
    clock.wall += 60_000;
    const registry = new CircuitBreakerRegistry({ clock });

    registry.restore(JSON.parse(json));

    expect(JSON.parse(JSON.stringify(registry))).toEqual(JSON.parse(json));
  });

  test('counts the time that passed towards the recovery', () => {
    const { registry: old, clock: before } = registryOf(['a']);
    old.get('a')?.trip();
    const snapshot = old.toJSON();
    const { registry, clock } = createRegistry();
    clock.wall = before.wall + 59_000;

    registry.restore(snapshot);

    expect(registry.get('a')?.metrics.retryAfter).toBe(1_000);
  });

  test('keeps the last failure, told apart by name and code', async () => {
    const { json } = await history();
    const { registry } = createRegistry();

    registry.restore(JSON.parse(json));

    expect(registry.get('down')?.metrics.lastFailure?.error).toMatchObject({
      message: 'boom',
      code: 'E_BOOM',
    });
  });

  test('makes its new breakers with the defaults and configure', async () => {
    const { json } = await history();
    const { registry } = createRegistry({
      defaults: { successThreshold: 9 },
      configure: (name) => (name === 'down' ? { halfOpenMaxCalls: 8 } : undefined),
    });

    registry.restore(JSON.parse(json));

    const { successThreshold, halfOpenMaxCalls } = registry.getOrCreate('down').options;
    expect([successThreshold, halfOpenMaxCalls]).toEqual([9, 8]);
  });

  test('keeps the breakers that it had, with their options and listeners', async () => {
    const { json } = await history();
    const onOpen = vi.fn();
    const { registry } = createRegistry();
    const down = registry.getOrCreate('down', { failureThreshold: 9, onOpen });

    registry.restore(JSON.parse(json));

    expect(registry.get('down')).toBe(down);
    expect([down.state, down.options.failureThreshold]).toEqual(['OPEN', 9]);
    expect(onOpen).toHaveBeenCalledTimes(1);
  });

  test('leaves breakers that the snapshot does not name as they are', async () => {
    const { json } = await history();
    const { registry } = registryOf(['other']);
    registry.get('other')?.trip();

    registry.restore(JSON.parse(json));

    expect(registry.get('other')?.state).toBe('OPEN');
  });

  test('is told of each breaker that is made', async () => {
    const { json } = await history();
    const { registry } = registryOf(['down', 'well']);
    const created = told(registry, 'create');

    registry.restore(JSON.parse(json));

    expect(created.map(({ breaker }) => breaker)).toEqual([
      'shaky',
      'probing',
      'forced open',
      'forced closed',
    ]);
  });

  test('is told of each breaker that changes its state', async () => {
    const { json } = await history();
    const { registry } = registryOf(['well', 'down']);
    const transitions = told(registry, 'transition');

    registry.restore(JSON.parse(json));

    expect(transitions.map(({ breaker, to, reason }) => [breaker, to, reason])).toEqual([
      ['down', 'OPEN', 'restored'],
    ]);
  });

  test('hears the breakers that were made', async () => {
    const { json } = await history();
    const { registry } = createRegistry();
    const successes = told(registry, 'success');

    registry.restore(JSON.parse(json));
    await registry.get('well')?.call(() => 1);

    expect(successes.map(({ breaker }) => breaker)).toEqual(['well']);
  });

  test('keeps nothing of the snapshot by reference', async () => {
    const { json } = await history();
    const { registry } = createRegistry();
    const snapshot = JSON.parse(json);
    registry.restore(snapshot);
    const before = essence(registry);

    for (const it of snapshot.breakers) Object.assign(it.totals, { calls: 999 });
    snapshot.breakers.length = 0;

    expect(essence(registry)).toEqual(before);
  });

  test('takes in a frozen snapshot', async () => {
    const { fixture } = await history();
    const { registry } = createRegistry();

    registry.restore(deepFreeze(fixture.registry.toJSON()));

    expect(registry.size).toBe(6);
  });

  test('takes in its own snapshot without any change', async () => {
    const { fixture } = await history();
    const before = essence(fixture.registry);

    fixture.registry.restore(fixture.registry.toJSON());

    expect(essence(fixture.registry)).toEqual(before);
  });

  test('takes in an empty snapshot', () => {
    const { registry } = registryOf(['a']);

    registry.restore(JSON.parse(JSON.stringify(createRegistry().registry)));

    expect(registry.names()).toEqual(['a']);
  });

  test('has one breaker for a name, however often the snapshot says it', async () => {
    const { json } = await history();
    const snapshot = JSON.parse(json);
    snapshot.breakers = [snapshot.breakers[0], snapshot.breakers[0]];
    const { registry } = createRegistry();

    try {
      registry.restore(snapshot);
    } catch {
      // Whoever finds such a snapshot damaged is right as well.
    }

    expect(registry.size).toBeLessThanOrEqual(1);
    expect(registry.names()).toHaveLength(registry.size);
  });

  test('keeps to its size with breakers that may be evicted', () => {
    const { registry: old } = registryOf(['a', 'b', 'c']);
    const { registry } = createRegistry({ maxSize: 2 });

    registry.restore(old.toJSON());

    expect(registry.size).toBe(2);
  });

  test('exceeds its size for breakers that are OPEN', () => {
    const { registry: old } = registryOf(['a', 'b', 'c']);
    for (const breaker of old) breaker.trip();
    const { registry } = createRegistry({ maxSize: 2 });

    registry.restore(old.toJSON());

    expect(registry.summary().open).toBe(3);
  });

  test('has every breaker of the snapshot, those too that were idle for too long', async () => {
    const { registry: old } = registryOf(['a']);
    await old.get('a')?.tryCall(failing());
    const { registry, clock } = registryOf(['a'], { idleTimeout: 1_000 });
    clock.advance(1_000);

    registry.restore(old.toJSON());

    expect(registry.get('a')?.metrics.consecutiveFailures).toBe(1);
  });
});

describe('restoring what is damaged', () => {
  type Loose = Record<string, unknown>;
  type Damage = (snapshot: { version: unknown; breakers: Loose[] }) => unknown;

  const damageLast = (change: (it: Loose) => unknown): Damage => {
    return (snapshot) => {
      const last = snapshot.breakers.at(-1) as Loose;
      const result = change(last);
      if (result !== undefined) snapshot.breakers[snapshot.breakers.length - 1] = result as Loose;
    };
  };

  const withLast = (members: Loose): Damage =>
    damageLast((it) => {
      Object.assign(it, members);
    });

  const withVersion =
    (version: unknown): Damage =>
    (snapshot) => {
      snapshot.version = version;
    };

  const without = (member: string): Damage =>
    damageLast((it) => {
      delete it[member];
    });

  const whole =
    (value: unknown): Damage =>
    () => ({ value });

  const DAMAGES: [string, Damage, RegExp][] = [
    ['undefined', whole(undefined), /received undefined/],
    ['null', whole(null), /received null/],
    ['a string', whole('{}'), /received "{}"/],
    ['a number', whole(1), /received 1/],
    ['a list', whole([]), /received an array/],
    ['an empty object', whole({}), /version/],
    ['no version', withVersion(undefined), /version/],
    ['a newer version', withVersion(2), /version.*2/],
    ['a version in words', withVersion('1'), /version.*"1"/],
    ['no breakers', whole({ version: 1 }), /breakers/],
    ['breakers that are no list', whole({ version: 1, breakers: {} }), /breakers.*received an object/],
    ['breakers null', whole({ version: 1, breakers: null }), /breakers.*received null/],
    // biome-ignore lint/suspicious/noSparseArray: such a list is what is to be refused
    ['a hole among the breakers', whole({ version: 1, breakers: [,] }), /received undefined/],
    ['a breaker that is null', damageLast(() => null), /received null/],
    ['a breaker that is a string', damageLast(() => 'a'), /received "a"/],
    ['a breaker that is a registry', damageLast(() => ({ version: 1, breakers: [] })), /snapshot/],
    ['a breaker without a name', without('name'), /name.*received undefined/],
    ['a name that is no string', withLast({ name: 5 }), /name.*received 5/],
    ['a newer version of a breaker', withLast({ version: 2 }), /version/],
    ['an unknown state', withLast({ state: 'open' }), /state.*received "open"/],
    ['a state that objects have', withLast({ state: 'constructor' }), /state.*received "constructor"/],
    ['no state', without('state'), /state/],
    ['an unknown mode', withLast({ mode: 'off' }), /mode.*received "off"/],
    ['a mode that contradicts the state', withLast({ mode: 'forced-open', state: 'CLOSED' }), /forced-open/],
    ['a time in words', withLast({ takenAt: '2026-01-01' }), /takenAt.*received "2026-01-01"/],
    ['an elapsed time below 0', withLast({ elapsed: -1 }), /elapsed.*received -1/],
    ['an elapsed time that is NaN', withLast({ elapsed: Number.NaN }), /elapsed.*received NaN/],
    ['an elapsed time lost by JSON', withLast({ elapsed: null }), /elapsed.*received null/],
    ['half an attempt', withLast({ attempt: 1.5 }), /attempt.*received 1.5/],
    ['failures below 0', withLast({ consecutiveFailures: -1 }), /consecutiveFailures.*received -1/],
    ['more left than there is', withLast({ recovery: 5, remaining: 6 }), /remaining.*received 6/],
    ['no window', without('window'), /window/],
    ['a window that is null', withLast({ window: null }), /window.*received null/],
    ['a window of an unknown type', withLast({ window: { type: 'tumbling' } }), /window.type/],
    [
      'outcomes that are none',
      withLast({ window: { type: 'count', size: 9, outcomes: '0149' } }),
      /outcomes/,
    ],
    [
      'more outcomes than room',
      withLast({ window: { type: 'count', size: 2, outcomes: '000' } }),
      /outcomes/,
    ],
    [
      'buckets that are none',
      withLast({ window: { type: 'time', duration: 9, buckets: 3, counts: [[0, 1, 2, 0]] } }),
      /counts/,
    ],
    [
      'a bucket that is null',
      withLast({ window: { type: 'time', duration: 9, buckets: 3, counts: [null] } }),
      /./,
    ],
    ['a failure that is a string', withLast({ lastFailure: 'boom' }), /lastFailure.*received "boom"/],
    [
      'a failure without a message',
      withLast({ lastFailure: { name: 'E', code: null, ago: 0 } }),
      /lastFailure/,
    ],
    ['no totals', without('totals'), /totals/],
    ['a total below 0', withLast({ totals: { calls: -1 } }), /totals.calls.*received -1/],
    ['totals that are too few', withLast({ totals: { calls: 1 } }), /totals/],
    [
      'a getter that throws',
      damageLast((it) => {
        Object.defineProperty(it, 'state', { get: boom });
      }),
      /cannot be read/,
    ],
    [
      'breakers that cannot be read',
      whole(new Proxy({}, { get: boom, has: boom, getOwnPropertyDescriptor: boom })),
      /./,
    ],
  ];

  async function damaged(damage: Damage): Promise<{ value: RegistrySnapshot }> {
    const { json } = await history();
    const snapshot = JSON.parse(json);
    return (damage(snapshot) as { value: RegistrySnapshot } | undefined) ?? { value: snapshot };
  }

  test.each(DAMAGES)('is refused with what was received: %s', async (_, damage, message) => {
    const { value: snapshot } = await damaged(damage);
    const { registry } = createRegistry();

    const error = refusalOf(() => registry.restore(snapshot));

    expect(error.message).toMatch(message);
  });

  test.each(DAMAGES)('leaves everything as it was: %s', async (_, damage) => {
    const { value: snapshot } = await damaged(damage);
    const { registry } = registryOf(['well', 'forced closed', 'other']);
    await play(registry.getOrCreate('well'), 'fsf');
    registry.get('other')?.trip();
    const before = JSON.stringify(registry);
    const events = vi.fn();
    for (const event of ['create', 'delete', 'transition', 'mode'] as const) registry.on(event, events);

    refusalOf(() => registry.restore(snapshot));

    expect(JSON.stringify(registry)).toBe(before);
    expect(events).not.toHaveBeenCalled();
  });

  test('leaves everything as it was if configure throws', async () => {
    const { json } = await history();
    const problem = new Error('unknown name');
    const { registry } = createRegistry({
      configure: (name) => {
        if (name === 'forced closed') throw problem;
        return undefined;
      },
    });
    registry.getOrCreate('down');
    const before = JSON.stringify(registry);

    const error = thrownBy(() => registry.restore(JSON.parse(json)));

    expect(error).toBe(problem);
    expect(JSON.stringify(registry)).toBe(before);
  });

  test('leaves everything as it was if configure answers nonsense', async () => {
    const { json } = await history();
    const { registry } = createRegistry({
      configure: (name) => (name === 'forced closed' ? { failureThreshold: 0 } : undefined),
    });
    registry.getOrCreate('down');
    const before = JSON.stringify(registry);

    refusalOf(() => registry.restore(JSON.parse(json)));

    expect(JSON.stringify(registry)).toBe(before);
  });

  test('leaves Object.prototype as it was', () => {
    const { registry } = createRegistry();
    const state = JSON.stringify(registryOf(['__proto__']).registry.toJSON().breakers[0]);
    const snapshot = JSON.parse(
      `{"version":1,"__proto__":{"polluted":1},"breakers":[${state.replace('{', '{"__proto__":{"polluted":1},')}]}`,
    );

    registry.restore(snapshot);

    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(registry.names()).toEqual(['__proto__']);
  });

  test('refuses the snapshot of a breaker', async () => {
    const { fixture } = await history();
    const { registry } = createRegistry();
    const [snapshot] = fixture.registry.toJSON().breakers as [CircuitSnapshot];

    expect(refusalOf(() => registry.restore(snapshot as never)).option).toContain('breakers');
  });
});

describe('a breaker that a listener makes during restore', () => {
  test('is the one that is restored', () => {
    const { registry: before } = registryOf(['users', 'orders']);
    for (const breaker of before) breaker.trip();
    const { registry } = createRegistry();
    registry.on('create', ({ breaker }) => {
      if (breaker === 'users') registry.getOrCreate('orders');
    });
    const made: string[] = [];
    registry.on('create', ({ breaker }) => made.push(breaker));

    registry.restore(before.toJSON());

    expect(made).toEqual(['users', 'orders']);
    expect(registry.get('orders')?.state).toBe('OPEN');
  });

  test('is not made again when a listener has deleted it', () => {
    const { registry: before } = registryOf(['users', 'orders']);
    for (const breaker of before) breaker.trip();
    const { registry } = registryOf(['users', 'orders']);
    registry.on('open', ({ breaker }) => {
      if (breaker === 'users') registry.delete('orders');
    });

    registry.restore(before.toJSON());

    expect(registry.names()).toEqual(['users']);
  });
});

function boom(): never {
  throw new RangeError('no');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
