import { breakerMetrics } from './breaker-metrics.js';
import { detectorMetrics } from './detector-metrics.js';
import { type BreakerMetric, metricMaker } from './metric.js';
import { resilienceMetrics, savingsMetrics } from './resilience-metrics.js';

/**
 * The metrics of breakers, in the order of the exposition: those of all breakers, and those of breakers with a detector,
 * with something around them, and with a cost.
 *
 * @param bounds upper bounds of the histograms in seconds, in increasing order
 */
export function createMetrics(prefix: string, bounds: readonly number[]): BreakerMetric[] {
  const make = metricMaker(prefix);
  return [
    ...breakerMetrics(make, prefix, bounds),
    ...detectorMetrics(make),
    ...resilienceMetrics(make, prefix, bounds),
    ...savingsMetrics(make),
  ];
}
