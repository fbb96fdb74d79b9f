/**
 * A client object with a breaker before its asynchronous methods. Which methods those are cannot be seen from
 * outside: unless they are named, a method is taken for what its first answer shows it to be.
 */
import type { CircuitBreaker } from './circuit-breaker.js';
import { isImitation } from './imitate.js';
import { isClass } from './is-class.js';
import { keyOf } from './key-of.js';
import { quote } from './quote.js';
import { type CircuitBreakerRegistry, defaultRegistry, registryCheck } from './registry.js';
import {
  type Check,
  callable,
  describe,
  guardRead,
  list,
  type Rules,
  readOptions,
  refuse,
  string,
  verify,
} from './validate.js';

/** The names of the methods of a client that answer promises. */
export type AsyncMethodOf<Client> = {
  // biome-ignore lint/suspicious/noExplicitAny: any asynchronous method
  [Key in keyof Client]-?: NonNullable<Client[Key]> extends (...args: any[]) => PromiseLike<unknown>
    ? Key
    : never;
}[keyof Client];

/** What `protect` takes. */
export interface ProtectOptions<Client> {
  /** One breaker for all methods; otherwise they are found in the registry. */
  breaker?: CircuitBreaker | undefined;
  /** The name of the breaker in the registry; to be given for an object literal. @default the name of the client's class */
  name?: string | undefined;
  /** A further part of the name, `name.key`, for each call: return `method` for a breaker for each method. */
  key?: ((method: string, args: readonly unknown[]) => string) | undefined;
  /** The methods to put a breaker before. @default those that answer a promise when they are first called */
  methods?: readonly (AsyncMethodOf<Client> & string)[] | undefined;
  /** Where named breakers are kept. @default defaultRegistry */
  registry?: CircuitBreakerRegistry | undefined;
}

const SUBJECT = { breaker: '', action: 'protect a client' };

const breakerCheck: Check = (value) =>
  typeof (value as Partial<CircuitBreaker> | null)?.call === 'function' ? undefined : 'a circuit breaker';

const RULES: Rules & Record<keyof ProtectOptions<object>, Check> = {
  breaker: breakerCheck,
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
  const given: ProtectOptions<Client> = guardRead(SUBJECT, 'options', () => {
    verify(SUBJECT, 'options', options, (it) =>
      breakerCheck(it) === undefined ? 'an object with the breaker in it' : undefined,
    );
    return readOptions(options, RULES, SUBJECT);
  });
  if (protectedClients.has(client)) return client;
  refuseFixedMethods(client);

  const methods = given.methods as readonly string[] | undefined;
  verifyMethods(client, methods);
  const call = createCaller(client, given);
  const stands = new Map<PropertyKey, { readonly fn: AnyMethod; readonly standIn: AnyMethod }>();

  const proxy = new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || property === 'constructor' || isClass(value)) return value;
      const known = stands.get(property);
      if (known?.fn === value) return known.standIn;
      const fn = value as AnyMethod;
      const isPassive =
        typeof property === 'symbol' || isImitation(fn) || methods?.includes(property) === false;
      const standIn = new Proxy(fn, { apply: isPassive ? invoke : guard(String(property)) });
      stands.set(property, { fn, standIn });
      return standIn;
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  });

  /** Who gets the client from one of its methods, at once or later, means the proxy. */
  const shown = (answer: unknown): unknown => (answer === client ? proxy : answer);

  /** Methods run on the client itself, whose private state knows no proxy. */
  const invoke = (fn: AnyMethod, self: unknown, args: unknown[]): unknown =>
    shown(fn.apply(self === proxy ? client : self, args));

  const guard = (method: string) => {
    let isAsync = methods !== undefined;
    return (fn: AnyMethod, self: unknown, args: unknown[]): unknown => {
      if (isAsync) return call(method, args, async () => shown(await invoke(fn, self, args)));
      const answer = invoke(fn, self, args);
      if (!(answer instanceof Promise)) return answer;
      isAsync = true;
      answer.catch(() => {}); // it reaches the caller through the breaker, or is rejected in its place
      return call(method, args, async () => shown(await answer));
    };
  };

  protectedClients.add(proxy);
  return proxy;
}

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

/** How a call of a method is made through its breaker. */
function createCaller<Client extends object>(client: Client, options: ProtectOptions<Client>) {
  const { breaker, key, registry = defaultRegistry, name = classNameOf(client) } = options;
  if (breaker === undefined && name === undefined) {
    refuse(SUBJECT, 'name', '`name` must be given for an object that has no class of its own');
  }
  return (method: string, args: readonly unknown[], task: () => unknown): Promise<unknown> => {
    try {
      const keyed = key === undefined ? name : `${name}.${keyOf(key, [method, args])}`;
      return (breaker ?? registry.getOrCreate(keyed as string)).call(task);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function classNameOf(client: object): string | undefined {
  const { name } = client.constructor ?? {};
  return client.constructor === Object || client.constructor === Function ? undefined : name || undefined;
}

/** Methods that are named must be there, lest a misspelt one pass by the breaker unseen. */
function verifyMethods(client: object, methods: readonly string[] | undefined): void {
  for (const method of methods ?? []) {
    verify(SUBJECT, 'methods', method, () =>
      typeof (client as Record<string, unknown>)[method] === 'function'
        ? undefined
        : 'names of methods of the client',
    );
  }
}

/** A proxy must answer what cannot be changed as it is, so that such a method would pass by the breaker unseen. */
function refuseFixedMethods(client: object): void {
  for (const [key, { value, writable, configurable }] of Object.entries(
    Object.getOwnPropertyDescriptors(client),
  )) {
    if (typeof value !== 'function' || writable || configurable) continue;
    throw new TypeError(`protect cannot put a breaker before ${quote(key)}: the object is frozen`);
  }
}
