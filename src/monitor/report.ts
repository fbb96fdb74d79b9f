import { type Check, hasMethods, verify } from '../core/validate.js';
import type { CircuitState, CircuitTotals } from '../index.js';
import { type Explanation, explain, type Past } from './explain.js';
import type { FailureRecord, History, TransitionRecord } from './history.js';
import { latestHistoryOf } from './known-histories.js';
import type { Percentiles } from './response-times.js';
import { breakersOf, type MonitorSource, verifySource } from './source.js';

/** What a report asks a history. */
export type ReportedHistory = Pick<History, 'failures' | 'transitions' | 'opening' | 'percentiles'>;

/** How one breaker is. */
export interface BreakerReport extends Explanation {
  readonly totals: CircuitTotals;
  /** `null` without a history, or where no call has settled lately. */
  readonly percentiles: Percentiles | null;
}

/** How all breakers are, as plain, JSON-safe data. Durations are milliseconds. */
export interface Report {
  /** When it was made, in wall-clock milliseconds since 1970. */
  readonly time: number;
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
}

const SUBJECT = { breaker: '', action: 'report' };

/** Failures and changes of state that a report tells; a history has more. */
const LAST = 20;

const reportedHistory: Check = (value) =>
  hasMethods('failures', 'transitions', 'opening', 'percentiles')(value) ? undefined : 'a history';

const BADNESS: { readonly [state in CircuitState]: number } = { OPEN: 0, HALF_OPEN: 1, CLOSED: 2 };

/**
 * Reports how a breaker, or all breakers of a registry, are: the worst first, each with the reason. It changes nothing.
 *
 * @param history of the same breakers, for percentiles, failures by type and what happened last; unless it is given,
 * the one that is kept of the source, the last begun if there are several
 * @throws InvalidOptionsError for anything but a breaker or a registry, or a history that is none
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { report } from 'recloser/monitor';
 *
 * const breakers = new CircuitBreakerRegistry();
 * breakers.getOrCreate('users');
 * breakers.getOrCreate('mail').trip();
 * console.log(report(breakers).breakers.map((it) => `${it.breaker} ${it.state}`)); // → [ 'mail OPEN', 'users CLOSED' ]
 * ```
 */
export function report(
  source: MonitorSource,
  history: ReportedHistory | undefined = latestHistoryOf(source),
): Report {
  verifySource(SUBJECT, source);
  if (history !== undefined) verify(SUBJECT, 'history', history, reportedHistory);
  const past = history && pastOf(history);
  const breakers = Array.from(breakersOf(source), (breaker) => ({
    ...explain(breaker, past),
    totals: breaker.metrics.totals,
    percentiles: history?.percentiles(breaker.name) ?? null,
  })).sort(byBadness);
  const inState = (state: CircuitState) => breakers.filter((it) => it.state === state).length;
  const total = breakers.length;
  return {
    time: Date.now(),
    total,
    closed: inState('CLOSED'),
    open: inState('OPEN'),
    halfOpen: inState('HALF_OPEN'),
    health: total === 0 ? 1 : breakers.reduce((sum, { health }) => sum + health, 0) / total,
    breakers,
    failures: history?.failures(undefined, LAST) ?? [],
    transitions: history?.transitions(undefined, LAST) ?? [],
  };
}

/** The past by breaker: there may be thousands, and each would look through the failures of all. */
function pastOf(history: ReportedHistory): Past {
  const failures = new Map<string, FailureRecord[]>();
  for (const failure of history.failures()) {
    const known = failures.get(failure.breaker);
    if (known === undefined) failures.set(failure.breaker, [failure]);
    else known.push(failure);
  }
  return {
    failures: (breaker, most) => failures.get(breaker)?.slice(0, most) ?? [],
    opening: (breaker) => history.opening(breaker),
  };
}

function byBadness(a: BreakerReport, b: BreakerReport): number {
  return (
    BADNESS[a.state] - BADNESS[b.state] ||
    a.health - b.health ||
    b.window.failureRate - a.window.failureRate ||
    (a.breaker < b.breaker ? -1 : 1)
  );
}
