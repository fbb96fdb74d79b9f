import type { BreakerSource, InstrumentableBreaker } from '../core/source.js';
import type { CircuitBreakerEvents, Listener } from '../index.js';
import { harmless } from './harmless.js';

/** What to do with each event. */
export type Listeners = {
  readonly [Event in keyof CircuitBreakerEvents]?: Listener<CircuitBreakerEvents[Event]>;
};

/**
 * Adds listeners that cannot do harm.
 *
 * @returns a function that unsubscribes all of them
 */
export function listen(source: BreakerSource, listeners: Listeners): () => void {
  const events: Pick<InstrumentableBreaker, 'on'> = source;
  const unsubscribe = Object.entries(listeners).map(([event, listener]) =>
    events.on(event as keyof CircuitBreakerEvents, harmless(listener as Listener<unknown>)),
  );
  return () => {
    for (const stop of unsubscribe) stop();
  };
}
