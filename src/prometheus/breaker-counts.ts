import { failureTypeOf } from '../core/failure-type.js';
import {
  type CallEvent,
  CircuitState,
  isCallTimeoutError,
  type RejectEvent,
  type Transition,
} from '../index.js';
import type { Labels } from './prom-client.js';

/** Types of failures that one breaker may count apart. */
const MOST_TYPES = 20;
/** What failures count under that tell no type, and those of types beyond the limit. */
const OTHER_TYPE = 'other';

/** The ways in which a call ends. */
export const RESULTS = ['success', 'failure', 'timeout', 'ignored', 'rejected'] as const;

/** The changes of state that there are. */
export const TRANSITIONS = Object.values(CircuitState).flatMap((from) =>
  Object.values(CircuitState)
    .filter((to) => to !== from)
    .map((to) => ({ from, to })),
);

/**
 * What has happened to one breaker since it was instrumented. It counts events and nothing else, so that the counts
 * only grow, whatever `reset()` and `restore()` make of the breaker's own figures. Its size is fixed but for the types
 * of failures, of which there is a limit.
 */
export class BreakerCounts {
  readonly labels: Labels;
  readonly results: Record<(typeof RESULTS)[number], number> = {
    success: 0,
    failure: 0,
    timeout: 0,
    ignored: 0,
    rejected: 0,
  };
  /** As in `TRANSITIONS`. */
  readonly transitions: number[] = TRANSITIONS.map(() => 0);
  readonly failures = new Map<string, number>();
  fallbacks = 0;
  wouldReject = 0;
  /** Calls by duration: one count for each bound, of those that are within it and not within the one before. */
  readonly durations: number[];
  /** Calls that have a duration, those beyond the last bound among them, and the seconds that they took together. */
  timed = 0;
  seconds = 0;
  readonly #bounds: readonly number[];

  /** @param bounds upper bounds of the histogram in seconds, in increasing order */
  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.durations = bounds.map(() => 0);
  }

  /** Types of failures that there may still be, the one for all others among them. */
  get typesToCome(): number {
    return MOST_TYPES + 1 - this.failures.size;
  }

  succeeded({ duration }: CallEvent): void {
    this.results.success++;
    this.#time(duration);
  }

  failed(failure: CallEvent): void {
    this.results[isCallTimeoutError(failure.error) ? 'timeout' : 'failure']++;
    this.#time(failure.duration);
    const type = Object.hasOwn(failure, 'error') ? (failureTypeOf(failure.error) ?? OTHER_TYPE) : 'value';
    const isKnown = this.failures.has(type) || this.failures.size < MOST_TYPES;
    increment(this.failures, isKnown ? type : OTHER_TYPE);
  }

  rejected({ observed }: RejectEvent): void {
    if (observed) this.wouldReject++;
    else this.results.rejected++;
  }

  changed(transition: Transition): void {
    const index = TRANSITIONS.findIndex(({ from, to }) => from === transition.from && to === transition.to);
    this.transitions[index] = (this.transitions[index] as number) + 1;
  }

  /** A duration is `NaN` for a call that began before anybody listened, and negative where a clock went back. */
  #time(milliseconds: number): void {
    if (!(milliseconds >= 0)) return;
    const seconds = milliseconds / 1_000;
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] as number)) index++;
    if (index < bounds.length) this.durations[index] = (this.durations[index] as number) + 1;
    this.timed++;
    this.seconds += seconds;
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
