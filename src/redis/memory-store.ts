/** As much of Redis as the scripts need: hashes and one kind of sorted sets, of which each has a time to live. */

interface Entry {
  readonly fields: Map<string, string>;
  /** A reading of the store's time. */
  expiresAt: number;
}

export class MemoryStore {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  /** @param now milliseconds, an integer */
  constructor(now: () => number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now();
  }

  flush(): void {
    this.#entries.clear();
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.#find(key) !== undefined);
  }

  get(key: string, field: string): string | undefined {
    return this.#find(key)?.fields.get(field);
  }

  /** The fields of a key with their values, as they were. */
  all(key: string): [string, string][] {
    return [...(this.#find(key)?.fields ?? [])];
  }

  size(key: string): number {
    return this.#find(key)?.fields.size ?? 0;
  }

  set(key: string, field: string, value: string): void {
    let entry = this.#find(key);
    if (entry === undefined) {
      entry = { fields: new Map(), expiresAt: Number.POSITIVE_INFINITY };
      this.#entries.set(key, entry);
    }
    entry.fields.set(field, value);
  }

  /** Without its last field a key is gone. */
  remove(key: string, field: string): void {
    const entry = this.#find(key);
    entry?.fields.delete(field);
    if (entry?.fields.size === 0) this.#entries.delete(key);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** The key lives for so many milliseconds more, at least. */
  hold(key: string, ms: number): void {
    const entry = this.#find(key);
    if (entry === undefined) return;
    const until = this.#now() + Math.ceil(ms);
    if (entry.expiresAt === Number.POSITIVE_INFINITY || entry.expiresAt < until) entry.expiresAt = until;
  }

  /** Milliseconds that a key has to live; -1 for ever, -2 for none. */
  timeToLive(key: string): number {
    const entry = this.#find(key);
    if (entry === undefined) return -2;
    return entry.expiresAt === Number.POSITIVE_INFINITY ? -1 : entry.expiresAt - this.#now();
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt > this.#now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}
