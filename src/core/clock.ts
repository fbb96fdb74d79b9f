/**
 * Where a breaker reads the time, and has itself woken. Hand in your own to test without sleeping.
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
  /**
   * Runs something once, after `ms` milliseconds; what it answers is handed to `clearTimeout`. Both are there or neither;
   * they are called as methods. Every wait of the package goes by them.
   *
   * @default globalThis.setTimeout, looked up when it is used
   */
  setTimeout?(run: () => void, ms: number): unknown;
  /** Takes a timer back that `setTimeout` has set. @default globalThis.clearTimeout */
  clearTimeout?(timer: unknown): void;
  /**
   * A number from 0 to less than 1, for all that the package leaves to chance.
   *
   * @default Math.random
   */
  random?(): number;
}

/** A roll of the clock's dice, from 0 to less than 1. */
export function roll(clock: Clock): number {
  return clock.random === undefined ? Math.random() : clock.random();
}

/** The clock of the platform: `performance.now()`, which no change of the wall clock moves. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  epoch: () => Date.now(),
});
