import { guardRead, hasMethods, refuse, verify } from '../core/validate.js';
import { ExportedMetric } from './exported-metric.js';
import { FLEET_METRICS, type FleetMetric, type InstrumentableFleet } from './fleet-metrics.js';
import type { PromRegister, PromValue } from './prom-client.js';
import { type InstrumentOptions, readFleetOptions } from './prom-options.js';

/** How a fleet is exported: as breakers are, without what is theirs alone. */
export type InstrumentFleetOptions = Pick<InstrumentOptions, 'client' | 'register' | 'prefix' | 'labels'>;

interface Source {
  readonly fleet: InstrumentableFleet;
  readonly labels: Readonly<Record<string, string>>;
  holders: number;
}

const SUBJECT = { breaker: '', action: 'instrument a fleet' };

/** Says of a metric in a register that it is ours, whichever copy of the package made it, and which fleets it tells of. */
const SOURCES = Symbol.for('recloser.prometheus.fleets');

/**
 * Exports a fleet of `recloser/redis` to a register of prom-client: whether Redis answers, how many instances there are, what
 * they have decided, and what it costs. It is read when somebody scrapes.
 *
 * @returns a function that ends it: its series and, with the last fleet, the metrics are gone
 * @throws InvalidOptionsError for an unknown option, a value out of range, a metric of the same name that somebody else
 * has registered, or labels other than those with which the fleet was instrumented before
 *
 * @example
 * ```ts
 * import * as client from 'prom-client';
 * import { CircuitBreaker } from 'recloser';
 * import { instrumentFleet } from 'recloser/prometheus';
 * import { createMemoryRedis, shareState } from 'recloser/redis';
 *
 * const redis = createMemoryRedis();
 * const fleet = shareState(new CircuitBreaker(), { client: redis.client, namespace: 'shop', pollInterval: false });
 * await fleet.sync();
 *
 * const stop = instrumentFleet(fleet, { client });
 * const text = await client.register.metrics();
 * console.log(text.includes('circuit_breaker_fleet_instances{namespace="shop"} 1')); // → true
 * stop();
 * ```
 */
export function instrumentFleet(fleet: InstrumentableFleet, options: InstrumentFleetOptions): () => void {
  guardRead(SUBJECT, '`fleet`', () =>
    verify(SUBJECT, 'fleet', fleet, (it) =>
      hasMethods('status', 'sync')(it) ? undefined : 'a fleet, as shareState of recloser/redis makes it',
    ),
  );
  const { register, prefix, labels } = readFleetOptions(options, SUBJECT);
  const sources = sourcesIn(register, prefix);
  const known = [...sources].find((it) => it.fleet === fleet);
  if (known !== undefined && JSON.stringify(known.labels) !== JSON.stringify(labels))
    refuse(SUBJECT, 'labels', '`labels` must be those that the fleet has already');
  const source = known ?? { fleet, labels, holders: 0 };
  source.holders++;
  sources.add(source);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    source.holders--;
    if (source.holders === 0) sources.delete(source);
    if (sources.size > 0) return;
    for (const { name } of FLEET_METRICS) {
      const metric = register.getSingleMetric(prefix + name) as { [SOURCES]?: Set<Source> } | undefined;
      if (metric?.[SOURCES] === sources) register.removeSingleMetric(prefix + name);
    }
  };
}

/** The fleets that this register tells of under this prefix; its metrics are there afterwards. */
function sourcesIn(register: PromRegister, prefix: string): Set<Source> {
  const present = FLEET_METRICS.map(
    ({ name }) => register.getSingleMetric(prefix + name) as { [SOURCES]?: Set<Source> } | undefined,
  );
  for (const [index, metric] of present.entries()) {
    const name = prefix + (FLEET_METRICS[index] as FleetMetric).name;
    if (metric !== undefined && metric[SOURCES] === undefined)
      refuse(
        SUBJECT,
        'prefix',
        `the register has a metric ${JSON.stringify(name)} of somebody else, another \`prefix\` avoids it`,
      );
  }
  const sources = present.find((it) => it !== undefined)?.[SOURCES] ?? new Set<Source>();
  for (const [index, head] of FLEET_METRICS.entries()) {
    if (present[index] !== undefined) continue;
    const metric = new ExportedMetric({ ...head, name: prefix + head.name }, () => linesOf(head, sources));
    Object.defineProperty(metric, SOURCES, { value: sources });
    register.registerMetric(metric);
  }
  return sources;
}

function linesOf(metric: FleetMetric, sources: Iterable<Source>): PromValue[] {
  const lines: PromValue[] = [];
  for (const { fleet, labels } of sources) {
    const reading = fleet.status();
    const sharedLabels = { ...labels, namespace: reading.namespace };
    for (const line of metric.linesOf(reading)) lines.push({ ...line, sharedLabels });
  }
  return lines;
}
