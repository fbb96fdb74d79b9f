/**
 * A wrapper, a TC39 decorator and a legacy decorator in one, told apart by their arguments, over one thing that calls
 * go through: a breaker, or what stands around one. `withCircuitBreaker` is made of it. It knows nothing of options or
 * registries: the plan says how the guard of a call is found, and what the call is made with.
 */
import { mayTakeCallback, watchForCallback } from './callback.js';
import { unguardable } from './callee.js';
import type { CallResult } from './calling-circuit.js';
import { imitate } from './imitate.js';
import { keyOf } from './key-of.js';
import type { AnyFunction, Guarded } from './promised.js';
import { quote } from './quote.js';
import { describe } from './validate.js';

/** What calls go through. */
export interface Guard {
  call(task: () => unknown, options?: object): Promise<unknown>;
  tryCall(task: () => unknown, options?: object): Promise<unknown>;
}

/** What a guard is found by: itself, its name in a registry, or a function that tells the name from the arguments. */
// biome-ignore lint/suspicious/noExplicitAny: the key function takes what the wrapped function takes
export type GuardSource<G extends Guard> = string | G | ((...args: any[]) => string);

/** The wrapped function, with its answer as a `CallResult`, and what else there is to tell. */
export type GuardedResult<F extends AnyFunction, More = unknown> = (
  this: ThisParameterType<F>,
  ...args: Parameters<F>
) => Promise<CallResult<Awaited<ReturnType<F>>> & More>;

/** A function that takes what the key function takes; where one takes more kinds than the other, either may. */
export type KeyedBy<Source> = Source extends (...args: infer Args) => string
  ? // biome-ignore lint/suspicious/noExplicitAny: the arguments that the key function does not look at
    { bivariant(...args: [...Args, ...any[]]): unknown }['bivariant']
  : AnyFunction;

