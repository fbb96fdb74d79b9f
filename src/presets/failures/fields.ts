/**
 * Reading foreign errors. Whatever it is given (primitives, proxies, getters that throw), it answers and never throws.
 */

/** The member of anything, `undefined` if there is none or it cannot be read. */
export function read(value: unknown, key: PropertyKey): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** The member of a member of anything. */
export function readPath(value: unknown, path: readonly string[]): unknown {
  return path.reduce(read, value);
}

/** The member, if it is a string. */
export function readText(value: unknown, key: string): string | undefined {
  const text = read(value, key);
  return typeof text === 'string' ? text : undefined;
}

/** The member, if it is a number. */
export function readNumber(value: unknown, key: string): number | undefined {
  const number = read(value, key);
  return typeof number === 'number' ? number : undefined;
}

/** The first items of the member, if it is a list, and else none. */
export function readList(value: unknown, key: string, limit = 32): unknown[] {
  try {
    const list = read(value, key);
    return Array.isArray(list) ? list.slice(0, limit) : [];
  } catch {
    return [];
  }
}

/** The name of an error: its own, or that of its class where the client leaves `name` at `Error`. */
export function nameOf(error: unknown): string | undefined {
  const name = readText(error, 'name');
  return name === undefined || name === 'Error' ? readText(read(error, 'constructor'), 'name') : name;
}
