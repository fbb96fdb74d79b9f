import type { CircuitBreaker, CircuitBreakerEvents } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { ALL_EVENTS, failing, heard, succeedTimes, thrownBy } from '../support/breakers.js';
import { fakeDetector } from '../support/fake-detector.js';
import {
  BRITTLE,
  createRegistry,
  type RegistryFixture,
  registryOf,
  told,
  toldDeletions,
} from '../support/registries.js';
import { quiet, watchRuntime } from '../support/runtime.js';

type Provoke = (breaker: CircuitBreaker, advance: (ms: number) => void) => unknown;

/** Makes each event of a breaker happen, once. */
const PROVOKE: Record<keyof CircuitBreakerEvents, Provoke> = {
  transition: (breaker) => breaker.trip(),
  open: (breaker) => breaker.trip(),
  halfOpen: (breaker, advance) => {
    breaker.trip();
    advance(60_000);
    breaker.acquire().ignore();
  },
  close: (breaker) => {
    breaker.trip();
    breaker.reset();
  },
  success: (breaker) => breaker.call(() => 'fine'),
  failure: (breaker) => breaker.tryCall(failing()),
  ignore: (breaker) => breaker.acquire().ignore(),
  reject: (breaker) => {
    breaker.trip();
    return breaker.tryCall(() => 'unreached');
  },
  fallback: (breaker) => breaker.call<unknown>(failing(), { fallback: () => 'instead' }),
  mode: (breaker) => breaker.forceClosed(),
  degraded: (breaker) => tellOfDetector(breaker, 'degraded'),
  well: (breaker) => tellOfDetector(breaker, 'well'),
};

/** A detector that has something to tell at once. */
function tellOfDetector(breaker: CircuitBreaker, event: 'degraded' | 'well'): void {
  const { detector, hosts } = fakeDetector();
  breaker.update({ detector });
  hosts[0]?.tell(event, 'more failures than usual', 0);
}

const provoke = ({ clock }: RegistryFixture, event: keyof CircuitBreakerEvents, breaker: CircuitBreaker) =>
  PROVOKE[event](breaker, (ms) => clock.advance(ms));

