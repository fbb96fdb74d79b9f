import type { CallContext } from './call-context.js';
import type { CallOptions, Fallback, FallbackOn } from './options.js';
import { isGranted } from './report.js';

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

/** Gives an error a cause if it has none and is not in the cause's own chain: chains must end. */
function addCause(error: unknown, cause: unknown): void {
  if (!(error instanceof Error) || error.cause !== undefined) return;
  const chain = new Set<unknown>();
  for (let link = cause; link instanceof Error && !chain.has(link); link = link.cause) chain.add(link);
  if (!chain.has(error))
    Reflect.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
