/**
 * Breakers by name: made on first use, found ever after. Where a `maxSize` or an `idleTimeout` is given, breakers that
 * are CLOSED with nothing in flight may be forgotten; a failing dependency is never forgiven that way. There are no
 * timers: whatever time has brought about happens when somebody asks.
 */
import { CIRCUIT_BREAKER_EVENTS, type Keeper } from './audience.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { CircuitState } from './circuit-state.js';
import { type Clock, systemClock } from './clock.js';
import { differencesOf, type OptionDifference, warnOfConflict } from './conflict.js';
import { type CircuitBreakerEvents, Emitter, type Listener } from './events.js';
import { ownNameOf } from './foreign-names.js';
import { type Linked, LinkedList } from './linked-list.js';
import {
  BREAKER_RULES,
  type CircuitBreakerOptions,
  clockCheck,
  layerOptions,
  readBreakerOptions,
  refuseIdleRate,
  withoutIdleRate,
} from './options.js';
import { processWide } from './process-wide.js';
import { type CircuitSnapshot, parseSnapshot } from './snapshot.js';
import { type RegistrySummary, summarize } from './summary.js';
import { isThenable } from './thenable.js';
import {
  breakerSubject,
  type Check,
  callable,
  describe,
  duration,
  guardRead,
  list,
  object,
  oneOf,
  orInfinity,
  positiveInteger,
  type Rules,
  readOptions,
  readRecord,
  refuse,
  type Subject,
  string,
  verify,
} from './validate.js';
import { isRamping, keep } from './watched-circuit.js';

/** What a registry is made with. */
export interface RegistryOptions {
  /** What its breakers are made with, unless `configure` or the options of `getOrCreate` say otherwise. */
  defaults?: CircuitBreakerOptions | undefined;
  /**
   * Options for a name; they go before `defaults`. Asked once for each breaker that is made; `this` is the
   * registry.
   */
  configure?: ((name: string) => CircuitBreakerOptions | undefined) | undefined;
  /** Breakers beyond which the least recently used one that is CLOSED and idle is forgotten, at least 1. @default Infinity */
  maxSize?: number | undefined;
  /** Milliseconds after its last use at which a breaker that is CLOSED and idle is forgotten, at least 0. @default Infinity */
  idleTimeout?: number | undefined;
  /** Where the registry reads the time, and its breakers unless their options say otherwise. @default systemClock */
  clock?: Clock | undefined;
}

/** A breaker was made. */
export interface CreateEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly instance: CircuitBreaker;
}

/** A breaker was forgotten. It goes on working for those who hold it. */
export interface DeleteEvent extends CreateEvent {
  readonly reason: 'deleted' | 'cleared' | 'evicted' | 'idle';
}

/** `getOrCreate` was given options that differ from those in force; they were not applied. */
export interface ConflictEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly differences: readonly OptionDifference[];
}

/** What each event of a registry carries: its own, and every event of every breaker. */
export interface RegistryEvents extends CircuitBreakerEvents {
  create: CreateEvent;
  delete: DeleteEvent;
  conflict: ConflictEvent;
}

/** The states of all breakers of a registry as plain, JSON-safe data. */
export interface RegistrySnapshot {
  readonly version: 1;
  readonly breakers: readonly CircuitSnapshot[];
}

interface Entry extends Linked<Entry> {
  readonly breaker: CircuitBreaker;
  /** A reading of the registry's clock, where there is an idle timeout. */
  usedAt: number;
  /** The number of its last use. */
  use: number;
  hasConflict: boolean;
}

const RULES: Rules & Record<keyof RegistryOptions, Check> = {
  defaults: object,
  configure: callable,
  maxSize: orInfinity(positiveInteger()),
  idleTimeout: orInfinity(duration()),
  clock: clockCheck,
};

/** Who gives a registry what breakers take means all of its breakers. */
const meaningOf = (option: string): string | undefined => {
  const own = Object.hasOwn(BREAKER_RULES, option) ? option : ownNameOf(option);
  return own === undefined || option === 'name' ? undefined : `defaults: { ${own}: … }`;
};

const SNAPSHOT_RULES: Rules = { version: oneOf(1), breakers: list };

const CREATE = { breaker: '', action: 'create circuit breaker registry' };
const RESTORE = { breaker: '', action: 'restore circuit breaker registry' };

/** Breakers with calls in flight that are passed over before a registry grows: a bound on the work of one creation. */
const MOST_PASSED_OVER = 64;

/**
 * Breakers by name.
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 *
 * const registry = new CircuitBreakerRegistry({ defaults: { callTimeout: 2_000 } });
 * const users = registry.getOrCreate('users', { failureThreshold: 3 });
 * console.log(registry.get('users') === users, users.options.callTimeout); // → true 2000
 * ```
 */
