import type { CircuitMode, CircuitState, TransitionReason } from './circuit-state.js';

/** What the window holds. Rates are 0 for an empty window. */
export interface WindowMetrics {
  /** Settled, counted calls in the window. */
  readonly calls: number;
  /** Those that failed. */
  readonly failures: number;
  /** Those that took at least `slowCallDuration`, failed or not. */
  readonly slowCalls: number;
  /** `failures / calls`, from 0 to 1. */
  readonly failureRate: number;
  /** `slowCalls / calls`, from 0 to 1. */
  readonly slowCallRate: number;
}

/** Lifetime totals. They only grow, also across `reset()` and `restore()`. */
export interface CircuitTotals {
  /** Calls whose task was started. */
  readonly calls: number;
  /** Calls that counted as successes. */
  readonly successes: number;
  /** Calls that counted as failures, timeouts among them. */
  readonly failures: number;
  /** Failures whose error is a `CallTimeoutError`. */
  readonly timeouts: number;
  /** Counted calls that took at least `slowCallDuration`. */
  readonly slow: number;
  /** Calls that counted as neither: excluded errors, the caller's own aborts. */
  readonly ignored: number;
  /** Calls that the breaker rejected; their tasks were not started. */
  readonly rejected: number;
  /** Calls that it would have rejected, had its mode not been `observe`. */
  readonly wouldReject: number;
  /** Fallbacks that were run. */
  readonly fallbacks: number;
  /** Times that it became OPEN. */
  readonly opened: number;
}

/** The last failure that steered the breaker, while the window or the run of failures holds one. */
export interface LastFailure {
  /** What the task threw, or the value that counted as a failure. */
  readonly error: unknown;
  /** A reading of the breaker's clock. */
  readonly at: number;
}

/** A change of state, without its figures. */
export interface LastTransition {
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** A reading of the breaker's clock. */
  readonly at: number;
  readonly reason: TransitionReason;
  /** The failure that caused it, where one did. */
  readonly error?: unknown;
  /** The words given to `trip()` or `forceOpen()`. */
  readonly detail?: string;
}

/** Everything that a breaker knows of itself, as a fresh plain object. Times are readings of the breaker's clock. */
export interface CircuitMetrics {
  readonly name: string;
  readonly state: CircuitState;
  readonly mode: CircuitMode;
  /** When the present state began. */
  readonly since: number;
  /** Openings since it was last CLOSED. */
  readonly attempt: number;
  /** Milliseconds until a call may pass: 0 when one may pass now, `null` where no time is known. */
  readonly retryAfter: number | null;
  /** Failures in a row; kept while the circuit is not CLOSED. */
  readonly consecutiveFailures: number;
  /** Calls that were started and have not settled. */
  readonly inFlight: number;
  readonly lastFailure: LastFailure | null;
  readonly lastTransition: LastTransition | null;
  /**
   * From 0 (OPEN) to 1 (nothing wrong). CLOSED: 1 less the largest share of its threshold that a rule has used up.
   * HALF_OPEN: half the share of the successes that it needs to close.
   */
  readonly health: number;
  /** The figures that the rates are judged by; kept while the circuit is not CLOSED. */
  readonly window: WindowMetrics;
  readonly totals: CircuitTotals;
  /** Whether a fleet decides when this stay ends. */
  readonly shared: boolean;
  /** What the detector says of itself; `null` without one. */
  readonly detector: Readonly<Record<string, unknown>> | null;
}

/** A copy of totals; without any, those of a breaker that has done nothing yet. By name: a loop would cost ten times as much. */
export function createTotals({
  calls = 0,
  successes = 0,
  failures = 0,
  timeouts = 0,
  slow = 0,
  ignored = 0,
  rejected = 0,
  wouldReject = 0,
  fallbacks = 0,
  opened = 0,
}: Partial<CircuitTotals> = {}): { -readonly [Key in keyof CircuitTotals]: CircuitTotals[Key] } {
  return {
    calls,
    successes,
    failures,
    timeouts,
    slow,
    ignored,
    rejected,
    wouldReject,
    fallbacks,
    opened,
  };
}