/** Wraps functions, and decorates asynchronous methods in both forms of decorators. `Access` tells the guard. */
export interface GuardWrapper<Source, Access> {
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
export type GuardResultWrapper<Source, Access, More = unknown> = <F extends KeyedBy<Source>>(
  fn: F,
) => GuardedResult<F, More> & Access;

/** What a guard plan is made of. */
export interface GuardSpec<G extends Guard> {
  /** The function that users call, for messages. */
  readonly by: string;
  readonly source: GuardSource<G>;
  /** The guard that is the source, or that of its name in a registry; asked for each call, since registries forget. */
  readonly find: (name: string) => G;
  /** The guard of this name of an object, where each has its own; asked for each call. */
  readonly findOf?: ((name: string, instance: object) => G) | undefined;
  /** What tells the guard on the wrapped function, as `breaker`, or as `breakerFor` where it depends on the call. */
  readonly members: { readonly [name: string]: (guard: G) => unknown };
  readonly callOptions?: object | undefined;
  /** What a result tells, beside the error, of a call whose guard is not found; `false`: calls resolve to no results. */
  readonly asResult: { readonly rejected: boolean } | false;
}

/**
 * Wraps a function if there is one, else answers what wraps and decorates.
 *
 * @throws TypeError for what cannot be guarded
 */
export function guardBy<G extends Guard>(spec: GuardSpec<G>, ...fn: [fn?: unknown]): unknown {
  const plan = createPlan(spec);
  if (fn.length > 0) return guard(fn[0], plan);
  return (target: unknown, context?: unknown, descriptor?: PropertyDescriptor) => {
    const isIndex = typeof context === 'number' && (descriptor === undefined || Array.isArray(descriptor));
    if (context === undefined || isIndex) return guard(target, plan); // also for `fns.map(…)`
    if (spec.asResult)
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

interface Plan {
  readonly spec: GuardSpec<Guard>;
  /** The guard for a call on this object with these arguments. */
  readonly find: (self: unknown, args: readonly unknown[]) => Guard;
  /** What makes the guard visible on the wrapped function. */
  readonly access: PropertyDescriptorMap;
}

function createPlan<G extends Guard>(spec: GuardSpec<G>): Plan {
  const { source, find, findOf, members } = spec;
  const access: PropertyDescriptorMap = {};
  /** Said for each member: a getter where the guard is the same for each call, else a function of what tells it. */
  const tell = (suffix: string, create: (read: (guard: G) => unknown) => PropertyDescriptor) => {
    for (const [name, read] of Object.entries(members)) {
      access[name + suffix] = { ...create(read), configurable: true };
    }
  };
  const planned = (found: Plan['find']): Plan => ({
    spec: spec as unknown as GuardSpec<Guard>,
    find: found,
    access,
  });

  if (findOf !== undefined) {
    const name = source as string; // no other guard is of an object
    const own = (instance: unknown) => findOf(name, verifyInstance(instance, name));
    tell('For', (read) => ({ value: (instance: unknown) => read(own(instance)) }));
    return planned(own);
  }
  if (typeof source === 'function') {
    const keyed = (args: readonly unknown[]) => find(keyOf(source, [...args], wayOut(spec.by)));
    tell('For', (read) => ({ value: (...args: unknown[]) => read(keyed(args)) }));
    return planned((_, args) => keyed(args));
  }
  const only = () => find(source as string);
  tell('', (read) => ({ get: () => read(only()) }));
  return planned(only);
}

function verifyInstance(instance: unknown, name: string): object {
  if ((typeof instance === 'object' && instance !== null) || typeof instance === 'function') return instance;
  throw new TypeError(
    `The method of circuit breaker ${quote(name)} needs an object to be called on, received ${describe(instance)}`,
  );
}

function guard(fn: unknown, plan: Plan, name?: unknown): unknown {
  const { spec, find, access } = plan;
  const { by, source, callOptions, asResult } = spec;
  const received = unguardable(fn);
  if (received !== undefined) {
    const target = name === undefined ? '' : ` ${quote(String(name))}`;
    const hint = typeof fn !== 'function' && typeof source === 'function' ? wayOut(by) : '';
    throw new TypeError(`${by} needs a function or a method${target}, received ${received}${hint}`);
  }
  const callee = fn as AnyFunction;
  const { fallback } = (callOptions ?? {}) as { readonly fallback?: AnyFunction };
  /** The fallback of one call: it is given what the function was given. */
  const fallbackOf =
    (self: unknown, args: readonly unknown[]) =>
    (...told: unknown[]) =>
      Reflect.apply(fallback as AnyFunction, self, [...told, ...args]);
  const wrapper = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const task = () => Reflect.apply(callee, this, args);
    try {
      const found = find(this, args);
      const options =
        fallback === undefined ? callOptions : { ...callOptions, fallback: fallbackOf(this, args) };
      const given: [() => unknown, object | undefined] = mayTakeCallback(args)
        ? watchForCallback(callee, task, options)
        : [task, options];
      return asResult ? found.tryCall(...given) : found.call(...given);
    } catch (error) {
      return asResult ? Promise.resolve({ ok: false, error, ...asResult }) : Promise.reject(error);
    }
  };
  const again = (form: unknown) => guard(form, plan);
  return Object.defineProperties(imitate(callee, wrapper, again), access);
}

/** Who gave the function to be wrapped first, where a name belongs, has had it taken for a key function. */
const wayOut = (by: string) =>
  `; a function that comes first is asked for a name: to wrap it, write ${by}('name', {}, fn)`;

/** One user of guards by object; it knows the others whose options it has been compared with. */
interface Finder {
  readonly met: WeakSet<Finder>;
}

/** Guards by object and name: methods of one object that name the same guard share it. Held weakly with the object. */
export type InstanceGuards<G> = WeakMap<object, Map<string, { readonly guard: G; readonly maker: Finder }>>;

/**
 * Finds the guard of an object, or makes it. Where another has made it, `compare` is told, once for any two of them.
 */
export function findByInstance<G>(
  guards: InstanceGuards<G>,
  make: (name: string) => G,
  compare: (guard: G) => void,
): (name: string, instance: object) => G {
  const self: Finder = { met: new WeakSet() };
  return (name, instance) => {
    const byName = guards.get(instance) ?? new Map();
    guards.set(instance, byName);
    const found = byName.get(name);
    if (found === undefined) {
      const guard = make(name);
      byName.set(name, { guard, maker: self });
      return guard;
    }
    if (found.maker !== self && !self.met.has(found.maker)) {
      self.met.add(found.maker);
      found.maker.met.add(self);
      compare(found.guard);
    }
    return found.guard;
  };
}
