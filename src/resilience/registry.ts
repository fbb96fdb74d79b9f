/** What is around breakers, by their names: made on first use, and kept as long as the breaker is. */
import { warnOfConflict } from '../core/conflict.js';
import { processWide } from '../core/process-wide.js';
import {
  type Check,
  callable,
  guardRead,
  hasMethods,
  object,
  type Rules,
  readOptions,
  refuse,
  verify,
} from '../core/validate.js';
import {
  type CircuitBreaker,
  type CircuitBreakerRegistry,
  defaultRegistry,
  type OptionDifference,
} from '../index.js';
import {
  type AroundOptions,
  DEPENDENCY_OPTIONS,
  type DependencyOptions,
  type ReadResilience,
  type ResilienceOptions,
  readResilience,
  resilienceSubject,
} from './options.js';
import { Resilience } from './resilience.js';

/** Options by name: those of a `Resilience` but the name and the breaker. */
export type NamedOptions = Omit<ResilienceOptions, 'name' | 'breaker'>;

/** What a {@link ResilienceRegistry} is made with. */
export interface ResilienceRegistryOptions {
  /** Where the breakers are. @default defaultRegistry */
  breakers?: CircuitBreakerRegistry | undefined;
  /** What is made unless `configure` or the options of `getOrCreate` say otherwise. */
  defaults?: NamedOptions | undefined;
  /** Options for a name; they go before `defaults`. Asked once for each that is made. */
  configure?: ((name: string) => NamedOptions | undefined) | undefined;
}

const CREATE = { breaker: '', action: 'create resilience registry' };

const RULES: Rules & Record<keyof ResilienceRegistryOptions, Check> = {
  breakers: (value) => (hasMethods('getOrCreate')(value) ? undefined : 'a CircuitBreakerRegistry'),
  defaults: object,
  configure: callable,
};

/** What is around a breaker, with what was said of the dependency. */
interface Entry {
  readonly resilience: Resilience;
  readonly given: DependencyOptions;
  hasConflict: boolean;
}

/**
 * What is around the breakers of a registry, by name. It is held weakly with its breaker: what that registry forgets is
 * forgotten here.
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { ResilienceRegistry } from 'recloser/resilience';
 *
 * const around = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry(), defaults: { retry: 'network' } });
 * const users = around.getOrCreate('users', { bulkhead: 20 });
 * console.log(around.get('users') === users, users.bulkhead?.limit); // → true 20
 * ```
 */
