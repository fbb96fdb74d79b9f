/**
 * What is used of `@opentelemetry/api`. It is declared here, so that nobody has to install it for the types, and no
 * copy of it comes along.
 */

export type Attributes = Record<string, string | number | boolean>;

export interface InstrumentDescription {
  readonly description: string;
  /** A unit of UCUM: `s`, `1`, or what is counted, as `{call}`. */
  readonly unit: string;
  readonly advice?: { explicitBucketBoundaries: number[] };
}

export interface OtelCounter {
  add(value: number, attributes?: Attributes): void;
}

export interface OtelHistogram {
  record(value: number, attributes?: Attributes): void;
}

/** An instrument that is asked for its value; only its identity matters here. */
export type OtelObservable = object;

export interface OtelObservations {
  observe(instrument: OtelObservable, value: number, attributes?: Attributes): void;
}

/** A meter, as `metrics.getMeter('my-service')` gives it. */
export interface OtelMeter {
  createCounter(name: string, description: InstrumentDescription): OtelCounter;
  createHistogram(name: string, description: InstrumentDescription): OtelHistogram;
  createObservableGauge(name: string, description: InstrumentDescription): OtelObservable;
  createObservableUpDownCounter(name: string, description: InstrumentDescription): OtelObservable;
  /** Needed only with `resilience` or `cost`. */
  createObservableCounter?(name: string, description: InstrumentDescription): OtelObservable;
  addBatchObservableCallback(
    callback: (observations: OtelObservations) => void,
    instruments: OtelObservable[],
  ): void;
  removeBatchObservableCallback(
    callback: (observations: OtelObservations) => void,
    instruments: OtelObservable[],
  ): void;
}

export interface OtelSpan {
  isRecording(): boolean;
  addEvent(name: string, attributes?: Attributes): unknown;
  setAttributes(attributes: Attributes): unknown;
  end(): void;
}

/** A tracer, as `trace.getTracer('my-service')` gives it. */
export interface OtelTracer {
  startSpan(name: string, options?: { root?: boolean }): OtelSpan;
}

/** `trace` of the API, which knows the active span. */
export interface OtelTrace {
  getActiveSpan(): OtelSpan | undefined;
}
