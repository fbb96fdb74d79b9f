/** What the evidence is made of, part by part, in figures. */
import { describe, expect, test } from 'vitest';
import { Channel } from '../../src/adaptive/channel.js';
import { Evidence } from '../../src/adaptive/evidence.js';
import { Learning } from '../../src/adaptive/learning.js';
import { lineAt, linesFor } from '../../src/adaptive/lines.js';

/** Failures that start one after the other, and successes. */
function play(evidence: Evidence, outcomes: string): void {
  for (const [at, outcome] of [...outcomes].entries()) {
    if (outcome === 'f') evidence.fail(at, false);
    else evidence.succeed();
  }
}

describe('the evidence of a line', () => {
  /** Of the line 1/4: a failure adds 3, a success takes 1 off. */
  function quarter(outcomes: string, threshold = 12): Evidence {
    const evidence = new Evidence(lineAt(0.25));
    evidence.threshold = threshold;
    play(evidence, outcomes);
    return evidence;
  }

  test('begins a burst with the failure that brings it to a quarter of the threshold', () => {
    expect(quarter('f').since).toBe(0);
    expect(quarter('f', 13).since).toBeNaN();
    expect(quarter('sff', 13).since).toBe(2);
    expect(quarter('ffff').since).toBe(0);
  });

  test('ends a burst below that, and begins another', () => {
    expect(quarter('ffsss').since).toBe(0);
    expect(quarter('ffssss').since).toBeNaN();
    expect(quarter('ffssssf').since).toBe(6);
  });

  test('has bounds: thirty successes above the threshold, and none', () => {
    expect(quarter('f'.repeat(40)).value).toBe(12 + 30);
    expect(quarter('fssss').value).toBe(0);
    const steep = new Evidence(lineAt(0.9));
    steep.threshold = 5;
    play(steep, 'f'.repeat(400));
    expect(steep.value).toBe(5 + 30 * 9);
  });

  test('counts the excursions that reach two failures and end by themselves', () => {
    const figures = ({ excursions, excess }: Evidence) => [excursions, excess];

    expect(figures(quarter('fsss'))).toEqual([0, 0]);
    expect(figures(quarter('ffsssss'))).toEqual([0, 0]);
    expect(figures(quarter('ffssssss'))).toEqual([1, 0]);
    expect(figures(quarter(`fff${'s'.repeat(20)}`))).toEqual([1, 1]);
    expect(figures(quarter(`fffsfssf${'s'.repeat(30)}ffssssss`))).toEqual([2, 2]);
    expect(figures(quarter(`ffffssssssf${'s'.repeat(20)}`))).toEqual([1, 2]);
    const twice = quarter(`ffff${'s'.repeat(12)}ffssssss`);
    expect(figures(twice)).toEqual([2, 2]);
    twice.forget();
    expect(figures(twice)).toEqual([1, 1]);
  });

  test('tells what its excursion is made of', () => {
    const evidence = quarter('ffssssss');
    evidence.fail(20, true);
    evidence.fail(21, true);
    evidence.fail(22);

    expect(evidence).toMatchObject({ began: 20, failures: 1, overdue: 2 });
  });

  test('trips at its limit, when the burst is old enough', () => {
    const evidence = quarter('ffff');

    expect([evidence.trips(12, 100, 100), evidence.trips(13, 100, 100)]).toEqual([true, false]);
    expect(evidence.trips(12, 99, 100)).toBe(false);
  });

  test('has no burst in the future, where the clock has begun anew', () => {
    const evidence = quarter('sssssffff');

    expect(evidence.trips(12, 2, 100)).toBe(false);

    expect(evidence.since).toBe(2);
    expect(evidence.trips(12, 102, 100)).toBe(true);
  });

  test('is gone when it is cleared, and what was learned stays', () => {
    const evidence = quarter('fffssssssssssff');

    evidence.clear();

    expect(evidence).toMatchObject({ value: 0, since: Number.NaN, excursions: 1, excess: 1 });
  });

  describe('takes', () => {
    const thresholdOf = (
      rate: number,
      [excursions, excess, days]: readonly [number, number, number],
      exact: number,
      { least = 1, seldom = 0.01 } = {},
    ) => {
      const evidence = new Evidence(lineAt(rate));
      Object.assign(evidence, { excursions, excess });
      evidence.design(exact, least, days, seldom);
      return evidence.threshold;
    };

    test('what is exact, and so many failures in a row at least', () => {
      expect(thresholdOf(0.5, [0, 0, 0], 9)).toBe(9);
      expect(thresholdOf(0.5, [0, 0, 0], 3, { least: 5 })).toBe(5);
      expect(thresholdOf(0.25, [0, 0, 0], 9, { least: 5 })).toBe(13);
    });

    test('what clumps ask for, where that is more than twice as much, and four times it at most', () => {
      expect(thresholdOf(0.5, [20, 60, 1], 9)).toBe(23);
      expect(thresholdOf(0.5, [20, 60, 1], 10)).toBe(23);
      expect(thresholdOf(0.5, [20, 60, 1], 11)).toBe(11);
      expect(thresholdOf(0.5, [20, 60, 1], 5)).toBe(20);
      expect(thresholdOf(0.25, [40, 60, 2], 12, { seldom: 0.005 })).toBe(41);
    });

    test('no more for few clumps, in no time, or none that go far', () => {
      expect(thresholdOf(0.5, [19, 57, 1], 9)).toBe(9);
      expect(thresholdOf(0.5, [20, 60, 0], 9)).toBe(9);
      expect(thresholdOf(0.5, [20, 1, 1], 9)).toBe(9);
      expect(thresholdOf(0.25, [20, 60, 1], 2, { seldom: 100 })).toBe(6);
    });
  });
});

