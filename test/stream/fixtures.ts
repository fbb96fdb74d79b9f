import type { CircuitBreaker } from 'recloser';

/** Calls in flight, successes, failures, ignored ones. */
export function totalsOf({ metrics }: CircuitBreaker): number[] {
  const { successes, failures, ignored } = metrics.totals;
  return [metrics.inFlight, successes, failures, ignored];
}

/** What a promise rejects with. */
export const caught = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => 'no error',
    (error: unknown) => error,
  );
