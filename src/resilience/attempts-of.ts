/** Why there was no further attempt. */
export type Stopped =
  | 'attempts'
  | 'not-retryable'
  | 'budget'
  | 'open'
  | 'deadline'
  | 'retry-after'
  | 'rejected'
  | 'aborted';

/** What a call went through that ended with an error. */
export interface Attempts {
  /** Runs of the task, hedges included. */
  readonly attempts: number;
  /** Why there was no further one. */
  readonly stopped: Stopped;
  /** Milliseconds that the call took. */
  readonly elapsed: number;
  /** Milliseconds that the server asked to wait, or until the breaker may probe, where that is known. */
  readonly retryAfter?: number | undefined;
}

const known = /* @__PURE__ */ new WeakMap<object, Attempts>();

export function remember(error: unknown, attempts: Attempts): void {
  if ((typeof error === 'object' && error !== null) || typeof error === 'function')
    known.set(error, Object.freeze(attempts));
}

/**
 * What a call went through that ended with this error. It is held weakly, and nothing is written to the error.
 *
 * @returns `undefined` for anything that no call of a `Resilience` has ended with
 *
 * @example
 * ```ts
 * import { attemptsOf, Resilience } from 'recloser/resilience';
 *
 * const users = new Resilience({ name: 'users', retry: { maxAttempts: 2, backoff: 0 } });
 * const error = await users.call(() => Promise.reject(new Error('down'))).catch((it) => it);
 * console.log(attemptsOf(error)?.attempts, attemptsOf(error)?.stopped); // → 2 attempts
 * ```
 */
export function attemptsOf(error: unknown): Attempts | undefined {
  return known.get(error as object);
}
