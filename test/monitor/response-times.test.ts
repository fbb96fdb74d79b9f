import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, bucketOf, LONGEST, middleOf, RELATIVE_ERROR } from '../../src/monitor/histogram.js';
import { ResponseTimes } from '../../src/monitor/response-times.js';

const PERIOD = 600_000;

/** The smallest duration that at least this share of all is not longer than. */
function exact(durations: readonly number[], share: number): number {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1]!;
}

function timesOf(durations: readonly number[]): ResponseTimes {
  const times = new ResponseTimes(PERIOD, 0);
  for (const duration of durations) times.record(duration, 0);
  return times;
}

/** Durations of every size alike, from 1/8 ms on. */
const inRange = fc.double({ min: -3, max: 20, noNaN: true, maxExcluded: true }).map((power) => 2 ** power);

describe('percentiles', () => {
  test('are as near to the exact ones as is said, between 1/8 ms and 17 minutes', () => {
    fc.assert(
      fc.property(fc.array(inRange, { minLength: 1, maxLength: 300 }), (durations) => {
        const { p50, p90, p99 } = timesOf(durations).percentiles(0)!;

        for (const [share, told] of [
          [0.5, p50],
          [0.9, p90],
          [0.99, p99],
        ] as const) {
          const truth = exact(durations, share);
          expect(Math.abs(told - truth) / truth).toBeLessThanOrEqual(RELATIVE_ERROR);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('are at most 1/128 ms away below 1/8 ms', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.125, noNaN: true }), (duration) => {
        const { p50 } = timesOf([duration]).percentiles(0)!;

        expect(Math.abs(p50 - duration)).toBeLessThanOrEqual(1 / 128);
      }),
    );
  });

  test('never exceed the longest call, nor each other', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1 }), (durations) => {
        const { p50, p90, p99, max } = timesOf(durations).percentiles(0)!;

        expect(max).toBe(Math.max(...durations));
        expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].sort((a, b) => a - b));
      }),
    );
  });

  test('count the calls that they are made of', () => {
    expect(timesOf([1, 2, 3]).percentiles(0)?.count).toBe(3);
  });

  test('are none where there were no calls', () => {
    expect(timesOf([]).percentiles(0)).toBeNull();
  });
});

describe('a bucket', () => {
  test('holds its own middle, and those of its neighbours lie in order', () => {
    const middles = Array.from({ length: BUCKETS }, (_, bucket) => middleOf(bucket));

    expect(middles.map(bucketOf)).toEqual(middles.map((_, bucket) => bucket));
    expect(middles).toEqual([...middles].sort((a, b) => a - b));
  });

  test.each([-1, 0, LONGEST, 1e300, Number.POSITIVE_INFINITY])('is there for %d ms', (ms) => {
    expect(bucketOf(ms)).toBe(ms > 0 ? BUCKETS - 1 : 0);
  });
});

describe('the past', () => {
  function after(passed: number): number | undefined {
    const times = new ResponseTimes(PERIOD, 0);
    times.record(100, 0);
    times.record(1, passed);
    return times.percentiles(passed)?.count;
  }

  test.each<[passed: number, count: number]>([
    [0, 2],
    [PERIOD / 2, 2],
    [PERIOD - 1, 2],
    [PERIOD, 1],
    [100 * PERIOD, 1],
  ])('of a call %d ms ago is forgotten after the period', (passed, count) => {
    expect(after(passed)).toBe(count);
  });

  test('is forgotten when it is read, without a call', () => {
    const times = timesOf([1]);

    expect(times.percentiles(PERIOD)).toBeNull();
  });

  test('takes its longest call along', () => {
    const times = timesOf([100]);
    times.record(1, PERIOD);

    expect(times.percentiles(PERIOD)?.max).toBe(1);
  });

  test('stays where it is when the clock steps back', () => {
    const times = new ResponseTimes(PERIOD, PERIOD);
    times.record(1, PERIOD);
    times.record(1, 0);

    expect(times.percentiles(PERIOD)?.count).toBe(2);
  });

  test('begins at any reading, one before the origin too', () => {
    const times = new ResponseTimes(PERIOD, -10 * PERIOD);
    times.record(1, -10 * PERIOD);

    expect(times.percentiles(-9 * PERIOD)).toBeNull();
  });
});
