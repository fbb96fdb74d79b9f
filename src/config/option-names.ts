/** The options that JSON and variables can say. */

/** Those of a breaker. */
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

/** An option of a breaker that JSON can say. */
export type BreakerOption = (typeof BREAKER_OPTIONS)[number];
