export type { InstrumentableBreaker, InstrumentableEvents, InstrumentableRegistry } from '../core/target.js';
export { instrument } from './instrument.js';
export { METRIC_NAMES } from './names.js';
export type { InstrumentOptions } from './options.js';
export type { PromClient, PromRegister } from './prom-client.js';
