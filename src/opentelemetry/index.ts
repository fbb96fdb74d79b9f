export type { InstrumentableBreaker, InstrumentableEvents, InstrumentableRegistry } from '../core/target.js';
export type {
  Attributes,
  OtelMeter,
  OtelSpan,
  OtelTrace,
  OtelTracer,
} from './api.js';
export { instrument } from './instrument.js';
export { ATTRIBUTE_NAMES, INSTRUMENT_NAMES, SPAN_EVENT_NAMES } from './names.js';
export type { InstrumentOptions } from './options.js';
