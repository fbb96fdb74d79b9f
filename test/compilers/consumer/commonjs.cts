/** What a CommonJS user writes. */
import recloser = require('recloser');
import CircuitBreaker = require('recloser/opossum');

const breaker: recloser.CircuitBreaker = new recloser.CircuitBreaker({ name: 'prices' });
export const state: recloser.CircuitState = breaker.state;
export const answer: Promise<number> = breaker.call(() => 42);

const options: CircuitBreaker.Options<[number]> = { timeout: 100 };
const face: CircuitBreaker<[number], string> = new CircuitBreaker(
  async (price: number) => `${price} €`,
  options,
);
export const price: Promise<string> = face.fire(7);
export const status: CircuitBreaker.Status = CircuitBreaker.newStatus({ rollingCountBuckets: 3 });
export const same: boolean = CircuitBreaker.default === CircuitBreaker.CircuitBreaker;
export const stats: CircuitBreaker.Stats = face.stats;
export const window: CircuitBreaker.Window = status.window;
export const { MemoryCache, Semaphore, sideBySide } = CircuitBreaker;
export type State = CircuitBreaker.State;
export type Bucket = CircuitBreaker.Bucket;
export type CacheTransport = CircuitBreaker.CacheTransport;
export type StatusOptions = CircuitBreaker.StatusOptions;
