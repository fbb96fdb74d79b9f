import { describe, expect, test } from 'vitest';
import { TimeWindow } from '../../src/core/time-window.js';
import type { WindowSnapshot } from '../../src/core/window.js';

type TimeSnapshot = WindowSnapshot & { type: 'time' };

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** What is in the window at a reading. */
function at(window: TimeWindow, now: number) {
  window.advance(now);
  const { calls, failures, slowCalls } = window;
  return { calls, failures, slowCalls };
}

const nothing = { calls: 0, failures: 0, slowCalls: 0 };

describe('TimeWindow', () => {
  test('is empty at first', () => {
    expect(at(new TimeWindow(1_000, 10), 5_000)).toEqual(nothing);
  });

  test('counts calls, failures and slow calls apart', () => {
    const window = new TimeWindow(1_000, 10);

    window.record(false, false, 0);
    window.record(true, false, 0);
    window.record(false, true, 50);
    window.record(true, true, 150);

    expect(at(window, 150)).toEqual({ calls: 4, failures: 2, slowCalls: 2 });
  });

  test.each([
    ['a millisecond', 1, 1],
    ['a bucket', 100, 1],
    ['all buckets but one', 900, 1],
    ['all buckets', 1_000, 0],
    ['a millisecond more than all buckets', 1_001, 0],
    ['an hour', HOUR, 0],
    ['an hour less a millisecond', HOUR - 1, 0],
    ['a year', YEAR, 0],
    ['ten thousand years', 10_000 * YEAR, 0],
  ])('holds after %s without a call what is not too old', (_, idle, calls) => {
    const window = new TimeWindow(1_000, 10);
    window.record(true, true, 5_000);

    expect(at(window, 5_000 + idle)).toEqual({ calls, failures: calls, slowCalls: calls });
  });

  test('does not move one bucket per call: after an idle hour nothing old is left', () => {
    const window = new TimeWindow(1_000, 10);
    for (let i = 0; i < 10; i++) window.record(true, true, i * 100);

    window.record(false, false, HOUR);

    expect(at(window, HOUR)).toEqual({ calls: 1, failures: 0, slowCalls: 0 });
  });

  test('forgets bucket by bucket', () => {
    const window = new TimeWindow(1_000, 10);
    for (let i = 0; i < 10; i++) window.record(true, false, i * 100);

    const left = [950, 1_000, 1_099, 1_100, 1_550, 1_899, 1_900].map((now) => at(window, now).calls);

    expect(left).toEqual([10, 9, 9, 8, 4, 1, 0]);
  });

  test('skips buckets in which nothing happened', () => {
    const window = new TimeWindow(1_000, 10);
    window.record(true, false, 0);
    window.record(true, false, 450);

    expect(at(window, 1_399).calls).toBe(1);
    expect(at(window, 1_400).calls).toBe(0);
  });

  test.each([-12_345, -1_000, -950, -1, -0.5])('takes negative readings such as %d', (start) => {
    const window = new TimeWindow(1_000, 10);
    window.record(true, true, start);

    expect(at(window, start + 899).calls).toBe(1);
    expect(at(window, start + 1_000)).toEqual(nothing);
  });

  test('passes from negative readings over 0', () => {
    const window = new TimeWindow(1_000, 10);
    for (let now = -950; now < 1_000; now += 100) window.record(true, false, now);

    expect(at(window, 950).calls).toBe(10);
  });

  test('counts without end while the clock stands still', () => {
    const window = new TimeWindow(1_000, 10);

    for (let i = 0; i < 10_000; i++) window.record(i % 2 === 0, false, 777);

    expect(at(window, 777)).toEqual({ calls: 10_000, failures: 5_000, slowCalls: 0 });
  });

  test('stays where it is when the clock steps back', () => {
    const window = new TimeWindow(1_000, 10);
    window.record(true, false, HOUR);

    window.record(true, false, HOUR - 1_000);

    expect(at(window, HOUR - 1_000).calls).toBe(2);
    expect(at(window, HOUR + 899).calls).toBe(2);
    expect(at(window, HOUR + 1_000).calls).toBe(0);
  });

  test.each([0, -HOUR, HOUR / 2 + 250])('goes on from there when the clock begins anew, at %d', (start) => {
    const window = new TimeWindow(1_000, 10);
    window.record(true, false, HOUR);

    window.record(true, false, start);
    const fresh = new TimeWindow(1_000, 10);
    fresh.record(true, false, start);
    fresh.record(true, false, start);

    expect(at(window, start + 899).calls).toBe(2);
    expect(window.snapshot(start + 899)).toEqual(fresh.snapshot(start + 899));
    expect(at(window, start + 1_000).calls).toBe(0);
  });

  test.each([1_000 * HOUR, 1e308])('forgets as ever after a reading that was far ahead: %d', (ahead) => {
    const window = new TimeWindow(1_000, 10);
    window.record(true, false, HOUR);
    window.record(true, false, ahead);

    window.record(true, false, HOUR + 1);

    expect(at(window, HOUR + 899).calls).toBe(2);
    expect(at(window, HOUR + 1_000).calls).toBe(0);
  });

  test.each([
    [1_000, 10],
    [1_000, 1],
    [100_000, 100],
    [60_000, 10],
    [60_000, 60],
    [1_000, 7],
    [7, 7],
    [1, 1],
    [10, 10_000],
  ])(
    'covers between its duration less a bucket and its duration: %d ms in %d buckets',
    (duration, buckets) => {
      const width = duration / buckets;
      const slack = width * 1e-6;

      for (let i = 0; i < 300; i++) {
        const now = i * width * 0.75;
        const window = new TimeWindow(duration, buckets);
        window.record(true, false, now);
        expect(at(window, now + duration - width - slack).calls).toBe(1);
        expect(at(window, now + duration + slack).calls).toBe(0);
      }
    },
  );

  test.each([
    [100_000, 100],
    [60_000, 60],
    [60_000, 10],
    [29_000, 29],
  ])('has its buckets begin at whole multiples of their width: %d ms in %d buckets', (duration, buckets) => {
    const width = duration / buckets;

    for (let i = 0; i < 500; i++) {
      const window = new TimeWindow(duration, buckets);
      window.record(true, false, i * width);
      expect([i, at(window, i * width + duration - 1).calls]).toEqual([i, 1]);
      expect([i, at(window, i * width + duration).calls]).toEqual([i, 0]);
    }
  });

  test('agrees with counting by hand', () => {
    const window = new TimeWindow(1_000, 10);
    const calls: [number, boolean][] = [];
    let now = -3_000;

    for (let i = 0; i < 2_000; i++) {
      now += [0, 1, 7, 99, 100, 101, 450, 5, 0, 1_250][(i * 7 + (i >> 3)) % 10] as number;
      const failed = i % 3 === 0;
      calls.push([now, failed]);
      window.record(failed, false, now);
      const oldest = Math.floor(now / 100) - 9;
      const inside = calls.filter(([time]) => Math.floor(time / 100) >= oldest);
      expect(at(window, now)).toEqual({
        calls: inside.length,
        failures: inside.filter(([, failed]) => failed).length,
        slowCalls: 0,
      });
    }
  });

  test('is empty again after clear, and goes on', () => {
    const window = new TimeWindow(1_000, 10);
    window.record(true, true, 500);

    window.clear();
    expect(at(window, 500)).toEqual(nothing);
    window.record(false, false, 600);

    expect(at(window, 600)).toEqual({ calls: 1, failures: 0, slowCalls: 0 });
    expect(at(window, 1_600)).toEqual(nothing);
  });

  test.each([0, 123.4, -5_000, 1e9])('comes back from a snapshot on a clock that starts at %d', (origin) => {
    const window = new TimeWindow(1_000, 10);
    for (let i = 0; i < 10; i++) window.record(i % 2 === 0, i % 5 === 0, 5_050 + i * 100);
    const copy = new TimeWindow(1_000, 10);

    copy.restore(JSON.parse(JSON.stringify(window.snapshot(5_950))), origin, 0);

    const { calls } = at(copy, origin);
    expect(calls).toBeGreaterThanOrEqual(9);
    expect(calls).toBeLessThanOrEqual(10);
    expect(at(copy, origin + 1_100)).toEqual(nothing);
  });
});

