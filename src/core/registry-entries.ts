/**
 * The breakers that a registry holds, and which of them may be forgotten: those that are CLOSED and idle, least recently
 * used first. There are no timers: whatever time has brought about happens when somebody asks.
 */
import type { CircuitBreaker } from './circuit-breaker.js';
import { CircuitState } from './circuit-state.js';
import type { Clock } from './clock.js';
import { Heap, type Keyed } from './heap.js';
import { type Linked, LinkedList } from './linked-list.js';
import { isRamping } from './watched-circuit.js';

/** Up to when breakers are kept. */
export interface Limits {
  /** Breakers; those that may not be forgotten go beyond it. */
  readonly maxSize: number;
  /** Milliseconds since the last use. */
  readonly idleTimeout: number;
}

export interface Entry extends Linked<Entry> {
  readonly breaker: CircuitBreaker;
  /** A reading of the registry's clock, where there is an idle timeout. */
  usedAt: number;
  /** The number of its last use. */
  use: number;
  hasConflict: boolean;
  /** Where it stands among those that were set aside and have come back, until it is used again. */
  back: Returned | undefined;
}

/** By the number of the last use; without an entry once that has gone elsewhere. */
interface Returned extends Keyed {
  entry: Entry | undefined;
}

/** Breakers with calls in flight that are passed over before a registry grows: a bound on the work of one creation. */
const MOST_PASSED_OVER = 64;

export class Entries {
  /** Where the time of the last use is read. */
  readonly clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** Those that may be forgotten once nothing is in flight, least recently used first. */
  readonly #recency = new LinkedList<Entry>();
  /** Those of them that have come back, whose last use may be older than that of any other. */
  readonly #returned = new Heap<Returned>();
  readonly #limits: Limits;
  readonly #forgotten: (entry: Entry, reason: 'evicted' | 'idle') => void;
  #uses = 0;

  /**
   * @param forgotten is told each breaker that is no longer here
   */
  constructor(clock: Clock, limits: Limits, forgotten: (entry: Entry, reason: 'evicted' | 'idle') => void) {
    this.clock = clock;
    this.#limits = limits;
    this.#forgotten = forgotten;
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** All of them, idle ones too, in the order in which they were made. */
  all(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Those that are left when what has been idle for too long is forgotten. */
  current(): ReadonlyMap<string, Entry> {
    this.#forgetIdle();
    return this.#entries;
  }

  /** Takes a breaker in: its first use. */
  add(breaker: CircuitBreaker): Entry {
    const entry: Entry = {
      breaker,
      usedAt: 0,
      use: 0,
      hasConflict: false,
      back: undefined,
      listed: false,
      before: undefined,
      after: undefined,
    };
    this.#entries.set(breaker.name, entry);
    this.touch(entry);
    return entry;
  }

  remove(entry: Entry): void {
    this.#entries.delete(entry.breaker.name);
    this.#setAside(entry);
  }

  touch(entry: Entry | undefined): void {
    if (entry === undefined) return;
    if (this.#limits.idleTimeout !== Number.POSITIVE_INFINITY) entry.usedAt = this.clock.now();
    entry.use = ++this.#uses;
    if (this.#recency.last === entry) return;
    this.#setAside(entry);
    this.#recency.add(entry, this.#recency.last);
  }

  #setAside(entry: Entry): void {
    this.#recency.remove(entry);
    if (entry.back) entry.back.entry = undefined;
    entry.back = undefined;
  }

  /** Puts a breaker that was set aside back to where its last use belongs: many may come back at once, in any order. */
  takeBack(entry: Entry | undefined): void {
    if (!entry || entry.listed || entry.back) return;
    entry.back = { key: entry.use, entry };
    this.#returned.add(entry.back);
  }

  /** The least recently used of those that may be forgotten. */
  get #oldest(): Entry | undefined {
    const returned = this.#returned;
    while (returned.top && !returned.top.entry) returned.removeTop();
    const back = returned.top?.entry;
    const { first } = this.#recency;
    return back && !(first && first.use < back.use) ? back : first;
  }

  /** Evicts the least recently used breakers that may be forgotten, until the registry is no larger than it may be. */
  makeRoom(newest: Entry): void {
    for (let passedOver = 0; this.#entries.size > this.#limits.maxSize && passedOver < MOST_PASSED_OVER; ) {
      const oldest = this.#oldest;
      if (oldest === undefined || oldest === newest) return;
      this.#forget(oldest, 'evicted');
      if (oldest.listed) passedOver++;
    }
  }

  #forgetIdle(): void {
    if (this.#limits.idleTimeout === Number.POSITIVE_INFINITY) return;
    const now = this.clock.now();
    for (let oldest = this.#oldest; oldest !== undefined; oldest = this.#oldest) {
      if (now - oldest.usedAt < this.#limits.idleTimeout || now === oldest.usedAt) return;
      this.#forget(oldest, 'idle');
    }
  }

  /** Forgets a breaker, unless it has calls in flight, which is a use, or is not sound: then it is set aside. */
  #forget(entry: Entry, reason: 'evicted' | 'idle'): void {
    const { state, mode, inFlight } = entry.breaker.metrics;
    const isSound = state === CircuitState.CLOSED && mode !== 'forced-closed' && !isRamping(entry.breaker);
    if (isSound && inFlight === 0) {
      this.remove(entry);
      this.#forgotten(entry, reason);
    } else if (isSound) this.touch(entry);
    else this.#setAside(entry);
  }
}
