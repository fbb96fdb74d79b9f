/**
 * A client object with a breaker before its asynchronous methods. Which methods those are cannot be seen from
 * outside: unless they are named, a method is taken for what its source or its first answer shows it to be.
 */
import { unguardable } from './callee.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { CircuitState } from './circuit-state.js';
import { createFace, type FacePlan } from './client-face.js';
import { keyOf } from './key-of.js';
import { followPath, pathsIn, prefixesOf } from './method-paths.js';
import { processWide } from './process-wide.js';
import type { AsyncMethodOf, AsyncMethodPath, Protected } from './promised.js';
import { quote } from './quote.js';
import { type CircuitBreakerRegistry, defaultRegistry, registryCheck } from './registry.js';
import {
  byNearness,
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
import { warn } from './warn.js';

/** What `protect` takes: a breaker, or its name. */
export type ProtectOptions<Client, Path extends string = AsyncMethodPath<Client>> = ProtectSettings<Path> &
  ({ name: string } | { breaker: CircuitBreaker });

interface ProtectSettings<Path extends string> {
  /** One breaker for all methods; otherwise they are found in the registry. */
  breaker?: CircuitBreaker | undefined;
  /** The name of the breaker in the registry. */
  name?: string | undefined;
  /**
   * A further part of the name, `name.key`, for each call: return `method` for a breaker for each method. The method is
   * told by its path; of a client that is itself called it is the empty string.
   */
  key?: ((method: string, args: readonly unknown[]) => string) | undefined;
  /** The methods to put a breaker before, those of objects inside the client by their path. @default those that answer promises */
  methods?: readonly Path[] | undefined;
  /** Where named breakers are kept. @default defaultRegistry */
  registry?: CircuitBreakerRegistry | undefined;
}

const SUBJECT = { breaker: '', action: 'protect a client' };

const breakerCheck: Check = (value) =>
  typeof (value as Partial<CircuitBreaker> | null)?.call === 'function' ? undefined : 'a circuit breaker';

const RULES: Rules & Record<keyof ProtectSettings<string>, Check> = {
  breaker: breakerCheck,
  name: string,
  key: callable,
  methods: list,
  registry: registryCheck,
};

/** One for all copies of the package: a client is protected once. */
const protectedClients = () => processWide('protected', 1, () => new WeakSet<object>());

/** What may be used of a client, none of it guarded, before that is told. */
const PATIENCE = 5;

/**
 * The same client with a breaker before its asynchronous methods, and before its own call if it is a function.
 * Everything else (synchronous methods, getters, private state) is as it was; methods that the client calls on itself
 * are not guarded again, nor are methods that have a breaker already.
 *
 * Name the `methods`, those of objects inside the client by their path (`'chat.completions.create'`). Without them a
 * method is guarded if it is declared `async` or answers a promise; while the circuit is not CLOSED, one that has not
 * been called yet is taken for asynchronous, unless its source shows that it calls nothing.
 *
 * @throws TypeError if there is no object, or one whose methods cannot be replaced, or that cannot be guarded
 * @throws InvalidOptionsError for an unknown option or a value out of range, and without a `name` or a `breaker`
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
export function protect<
  Client extends object,
  const Path extends AsyncMethodPath<Client> = AsyncMethodOf<Client> & AsyncMethodPath<Client>,
>(client: Client, options: ProtectOptions<Client, Path>): Protected<Client, Path>;
export function protect(client: object, options: ProtectSettings<string>): object {
  if ((typeof client !== 'object' || client === null) && typeof client !== 'function') {
    throw new TypeError(`protect needs an object with methods, received ${describe(client)}`);
  }
  const given: ProtectSettings<string> = guardRead(SUBJECT, 'options', () => {
    verify(SUBJECT, 'options', options, (it) =>
      breakerCheck(it) === undefined ? 'an object with the breaker in it' : undefined,
    );
    return readOptions(options, RULES, SUBJECT);
  });
  const { methods } = given;
  if (protectedClients().has(client)) return client;
  refuseFixedMethods(client);
  if (methods?.length === 0 && typeof client !== 'function') {
    refuse(SUBJECT, 'methods', '`methods` must be the paths of methods of the client, one at least');
  }
  for (const method of methods ?? []) verifyMethod(client, method);
  verifyBreaker(given);

  const face = createFace(client, createPlan(given));
  protectedClients().add(face);
  return face;
}

function verifyBreaker({ breaker, name, key, registry }: ProtectSettings<string>): void {
  if (breaker === undefined && name === undefined) {
    const why = 'the name of a class is another once it is minified';
    refuse(SUBJECT, 'name', `\`name\` or \`breaker\` must be given: ${why}`);
  }
  if (breaker !== undefined && (key !== undefined || registry !== undefined)) {
    refuse(SUBJECT, 'breaker', '`key` and `registry` are for breakers that are given by name');
  }
}

/** How calls of the methods of a client are made through its breakers. */
function createPlan({
  breaker,
  name,
  key,
  registry = defaultRegistry,
  methods,
}: ProtectSettings<string>): FacePlan {
  const nameOf = (path: string, args: readonly unknown[]): string => {
    const part = key === undefined ? '' : keyOf(key, [path, args]);
    return part === '' ? (name as string) : `${name}.${part}`;
  };
  const paths = methods && new Set(methods);
  let patience = paths === undefined ? PATIENCE : 0;
  return {
    paths,
    prefixes: prefixesOf(methods ?? []),
    get isWatching() {
      return patience > 0;
    },
    call(path, args, task, signal) {
      patience = 0;
      try {
        const found = breaker ?? registry.getOrCreate(nameOf(path, args));
        return signal === undefined ? found.call(task) : found.call(task, { signal });
      } catch (error) {
        return Promise.reject(error);
      }
    },
    passes(path, args) {
      try {
        const found = breaker ?? registry.get(nameOf(path, args));
        if (found === undefined) return true;
        // One of another copy of the package may not say.
        return found.isPassable ?? found.state === CircuitState.CLOSED;
      } catch {} // it is told when the call is made
      return false;
    },
    unguarded(path, isSuspicious) {
      if (patience <= 0) return;
      patience -= isSuspicious ? 2 : 1;
      if (patience <= 0) warn('RECLOSER_UNGUARDED', unguardedMessage(breaker?.name ?? name, path));
    },
  };
}

function unguardedMessage(name: string | undefined, path: string): string {
  return (
    `Nothing of the client of circuit breaker ${quote(`${name}`)} has been guarded so far: no method of its own ` +
    `answered a promise, lastly ${quote(path)}. Name its \`methods\`, those inside by their path, as in "a.b.create"`
  );
}

/** Methods that are named must be there and fit to be guarded, lest one pass by the breaker unseen. */
function verifyMethod(client: object, method: unknown): void {
  const { value, fixed }: Partial<ReturnType<typeof followPath>> =
    typeof method === 'string' ? followPath(client, method) : {};
  if (typeof value !== 'function') {
    const known = typeof method === 'string' ? byNearness(method, pathsIn(client)).slice(0, 3) : [];
    const hint = known.length === 0 ? '' : `; the nearest are ${known.map((it) => quote(it)).join(', ')}`;
    refuse(
      SUBJECT,
      'methods',
      `\`methods\` must be names of methods of the client, or paths to them, received ${describe(method)}${hint}`,
    );
  }
  const received = unguardable(value);
  if (received !== undefined)
    throw new TypeError(`protect cannot put a breaker before ${quote(method as string)}, ${received}`);
  if (fixed !== undefined) throw frozenError(fixed);
}

const frozenError = (key: string) =>
  new TypeError(`protect cannot put a breaker before ${quote(key)}: the object is frozen`);

/** A proxy must answer what cannot be changed as it is, so that such a method would pass by the breaker unseen. */
function refuseFixedMethods(client: object): void {
  for (const [key, { value, writable, configurable }] of Object.entries(
    Object.getOwnPropertyDescriptors(client),
  )) {
    if (typeof value !== 'function' || writable || configurable) continue;
    throw frozenError(key);
  }
}
