export type { CallCost, Cost } from '../core/cost.js';
export type { ResilienceSource, WatchedResilience } from '../core/resilience-source.js';
export type { InstrumentableBreaker, InstrumentableEvents, InstrumentableRegistry } from '../core/source.js';
export type { FleetReading, InstrumentableFleet } from './fleet-metrics.js';
export { type InstrumentFleetOptions, instrumentFleet } from './instrument-fleet.js';
export { METRIC_NAMES, METRIC_NAMES_OF_FLEETS } from './names.js';
export type { PromClient, PromRegister } from './prom-client.js';
export { instrument } from './prom-instrument.js';
export type { InstrumentOptions } from './prom-options.js';
