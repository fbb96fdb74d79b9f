import { describe, expect, it } from 'vitest';
import { CallRing, FAILED, OK, REFUSED, SLOW } from '../../src/dashboard/ring.js';

const START = 1_000_000_000_000;

describe('a ring of calls', () => {
  it('keeps five minutes, the oldest first', () => {
    const ring = new CallRing(START);
    ring.record(OK, 1, START);
    ring.record(REFUSED, Number.NaN, START + 299_999);

    const spark = ring.spark(START + 299_999);

    expect(spark.slice(0, 4)).toEqual([1, 0, 0, 0]);
    expect(spark.slice(-4)).toEqual([0, 0, 0, 1]);
  });

  it('forgets what is older', () => {
    const ring = new CallRing(START);
    ring.record(FAILED, 1, START);

    expect(ring.spark(START + 300_000).some((count) => count > 0)).toBe(false);
    expect(ring.heat(START + 300_000).some((count) => count > 0)).toBe(false);
  });

  it('forgets all of it at once after any time', () => {
    const ring = new CallRing(START);
    for (let at = 0; at < 300_000; at += 1_000) ring.record(SLOW, 1, START + at);

    expect(ring.spark(START + 1e10)).toEqual(Array(240).fill(0));
  });

  it.each([
    [0, 0],
    [1, 0],
    [1.01, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [1_000, 10],
    [1_024, 10],
    [1_025, 11],
    [32_768, 15],
    [1e9, 15],
  ])('counts a call of %s ms in the power of two number %s', (duration, power) => {
    const ring = new CallRing(START);

    ring.record(OK, duration, START);

    expect(ring.heat(START).slice(-16).indexOf(1)).toBe(power);
  });

  it('times neither what was refused nor what was not timed', () => {
    const ring = new CallRing(START);
    ring.record(OK, Number.NaN, START);
    ring.record(REFUSED, Number.NaN, START);

    expect(ring.heat(START).some((count) => count > 0)).toBe(false);
    expect(ring.bucket(ring.newest(START))).toEqual([1, 0, 0, 1]);
  });

  it('tells rates that slide over five seconds', () => {
    const ring = new CallRing(START);
    for (let i = 0; i < 10; i++) ring.record(OK, 1, START);
    ring.record(FAILED, 1, START + 2_000);

    expect(ring.rates(START + 2_000)).toEqual({ ok: 2, failed: 0.2, rejected: 0 });
    expect(ring.rates(START + 5_250)).toEqual({ ok: 1, failed: 0.2, rejected: 0 });
    expect(ring.rates(START + 5_500)).toEqual({ ok: 0, failed: 0.2, rejected: 0 });
    expect(ring.rates(START + 60_000)).toEqual({ ok: 0, failed: 0, rejected: 0 });
  });

  it('takes a clock that goes back for one that stands still', () => {
    const ring = new CallRing(START);

    ring.record(OK, 1, START - 100_000);

    expect(ring.spark(START).slice(-4)).toEqual([1, 0, 0, 0]);
  });
});
