import { type Cost, type Price, priceOf } from '../core/cost.js';
import {
  type FollowedResilience,
  followResilience,
  type ResilienceSource,
} from '../core/resilience-source.js';
import {
  type BreakerSource,
  breakersOf,
  forEachBreaker,
  type InstrumentableBreaker,
  isRegistry,
} from '../core/source.js';
import { BreakerCounts } from './breaker-counts.js';
import { warnOfCost } from './drops.js';
import type { BreakerReading } from './metric.js';
import type { Labels } from './prom-client.js';
import { SUBJECT } from './prom-options.js';

/** What is said of a source when it is instrumented. */
export interface SourceSettings {
  /** Labels that every series of it has. */
  readonly labels: Labels;
  /** What is around its breakers, if that is to be exported. */
  readonly resilience: ResilienceSource | undefined;
  /** What a call costs, if savings are to be exported. */
  readonly cost: Cost | undefined;
}

/** A breaker or a registry that is instrumented: counts what its breakers tell. */
export class CountedSource {
  readonly source: BreakerSource;
  readonly settings: SourceSettings;
  /** How many hold on to it. */
  holders = 0;
  readonly #bounds: readonly number[];
  readonly #counts = new Map<string, BreakerCounts>();
  readonly #stops: (() => void)[];
  readonly #resilience: FollowedResilience | undefined;
  #hasWarnedOfCost = false;

  constructor(source: BreakerSource, settings: SourceSettings, bounds: readonly number[]) {
    this.source = source;
    this.settings = settings;
    this.#bounds = bounds;
    const events: Pick<InstrumentableBreaker, 'on'> = source;
    this.#stops = [
      events.on('success', (call) => this.countsOf(call.breaker).succeeded(call)),
      events.on('failure', (call) => this.countsOf(call.breaker).failed(call)),
      events.on('ignore', ({ breaker }) => this.countsOf(breaker).results.ignored++),
      events.on('reject', (rejection) => this.countsOf(rejection.breaker).rejected(rejection)),
      events.on('fallback', ({ breaker }) => this.countsOf(breaker).fallbacks++),
      events.on('transition', (transition) => this.countsOf(transition.breaker).changed(transition)),
    ];
    if (isRegistry(source)) {
      this.#stops.push(source.on('delete', ({ breaker }) => this.#counts.delete(breaker)));
    }
    this.#resilience = settings.resilience && this.#follow(settings.resilience);
  }

  /** Does something with each of the breakers that there are now, and is told of those with which that failed. */
  readEach(
    run: (breaker: InstrumentableBreaker) => void,
    failed: (breaker: string, error: unknown) => void,
  ): void {
    try {
      forEachBreaker(breakersOf(this.source), run, failed);
    } catch (error) {
      failed('(a registry that cannot be gone through)', error);
    }
  }

  countsOf(breaker: string): BreakerCounts {
    let counts = this.#counts.get(breaker);
    if (counts === undefined) {
      counts = new BreakerCounts({ name: breaker, ...this.settings.labels }, this.#bounds);
      this.#counts.set(breaker, counts);
    }
    return counts;
  }

  /** What is known of a breaker from elsewhere. */
  around(breaker: string): Pick<BreakerReading, 'resilience' | 'price'> {
    return { resilience: this.#resilience?.figuresOf(breaker), price: this.#priceOf(breaker) };
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#resilience?.stop();
    this.#counts.clear();
  }

  /** A function that cannot tell a cost takes what is saved from this breaker, and nothing else. */
  #priceOf(breaker: string): Price | undefined {
    const { cost } = this.settings;
    try {
      return cost === undefined ? undefined : priceOf(cost, breaker, SUBJECT);
    } catch (error) {
      if (!this.#hasWarnedOfCost) warnOfCost(breaker, error);
      this.#hasWarnedOfCost = true;
      return undefined;
    }
  }

  #follow(resilience: ResilienceSource): FollowedResilience {
    const count = (breaker: string, queue: string, ms: number) => this.countsOf(breaker).waited(queue, ms);
    return followResilience(this.source, resilience, {
      wait: ({ breaker, queue, waited }) => count(breaker, queue.replace('-', '_'), waited),
      retry: ({ breaker, delay }) => count(breaker, 'backoff', delay),
    });
  }
}
