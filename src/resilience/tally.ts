import type { Stopped } from './attempts-of.js';

/** Totals over the lifetime of a `Resilience`. They only grow. */
export interface ResilienceTotals {
  /** Calls. */
  readonly calls: number;
  /** Runs of tasks: first ones, retries and hedges. */
  readonly attempts: number;
  readonly retries: number;
  /** Calls that a retry saved. */
  readonly recovered: number;
  /** Calls that were not retried, though there was something to retry, by the reason. */
  readonly refused: Readonly<Partial<Record<Stopped, number>>>;
  readonly hedges: number;
  /** Calls that a hedge answered. */
  readonly hedgesWon: number;
  /** Attempts for which the bulkhead had no place. */
  readonly bulkheadRejected: number;
  /** Attempts for which the rate limit had no turn. */
  readonly rateLimited: number;
  /** Calls that `totalTimeout` ended. */
  readonly totalTimeouts: number;
  readonly fallbacks: number;
  /** Waits for a place or a turn. */
  readonly waits: number;
  /** Milliseconds spent in them. */
  readonly waited: number;
}

/** Everything that a {@link Resilience} knows of itself, as a plain object. */
export interface ResilienceMetrics {
  readonly name: string;
  readonly budget: { readonly available: number; readonly capacity: number } | null;
  /** Attempts in flight. */
  readonly running: number;
  /** Who waits: for a place, for a turn, for the next attempt. */
  readonly waiting: { readonly bulkhead: number; readonly rateLimit: number; readonly backoff: number };
  /** Milliseconds for which the rate limit is paused. */
  readonly pausedFor: number;
  readonly totals: ResilienceTotals;
}

type Counts = { -readonly [Name in Exclude<keyof ResilienceTotals, 'refused'>]: number };

/** Counts. */
export class Tally implements Counts {
  calls = 0;
  attempts = 0;
  retries = 0;
  recovered = 0;
  hedges = 0;
  hedgesWon = 0;
  bulkheadRejected = 0;
  rateLimited = 0;
  totalTimeouts = 0;
  fallbacks = 0;
  waits = 0;
  waited = 0;
  /** Attempts that have not ended. */
  running = 0;
  /** Calls that wait for their next attempt. */
  sleeping = 0;
  /** Attempts that wait in the bulkhead's queue, or the rate limit's. */
  queueing = { bulkhead: 0, 'rate-limit': 0 };
  readonly refused: Partial<Record<Stopped, number>> = {};

  refuse(stopped: Stopped): void {
    this.refused[stopped] = (this.refused[stopped] ?? 0) + 1;
  }

  get totals(): ResilienceTotals {
    const { running, sleeping, queueing, refused, ...totals } = this;
    return { ...totals, refused: { ...refused } };
  }
}
