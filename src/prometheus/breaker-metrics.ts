import type { CircuitMode, CircuitState } from '../index.js';
import { RESULTS, TRANSITIONS } from './breaker-counts.js';
import { type BreakerMetric, createHistogram, line, type MakeMetric } from './metric.js';
import { METRIC_NAMES } from './names.js';

const STATE_VALUES: Readonly<Record<CircuitState, number>> = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 };

const MODE_VALUES: Readonly<Record<CircuitMode, number>> = {
  active: 0,
  observe: 1,
  'forced-open': 2,
  'forced-closed': 3,
};

const RESULT_LABELS = RESULTS.map((result) => ({ result }));

const TRANSITION_LABELS = TRANSITIONS.map(({ from, to }) => ({
  from: from.toLowerCase(),
  to: to.toLowerCase(),
}));

/** Of all breakers. */
export function breakerMetrics(make: MakeMetric, prefix: string, bounds: readonly number[]): BreakerMetric[] {
  const responseTime = createHistogram(prefix + METRIC_NAMES.responseTime, bounds);
  return [
    make(
      'state',
      'gauge',
      'max',
      'State of the circuit breaker: 0 closed, 1 open, 2 half-open.',
      ({ counts, metrics }) => [line(counts, STATE_VALUES[metrics.state])],
    ),
    make(
      'mode',
      'gauge',
      'max',
      'Mode of the circuit breaker: 0 active, 1 observe, 2 forced open, 3 forced closed.',
      ({ counts, metrics }) => [line(counts, MODE_VALUES[metrics.mode])],
    ),
    make(
      'requests',
      'counter',
      'sum',
      'Calls by how they ended: success, failure, timeout, ignored, or rejected by the breaker.',
      ({ counts }) => RESULT_LABELS.map((it) => line(counts, counts.results[it.result], it)),
    ),
    make(
      'rejections',
      'counter',
      'sum',
      'Calls that the breaker rejected, by reason.',
      ({ counts, detector }) => {
        const { ramp, ...others } = counts.rejections;
        const reasons = ramp > 0 || detector !== undefined ? counts.rejections : others;
        return Object.entries(reasons).map(([reason, value]) => line(counts, value, { reason }));
      },
    ),
    make(
      'failures',
      'counter',
      'sum',
      'Calls that failed or timed out, by the code, the name or the HTTP status.',
      ({ counts }) => Array.from(counts.failures, ([type, value]) => line(counts, value, { type })),
    ),
    make('transitions', 'counter', 'sum', 'Changes of state.', ({ counts }) =>
      TRANSITION_LABELS.map((it, index) => line(counts, counts.transitions[index] as number, it)),
    ),
    make(
      'responseTime',
      'histogram',
      'sum',
      'How long calls took that succeeded, failed or timed out.',
      ({ counts }) => responseTime(counts, counts.durations),
    ),
    make('fallbacks', 'counter', 'sum', 'Fallbacks that were run.', ({ counts }) => [
      line(counts, counts.fallbacks),
    ]),
    make(
      'wouldReject',
      'counter',
      'sum',
      'Calls that ran only because the mode is observe: in any other they would have been rejected.',
      ({ counts }) => [line(counts, counts.wouldReject)],
    ),
    make(
      'health',
      'gauge',
      'min',
      'Health of the circuit breaker, from 0 (open) to 1 (nothing wrong).',
      ({ counts, metrics }) => [line(counts, metrics.health)],
    ),
    make(
      'inFlight',
      'gauge',
      'sum',
      'Calls that were started and have not settled.',
      ({ counts, metrics }) => [line(counts, metrics.inFlight)],
    ),
  ];
}
