import { type Check, hasMethods, verify } from '../core/validate.js';
import type { CircuitMetrics, CircuitMode, CircuitState, TransitionReason, WindowMetrics } from '../index.js';
import { countTypes, type FailureCount } from './breakdown.js';
import { describeFailure, type FailureWords } from './failure-type.js';
import type { TransitionRecord } from './history.js';
import { latestHistoryOf } from './known-histories.js';
import { sentenceOf } from './sentence.js';
import { type MonitoredBreaker, verifyBreaker } from './source.js';
import { causeOf } from './stay.js';
import { oneLine } from './text.js';

/** How a breaker is, and why. JSON-safe; durations are milliseconds. */
export interface Explanation {
  /** One line for a person; it does not name the breaker. */
  readonly text: string;
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
  /** The words given to `trip()` or `forceOpen()`, on one line, at most 200 characters. */
  readonly detail: string | null;
  /** Until a call may pass: 0 when one may pass now, `null` where no time is known. */
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
}

/** What can be asked for the past. */
export const past: Check = (value) => (hasMethods('failures', 'opening')(value) ? undefined : 'a history');

const SUBJECT = { breaker: '', action: 'explain' };
const LONGEST_DETAIL = 200;

/**
 * Tells how a breaker is and why, as a line of text and as data.
 *
 * @param history of this breaker, or of its registry, for the failures by type and for how an outage began; unless it
 * is given, the one that is kept, the last begun if there are several
 * @throws InvalidOptionsError for anything but a breaker, or a history that is none
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { explain } from 'recloser/monitor';
 *
 * let now = 0;
 * const breaker = new CircuitBreaker({ clock: { now: () => now }, recoveryTimeout: 10_000 });
 * breaker.trip('failover');
 * now += 4_000;
 * console.log(explain(breaker).text); // → OPEN for 4 s: trip() was called, "failover"; probes in 6 s
 * ```
 */
export function explain(
  breaker: MonitoredBreaker,
  history: Past | undefined = latestHistoryOf(breaker),
): Explanation {
  verifyBreaker(SUBJECT, breaker);
  if (history !== undefined) verify(SUBJECT, 'history', history, past);
  const { metrics, options } = breaker;
  const now = options.clock.now();
  const { state, lastFailure } = metrics;
  const cause = causeOf(metrics);
  const opening = state === 'CLOSED' ? undefined : history?.opening(metrics.name);
  const data = {
    breaker: metrics.name,
    state,
    mode: metrics.mode,
    since: metrics.since,
    lasted: elapsed(metrics.since, now),
    reason: cause?.reason ?? null,
    detail: cause?.detail === undefined ? null : oneLine(String(cause.detail), LONGEST_DETAIL),
    retryAfter: metrics.retryAfter,
    attempt: metrics.attempt,
    health: metrics.health,
    inFlight: metrics.inFlight,
    consecutiveFailures: opening?.consecutiveFailures ?? metrics.consecutiveFailures,
    window: opening?.window ?? metrics.window,
    failures: opening?.failures ?? (state === 'CLOSED' ? countedFailures(metrics, history) : []),
    lastFailure: lastFailure && { ...describeFailure(lastFailure.error), ago: elapsed(lastFailure.at, now) },
  };
  const first = opening && { record: opening, ago: elapsed(opening.at, now) };
  return { text: sentenceOf(data, options, first), ...data };
}

/** The failures by which the rules of a CLOSED circuit go. */
function countedFailures(metrics: CircuitMetrics, history: Past | undefined): FailureCount[] {
  const most = Math.max(metrics.window.failures, metrics.consecutiveFailures);
  return countTypes(history?.failures(metrics.name, most) ?? []);
}

function elapsed(since: number, now: number): number {
  return Math.max(now - since, 0);
}
