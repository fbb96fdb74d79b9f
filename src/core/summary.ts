import type { CircuitBreaker } from './circuit-breaker.js';
import { type CircuitMetrics, type CircuitTotals, createTotals } from './metrics.js';
import { report } from './report.js';
import { plainly } from './snapshot.js';

/** How all breakers of a registry are, as plain, JSON-safe data. */
export interface RegistrySummary {
  /** Breakers in all, those too that cannot be read, say because their clock throws: they are in no state. */
  readonly total: number;
  readonly closed: number;
  readonly open: number;
  readonly halfOpen: number;
  /** Breakers that are forced open or forced closed; each counts in its state too. */
  readonly forced: number;
  /** The mean of the breakers' health, from 0 to 1; 1 if there are none. */
  readonly health: number;
  /** The sums of the breakers' totals. */
  readonly totals: CircuitTotals;
  /** The metrics of each breaker; errors are told by `name`, `message` and `code`. */
  readonly breakers: readonly CircuitMetrics[];
}

export function summarize(breakers: Iterable<CircuitBreaker>): RegistrySummary {
  const all: CircuitMetrics[] = [];
  let unreadable = 0;
  for (const breaker of breakers) {
    try {
      all.push(withPlainErrors(breaker.metrics));
    } catch (error) {
      unreadable++;
      report(error); // it takes nothing from the others
    }
  }
  const inState = (state: string) => all.filter((it) => it.state === state).length;
  const totals = createTotals();
  for (const key of Object.keys(totals) as (keyof CircuitTotals)[]) {
    for (const metrics of all) totals[key] += metrics.totals[key];
  }
  return {
    total: all.length + unreadable,
    closed: inState('CLOSED'),
    open: inState('OPEN'),
    halfOpen: inState('HALF_OPEN'),
    forced: all.filter((it) => it.mode.startsWith('forced-')).length,
    health: all.length === 0 ? 1 : all.reduce((sum, { health }) => sum + health, 0) / all.length,
    totals,
    breakers: all,
  };
}

function withPlainErrors(metrics: CircuitMetrics): CircuitMetrics {
  const { lastFailure, lastTransition } = metrics;
  return { ...metrics, lastFailure: plainly(lastFailure), lastTransition: plainly(lastTransition) };
}
