/** What is around breakers, by their names: made on first use, and kept as long as the breaker is. */
import {
  type AroundChange,
  type AroundPlan,
  CONFIGURE,
  type ConfigurableAround,
  type InvalidReason,
} from '../config/configurable.js';
import { warn } from '../config/warn.js';
import { warnOfConflict } from '../core/conflict.js';
import { processWide } from '../core/process-wide.js';
import { isThenable } from '../core/thenable.js';
import {
  type Check,
  callable,
  guardRead,
  hasMethods,
  object,
  type Rules,
  readOptions,
  refuse,
  type Subject,
  string,
  verify,
} from '../core/validate.js';
import {
  type CircuitBreaker,
  type CircuitBreakerRegistry,
  defaultRegistry,
  InvalidOptionsError,
} from '../index.js';
import { openDoor } from './class-members.js';
import { changesOf, differencesOf } from './differences.js';
import {
  type AroundOptions,
  type DependencyOptions,
  RESILIENCE_RULES,
  type ReadResilience,
  type ResilienceOptions,
  readAroundOption,
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
const USE = { breaker: '', action: 'use resilience registry' };

const RULES: Rules & Record<keyof ResilienceRegistryOptions, Check> = {
  breakers: (value: unknown) => (hasMethods('getOrCreate')(value) ? undefined : 'a CircuitBreakerRegistry'),
  defaults: object,
  configure: callable,
};

/** What `configure` may answer. Of a promise nobody would ever see the options. */
const answerCheck: Check = (it) =>
  it === undefined || (object(it) === undefined && !isThenable(it))
    ? undefined
    : 'a function that answers options at once';

/** What is around a breaker, with what was said of the dependency. */
interface Entry {
  readonly resilience: Resilience;
  /** What the code gave. */
  readonly code: AroundOptions;
  /** What is in force. */
  given: AroundOptions;
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
  /** @internal */
  static readonly hasDoor: true = /* @__PURE__ */ openDoor(this, CONFIGURE, 'configurable');
  /** Where the breakers are. */
  readonly breakers: CircuitBreakerRegistry;
  readonly #entries = new WeakMap<CircuitBreaker, Entry>();
  readonly #defaults: NamedOptions;
  readonly #configure: ResilienceRegistryOptions['configure'];
  /** Whether `configure` speaks for a configuration, in whose place the next one stands. */
  readonly #isFromFile: boolean;
  /** What the latest configuration says that was applied: it goes before the code. */
  #applied: ((name: string) => AroundOptions) | undefined;

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: ResilienceRegistryOptions = {}) {
    const given: ResilienceRegistryOptions = guardRead(CREATE, 'options', () =>
      readOptions(options, RULES, CREATE, '', meaningOf),
    );
    const { breakers = defaultRegistry, defaults = {}, configure } = given;
    this.breakers = breakers;
    this.#defaults = { ...defaults };
    this.#configure = configure;
    this.#isFromFile = configure !== undefined && files.has(configure);
    readNamed(this.#defaults, '', CREATE);
  }

  /**
   * What is around the breaker of this name, made with `defaults` < `configure(name)` < `options` if there is nothing
   * yet. Options of the dependency that differ from those in force are not applied; that is told once, as a `conflict`
   * event and a process warning.
   *
   * @throws InvalidOptionsError for a name that is no string or options that are out of range
   */
  getOrCreate(name: string, options?: NamedOptions): Resilience {
    verify(USE, 'name', name, string);
    const given = options === undefined ? undefined : readNamed(options, name);
    const known = this.breakers.get(name);
    if (known !== undefined && given !== undefined && Object.keys(given.ofBreaker).length > 0)
      this.breakers.getOrCreate(name, given.ofBreaker);
    const entry = known && this.#entries.get(known);
    if (entry !== undefined) {
      if (given !== undefined) this.#compare(entry, given.around);
      return entry.resilience;
    }
    const { ofBreaker, around } = readNamed(this.#layers(name, options), name);
    const code = this.#codeOf(name, around, options);
    // A breaker that somebody else has made keeps its own options.
    if (known !== undefined) return this.#add(known, around, code);
    return this.#add(this.breakers.getOrCreate(name, ofBreaker), ownOf(around), ownOf(code));
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
  of(breaker: CircuitBreaker, options: AroundOptions = {}): Resilience {
    verify(USE, 'breaker', breaker, RESILIENCE_RULES.breaker as Check);
    const entry = this.#entries.get(breaker);
    const subject = resilienceSubject(breaker.name);
    verify(subject, 'options', options, object);
    const { around } = readResilience({ ...options, breaker }, subject);
    if (entry === undefined) {
      const { name } = breaker;
      const { around: layers } = readNamed(this.#layers(name, options), name);
      return this.#add(breaker, layers, this.#codeOf(name, layers, options));
    }
    this.#compare(entry, around);
    return entry.resilience;
  }

  *[Symbol.iterator](): Iterator<Resilience> {
    for (const breaker of this.breakers) {
      const entry = this.#entries.get(breaker);
      if (entry !== undefined) yield entry.resilience;
    }
  }

  /** For `applyConfig` of recloser/presets. @internal */
  configurable(): ConfigurableAround {
    return {
      read: readAroundOption,
      plan: (optionsFor, refuse) => this.#plan(optionsFor, refuse),
    };
  }

  #layers(name: string, options: NamedOptions | undefined): NamedOptions {
    const configured: unknown = this.#isFromFile && this.#applied ? undefined : this.#configure?.(name);
    verify(resilienceSubject(name), 'configure', configured, answerCheck);
    return { ...this.#defaults, ...(configured as NamedOptions | undefined), ...options };
  }

  /** What is not of a configuration. */
  #codeOf(name: string, all: AroundOptions, options: NamedOptions | undefined): AroundOptions {
    return this.#isFromFile ? readNamed({ ...this.#defaults, ...options }, name).around : all;
  }

  #add(breaker: CircuitBreaker, around: AroundOptions, code: AroundOptions): Resilience {
    let given = { ...around, ...this.#applied?.(breaker.name) };
    let resilience: Resilience;
    try {
      resilience = new Resilience({ ...given, breaker });
    } catch (error) {
      // It is too late to refuse the configuration.
      given = around;
      resilience = new Resilience({ ...given, breaker });
      warn(`A configuration was not applied to a new resilience: ${(error as Error).message}`);
    }
    this.#entries.set(breaker, { resilience, code, given, hasConflict: false });
    return resilience;
  }

  #plan(
    optionsFor: (name: string) => AroundOptions,
    refuse: (name: string, problem: InvalidReason) => void,
  ): AroundPlan {
    const changes: AroundChange[] = [];
    const steps: (() => void)[] = [];
    for (const breaker of this.breakers) {
      const entry = this.#entries.get(breaker);
      if (entry === undefined) continue;
      const { name } = breaker;
      const given: AroundOptions = { ...entry.code, ...optionsFor(name) };
      const changed = changesOf(name, entry.given, given);
      if (changed.length === 0) continue;
      changes.push(...changed);
      try {
        const change = entry.resilience.changed(given);
        steps.push(() => {
          change();
          entry.given = given;
        });
      } catch (error) {
        if (!(error instanceof InvalidOptionsError)) throw error;
        refuse(name, error);
      }
    }
    return {
      changes,
      carryOut: () => {
        for (const step of steps) step();
        this.#applied = optionsFor;
      },
    };
  }

  #compare(entry: Entry, given: DependencyOptions): void {
    const differences = differencesOf(given, entry.given);
    if (differences.length === 0 || entry.hasConflict) return;
    entry.hasConflict = true;
    entry.resilience.tellConflict({ options: differences });
    warnOfConflict(entry.resilience.name, differences);
  }
}

/** Who gives a registry what a `Resilience` takes means each of its own. */
const meaningOf = (option: string): string | undefined =>
  Object.hasOwn(RESILIENCE_RULES, option) && option !== 'name' ? `defaults: { ${option}: … }` : undefined;

function readNamed(
  options: unknown,
  name: string,
  subject: Subject = resilienceSubject(name),
): ReadResilience {
  const read = readResilience(options, subject);
  if (read.breaker !== undefined) refuse(subject, 'breaker', '`breaker` is the one of this name');
  const own = read.ofBreaker.name;
  if (own !== undefined && own !== name) refuse(subject, 'name', '`name` is given by the registry');
  return read;
}

/** What a `Resilience` has of its own: the rest is its breaker's, which it has made. */
function ownOf({ callTimeout, fallback, fallbackOn, ...own }: AroundOptions): AroundOptions {
  return own;
}

const files = /* @__PURE__ */ new WeakSet<object>();

/** Marks what speaks for a configuration. */
export function fromFile<Configure extends (name: string) => NamedOptions>(configure: Configure): Configure {
  files.add(configure);
  return configure;
}

/** What is around the breakers of `defaultRegistry`: one in a process, for all copies of the package. */
export const defaultResilience: ResilienceRegistry = /* @__PURE__ */ processWide(
  'default-resilience',
  1,
  () => new ResilienceRegistry(),
);
