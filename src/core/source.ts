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

/** The events of its breakers, and that a registry has made or forgotten one. */
export interface InstrumentableEvents extends CircuitBreakerEvents {
  create: { readonly breaker: string };
  delete: { readonly breaker: string };
}

/** What is read of a `CircuitBreakerRegistry`. */
export interface InstrumentableRegistry extends Iterable<InstrumentableBreaker> {
  on<Event extends keyof InstrumentableEvents>(
    event: Event,
    listener: Listener<InstrumentableEvents[Event]>,
  ): () => void;
}

/** Where breakers are: one by itself, or a registry with all that it has. */
export type BreakerSource = InstrumentableBreaker | InstrumentableRegistry;

/** @throws InvalidOptionsError for anything but a breaker or a registry */
export function verifySource(subject: Subject, source: unknown): void {
  guardRead(subject, '`source`', () => {
    const isBreaker = hasMethods('on')(source) && 'metrics' in source && 'name' in source;
    verify(subject, 'source', source, () =>
      isBreaker || isAnyRegistry(source) ? undefined : 'a circuit breaker or a registry',
    );
  });
}

const isAnyRegistry = hasMethods('on', Symbol.iterator);

export function isRegistry(source: BreakerSource): source is InstrumentableRegistry {
  return isAnyRegistry(source);
}

/** The breakers that there are now. */
export function breakersOf(source: BreakerSource): Iterable<InstrumentableBreaker> {
  return isRegistry(source) ? source : [source];
}

/**
 * Does something with each of some breakers. What is thrown over one of them (its clock may be broken, or a getter)
 * takes nothing from the others: `failed` is told, and the next one is next.
 */
export function forEachBreaker<Breaker extends { readonly name: string }>(
  breakers: Iterable<Breaker>,
  run: (breaker: Breaker) => void,
  failed: (breaker: string, error: unknown) => void,
): void {
  for (const breaker of breakers) {
    try {
      run(breaker);
    } catch (error) {
      failed(nameOf(breaker), error);
    }
  }
}

/** A breaker's name; where even that cannot be read, words that say so. */
function nameOf(breaker: { readonly name: string }): string {
  try {
    return String(breaker.name);
  } catch {
    return '(a name that cannot be read)';
  }
}
