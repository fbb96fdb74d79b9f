/**
 * What those who watch breakers read of the retries and limits around them: `recloser/resilience` is handed to them,
 * and described here by as little as they need.
 */
import {
  type BreakerSource,
  breakersOf,
  forEachBreaker,
  type InstrumentableBreaker,
  isRegistry,
} from './source.js';
import { type Check, hasMethods } from './validate.js';

/** What one `Resilience` says of itself. Totals only grow; durations are milliseconds. */
export interface ResilienceFigures {
  readonly budget: { readonly available: number; readonly capacity: number } | null;
  readonly waiting: { readonly bulkhead: number; readonly rateLimit: number; readonly backoff: number };
  readonly pausedFor: number;
  readonly totals: {
    readonly attempts: number;
    readonly retries: number;
    readonly recovered: number;
    readonly hedges: number;
    readonly hedgesWon: number;
    readonly bulkheadRejected: number;
    readonly rateLimited: number;
    /** Calls that were given up, by the reason why there was no further attempt. */
    readonly refused: Readonly<Record<string, number>>;
  };
}

/** How many calls may wait, where somebody says so. */
export interface QueueLimits {
  readonly bulkhead: number | undefined;
  readonly rateLimit: number | undefined;
}

/** What is heard of one `Resilience`. */
export interface ResilienceEvents {
  /** A call has waited for a place or its turn. */
  wait: { readonly breaker: string; readonly queue: string; readonly waited: number };
  /** A call is about to wait before its next attempt. */
  retry: { readonly breaker: string; readonly delay: number };
  /** A call is given up: there is no further attempt. */
  stop: {
    readonly breaker: string;
    readonly attempts: number;
    readonly reason: string;
    readonly error?: unknown;
    readonly value?: unknown;
    readonly retryAfter?: number | undefined;
  };
}

/** A `Resilience`, as those read it who watch it. */
export interface WatchedResilience {
  readonly metrics: ResilienceFigures;
  /** Its `queue` is how many may wait, if it says so. */
  readonly bulkhead?: object | undefined;
  /** Likewise. */
  readonly rateLimiter?: object | undefined;
  on<Event extends keyof ResilienceEvents>(
    event: Event,
    listener: (event: ResilienceEvents[Event]) => void,
  ): () => void;
}

/** A `ResilienceRegistry`, such as `defaultResilience`: what is around the breaker of a name, if anything is. */
export interface ResilienceSource {
  get(name: string): WatchedResilience | undefined;
}

export const resilienceSource: Check = (value) =>
  hasMethods('get')(value) ? undefined : 'a ResilienceRegistry of recloser/resilience';

/** What to do when something is heard. */
export type ResilienceListeners = {
  readonly [Event in keyof ResilienceEvents]?: (event: ResilienceEvents[Event]) => void;
};

/** Calls that were never made because the circuit was open, or because the retry budget was empty. */
export function callsSpared({ refused }: ResilienceFigures['totals']): { open: number; budget: number } {
  const { open = 0, budget = 0 } = refused;
  return { open, budget };
}

/** What is around the breakers of a source, by their names. */
export interface FollowedResilience {
  /**
   * What the breaker's surroundings say of themselves; from now on they are listened to. `undefined` where there is
   * nothing, or nothing that can be read.
   */
  figuresOf(breaker: string): (ResilienceFigures & { readonly limits: QueueLimits }) | undefined;
  stop(): void;
}

/**
 * Listens to what is around the breakers of a source. A registry of resilience tells nobody when it has a new one, so
 * it is asked when a breaker was made, whenever one has something to tell that is out of the ordinary, and when figures
 * are read.
 */
export function followResilience(
  breakers: BreakerSource,
  resilience: ResilienceSource,
  listeners: ResilienceListeners,
): FollowedResilience {
  const followed = new Map<string, { readonly resilience: WatchedResilience; readonly stop: () => void }>();
  const forget = (breaker: string) => {
    followed.get(breaker)?.stop();
    followed.delete(breaker);
  };
  const of = (breaker: string): WatchedResilience | undefined => {
    const present = resilience.get(breaker);
    if (present === followed.get(breaker)?.resilience) return present;
    forget(breaker);
    if (present !== undefined)
      followed.set(breaker, { resilience: present, stop: listen(present, listeners) });
    return present;
  };

  const follow = (breaker: string) => {
    try {
      of(breaker);
    } catch {} // it is asked again
  };

  const events: Pick<InstrumentableBreaker, 'on'> = breakers;
  const stops = [
    events.on('reject', ({ breaker }) => follow(breaker)),
    events.on('transition', ({ breaker }) => follow(breaker)),
  ];
  if (isRegistry(breakers)) {
    stops.push(
      // The breaker is made first, and what is around it right after.
      breakers.on('create', ({ breaker }) => queueMicrotask(() => follow(breaker))),
      breakers.on('delete', ({ breaker }) => forget(breaker)),
    );
  }
  forEachBreaker(
    breakersOf(breakers),
    ({ name }) => follow(name),
    () => {},
  );
  return {
    figuresOf(breaker) {
      try {
        const resilience = of(breaker);
        return resilience && { ...resilience.metrics, limits: limitsOf(resilience) };
      } catch {} // the breaker's own figures are told all the same
      return undefined;
    },
    stop() {
      for (const stop of stops) stop();
      for (const breaker of [...followed.keys()]) forget(breaker);
    },
  };
}

function limitsOf({ bulkhead, rateLimiter }: WatchedResilience): QueueLimits {
  return { bulkhead: queueOf(bulkhead), rateLimit: queueOf(rateLimiter) };
}

function queueOf(limiter: object | undefined): number | undefined {
  const { queue } = (limiter ?? {}) as { readonly queue?: unknown };
  return typeof queue === 'number' ? queue : undefined;
}

function listen(resilience: WatchedResilience, listeners: ResilienceListeners): () => void {
  const stops = Object.entries(listeners).map(([event, listener]) =>
    resilience.on(event as keyof ResilienceEvents, listener as (event: unknown) => void),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
