/** Values that no program should hand in, and objects that are made of them. */
import fc from 'fast-check';

export const boom = () => {
  throw new Error('hostile');
};
const hostileProxy = () =>
  new Proxy(
    {},
    { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom, getPrototypeOf: boom },
  );
const revoked = (target: object) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const cyclic = () => {
  const object: { self?: unknown } = {};
  object.self = object;
  return object;
};

/** By name, so that a counterexample can be printed, and made anew for each use. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => Number.NEGATIVE_INFINITY,
  '-0': () => -0,
  '-1': () => -1,
  '0.5': () => 0.5,
  '1': () => 1,
  '50': () => 50,
  '2^53': () => 2 ** 53,
  '1e308': () => 1e308,
  bigint: () => 10n ** 400n,
  symbol: () => Symbol('hostile'),
  null: () => null,
  undefined: () => undefined,
  true: () => true,
  false: () => false,
  'empty string': () => '',
  'long string': () => 'x'.repeat(100_000),
  'name of the prototype': () => '__proto__',
  'line breaks': () => 'a\n\u2028\u0000b',
  'lone surrogate': () => '\ud800',
  'empty list': () => [],
  'list with a hole': () => new Array(3),
  'long list': () => new Array(100_000).fill(0),
  'list of functions': () => [() => true, Error],
  object: () => ({}),
  'object without a prototype': () => Object.create(null),
  'object with an own __proto__': () => JSON.parse('{ "__proto__": { "polluted": true } }'),
  'cyclic object': cyclic,
  'deep object': () => JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`),
  'object that cannot be told': () => ({ toString: boom, toJSON: boom, [Symbol.toPrimitive]: boom }),
  'object whose getters throw': () => Object.defineProperty({}, 'type', { enumerable: true, get: boom }),
  'count window': () => ({ type: 'count', size: 3 }),
  'time window': () => ({ type: 'time', duration: 1e-320, buckets: 10_000 }),
  'proxy that throws': hostileProxy,
  'revoked proxy': () => revoked({}),
  'revoked list': () => revoked([]),
  'revoked function': () => revoked(() => {}),
  date: () => new Date(Number.NaN),
  map: () => new Map([[1, 2]]),
  'function that throws': () => boom,
  'function that answers nonsense': () => () => Symbol('nonsense'),
  class: () => class {},
  'clock of NaN': () => ({ now: () => Number.NaN }),
  'signal that throws': () => ({ addEventListener: boom, removeEventListener: boom }),
  'signal that is none': () => ({
    addEventListener() {},
    get aborted() {
      return boom();
    },
  }),
};

/** The name of any of them. */
export const values = fc.constantFrom(...Object.keys(HOSTILE));
export const make = (name: string): unknown => (HOSTILE[name] as () => unknown)();

export const PROTOTYPE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
];
/** Stands for a key of a hundred thousand letters. */
const LONG_KEY = 'a long key';

const keysOf = (known: readonly string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: fc.constantFrom(...PROTOTYPE_KEYS, LONG_KEY) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  );

/** An object with hostile members among others; a key `__proto__` becomes a member like any other. */
export function assemble(names: Readonly<Record<string, string>>, others: object = {}): object {
  const object = { ...others };
  for (const [key, name] of Object.entries(names)) {
    Object.defineProperty(object, key === LONG_KEY ? 'x'.repeat(100_000) : key, {
      value: make(name),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

/**
 * Options by the names of their values. Two of three are such as are accepted by themselves: with any value for any
 * option, hardly a record would be.
 */
export function recordsOf(
  create: (options: object) => unknown,
  known: readonly string[],
): fc.Arbitrary<Record<string, string>> {
  const isAccepted = (key: string) => (name: string) => {
    try {
      create(assemble({ [key]: name }));
      return true;
    } catch {
      return false;
    }
  };
  const accepted = known.flatMap((key) =>
    Object.keys(HOSTILE)
      .filter(isAccepted(key))
      .map((name) => [key, name] as [string, string]),
  );
  const member = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...accepted) },
    { weight: 1, arbitrary: fc.tuple(keysOf(known), values) },
  );
  return fc.array(member, { maxLength: 4 }).map((members) => Object.fromEntries(members));
}

/** Puts hostile values in place of members, at any depth. */
export function damage(
  snapshot: object,
  changes: readonly (readonly [place: number, value: string])[],
): object {
  const copy = structuredClone(snapshot);
  for (const [place, value] of changes) {
    const places = placesOf(copy, new Set());
    const [holder, key] = places[place % places.length] as [Record<string, unknown>, string];
    Reflect.set(holder, key, make(value));
  }
  return copy;
}

/** Every member of plain data, at any depth. */
function placesOf(value: unknown, seen: Set<unknown>): [object, string][] {
  if (seen.has(value) || seen.size > 50) return [];
  try {
    if (typeof value !== 'object' || value === null || Object.keys(value).length > 50) return [];
    seen.add(value);
    return Object.keys(value).flatMap((key) => {
      const inner = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
      return [[value, key] as [object, string], ...placesOf(inner, seen)];
    });
  } catch {
    return [];
  }
}