describe('a kind of failure', () => {
  const awake = (tolerate = 0.5, normal?: number) => {
    const channel = new Channel(linesFor(tolerate), 0.1, normal);
    channel.wake();
    return channel;
  };

  test('is taught by calls that find no evidence, whatever comes of them', () => {
    const channel = awake();
    for (let i = 0; i < 3; i++) channel.succeed();
    for (let i = 0; i < 4; i++) channel.fail(i, false);
    expect([channel.calls, channel.failures, channel.isCalm]).toEqual([4, 1, false]);

    for (let i = 0; i < 4; i++) channel.succeed();
    expect([channel.calls, channel.isCalm]).toEqual([4, true]);
    channel.succeed();

    expect([channel.calls, channel.failures]).toEqual([5, 1]);
  });

  test('is calm when all of its lines are', () => {
    const channel = awake(1 / 7);

    channel.fail(0, false);
    for (let i = 0; i < 5; i++) channel.succeed();
    expect(channel.isCalm).toBe(false);
    channel.succeed();
    expect(channel.isCalm).toBe(true);

    channel.fail(0, false);
    channel.clear();
    expect(channel.isCalm).toBe(true);
    expect(channel.evidence.map(({ value }) => value)).toEqual([0, 0, 0]);
  });

  test('uses up the largest share of a threshold, and no more than all', () => {
    const channel = awake(1 / 7);
    for (const evidence of channel.evidence) evidence.threshold = 24;
    channel.fail(0, false);

    expect(channel.used(({ threshold }) => threshold)).toBe(6 / 24);
    expect(channel.used(() => 2)).toBe(1);
  });

  test.each([
    ['the mean and two standard errors', 10_000, 2_000, 0.20593],
    ['nothing, where that is a fifth more at most', 800, 80, 0.1],
    ['what is a fifth more', 800, 82, 0.12114],
    ['no less than it began with', 10_000, 0, 0.1],
    ['no more than 0.7 of the line', 10_000, 6_000, 0.35],
  ])('learns %s', (_, calls, failures, normal) => {
    const channel = awake();
    Object.assign(channel, { calls, failures });

    channel.learn();

    expect(channel.normal).toBeCloseTo(normal, 4);
    expect([channel.calls, channel.failures]).toEqual([calls, failures]);
  });

  test('forgets half of what taught it, at 50,000 calls', () => {
    const [full, less, given] = [awake(), awake(), awake(0.5, 0.05)];
    Object.assign(full, { calls: 50_000, failures: 5_000 });
    Object.assign(less, { calls: 49_999, failures: 5_000 });
    Object.assign(given, { calls: 50_000, failures: 20_000 });

    for (const channel of [full, less, given]) channel.learn();

    expect([full.calls, full.failures]).toEqual([25_000, 2_500]);
    expect([less.calls, less.failures]).toEqual([49_999, 5_000]);
    expect([given.calls, given.normal]).toEqual([25_000, 0.05]);
  });

  describe('of another process', () => {
    const kept = {
      normal: 0.2,
      calls: 100,
      failures: 20,
      evidence: [3.2],
      since: [40],
      excursions: [7],
      excess: [9],
    } as const;

    test('is taken over, with the evidence and its times', () => {
      const channel = awake();

      channel.restore(kept, 1_000);

      expect(channel).toMatchObject({ normal: 0.2, calls: 100, failures: 20, isCalm: false });
      expect(channel.evidence[0]).toMatchObject({
        value: 3,
        since: 960,
        began: 960,
        excursions: 7,
        excess: 9,
      });
    });

    test('is calm where it has no evidence, and has no burst', () => {
      const channel = awake();

      channel.restore({ ...kept, evidence: [0], since: [false] }, 1_000);

      expect(channel.isCalm).toBe(true);
      expect(channel.evidence[0]).toMatchObject({ value: 0, since: Number.NaN, began: 1_000 });
    });

    test('is within bounds, whatever was kept', () => {
      const [low, high, given] = [awake(), awake(), awake(0.5, 0.05)];

      low.restore({ ...kept, normal: 0.01, failures: 500 }, 0);
      high.restore({ ...kept, normal: 0.9 }, 0);
      given.restore(kept, 0);

      expect([low.normal, low.failures]).toEqual([0.1, 100]);
      expect([high.normal, given.normal]).toEqual([0.35, 0.05]);
    });

    test('is nothing for lines that were not kept', () => {
      const channel = awake(0.25);

      channel.restore({ ...kept }, 1_000);

      expect(channel.evidence[1]).toMatchObject({
        value: 0,
        since: Number.NaN,
        began: 1_000,
        excursions: 0,
        excess: 0,
      });
      expect(channel.isCalm).toBe(false);
    });
  });
});

