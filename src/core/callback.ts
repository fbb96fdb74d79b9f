/**
 * Functions that take a callback: a breaker cannot see how their calls end. One that is given a function last and
 * answers no promise is taken for such a one, and its call is refused.
 */
import { type CallerSignal, followingOf, reasonOf } from './following.js';
import { quote } from './quote.js';
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

/**
 * Makes a call whose function may turn out to take a callback: then it rejects, and counts as nothing.
 *
 * @param fn the function, for the message
 */
export function callWithCallback(
  call: (task: () => unknown, options: object) => Promise<unknown>,
  task: () => unknown,
  options: Options | undefined,
  fn: { readonly name: string },
): Promise<unknown> {
  const controller = new AbortController();
  const watched = () => {
    const answer = task();
    if (!isThenable(answer)) controller.abort(callbackError(named(fn)));
    return answer;
  };
  const start = () => call(watched, { ...options, signal: controller.signal });
  const signal = options?.signal;
  if (signal === undefined) return start();
  const following = followingOf(signal);
  const follower = { abandon: (reason: unknown) => controller.abort(reason) };
  try {
    following.addCall(follower);
    if (signal.aborted) follower.abandon(reasonOf(signal));
  } catch (error) {
    follower.abandon(error); // no signal that can be followed
  }
  return start().finally(() => following.removeCall(follower));
}

/** Some have a member in the place of their name. */
function named({ name }: { readonly name: unknown }): string {
  return typeof name === 'string' && name !== '' ? `The function ${quote(name)}` : 'A function';
}
