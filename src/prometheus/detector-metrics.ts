import type { DetectorFigures } from '../core/detector-figures.js';
import { type BreakerMetric, line, type MakeMetric } from './metric.js';

/** Of a breaker with a detector: how near it is to tripping, and what it lets pass. */
export function detectorMetrics(make: MakeMetric): BreakerMetric[] {
  const tell =
    (value: (detector: DetectorFigures) => number): BreakerMetric['linesOf'] =>
    ({ counts, detector }) =>
      detector === undefined ? [] : [line(counts, value(detector))];
  return [
    make(
      'evidence',
      'gauge',
      'max',
      'Evidence of the detector, as a share of what it takes to trip.',
      tell(({ evidence }) => evidence),
    ),
    make(
      'threshold',
      'gauge',
      'max',
      'Evidence that it takes to trip, by line of the detector.',
      ({ counts, detector }) =>
        (detector?.thresholds ?? []).map(([name, value]) => line(counts, value, { line: name })),
    ),
    make(
      'admitted',
      'gauge',
      'min',
      'Share of the calls that the ramp after a recovery lets pass, 1 without one.',
      tell(({ admitted }) => admitted),
    ),
    make(
      'degraded',
      'gauge',
      'max',
      'Whether more calls fail than usual: 0 or 1.',
      tell(({ degraded }) => Number(degraded)),
    ),
    make(
      'overdue',
      'counter',
      'sum',
      'Calls that counted as failed because they were overdue.',
      tell(({ overdue }) => overdue),
    ),
  ];
}
