import { breakersOf, type InstrumentableBreaker, isRegistry, type Target } from '../core/target.js';
import { BreakerCounts } from './breaker-counts.js';
import type { Labels } from './prom-client.js';

/** A breaker or a registry that is instrumented: counts what its breakers tell. */
export class Source {
  readonly target: Target;
  /** Labels that every series of it has. */
  readonly labels: Labels;
  /** How many hold on to it. */
  holders = 0;
  readonly #bounds: readonly number[];
  readonly #counts = new Map<string, BreakerCounts>();
  readonly #unsubscribe: (() => void)[];

  constructor(target: Target, labels: Labels, bounds: readonly number[]) {
    this.target = target;
    this.labels = labels;
    this.#bounds = bounds;
    const calls: Pick<InstrumentableBreaker, 'on'> = target;
    this.#unsubscribe = [
      calls.on('success', (call) => this.countsOf(call.breaker).succeeded(call)),
      calls.on('failure', (call) => this.countsOf(call.breaker).failed(call)),
      calls.on('ignore', ({ breaker }) => this.countsOf(breaker).results.ignored++),
      calls.on('reject', (rejection) => this.countsOf(rejection.breaker).rejected(rejection)),
      calls.on('fallback', ({ breaker }) => this.countsOf(breaker).fallbacks++),
      calls.on('transition', (transition) => this.countsOf(transition.breaker).changed(transition)),
    ];
    if (isRegistry(target)) {
      this.#unsubscribe.push(target.on('delete', ({ breaker }) => this.#counts.delete(breaker)));
    }
  }

  /** The breakers that there are now. */
  get breakers(): Iterable<InstrumentableBreaker> {
    return breakersOf(this.target);
  }

  countsOf(breaker: string): BreakerCounts {
    let counts = this.#counts.get(breaker);
    if (counts === undefined) {
      counts = new BreakerCounts({ name: breaker, ...this.labels }, this.#bounds);
      this.#counts.set(breaker, counts);
    }
    return counts;
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#counts.clear();
  }
}
