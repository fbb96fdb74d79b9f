import { readDetector } from '../core/detector-figures.js';
import type { InstrumentableBreaker } from '../core/source.js';
import { QUEUES } from './breaker-counts.js';
import type { CountedSource } from './counted-source.js';
import type { DropReason } from './drops.js';
import type { BreakerMetric, BreakerReading } from './metric.js';
import type { PromValue } from './prom-client.js';

/** Is told of each breaker that is left out; the last is what was thrown, if that is why. */
export type OnDrop = (reason: DropReason, breaker: string, error?: unknown) => void;

/** What is read of all breakers, and how much of it may be shown. */
export interface ReadingLimits {
  /** Lines beyond which breakers are dropped, with those that failures may yet bring. */
  readonly maxSeries: number;
  /** Bounds of the histograms. */
  readonly bounds: number;
}

/** What a scrape is answered. Breakers come in whole or not at all, and the first ones come first. */
export class Reading {
  /** Breakers that are missing in it. */
  readonly dropped: Record<DropReason, number> = { max_series: 0, duplicate_name: 0, unreadable: 0 };
  readonly #metrics: readonly BreakerMetric[];
  readonly #limits: ReadingLimits;
  readonly #onDrop: OnDrop;
  readonly #values: readonly PromValue[][];
  readonly #taken = new Map<string, InstrumentableBreaker>();
  #series = 0;

  constructor(metrics: readonly BreakerMetric[], limits: ReadingLimits, onDrop: OnDrop) {
    this.#metrics = metrics;
    this.#limits = limits;
    this.#onDrop = onDrop;
    this.#values = metrics.map(() => []);
  }

  /** Adds the breakers of a source. One that cannot be read takes nothing from the others. */
  addAll(source: CountedSource): void {
    source.readEach(
      (breaker) => this.#add(breaker, source),
      (breaker, error) => this.#drop('unreadable', breaker, error),
    );
  }

  /** The lines of a metric, by its place in the list. */
  valuesOf(metric: number): readonly PromValue[] {
    return this.#values[metric] ?? [];
  }

  #add(breaker: InstrumentableBreaker, source: CountedSource): void {
    const { name } = breaker;
    const counts = source.countsOf(name);
    const identity = JSON.stringify(Object.values(counts.labels));
    const other = this.#taken.get(identity);
    if (other === breaker) return; // a breaker on its own, and its registry as well
    if (other !== undefined) {
      this.#drop('duplicate_name', name);
      return;
    }
    const { metrics } = breaker;
    const reading = { metrics, counts, detector: readDetector(metrics), ...source.around(name) };
    const lines = this.#metrics.map((metric) => metric.linesOf(reading));
    this.#taken.set(identity, breaker);
    this.#addLines(name, lines, this.#linesToCome(reading));
  }

  #addLines(name: string, lines: readonly PromValue[][], toCome: number): void {
    for (const { length } of lines) this.#series += length;
    this.#series += toCome;
    if (this.#series > this.#limits.maxSeries) {
      this.#drop('max_series', name);
      return;
    }
    for (const [index, values] of this.#values.entries()) values.push(...(lines[index] as PromValue[]));
  }

  /** Room for what is to come: no breaker goes, in the middle of an outage, because those before it fail. */
  #linesToCome({ counts, resilience }: BreakerReading): number {
    if (resilience === undefined) return counts.typesToCome;
    return counts.typesToCome + (QUEUES.length - counts.waits.size) * (this.#limits.bounds + 3);
  }

  #drop(reason: DropReason, breaker: string, error?: unknown): void {
    this.dropped[reason]++;
    this.#onDrop(reason, breaker, error);
  }
}
