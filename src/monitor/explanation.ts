import { type Check, hasMethods } from '../core/validate.js';
import type { CircuitMode, CircuitState, TransitionReason, WindowMetrics } from '../index.js';
import type { FailureCount } from './breakdown.js';
import type { FailureWords } from './failure-words.js';
import type { TransitionRecord, UncountedCalls } from './records.js';

/** How a breaker is, and why. JSON-safe; durations are milliseconds. */
export interface Explanation {
  /** One line for a person; it does not name the breaker. */
  readonly text: string;
  /** The same without the state, without ages and without messages of errors: it changes only when the breaker does. */
  readonly why: string;
  /** The name of the breaker, as it is: print it with care. */
  readonly breaker: string;
  readonly state: CircuitState;
  readonly mode: CircuitMode;
  /** When the present state began, as a reading of the breaker's clock. */
  readonly since: number;
  /** How long it has been in this state. */
  readonly lasted: number;
  /** Why it came into this state; `null` where it began in it. */
  readonly reason: TransitionReason | null;
  /**
   * The words given to `trip()` or `forceOpen()`, also while it was OPEN already, or those of a detector or a fleet; on
   * one line, at most 200 characters.
   */
  readonly detail: string | null;
  /** Until a call may pass, in whole milliseconds: 0 when one may pass now, `null` where no time is known. */
  readonly retryAfter: number | null;
  /** Openings since it was last CLOSED. */
  readonly attempt: number;
  readonly health: number;
  /** Calls that were started and have not settled. */
  readonly inFlight: number;
  readonly consecutiveFailures: number;
  /** The window that the rates are judged by; while it is not CLOSED, as it was when it left CLOSED. */
  readonly window: WindowMetrics;
  /** The failures that the figures are made of, by type, as far as a history has them. */
  readonly failures: readonly FailureCount[];
  /** The last failure that steered the breaker. */
  readonly lastFailure: (FailureWords & { readonly ago: number }) | null;
}

/** What an explanation asks a history. */
export interface Past {
  /** The last failures of a breaker, at most so many. */
  failures(breaker: string, most: number): readonly { readonly type: string }[];
  /** When a breaker that is not CLOSED left CLOSED, if that was seen. */
  opening(breaker: string): TransitionRecord | undefined;
  /** Calls of the present stay that did not count as failures, though something was thrown. */
  uncounted?(breaker: string): UncountedCalls | undefined;
  /** The words with which it was forced while it was OPEN already, as long as that lasts. */
  words?(breaker: string): string | undefined;
}

/** What can be asked for the past. */
export const past: Check = (value) => (hasMethods('failures', 'opening')(value) ? undefined : 'a history');
