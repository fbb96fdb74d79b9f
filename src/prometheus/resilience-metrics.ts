import { callsSpared } from '../core/resilience-source.js';
import type { BreakerCounts } from './breaker-counts.js';
import {
  type BreakerMetric,
  type BreakerReading,
  createHistogram,
  type FiguresAround,
  line,
  type MakeMetric,
} from './metric.js';
import { METRIC_NAMES } from './names.js';
import type { PromValue } from './prom-client.js';

/** Of the retries and limits around a breaker. Their totals only grow, so they are read. */
export function resilienceMetrics(
  make: MakeMetric,
  prefix: string,
  bounds: readonly number[],
): BreakerMetric[] {
  const waitTime = createHistogram(prefix + METRIC_NAMES.waitTime, bounds);
  const tell =
    (lines: (resilience: FiguresAround, counts: BreakerCounts) => PromValue[]): BreakerMetric['linesOf'] =>
    ({ counts, resilience }) =>
      resilience === undefined ? [] : lines(resilience, counts);
  return [
    make(
      'attempts',
      'counter',
      'sum',
      'Attempts: the first of a call, a retry, or a hedge.',
      tell(({ totals: { attempts, retries, hedges } }, counts) => [
        line(counts, Math.max(attempts - retries - hedges, 0), { kind: 'first' }),
        line(counts, retries, { kind: 'retry' }),
        line(counts, hedges, { kind: 'hedge' }),
      ]),
    ),
    make(
      'retriesStopped',
      'counter',
      'sum',
      'Calls that were given up, by the reason why there was no further attempt.',
      tell(({ totals }, counts) =>
        Object.entries(totals.refused).map(([reason, value]) => line(counts, value, { reason })),
      ),
    ),
    make(
      'recoveredCalls',
      'counter',
      'sum',
      'Calls that a retry saved.',
      tell(({ totals }, counts) => [line(counts, totals.recovered)]),
    ),
    make(
      'hedgesWon',
      'counter',
      'sum',
      'Calls that a hedge answered first.',
      tell(({ totals }, counts) => [line(counts, totals.hedgesWon)]),
    ),
    make(
      'limited',
      'counter',
      'sum',
      'Calls for which there was no place: bulkhead or rate_limit.',
      tell(({ totals }, counts) => [
        line(counts, totals.bulkheadRejected, { by: 'bulkhead' }),
        line(counts, totals.rateLimited, { by: 'rate_limit' }),
      ]),
    ),
    make(
      'waiting',
      'gauge',
      'sum',
      'Calls that wait now, by queue.',
      tell(({ waiting }, counts) => [
        line(counts, waiting.bulkhead, { queue: 'bulkhead' }),
        line(counts, waiting.rateLimit, { queue: 'rate_limit' }),
        line(counts, waiting.backoff, { queue: 'backoff' }),
      ]),
    ),
    make(
      'queueLimit',
      'gauge',
      'sum',
      'Calls that may wait, by queue.',
      tell(({ limits: { bulkhead, rateLimit } }, counts) => [
        ...(bulkhead === undefined ? [] : [line(counts, bulkhead, { queue: 'bulkhead' })]),
        ...(rateLimit === undefined ? [] : [line(counts, rateLimit, { queue: 'rate_limit' })]),
      ]),
    ),
    make(
      'waitTime',
      'histogram',
      'sum',
      'How long calls waited, by queue.',
      tell((_, counts) =>
        Array.from(counts.waits, ([queue, waits]) => waitTime(counts, waits, { queue })).flat(),
      ),
    ),
    make(
      'retryBudget',
      'gauge',
      'min',
      'What is left of the retry budget, from 0 (no retries) to 1.',
      tell(({ budget }, counts) =>
        budget === null ? [] : [line(counts, budget.available / budget.capacity)],
      ),
    ),
    make(
      'paused',
      'gauge',
      'max',
      'For how long the rate limit is paused yet.',
      tell(({ pausedFor }, counts) => [line(counts, pausedFor / 1_000)]),
    ),
  ];
}

/** What the breaker, and the budget of retries around it, have saved. */
export function savingsMetrics(make: MakeMetric): BreakerMetric[] {
  const saved = ({ counts, resilience }: BreakerReading) => {
    const spared = resilience === undefined ? { open: 0, budget: 0 } : callsSpared(resilience.totals);
    return counts.results.rejected + spared.open + spared.budget;
  };
  return [
    make(
      'callsSaved',
      'counter',
      'sum',
      'Calls that were not made because the circuit was open or the retry budget empty.',
      (reading) => (reading.price === undefined ? [] : [line(reading.counts, saved(reading))]),
    ),
    make('costSaved', 'counter', 'sum', 'What those calls would have cost, by currency.', (reading) => {
      const { price, counts } = reading;
      if (price === undefined) return [];
      return [line(counts, saved(reading) * price.perCall, { currency: price.currency })];
    }),
  ];
}
