/** What stands before a client whose methods get faults. */

import { quote } from '../core/quote.js';

// biome-ignore lint/suspicious/noExplicitAny: any function
export type AnyFunction = (...args: any[]) => any;

/** Calls a function, perhaps with a fault. */
export type Perform = (fn: AnyFunction, self: unknown, args: unknown[]) => unknown;

/** Methods that are synchronous in every client that has them. */
const SYNCHRONOUS =
  /^(on|once|off|emit|(add|remove|prepend)(Once|All)?(Event)?Listeners?|dispatchEvent|listeners|listenerCount|rawListeners|eventNames|[gs]etMaxListeners|constructor)$/;

/**
 * The client, whose methods are called by others; what is not a method is its own.
 *
 * @param methods the names of those that are hit; `undefined` for all but those that are synchronous in every client
 * @param performOf what calls a method that is hit
 * @throws TypeError for a method that is hit and cannot be another
 */
export function standBefore<Client extends object>(
  client: Client,
  methods: readonly string[] | undefined,
  performOf: (method: string) => Perform,
): Client {
  const stands = new Map<string, { readonly value: unknown; readonly standIn: unknown }>();
  const isHit = (method: string) =>
    methods?.includes(method) ?? (!SYNCHRONOUS.test(method) && !(method in Object.prototype));
  // Methods run on the client itself, whose private state knows no proxy.
  const standInFor = (method: string, value: AnyFunction) => {
    if (method === 'constructor') return value;
    const perform = isHit(method) ? performOf(method) : Reflect.apply;
    return new Proxy(value, {
      apply: (fn, self, args) => perform(fn, self === proxy ? client : self, args),
    });
  };
  for (const [method, { value }] of Object.entries(Object.getOwnPropertyDescriptors(client)))
    if (typeof value === 'function' && isHit(method) && isFixed(client, method))
      throw new TypeError(`Chaos cannot hit the method ${quote(method)}: the object is frozen`);
  // Who only inherits from what stands before the client has members of its own.
  const ownerOf = (self: unknown) => (self === proxy ? client : self);
  const proxy: Client = new Proxy(client, {
    get(target, property, self) {
      const value: unknown = Reflect.get(target, property, ownerOf(self));
      if (typeof value !== 'function' || typeof property === 'symbol' || isFixed(target, property))
        return value;
      const known = stands.get(property);
      if (known?.value === value) return known.standIn;
      const standIn = standInFor(property, value as AnyFunction);
      stands.set(property, { value, standIn });
      return standIn;
    },
    set: (target, property, value, self) => Reflect.set(target, property, value, ownerOf(self)),
  });
  return proxy;
}

/** A proxy must answer what cannot be changed as it is. */
function isFixed(client: object, property: PropertyKey): boolean {
  const own = Reflect.getOwnPropertyDescriptor(client, property);
  return own !== undefined && !own.configurable && !own.writable && own.get === undefined;
}
