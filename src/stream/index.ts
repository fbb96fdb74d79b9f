export { isStreamTimeoutError, StreamTimeoutError } from './errors.js';
export { type GuardedStream, type GuardStream, guardStream, type StreamSource } from './guard-stream.js';
export type { AnyStream, ItemOf, WebStream } from './kinds.js';
export type { StreamBreaker, StreamOptions } from './options.js';
