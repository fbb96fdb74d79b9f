import { type Cost, cost, priceOf } from '../core/cost.js';
import { describeError } from '../core/describe-error.js';
import {
  type ResilienceFigures,
  type ResilienceSource,
  resilienceSource,
} from '../core/resilience-source.js';
import { forEachBreaker } from '../core/source.js';
import { type Check, guardRead, hasMethods, readOptions, verify } from '../core/validate.js';
import type { CircuitState } from '../index.js';
import { explain } from './explain.js';
import type { Past } from './explanation.js';
import { breakersOf, type MonitoredBreaker, type MonitorSource, verifyMonitored } from './follow.js';
import type { ReportedHistory } from './history.js';
import { latestHistoryOf } from './known-histories.js';
import type { FailureRecord } from './records.js';
import { BADNESS, type BreakerReport, type Report, type UnreadableBreaker } from './report-data.js';
import { type Savings, savingsOf, sumOfSavings } from './savings.js';

/** What is reported besides. */
export interface ReportOptions {
  /**
   * What a call costs: a number, `{ perCall, currency }`, or either by the name of the breaker. With it, the report tells
   * what calls cost and what was saved.
   */
  cost?: Cost | undefined;
  /** What is around the breakers: `defaultResilience`, or a `ResilienceRegistry` of your own. @default nothing */
  resilience?: ResilienceSource | undefined;
}

const SUBJECT = { breaker: '', action: 'report' };

const RULES = { cost, resilience: resilienceSource };

/** Failures and changes of state that a report tells; a history has more. */
const LAST = 20;

const reportedHistory: Check = (value) =>
  hasMethods('failures', 'transitions', 'opening', 'percentiles')(value) ? undefined : 'a history';

/**
 * Reports how a breaker, or all breakers of a registry, are: the worst first, each with the reason. It changes nothing.
 *
 * @param history of the same breakers, for percentiles, failures by type and what happened last; unless it is given,
 * the one that is kept of the source, the last begun if there are several
 * @throws InvalidOptionsError for anything but a breaker or a registry, a history that is none, an unknown option, or a
 * cost that is no amount
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
  options: ReportOptions = {},
): Report {
  verifyMonitored(SUBJECT, source);
  if (history !== undefined) verify(SUBJECT, 'history', history, reportedHistory);
  const given: ReportOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  const past = history && pastOf(history);
  const breakers: BreakerReport[] = [];
  const unreadable: UnreadableBreaker[] = [];
  forEachBreaker(
    breakersOf(source),
    (breaker) => breakers.push(reportOf(breaker, past, history)),
    (breaker, error) => unreadable.push({ breaker, message: describeError(error) }),
  );
  const told = given.cost === undefined ? breakers : breakers.map((it) => withCost(it, given));
  const inState = (state: CircuitState) => breakers.filter((it) => it.state === state).length;
  const read = breakers.length;
  return {
    time: Date.now(),
    total: read + unreadable.length,
    closed: inState('CLOSED'),
    open: inState('OPEN'),
    halfOpen: inState('HALF_OPEN'),
    health: read === 0 ? 1 : breakers.reduce((sum, { health }) => sum + health, 0) / read,
    breakers: told.sort(byBadness),
    failures: history?.failures(undefined, LAST) ?? [],
    transitions: history?.transitions(undefined, LAST) ?? [],
    ...(given.cost !== undefined && { cost: sumOfSavings(told.flatMap(costOf), SUBJECT) }),
    ...(unreadable.length > 0 && { unreadable }),
  };
}

function reportOf(
  breaker: MonitoredBreaker,
  past: Past | undefined,
  history: ReportedHistory | undefined,
): BreakerReport {
  const explanation = explain(breaker, past);
  const { name, totals } = breaker.metrics;
  return { ...explanation, totals, percentiles: history?.percentiles(name) ?? null };
}

function withCost(report: BreakerReport, { cost = 0, resilience }: ReportOptions): BreakerReport {
  const { breaker, totals } = report;
  const price = guardRead(SUBJECT, '`cost`', () => priceOf(cost, breaker, SUBJECT));
  return { ...report, cost: savingsOf(totals, figuresOf(resilience, breaker), price) };
}

/** What is around a breaker; where it cannot be read, the breaker's own figures are told all the same. */
function figuresOf(resilience: ResilienceSource | undefined, breaker: string): ResilienceFigures | undefined {
  try {
    return resilience?.get(breaker)?.metrics;
  } catch {
    return undefined;
  }
}

function costOf({ cost }: BreakerReport): Savings | [] {
  return cost ?? [];
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
    uncounted: (breaker) => history.uncounted?.(breaker),
    words: (breaker) => history.words?.(breaker),
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
