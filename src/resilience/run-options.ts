import { type CallerSignal, reasonOf } from '../core/following.js';
import { describe, guardRead, type Rules, readOptions } from '../core/validate.js';

/** What can be said for one task of a bulkhead or a rate limit. */
export interface RunOptions {
  /** Ends the wait when it aborts; a task that runs has to follow it by itself. */
  signal?: AbortSignal | undefined;
}

export const signalCheck = (value: unknown): string | undefined => {
  const { aborted, addEventListener } = (value ?? {}) as Partial<CallerSignal>;
  const isSignal = typeof aborted === 'boolean' && typeof addEventListener === 'function';
  return isSignal ? undefined : 'an AbortSignal';
};

const RULES: Rules = { signal: signalCheck };

/**
 * The signal to wait with.
 *
 * @throws TypeError for a task that is no function, InvalidOptionsError for bad options, the reason of a signal that has aborted
 */
export function readRun(
  task: unknown,
  options: RunOptions | undefined,
  what: string,
): AbortSignal | undefined {
  if (typeof task !== 'function')
    throw new TypeError(`A ${what} needs a function to run, received ${describe(task)}`);
  if (options === undefined) return undefined;
  const subject = { breaker: '', action: `run through ${what}` };
  const { signal }: RunOptions = guardRead(subject, 'options', () => readOptions(options, RULES, subject));
  if (signal?.aborted) throw reasonOf(signal);
  return signal;
}
