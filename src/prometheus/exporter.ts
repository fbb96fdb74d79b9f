import type { BreakerSource } from '../core/source.js';
import { refuse } from '../core/validate.js';
import { CountedSource, type SourceSettings } from './counted-source.js';
import { type DropReason, warnOfDrop } from './drops.js';
import { ExportedMetric } from './exported-metric.js';
import type { BreakerMetric, MetricHead } from './metric.js';
import { createMetrics } from './metrics.js';
import { METRIC_NAMES } from './names.js';
import type { PromValue } from './prom-client.js';
import { type ResolvedOptions, SUBJECT } from './prom-options.js';
import { Reading } from './reading.js';

/** Says of a metric in a register that it is ours, whichever copy of the package made it, and whose. */
const EXPORTER = Symbol.for('recloser.prometheus');

/** What one register exports under one prefix: its metrics, and the sources that they tell of. */
export class Exporter {
  readonly #options: ResolvedOptions;
  readonly #sources = new Set<CountedSource>();
  readonly #metrics: readonly BreakerMetric[];
  /** By the names under which they are registered. */
  readonly #exported: ReadonlyMap<string, ExportedMetric>;
  readonly #warned = new Set<DropReason>();
  #reading: Reading | undefined;

  /**
   * The exporter of this register and this prefix.
   *
   * @throws InvalidOptionsError if it was made with other options, or if a name of ours is taken by somebody else
   */
  static of(options: ResolvedOptions): Exporter {
    const owners = Object.values(METRIC_NAMES).map((name) => ownerOf(options, options.prefix + name));
    const exporter = owners.find((owner) => owner !== undefined);
    exporter?.verifySame(options);
    return exporter ?? new Exporter(options);
  }

  private constructor(options: ResolvedOptions) {
    const { prefix, buckets } = options;
    this.#options = options;
    this.#metrics = createMetrics(prefix, buckets);
    const metrics = this.#metrics.map(
      (head, index) => new ExportedMetric(head, () => this.#read().valuesOf(index)),
    );
    metrics.push(new ExportedMetric(droppedHead(prefix), () => droppedLines(this.#read())));
    for (const metric of metrics) Object.defineProperty(metric, EXPORTER, { value: this });
    this.#exported = new Map(metrics.map((metric) => [metric.name, metric]));
  }

  /** @throws InvalidOptionsError if other options are asked for than those that are in force */
  verifySame({ buckets, maxSeries, labels }: ResolvedOptions): void {
    verifyUnchanged('buckets', buckets, this.#options.buckets);
    verifyUnchanged('maxSeries', maxSeries, this.#options.maxSeries);
    verifyUnchanged('labels', Object.keys(labels), Object.keys(this.#options.labels), 'have the names');
  }

  /**
   * Exports a breaker or a registry; one that is exported already is not counted twice.
   *
   * @returns a function that ends it, once everybody who asked for it has called theirs
   * @throws InvalidOptionsError if it is exported with other labels, another cost or something else around it
   */
  add(source: BreakerSource, settings: SourceSettings): () => void {
    const known = this.#find(source);
    if (known !== undefined) verifySettings(settings, known.settings);
    this.#register();
    let counted: CountedSource | undefined = known ?? this.#start(source, settings);
    counted.holders++;
    return () => {
      if (counted !== undefined) this.#release(counted);
      counted = undefined;
    };
  }

  #find(source: BreakerSource): CountedSource | undefined {
    for (const counted of this.#sources) if (counted.source === source) return counted;
    return undefined;
  }

  #start(source: BreakerSource, settings: SourceSettings): CountedSource {
    const counted = new CountedSource(source, settings, this.#options.buckets);
    this.#sources.add(counted);
    return counted;
  }

  #release(counted: CountedSource): void {
    counted.holders--;
    if (counted.holders > 0) return;
    counted.stop();
    this.#sources.delete(counted);
    if (this.#sources.size === 0) this.#unregister();
  }

  /** Puts those of our metrics into the register that are not there, or not any more. */
  #register(): void {
    const { register } = this.#options;
    for (const [name, metric] of this.#exported) {
      if (register.getSingleMetric(name) === metric) continue;
      metric.name = name; // a register in the OpenMetrics format has taken `_total` off
      register.registerMetric(metric);
    }
  }

  /** Takes our metrics out of the register, as far as they are still there. */
  #unregister(): void {
    const { register } = this.#options;
    for (const [name, metric] of this.#exported) {
      if (register.getSingleMetric(name) === metric) register.removeSingleMetric(name);
    }
  }

  /** A register asks all of its metrics in one turn: the first of them reads for all. */
  #read(): Reading {
    if (this.#reading === undefined) {
      this.#reading = this.#readAll();
      queueMicrotask(() => {
        this.#reading = undefined;
      });
    }
    return this.#reading;
  }

  #readAll(): Reading {
    const { maxSeries, buckets } = this.#options;
    const reading = new Reading(this.#metrics, { maxSeries, bounds: buckets.length }, (...drop) =>
      this.#warnOnce(...drop),
    );
    for (const counted of this.#sources) reading.addAll(counted);
    return reading;
  }

  #warnOnce(reason: DropReason, breaker: string, error?: unknown): void {
    if (this.#warned.has(reason)) return;
    this.#warned.add(reason);
    warnOfDrop(reason, breaker, this.#options.maxSeries, error);
  }
}

/** The exporter that a metric of the register belongs to; `undefined` if there is no such metric. */
function ownerOf({ register }: ResolvedOptions, metric: string): Exporter | undefined {
  const registered = register.getSingleMetric(metric) as { [EXPORTER]?: Exporter } | undefined;
  if (registered === undefined || registered[EXPORTER] !== undefined) return registered?.[EXPORTER];
  return refuse(
    SUBJECT,
    'prefix',
    `the register has a metric ${JSON.stringify(metric)} of somebody else, another \`prefix\` avoids it`,
  );
}

function droppedHead(prefix: string): MetricHead {
  return {
    name: prefix + METRIC_NAMES.dropped,
    help: 'Circuit breakers that are not exported, by reason: max_series, duplicate_name or unreadable.',
    type: 'gauge',
    aggregator: 'sum',
  };
}

function droppedLines({ dropped }: Reading): PromValue[] {
  const { unreadable, ...usual } = dropped;
  const reasons = unreadable === 0 ? usual : dropped;
  return Object.entries(reasons).map(([reason, value]) => ({ value, labels: { reason } }));
}

/** @throws InvalidOptionsError if a source is instrumented again, but otherwise */
function verifySettings({ labels, resilience, cost }: SourceSettings, inForce: SourceSettings): void {
  verifyUnchanged('labels', labels, inForce.labels);
  if (resilience !== inForce.resilience) {
    refuse(SUBJECT, 'resilience', '`resilience` must be the one that the source has already');
  }
  const isSame = cost === inForce.cost || typeof cost !== 'function';
  if (!isSame || JSON.stringify(cost) !== JSON.stringify(inForce.cost)) {
    refuse(SUBJECT, 'cost', '`cost` must be the one that the source has already');
  }
}

/** @throws InvalidOptionsError if what is asked for is not what is there already */
function verifyUnchanged(option: string, given: unknown, inForce: unknown, verb = 'be'): void {
  const [asked, before] = [JSON.stringify(given), JSON.stringify(inForce)];
  if (asked !== before)
    refuse(SUBJECT, option, `\`${option}\` must ${verb} ${before}, as before, received ${asked}`);
}
