/**
 * What is given to that which watches breakers from outside: a breaker or a registry. Both are read through the
 * smallest interfaces that will do, since a class with private members is another type in the ESM and the CJS
 * declarations.
 */
import type { CircuitBreakerEvents, Listener } from './events.js';
import type { CircuitMetrics } from './metrics.js';
import { guardRead, hasMethods, type Subject, verify } from './validate.js';

/** What is read of a `CircuitBreaker`. */
export interface InstrumentableBreaker {
  readonly name: string;
  readonly metrics: CircuitMetrics;
  on<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): () => void;
}

/** The events of its breakers, and that a registry has forgotten one. */
export interface InstrumentableEvents extends CircuitBreakerEvents {
  delete: { readonly breaker: string };
}

/** What is read of a `CircuitBreakerRegistry`. */
export interface InstrumentableRegistry extends Iterable<InstrumentableBreaker> {
  on<Event extends keyof InstrumentableEvents>(
    event: Event,
    listener: Listener<InstrumentableEvents[Event]>,
  ): () => void;
}

export type Target = InstrumentableBreaker | InstrumentableRegistry;

/** @throws InvalidOptionsError for anything but a breaker or a registry */
export function verifyTarget(subject: Subject, target: unknown): void {
  guardRead(subject, 'the target', () => {
    const isBreaker = hasMethods('on')(target) && 'metrics' in target && 'name' in target;
    verify(subject, 'target', target, () =>
      isBreaker || isAnyRegistry(target) ? undefined : 'a circuit breaker or a registry',
    );
  });
}

const isAnyRegistry = hasMethods('on', Symbol.iterator);

export function isRegistry(target: Target): target is InstrumentableRegistry {
  return isAnyRegistry(target);
}

/** The breakers that there are now. */
export function breakersOf(target: Target): Iterable<InstrumentableBreaker> {
  return isRegistry(target) ? target : [target];
}
