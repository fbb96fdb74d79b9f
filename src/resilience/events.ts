import type { OptionDifference } from '../index.js';
import type { Stopped } from './attempts-of.js';

/** How an attempt failed: by an error, or by a value that counts as a failure. */
interface Failed {
  readonly error?: unknown;
  readonly value?: unknown;
}

/** What each event of a {@link Resilience} carries; `breaker` is the name. Durations are milliseconds. */
export interface ResilienceEvents {
  /** A call is about to wait for its next attempt. */
  retry: Failed & {
    readonly breaker: string;
    /** The attempt that failed, from 1. */
    readonly attempt: number;
    /** The wait. */
    readonly delay: number;
    /** What the server asked to wait. */
    readonly retryAfter?: number | undefined;
  };
  /** A call is given up: there is no further attempt. */
  stop: Failed & {
    readonly breaker: string;
    readonly attempts: number;
    readonly reason: Stopped;
    readonly retryAfter?: number | undefined;
  };
  /** A second request is sent beside a slow one. */
  hedge: { readonly breaker: string; readonly attempt: number; readonly delay: number };
  /** An attempt has waited for a place or its turn, whatever came of it. */
  wait: {
    readonly breaker: string;
    readonly queue: 'bulkhead' | 'rate-limit';
    readonly waited: number;
    readonly attempt: number;
  };
  /** An attempt was turned away. */
  reject: {
    readonly breaker: string;
    readonly by: 'breaker' | 'bulkhead' | 'rate-limit';
    readonly error: unknown;
  };
  /** A fallback is about to answer a call. */
  fallback: { readonly breaker: string; readonly error: unknown };
  /** Options were given that differ from those in force; they were not applied. */
  conflict: { readonly breaker: string; readonly options: readonly OptionDifference[] };
}

export const RESILIENCE_EVENTS = [
  'retry',
  'stop',
  'hedge',
  'wait',
  'reject',
  'fallback',
  'conflict',
] as const satisfies readonly (keyof ResilienceEvents)[];