export class ResilienceRegistry {
  /** Where the breakers are. */
  readonly breakers: CircuitBreakerRegistry;
  readonly #entries = new WeakMap<CircuitBreaker, Entry>();
  readonly #defaults: NamedOptions;
  readonly #configure: ResilienceRegistryOptions['configure'];

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: ResilienceRegistryOptions = {}) {
    const given: ResilienceRegistryOptions = guardRead(CREATE, 'options', () =>
      readOptions(options, RULES, CREATE),
    );
    const { breakers = defaultRegistry, defaults = {}, configure } = given;
    this.breakers = breakers;
    this.#defaults = { ...defaults };
    this.#configure = configure;
    readNamed(this.#defaults, CREATE.action);
  }

  /**
   * What is around the breaker of this name, made with `defaults` < `configure(name)` < `options` if there is nothing
   * yet. Options of the dependency that differ from those in force are not applied; that is told once, as a `conflict`
   * event and a process warning.
   *
   * @throws InvalidOptionsError for a name that is no string or options that are out of range
   */
  getOrCreate(name: string, options?: NamedOptions): Resilience {
    verify(CREATE, 'name', name, (it) => (typeof it === 'string' ? undefined : 'a string'));
    const given = options === undefined ? undefined : readNamed(options, name);
    const known = this.breakers.get(name);
    if (known !== undefined && given !== undefined && Object.keys(given.ofBreaker).length > 0)
      this.breakers.getOrCreate(name, given.ofBreaker);
    const entry = known && this.#entries.get(known);
    if (entry !== undefined) {
      if (given !== undefined) this.#compare(entry, given.around);
      return entry.resilience;
    }
    const layers: NamedOptions = { ...this.#defaults, ...this.#configure?.(name), ...options };
    const { ofBreaker, around } = readNamed(layers, name);
    // A breaker that somebody else has made keeps its own options.
    if (known !== undefined) return this.#add(known, around);
    const { callTimeout, fallback, fallbackOn, ...others } = around;
    return this.#add(this.breakers.getOrCreate(name, ofBreaker), others);
  }

  /** What is around the breaker of this name, if anything is. */
  get(name: string): Resilience | undefined {
    const breaker = this.breakers.get(name);
    return breaker && this.#entries.get(breaker)?.resilience;
  }

  /**
   * What is around this breaker, made if there is nothing yet.
   *
   * @throws InvalidOptionsError for options that are out of range, or belong to the breaker
   */
  of(breaker: CircuitBreaker, options?: AroundOptions): Resilience {
    const entry = this.#entries.get(breaker);
    const subject = resilienceSubject('create', breaker.name);
    const { around } = readResilience({ ...options, breaker }, subject);
    if (entry === undefined) return this.#add(breaker, around);
    if (options !== undefined) this.#compare(entry, around);
    return entry.resilience;
  }

  *[Symbol.iterator](): Iterator<Resilience> {
    for (const breaker of this.breakers) {
      const entry = this.#entries.get(breaker);
      if (entry !== undefined) yield entry.resilience;
    }
  }

  #add(breaker: CircuitBreaker, around: AroundOptions): Resilience {
    const resilience = new Resilience({ ...around, breaker });
    this.#entries.set(breaker, { resilience, given: around, hasConflict: false });
    return resilience;
  }

  #compare(entry: Entry, given: DependencyOptions): void {
    const differences = differencesOf(given, entry.given);
    if (differences.length === 0 || entry.hasConflict) return;
    entry.hasConflict = true;
    entry.resilience.tellConflict({ options: differences });
    warnOfConflict(entry.resilience.name, differences);
  }
}

function readNamed(options: unknown, name: string): ReadResilience {
  const subject = resilienceSubject('create', name);
  const read = readResilience(options, subject);
  if (read.breaker !== undefined) refuse(subject, 'breaker', '`breaker` is the one of this name');
  const own = read.ofBreaker.name;
  if (own !== undefined && own !== name) refuse(subject, 'name', '`name` is given by the registry');
  return read;
}

const DEFAULTS = {
  retryBudget: { ratio: 0.2, capacity: 100, perSecond: 0.1 },
  bulkhead: { queue: 0, maxWait: 1_000 },
  rateLimit: { per: 1_000, spacing: 0, queue: 0, maxWait: 1_000 },
} as const;

/** Options of the dependency that were given and are not in force. */
function differencesOf(given: DependencyOptions, inForce: DependencyOptions): OptionDifference[] {
  return DEPENDENCY_OPTIONS.filter(
    (option) =>
      given[option] !== undefined && keyOf(option, given[option]) !== keyOf(option, inForce[option]),
  ).map((option) => ({ option, inForce: inForce[option] ?? defaultOf(option), given: given[option] }));
}

function defaultOf(option: keyof DependencyOptions): unknown {
  if (option === 'breakerCounts') return 'attempts';
  return option === 'retryBudget' ? {} : false;
}

/** What two values that mean the same have in common. */
function keyOf(option: keyof DependencyOptions, value: unknown): unknown {
  const present = value ?? defaultOf(option);
  if (option === 'breakerCounts' || present === false) return present;
  // A budget, a bulkhead or a limit that is handed in is itself.
  if (typeof present === 'object' && Object.getPrototypeOf(present) !== Object.prototype) return present;
  const own = typeof present === 'number' ? { limit: present } : (present as object);
  const full: Record<string, unknown> = { ...DEFAULTS[option], ...own };
  return JSON.stringify(
    Object.keys(full)
      .sort()
      .map((key) => [key, full[key]]),
  );
}

/** What is around the breakers of `defaultRegistry`: one in a process, for all copies of the package. */
export const defaultResilience: ResilienceRegistry = /* @__PURE__ */ processWide(
  'default-resilience',
  1,
  () => new ResilienceRegistry(),
);
