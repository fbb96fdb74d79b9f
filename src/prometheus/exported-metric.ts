import type { MetricHead } from './metric.js';
import type { PromAggregator, PromFamily, PromMetric, PromMetricType, PromValue } from './prom-client.js';

/**
 * A metric as a register wants it. The counters and histograms of prom-client hold values of their own, to be kept in
 * step with breakers that come and go. This one holds none: it reads when somebody scrapes.
 */
export class ExportedMetric implements PromMetric {
  name: string;
  readonly help: string;
  readonly type: PromMetricType;
  readonly aggregator: PromAggregator;
  readonly #read: () => readonly PromValue[];

  constructor({ name, help, type, aggregator }: MetricHead, read: () => readonly PromValue[]) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.aggregator = aggregator;
    this.#read = read;
  }

  async get(): Promise<PromFamily> {
    const values = this.#read().map(({ sharedLabels, labels, ...value }) => ({
      ...value,
      labels: { ...sharedLabels, ...labels },
    }));
    return this.#familyOf(values);
  }

  async getForPromString(): Promise<PromFamily> {
    return this.#familyOf(this.#read());
  }

  /** What has happened to the breakers is not undone by `register.resetMetrics()`. */
  reset(): void {}

  #familyOf(values: readonly PromValue[]): PromFamily {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}
