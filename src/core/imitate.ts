/**
 * Wrappers that look like what they wrap: everything that hangs on the function (its name, its length, members of its
 * own, its ancestors, the metadata of decorators) is found on the wrapper too. And they are known for it, so that
 * nothing is guarded twice.
 */
import { processWide } from './process-wide.js';

// biome-ignore lint/suspicious/noExplicitAny: any function at all
type AnyFunction = (...args: any[]) => unknown;

/** One for all copies of the package: a function that has the breaker of one copy needs none of another. */
const imitations = () => processWide('imitations', 1, () => new WeakSet<object>());

/** The form of a function that `promisify` of node:util takes in its place. */
export const CUSTOM = Symbol.for('nodejs.util.promisify.custom');

/** What belongs to the wrapper itself, or to every function of old times. */
const OWN: readonly PropertyKey[] = ['prototype', 'arguments', 'caller', CUSTOM];

/** No client has a member of this name, unless it answers to any. */
const NO_MEMBER = 'no member of recloser';

/**
 * Makes a function with a breaker look like the one that it wraps.
 *
 * @param again puts the breaker before another form of the function too; without it there is no other
 */
export function imitate<Wrapper extends AnyFunction>(
  fn: AnyFunction,
  wrapper: Wrapper,
  again?: (form: AnyFunction) => unknown,
): Wrapper {
  const isAny = read(fn, NO_MEMBER) !== undefined;
  const custom: unknown = !isAny && read(fn, CUSTOM);
  if (typeof custom === 'function') {
    const value = custom === fn ? wrapper : again?.(custom as AnyFunction); // what `promisify` makes is its own form
    Object.defineProperty(wrapper, CUSTOM, { value, configurable: true });
  }
  for (const key of Reflect.ownKeys(fn)) {
    const descriptor = OWN.includes(key) ? undefined : Reflect.getOwnPropertyDescriptor(fn, key);
    if (descriptor !== undefined) Object.defineProperty(wrapper, key, mirror(fn, key, descriptor));
  }
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(fn));
  copyMetadata(fn, wrapper);
  const imitation = isAny ? answering(fn, wrapper) : wrapper;
  markImitation(imitation);
  return imitation;
}

/** From now on a function is known to have a breaker. */
export function markImitation(fn: object): void {
  imitations().add(fn);
}

/** Whether a function has a breaker already. */
export function isImitation(fn: object): boolean {
  return imitations().has(fn);
}

/** The descriptor of a member that there is: it says whether that can be counted. */
type Existing = PropertyDescriptor & { enumerable: boolean };

/** A member as it is now and will be: what can change is read from the function, and written to it. */
function mirror(fn: AnyFunction, key: PropertyKey, descriptor: PropertyDescriptor): PropertyDescriptor {
  const { enumerable, writable, get, set, value } = descriptor as Existing;
  if ((!writable && !get && !set) || ((key === 'name' || key === 'length') && value !== undefined)) {
    return { value, enumerable, configurable: true };
  }
  const isReadable = writable || get !== undefined;
  const isWritable = writable || set !== undefined;
  return {
    enumerable,
    configurable: true,
    ...(isReadable && { get: () => Reflect.get(fn, key) }),
    ...(isWritable && { set: (value: unknown) => void Reflect.set(fn, key, value) }),
  };
}

/** A member, as far as it can be read: a proxy may throw at whoever looks. */
function read(fn: AnyFunction, key: PropertyKey): unknown {
  try {
    return Reflect.get(fn, key);
  } catch {} // as good as none
  return undefined;
}

/** A client made of proxies answers to any member, and goes on doing so. */
function answering<Wrapper extends AnyFunction>(fn: AnyFunction, wrapper: Wrapper): Wrapper {
  return new Proxy(wrapper, {
    get: (target, key) => Reflect.get(Reflect.has(target, key) || key === CUSTOM ? target : fn, key),
  });
}

/** What `reflect-metadata` knows of a function, where it is there: routes, roles, guards of decorators below ours. */
function copyMetadata(from: object, to: object): void {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as Partial<Metadata>;
  for (const key of getOwnMetadataKeys?.(from) ?? []) defineMetadata?.(key, getOwnMetadata?.(key, from), to);
}

interface Metadata {
  getOwnMetadataKeys(target: object): unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}
