/**
 * One line to put a breaker before a function or a method: `withCircuitBreaker` answers a function that is a wrapper,
 * a TC39 decorator and a legacy decorator in one, told apart by their arguments. All three end in `guard`.
 */
import { type CallResult, CircuitBreaker } from './circuit-breaker.js';
import { imitate } from './imitate.js';
import { isClass } from './is-class.js';
import { keyOf } from './key-of.js';
import {
  BREAKER_RULES,
  type CallOptions,
  type CircuitBreakerOptions,
  readBreakerOptions,
  readCallOptions,
} from './options.js';
import { quote } from './quote.js';
import { type CircuitBreakerRegistry, defaultRegistry, registryCheck } from './registry.js';
import {
  type Check,
  describe,
  guardRead,
  oneOf,
  type Rules,
  readOptions,
  refuse,
  verify,
} from './validate.js';

/** The breaker of a function: itself, its name in a registry, or a function that tells the name from the arguments. */
// biome-ignore lint/suspicious/noExplicitAny: the key function takes what the wrapped function takes
export type BreakerSource = string | CircuitBreaker | ((...args: any[]) => string);

/** What `withCircuitBreaker` takes: options for the breaker, and where and how it is used. */
export interface WithCircuitBreakerOptions extends Omit<CircuitBreakerOptions, 'name'> {
  /** Where named breakers are kept. @default defaultRegistry */
  registry?: CircuitBreakerRegistry | undefined;
  /** `instance` makes one breaker for each object that the method is called on, held weakly with it, in no registry. @default 'class' */
  scope?: 'class' | 'instance' | undefined;
  /** `true` resolves to a `CallResult` instead of rejecting; for wrapped functions alone. @default false */
  result?: boolean | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: any function at all
type AnyFunction = (...args: any[]) => unknown;

/** How a wrapped function tells its breaker. */
export type BreakerAccess<Source> = Source extends (...args: infer Args) => string
  ? { breakerFor(...args: Args): CircuitBreaker }
  : { readonly breaker: CircuitBreaker };

/** How a method with a breaker for each object tells them. */
export interface InstanceBreakerAccess {
  breakerFor(instance: object): CircuitBreaker;
}

/** The wrapped function: as it was if it answers a promise, else with its answer in one. */
export type Guarded<F extends AnyFunction> = F extends (...args: never[]) => Promise<unknown>
  ? F
  : (this: ThisParameterType<F>, ...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>;

/** The wrapped function, with its answer as a `CallResult`. */
export type GuardedResult<F extends AnyFunction> = (
  this: ThisParameterType<F>,
  ...args: Parameters<F>
) => Promise<CallResult<Awaited<ReturnType<F>>>>;

/** A function that takes what the key function takes; where one takes more kinds than the other, either may. */
type KeyedBy<Source> = Source extends (...args: infer Args) => string
  ? // biome-ignore lint/suspicious/noExplicitAny: the arguments that the key function does not look at
    { bivariant(...args: [...Args, ...any[]]): unknown }['bivariant']
  : AnyFunction;

/** Wraps functions, and decorates asynchronous methods in both forms of decorators. */
export interface CircuitBreakerWrapper<Source, Access = BreakerAccess<Source>> {
  // `undefined`: a decorator is called with a context, which is for the forms below
  <F extends KeyedBy<Source>>(fn: F, context?: undefined): Guarded<F> & Access;
  // biome-ignore lint/suspicious/noExplicitAny: the type of the decorator's context asks for it
  <This, F extends ((this: This, ...args: any) => PromiseLike<unknown>) & KeyedBy<Source>>(
    method: F,
    context: ClassMethodDecoratorContext<This, F>,
  ): F;
  // biome-ignore lint/suspicious/noExplicitAny: any asynchronous method
  <F extends ((...args: any[]) => PromiseLike<unknown>) & KeyedBy<Source>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>;
}

/** Wraps functions so that they resolve to a `CallResult`. A method cannot be decorated so: its type would change. */
export type ResultWrapper<Source> = <F extends KeyedBy<Source>>(
  fn: F,
) => GuardedResult<F> & BreakerAccess<Source>;

/**
 * Puts a breaker before a function (as a wrapper) or an asynchronous method (as a decorator, TC39 and
 * `experimentalDecorators` alike). `this`, the arguments, the result, the name and the length survive.
 *
 * `fallback` and `fallbackOn` belong to this function; the other options are the breaker's, and hold for whoever asks
 * the registry for it first.
 *
 * @throws TypeError if there is nothing to wrap: the target is no function, or no method
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { withCircuitBreaker } from 'recloser';
 *
 * const greet = withCircuitBreaker('greeter', { callTimeout: 500 })(async (name: string) => `Hello, ${name}.`);
 * console.log(await greet('Ada'), greet.breaker.state); // → Hello, Ada. CLOSED
 * ```
 */
export function withCircuitBreaker<Source extends BreakerSource>(
  breaker: Source,
  options: WithCircuitBreakerOptions & { result: true },
): ResultWrapper<Source>;
export function withCircuitBreaker(
  breaker: string,
  options: WithCircuitBreakerOptions & { scope: 'instance' },
): CircuitBreakerWrapper<string, InstanceBreakerAccess>;
export function withCircuitBreaker<Source extends BreakerSource>(
  breaker: Source,
  options?: WithCircuitBreakerOptions,
): CircuitBreakerWrapper<Source>;
export function withCircuitBreaker<Source extends BreakerSource, F extends KeyedBy<Source>>(
  breaker: Source,
  options: WithCircuitBreakerOptions & { result: true },
  fn: F,
): GuardedResult<F> & BreakerAccess<Source>;
export function withCircuitBreaker<F extends AnyFunction>(
  breaker: string,
  options: WithCircuitBreakerOptions & { scope: 'instance' },
  fn: F,
): Guarded<F> & InstanceBreakerAccess;
export function withCircuitBreaker<Source extends BreakerSource, F extends KeyedBy<Source>>(
  breaker: Source,
  options: WithCircuitBreakerOptions | undefined,
  fn: F,
): Guarded<F> & BreakerAccess<Source>;
export function withCircuitBreaker(
  source: BreakerSource,
  options: WithCircuitBreakerOptions = {},
  ...fn: [fn?: unknown]
): unknown {
  const plan = createPlan(source, options);
  if (fn.length > 0) return guard(fn[0], plan);
  return (target: unknown, context?: unknown, descriptor?: PropertyDescriptor) => {
    const isIndex = typeof context === 'number' && (descriptor === undefined || Array.isArray(descriptor));
    if (context === undefined || isIndex) return guard(target, plan); // also for `fns.map(…)`
    if (plan.asResult)
      throw new TypeError('A method cannot be decorated with `result: true`: wrap a function');
    if (typeof context !== 'object') {
      return { ...descriptor, value: guard(methodOf(descriptor), plan, context) };
    }
    const { kind, name } = context as DecoratorContext;
    return guard(kind === 'method' ? target : kind, plan, name);
  };
}

/** The method that a legacy decorator is put onto, or the word for what is there instead. */
function methodOf(descriptor: PropertyDescriptor | undefined): unknown {
  if (descriptor === undefined) return 'field';
  const { get, set, value } = descriptor;
  return get ? 'getter' : set ? 'setter' : value;
}

/** How the breaker of a call is found, and how the call is made. */
interface Plan {
  /** The breaker for a call on this object with these arguments. */
  readonly find: (self: unknown, args: readonly unknown[]) => CircuitBreaker;
  /** What makes the breaker visible on the wrapped function. */
  readonly access: PropertyDescriptorMap;
  readonly callOptions: CallOptions;
  readonly asResult: boolean;
}

function guard(fn: unknown, { find, access, callOptions, asResult }: Plan, name?: unknown): unknown {
  if (typeof fn !== 'function' || isClass(fn)) {
    const target = name === undefined ? '' : ` ${quote(String(name))}`;
    throw new TypeError(
      `withCircuitBreaker needs a function or a method${target}, received ${isClass(fn) ? 'a class' : describe(fn)}`,
    );
  }
  const wrapper = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const task = () => fn.apply(this, args);
    try {
      const breaker = find(this, args);
      return asResult ? breaker.tryCall(task, callOptions) : breaker.call(task, callOptions);
    } catch (error) {
      return asResult ? Promise.resolve({ ok: false, error, rejected: false }) : Promise.reject(error);
    }
  };
  return Object.defineProperties(imitate(fn as AnyFunction, wrapper), access);
}

function createPlan(source: BreakerSource, options: WithCircuitBreakerOptions): Plan {
  const subject = { breaker: typeof source === 'string' ? source : '', action: 'use withCircuitBreaker' };
  verify(subject, 'breaker', source, breakerSource);
  const given = guardRead(subject, 'options', () => readOptions(options, RULES, subject));
  const { registry, scope, result, ...rest }: WithCircuitBreakerOptions = given;
  const common = { asResult: result === true };

  if (typeof source === 'object') {
    if (registry !== undefined || scope !== undefined) {
      refuse(subject, 'registry', '`registry` and `scope` are for breakers that are given by name');
    }
    const callOptions = readCallOptions(rest as CallOptions, source.name);
    return { ...common, callOptions, find: () => source, access: { breaker: { get: () => source } } };
  }

  const { fallback, fallbackOn, ...ofBreaker } = readBreakerOptions(rest, subject);
  if (ofBreaker.name !== undefined) refuse(subject, 'name', '`name` is given by the first argument');
  const named = { ...common, callOptions: { fallback, fallbackOn } };
  if (scope === 'instance') {
    if (typeof source !== 'string' || registry !== undefined) {
      return refuse(subject, 'scope', "`scope: 'instance'` needs the name of a breaker, and no registry");
    }
    const find = findByInstance(source, ofBreaker);
    return { ...named, find, access: { breakerFor: { value: (instance: unknown) => find(instance) } } };
  }
  const inRegistry = findInRegistry(registry ?? defaultRegistry, ofBreaker);
  if (typeof source === 'string') {
    const find = () => inRegistry(source);
    return { ...named, find, access: { breaker: { get: find } } };
  }
  const find = (...args: readonly unknown[]) => inRegistry(keyOf(source, [...args]));
  return { ...named, find: (_, args) => find(...args), access: { breakerFor: { value: find } } };
}

/**
 * Looked up for each call, so that a breaker that the registry has forgotten is made anew in it; the options are
 * compared with those of a breaker that is there already when it is first met.
 */
function findInRegistry(registry: CircuitBreakerRegistry, options: CircuitBreakerOptions) {
  const met = new WeakSet<CircuitBreaker>();
  return (name: string): CircuitBreaker => {
    const found = registry.get(name);
    if (found !== undefined && met.has(found)) return found;
    const breaker = registry.getOrCreate(name, options);
    met.add(breaker);
    return breaker;
  };
}

/** The breakers of objects by name: methods of one object that name the same breaker share it. */
const instanceBreakers = /* @__PURE__ */ new WeakMap<object, Map<string, CircuitBreaker>>();

function findByInstance(name: string, options: CircuitBreakerOptions) {
  return (instance: unknown): CircuitBreaker => {
    if ((typeof instance !== 'object' && typeof instance !== 'function') || instance === null) {
      throw new TypeError(
        `The method of circuit breaker ${quote(name)} needs an object to be called on, received ${describe(instance)}`,
      );
    }
    const breakers = instanceBreakers.get(instance) ?? new Map<string, CircuitBreaker>();
    instanceBreakers.set(instance, breakers);
    const breaker = breakers.get(name) ?? new CircuitBreaker({ ...options, name });
    breakers.set(name, breaker);
    return breaker;
  };
}

const breakerSource: Check = (value) =>
  typeof value === 'string' || typeof value === 'function' || isBreaker(value)
    ? undefined
    : 'a breaker, its name, or a function that tells the name';

/** By what it can do, not by its class: there may be two copies of the package. */
function isBreaker(value: unknown): boolean {
  return typeof (value as Partial<CircuitBreaker> | null)?.tryCall === 'function';
}

const RULES: Rules = {
  ...BREAKER_RULES,
  registry: registryCheck,
  scope: oneOf('class', 'instance'),
  result: oneOf(true, false),
};
