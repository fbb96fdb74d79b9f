import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Heap } from '../../src/core/heap.js';
import { LinkedList } from '../../src/core/linked-list.js';
import { Entries } from '../../src/core/registry-entries.js';
import { deferred } from '../support/deferred.js';
import { createRegistry, registryOf, toldDeletions } from '../support/registries.js';

/** Brings a breaker into a condition in which it may not be forgotten, with the way out of it. */
const KEPT: [string, (breaker: CircuitBreaker, advance: (ms: number) => void) => () => unknown][] = [
  [
    'OPEN',
    (breaker) => {
      breaker.trip();
      return () => breaker.reset();
    },
  ],
  [
    'OPEN and due for a probe',
    (breaker, advance) => {
      breaker.trip();
      advance(60_000);
      return () => breaker.reset();
    },
  ],
  [
    'HALF_OPEN',
    (breaker, advance) => {
      breaker.trip();
      advance(60_000);
      breaker.acquire().ignore();
      return () => breaker.reset();
    },
  ],
  [
    'forced open',
    (breaker) => {
      breaker.forceOpen();
      return () => breaker.reset();
    },
  ],
  [
    'forced closed',
    (breaker) => {
      breaker.forceClosed();
      return () => breaker.reset();
    },
  ],
  [
    'in the middle of a call',
    (breaker) => {
      const { promise, resolve } = deferred<void>();
      const call = breaker.call(() => promise);
      return () => {
        resolve();
        return call;
      };
    },
  ],
  [
    'waited on by a permit',
    (breaker) => {
      const permit = breaker.acquire();
      return () => permit.success();
    },
  ],
];

/** Everything that counts as a use of a breaker. */
const USES: [string, (registry: CircuitBreakerRegistry, held: CircuitBreaker) => unknown][] = [
  ['get', (registry) => registry.get('a')],
  ['getOrCreate', (registry) => registry.getOrCreate('a')],
  ['getOrCreate with options', (registry) => registry.getOrCreate('a', { failureThreshold: 5 })],
  ['call', (_, held) => held.call(() => 1)],
  ['a call that fails', (_, held) => held.tryCall(() => Promise.reject(new Error('boom')))],
  ['tryCall', (_, held) => held.tryCall(() => 1)],
  ['callSync', (_, held) => held.callSync(() => 1)],
  ['a wrapped function', (_, held) => held.wrap(async () => 1)()],
  ['a wrapped synchronous function', (_, held) => held.wrapSync(() => 1)()],
  ['acquire', (_, held) => held.acquire().success()],
  ['tryAcquire', (_, held) => held.tryAcquire()?.ignore()],
];

/** What looks at a breaker without using it. */
const LOOKS: [string, (registry: CircuitBreakerRegistry, held: CircuitBreaker) => unknown][] = [
  ['has', (registry) => registry.has('a')],
  ['names', (registry) => registry.names()],
  ['size', (registry) => registry.size],
  ['iterating', (registry) => [...registry]],
  ['summary', (registry) => registry.summary()],
  ['toJSON', (registry) => registry.toJSON()],
  ['metrics', (_, held) => held.metrics],
  ['state', (_, held) => held.state],
  ['wrapping', (_, held) => held.wrap(async () => 1)],
];

