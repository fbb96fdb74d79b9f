import type { CallContext } from './call-context.js';

/** What stands behind a breaker: it is run with the context of its call. */
export type Task<T> = (context: CallContext) => T | PromiseLike<T>;

/** Whatever the task does (answer, throw, hand out a foreign promise), the promise tells of it. */
export function run<T>(task: Task<T>, context: CallContext): Promise<T> {
  try {
    const promise = Promise.resolve(task(context));
    return promise.then === Promise.prototype.then ? promise : adopt(promise);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** `await` does not look at a `then` that somebody has put onto a promise. */
async function adopt<T>(promise: Promise<T>): Promise<T> {
  return await promise;
}

const SETTLED = Promise.resolve();

/** A promise that is born rejected costs the runtime several times more than one that is rejected a moment later. */
export function rejectSoon(error: unknown): Promise<never> {
  return new Promise((_, reject) => SETTLED.then(() => reject(error)));
}

/**
 * Where the stack is full as a promise is made, the engine makes one that is rejected and that nobody can settle. Whoever
 * was to settle it throws this instead.
 */
export function createFullStackError(): RangeError {
  return new RangeError('Maximum call stack size exceeded');
}