describe('what there is to learn besides', () => {
  const counted = (learning: Learning, calls: number, teaches = false) => {
    for (let i = 0; i < calls; i++) learning.count(teaches);
  };

  test('is looked at every 512 calls that teach', () => {
    const learning = new Learning(undefined, 50, 0);
    const looks = (teaches: boolean) =>
      Array.from({ length: 1_024 }, () => learning.count(teaches)).flatMap((it, at) => (it ? [at] : []));

    expect([looks(false), looks(true)]).toEqual([[], [511, 1_023]]);
  });

  test('is the rate of all calls, over ten seconds at least', () => {
    const learning = new Learning(undefined, 50, 0);
    counted(learning, 1_000);

    const early = learning.look(9_999);
    const inTime = learning.look(10_000);

    expect([early, inTime, learning.rate, learning.span]).toEqual([false, true, 100, 10_000]);
    expect(learning.days).toBe(10_000 / 86_400_000);
  });

  test('is the highest rate of late, forgotten by half in four hours', () => {
    const learning = new Learning(undefined, 50, 0);
    counted(learning, 1_000);
    learning.look(10_000);

    learning.look(10_000 + 4 * 3_600_000);

    expect(learning.rate).toBeCloseTo(50, 9);
    expect(learning.span).toBe(10_000 + 4 * 3_600_000);
  });

  test('is not the rate where that is given', () => {
    const learning = new Learning(20, 50, 0);
    counted(learning, 1_000);
    learning.look(10_000);
    learning.restore(300, 7);

    expect([learning.rate, learning.span]).toEqual([20, 7]);
  });

  test('goes on where the clock has begun anew, and where it cannot be read', () => {
    const learning = new Learning(undefined, 50, 100_000);

    expect([learning.look(5_000), learning.look(Number.NaN), learning.look(14_999)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(learning.look(15_000)).toBe(true);
    expect(learning.span).toBe(10_000);
  });

  test('is a number of calls a day that follows by steps of three in ten', () => {
    const learning = new Learning(undefined, 50, 0);
    const steps = [65, 65.1, 50, 45, 45.6].map((rate) => {
      learning.restore(rate, 0);
      return learning.callsADay / 86_400;
    });

    expect(steps).toEqual([50, 65.1, 65.1, 45, 45]);
  });

  test('is taken over, but for a rate of none', () => {
    const learning = new Learning(undefined, 50, 0);

    learning.restore(0, 5_000);
    const none = learning.rate;
    learning.restore(80, 6_000);

    expect([none, learning.rate, learning.span]).toEqual([50, 80, 6_000]);
  });

  test('is forgotten by half after two days', () => {
    const learning = new Learning(undefined, 50, 0);
    learning.look(2 * 86_400_000 - 1);
    const before = learning.forgets();
    learning.look(3 * 86_400_000);

    expect([before, learning.forgets(), learning.span]).toEqual([false, true, 1.5 * 86_400_000]);
    learning.restore(0, 2 * 86_400_000);
    expect(learning.forgets()).toBe(true);
  });
});
