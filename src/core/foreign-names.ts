/**
 * What opossum, cockatiel, resilience4j, Polly and gobreaker call our options: only names for which the nearest of our
 * own would mislead.
 */
const FOREIGN_NAMES: Readonly<Record<string, string>> = {
  callTimeout: 'timeoutDuration',
  excludedErrors: 'errorFilter ignoreException ignoreExceptionPredicate ignoreExceptions isExcluded',
  failureRateThreshold: 'failureRatio threshold',
  'failureRateThreshold: 0.5': 'errorThresholdPercentage',
  failureThreshold: 'breaker handledEventsAllowedBeforeBreaking maxFailures',
  halfOpenMaxCalls: 'maxRequests permittedNumberOfCallsInHalfOpenState',
  isFailure: 'handleResult recordFailurePredicate shouldHandle',
  'isFailure, which is true for a failure': 'isSuccessful',
  maxConcurrentCalls: 'bulkhead capacity',
  minimumCalls: 'allowWarmUp volumeThreshold',
  'mode: observe': 'enabled',
  onTransition: 'onStateChange',
  probeTimeout: 'maxWaitDurationInHalfOpenState',
  recoveryTimeout:
    'breakDuration cooldown cooldownMs durationOfBreak halfOpenAfter resetTimeoutMs waitDurationInOpenState',
  'retry of recloser/resilience': 'maxRetries retries retry',
  slowCallDuration: 'slowCallDurationThreshold',
  snapshot: 'initialState',
  trackedErrors: 'recordException recordExceptions',
  'window.buckets': 'rollingCountBuckets',
  'window.duration': 'duration interval rollingCountTimeout samplingDuration',
  'window.size': 'slidingWindowSize',
  'window.type': 'slidingWindowType',
};

/** What of ours somebody means who writes an option of another library; with its unit where that differs. */
export function ownNameOf(foreign: string): string | undefined {
  return Object.keys(FOREIGN_NAMES).find((own) => FOREIGN_NAMES[own]?.split(' ').includes(foreign));
}
