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
