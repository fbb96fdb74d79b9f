/**
 * The usual call, whose first attempt needs nothing but its breaker and a place that is free: one promise, and no object
 * but its context. What comes after a failure is a `Call`'s, and so is one that has to wait for its place.
 */
import { run } from '../core/promises.js';
import { endedBy } from './attempt.js';
import { type AttemptTask, LazyAttemptContext } from './attempt-context.js';
import type { Bulkhead } from './bulkhead.js';
import { Call } from './call.js';
import { type Step, unwrap } from './call-end.js';
import type { Host } from './host.js';
import type { Settings } from './options.js';

/** @param settings say nothing but retries */
export function callPlainly<T>(host: Host, task: AttemptTask<T>, settings: Settings): Promise<T> {
  host.payOwed();
  const { tally, owed, owedPermits, owedPlaces } = host;
  const { bulkhead } = host.shared;
  const startedAt = host.clock.now();
  if (bulkhead !== undefined && !bulkhead.tryEnter())
    return new Call<T>(host, task, settings, undefined, startedAt).start();
  const { maxAttempts, retryOn } = settings.retry;
  let permit: unknown;
  let pending: Promise<T>;
  tally.calls++;
  tally.running++;
  try {
    permit = host.admit(startedAt);
    if (permit instanceof Error) return refused(host, task, settings, startedAt, bulkhead, permit);
    tally.attempts++;
    pending = run(
      task as (context: unknown) => T,
      new LazyAttemptContext(host, 1, false, Number.POSITIVE_INFINITY),
    );
    const succeeded = (value: T) => {
      tally.running--;
      bulkhead?.leave();
      host.isFailing = false;
      const kind = host.settle(permit, startedAt, false, value);
      if (kind !== 'success' || retryOn !== undefined) {
        const call = new Call<T>(host, task, settings, undefined, startedAt);
        return unwrap(call.resume(endedBy(false, value, kind)));
      }
      host.shared.retryBudget?.deposit();
      return value;
    };
    // An error that a handler throws on costs more than one that it looks at from the side.
    const isOne = maxAttempts === 1 && retryOn === undefined;
    if (!isOne || !host.isFailing) {
      return pending.then(succeeded, (error) =>
        unwrap(failed(host, task, settings, startedAt, bulkhead, permit, error)),
      );
    }
    pending.then(succeeded, (error) => {
      failed(host, task, settings, startedAt, bulkhead, permit, error);
    });
  } catch (error) {
    // Without a call: the stack is full.
    tally.running--;
    owedPermits[owedPermits.length] = permit;
    owedPlaces[owedPlaces.length] = bulkhead;
    owed[owed.length] = host;
    throw error;
  }
  try {
    return pending.then();
  } catch {
    return pending; // the stack is full, and the call is settled from the side
  }
}

/** What comes of a call whose attempt has failed. */
function failed<T>(
  host: Host,
  task: AttemptTask<T>,
  settings: Settings,
  startedAt: number,
  bulkhead: Bulkhead | undefined,
  permit: unknown,
  error: unknown,
): Step<T> {
  host.tally.running--;
  bulkhead?.leave();
  host.isFailing = true;
  const kind = host.settle(permit, startedAt, true, error);
  return new Call<T>(host, task, settings, undefined, startedAt).resume(endedBy(true, error, kind));
}

/** What comes of a call that the breaker has rejected. */
function refused<T>(
  host: Host,
  task: AttemptTask<T>,
  settings: Settings,
  startedAt: number,
  bulkhead: Bulkhead | undefined,
  error: Error,
): Promise<T> {
  const answer = new Call<T>(host, task, settings, undefined, startedAt).refused(error);
  bulkhead?.leave();
  host.tally.running--;
  return answer;
}
