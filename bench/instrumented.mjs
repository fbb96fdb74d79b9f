/**
 * Measures what an instrumented call costs over one that is not, beside what prom-client's own `inc` and `observe` cost
 * over the same call. prom-client and OpenTelemetry are those of the folder above.
 */
import { createNoopMeter } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import client from 'prom-client';
import { guarded } from './loops.mjs';
import { measure } from './measure.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { succeed } from './tasks.mjs';

const { CircuitBreaker, CircuitBreakerRegistry } = await loadRecloser();
const prometheus = await import(new URL('prometheus.js', order.recloser).href);
const opentelemetry = await import(new URL('opentelemetry.js', order.recloser).href);

const register = new client.Registry();
const registers = [register];
const requests = new client.Counter({
  name: 'requests',
  help: '-',
  labelNames: ['name', 'result'],
  registers,
});
const durations = new client.Histogram({ name: 'durations', help: '-', labelNames: ['name'], registers });
const { inc } = requests.labels('bench', 'success');
const { observe } = durations.labels('bench');

const resolves = (create, instrument) => guarded.resolves(create(instrument));

const loops = {
  plain: resolves(createCall),
  'inc and observe': byHand(createCall()),
  'inc and observe, timed': timedByHand(createCall()),
  'instrumented breaker': resolves(createCall, (breaker) =>
    prometheus.instrument(breaker, { client, register }),
  ),
  'instrumented registry': resolves(createCallOfRegistry, (registry) =>
    prometheus.instrument(registry, { client, register, prefix: 'registry_' }),
  ),
  'meter of the SDK': resolves(createCall, (breaker) =>
    opentelemetry.instrument(breaker, { meter: createMeter() }),
  ),
  'no-op meter': resolves(createCall, (breaker) =>
    opentelemetry.instrument(breaker, { meter: createNoopMeter() }),
  ),
};

answerParent(
  await measure(
    Object.entries(loops).map(([name, loop]) => ({ name, loop })),
    order.effort,
  ),
);

function createCall(instrument = () => {}) {
  const breaker = new CircuitBreaker({ name: 'bench' });
  instrument(breaker);
  return () => breaker.call(succeed);
}

function createCallOfRegistry(instrument) {
  const registry = new CircuitBreakerRegistry();
  instrument(registry);
  const breaker = registry.getOrCreate('bench');
  return () => breaker.call(succeed);
}

function createMeter() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  return new MeterProvider({ readers: [reader] }).getMeter('bench');
}

function byHand(call) {
  return async (times) => {
    for (let i = 0; i < times; i++) {
      await call();
      inc();
      observe(0.003);
    }
  };
}

function timedByHand(call) {
  return async (times) => {
    for (let i = 0; i < times; i++) {
      const start = performance.now();
      await call();
      inc();
      observe((performance.now() - start) / 1_000);
    }
  };
}
