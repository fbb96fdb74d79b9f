/**
 * Breakers by name: made on first use, found ever after. Where a `maxSize` or an `idleTimeout` is given, breakers that
 * are CLOSED with nothing in flight may be forgotten; a failing dependency is never forgiven that way.
 */
import { CIRCUIT_BREAKER_EVENTS, type Keeper } from './audience.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { CircuitState } from './circuit-state.js';
import { type Clock, systemClock } from './clock.js';
import { differencesOf, warnOfConflict } from './conflict.js';
import { Emitter, type Listener } from './events.js';
import { layerOptions, withoutIdleRate } from './option-layers.js';
import type { CircuitBreakerOptions } from './options.js';
import { processWide } from './process-wide.js';
import { Entries, type Entry, type Limits } from './registry-entries.js';
import {
  CREATE,
  CREATE_BREAKER,
  type DeleteEvent,
  type RegistryEvents,
  type RegistryOptions,
  type RegistrySnapshot,
  readDefaults,
  readRegistryOptions,
  readUnnamed,
} from './registry-options.js';
import { parseSnapshot } from './snapshot.js';
import { type RegistrySummary, summarize } from './summary.js';
import { isThenable } from './thenable.js';
import {
  breakerSubject,
  type Check,
  guardRead,
  list,
  oneOf,
  type Rules,
  readRecord,
  string,
  verify,
} from './validate.js';
import { keep } from './watched-circuit.js';

const SNAPSHOT_RULES: Rules = { version: oneOf(1), breakers: list };

const RESTORE = { breaker: '', action: 'restore circuit breaker registry' };

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
  #entries: Entries;
  #defaults: CircuitBreakerOptions;
  readonly #configure: ((name: string) => CircuitBreakerOptions | undefined) | undefined;
  readonly #limits: Limits;
  readonly #events: Emitter<RegistryEvents>;
  readonly #keeper: Keeper;
  #isolations = 0;

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: RegistryOptions = {}) {
    const given = readRegistryOptions(options);
    const {
      maxSize = Number.POSITIVE_INFINITY,
      idleTimeout = Number.POSITIVE_INFINITY,
      clock = systemClock,
    } = given;
    this.#defaults = { clock, ...readDefaults(given.defaults, CREATE) };
    this.#configure = given.configure;
    this.#limits = { maxSize, idleTimeout };
    this.#entries = this.#createEntries(clock);
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
    const breakers = Array.from(this.#entries.all(), ({ breaker }) => breaker);
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
      onUse: (breaker) => this.#entries.touch(this.#entries.get(breaker.name)),
      events: {
        hears: (event) => event === 'close' || events.hears(event),
        take: (emissions) => {
          for (const [event, { breaker }] of emissions) {
            if (event === 'close' || event === 'mode') this.#entries.takeBack(this.#entries.get(breaker));
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
    return this.#entries.current().has(name);
  }

  /** Forgets a breaker, whatever its state; tells whether there was one. */
  delete(name: string): boolean {
    const entry = this.#entries.current().get(name);
    if (entry !== undefined) this.#remove(entry, 'deleted');
    return entry !== undefined;
  }

  /** Forgets all breakers. */
  clear(): void {
    for (const entry of [...this.#entries.all()]) {
      // A listener may have deleted it, or made another of its name.
      if (this.#entries.get(entry.breaker.name) === entry) this.#remove(entry, 'cleared');
    }
  }

  get size(): number {
    return this.#entries.current().size;
  }

  /** The names of the breakers, in the order in which they were made. */
  names(): string[] {
    return [...this.#entries.current().keys()];
  }

  *[Symbol.iterator](): Iterator<CircuitBreaker> {
    for (const { breaker } of this.#entries.current().values()) yield breaker;
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
    const held = this.#entries.current();
    const states = new Map(parsed.map((it) => [it.name, it]));
    const created = new Map<string, CircuitBreaker>();
    for (const [name, state] of states) {
      if (!held.has(name)) created.set(name, this.#create(name, { snapshot: state }));
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
    return this.#entries.clock;
  }

  /**
   * Sets the breakers and the defaults aside, for tests. Those that are made until the answer is called are made with these
   * defaults, and are forgotten then.
   */
  #setAside(defaults: CircuitBreakerOptions): () => void {
    const read = readDefaults(defaults, CREATE);
    const entries = this.#entries;
    const ownDefaults = this.#defaults;
    const depth = ++this.#isolations;
    for (const { breaker } of entries.all()) keep(breaker, undefined);
    this.#defaults = { clock: entries.clock, ...read };
    this.#entries = this.#createEntries(read.clock ?? entries.clock);
    let isOver = false;
    return () => {
      if (isOver) return;
      if (this.#isolations > depth) throw new Error('An isolation ends after those that began within it');
      isOver = true;
      this.clear();
      this.#isolations--;
      this.#entries = entries;
      this.#defaults = ownDefaults;
      this.#listenersChanged();
    };
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
    const entry = this.#entries.current().get(name);
    if (this.#keeper.onUse !== undefined) this.#entries.touch(entry);
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
    const entry = this.#entries.add(breaker);
    keep(breaker, this.#keeper);
    this.#events.take([['create', { breaker: breaker.name, instance: breaker }]]);
    this.#entries.makeRoom(entry);
    this.#events.tell();
    return breaker;
  }

  #createEntries(clock: Clock): Entries {
    return new Entries(clock, this.#limits, (entry, reason) => this.#tellRemoval(entry, reason));
  }

  #remove(entry: Entry, reason: DeleteEvent['reason']): void {
    this.#entries.remove(entry);
    this.#tellRemoval(entry, reason);
  }

  #tellRemoval({ breaker }: Entry, reason: DeleteEvent['reason']): void {
    keep(breaker, undefined);
    this.#events.emit([['delete', { breaker: breaker.name, instance: breaker, reason }]]);
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
    for (const { breaker } of this.#entries.all()) keep(breaker, this.#keeper);
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
