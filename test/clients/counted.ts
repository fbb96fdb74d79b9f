import { CircuitBreaker, type Outcome } from 'recloser';

type IsFailure = (outcome: Outcome) => boolean | 'ignore';

/** What a call is given, for clients that take it in ways of their own. */
export interface Wishes {
  readonly signal?: AbortSignal;
  /** The client's own timeout, in milliseconds. */
  readonly timeout?: number;
}

export interface Counted {
  /** What the call counted as. */
  readonly as: 'success' | 'failure' | 'ignored';
  /** What the client threw. */
  readonly error?: unknown;
  /** The state of a breaker that trips at the first failure. */
  readonly state: string;
}

/** Makes one call through a breaker with that `isFailure`. */
export async function countedAs(isFailure: IsFailure, task: () => unknown): Promise<Counted> {
  const breaker = new CircuitBreaker({ isFailure, failureThreshold: 1 });
  const result = await breaker.tryCall(async () => task());
  const { successes, failures } = breaker.metrics.totals;
  return {
    as: failures > 0 ? 'failure' : successes > 0 ? 'success' : 'ignored',
    ...(!result.ok && { error: result.error }),
    state: breaker.state,
  };
}

/** What is expected of a call whose error has these members. */
export const failure = (error: object) => ({ as: 'failure', error, state: 'OPEN' });
export const answer = (error: object) => ({ as: 'success', error, state: 'CLOSED' });
export const ignored = (error: object) => ({ as: 'ignored', error, state: 'CLOSED' });

/** The names and codes of the error, its causes, and the errors that it sums up. */
export function signsOf({ error }: Counted): string {
  const found: unknown[] = [];
  for (let it = error as ErrorLike | undefined; it != null && found.length < 20; it = it.cause) {
    found.push(it.name, it.code, ...(it.errors ?? []).map(({ code }) => code));
  }
  return found.join(' ');
}

interface ErrorLike {
  readonly name?: string;
  readonly code?: unknown;
  readonly cause?: ErrorLike;
  readonly errors?: readonly ErrorLike[];
}
