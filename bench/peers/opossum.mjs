import CircuitBreaker from 'opossum';

export const configuration =
  'time window of 60 s in 10 buckets (it has no other), trips at more than 50 % of at least 10 calls, timeout 10 s or none, 60 s open; latency percentiles and snapshots off: they are on by default, and each failure then sorts all latencies of the window';

export function create(task, { trips = true, timeout = false, fallback = false } = {}) {
  const breaker = new CircuitBreaker(task, {
    timeout: timeout && 10_000,
    errorThresholdPercentage: trips ? 50 : 101,
    volumeThreshold: 10,
    rollingCountTimeout: 60_000,
    rollingCountBuckets: 10,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    resetTimeout: 60_000,
  });
  if (fallback) breaker.fallback(() => 0);
  return (argument) => breaker.fire(argument);
}
