import type { CallContext } from './call-context.js';
import type { CallOptions, Fallback, FallbackOn } from './call-options.js';
import { isGranted } from './report.js';
import { isThenable } from './thenable.js';

/** The options, of a call or of a breaker, that say how errors are answered. */
export type FallbackOptions<T> = Pick<CallOptions<T>, 'fallback' | 'fallbackOn'>;

/** The fallback that is to answer this error: what is said for the call goes before what is said for the breaker. */
export function fallbackFor<T>(
  error: unknown,
  rejected: boolean,
  ofCall: FallbackOptions<T> | undefined,
  ofBreaker: FallbackOptions<unknown>,
): Fallback<T> | undefined {
  const fallback = ofCall?.fallback ?? (ofBreaker.fallback as Fallback<T> | undefined);
  if (fallback === undefined) return undefined;
  const on = ofCall?.fallbackOn ?? ofBreaker.fallbackOn;
  return answers(on, error, rejected) ? fallback : undefined;
}

function answers(on: FallbackOn | undefined, error: unknown, rejected: boolean): boolean {
  if (typeof on === 'function') return isGranted('fallbackOn', () => on(error));
  return on === 'any' || on === (rejected ? 'rejection' : 'failure');
}

/**
 * Runs a fallback, once. An error of its own gets the error that it was to answer as its cause.
 *
 * @throws what the fallback throws; what it answers later rejects likewise
 */
export function answer<T>(fallback: Fallback<T>, error: unknown, context: CallContext): T | PromiseLike<T> {
  const fail = (problem: unknown): never => {
    addCause(problem, error);
    throw problem;
  };
  try {
    const result = fallback(error, context);
    return isThenable(result) ? Promise.resolve(result).then(undefined, fail) : result;
  } catch (problem) {
    return fail(problem);
  }
}

/** Links of a chain of causes that are looked at: a foreign one may have no end. */
const MOST_LINKS = 32;

/** Gives an error a cause if it has none and is not in the cause's own chain: chains must end. */
function addCause(error: unknown, cause: unknown): void {
  try {
    if (!isError(error) || error.cause !== undefined) return;
    let link = cause;
    for (let links = 0; isError(link) && link !== error; link = link.cause) {
      if (++links === MOST_LINKS) return;
    }
    if (link !== error)
      Reflect.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  } catch {} // members of foreign errors may throw
}

/** An error of any realm: one of another is an instance of another class. */
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}
