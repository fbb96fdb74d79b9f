import {
  type CallEvent,
  type CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  type CircuitMetrics,
  type CircuitSnapshot,
  type CircuitTotals,
  type ConflictEvent,
  type CreateEvent,
  type DeleteEvent,
  defaultRegistry,
  type OptionDifference,
  type RegistryEvents,
  type RegistryOptions,
  type RegistrySnapshot,
  type RegistrySummary,
  type Transition,
} from 'recloser';
import { describe, expectTypeOf, test } from 'vitest';

declare const registry: CircuitBreakerRegistry;

describe('a registry', () => {
  test('takes nothing, or any of the options', () => {
    new CircuitBreakerRegistry();
    new CircuitBreakerRegistry({
      defaults: { failureThreshold: 3 },
      configure: (name) => (name === 'users' ? { callTimeout: 500 } : undefined),
      maxSize: 10,
      idleTimeout: Number.POSITIVE_INFINITY,
      clock: { now: () => 0 },
    });
    expectTypeOf<{ [Key in keyof RegistryOptions]-?: undefined }>().toExtend<RegistryOptions>();
  });

  test('refuses what is no option', () => {
    // @ts-expect-error an unknown key
    new CircuitBreakerRegistry({ maxsize: 5 });
    // @ts-expect-error an unknown key among the defaults
    new CircuitBreakerRegistry({ defaults: { timeot: 5 } });
    // @ts-expect-error configure answers options
    new CircuitBreakerRegistry({ configure: () => 5 });
    // @ts-expect-error configure answers at once
    new CircuitBreakerRegistry({ configure: async () => ({ callTimeout: 5 }) });
    // @ts-expect-error null is never "not given"
    new CircuitBreakerRegistry({ maxSize: null });
  });

  test('makes and finds breakers', () => {
    expectTypeOf(registry.getOrCreate).parameters.toEqualTypeOf<
      [name: string, options?: CircuitBreakerOptions]
    >();
    expectTypeOf(registry.getOrCreate('users')).toEqualTypeOf<CircuitBreaker>();
    expectTypeOf(registry.get('users')).toEqualTypeOf<CircuitBreaker | undefined>();
    expectTypeOf(registry.has('users')).toEqualTypeOf<boolean>();
    expectTypeOf(registry.delete('users')).toEqualTypeOf<boolean>();
    expectTypeOf(registry.clear()).toEqualTypeOf<void>();
    expectTypeOf(registry.resetAll()).toEqualTypeOf<void>();
    // @ts-expect-error there may be none
    registry.get('users').trip();
    // @ts-expect-error a name is needed
    registry.getOrCreate();
    // @ts-expect-error a name is a string
    registry.getOrCreate(5);
    // @ts-expect-error an unknown key
    registry.getOrCreate('users', { timeot: 5 });
  });

  test('can be counted and iterated', () => {
    expectTypeOf(registry.size).toEqualTypeOf<number>();
    expectTypeOf(registry.names()).toEqualTypeOf<string[]>();
    for (const breaker of registry) expectTypeOf(breaker).toEqualTypeOf<CircuitBreaker>();
    expectTypeOf([...registry]).toEqualTypeOf<CircuitBreaker[]>();
    // @ts-expect-error the size is counted
    registry.size = 0;
  });

  test('is there by default', () => {
    expectTypeOf(defaultRegistry).toEqualTypeOf<CircuitBreakerRegistry>();
  });
});

describe('a summary', () => {
  test('has these members', () => {
    expectTypeOf(registry.summary()).toEqualTypeOf<RegistrySummary>();
    expectTypeOf<RegistrySummary>().toEqualTypeOf<{
      readonly total: number;
      readonly closed: number;
      readonly open: number;
      readonly halfOpen: number;
      readonly forced: number;
      readonly health: number;
      readonly totals: CircuitTotals;
      readonly breakers: readonly CircuitMetrics[];
    }>();
  });
});

describe('a snapshot', () => {
  test('is versioned data', () => {
    expectTypeOf(registry.toJSON()).toEqualTypeOf<RegistrySnapshot>();
    expectTypeOf<RegistrySnapshot>().toEqualTypeOf<{
      readonly version: 1;
      readonly breakers: readonly CircuitSnapshot[];
    }>();
    registry.restore(registry.toJSON());
    registry.restore(JSON.parse('{}'));
    // @ts-expect-error JSON is to be parsed first
    registry.restore('{}');
    // @ts-expect-error the snapshot of a breaker is none of a registry
    registry.restore(registry.getOrCreate('users').snapshot());
  });
});

describe('events', () => {
  test('are those of breakers and three more', () => {
    expectTypeOf<keyof RegistryEvents>().toEqualTypeOf<
      keyof CircuitBreakerEvents | 'create' | 'delete' | 'conflict'
    >();
  });

  test('have these payloads', () => {
    registry.on('create', (event) => {
      expectTypeOf(event).toEqualTypeOf<CreateEvent>();
      expectTypeOf(event.instance).toEqualTypeOf<CircuitBreaker>();
    });
    registry.on('delete', (event) => {
      expectTypeOf(event).toEqualTypeOf<DeleteEvent>();
      expectTypeOf(event.reason).toEqualTypeOf<'deleted' | 'cleared' | 'evicted' | 'idle'>();
    });
    registry.on('conflict', (event) => {
      expectTypeOf(event).toEqualTypeOf<ConflictEvent>();
      expectTypeOf(event.differences).toEqualTypeOf<readonly OptionDifference[]>();
    });
    registry.on('transition', (event) => expectTypeOf(event).toEqualTypeOf<Transition>());
    registry.on('success', (event) => expectTypeOf(event).toEqualTypeOf<CallEvent>());
  });

  test('are ended by what `on` answers', () => {
    expectTypeOf(registry.on('open', () => {})).toEqualTypeOf<() => void>();
    // @ts-expect-error an unknown event
    registry.on('evict', () => {});
    // @ts-expect-error no listener
    registry.on('open');
    // @ts-expect-error a create event is no transition
    registry.on('create', ({ from }) => from);
  });
});
