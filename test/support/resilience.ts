/** Stands in for `recloser/resilience`: what a `Resilience` says of itself, by hand. */
import type { ResilienceSource, WatchedResilience } from 'recloser/monitor';

type Listener = (event: never) => void;

export interface FakeResilience extends WatchedResilience {
  metrics: WatchedResilience['metrics'];
  /** Tells an event. */
  tell(event: 'wait' | 'retry' | 'stop', payload: object): void;
  /** How many listen. */
  readonly listeners: number;
}

/** Twelve calls: nine first attempts that were enough, two retries of which one was, one hedge that was. */
export const FIGURES: WatchedResilience['metrics'] = {
  budget: { available: 25, capacity: 100 },
  waiting: { bulkhead: 3, rateLimit: 2, backoff: 1 },
  pausedFor: 1_500,
  totals: {
    attempts: 15,
    retries: 2,
    recovered: 1,
    hedges: 1,
    hedgesWon: 1,
    bulkheadRejected: 4,
    rateLimited: 5,
    refused: { attempts: 1, open: 6, budget: 7 },
  },
};

export function fakeResilience(metrics: WatchedResilience['metrics'] = FIGURES): FakeResilience {
  const listeners = new Map<string, Set<Listener>>();
  return {
    metrics,
    on(event, listener) {
      const of = listeners.get(event) ?? new Set();
      listeners.set(event, of.add(listener as Listener));
      return () => of.delete(listener as Listener);
    },
    tell(event, payload) {
      for (const listener of listeners.get(event) ?? []) listener(payload as never);
    },
    get listeners() {
      return [...listeners.values()].reduce((sum, { size }) => sum + size, 0);
    },
  };
}

/** A registry of them, as changeable as a `Map`. */
export function resilienceOf(
  entries: Readonly<Record<string, FakeResilience>>,
): Map<string, FakeResilience> & ResilienceSource {
  return new Map(Object.entries(entries));
}
