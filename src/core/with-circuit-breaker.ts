/**
 * One line to put a breaker before a function or a method: `withCircuitBreaker` answers a function that is a wrapper,
 * a TC39 decorator and a legacy decorator in one. `guard.ts` tells them apart; here is where their breaker comes from.
 */

import type { CallContext } from './call-context.js';
import { type CallOptions, readCallOptions } from './call-options.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { differencesOf, warnOfConflict } from './conflict.js';
import {
  findByInstance,
  type GuardedResult,
  type GuardResultWrapper,
  type GuardSource,
  type GuardSpec,
  type GuardWrapper,
  guardBy,
  type InstanceGuards,
  type KeyedBy,
} from './guard.js';
import { BREAKER_RULES, type CircuitBreakerOptions, readBreakerOptions, refuseIdleRate } from './options.js';
import type { AnyFunction, Guarded } from './promised.js';
import { type CircuitBreakerRegistry, defaultRegistry, registryCheck } from './registry.js';
import {
  type Check,
  callable,
  guardRead,
  oneOf,
  type Rules,
  readOptions,
  refuse,
  verify,
} from './validate.js';

/** The breaker of a function: itself, its name in a registry, or a function that tells the name from the arguments. */
export type BreakerSource = GuardSource<CircuitBreaker>;

/** What `withCircuitBreaker` takes: options for the breaker, and where and how it is used. */
export interface WithCircuitBreakerOptions extends Omit<CircuitBreakerOptions, 'name' | 'fallback'> {
  /** What answers in place of the function, with its `this`: it is given the error, the context, and its arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of whatever function is wrapped
  fallback?: ((error: unknown, context: CallContext, ...args: any[]) => unknown) | undefined;
  /** Where named breakers are kept. @default defaultRegistry */
  registry?: CircuitBreakerRegistry | undefined;
  /** `instance` makes one breaker for each object that the method is called on, held weakly with it, in no registry. @default 'class' */
  scope?: 'class' | 'instance' | undefined;
  /** `true` resolves to a `CallResult` instead of rejecting; for wrapped functions alone. @default false */
  result?: boolean | undefined;
}

/** How a wrapped function tells its breaker. */
export type BreakerAccess<Source> = Source extends (...args: infer Args) => string
  ? { breakerFor(...args: Args): CircuitBreaker }
  : { readonly breaker: CircuitBreaker };

/** How a method with a breaker for each object tells them. */
export interface InstanceBreakerAccess {
  breakerFor(instance: object): CircuitBreaker;
}

/** Wraps functions, and decorates asynchronous methods in both forms of decorators. */
export interface CircuitBreakerWrapper<Source, Access = BreakerAccess<Source>>
  extends GuardWrapper<Source, Access> {}

/** Wraps functions so that they resolve to a `CallResult`. A method cannot be decorated so: its type would change. */
export type ResultWrapper<Source> = GuardResultWrapper<Source, BreakerAccess<Source>>;

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
  return guardBy(createSpec(source, options), ...fn);
}

const itself = (breaker: CircuitBreaker) => breaker;

function createSpec(source: BreakerSource, options: WithCircuitBreakerOptions): GuardSpec<CircuitBreaker> {
  const subject = { breaker: typeof source === 'string' ? source : '', action: 'use withCircuitBreaker' };
  verify(subject, 'breaker', source, breakerSource);
  if (typeof options === 'function')
    refuse(subject, 'options', '`options` must be an object, received a function: it comes third, after {}');
  const given = guardRead(subject, 'options', () => readOptions(options, RULES, subject));
  const { registry, scope, result, ...rest }: WithCircuitBreakerOptions = given;
  const asResult = result === true && { rejected: false };
  const spec = { by: 'withCircuitBreaker', source, members: { breaker: itself }, asResult };

  if (typeof source === 'object') {
    if (registry !== undefined || scope !== undefined) {
      refuse(subject, 'registry', '`registry` and `scope` are for breakers that are given by name');
    }
    return { ...spec, find: () => source, callOptions: readCallOptions(rest as CallOptions, source.name) };
  }

  const { fallback, fallbackOn, ...ofBreaker } = readBreakerOptions(rest, subject);
  refuseIdleRate(ofBreaker, ofBreaker, subject);
  if (ofBreaker.name !== undefined) refuse(subject, 'name', '`name` is given by the first argument');
  if (scope === 'instance' && (typeof source !== 'string' || registry !== undefined)) {
    refuse(subject, 'scope', "`scope: 'instance'` needs the name of a breaker, and no registry");
  }
  return {
    ...spec,
    find: findInRegistry(registry, ofBreaker),
    findOf: scope === 'instance' ? findOfInstance(ofBreaker) : undefined,
    // Without options of its own a call takes the usual way.
    callOptions: fallback === undefined && fallbackOn === undefined ? undefined : { fallback, fallbackOn },
  };
}

/**
 * Looked up for each call, so that a breaker that the registry has forgotten is made anew in it; the options are
 * compared with those of a breaker that is there already when it is first met.
 */
function findInRegistry(registry: CircuitBreakerRegistry = defaultRegistry, options: CircuitBreakerOptions) {
  const met = new WeakSet<CircuitBreaker>();
  return (name: string): CircuitBreaker => {
    const found = registry.get(name);
    if (found !== undefined && met.has(found)) return found;
    const breaker = registry.getOrCreate(name, options);
    met.add(breaker);
    return breaker;
  };
}

const instanceBreakers: InstanceGuards<CircuitBreaker> = /* @__PURE__ */ new WeakMap();

function findOfInstance(options: CircuitBreakerOptions) {
  return findByInstance(
    instanceBreakers,
    (name) => new CircuitBreaker({ ...options, name }),
    (breaker) => {
      const differences = differencesOf(options, breaker.options);
      if (differences.length > 0) warnOfConflict(breaker.name, differences);
    },
  );
}

const breakerSource: Check = (value) =>
  typeof value === 'string' || callable(value) === undefined || isBreaker(value)
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
