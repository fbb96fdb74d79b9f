/** What a fleet of `recloser/redis` says of itself, as metrics. */
import { METRIC_NAMES_OF_FLEETS } from './names.js';
import type { Labels, PromAggregator, PromMetricType, PromValue } from './prom-client.js';

/** What is read of a `Fleet`. */
export interface InstrumentableFleet {
  status(): FleetReading;
}

/** What is read of a fleet's status. */
export interface FleetReading {
  readonly namespace: string;
  readonly detached: boolean;
  readonly instances: number;
  /** Milliseconds since the last poll that was answered. */
  readonly lastSync: number | null;
  /** By command and result. */
  readonly results: Readonly<
    Record<string, { readonly ok: number; readonly failed: number; readonly skipped: number }>
  >;
  readonly breakers: Readonly<Record<string, { readonly state: string; readonly voting: boolean }>>;
}

/** A metric of fleets, and what it says of one. */
export interface FleetMetric {
  readonly name: string;
  readonly help: string;
  readonly type: PromMetricType;
  readonly aggregator: PromAggregator;
  linesOf(reading: FleetReading): (Omit<PromValue, 'labels'> & { readonly labels: Labels })[];
}

const STATES: readonly string[] = ['CLOSED', 'OPEN', 'HALF_OPEN', 'forced-open', 'forced-closed'];

const { up, instances, commands, staleness, state, voting } = METRIC_NAMES_OF_FLEETS;

export const FLEET_METRICS: readonly FleetMetric[] = [
  {
    name: up,
    help: 'Whether Redis answers: 1, or 0 while each instance decides alone.',
    type: 'gauge',
    aggregator: 'min',
    linesOf: ({ detached }) => [{ value: detached ? 0 : 1, labels: {} }],
  },
  {
    name: instances,
    help: 'Instances that are alive, as far as this one has heard.',
    type: 'gauge',
    aggregator: 'max',
    linesOf: (reading) => [{ value: reading.instances, labels: {} }],
  },
  {
    name: commands,
    help: 'Commands to Redis, by kind and result: ok, failed, or skipped because too much was unanswered.',
    type: 'counter',
    aggregator: 'sum',
    linesOf: ({ results }) =>
      Object.entries(results).flatMap(([command, of]) =>
        Object.entries(of).map(([result, value]) => ({ value, labels: { command, result } })),
      ),
  },
  {
    name: staleness,
    help: 'Seconds since the last poll that was answered.',
    type: 'gauge',
    aggregator: 'max',
    linesOf: ({ lastSync }) => (lastSync === null ? [] : [{ value: lastSync / 1_000, labels: {} }]),
  },
  {
    name: state,
    help: 'What the fleet has decided: 0 closed, 1 open, 2 half-open, 3 forced open, 4 forced closed.',
    type: 'gauge',
    aggregator: 'max',
    linesOf: ({ breakers }) =>
      Object.entries(breakers).map(([name, it]) => ({
        value: Math.max(STATES.indexOf(it.state), 0),
        labels: { name },
      })),
  },
  {
    name: voting,
    help: 'Whether this instance says that what is behind the breaker is down.',
    type: 'gauge',
    aggregator: 'sum',
    linesOf: ({ breakers }) =>
      Object.entries(breakers).map(([name, it]) => ({ value: Number(it.voting), labels: { name } })),
  },
];
