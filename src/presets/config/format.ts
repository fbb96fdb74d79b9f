/** The options of a breaker as they are written in JSON. */
import type { BackoffOptions, WindowOptions } from '../../index.js';

/** A recovery time that grows with each attempt, as JSON: see `exponentialBackoff`. */
export type ConfigBackoff = Omit<BackoffOptions, 'random'>;

/** The options of a breaker that can be written as JSON. Durations are milliseconds, ratios are from 0 to 1. */
export interface ConfigOptions {
  /** Consecutive failures that trip, at least 1; `false` turns the rule off. */
  failureThreshold?: number | false | undefined;
  /** Share of failures in the window that trips, inclusive; `false` turns the rule off. */
  failureRateThreshold?: number | false | undefined;
  /** A call that took at least this long, in ms, is slow; `false` watches no durations. */
  slowCallDuration?: number | false | undefined;
  /** Share of slow calls in the window that trips, inclusive; only with `slowCallDuration`. */
  slowCallRateThreshold?: number | undefined;
  /** Settled calls that the window needs before a rate is judged, at least 1, at most a count window's size. */
  minimumCalls?: number | undefined;
  /** The calls that rates are taken over. It is replaced as a whole, never merged. */
  window?: WindowOptions | undefined;
  /** Time spent OPEN, in ms, at least 0, or one that grows with each attempt. */
  recoveryTimeout?: number | ConfigBackoff | undefined;
  /** Probes in flight at once, at least 1. */
  halfOpenMaxCalls?: number | undefined;
  /** Probe successes that close, at least 1. */
  successThreshold?: number | undefined;
  /** Milliseconds after which a probe that has not settled may be given up, at least 0. */
  probeTimeout?: number | undefined;
  /** Milliseconds, 0 to 2,147,483,647, after which a call rejects; `false` for none. */
  callTimeout?: number | false | undefined;
  /** Calls in flight beyond which calls are rejected, at least 1. JSON has no infinity, so the word stands for it. */
  maxConcurrentCalls?: number | 'Infinity' | undefined;
  /** The errors that the fallback answers. */
  fallbackOn?: 'rejection' | 'failure' | 'any' | undefined;
  /** Whether rejections carry a stack. */
  rejectionStackTrace?: boolean | undefined;
  /** `observe` decides and reports as ever but rejects no call. */
  mode?: 'active' | 'observe' | undefined;
  /**
   * Options of a detector, for the `adaptive` that is handed in beside the configuration; `false` for none. It brings
   * defaults of its own, which go before those of the presets and of less specific layers.
   */
  detector?: object | false | undefined;
}

/** Makes a detector of its options as JSON: `adaptive` of recloser/adaptive. */
export type Adaptive = (options?: never) => object;
