/// <reference types="node" />
// biome-ignore lint/style/noDefaultExport: opossum is imported as a default
export { CircuitBreaker, CircuitBreaker as default } from './breaker.js';
export type { FaceError, FaceErrorCode } from './errors.js';
export type { FaceEvents } from './events.js';
export type { FallbackTarget } from './fallback-target.js';
export { type CacheTransport, MemoryCache } from './memory-cache.js';
export type { Options, State } from './options.js';
export { Semaphore } from './semaphore.js';
export type { Difference } from './shadow.js';
export { type SideBySideOptions, sideBySide, type Use } from './side-by-side.js';
export type { Bucket, Stats, Window } from './stats.js';
export { Status, type StatusOptions } from './status.js';
