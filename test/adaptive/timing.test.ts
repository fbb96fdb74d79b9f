/** Which calls are timed, and what is judged by that. */
import { describe, expect, test } from 'vitest';
import { Overdue } from '../../src/adaptive/overdue.js';

type Told = ['late' | 'overdue', number, number][];

/** With what it has told. */
function create(given: number | 'auto') {
  const overdue = new Overdue(given);
  const told: Told = [];
  const pass = (...times: readonly number[]) => {
    for (const now of times) {
      overdue.passTo(now, {
        late: (calls, start) => told.push(['late', calls, start]),
        overdue: (calls, start) => told.push(['overdue', calls, start]),
      });
    }
  };
  const start = (now: number, mayShare = false) => {
    pass(now);
    overdue.add(now, mayShare);
  };
  /** How many calls ask before one has to be timed, with others in flight. */
  const untimed = () => {
    let calls = 0;
    while (calls < 40 && !overdue.asks(1)) calls++;
    return calls;
  };
  return { overdue, told, pass, start, untimed };
}

const KNOWN = [64, Math.log(40), Math.log(600)] as const;

describe('a call is timed', () => {
  test('where others are in flight, and each sixteenth where none are', () => {
    const { overdue } = create(300);
    const alone = Array.from({ length: 48 }, () => overdue.asks(0));

    expect(alone.flatMap((it, at) => (it ? [at] : []))).toEqual([15, 31, 47]);
    expect([overdue.asks(1), overdue.asks(2), overdue.stamp]).toEqual([true, true, Number.NaN]);
  });

  test('always, until it is known how long calls take', () => {
    const { overdue } = create('auto');
    const before = Array.from({ length: 20 }, () => overdue.asks(0));
    overdue.latency.know(...KNOWN);
    const after = Array.from({ length: 15 }, () => overdue.asks(0));

    expect([before.includes(false), after.includes(true)]).toEqual([false, false]);
  });

  test('by the reading of another where calls come very fast: sixteen to one', () => {
    const { overdue, start, untimed } = create(768); // cohorts of 64 ms
    start(0, true);
    expect(untimed()).toBe(0);

    start(1, true);
    expect([untimed(), overdue.stamp]).toEqual([15, 1]);
    start(17, true); // sixteen since the last: one in a millisecond
    expect([untimed(), overdue.stamp]).toEqual([15, 17]);
    start(34, true); // slower

    expect(untimed()).toBe(0);
  });

  test('by its own where it may not be another one, where time stands still, and where none is young', () => {
    const { overdue, start, untimed, pass } = create(768);
    start(0, true);
    start(1, false);
    expect(untimed()).toBe(0);
    start(1, true);
    expect(untimed()).toBe(0);
    start(2, true);
    pass(102, 202, 302, 402, 502, 602, 702, 802);

    expect(overdue.asks(1)).toBe(true);
  });

  test('by its own again once nobody else was in flight', () => {
    const { overdue, start, untimed } = create(768);
    start(0, true);
    start(1, true);
    overdue.asks(0);

    expect([untimed(), overdue.stamp]).toEqual([0, Number.NaN]);
  });

  test('those that share a reading are in flight as the others are', () => {
    const { start, untimed, pass, told } = create(768);
    start(0, true);
    start(1, true);
    untimed();

    pass(101, 201, 301, 401, 501, 601, 701, 801);

    expect(told).toEqual([['overdue', 17, 0]]);
  });
});

describe('what is judged', () => {
  test('is overdue at its age, given or learned', () => {
    const [given, learned] = [create(150), create('auto')];
    learned.overdue.latency.know(16, Math.log(30), Math.log(40));
    for (const { start, pass } of [given, learned]) {
      start(0);
      pass(100);
    }

    given.pass(149, 150);
    learned.pass(159, 160);

    expect([given.overdue.after, learned.overdue.after]).toEqual([150, expect.closeTo(160, 9)]);
    expect([given.told, learned.told]).toEqual([[['overdue', 1, 0]], [['overdue', 1, 0]]]);
  });

  test('is late where latencies spread, in cohorts of an eighth of that, and overdue later', () => {
    const { overdue, told, start, pass } = create('auto');
    overdue.latency.know(...KNOWN); // late after 600, overdue after 2,400
    start(0);
    start(74);
    start(76);
    for (let now = 176; now <= 676; now += 100) pass(now);
    expect(told).toEqual([
      ['late', 2, 0],
      ['late', 1, 76],
    ]);

    for (let now = 776; now <= 2_476; now += 100) pass(now);

    // Late cohorts that began within a sixth of the whole are one.
    expect(told.slice(2)).toEqual([['overdue', 3, 0]]);
  });

  test('is late in cohorts of their own where they began in another sixth of the whole', () => {
    const { overdue, told, start, pass } = create('auto');
    overdue.latency.know(...KNOWN);
    start(0);
    for (let now = 100; now <= 400; now += 100) pass(now);
    start(401);

    for (let now = 501; now <= 2_801; now += 100) pass(now);

    expect(told).toEqual([
      ['late', 1, 0],
      ['late', 1, 401],
      ['overdue', 1, 0],
      ['overdue', 1, 401],
    ]);
  });

  test('is never late where the age is given', () => {
    const { overdue, told, start, pass } = create(2_400);
    overdue.latency.know(...KNOWN);
    start(0);

    for (let now = 100; now <= 2_300; now += 100) pass(now);

    expect(told).toEqual([]);
  });

  test('is nothing after a clear', () => {
    const { overdue, told, start, untimed, pass } = create(768);
    start(0, true);
    start(1, true);

    overdue.clear();
    pass(101, 201, 301, 401, 501, 601, 701, 801, 901);

    expect([overdue.stamp, untimed(), told]).toEqual([Number.NaN, 0, []]);
  });
});

describe('a success tells how long it took', () => {
  const wanted = (overdue: Overdue, starts: readonly number[]) =>
    starts.flatMap((it, at) => (overdue.wants(it) ? [at] : []));

  test('each of the first thousand, that was timed', () => {
    const { overdue } = create('auto');
    overdue.latency.know(999, 3, 4);

    expect(wanted(overdue, [5, Number.NaN, 5, 5])).toEqual([0, 2, 3]);
  });

  test('each sixteenth then, or the next that was timed', () => {
    const { overdue } = create('auto');
    overdue.latency.know(1_000, 3, 4);
    const starts = Array.from({ length: 40 }, (_, at) => (at === 15 ? Number.NaN : 5));

    expect(wanted(overdue, starts)).toEqual([16, 32]);
  });
});