describe('a window that is restored or told', () => {
  const createWindow = () => new TimeWindow(1_000, 10);

  test.each([
    ['long before it', 1_000_000],
    ['in the bucket just before its oldest', 1_000],
  ])('restores nothing of what happened %s', (_, age) => {
    const window = createWindow();

    window.restore({ type: 'time', duration: 1_000, buckets: 10, counts: [[age, 5, 4, 3]] }, 10_050, 0);

    expect(window).toMatchObject({ calls: 0, failures: 0, slowCalls: 0 });
  });

  test('restores what happened in its oldest bucket', () => {
    const window = createWindow();

    window.restore({ type: 'time', duration: 1_000, buckets: 10, counts: [[900, 5, 4, 3]] }, 10_050, 0);

    expect(window).toMatchObject({ calls: 5, failures: 4, slowCalls: 3 });
  });

  test.each([0, 1, 49, 50, 51, 99])(
    'keeps all that it held, %i ms into a bucket of the other clock',
    (into) => {
      const window = createWindow();
      window.record(true, false, 10_000);
      window.record(false, true, 10_999);
      const restored = createWindow();

      restored.restore(window.snapshot(10_999) as TimeSnapshot, 500_000 + into, 0);

      expect(restored).toMatchObject({ calls: 2, failures: 1, slowCalls: 1 });
    },
  );

  test.each([
    [99, 2],
    [100, 1],
    [999, 1],
    [1_000, 0],
  ])('lets go of what it would have let go of: after %i ms it holds %i', (passed, calls) => {
    const window = createWindow();
    window.record(true, false, 10_000);
    window.record(false, false, 10_900);
    const snapshot = window.snapshot(10_900) as TimeSnapshot;
    const restored = createWindow();

    restored.restore(snapshot, 500_000, passed);
    window.advance(10_900 + passed);

    expect([restored.calls, window.calls]).toEqual([calls, calls]);
  });

  test('lets go of its oldest calls with the next bucket of the other clock', () => {
    const window = createWindow();
    window.record(true, false, 10_000);
    const restored = createWindow();

    restored.restore(window.snapshot(10_999) as TimeSnapshot, 500_000, 0);
    restored.advance(500_099);
    expect(restored.calls).toBe(1);
    restored.advance(500_100);

    expect(restored.calls).toBe(0);
  });

  test('comes to an end where the numbers of its buckets are too large to be counted one by one', () => {
    const window = new TimeWindow(1, 10_000);
    window.record(true, false, 1_700_000_000_000);
    window.record(true, false, 1_700_000_000_000.5);

    expect(window.snapshot(1_700_000_000_000.5).type).toBe('time');
  });

  test('tells of buckets in which something happened, and of no others', () => {
    const window = createWindow();
    window.record(false, false, 10_050);
    window.record(true, true, 10_350);

    expect(window.snapshot(10_350)).toMatchObject({
      counts: [
        [300, 1, 0, 0],
        [0, 1, 1, 1],
      ],
    });
  });
});
