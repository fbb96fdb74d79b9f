/** What `status` counts, and what a bucket of it holds. */
export interface Bucket {
  failures: number;
  fallbacks: number;
  successes: number;
  rejects: number;
  fires: number;
  timeouts: number;
  cacheHits: number;
  cacheMisses: number;
  coalesceCacheHits: number;
  coalesceCacheMisses: number;
  semaphoreRejections: number;
  percentiles: { [percentile: number]: number };
  /** Milliseconds; at most 1,000 in a bucket, a fair sample beyond. */
  latencyTimes: number[];
  isCircuitBreakerOpen?: boolean;
}

export type Window = Bucket[];

export interface Stats extends Bucket {
  /** Milliseconds; -1 where no percentiles are taken. */
  latencyMean: number;
}

export type Counted = Exclude<keyof Bucket, 'percentiles' | 'latencyTimes' | 'isCircuitBreakerOpen'>;

export const createBucket = (): Bucket => ({
  failures: 0,
  fallbacks: 0,
  successes: 0,
  rejects: 0,
  fires: 0,
  timeouts: 0,
  cacheHits: 0,
  cacheMisses: 0,
  coalesceCacheHits: 0,
  coalesceCacheMisses: 0,
  semaphoreRejections: 0,
  percentiles: {},
  latencyTimes: [],
});

const COUNTED = Object.keys(createBucket()).filter(
  (key) => key !== 'percentiles' && key !== 'latencyTimes',
) as Counted[];

const PERCENTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 1];

/** The sum of buckets. */
export function sum(buckets: Iterable<Bucket | undefined>, takesPercentiles: boolean): Stats {
  const stats: Stats = { ...createBucket(), latencyMean: -1 };
  for (const bucket of buckets) {
    if (bucket === undefined) continue;
    for (const key of COUNTED) stats[key] += bucket[key] || 0;
    if (takesPercentiles) for (const latency of bucket.latencyTimes ?? []) stats.latencyTimes.push(latency);
  }
  const { latencyTimes, percentiles } = stats;
  latencyTimes.sort((a, b) => a - b);
  if (takesPercentiles) {
    stats.latencyMean = latencyTimes.reduce((a, b) => a + b, 0) / (latencyTimes.length || 1);
  }
  for (const share of PERCENTILES) {
    const index = Math.max(Math.ceil(share * latencyTimes.length) - 1, 0);
    percentiles[share] = takesPercentiles ? (latencyTimes[index] ?? 0) : -1;
  }
  return stats;
}
