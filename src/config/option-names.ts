/** The options that JSON and variables can say. */

/** Those of a breaker that the core checks. */
export const BREAKER_OPTIONS = [
  'failureThreshold',
  'failureRateThreshold',
  'slowCallDuration',
  'slowCallRateThreshold',
  'minimumCalls',
  'window',
  'recoveryTimeout',
  'halfOpenMaxCalls',
  'successThreshold',
  'probeTimeout',
  'callTimeout',
  'maxConcurrentCalls',
  'fallbackOn',
  'rejectionStackTrace',
  'mode',
] as const;

/** The option of a breaker that is made of JSON by what the code hands in: `adaptive` of recloser/adaptive. */
export const DETECTOR_OPTION = 'detector';

/** Those of what stands around a breaker, which recloser/resilience reads. */
export const RESILIENCE_OPTIONS = [
  'retry',
  'totalTimeout',
  'bulkhead',
  'rateLimit',
  'retryBudget',
  'hedge',
] as const;

/** The same, with what no variable says. */
export const AROUND_OPTIONS: readonly string[] = /* @__PURE__ */ [].concat(
  RESILIENCE_OPTIONS as never,
  'breakerCounts' as never,
);

/** All that variables can say. */
export const VARIABLE_OPTIONS: readonly string[] = /* @__PURE__ */ [].concat(
  BREAKER_OPTIONS as never,
  DETECTOR_OPTION as never,
  RESILIENCE_OPTIONS as never,
);

/** An option of a breaker that JSON can say, and that the core checks. */
export type BreakerOption = (typeof BREAKER_OPTIONS)[number];
