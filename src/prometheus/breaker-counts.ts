import { failureTypeOf, valueTypeOf } from '../core/failure-type.js';
import {
  type CallEvent,
  CircuitState,
  isCallTimeoutError,
  type RejectEvent,
  type RejectionReason,
  type Transition,
} from '../index.js';
import { DurationCounts } from './duration-counts.js';
import type { Labels } from './prom-client.js';

/** Types of failures that one breaker may count apart. */
const MOST_TYPES = 20;
/** What failures count under that tell no type, and those of types beyond the limit. */
const OTHER_TYPE = 'other';

/** The ways in which a call ends. */
export const RESULTS = ['success', 'failure', 'timeout', 'ignored', 'rejected'] as const;

/** The reasons of rejections. Only a detector ramps. */
const REASONS: Readonly<Record<RejectionReason | 'ramp', 0>> = {
  open: 0,
  'half-open': 0,
  'forced-open': 0,
  concurrency: 0,
  ramp: 0,
};

/** Where calls wait that are retried or limited. */
export const QUEUES = ['bulkhead', 'rate_limit', 'backoff'] as const;

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
  readonly rejections: Record<keyof typeof REASONS, number> = { ...REASONS };
  fallbacks = 0;
  wouldReject = 0;
  /** How long calls took. */
  readonly durations: DurationCounts;
  /** How long calls waited, by queue. */
  readonly waits = new Map<string, DurationCounts>();
  readonly #bounds: readonly number[];

  /** @param bounds upper bounds of the histograms in seconds, in increasing order */
  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.durations = new DurationCounts(bounds);
  }

  /** Types of failures that there may still be, the one for all others among them. */
  get typesToCome(): number {
    return MOST_TYPES + 1 - this.failures.size;
  }

  succeeded({ duration }: CallEvent): void {
    this.results.success++;
    this.durations.add(duration);
  }

  failed(failure: CallEvent): void {
    this.results[isCallTimeoutError(failure.error) ? 'timeout' : 'failure']++;
    this.durations.add(failure.duration);
    const type = typeOf(failure);
    const isKnown = this.failures.has(type) || this.failures.size < MOST_TYPES;
    increment(this.failures, isKnown ? type : OTHER_TYPE);
  }

  rejected({ reason, observed }: RejectEvent): void {
    if (observed) {
      this.wouldReject++;
      return;
    }
    this.results.rejected++;
    this.rejections[reason]++;
  }

  changed(transition: Transition): void {
    const index = TRANSITIONS.findIndex(({ from, to }) => from === transition.from && to === transition.to);
    this.transitions[index] = (this.transitions[index] as number) + 1;
  }

  /** A call has waited in one of `QUEUES`. */
  waited(queue: string, milliseconds: number): void {
    if (!(QUEUES as readonly string[]).includes(queue)) return;
    const counts = this.waits.get(queue) ?? new DurationCounts(this.#bounds);
    this.waits.set(queue, counts);
    counts.add(milliseconds);
  }
}

function typeOf(failure: CallEvent): string {
  if (!Object.hasOwn(failure, 'error')) return valueTypeOf(failure.value);
  return failureTypeOf(failure.error) ?? OTHER_TYPE;
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
