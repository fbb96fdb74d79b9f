import { describe, expect, it } from 'vitest';
import { growthOf, Meter, percentile } from '../../examples/outage/meter.mjs';
import { timeUntil } from '../../examples/outage/summary.mjs';
import { describeTransition, event, header, paint, row } from '../../examples/outage/timeline.mjs';

const emptySecond = {
  second: 1,
  state: 'CLOSED',
  breaker: { successes: 0, failures: 0, rejected: 0, fallbacks: 0 },
  guarded: { calls: 0, waits: [] },
  plain: { calls: 0, ok: 0, failed: 0, waiting: 0, waits: [] },
} as const;

const fullSecond = {
  second: 14,
  state: 'HALF_OPEN',
  breaker: { successes: 999, failures: 999, rejected: 999, fallbacks: 999 },
  guarded: { calls: 999, waits: [9_999] },
  plain: { calls: 999, ok: 999, failed: 999, waiting: 999, waits: [9_999] },
} as const;

describe('a percentile', () => {
  it.each([
    [0, 1],
    [0.5, 2],
    [0.51, 3],
    [0.99, 4],
    [1, 4],
  ])('of share %d is the nearest rank, %d', (share, expected) => {
    expect(percentile([4, 1, 3, 2], share)).toBe(expected);
  });

  it('leaves the values in their order', () => {
    const values = [10, 9, 2];

    percentile(values, 0.5);

    expect(values).toEqual([10, 9, 2]);
  });

  it('is undefined where there are no values', () => {
    expect(percentile([], 0.5)).toBeUndefined();
  });
});

describe('growth', () => {
  it('is counted from the last time that it was asked for', () => {
    const counters = { ok: 5, failed: 1 };
    const growth = growthOf(() => ({ ...counters }));

    counters.ok = 8;
    const first = growth();
    counters.failed = 2;
    const second = growth();

    expect([first, second]).toEqual([
      { ok: 3, failed: 0 },
      { ok: 0, failed: 1 },
    ]);
  });
});

describe('a meter', () => {
  it('tells answers, errors and those who still wait apart', async () => {
    const meter = new Meter();

    await meter.measure(async () => 42);
    await meter.measure(() => Promise.reject(new Error('down')));
    void meter.measure(() => new Promise(() => {}));

    expect(meter.takeLap()).toMatchObject({ calls: 3, ok: 1, failed: 1, waiting: 1 });
  });

  it('begins each lap without the waits of the last one', async () => {
    const meter = new Meter();

    await meter.measure(async () => 42);
    const first = meter.takeLap();
    const second = meter.takeLap();

    expect([first.waits.length, second.waits.length]).toEqual([1, 0]);
  });
});

describe('a row', () => {
  it('shows a dash for the percentiles of an empty second', () => {
    expect(row(emptySecond).match(/ - /g)).toHaveLength(3);
    expect(row(emptySecond)).toMatch(/ -$/);
  });

  it.each([emptySecond, fullSecond])(
    'is exactly as wide as the header, and fits 80 columns: $state',
    (second) => {
      const line = row(second);

      expect(line.length).toBe(header().at(-1)?.length);
      expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  it('keeps a gap between columns that are full', () => {
    expect(row(fullSecond).trim().split(/ +/)).toHaveLength(header().at(-1)?.trim().split(/ +/).length ?? 0);
  });
});

describe('an event', () => {
  it('tells its time in seconds', () => {
    expect(event(3_456, 'The server is down')).toBe('    3.46  The server is down');
  });

  it('is cut where it does not fit 80 columns', () => {
    const line = event(3_000, 'x'.repeat(100));

    expect(line).toHaveLength(80);
    expect(line.endsWith('…')).toBe(true);
  });
});

describe('a transition', () => {
  it('is described with its rule and the code of the error behind it', () => {
    const error = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

    expect(describeTransition({ from: 'HALF_OPEN', to: 'OPEN', reason: 'probe-failed', error })).toBe(
      'HALF_OPEN → OPEN: probe-failed, ECONNRESET',
    );
  });

  it('is described without an error where there was none', () => {
    expect(describeTransition({ from: 'HALF_OPEN', to: 'CLOSED', reason: 'recovered' })).toBe(
      'HALF_OPEN → CLOSED: recovered',
    );
  });
});

describe('paint', () => {
  it('colours whole names of states', () => {
    expect(paint('HALF_OPEN → OPEN')).toBe('\x1b[33mHALF_OPEN\x1b[39m → \x1b[31mOPEN\x1b[39m');
  });
});

describe('the time until a state', () => {
  it('is taken to the first such transition from the given moment on', () => {
    const transitions = [
      { to: 'OPEN', at: 900 },
      { to: 'HALF_OPEN', at: 1_100 },
      { to: 'OPEN', at: 1_250 },
      { to: 'OPEN', at: 2_000 },
    ] as const;

    expect(timeUntil('OPEN', transitions, 1_000)).toBe('250 ms');
  });

  it('is never where no such transition came', () => {
    expect(timeUntil('CLOSED', [], 0)).toBe('never');
  });
});
