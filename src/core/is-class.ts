/**
 * Whether a function is a class: of any realm, built in or compiled to ES5. A native one has a `prototype` that cannot
 * be written, as have those of compilers that imitate it; of the others the source tells, or members of the prototype.
 */
export function isClass(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  if (isEvidentClass(value)) return true;
  const { value: prototype, writable } = Reflect.getOwnPropertyDescriptor(value, 'prototype') ?? {};
  return writable === false || (hasMembers(prototype) && !tagOf(value).endsWith('GeneratorFunction'));
}

/**
 * Whether a function is a class that nobody means to call: of the language, or one of errors, of any realm and age. A
 * method may be named `class`, and has no prototype; `String` and the like are functions as well.
 */
// biome-ignore lint/complexity/noBannedTypes: any function at all
export function isEvidentClass(value: Function): boolean {
  try {
    const { prototype } = value;
    if (typeof prototype !== 'object') return false; // no class: its source need not be read
    return /^class\b/.test(sourceOf(value)) || 'message' in prototype;
  } catch {
    return false; // a proxy need not tell, and what is null has no members
  }
}

/** Whether a function is an asynchronous generator, of any realm, native or compiled, as far as its source tells. */
export function isAsyncGenerator(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  const isCompiled = /^[^{]*\{\s*return (?:\w+\.)?__asyncGenerator\(this\b/.test(sourceOf(value));
  return isCompiled || tagOf(value) === 'AsyncGeneratorFunction';
}

/** The source of a function; of one that is native, bound or a proxy it tells nothing. */
// biome-ignore lint/complexity/noBannedTypes: any function at all
export function sourceOf(fn: Function): string {
  return Function.prototype.toString.call(fn);
}

/** What kind of object the language takes something for, such as `AsyncFunction`; empty for a proxy that does not tell. */
export function tagOf(value: object): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return '';
  }
}

/** Whether a prototype is more than what every function declaration is given: it has members, or ancestors. */
function hasMembers(prototype: unknown): boolean {
  if (typeof prototype !== 'object' || prototype === null) return false;
  const parent: unknown = Object.getPrototypeOf(prototype);
  const isDerived = parent !== null && Object.getPrototypeOf(parent) !== null;
  return isDerived || Reflect.ownKeys(prototype).some((key) => key !== 'constructor');
}
