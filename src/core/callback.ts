/**
 * Functions that take a callback: a breaker cannot see how their calls end. One that is given a function last and
 * answers no promise is taken for such a one, and its call is refused.
 */
import { type CallerSignal, reasonOf } from './following.js';
import { isThenable } from './thenable.js';

export const mayTakeCallback = (args: readonly unknown[]): boolean =>
  typeof args[args.length - 1] === 'function';

/** @param what the function, in words */
export const callbackError = (what: string) =>
  new TypeError(
    `${what} takes a callback and answers no promise: a breaker cannot see how it ends; guard what \`promisify\` ` +
      'of node:util makes of it',
  );

/** What a call may be made with. */
interface Options {
  readonly signal?: CallerSignal | undefined;
}

/** Makes a call whose function may turn out to take a callback: then it rejects, and counts as nothing. */
export function callWithCallback(
  call: (task: () => unknown, options: object) => Promise<unknown>,
  task: () => unknown,
  options: Options | undefined,
  what: () => string,
): Promise<unknown> {
  const signal = options?.signal;
  const controller = new AbortController();
  const follow = () => controller.abort(reasonOf(signal as CallerSignal));
  if (signal?.aborted) follow();
  else signal?.addEventListener('abort', follow);
  const watched = () => {
    const answer = task();
    if (!isThenable(answer)) controller.abort(callbackError(what()));
    return answer;
  };
  const called = call(watched, { ...options, signal: controller.signal });
  return called.finally(() => signal?.removeEventListener?.('abort', follow));
}
