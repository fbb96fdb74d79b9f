/**
 * What there is once in a process, whatever copies of the package there are: ES module and CommonJS, or two bundles.
 * The number is the version of its shape: copies that could not use each other's do not find it.
 */
export function processWide<T>(name: string, version: number, make: () => T): T {
  const key = Symbol.for(`recloser.${name}.${version}`);
  const shared = globalThis as { [key]?: T };
  if (!(key in shared)) {
    const value = make();
    // Where the global object is frozen, each copy has its own.
    Reflect.defineProperty(shared, key, { value, configurable: true });
    return value;
  }
  return shared[key] as T;
}
