import type { InstrumentableBreaker } from '../core/target.js';
import type { BreakerCounts } from './breaker-counts.js';
import type { BreakerMetric } from './metrics.js';
import type { PromValue } from './prom-client.js';

/** Why a breaker is not exported. */
export type DropReason = 'max_series' | 'duplicate_name';

/** What a scrape is answered. Breakers come in whole or not at all, and the first ones come first. */
export class Reading {
  /** Breakers that are missing in it. */
  readonly dropped: Record<DropReason, number> = { max_series: 0, duplicate_name: 0 };
  readonly #metrics: readonly BreakerMetric[];
  readonly #maxSeries: number;
  readonly #onDrop: (reason: DropReason, breaker: string) => void;
  readonly #values: readonly PromValue[][];
  readonly #taken = new Map<string, InstrumentableBreaker>();
  #series = 0;

  /** @param maxSeries lines beyond which breakers are dropped, with those that failures may yet bring */
  constructor(
    metrics: readonly BreakerMetric[],
    maxSeries: number,
    onDrop: (reason: DropReason, breaker: string) => void,
  ) {
    this.#metrics = metrics;
    this.#maxSeries = maxSeries;
    this.#onDrop = onDrop;
    this.#values = metrics.map(() => []);
  }

  add(breaker: InstrumentableBreaker, counts: BreakerCounts): void {
    const identity = JSON.stringify(Object.values(counts.labels));
    const other = this.#taken.get(identity);
    if (other === breaker) return; // a breaker on its own, and its registry as well
    if (other !== undefined) {
      this.#drop('duplicate_name', breaker);
      return;
    }
    this.#taken.set(identity, breaker);
    this.#addLines(breaker, counts);
  }

  /** The lines of a metric, by its place in the list. */
  valuesOf(metric: number): readonly PromValue[] {
    return this.#values[metric] ?? [];
  }

  #addLines(breaker: InstrumentableBreaker, counts: BreakerCounts): void {
    const state = { metrics: breaker.metrics, counts };
    const lines = this.#metrics.map((metric) => metric.linesOf(state));
    for (const { length } of lines) this.#series += length;
    // Room for what is to come: no breaker goes, in the middle of an outage, because those before it fail.
    this.#series += counts.typesToCome;
    if (this.#series > this.#maxSeries) {
      this.#drop('max_series', breaker);
      return;
    }
    for (const [index, values] of this.#values.entries()) values.push(...(lines[index] as PromValue[]));
  }

  #drop(reason: DropReason, { name }: InstrumentableBreaker): void {
    this.dropped[reason]++;
    this.#onDrop(reason, name);
  }
}
