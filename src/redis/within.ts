import { startTimer, stopTimer } from '../core/timers.js';
import type { Clock } from '../index.js';

/** What a promise resolves to, or `undefined` after so many milliseconds. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = startTimer(clock, () => resolve(undefined), ms);
    promise.then(resolve, reject).finally(() => stopTimer(clock, timer));
  });
}
