import type { CircuitMetrics } from '../index.js';
import type { Explanation } from './explanation.js';
import type { MonitoredBreaker } from './follow.js';
import type { TransitionRecord, UncountedCalls } from './records.js';

/** What is known of a breaker. */
export interface Knowledge {
  readonly facts: Omit<Explanation, 'text' | 'why'>;
  readonly settings: MonitoredBreaker['options'];
  readonly metrics: CircuitMetrics;
  /** How an outage began, where a history has seen it. */
  readonly beginning: { readonly record: TransitionRecord; readonly ago: number } | undefined;
  /** Calls of the present stay that were no failures, where a history has counted them. */
  readonly uncounted: UncountedCalls | undefined;
}
