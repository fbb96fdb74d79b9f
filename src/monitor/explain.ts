import { verify } from '../core/validate.js';
import type { CircuitMetrics } from '../index.js';
import { countTypes, type FailureCount } from './breakdown.js';
import { type Explanation, type Past, past } from './explanation.js';
import { describeFailure } from './failure-words.js';
import { type MonitoredBreaker, timeOf, verifyBreaker } from './follow.js';
import { latestHistoryOf } from './known-histories.js';
import { tell } from './sentence.js';
import { causeOf } from './stay.js';
import { oneLine } from './text.js';

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
  const now = timeOf(breaker);
  const { name, state, lastFailure } = metrics;
  const opening = state === 'CLOSED' ? undefined : history?.opening(name);
  const data = {
    breaker: name,
    state,
    mode: metrics.mode,
    since: metrics.since,
    lasted: elapsed(metrics.since, now),
    reason: causeOf(metrics)?.reason ?? null,
    detail: detailOf(metrics, history),
    retryAfter: metrics.retryAfter === null ? null : Math.ceil(metrics.retryAfter),
    attempt: metrics.attempt,
    health: metrics.health,
    inFlight: metrics.inFlight,
    consecutiveFailures: opening?.consecutiveFailures ?? metrics.consecutiveFailures,
    window: opening?.window ?? metrics.window,
    failures: opening?.failures ?? (state === 'CLOSED' ? countedFailures(metrics, history) : []),
    lastFailure: lastFailure && { ...describeFailure(lastFailure.error), ago: elapsed(lastFailure.at, now) },
  };
  const sentence = tell({
    facts: data,
    settings: options,
    metrics,
    beginning: opening && { record: opening, ago: elapsed(opening.at, now) },
    uncounted: history?.uncounted?.(name),
  });
  return { ...sentence, ...data };
}

/** The words of whoever steered it, as far as they are known: the latest ones. */
function detailOf(metrics: CircuitMetrics, history: Past | undefined): string | null {
  const forced = metrics.mode.startsWith('forced') ? history?.words?.(metrics.name) : undefined;
  const detail = forced ?? causeOf(metrics)?.detail;
  return detail === undefined ? null : oneLine(String(detail), LONGEST_DETAIL);
}

/** The failures by which the rules of a CLOSED circuit go. */
function countedFailures(metrics: CircuitMetrics, history: Past | undefined): FailureCount[] {
  const most = Math.max(metrics.window.failures, metrics.consecutiveFailures);
  return countTypes(history?.failures(metrics.name, most) ?? []);
}

function elapsed(since: number, now: number): number {
  return Math.max(now - since, 0);
}