describe('one subscription', () => {
  test.each(ALL_EVENTS)('hears a breaker that is there already: %s', async (event) => {
    const fixture = createRegistry();
    const breaker = fixture.registry.getOrCreate('users');
    const payloads = told(fixture.registry, event);

    await provoke(fixture, event, breaker);

    expect(payloads.map((payload) => payload.breaker)).toEqual(['users']);
  });

  test.each(ALL_EVENTS)('hears a breaker that is made later: %s', async (event) => {
    const fixture = createRegistry();
    const payloads = told(fixture.registry, event);
    const breaker = fixture.registry.getOrCreate('users');

    await provoke(fixture, event, breaker);

    expect(payloads.map((payload) => payload.breaker)).toEqual(['users']);
  });

  test.each(ALL_EVENTS)('tells what the breaker’s own listeners are told: %s', async (event) => {
    const fixture = createRegistry();
    const breaker = fixture.registry.getOrCreate('users');
    const own = heard(breaker, event);
    const payloads = told(fixture.registry, event);

    await provoke(fixture, event, breaker);

    expect(payloads).toEqual(own);
  });

  test.each(ALL_EVENTS)('hears nothing after it has ended: %s', async (event) => {
    const fixture = createRegistry();
    const listener = vi.fn();
    const breaker = fixture.registry.getOrCreate('users');
    const unsubscribe = fixture.registry.on(event, listener);

    unsubscribe();
    await provoke(fixture, event, breaker);
    await provoke(fixture, event, fixture.registry.getOrCreate('later'));

    expect(listener).not.toHaveBeenCalled();
  });

  test.each(ALL_EVENTS)('hears nothing of a breaker that was deleted: %s', async (event) => {
    const fixture = createRegistry();
    const breaker = fixture.registry.getOrCreate('users');
    const payloads = told(fixture.registry, event);

    fixture.registry.delete('users');
    await provoke(fixture, event, breaker);

    expect(payloads).toEqual([]);
  });

  test.each<[string, (fixture: RegistryFixture) => unknown]>([
    ['cleared', ({ registry }) => registry.clear()],
    ['evicted', ({ registry }) => registry.getOrCreate('orders')],
    [
      'forgotten for being idle',
      ({ registry, clock }) => {
        clock.advance(1_000);
        registry.names();
      },
    ],
  ])('hears nothing of a breaker that was %s', async (_, forget) => {
    const fixture = createRegistry({ maxSize: 1, idleTimeout: 1_000 });
    const breaker = fixture.registry.getOrCreate('users');
    const payloads = told(fixture.registry, 'success');

    forget(fixture);
    await breaker.call(() => 'fine');

    expect(payloads).toEqual([]);
  });

  test('hears the breaker that took the place of a deleted one', async () => {
    const { registry } = registryOf(['users']);
    const payloads = told(registry, 'success');
    registry.delete('users');

    await registry.getOrCreate('users').call(() => 'new');

    expect(payloads.map(({ value }) => value)).toEqual(['new']);
  });

  test('hears the end of a call that began before it', async () => {
    const { registry } = registryOf(['users']);
    const call = registry.get('users')?.call(async () => 'fine');

    const payloads = told(registry, 'success');
    await call;

    expect(payloads.map(({ value }) => value)).toEqual(['fine']);
  });

  test('leaves those of others when it ends', async () => {
    const { registry } = registryOf(['users']);
    const listener = vi.fn();
    const unsubscribe = registry.on('success', listener);
    registry.on('success', listener);

    unsubscribe();
    unsubscribe();
    await registry.get('users')?.call(() => 'fine');

    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('leaves the breaker’s own listeners when it ends', async () => {
    const { registry } = registryOf(['users']);
    const own = heard(registry.getOrCreate('users'), 'success');
    const unsubscribe = registry.on('success', () => {});

    unsubscribe();
    await registry.get('users')?.call(() => 'fine');

    expect(own.map(({ duration }) => duration)).toEqual([0]);
  });

  test('is not ended by a breaker that loses its own listeners', async () => {
    const { registry, clock } = registryOf(['users']);
    const breaker = registry.getOrCreate('users');
    const payloads = told(registry, 'success');

    breaker.on('success', () => {})();
    await breaker.call(() => clock.advance(7));

    expect(payloads.map(({ duration }) => duration)).toEqual([7]);
  });

  test('may end while it is told', async () => {
    const { registry } = registryOf(['users']);
    const listener = vi.fn(() => unsubscribe());
    const unsubscribe = registry.on('success', listener);

    await succeedTimes(registry.getOrCreate('users'), 2);

    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('that throws disturbs neither the call nor the others', async () => {
    const { uncaught } = watchRuntime();
    const { registry } = registryOf(['users']);
    const problem = new Error('listener');
    registry.on('success', () => {
      throw problem;
    });
    const payloads = told(registry, 'success');

    const value = await registry.get('users')?.call(() => 'fine');
    await quiet();

    expect([value, payloads.length, uncaught]).toEqual(['fine', 1, [problem]]);
  });

  test.each<[string, unknown]>([
    ['a misspelt one', 'opened'],
    ['the empty string', ''],
    ['a name that objects have', 'constructor'],
    ['undefined', undefined],
    ['a symbol', Symbol('open')],
  ])('to an unknown event is refused: %s', (_, event) => {
    const { registry } = createRegistry();

    expect(thrownBy(() => registry.on(event as never, () => {}))).toBeInstanceOf(TypeError);
  });

  test.each([undefined, null, 'listener', {}])('of what is no function is refused: %s', (listener) => {
    const { registry } = createRegistry();

    const error = thrownBy(() => registry.on('open', listener as never));

    expect(error).toBeInstanceOf(TypeError);
  });
});

describe('what a call costs', () => {
  test('is no look at the clock while nobody listens', async () => {
    const { registry, clock } = registryOf(['users']);
    clock.reads = 0;

    await succeedTimes(registry.getOrCreate('users'), 20);

    expect(clock.reads).toBe(0);
  });

  test('is no look at the clock while nobody listens in a registry of bounded size', async () => {
    const { registry, clock } = registryOf(['users', 'orders'], { maxSize: 2 });
    const breaker = registry.getOrCreate('users');
    clock.reads = 0;

    await succeedTimes(breaker, 20);

    expect(clock.reads).toBe(0);
  });

  test.each([
    'create',
    'delete',
    'conflict',
    'transition',
    'open',
    'halfOpen',
    'close',
    'reject',
    'mode',
  ] as const)('is no look at the clock for a listener of %s', async (event) => {
    const { registry, clock } = registryOf(['users']);
    registry.on(event, () => {});
    const later = registry.getOrCreate('later');
    clock.reads = 0;

    await succeedTimes(registry.getOrCreate('users'), 20);
    await succeedTimes(later, 20);

    expect(clock.reads).toBe(0);
  });

  test('is the time of its duration for a listener of calls', async () => {
    const { registry, clock } = registryOf(['users']);
    const payloads = told(registry, 'success');

    await registry.get('users')?.call(() => clock.advance(25));

    expect(payloads.map(({ duration }) => duration)).toEqual([25]);
  });

  test('is nothing again when the listeners are gone', async () => {
    const { registry, clock } = registryOf(['users']);
    const unsubscribe = registry.on('success', () => {});
    const later = registry.getOrCreate('later');
    unsubscribe();
    clock.reads = 0;

    await succeedTimes(registry.getOrCreate('users'), 20);
    await succeedTimes(later, 20);

    expect(clock.reads).toBe(0);
  });

  test('is nothing again for a breaker that was deleted', async () => {
    const { registry, clock } = registryOf(['users']);
    const breaker = registry.getOrCreate('users');
    registry.on('success', () => {});
    registry.delete('users');
    clock.reads = 0;

    await succeedTimes(breaker, 20);

    expect(clock.reads).toBe(0);
  });
});

describe('a create event', () => {
  test('hands out the breaker', () => {
    const { registry } = createRegistry();
    const created = told(registry, 'create');

    const breaker = registry.getOrCreate('users');

    expect(created).toEqual([{ breaker: 'users', instance: breaker }]);
    expect(created[0]?.instance).toBe(breaker);
  });

  test('is told when the breaker is in the registry', () => {
    const { registry } = createRegistry();
    const found: (CircuitBreaker | undefined)[] = [];
    registry.on('create', ({ breaker }) => found.push(registry.get(breaker)));

    const breaker = registry.getOrCreate('users');

    expect(found).toEqual([breaker]);
  });

  test('is told when the registry hears the breaker: what a listener does to it is heard', () => {
    const { registry } = createRegistry();
    registry.on('create', ({ instance }) => instance.trip());
    const opened = told(registry, 'open');

    registry.getOrCreate('users');

    expect(opened).toMatchObject([{ breaker: 'users', reason: 'tripped' }]);
  });

  test('is not told for a breaker that exists', () => {
    const { registry } = registryOf(['users']);
    const created = told(registry, 'create');

    registry.getOrCreate('users');

    expect(created).toEqual([]);
  });

  test('lets a listener make breakers', () => {
    const { registry } = createRegistry();
    registry.on('create', ({ breaker }) => {
      if (!breaker.endsWith('-replica')) registry.getOrCreate(`${breaker}-replica`);
    });

    registry.getOrCreate('users');

    expect(registry.names()).toEqual(['users', 'users-replica']);
  });
});

describe('a delete event', () => {
  test('hands out the breaker', () => {
    const { registry } = registryOf(['users']);
    const instance = registry.getOrCreate('users');
    const deleted = told(registry, 'delete');

    registry.delete('users');

    expect(deleted).toEqual([{ breaker: 'users', instance, reason: 'deleted' }]);
    expect(deleted[0]?.instance).toBe(instance);
  });

  test('says that everything was cleared', () => {
    const { registry } = registryOf(['users', 'orders']);
    const deletions = toldDeletions(registry);

    registry.clear();

    expect(deletions).toEqual(['users cleared', 'orders cleared']);
  });

  test('says that there was no more room', () => {
    const { registry } = registryOf(['users'], { maxSize: 1 });
    const deletions = toldDeletions(registry);

    registry.getOrCreate('orders');

    expect(deletions).toEqual(['users evicted']);
  });

  test('says that the breaker was idle', () => {
    const { registry, clock } = registryOf(['users'], { idleTimeout: 1_000 });
    const deletions = toldDeletions(registry);

    clock.advance(1_000);
    registry.has('users');

    expect(deletions).toEqual(['users idle']);
  });

  test('is not told where there was nothing to delete', () => {
    const { registry } = createRegistry();
    const deletions = toldDeletions(registry);

    registry.delete('users');
    registry.clear();

    expect(deletions).toEqual([]);
  });

  test('is told when the breaker is gone', () => {
    const { registry } = registryOf(['users']);
    const found: boolean[] = [];
    registry.on('delete', ({ breaker }) => found.push(registry.has(breaker)));

    registry.delete('users');

    expect(found).toEqual([false]);
  });

  test('is the last one of its breaker', () => {
    const { registry } = registryOf(['users']);
    const log: string[] = [];
    registry.on('delete', ({ instance }) => instance.trip());
    registry.on('delete', () => log.push('delete'));
    registry.on('transition', () => log.push('transition'));

    registry.delete('users');

    expect(log).toEqual(['delete']);
  });
});

test.each([{ maxSize: 5 }, { idleTimeout: 1_000 }])(
  'a registry that forgets (%o) is told at once as well',
  (options) => {
    const { registry } = createRegistry(options);
    const opened = told(registry, 'open');

    registry.getOrCreate('users').trip();

    expect(opened).toHaveLength(1);
  },
);

describe('what a listener of a breaker causes', () => {
  test('is told to the registry after what caused it', async () => {
    const { registry } = createRegistry();
    const breaker = registry.getOrCreate('users', BRITTLE);
    breaker.on('open', () => breaker.forceClosed());
    const log: string[] = [];
    registry.on('failure', () => log.push('failure'));
    registry.on('transition', ({ from, to }) => log.push(`${from}→${to}`));
    registry.on('mode', ({ to }) => log.push(to));

    await breaker.tryCall(failing());

    expect(log).toEqual(['failure', 'CLOSED→OPEN', 'OPEN→CLOSED', 'forced-closed']);
  });

  test('takes nothing from the registry that came before the breaker was deleted', async () => {
    const { registry } = createRegistry();
    const breaker = registry.getOrCreate('users', BRITTLE);
    breaker.on('open', () => registry.delete('users'));
    const log: string[] = [];
    for (const event of ['failure', 'open', 'delete'] as const) registry.on(event, () => log.push(event));

    await breaker.tryCall(failing());

    expect(log).toEqual(['failure', 'open', 'delete']);
  });
});
