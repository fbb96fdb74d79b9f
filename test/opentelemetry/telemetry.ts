import { context, type Meter, type Span, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';

export interface Metrics {
  readonly meter: Meter;
  /** What the instruments say now, by their names. */
  collect(): Promise<Map<string, MetricData>>;
  /** The values of one instrument now, by its attributes but for the namespace. */
  read(instrument: string): Promise<Record<string, unknown>>;
}

/** The real SDK, with a meter whose measurements stay in memory. */
export function startMetrics(temporality = AggregationTemporality.CUMULATIVE): Metrics {
  const exporter = new InMemoryMetricExporter(temporality);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());

  async function collect(): Promise<Map<string, MetricData>> {
    exporter.reset();
    await provider.forceFlush();
    const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return new Map(scopes.flatMap(({ metrics }) => metrics).map((it) => [it.descriptor.name, it]));
  }

  return {
    meter: provider.getMeter('test'),
    collect,
    async read(instrument) {
      const data = (await collect()).get(`recloser.circuit_breaker.${instrument}`);
      const points = (data?.dataPoints ?? []) as DataPoint<unknown>[];
      return Object.fromEntries(points.map(({ attributes, value }) => [print(attributes), value]));
    },
  };
}

export function print(attributes: object): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name.replace('recloser.circuit_breaker.', '')}=${value}`)
    .join(' ');
}

export interface Traces {
  readonly tracer: Tracer;
  /** The spans that have ended. */
  spans(): ReadableSpan[];
  /** Runs something in a span of its own, which is active meanwhile, and gives the span. */
  inSpan(name: string, run: (span: Span) => unknown): Promise<ReadableSpan>;
}

/** The real SDK, with a tracer whose spans stay in memory, and the active span known until the test ends. */
export function startTraces(): Traces {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => context.disable());
  const tracer = provider.getTracer('test');
  const spans = () => exporter.getFinishedSpans();
  return {
    tracer,
    spans,
    async inSpan(name, run) {
      const span = tracer.startSpan(name);
      try {
        await context.with(trace.setSpan(context.active(), span), () => run(span));
      } finally {
        span.end();
      }
      return spans().find((it) => it.spanContext().spanId === span.spanContext().spanId) as ReadableSpan;
    },
  };
}

/** The events of a span, each with its attributes. */
export function eventsOf({ events }: ReadableSpan): string[] {
  return events.map(({ name, attributes }) => `${name.split('.').at(-1)}: ${print(attributes ?? {})}`);
}