describe('maxSize', () => {
  test('keeps as many breakers as it says', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });

    expect(registry.names()).toEqual(['a', 'b', 'c']);
  });

  test('makes room for one more by the least recently used', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const deletions = toldDeletions(registry);

    registry.getOrCreate('d');

    expect(registry.names()).toEqual(['b', 'c', 'd']);
    expect(deletions).toEqual(['a evicted']);
  });

  test('evicts nobody for a breaker that exists', () => {
    const { registry } = registryOf(['a', 'b'], { maxSize: 2 });

    registry.getOrCreate('a');
    registry.get('c');

    expect(registry.names()).toEqual(['a', 'b']);
  });

  test('of 1 keeps the latest', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 1 });

    expect(registry.names()).toEqual(['c']);
  });

  test('of Infinity evicts nobody', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => String(index));

    const { registry } = registryOf(names, { maxSize: Number.POSITIVE_INFINITY });

    expect(registry.size).toBe(1_000);
  });

  test.each(USES)('takes for a use: %s', async (_, use) => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const held = [...registry][0] as CircuitBreaker;

    await use(registry, held);
    registry.getOrCreate('d');

    expect(registry.names()).toEqual(['a', 'c', 'd']);
  });

  test.each(LOOKS)('takes for no use: %s', async (_, look) => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const held = [...registry][0] as CircuitBreaker;

    await look(registry, held);
    registry.getOrCreate('d');

    expect(registry.names()).toEqual(['b', 'c', 'd']);
  });

  test('goes by the order of the uses', () => {
    const { registry } = registryOf(['a', 'b', 'c', 'd'], { maxSize: 4 });
    const deletions = toldDeletions(registry);
    for (const name of ['c', 'a', 'd', 'b']) registry.get(name);

    for (const name of ['e', 'f', 'g', 'h']) registry.getOrCreate(name);

    expect(deletions).toEqual(['c evicted', 'a evicted', 'd evicted', 'b evicted']);
  });

  test.each(KEPT)('evicts the next one in place of one that is %s', (_, bring) => {
    const { registry, clock } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    bring([...registry][0] as CircuitBreaker, (ms) => clock.advance(ms));
    for (const name of ['b', 'c']) registry.get(name);

    registry.getOrCreate('d');

    expect(registry.names()).toEqual(['a', 'c', 'd']);
  });

  test.each(KEPT)('is exceeded when every breaker is %s', (_, bring) => {
    const { registry, clock } = registryOf(['a', 'b'], { maxSize: 2 });
    for (const breaker of registry) bring(breaker, (ms) => clock.advance(ms));

    const breaker = registry.getOrCreate('c');

    expect(registry.get('c')).toBe(breaker);
    expect(registry.names()).toEqual(['a', 'b', 'c']);
  });

  test.each(KEPT)('is kept again as soon as breakers are no longer %s', async (_, bring) => {
    const { registry, clock } = registryOf(['a', 'b'], { maxSize: 2 });
    const release = Array.from(registry, (breaker) => bring(breaker, (ms) => clock.advance(ms)));
    registry.getOrCreate('c');
    await Promise.all(release.map((undo) => undo()));

    registry.getOrCreate('d');

    expect(registry.size).toBe(2);
    expect(registry.has('d')).toBe(true);
  });

  test('evicts a breaker that only observes', () => {
    const { registry } = registryOf(['a', 'b'], { maxSize: 1, defaults: { mode: 'observe' } });

    expect(registry.names()).toEqual(['b']);
  });

  test('goes by the last use of a breaker that could not be evicted at first', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const [a] = [...registry] as [CircuitBreaker];
    a.trip();
    registry.getOrCreate('d');
    a.reset();

    registry.getOrCreate('e');

    expect(registry.names()).toEqual(['c', 'd', 'e']);
  });

  test('goes by the last use of breakers that come back in another order', () => {
    const { registry } = registryOf(['a', 'b', 'c', 'd'], { maxSize: 4 });
    const [a, b, c] = [...registry] as [CircuitBreaker, CircuitBreaker, CircuitBreaker];
    for (const breaker of [a, b, c]) breaker.trip();
    registry.getOrCreate('e'); // looks at all of them
    const deletions = toldDeletions(registry);

    for (const breaker of [a, c, b]) breaker.reset();
    for (const name of ['f', 'g', 'h']) registry.getOrCreate(name);

    expect(deletions).toEqual(['a evicted', 'b evicted', 'c evicted']);
  });

  test('goes by the use of a breaker after it has come back', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const [a] = [...registry] as [CircuitBreaker];
    a.trip();
    registry.getOrCreate('d');
    a.reset();
    registry.get('a');

    registry.getOrCreate('e');

    expect(registry.names()).toEqual(['a', 'd', 'e']);
  });

  test('passes over a breaker that has come back and was deleted', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const [a] = [...registry] as [CircuitBreaker];
    a.trip();
    registry.getOrCreate('d');
    a.reset();
    registry.delete('a');
    registry.getOrCreate('a');

    registry.getOrCreate('e');

    expect(registry.names()).toEqual(['d', 'a', 'e']);
  });

  test('passes over a breaker that has come back and is OPEN again', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const [a] = [...registry] as [CircuitBreaker];
    a.trip();
    registry.getOrCreate('d');
    a.reset();
    a.trip();

    registry.getOrCreate('e');
    a.reset();
    registry.getOrCreate('f');

    expect(registry.names()).toEqual(['d', 'e', 'f']);
  });

  test('makes the evicted breaker anew when its name is asked for', () => {
    const { registry } = registryOf(['a', 'b'], { maxSize: 1, configure: () => ({ failureThreshold: 4 }) });

    const a = registry.getOrCreate('a');

    expect(a.options.failureThreshold).toBe(4);
    expect(registry.names()).toEqual(['a']);
  });

  test('is not disturbed by calls through a breaker that was evicted', async () => {
    const { registry } = createRegistry({ maxSize: 2 });
    const evicted = registry.getOrCreate('a');
    for (const name of ['b', 'c', 'a']) registry.getOrCreate(name);
    registry.get('c');

    await evicted.call(() => 1);
    registry.getOrCreate('d');

    expect(registry.names()).toEqual(['c', 'd']);
  });

  test('holds when a listener makes a breaker while room is made', () => {
    const { registry } = registryOf(['a', 'b'], { maxSize: 2 });
    let isFirst = true;
    registry.on('delete', () => {
      if (isFirst) {
        isFirst = false;
        registry.getOrCreate('log');
      }
    });

    registry.getOrCreate('c');

    expect(registry.size).toBe(2);
  });

  test('leaves one breaker for a name that a listener asks for while room is made for it', () => {
    const { registry } = registryOf(['a'], { maxSize: 1 });
    const made: CircuitBreaker[] = [];
    registry.on('delete', ({ breaker }) => {
      if (breaker === 'a') made.push(registry.getOrCreate('log'));
    });

    made.push(registry.getOrCreate('log'));

    expect(new Set([...made, registry.get('log')]).size).toBe(1);
  });
});