export class CircuitBreakerRegistry {
  #entries = new Map<string, Entry>();
  /** Those that may be forgotten once nothing is in flight, least recently used first. */
  #recency = new LinkedList<Entry>();
  #defaults: CircuitBreakerOptions;
  readonly #configure: ((name: string) => CircuitBreakerOptions | undefined) | undefined;
  readonly #maxSize: number;
  readonly #idleTimeout: number;
  #clock: Clock;
  readonly #events: Emitter<RegistryEvents>;
  readonly #keeper: Keeper;
  #uses = 0;
  #isolations = 0;
  #lastTakenBack: Entry | undefined;

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: RegistryOptions = {}) {
    const given: RegistryOptions = guardRead(CREATE, 'options', () =>
      readOptions(options, RULES, CREATE, '', meaningOf),
    );
    const {
      maxSize = Number.POSITIVE_INFINITY,
      idleTimeout = Number.POSITIVE_INFINITY,
      clock = systemClock,
    } = given;
    this.#defaults = { clock, ...readDefaults(given.defaults, CREATE) };
    this.#configure = given.configure;
    this.#maxSize = maxSize;
    this.#idleTimeout = idleTimeout;
    this.#clock = clock;
    this.#events = new Emitter<RegistryEvents>(
      [...CIRCUIT_BREAKER_EVENTS, 'create', 'delete', 'conflict'],
      () => this.#listenersChanged(),
    );
    const forgets = maxSize !== Number.POSITIVE_INFINITY || idleTimeout !== Number.POSITIVE_INFINITY;
    // For `recloser/testing`, of any copy of the package. As a method it would keep bundlers from leaving the class out.
    Object.defineProperty(this, Symbol.for('recloser.isolate.1'), {
      value: (defaults: CircuitBreakerOptions) => this.#setAside(defaults),
    });
    Object.defineProperty(this, Symbol.for('nodejs.util.inspect.custom'), { value: () => this.#looks() });
    this.#keeper = forgets ? this.#createForgetfulKeeper() : { events: this.#events, onUse: undefined };
  }

  /** For consoles. */
  #looks(): object {
    const breakers = [...this.#entries.values()].map(({ breaker }) => breaker);
    const broken = breakers.filter(({ state }) => state !== CircuitState.CLOSED);
    return new (class CircuitBreakerRegistry {
      size = breakers.length;
      broken = broken.map(({ name, state }) => `${name}: ${state}`);
    })();
  }

  /** Where breakers are forgotten, their uses count, and those that were set aside come back when they are sound. */
  #createForgetfulKeeper(): Keeper {
    const events = this.#events;
    return {
      onUse: (breaker) => this.#touch(this.#entries.get(breaker.name)),
      events: {
        hears: (event) => event === 'close' || events.hears(event),
        take: (emissions) => {
          for (const [event, { breaker }] of emissions) {
            if (event === 'close' || event === 'mode') this.#takeBack(this.#entries.get(breaker));
          }
          events.take(emissions);
        },
        tell: () => events.tell(),
      },
    };
  }

  /**
   * The breaker of this name, made with `defaults` < `configure(name)` < `options` if there is none yet. Options that
   * differ from those of a breaker that exists are not applied; that is told once for each name, as a `conflict` event
   * and a process warning. Functions are compared by their text, classes among filters by identity.
   *
   * @throws InvalidOptionsError for a name that is no string or options that are out of range
   */
  getOrCreate(name: string, options?: CircuitBreakerOptions): CircuitBreaker {
    const found = this.#find(name);
    if (found !== undefined) {
      if (options !== undefined) this.#compare(found, options);
      return found.breaker;
    }
    const made = this.#create(name, options);
    // `configure` may have asked for the same name.
    return this.#find(name)?.breaker ?? this.#add(made);
  }

  /** The breaker of this name, if there is one. This is a use of it. */
  get(name: string): CircuitBreaker | undefined {
    return this.#find(name)?.breaker;
  }

  has(name: string): boolean {
    this.#forgetIdle();
    return this.#entries.has(name);
  }

  /** Forgets a breaker, whatever its state; tells whether there was one. */
  delete(name: string): boolean {
    this.#forgetIdle();
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#remove(entry, 'deleted');
    return entry !== undefined;
  }

  /** Forgets all breakers. */
  clear(): void {
    for (const entry of [...this.#entries.values()]) {
      // A listener may have deleted it, or made another of its name.
      if (this.#entries.get(entry.breaker.name) === entry) this.#remove(entry, 'cleared');
    }
  }

  get size(): number {
    this.#forgetIdle();
    return this.#entries.size;
  }

  /** The names of the breakers, in the order in which they were made. */
  names(): string[] {
    this.#forgetIdle();
    return [...this.#entries.keys()];
  }

  *[Symbol.iterator](): Iterator<CircuitBreaker> {
    this.#forgetIdle();
    for (const { breaker } of this.#entries.values()) yield breaker;
  }

  /** How all breakers are, as plain, JSON-safe data: errors are told by name, message and code. */
  summary(): RegistrySummary {
    return summarize(this);
  }

  /** The states of all breakers, to restore in another process. */
  toJSON(): RegistrySnapshot {
    return { version: 1, breakers: Array.from(this, (breaker) => breaker.snapshot()) };
  }

  /**
   * Takes over the states of a snapshot: into the breakers that exist, and into new ones for the other names.
   *
   * @throws InvalidOptionsError for a damaged snapshot; the registry stays as it was
   */
  restore(snapshot: RegistrySnapshot): void {
    const parsed = guardRead(RESTORE, '`snapshot`', () => {
      const { breakers } = readRecord<RegistrySnapshot>(snapshot, SNAPSHOT_RULES, RESTORE, 'snapshot');
      return Array.from(breakers, (it, index) =>
        parseSnapshot(it, { breaker: '', action: `${RESTORE.action}, at breaker ${index} of its snapshot` }),
      );
    });
    this.#forgetIdle();
    const states = new Map(parsed.map((it) => [it.name, it]));
    const created = new Map<string, CircuitBreaker>();
    for (const [name, state] of states) {
      if (!this.#entries.has(name)) created.set(name, this.#create(name, { snapshot: state }));
    }
    for (const [name, state] of states) {
      const existing = this.#entries.get(name)?.breaker; // a listener may have made it, or forgotten it, by now
      const made = created.get(name);
      if (existing !== undefined) existing.restore(state);
      else if (made !== undefined) this.#add(made);
    }
  }

  /** Where it reads the time. */
  get clock(): Clock {
    return this.#clock;
  }

  /**
   * Sets the breakers and the defaults aside, for tests. Those that are made until the answer is called are made with these
   * defaults, and are forgotten then.
   */
  #setAside(defaults: CircuitBreakerOptions): () => void {
    const read = readDefaults(defaults, CREATE);
    const aside = [this.#entries, this.#recency, this.#lastTakenBack, this.#defaults, this.#clock] as const;
    const depth = ++this.#isolations;
    for (const { breaker } of this.#entries.values()) keep(breaker, undefined);
    this.#hold(
      new Map(),
      new LinkedList(),
      undefined,
      { clock: this.#clock, ...read },
      read.clock ?? this.#clock,
    );
    let isOver = false;
    return () => {
      if (isOver) return;
      if (this.#isolations > depth) throw new Error('An isolation ends after those that began within it');
      isOver = true;
      this.clear();
      this.#isolations--;
      this.#hold(...aside);
      this.#listenersChanged();
    };
  }

  #hold(
    entries: Map<string, Entry>,
    recency: LinkedList<Entry>,
    lastTakenBack: Entry | undefined,
    defaults: CircuitBreakerOptions,
    clock: Clock,
  ): void {
    this.#entries = entries;
    this.#recency = recency;
    this.#lastTakenBack = lastTakenBack;
    this.#defaults = defaults;
    this.#clock = clock;
  }

  /** Resets every breaker. */
  resetAll(): void {
    for (const breaker of this) breaker.reset();
  }

  /**
   * Tells `listener` each event of this kind: those of the registry, and those of every breaker, present and future.
   *
   * @returns a function that unsubscribes it
   * @throws TypeError for an unknown event or a listener that is no function
   */
  on<Event extends keyof RegistryEvents>(
    event: Event,
    listener: Listener<RegistryEvents[Event]>,
  ): () => void {
    return this.#events.add(event, listener);
  }

  #find(name: string): Entry | undefined {
    this.#forgetIdle();
    const entry = this.#entries.get(name);
    if (entry !== undefined && this.#keeper.onUse !== undefined) this.#touch(entry);
    return entry;
  }

  #create(name: string, options: CircuitBreakerOptions | undefined): CircuitBreaker {
    verify(CREATE_BREAKER, 'name', name, string);
    const subject = breakerSubject('create', name);
    const configured = this.#configure?.(name);
    verify(subject, 'configure', configured, (it) =>
      isThenable(it) ? 'a function that answers at once' : undefined,
    );
    const lower = layerOptions(this.#defaults, readUnnamed(configured, subject));
    const layered = layerOptions(lower, readUnnamed(options, subject));
    return new CircuitBreaker({ ...withoutIdleRate(layered), name });
  }

  #add(breaker: CircuitBreaker): CircuitBreaker {
    const entry: Entry = {
      breaker,
      usedAt: 0,
      use: 0,
      hasConflict: false,
      listed: false,
      before: undefined,
      after: undefined,
    };
    this.#entries.set(breaker.name, entry);
    keep(breaker, this.#keeper);
    this.#touch(entry);
    this.#events.take([['create', { breaker: breaker.name, instance: breaker }]]);
    this.#makeRoom(entry);
    this.#events.tell();
    return breaker;
  }

  #remove(entry: Entry, reason: DeleteEvent['reason']): void {
    const { breaker } = entry;
    this.#entries.delete(breaker.name);
    this.#recency.remove(entry);
    if (this.#lastTakenBack === entry) this.#lastTakenBack = undefined;
    keep(breaker, undefined);
    this.#events.emit([['delete', { breaker: breaker.name, instance: breaker, reason }]]);
  }

  #touch(entry: Entry | undefined): void {
    if (entry === undefined) return;
    if (this.#idleTimeout !== Number.POSITIVE_INFINITY) entry.usedAt = this.#clock.now();
    entry.use = ++this.#uses;
    if (this.#recency.last === entry) return;
    this.#recency.remove(entry);
    this.#recency.add(entry, this.#recency.last);
  }

  /**
   * Puts a breaker that was set aside back to where its last use belongs. The search begins at the one that came back
   * before it: when many come back, they nearly always do so in the order of their use.
   */
  #takeBack(entry: Entry | undefined): void {
    if (entry === undefined || entry.listed) return;
    const hint = this.#lastTakenBack;
    let before = hint?.listed && hint.use < entry.use ? hint : undefined;
    let next = before === undefined ? this.#recency.first : before.after;
    while (next !== undefined && next.use < entry.use) {
      before = next;
      next = next.after;
    }
    this.#recency.add(entry, before);
    this.#lastTakenBack = entry;
  }

  /** Evicts the least recently used breakers that may be forgotten, until the registry is no larger than it may be. */
  #makeRoom(newest: Entry): void {
    for (let passedOver = 0; this.#entries.size > this.#maxSize && passedOver < MOST_PASSED_OVER; ) {
      const oldest = this.#recency.first;
      if (oldest === undefined || oldest === newest) return;
      this.#forget(oldest, 'evicted');
      if (oldest.listed) passedOver++;
    }
  }

  #forgetIdle(): void {
    if (this.#idleTimeout === Number.POSITIVE_INFINITY) return;
    const now = this.#clock.now();
    for (let oldest = this.#recency.first; oldest !== undefined; oldest = this.#recency.first) {
      if (now - oldest.usedAt < this.#idleTimeout || now === oldest.usedAt) return;
      this.#forget(oldest, 'idle');
    }
  }

  /** Forgets a breaker, unless it has calls in flight, which is a use, or is not sound: then it is set aside. */
  #forget(entry: Entry, reason: 'evicted' | 'idle'): void {
    const { state, mode, inFlight } = entry.breaker.metrics;
    const isSound = state === CircuitState.CLOSED && mode !== 'forced-closed' && !isRamping(entry.breaker);
    if (isSound && inFlight === 0) this.#remove(entry, reason);
    else if (isSound) this.#touch(entry);
    else this.#recency.remove(entry);
  }

  #compare(entry: Entry, options: CircuitBreakerOptions): void {
    const { name } = entry.breaker;
    const subject = breakerSubject('create', name);
    readUnnamed(options, subject);
    const differences = guardRead(subject, 'options', () => differencesOf(options, entry.breaker.options));
    if (differences.length === 0 || entry.hasConflict) return;
    entry.hasConflict = true;
    this.#events.emit([['conflict', { breaker: name, differences }]]);
    warnOfConflict(name, differences);
  }

  #listenersChanged(): void {
    for (const { breaker } of this.#entries.values()) keep(breaker, this.#keeper);
  }
}

/** A registry, by what it can do: there may be two copies of the package. */
export const registryCheck: Check = (value) =>
  typeof (value as Partial<CircuitBreakerRegistry> | null)?.getOrCreate === 'function'
    ? undefined
    : 'a registry';

/** The registry that `withCircuitBreaker` uses unless it is told another: one in a process, for all copies of the package. */
export const defaultRegistry: CircuitBreakerRegistry = /* @__PURE__ */ processWide(
  'default-registry',
  1,
  () => new CircuitBreakerRegistry(),
);

const CREATE_BREAKER = { breaker: '', action: 'create circuit breaker' };

/** Options of a breaker whose name is not theirs to say. */
function readUnnamed(options: CircuitBreakerOptions | undefined, subject: Subject): CircuitBreakerOptions {
  const read = readDefaults(options, subject);
  refuseIdleRate(read, read, subject);
  return read;
}

/** The same for all breakers of a registry, of which some may have what others lack. */
function readDefaults(options: CircuitBreakerOptions | undefined, subject: Subject): CircuitBreakerOptions {
  if (options === undefined) return {};
  const read = readBreakerOptions(options, subject);
  if (read.name === undefined || read.name === subject.breaker) return read;
  return refuse(subject, 'name', `\`name\` is given by the registry, received ${describe(read.name)}`);
}
