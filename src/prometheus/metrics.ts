import type { CircuitMetrics, CircuitState } from '../index.js';
import { type BreakerCounts, RESULTS, TRANSITIONS } from './breaker-counts.js';
import { METRIC_NAMES } from './names.js';
import type { Labels, PromAggregator, PromMetricType, PromValue } from './prom-client.js';

/** What a metric is called and how it is to be read. */
export interface MetricHead {
  readonly name: string;
  readonly help: string;
  readonly type: PromMetricType;
  readonly aggregator: PromAggregator;
}

/** A breaker at the moment of a scrape. */
export interface BreakerReading {
  readonly metrics: CircuitMetrics;
  readonly counts: BreakerCounts;
}

/** A metric, and what it says of a breaker. */
export interface BreakerMetric extends MetricHead {
  linesOf(reading: BreakerReading): PromValue[];
}

const STATE_VALUES: Readonly<Record<CircuitState, number>> = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 };

const NO_LABELS: Labels = {};

const RESULT_LABELS = RESULTS.map((result) => ({ result }));

const TRANSITION_LABELS = TRANSITIONS.map(({ from, to }) => ({
  from: from.toLowerCase(),
  to: to.toLowerCase(),
}));

/**
 * The metrics of breakers, in the order of the exposition.
 *
 * @param bounds upper bounds of the histogram in seconds, in increasing order
 */
export function createBreakerMetrics(prefix: string, bounds: readonly number[]): BreakerMetric[] {
  return [
    {
      name: prefix + METRIC_NAMES.state,
      help: 'State of the circuit breaker: 0 closed, 1 open, 2 half-open.',
      type: 'gauge',
      aggregator: 'max',
      linesOf: ({ counts, metrics }) => [line(counts, STATE_VALUES[metrics.state])],
    },
    {
      name: prefix + METRIC_NAMES.requests,
      help: 'Calls by how they ended: success, failure, timeout, ignored, or rejected by the breaker.',
      type: 'counter',
      aggregator: 'sum',
      linesOf: ({ counts }) => RESULT_LABELS.map((it) => line(counts, counts.results[it.result], it)),
    },
    {
      name: prefix + METRIC_NAMES.failures,
      help: 'Calls that failed or timed out, by the code or the name of their error.',
      type: 'counter',
      aggregator: 'sum',
      linesOf: ({ counts }) => Array.from(counts.failures, ([type, value]) => line(counts, value, { type })),
    },
    {
      name: prefix + METRIC_NAMES.transitions,
      help: 'Changes of state.',
      type: 'counter',
      aggregator: 'sum',
      linesOf: ({ counts }) =>
        TRANSITION_LABELS.map((it, index) => line(counts, counts.transitions[index] as number, it)),
    },
    createHistogram(prefix + METRIC_NAMES.responseTime, bounds),
    {
      name: prefix + METRIC_NAMES.fallbacks,
      help: 'Fallbacks that were run.',
      type: 'counter',
      aggregator: 'sum',
      linesOf: ({ counts }) => [line(counts, counts.fallbacks)],
    },
    {
      name: prefix + METRIC_NAMES.wouldReject,
      help: 'Calls that ran only because the mode is observe: in any other they would have been rejected.',
      type: 'counter',
      aggregator: 'sum',
      linesOf: ({ counts }) => [line(counts, counts.wouldReject)],
    },
    {
      name: prefix + METRIC_NAMES.health,
      help: 'Health of the circuit breaker, from 0 (open) to 1 (nothing wrong).',
      type: 'gauge',
      aggregator: 'min',
      linesOf: ({ counts, metrics }) => [line(counts, metrics.health)],
    },
    {
      name: prefix + METRIC_NAMES.inFlight,
      help: 'Calls that were started and have not settled.',
      type: 'gauge',
      aggregator: 'sum',
      linesOf: ({ counts, metrics }) => [line(counts, metrics.inFlight)],
    },
  ];
}

function createHistogram(name: string, bounds: readonly number[]): BreakerMetric {
  const boundLabels = bounds.map((le) => ({ le }));
  const infinite = { le: '+Inf' };
  const [bucket, sum, count] = [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  return {
    name,
    help: 'How long calls took that succeeded, failed or timed out.',
    type: 'histogram',
    aggregator: 'sum',
    linesOf({ counts }) {
      let within = 0;
      const lines = boundLabels.map((labels, index) => {
        within += counts.durations[index] as number;
        return line(counts, within, labels, bucket);
      });
      lines.push(
        line(counts, counts.timed, infinite, bucket),
        line(counts, counts.seconds, NO_LABELS, sum),
        line(counts, counts.timed, NO_LABELS, count),
      );
      return lines;
    },
  };
}

function line(
  counts: BreakerCounts,
  value: number,
  labels: Labels = NO_LABELS,
  metricName?: string,
): PromValue {
  return { value, labels, metricName, sharedLabels: counts.labels };
}
