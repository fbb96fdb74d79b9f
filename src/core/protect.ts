/**
 * A client object with a breaker before its asynchronous methods. Which methods those are cannot be seen from
 * outside: unless they are named, a method is taken for what its first answer shows it to be.
 */
import type { CircuitBreaker } from './circuit-breaker.js';
import { imitate } from './imitate.js';
import { type CircuitBreakerRegistry, defaultRegistry, registryCheck } from './registry.js';
import {
  type Check,
  callable,
  describe,
  guardRead,
  list,
  type Rules,
  readOptions,
  string,
} from './validate.js';

/** The names of the methods of a client that answer promises. */
export type AsyncMethodOf<Client> = {
  // biome-ignore lint/suspicious/noExplicitAny: any asynchronous method
  [Key in keyof Client]: Client[Key] extends (...args: any[]) => PromiseLike<unknown> ? Key : never;
}[keyof Client];

/** What `protect` takes. */
export interface ProtectOptions<Client> {
  /** One breaker for all methods; otherwise they are found in the registry. */
  breaker?: CircuitBreaker | undefined;
  /** The name of the breaker in the registry. @default the name of the client's class */
  name?: string | undefined;
  /** A further part of the name, `name.key`, for each call: return `method` for a breaker for each method. */
  key?: ((method: string, args: readonly unknown[]) => string) | undefined;
  /** The methods to put a breaker before. @default those that answer a promise when they are first called */
  methods?: readonly (AsyncMethodOf<Client> & string)[] | undefined;
  /** Where named breakers are kept. @default defaultRegistry */
  registry?: CircuitBreakerRegistry | undefined;
}

const SUBJECT = { breaker: '', action: 'protect a client' };

const RULES: Rules & Record<keyof ProtectOptions<object>, Check> = {
  breaker: (value) =>
    typeof (value as Partial<CircuitBreaker> | null)?.call === 'function' ? undefined : 'a circuit breaker',
  name: string,
  key: callable,
  methods: list,
  registry: registryCheck,
};

const protectedClients = new WeakSet<object>();

/**
 * The same client with a breaker before its asynchronous methods. Everything else (synchronous methods, getters,
 * private state) is as it was; methods that the client calls on itself are not guarded again, nor are methods that
 * have a breaker already.
 *
 * Without `methods`, the first call of each method runs whatever the circuit's state is: it shows whether the method
 * answers a `Promise`. Objects inside the client are left alone; protect them by themselves.
 *
 * @throws TypeError if there is no object, or one whose methods cannot be replaced
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { protect } from 'recloser';
 *
 * class Users {
 *   #names = new Map([[7, 'Ada']]);
 *   async find(id: number) {
 *     return this.#names.get(id);
 *   }
 * }
 *
 * const users = protect(new Users(), { name: 'users', methods: ['find'] });
 * console.log(await users.find(7)); // → Ada
 * ```
 */
export function protect<Client extends object>(client: Client, options: ProtectOptions<Client> = {}): Client {
  if ((typeof client !== 'object' || client === null) && typeof client !== 'function') {
    throw new TypeError(`protect needs an object with methods, received ${describe(client)}`);
  }
  const given: ProtectOptions<Client> = guardRead(SUBJECT, 'options', () =>
    readOptions(options, RULES, SUBJECT),
  );
  if (protectedClients.has(client)) return client;
  refuseFixedMethods(client);

  const find = createFinder(client, given);
  const methods = given.methods as readonly string[] | undefined;
  const guards = new Map<string, { readonly fn: AnyMethod; readonly guarded: AnyMethod }>();

  const proxy = new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || typeof property === 'symbol' || isClass(value)) return value;
      const known = guards.get(property);
      if (known?.fn === value) return known.guarded;
      const fn = value as AnyMethod;
      const isPassive = hasBreaker(fn) || methods?.includes(property) === false;
      const guarded = isPassive ? rebind(fn) : guard(property, fn);
      guards.set(property, { fn, guarded });
      return guarded;
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  });

  /** Methods run on the client itself: its private state knows no proxy. */
  const own = (self: unknown) => (self === proxy ? client : self);

  const rebind = (fn: AnyMethod): AnyMethod =>
    imitate(fn, function (this: unknown, ...args: unknown[]) {
      return fn.apply(own(this), args);
    });

  const guard = (method: string, fn: AnyMethod): AnyMethod => {
    let isAsync = methods !== undefined;
    return imitate(fn, function (this: unknown, ...args: unknown[]) {
      if (isAsync) return find(method, args).call(() => fn.apply(own(this), args));
      const answer = fn.apply(own(this), args);
      if (!(answer instanceof Promise)) return answer;
      isAsync = true;
      answer.catch(() => {}); // it reaches the caller through the breaker, or is rejected in its place
      return find(method, args).call(() => answer);
    });
  };

  protectedClients.add(proxy);
  return proxy;
}

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

function createFinder<Client extends object>(client: Client, options: ProtectOptions<Client>) {
  const { breaker, key, registry = defaultRegistry, name = client.constructor?.name || 'client' } = options;
  return (method: string, args: readonly unknown[]): CircuitBreaker => {
    if (breaker !== undefined) return breaker;
    return registry.getOrCreate(key === undefined ? name : `${name}.${key(method, args)}`);
  };
}

function isClass(value: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/** Whether `withCircuitBreaker` has made this function. */
function hasBreaker(fn: object): boolean {
  return Object.hasOwn(fn, 'breaker') || Object.hasOwn(fn, 'breakerFor');
}

/** A proxy must answer what cannot be changed as it is, so that such a method would pass by the breaker unseen. */
function refuseFixedMethods(client: object): void {
  for (const [key, { value, writable, configurable }] of Object.entries(
    Object.getOwnPropertyDescriptors(client),
  )) {
    if (typeof value !== 'function' || writable || configurable || key === 'prototype') continue;
    throw new TypeError(`protect cannot put a breaker before "${key}": the object is frozen`);
  }
}
