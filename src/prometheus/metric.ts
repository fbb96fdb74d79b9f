/** What a metric of breakers is made of. */
import type { Price } from '../core/cost.js';
import type { DetectorFigures } from '../core/detector-figures.js';
import type { QueueLimits, ResilienceFigures } from '../core/resilience-source.js';
import type { CircuitMetrics } from '../index.js';
import type { BreakerCounts } from './breaker-counts.js';
import type { DurationCounts } from './duration-counts.js';
import { METRIC_NAMES } from './names.js';
import type { Labels, PromAggregator, PromMetricType, PromValue } from './prom-client.js';

/** What a metric is called and how it is to be read. */
export interface MetricHead {
  readonly name: string;
  readonly help: string;
  readonly type: PromMetricType;
  readonly aggregator: PromAggregator;
}

/** What is around a breaker, and how many may wait there. */
export type FiguresAround = ResilienceFigures & { readonly limits: QueueLimits };

/** A breaker at the moment of a scrape. */
export interface BreakerReading {
  readonly metrics: CircuitMetrics;
  readonly counts: BreakerCounts;
  readonly detector: DetectorFigures | undefined;
  /** What is around it, where there is something and it is known. */
  readonly resilience: FiguresAround | undefined;
  /** What a call costs, where it is known. */
  readonly price: Price | undefined;
}

/** A metric, and what it says of a breaker. */
export interface BreakerMetric extends MetricHead {
  linesOf(reading: BreakerReading): PromValue[];
}

/** Makes a metric. */
export type MakeMetric = (
  name: keyof typeof METRIC_NAMES,
  type: PromMetricType,
  aggregator: PromAggregator,
  help: string,
  linesOf: BreakerMetric['linesOf'],
) => BreakerMetric;

/** Makes metrics whose names begin with this prefix. */
export const metricMaker =
  (prefix: string): MakeMetric =>
  (name, type, aggregator, help, linesOf) => ({
    name: prefix + METRIC_NAMES[name],
    type,
    aggregator,
    help,
    linesOf,
  });

const NO_LABELS: Labels = {};

/** The lines of a histogram. */
export type Histogram = (counts: BreakerCounts, durations: DurationCounts, more?: Labels) => PromValue[];

export function createHistogram(name: string, bounds: readonly number[]): Histogram {
  const [bucket, sum, count] = [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  const boundLabels: Labels[] = [...bounds, '+Inf'].map((le) => ({ le }));
  return (counts, durations, more = NO_LABELS) => {
    let within = 0;
    // Thousands of breakers have the same labels: they are made anew only where there are more of them.
    const labelled = more === NO_LABELS ? boundLabels : boundLabels.map((le) => ({ ...le, ...more }));
    const lines = labelled.map((labels, index) => {
      within = index < bounds.length ? within + (durations.within[index] as number) : durations.count;
      return line(counts, within, labels, bucket);
    });
    lines.push(line(counts, durations.seconds, more, sum), line(counts, durations.count, more, count));
    return lines;
  };
}

export function line(
  counts: BreakerCounts,
  value: number,
  labels: Labels = NO_LABELS,
  metricName?: string,
): PromValue {
  return { value, labels, metricName, sharedLabels: counts.labels };
}
