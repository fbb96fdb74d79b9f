import { type CircuitBreakerOptions, CircuitBreakerRegistry } from 'recloser';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../support/manual-clock.js';
import { told } from '../support/registries.js';

/** As `recloser/testing` asks for it, of any copy of the package. */
function isolate(registry: CircuitBreakerRegistry, defaults: CircuitBreakerOptions = {}): () => void {
  const key = Symbol.for('recloser.isolate.1');
  const { [key]: setAside } = registry as unknown as {
    [key]: (defaults: CircuitBreakerOptions) => () => void;
  };
  return setAside(defaults);
}

describe('an isolation of a registry', () => {
  test('sets breakers and defaults aside, and brings them back', () => {
    const clock = manualClock();
    const registry = new CircuitBreakerRegistry({ clock, defaults: { failureThreshold: 3 } });
    const before = registry.getOrCreate('users');

    const end = isolate(registry, { minimumCalls: 7 });
    const within = registry.getOrCreate('users').options;
    end();

    expect(within).toMatchObject({ failureThreshold: 5, minimumCalls: 7, clock });
    expect([...registry]).toEqual([before]);
    expect(registry.getOrCreate('orders').options).toMatchObject({ failureThreshold: 3, clock });
  });

  test('has the clock of its defaults', () => {
    const registry = new CircuitBreakerRegistry();
    const clock = manualClock();

    isolate(registry, { clock });

    expect(registry.clock).toBe(clock);
    expect(registry.getOrCreate('users').options.clock).toBe(clock);
  });

  test('forgets its breakers, which are told no more, and hears those from before again', () => {
    const registry = new CircuitBreakerRegistry();
    const opened = told(registry, 'open');
    const before = registry.getOrCreate('before');

    const end = isolate(registry);
    before.trip();
    const within = registry.getOrCreate('within');
    end();
    within.trip();
    before.reset();
    before.trip();

    expect(opened.map(({ breaker }) => breaker)).toEqual(['before']);
  });

  test('ends once, however often it is ended', () => {
    const registry = new CircuitBreakerRegistry();
    const end = isolate(registry);
    end();
    const created = registry.getOrCreate('users');

    end();

    expect([...registry]).toEqual([created]);
  });

  test('ends after those that began within it', () => {
    const registry = new CircuitBreakerRegistry();
    const outer = isolate(registry);
    const inner = isolate(registry);

    expect(outer).toThrow(new Error('An isolation ends after those that began within it'));
    inner();
    outer();

    const again = isolate(registry);
    expect(again).not.toThrow();
  });
});