describe('idleTimeout', () => {
  test('keeps a breaker until it has passed', () => {
    const { registry, clock } = registryOf(['a'], { idleTimeout: 1_000 });

    clock.advance(999);

    expect(registry.has('a')).toBe(true);
  });

  test.each<[string, (registry: CircuitBreakerRegistry) => unknown, unknown]>([
    ['has', (registry) => registry.has('a'), false],
    ['get', (registry) => registry.get('a'), undefined],
    ['delete', (registry) => registry.delete('a'), false],
    ['size', (registry) => registry.size, 0],
    ['names', (registry) => registry.names(), []],
    ['iterating', (registry) => [...registry], []],
    ['summary', (registry) => registry.summary().breakers, []],
    ['toJSON', (registry) => registry.toJSON().breakers, []],
  ])('is over for %s when it has passed', (_, look, expected) => {
    const { registry, clock } = registryOf(['a'], { idleTimeout: 1_000 });

    clock.advance(1_000);

    expect(look(registry)).toEqual(expected);
  });

  test('lets getOrCreate make a new breaker when it has passed', () => {
    const { registry, clock } = createRegistry({ idleTimeout: 1_000 });
    const old = registry.getOrCreate('a');

    clock.advance(1_000);

    expect(registry.getOrCreate('a')).not.toBe(old);
    expect(registry.size).toBe(1);
  });

  test('tells that the breaker was idle', () => {
    const { registry, clock } = registryOf(['a', 'b'], { idleTimeout: 1_000 });
    const deletions = toldDeletions(registry);

    clock.advance(1_000);
    registry.names();

    expect(deletions).toEqual(['a idle', 'b idle']);
  });

  test('does nothing until somebody asks', () => {
    const { registry, clock } = registryOf(['a'], { idleTimeout: 1_000 });
    const deletions = toldDeletions(registry);

    clock.advance(1_000_000);

    expect(deletions).toEqual([]);
  });

  test.each(USES)('begins again with a use at 500 and ends at 1500: %s', async (_, use) => {
    const { registry, clock } = registryOf(['a', 'unused'], { idleTimeout: 1_000 });
    const held = [...registry][0] as CircuitBreaker;

    clock.advance(500);
    await use(registry, held);
    clock.advance(999);
    const before = registry.names();
    clock.advance(1);
    const after = registry.names();

    expect([before, after]).toEqual([['a'], []]);
  });

  test.each(LOOKS)('goes on after what is no use: %s', async (_, look) => {
    const { registry, clock } = registryOf(['a'], { idleTimeout: 1_000 });
    const held = [...registry][0] as CircuitBreaker;

    clock.advance(500);
    await look(registry, held);
    clock.advance(500);

    expect(registry.has('a')).toBe(false);
  });

  test('forgets each breaker at its own time', () => {
    const { registry, clock } = createRegistry({ idleTimeout: 1_000 });
    for (const name of ['a', 'b', 'c']) {
      registry.getOrCreate(name);
      clock.advance(400);
    }

    expect(registry.names()).toEqual(['b', 'c']);
  });

  test.each(KEPT)('never forgets a breaker that is %s', (_, bring) => {
    const { registry, clock } = registryOf(['a', 'b'], { idleTimeout: 1_000 });
    const [a] = [...registry] as [CircuitBreaker];
    bring(a, (ms) => clock.advance(ms));

    clock.advance(1_000_000);
    registry.names();
    clock.advance(1_000_000);

    expect([...registry]).toEqual([a]);
  });

  test.each(KEPT)('forgets a breaker in the end that is no longer %s', async (_, bring) => {
    const { registry, clock } = registryOf(['a'], { idleTimeout: 1_000 });
    const [a] = [...registry] as [CircuitBreaker];
    const release = bring(a, (ms) => clock.advance(ms));
    clock.advance(1_000);
    registry.names();

    await release();
    clock.advance(1_000);

    expect(registry.names()).toEqual([]);
  });

  test('of 0 keeps a breaker as long as the time stands still', () => {
    const { registry, clock } = createRegistry({ idleTimeout: 0 });
    const breaker = registry.getOrCreate('a');

    expect(registry.get('a')).toBe(breaker);
    clock.advance(1);
    expect(registry.get('a')).toBeUndefined();
  });

  test('goes together with maxSize', () => {
    const { registry, clock } = registryOf(['a', 'b'], { idleTimeout: 1_000, maxSize: 2 });
    const deletions = toldDeletions(registry);
    clock.advance(1_000);

    registry.getOrCreate('c');

    expect(deletions).toEqual(['a idle', 'b idle']);
  });

  test('holds no timer', () => {
    const before = process.getActiveResourcesInfo();

    registryOf(['a', 'b'], { idleTimeout: 10 });

    expect(process.getActiveResourcesInfo()).toEqual(before);
  });
});

