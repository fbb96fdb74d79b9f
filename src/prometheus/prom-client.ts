/**
 * What this exporter and prom-client read of each other. It is declared here, so that nobody has to install
 * prom-client for the types, and so that its ESM and CJS declarations both fit.
 */

/** A registry of prom-client: `client.register`, or a `new client.Registry()`. */
export interface PromRegister {
  registerMetric(metric: object): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}

/** The prom-client module. */
export interface PromClient {
  /** Where metrics are registered unless another register is named. */
  readonly register: PromRegister;
}

export type PromMetricType = 'counter' | 'gauge' | 'histogram';

/** How prom-client's cluster mode makes one value of those of all workers. */
export type PromAggregator = 'sum' | 'min' | 'max';

export type Labels = Readonly<Record<string, string | number>>;

/** One line of an exposition. */
export interface PromValue {
  readonly value: number;
  readonly labels: Labels;
  /** The name of the line, where it is not the metric's. */
  readonly metricName?: string | undefined;
  /** Labels that many lines have in common: they are the same object each time, and formatted once. */
  readonly sharedLabels?: Labels;
}

/** What a metric answers when it is asked for its values. */
export interface PromFamily {
  readonly name: string;
  readonly help: string;
  readonly type: PromMetricType;
  readonly aggregator: PromAggregator;
  readonly values: readonly PromValue[];
}

/** What a register asks of the metrics that it is given. */
export interface PromMetric {
  /** Written to by registers in the OpenMetrics format: they take `_total` off. */
  name: string;
  readonly help: string;
  readonly type: PromMetricType;
  readonly aggregator: PromAggregator;
  get(): Promise<PromFamily>;
  /** Asked in place of `get` for the text formats, from prom-client 15 on. */
  getForPromString(): Promise<PromFamily>;
  reset(): void;
}
