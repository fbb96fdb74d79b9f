import Brakes from 'brakes';

export const configuration =
  'time window of 60 s in 10 buckets (it has no other), trips below 50 % successes of at least 10 calls, timeout 10 s always (it cannot be off), 60 s open; its snapshots of latency percentiles cannot be off, and are taken every 24 days in place of 1.2 s; its name is not written into errors, as it is by default';

/** The longest interval that a timer can have. */
const SELDOM = 2 ** 31 - 1;

export function create(task, { trips = true, fallback = false } = {}) {
  const brake = new Brakes(task, {
    isPromise: true,
    bucketSpan: 6_000,
    bucketNum: 10,
    waitThreshold: 9, // it needs one more
    threshold: trips ? 0.5 : 0,
    timeout: 10_000,
    circuitDuration: 60_000,
    statInterval: SELDOM,
    modifyError: false,
    registerGlobal: false,
  });
  if (fallback) brake.fallback(() => Promise.resolve(0), true);
  return (argument) => brake.exec(argument);
}