describe('100,000 names', () => {
  const NAMES = Array.from({ length: 100_000 }, (_, index) => `host-${index}.example`);

  test('are made with one look at the clock and one question each', () => {
    let asked = 0;
    const { registry, clock } = createRegistry({
      configure: () => {
        asked++;
        return undefined;
      },
    });

    for (const name of NAMES) registry.getOrCreate(name);

    expect([registry.size, asked]).toEqual([100_000, 100_000]);
    expect(clock.reads).toBeLessThanOrEqual(100_000);
  });

  test('are found without looking at a clock or asking for options', () => {
    let asked = 0;
    const { registry, clock } = registryOf(NAMES, {
      configure: () => {
        asked++;
        return undefined;
      },
    });
    [clock.reads, asked] = [0, 0];

    for (const name of NAMES) registry.getOrCreate(name);

    expect([clock.reads, asked]).toEqual([0, 0]);
  });

  test('are found with a bounded number of looks at the clock where they may be idle', () => {
    const names = NAMES.slice(0, 10_000);
    const { registry, clock } = registryOf(names, { idleTimeout: 1_000, maxSize: 20_000 });
    clock.reads = 0;

    for (const name of names) registry.getOrCreate(name);

    expect(clock.reads).toBeLessThanOrEqual(2 * names.length);
  });

  test('are evicted one for each that is made, with a bounded number of looks at the clock', () => {
    const { registry, clock } = createRegistry({ maxSize: 1_000 });
    let evicted = 0;
    registry.on('delete', () => evicted++);

    for (const name of NAMES) registry.getOrCreate(name);

    expect([registry.size, evicted]).toEqual([1_000, 99_000]);
    expect(registry.names()).toEqual(NAMES.slice(-1_000));
    expect(clock.reads).toBeLessThanOrEqual(4 * NAMES.length);
  });

  test('are forgotten at once when all of them are idle', () => {
    const names = NAMES.slice(0, 10_000);
    const { registry, clock } = registryOf(names, { idleTimeout: 1_000 });
    clock.reads = 0;

    clock.advance(1_000);

    expect(registry.size).toBe(0);
    expect(clock.reads).toBeLessThanOrEqual(3 * names.length);
  });

  test('are made with bounded work each where none of the others may be evicted', () => {
    const { registry, clock } = createRegistry({ maxSize: 1_000 });
    for (const name of NAMES.slice(0, 1_000)) registry.getOrCreate(name).trip();
    clock.reads = 0;

    for (const name of NAMES.slice(1_000, 3_000)) registry.getOrCreate(name).trip();

    expect(registry.size).toBe(3_000);
    expect(clock.reads).toBeLessThanOrEqual(2_000 * 200);
  });

  test('come back all at once, in any order, with a look at each', () => {
    const entries = new Entries({ now: () => 0 }, { maxSize: 1, idleTimeout: Infinity }, () => {});
    let looks = 0;
    const all = NAMES.slice(0, 2_000).map((name) => {
      const breaker = new CircuitBreaker({ name });
      breaker.trip();
      const entry = entries.add(breaker);
      let use = entry.use;
      Object.defineProperty(entry, 'use', {
        get: () => {
          looks++;
          return use;
        },
        set: (now: number) => {
          use = now;
        },
      });
      return entry;
    });
    for (let i = 0; i < all.length; i++) entries.touch(all[(i * 773) % all.length]);
    entries.makeRoom(entries.add(new CircuitBreaker({ name: 'newest' })));
    looks = 0;

    for (const entry of all) entries.takeBack(entry);

    expect(looks).toBe(all.length);
  });

  test('leave no more than maxSize when many of the oldest are OPEN', () => {
    const { registry } = createRegistry({ maxSize: 300 });
    for (const name of NAMES.slice(0, 200)) registry.getOrCreate(name).trip();

    for (const name of NAMES.slice(200, 1_200)) registry.getOrCreate(name);

    expect(registry.size).toBe(300);
    expect(registry.summary().open).toBe(200);
  });
});

