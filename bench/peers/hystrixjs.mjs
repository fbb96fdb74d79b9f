import hystrix from 'hystrixjs';

export const configuration =
  'time window of 60 s in 10 buckets (it has no other), trips at more than 50 % of at least 10 calls, timeout 10 s or none, 60 s open; its latency percentiles cannot be off, but with one bucket of 1 s in place of 10 there is nothing that they would be taken of';

let created = 0;

export function create(task, { trips = true, timeout = false, fallback = false } = {}) {
  const builder = hystrix.commandFactory
    .getOrCreate(`bench-${created++}`)
    .run(task)
    .timeout(timeout ? 10_000 : 0)
    .statisticalWindowLength(60_000)
    .statisticalWindowNumberOfBuckets(10)
    .percentileWindowLength(1_000)
    .percentileWindowNumberOfBuckets(1)
    .circuitBreakerErrorThresholdPercentage(trips ? 50 : 101)
    .circuitBreakerRequestVolumeThreshold(10)
    .circuitBreakerSleepWindowInMilliseconds(60_000);
  const command = (fallback ? builder.fallbackTo(() => Promise.resolve(0)) : builder).build();
  return (argument) => command.execute(argument);
}
