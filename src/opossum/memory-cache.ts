/** What keeps cached results: in memory, or wherever you like. */
export interface CacheTransport {
  get(key: string): unknown;
  /** @param ttl the wall-clock time, in ms since 1970, at which the value ends; 0 for never */
  set(key: string, value: unknown, ttl: number): void;
  flush(): void;
}

interface Entry {
  readonly value: unknown;
  readonly expiresAt: number;
}

/** The largest `Map`. */
const MAX_ENTRIES = 2 ** 24 - 1;

/** Keeps results in memory, the latest `maxEntries` of them. */
export class MemoryCache implements CacheTransport {
  readonly #entries = new Map<string, Entry>();
  readonly #maxEntries: number;
  readonly #epoch: () => number;

  constructor(maxEntries: number = MAX_ENTRIES, epoch: () => number = () => Date.now()) {
    this.#maxEntries = maxEntries;
    this.#epoch = epoch;
  }

  get(key: string): unknown {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt === 0 || entry.expiresAt > this.#epoch()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: unknown, ttl = 0): void {
    if (this.#entries.size >= this.#maxEntries && !this.#entries.has(key)) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(key, { value, expiresAt: ttl });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  flush(): void {
    this.#entries.clear();
  }
}