test('a breaker that was forced closed may be evicted again once it is reset', () => {
  const registry = new CircuitBreakerRegistry({ maxSize: 1 });
  const forced = registry.getOrCreate('forced');
  forced.forceClosed();
  registry.getOrCreate('second');

  forced.reset();
  registry.getOrCreate('third');
  registry.getOrCreate('fourth');

  expect(registry.names()).toEqual(['fourth']);
});

test('a breaker with calls in flight counts as used, and is evicted in its turn once they have ended', () => {
  const { registry } = createRegistry({ maxSize: 2 });
  const busy = registry.getOrCreate('busy').acquire();
  registry.getOrCreate('second');
  registry.getOrCreate('third');
  expect(registry.names()).toEqual(['busy', 'third']);

  busy.success();
  registry.getOrCreate('third');
  registry.getOrCreate('fourth');

  expect(registry.names()).toEqual(['third', 'fourth']);
});

describe('the order of uses', () => {
  test('is not searched for a breaker that was set aside until it is sound', () => {
    const { registry } = createRegistry({ maxSize: 1 });
    const open = registry.getOrCreate('open');
    open.trip();
    registry.getOrCreate('second');
    const add = vi.spyOn(Heap.prototype, 'add');
    onTestFinished(() => add.mockRestore());

    open.on('reject', () => {});
    registry.on('reject', () => {});
    for (let call = 0; call < 20; call++) open.tryAcquire();
    expect(add).not.toHaveBeenCalled();
    open.reset();

    expect(add).toHaveBeenCalled();
  });

  test('is searched a bounded way where everybody is busy', () => {
    const { registry } = createRegistry({ maxSize: 1 });
    const many = 1_000;
    for (let made = 0; made < many; made++) registry.getOrCreate(`${made}`).acquire();
    const add = vi.spyOn(LinkedList.prototype, 'add');
    onTestFinished(() => add.mockRestore());

    registry.getOrCreate('one more');

    // 64 that are passed over, and the new one.
    expect(add.mock.calls.length).toBe(65);
    expect(registry.names()).toHaveLength(many + 1);
  });
});
