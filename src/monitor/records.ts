/** What is kept of what has happened, and what is said of it. JSON-safe; durations are milliseconds. */
import type { CircuitState, TransitionReason, WindowMetrics } from '../index.js';
import type { FailureCount } from './breakdown.js';
import type { FailureWords } from './failure-words.js';

/** What is kept of a failure. */
export interface FailureRecord extends FailureWords {
  /** The name of the breaker. */
  readonly breaker: string;
  /** A reading of the breaker's clock. */
  readonly at: number;
  /** Wall-clock milliseconds since 1970. */
  readonly time: number;
  /** Milliseconds from the start of the task; `null` where it was not timed. */
  readonly duration: number | null;
}

/** What is kept of a change of state. */
export interface TransitionRecord {
  /** The name of the breaker. */
  readonly breaker: string;
  /** A reading of the breaker's clock. */
  readonly at: number;
  /** Wall-clock milliseconds since 1970. */
  readonly time: number;
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: TransitionReason;
  /** The words given to `trip()` or `forceOpen()`, or those of a detector, on one line, at most 200 characters. */
  readonly detail: string | null;
  /** The window right after the change. */
  readonly window: WindowMetrics;
  readonly consecutiveFailures: number;
  /** The failures that led to an opening, by type, the most frequent first. */
  readonly failures: readonly FailureCount[];
}

/** Calls of the present stay that no rule counts as failures, though something was thrown. */
export interface UncountedCalls {
  /** Calls that have settled in this stay. */
  readonly calls: number;
  /** Calls that were ignored, by type, the most frequent first: `AbortError`, or what the filters exclude. */
  readonly ignored: readonly FailureCount[];
  /** Errors that counted as answers of the dependency, by type, the most frequent first. */
  readonly answers: readonly FailureCount[];
}
