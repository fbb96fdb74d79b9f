/**
 * Functions that take a callback: a breaker cannot see how their calls end. One that is given a function last and
 * answers no promise is taken for such a one, and its call is refused.
 */
import { quote } from './quote.js';
import { isThenable } from './thenable.js';
import { callable } from './validate.js';

/** A class is handed over to be looked up or made, as that of an entity or of a service, and not to be called back. */
export const mayTakeCallback = (args: readonly unknown[]): boolean =>
  args.length > 0 && callable(args[args.length - 1]) === undefined; // to read at -1 is slow

/** @param name as somebody has set it, who may have set it to anything */
export const callbackError = (kind: 'function' | 'method', name: unknown) =>
  new TypeError(
    `${typeof name === 'string' && name !== '' ? `The ${kind} ${quote(name)}` : `A ${kind}`} takes a callback and ` +
      'answers no promise: guard what `promisify` of node:util makes of it',
  );

/**
 * A task that may turn out to be one of a function that takes a callback, with what its call is made with: then the call
 * rejects, and counts as nothing; under a signal of the caller it counts as a failure.
 */
export function watchForCallback<R, Options extends { readonly signal?: unknown }>(
  { name }: { readonly name: unknown },
  task: () => R,
  options: Options | undefined,
): [task: () => R, options: Options] {
  const controller = new AbortController();
  const watched = () => {
    const answer = task();
    if (isThenable(answer)) return answer;
    const error = callbackError('function', name);
    controller.abort(error);
    throw error;
  };
  return [watched, { signal: controller.signal, ...(options as Options) }];
}
