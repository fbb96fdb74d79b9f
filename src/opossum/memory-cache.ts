/** What keeps cached results: in memory, or wherever you like. */
export interface CacheTransport {
  /** One that answers a promise is asynchronous: `undefined` and `null` in it are a miss. */
  get(key: string): unknown;
  /**
   * @param value the promise of the result
   * @param ttl the wall-clock time, in ms since 1970, at which the value ends; 0 for never
   */
  set(key: string, value: unknown, ttl: number): unknown;
  flush(): unknown;
}

interface Entry {
  readonly value: unknown;
  readonly expiresAt: number;
}

/** The largest `Map`. */
const MAX_ENTRIES = 2 ** 24 - 1;

/** Keeps results in memory, the latest `maxEntries` of them. */
export class MemoryCache implements CacheTransport {
  /** What is kept, the oldest first. */
  readonly cache = new Map<string, Entry>();
  readonly maxEntries: number;
  readonly #epoch: () => number;

  constructor(maxEntries: number = MAX_ENTRIES, epoch: () => number = () => Date.now()) {
    this.maxEntries = maxEntries;
    this.#epoch = epoch;
  }

  get(key: string): unknown {
    const entry = this.cache.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt === 0 || entry.expiresAt > this.#epoch()) return entry.value;
    this.cache.delete(key);
    return undefined;
  }

  set(key: string, value: unknown, ttl = 0): void {
    if (this.cache.size >= this.maxEntries && !this.cache.has(key)) {
      for (const oldest of this.cache.keys()) {
        this.cache.delete(oldest);
        break;
      }
    }
    this.cache.set(key, { value, expiresAt: ttl });
  }

  delete(key: string): void {
    this.cache.delete(key);
  }

  flush(): void {
    this.cache.clear();
  }
}
