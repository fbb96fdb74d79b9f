import type { CircuitState, CircuitTotals } from '../index.js';
import type { Explanation } from './explanation.js';
import type { FailureRecord, TransitionRecord } from './records.js';
import type { Percentiles } from './response-times.js';
import type { Savings } from './savings.js';

/** How one breaker is. */
export interface BreakerReport extends Explanation {
  readonly totals: CircuitTotals;
  /** `null` without a history, or where no call has settled lately. */
  readonly percentiles: Percentiles | null;
  /** What its calls cost and what it saved; only where the report was told what a call costs. */
  readonly cost?: Savings;
}

/** A breaker that cannot be read, say because its clock throws. */
export interface UnreadableBreaker {
  readonly breaker: string;
  /** What was thrown, in words. */
  readonly message: string;
}

/** How all breakers are, as plain, JSON-safe data. Durations are milliseconds. */
export interface Report {
  /** When it was made, in wall-clock milliseconds since 1970. */
  readonly time: number;
  /** Breakers in all, those too that cannot be read. */
  readonly total: number;
  readonly closed: number;
  readonly open: number;
  readonly halfOpen: number;
  /** The mean of the breakers' health, from 0 to 1; 1 if there are none. */
  readonly health: number;
  /** The worst first: by state, then by health, then by share of failures, then by name. */
  readonly breakers: readonly BreakerReport[];
  /** The last 20 failures, the newest first; empty without a history. */
  readonly failures: readonly FailureRecord[];
  /** The last 20 changes of state, the newest first; empty without a history. */
  readonly transitions: readonly TransitionRecord[];
  /** What all calls cost and what was saved; only where the report was told what a call costs. */
  readonly cost?: Savings;
  /** Breakers that cannot be read; only where there are some. */
  readonly unreadable?: readonly UnreadableBreaker[];
}

/** In which order states are reported. */
export const BADNESS: { readonly [state in CircuitState]: number } = { OPEN: 0, HALF_OPEN: 1, CLOSED: 2 };
