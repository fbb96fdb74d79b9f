import type { Counted } from './stats.js';

/** The events that `status` counts, or that change the state: always in `eventNames()`, as other libraries expect. */
export const COUNTED_EVENTS = {
  success: 'successes',
  failure: 'failures',
  fallback: 'fallbacks',
  timeout: 'timeouts',
  fire: 'fires',
  reject: 'rejects',
  cacheHit: 'cacheHits',
  cacheMiss: 'cacheMisses',
  coalesceCacheHit: 'coalesceCacheHits',
  coalesceCacheMiss: 'coalesceCacheMisses',
  open: undefined,
  close: undefined,
  semaphoreLocked: 'semaphoreRejections',
} as const satisfies Record<string, Counted | undefined>;

export type CountedEvent = keyof typeof COUNTED_EVENTS;

/** Every event of ours. */
export const OWN_EVENTS: ReadonlySet<string | symbol> = new Set([
  ...Object.keys(COUNTED_EVENTS),
  'halfOpen',
  'healthCheckFailed',
  'shutdown',
]);

// biome-ignore lint/suspicious/noExplicitAny: an action may reject with anything
type Thrown = any;

/** What listeners of each event get. Times are whole milliseconds. */
export interface FaceEvents<TI extends unknown[] = unknown[], TR = unknown> {
  fire: [args: TI];
  success: [result: TR, latencyMs: number];
  failure: [error: Thrown, latencyMs: number, args: TI];
  timeout: [error: Error, latencyMs: number, args: TI];
  reject: [error: Error];
  semaphoreLocked: [error: Error, latencyMs: number];
  open: [];
  halfOpen: [resetTimeout: number];
  close: [];
  fallback: [result: unknown, error: Thrown];
  healthCheckFailed: [error: Thrown];
  shutdown: [];
  cacheHit: [];
  cacheMiss: [];
  coalesceCacheHit: [];
  coalesceCacheMiss: [];
}

/** What is told of what happens. */
export interface Teller {
  /** Counts an event at a reading of the clock, and tells it. */
  tell(event: CountedEvent, now: number, latency: number | undefined, ...args: unknown[]): void;
}
