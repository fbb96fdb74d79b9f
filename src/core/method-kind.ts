/**
 * What can be told of a method that has not been called: whether it is asynchronous, and whether it can be. A method is
 * not called to find out where a circuit may forbid it.
 */
import { sourceOf, tagOf } from './is-class.js';
import { isThenable } from './thenable.js';

// biome-ignore lint/complexity/noBannedTypes: any function at all
type AnyFunction = Function;

/** Whether a function is declared `async`, in any realm. */
export function isAsync(fn: AnyFunction): boolean {
  return tagOf(fn) === 'AsyncFunction';
}

/** Making an object is no call, unless it is a promise that is made. */
const MAKES_AN_OBJECT = /\bnew (?!\w*Promise)[\w$.]+\([^()]*\)/g;

/** A source without a call: no parentheses but those of the parameters. */
const WITHOUT_A_CALL = /^[^(`]*(?:\([^()`]*\)[^(`]*)?$/;

/** Whether a function can reach nothing: it calls nothing, as its source tells. That of native functions does not. */
export function callsNothing(fn: AnyFunction): boolean {
  const source = sourceOf(fn);
  return !source.includes('[native code]') && WITHOUT_A_CALL.test(source.replace(MAKES_AN_OBJECT, ''));
}

const BUILT_IN = [Object, Function, Array, Map, Set];

/** Whether this is a method that the language itself gives to objects of some kind. */
export function isBuiltIn(fn: AnyFunction, name: PropertyKey): boolean {
  return BUILT_IN.some((it) => isMemberOf(it.prototype, fn, name));
}

/** Whether this is a method of every function, such as `call`. */
export function isOfFunctions(fn: AnyFunction, name: PropertyKey): boolean {
  return isMemberOf(Function.prototype, fn, name);
}

function isMemberOf(prototype: object, fn: AnyFunction, name: PropertyKey): boolean {
  return Reflect.getOwnPropertyDescriptor(prototype, name)?.value === fn;
}

/** What a promise has. */
const OF_PROMISES: readonly PropertyKey[] = ['constructor', 'then', 'catch', 'finally'];

/**
 * Whether an answer is a promise, of any realm or library, and not a query that can be chained and runs when it is
 * awaited: that one has other methods.
 */
export function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  if (!isThenable(answer)) return false;
  if (isEager(answer)) return true;
  if (typeof (answer as { constructor?: { all?: unknown } }).constructor?.all === 'function') return true;
  const members = namesOf(answer).filter((key) => typeof Reflect.get(answer, key) === 'function');
  return members.every((key) => OF_PROMISES.includes(key));
}

/** Whether an answer is a promise that runs, whoever awaits it: one of the language, of any realm, or in its place. */
export function isEager(answer: unknown): boolean {
  return isThenable(answer) && tagOf(answer) === 'Promise';
}

/** Whether an object has methods of its own or of its class. */
export function hasMethods(value: object): boolean {
  return namesOf(value).some((key) => key !== 'constructor' && isMethod(value, key));
}

function isMethod(value: object, key: PropertyKey): boolean {
  const member: unknown = Reflect.get(value, key);
  return typeof member === 'function' && !isBuiltIn(member, key);
}

/** The names of the members of an object, down to those that every object has. */
export function namesOf(value: object): string[] {
  const names: string[] = [];
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.getPrototypeOf(at) === null && at !== value) break;
    names.push(...Object.getOwnPropertyNames(at));
  }
  return [...new Set(names)];
}
