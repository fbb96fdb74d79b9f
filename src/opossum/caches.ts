/**
 * What is asked before a call is made: results that are kept, and calls in flight under the same key. It knows nothing
 * of states.
 */
import { report } from '../core/report.js';
import { isThenable } from '../core/thenable.js';
import { quietly } from './emitter.js';
import type { Teller } from './events.js';
import type { FaceClock } from './face-clock.js';
import { type CacheTransport, MemoryCache } from './memory-cache.js';
import type { ReadOptions } from './options.js';

/** What a call is kept under. */
export interface Slot {
  readonly key: string;
  /** Whether the next call under this key is to be another. */
  isOver: boolean;
}

/** How a call has ended. */
export type End = 'error' | 'success' | 'timeout';

/** Results that a cache of ours has kept. */
const kept = new WeakSet<object>();

export class Caches {
  readonly #options: ReadOptions;
  readonly #clock: FaceClock;
  readonly #teller: Teller;
  readonly #results: CacheTransport | undefined;
  readonly #calls: MemoryCache | undefined;

  /** Puts what it makes into the options, where opossum has it too. */
  constructor(options: ReadOptions, clock: FaceClock, teller: Teller) {
    if (options.cache) options.cacheTransport ??= new MemoryCache(options.cacheSize, () => clock.epoch());
    if (options.coalesce) options.coalesceCache = new MemoryCache(options.coalesceSize, () => clock.epoch());
    this.#options = options;
    this.#clock = clock;
    this.#teller = teller;
    this.#results = options.cache ? options.cacheTransport : undefined;
    this.#calls = options.coalesceCache;
  }

  /** A result that is kept, a call in flight, or the one that is made. */
  answer(key: string, call: (slot: Slot) => Promise<unknown>): Promise<unknown> {
    const results = this.#results;
    if (results === undefined) return this.#coalesce(key, call);
    const found = quietly(() => results.get(key));
    if (!isThenable(found) || kept.has(found)) return found ? this.#hit(found) : this.#miss(key, call);
    return Promise.resolve(found).then(
      (value) => (value === undefined || value === null ? this.#miss(key, call) : this.#hit(value)),
      (error) => {
        report(error);
        return this.#miss(key, call);
      },
    );
  }

  /** Keeps the result of a call that has succeeded. */
  keep({ key }: Slot, result: PromiseLike<unknown>): void {
    const results = this.#results;
    if (results === undefined) return;
    const { cacheTTL } = this.#options;
    kept.add(result);
    const stored = quietly(() => results.set(key, result, cacheTTL > 0 ? this.#clock.epoch() + cacheTTL : 0));
    if (isThenable(stored)) Promise.resolve(stored).catch(report);
  }

  /** Gives a call that has ended to nobody any more, if the options say so. */
  settled(slot: Slot, end: End): void {
    if (this.#options.coalesceResetOn.includes(end)) this.forget(slot);
  }

  forget(slot: Slot): void {
    slot.isOver = true;
    this.#calls?.delete(slot.key);
  }

  flush(): void {
    const stored = quietly(() => this.#results?.flush());
    if (isThenable(stored)) Promise.resolve(stored).catch(report);
    this.#calls?.flush();
  }

  #hit(value: unknown): Promise<unknown> {
    this.#teller.tell('cacheHit', this.#clock.now(), undefined);
    return Promise.resolve(value);
  }

  #miss(key: string, call: (slot: Slot) => Promise<unknown>): Promise<unknown> {
    this.#teller.tell('cacheMiss', this.#clock.now(), undefined);
    return this.#coalesce(key, call);
  }

  #coalesce(key: string, call: (slot: Slot) => Promise<unknown>): Promise<unknown> {
    const slot: Slot = { key, isOver: false };
    const calls = this.#calls;
    if (calls === undefined) return call(slot);
    const found = calls.get(key) as Promise<unknown> | undefined;
    this.#teller.tell(
      found === undefined ? 'coalesceCacheMiss' : 'coalesceCacheHit',
      this.#clock.now(),
      undefined,
    );
    if (found !== undefined) return found;
    const { coalesceTTL } = this.#options;
    const made = call(slot);
    if (!slot.isOver) calls.set(key, made, coalesceTTL ? this.#clock.epoch() + coalesceTTL : 0);
    return made;
  }
}
