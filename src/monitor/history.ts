import type { Explanation } from './explanation.js';
import type { FailureRecord, TransitionRecord, UncountedCalls } from './records.js';
import type { Report } from './report-data.js';
import type { Percentiles } from './response-times.js';

/** What has happened to circuit breakers. Lists are copies, the newest member first. */
export interface History {
  /** The last failures of one breaker, or of all; at most so many. */
  failures(breaker?: string, most?: number): FailureRecord[];
  /** The last changes of state of one breaker, or of all; at most so many. */
  transitions(breaker?: string, most?: number): TransitionRecord[];
  /** When a breaker that is not CLOSED left CLOSED, if that was seen. */
  opening(breaker: string): TransitionRecord | undefined;
  /** Calls of the present stay that did not count as failures, though something was thrown. */
  uncounted(breaker: string): UncountedCalls | undefined;
  /** The words with which a breaker was forced while it was OPEN already, as long as that lasts. */
  words(breaker: string): string | undefined;
  /** Response times of calls that succeeded or failed lately; `null` where there were none. */
  percentiles(breaker: string): Percentiles | null;
  /** How a breaker is, and why; `undefined` for one that is not there. */
  explain(breaker: string): Explanation | undefined;
  /** How all breakers are, the worst first. */
  report(): Report;
  /** Ends the listening, and forgets all but the failures and changes of state that were kept until then. */
  stop(): void;
}

/** What a report asks a history. */
export type ReportedHistory = Pick<History, 'failures' | 'transitions' | 'opening' | 'percentiles'> &
  Partial<Pick<History, 'uncounted' | 'words'>>;
