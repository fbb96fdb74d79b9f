import Brakes from 'brakes';

export const configuration =
  'time window of 60 s in 10 buckets (it has no other), trips at 50 % of at least 10 calls, timeout 10 s always (it cannot be off), 60 s open';

export function create(task, { trips = true, fallback = false } = {}) {
  const brake = new Brakes(task, {
    isPromise: true,
    bucketSpan: 6_000,
    bucketNum: 10,
    waitThreshold: trips ? 10 : Number.MAX_SAFE_INTEGER,
    threshold: 0.5,
    timeout: 10_000,
    circuitDuration: 60_000,
    registerGlobal: false,
  });
  if (fallback) brake.fallback(() => Promise.resolve(0), true);
  return (argument) => brake.exec(argument);
}
