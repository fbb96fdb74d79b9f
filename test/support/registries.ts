import {
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  type RegistryEvents,
  type RegistryOptions,
} from 'recloser';
import { type ManualClock, manualClock } from './manual-clock.js';

export interface RegistryFixture {
  readonly registry: CircuitBreakerRegistry;
  readonly clock: ManualClock;
}

/** A registry on a clock of its own, which its breakers read as well. */
export function createRegistry(options: RegistryOptions = {}): RegistryFixture {
  const clock = manualClock();
  return { registry: new CircuitBreakerRegistry({ clock, ...options }), clock };
}

/** A registry with breakers of these names, made in this order. */
export function registryOf(names: readonly string[], options: RegistryOptions = {}): RegistryFixture {
  const fixture = createRegistry(options);
  for (const name of names) fixture.registry.getOrCreate(name);
  return fixture;
}

/** Every payload of one event, from now on. */
export function told<Event extends keyof RegistryEvents>(
  registry: CircuitBreakerRegistry,
  event: Event,
): RegistryEvents[Event][] {
  const payloads: RegistryEvents[Event][] = [];
  registry.on(event, (payload) => payloads.push(payload));
  return payloads;
}

/** Every breaker that is forgotten from now on, as `name reason`. */
export function toldDeletions(registry: CircuitBreakerRegistry): string[] {
  const deletions: string[] = [];
  registry.on('delete', ({ breaker, reason }) => deletions.push(`${breaker} ${reason}`));
  return deletions;
}

/** Options that trip at the first failure. */
export const BRITTLE: CircuitBreakerOptions = Object.freeze({ failureThreshold: 1 });
