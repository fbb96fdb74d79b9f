/**
 * What a breaker can stand before, and what it refuses with the way out: a mistake here would pass for a failure, or
 * for a success, of the dependency.
 */
import { isAsyncGenerator, isClass } from './is-class.js';
import { quote } from './quote.js';
import { isThenable } from './thenable.js';
import { describe } from './validate.js';

/** What was given in place of a function that can be guarded, in words; nothing for one that can. */
export function unguardable(fn: unknown): string | undefined {
  if (typeof fn !== 'function') return describe(fn);
  if (isAsyncGenerator(fn))
    return 'an async generator function: `guardStream.wrap` of recloser/stream counts it to its end';
  return isClass(fn) ? 'a class: wrap its methods, or `protect` an instance of it' : undefined;
}

/** @throws TypeError for anything but a function that can be guarded */
export function verifyCallee(fn: unknown, breaker: string): void {
  const received = unguardable(fn);
  if (received !== undefined) throw notCallable(breaker, received);
}

/** What a call is told that was given no task. A promise is on its way already, whatever the breaker says. */
export function taskError(task: unknown, breaker: string): TypeError {
  return notCallable(breaker, isThenable(task) ? 'a promise: pass `() => …`' : describe(task));
}

const notCallable = (breaker: string, received: string) =>
  new TypeError(`Circuit breaker ${quote(breaker)} needs a function to call, received ${received}`);

/** What `callSync` throws where its task answered a promise, whose rejection would count as a success. */
export const promiseError = (breaker: string) =>
  new TypeError(
    `A synchronous call through circuit breaker ${quote(breaker)} was answered by a promise: use \`call\``,
  );

/** Whether a method was called without its object. */
export const isNobody = (self: unknown): boolean => self === undefined;

/** What a method says that was taken off its breaker: `const { call } = breaker`. */
export const takenOff = (method: string) =>
  new TypeError(
    `\`${method}\` was called without its circuit breaker: use \`breaker.${method}(…)\`, or hand on what \`breaker.wrap(…)\` answers`,
  );
