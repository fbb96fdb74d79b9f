/**
 * Where a breaker reads the time. Hand in your own to test without sleeping.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, type Clock } from 'recloser';
 *
 * let now = 0;
 * const clock: Clock = { now: () => now };
 * const breaker = new CircuitBreaker({ clock, recoveryTimeout: 1_000 });
 *
 * breaker.trip();
 * now += 1_000;
 * console.log(breaker.metrics.retryAfter); // → 0
 * ```
 */
export interface Clock {
  /** Monotonic milliseconds, from any origin. It may stand still; it never goes back. */
  now(): number;
  /**
   * Wall-clock milliseconds since 1970, read by snapshots alone.
   *
   * @default Date.now
   */
  epoch?(): number;
}

/** The clock of the platform: `performance.now()`, which no change of the wall clock moves. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  epoch: () => Date.now(),
});
