export type { CallCost, Cost } from '../core/cost.js';
export type { ResilienceSource, WatchedResilience } from '../core/resilience-source.js';
export type { InstrumentableBreaker, InstrumentableEvents, InstrumentableRegistry } from '../core/source.js';
export { ATTRIBUTE_NAMES, INSTRUMENT_NAMES, SPAN_EVENT_NAMES } from './names.js';
export type {
  Attributes,
  OtelMeter,
  OtelSpan,
  OtelTrace,
  OtelTracer,
} from './otel-api.js';
export { instrument } from './otel-instrument.js';
export type { InstrumentOptions } from './otel-options.js';
