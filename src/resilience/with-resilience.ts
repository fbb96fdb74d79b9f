/** One line to put retries, limits and a breaker before a function or a method, as `withCircuitBreaker` does a breaker. */
import { differencesOf as differencesOfBreaker, warnOfConflict } from '../core/conflict.js';
import {
  findByInstance,
  type GuardedResult,
  type GuardResultWrapper,
  type GuardSpec,
  type GuardWrapper,
  guardBy,
  type InstanceGuards,
  type KeyedBy,
} from '../core/guard.js';
import type { AnyFunction, Guarded } from '../core/promised.js';
import {
  type Check,
  callable,
  guardRead,
  hasMethods,
  oneOf,
  type Rules,
  readOptions,
  refuse,
  verify,
} from '../core/validate.js';
import type { CallContext, CircuitBreaker } from '../index.js';
import type { AttemptTask } from './attempt-context.js';
import { differencesOf } from './differences.js';
import {
  FUNCTION_OPTIONS,
  type FunctionOptions,
  RESILIENCE_RULES,
  type ReadResilience,
  readCall,
  readResilience,
} from './options.js';
import type { OfCall, PreparedOptions } from './prepared-options.js';
import { defaultResilience, type NamedOptions, ResilienceRegistry } from './registry.js';
import { Resilience, type ResilienceResult } from './resilience.js';

/** What stands before a function: by name, itself, a breaker, or a function that tells the name from the arguments. */
// biome-ignore lint/suspicious/noExplicitAny: the key function takes what the wrapped function takes
export type ResilienceSource = string | CircuitBreaker | Resilience | ((...args: any[]) => string);

/** What `withResilience` takes: options of a `Resilience`, and where and how it is used. */
export interface WithResilienceOptions extends Omit<NamedOptions, 'fallback'> {
  /** What answers in place of the function, with its `this`: it is given the error, the context, and its arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of whatever function is wrapped
  fallback?: ((error: unknown, context: CallContext, ...args: any[]) => unknown) | undefined;
  /** Where named ones are kept. @default defaultResilience */
  registry?: ResilienceRegistry | undefined;
  /** `instance` makes one for each object that the method is called on, held weakly with it, in no registry. @default 'class' */
  scope?: 'class' | 'instance' | undefined;
  /** `true` resolves to a `ResilienceResult` instead of rejecting; for wrapped functions alone. @default false */
  result?: boolean | undefined;
}

/** How a wrapped function tells what stands before it. */
export type ResilienceAccess<Source> = Source extends (...args: infer Args) => string
  ? { resilienceFor(...args: Args): Resilience; breakerFor(...args: Args): CircuitBreaker }
  : { readonly resilience: Resilience; readonly breaker: CircuitBreaker };

/** How a method with one for each object tells them. */
export interface InstanceResilienceAccess {
  resilienceFor(instance: object): Resilience;
  breakerFor(instance: object): CircuitBreaker;
}

/** Wraps functions, and decorates asynchronous methods in both forms of decorators. */
export interface ResilienceWrapper<Source, Access = ResilienceAccess<Source>>
  extends GuardWrapper<Source, Access> {}

/** Wraps functions so that they resolve to a result. A method cannot be decorated so: its type would change. */
export type ResilienceResultWrapper<Source> = GuardResultWrapper<
  Source,
  ResilienceAccess<Source>,
  Pick<ResilienceResult<unknown>, 'attempts'>
>;

/** What calls of one function go through: its own options, and what it shares. */
class Front {
  readonly resilience: Resilience;
  readonly #options: PreparedOptions | undefined;

  constructor(resilience: Resilience, options: FunctionOptions) {
    this.resilience = resilience;
    this.#options = Object.keys(options).length === 0 ? undefined : resilience.prepared(options);
  }

