import { type CircuitTotals, createTotals } from './metrics.js';
import type { OutcomeKind } from './outcome.js';

/** Counts calls: those in flight, and the lifetime totals, which only grow. */
export class Tally {
  inFlight = 0;
  readonly #totals = createTotals();

  started(): void {
    this.inFlight++;
    this.#totals.calls++;
  }

  succeeded(slow: boolean): void {
    this.inFlight--;
    if (slow) this.#totals.slow++;
    this.#totals.successes++;
  }

  settled(kind: OutcomeKind, slow: boolean, timedOut: boolean): void {
    const totals = this.#totals;
    this.inFlight--;
    if (slow) totals.slow++;
    if (kind === 'success') totals.successes++;
    else if (kind === 'ignored') totals.ignored++;
    else {
      totals.failures++;
      if (timedOut) totals.timeouts++;
    }
  }

  count(what: 'rejected' | 'wouldReject' | 'fallbacks' | 'opened'): void {
    this.#totals[what]++;
  }

  /** The totals as they are now. */
  get totals(): CircuitTotals {
    return { ...this.#totals };
  }

  /** Raises the totals to those of a snapshot, where they are less. */
  raise(totals: CircuitTotals): void {
    for (const key of Object.keys(totals) as (keyof CircuitTotals)[]) {
      this.#totals[key] = Math.max(this.#totals[key], totals[key]);
    }
  }
}
