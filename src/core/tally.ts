import { type CircuitTotals, createTotals } from './metrics.js';
import type { OutcomeKind } from './outcome.js';

const TOTALS = Object.keys(createTotals()) as (keyof CircuitTotals)[];

/** Counts calls: those in flight, the places that they take, and the lifetime totals, which only grow. */
export class Tally implements CircuitTotals {
  inFlight = 0;
  /** Of the places that `maxConcurrentCalls` counts, those that are taken. */
  places = 0;
  calls = 0;
  successes = 0;
  failures = 0;
  timeouts = 0;
  slow = 0;
  ignored = 0;
  rejected = 0;
  wouldReject = 0;
  fallbacks = 0;
  opened = 0;

  /** What a call that has ended comes to; until then it counts as ignored. */
  settled(kind: OutcomeKind, slow: boolean, timedOut: boolean): void {
    if (kind === 'ignored') return;
    this.ignored--;
    if (slow) this.slow++;
    if (kind === 'success') this.successes++;
    else {
      this.failures++;
      if (timedOut) this.timeouts++;
    }
  }

  /** The totals as they are now. */
  get totals(): CircuitTotals {
    return createTotals(this);
  }

  /** The same for a snapshot, which holds nothing that JSON cannot tell exactly. */
  get exactTotals(): CircuitTotals {
    const totals = createTotals();
    for (const key of TOTALS) totals[key] = Math.min(this[key], Number.MAX_SAFE_INTEGER);
    return totals;
  }

  /** Raises the totals to those of a snapshot, where they are less. */
  raise(totals: CircuitTotals): void {
    for (const key of TOTALS) this[key] = Math.max(this[key], totals[key]);
  }
}