  call(task: AttemptTask<unknown>, ofCall?: OfCall): Promise<unknown> {
    return this.resilience.call(task, this.#with(ofCall));
  }

  tryCall(task: AttemptTask<unknown>, ofCall?: OfCall): Promise<unknown> {
    return this.resilience.tryCall(task, this.#with(ofCall));
  }

  #with({ fallback, signal }: OfCall = {}): PreparedOptions | { signal: AbortSignal } | undefined {
    if (fallback === undefined && signal === undefined) return this.#options;
    return this.#options?.ofCall({ fallback, signal }) ?? { signal: signal as AbortSignal };
  }
}

/**
 * Puts retries, limits and a breaker before a function (as a wrapper) or an asynchronous method (as a decorator, TC39
 * and `experimentalDecorators` alike). `this`, the arguments, the result, the name and the length survive.
 *
 * `retry`, `totalTimeout`, `callTimeout`, `hedge` and the fallback belong to this function; the other options are the
 * dependency's, and hold for whoever asks the registry for it first.
 *
 * @throws TypeError if there is nothing to wrap: the target is no function, or no method
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { withResilience } from 'recloser/resilience';
 *
 * const greet = withResilience('greeter', { retry: 'network' })(async (name: string) => `Hello, ${name}.`);
 * console.log(await greet('Ada'), greet.breaker.state); // → Hello, Ada. CLOSED
 * ```
 */
export function withResilience<Source extends ResilienceSource>(
  source: Source,
  options: WithResilienceOptions & { result: true },
): ResilienceResultWrapper<Source>;
export function withResilience(
  source: string,
  options: WithResilienceOptions & { scope: 'instance' },
): ResilienceWrapper<string, InstanceResilienceAccess>;
export function withResilience<Source extends ResilienceSource>(
  source: Source,
  options?: WithResilienceOptions,
): ResilienceWrapper<Source>;
export function withResilience<Source extends ResilienceSource, F extends KeyedBy<Source>>(
  source: Source,
  options: WithResilienceOptions & { result: true },
  fn: F,
): GuardedResult<F, Pick<ResilienceResult<unknown>, 'attempts'>> & ResilienceAccess<Source>;
export function withResilience<F extends AnyFunction>(
  source: string,
  options: WithResilienceOptions & { scope: 'instance' },
  fn: F,
): Guarded<F> & InstanceResilienceAccess;
export function withResilience<Source extends ResilienceSource, F extends KeyedBy<Source>>(
  source: Source,
  options: WithResilienceOptions | undefined,
  fn: F,
): Guarded<F> & ResilienceAccess<Source>;
export function withResilience(
  source: ResilienceSource,
  options: WithResilienceOptions = {},
  ...fn: [fn?: unknown]
): unknown {
  return guardBy(createSpec(source, options), ...fn);
}

function createSpec(source: ResilienceSource, options: WithResilienceOptions): GuardSpec<Front> {
  const subject = { breaker: typeof source === 'string' ? source : '', action: 'use withResilience' };
  verify(subject, 'source', source, sourceCheck);
  const given: WithResilienceOptions & { name?: unknown; breaker?: unknown } = guardRead(
    subject,
    'options',
    () => {
      if (typeof options === 'function')
        refuse(
          subject,
          'options',
          '`options` must be an object, received a function: it comes third, after {}',
        );
      return readOptions(options, RULES, subject);
    },
  );
  const { registry, scope, result, name, breaker, ...rest } = given;
  if (name !== undefined || breaker !== undefined)
    refuse(subject, name === undefined ? 'breaker' : 'name', 'the first argument says which breaker it is');
  const ofFunction: Record<string, unknown> = {};
  const ofDependency: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    (FUNCTION_OPTIONS.includes(key as keyof FunctionOptions) ? ofFunction : ofDependency)[key] = value;
  }
  const own = readCall(ofFunction, subject) as FunctionOptions;
  const fronts = new WeakMap<Resilience, Front>();
  const frontOf = (resilience: Resilience): Front => {
    const front = fronts.get(resilience) ?? new Front(resilience, own);
    fronts.set(resilience, front);
    return front;
  };
  const spec = {
    by: 'withResilience',
    members: { resilience: itself, breaker: breakerOf },
    callOptions: { fallback: own.fallback },
    asResult: result === true && { rejected: true, attempts: 0 },
  };

  if (typeof source === 'object') {
    if (registry !== undefined || scope !== undefined)
      refuse(subject, 'registry', '`registry` and `scope` are for what is given by name');
    const [alien] = isResilience(source) ? Object.keys(ofDependency) : [];
    if (alien !== undefined)
      refuse(subject, alien, `\`${alien}\` is an option of the dependency, which is made already`);
    const front = frontOf(isResilience(source) ? source : defaultResilience.of(source, ofDependency));
    return { ...spec, source: front, find: () => front };
  }

  const read = readResilience(ofDependency, subject);
  if (scope === 'instance' && (typeof source !== 'string' || registry !== undefined))
    refuse(subject, 'scope', "`scope: 'instance'` needs a name, and no registry");
  const find = findInRegistry(registry, ofDependency);
  const findOf = scope === 'instance' ? findOfInstance(ofDependency, read) : undefined;
  return {
    ...spec,
    source,
    find: (it) => frontOf(find(it)),
    findOf: findOf && ((it, instance) => frontOf(findOf(it, instance))),
  };
}

const itself = ({ resilience }: Front) => resilience;
const breakerOf = ({ resilience }: Front) => resilience.breaker;

/** Looked up for each call; the options are compared with those of one that is there already when it is first met. */
function findInRegistry(registry: ResilienceRegistry = defaultResilience, options: NamedOptions) {
  const met = new WeakSet<Resilience>();
  return (name: string): Resilience => {
    const found = registry.get(name);
    if (found !== undefined && met.has(found)) return found;
    const resilience = registry.getOrCreate(name, options);
    met.add(resilience);
    return resilience;
  };
}

const instances: InstanceGuards<Resilience> = /* @__PURE__ */ new WeakMap();
/** What those were made with. */
const made = /* @__PURE__ */ new WeakMap<Resilience, ReadResilience>();

function findOfInstance(options: NamedOptions, read: ReadResilience) {
  return findByInstance(
    instances,
    (name) => {
      const resilience = new Resilience({ ...options, name });
      made.set(resilience, read);
      return resilience;
    },
    (resilience) => {
      const { name, breaker } = resilience;
      const differences = [
        ...differencesOfBreaker(read.ofBreaker, breaker.options),
        ...differencesOf(read.around, (made.get(resilience) as ReadResilience).around),
      ];
      if (differences.length === 0) return;
      resilience.tellConflict({ options: differences });
      warnOfConflict(name, differences);
    },
  );
}

const isResilience = (value: unknown): value is Resilience => hasMethods('tryCall', 'prepared')(value);

const sourceCheck: Check = (value) =>
  typeof value === 'string' || callable(value) === undefined || hasMethods('tryCall')(value)
    ? undefined
    : 'a name, a breaker, a Resilience, or a function that tells the name';

const RULES: Rules = /* @__PURE__ */ (() => ({
  ...RESILIENCE_RULES,
  registry: (value: unknown) =>
    value instanceof ResilienceRegistry || hasMethods('getOrCreate', 'of')(value)
      ? undefined
      : 'a ResilienceRegistry',
  scope: oneOf('class', 'instance'),
  result: oneOf(true, false),
}))();
