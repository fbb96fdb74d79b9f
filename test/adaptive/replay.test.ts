import { type Candidate, type RecordedCall, type TuneOptions, type TuneRow, tune } from 'recloser/adaptive';
import { describe, expect, test } from 'vitest';

const ONE: Candidate = {
  name: 'one failure',
  config: { failureThreshold: 1, recoveryTimeout: 1_000, successThreshold: 1 },
};
const TWO: Candidate = { name: 'two in a row', config: { ...ONE.config, failureThreshold: 2 } };
const NEVER: Candidate = { name: 'never', config: { failureThreshold: false } };

/** Calls as `start+duration`, with `!` for one that failed: `0+10 5+100!`. */
function traceOf(text: string): RecordedCall[] {
  return text.split(' ').map((call) => {
    const [t, ms] = call.replace('!', '').split('+').map(Number) as [number, number];
    return { breaker: 'search', t, ok: !call.endsWith('!'), ms };
  });
}

function rowOf(trace: string, candidate: Candidate, options: TuneOptions = {}): TuneRow {
  return tune(traceOf(trace), { ...options, candidates: [candidate] }).rows[0] as TuneRow;
}

describe('what a breaker would have done', () => {
  test.each<[string, string, Candidate, Partial<TuneRow>]>([
    ['sends all while nothing fails', '0+10 20+10 40+10', ONE, { lost: 0, failingSent: 0, goodput: 1 }],
    ['rejects after a trip', '0+10! 20+10 40+10', ONE, { lost: 2, failingSent: 1, goodput: 0 }],
    ['loses no call that failed anyway', '0+10! 20+10! 40+10', ONE, { lost: 1, failingSent: 1, goodput: 0 }],
    [
      'tells what share of the good calls passes',
      '0+10 20+10 40+10! 60+10',
      ONE,
      { lost: 1, goodput: 2 / 3 },
    ],
    ['has lost nothing where nothing is good', '0+10! 20+10!', ONE, { lost: 0, goodput: 1 }],
    ['opens when a call ends, not when it starts', '0+100! 50+10 120+10', ONE, { lost: 1, goodput: 0.5 }],
    ['ends a call before another starts at that moment', '0+100! 100+10', ONE, { lost: 1, goodput: 0 }],
    ['starts calls of one moment before one of them ends', '0+0! 0+10', ONE, { lost: 1, goodput: 0 }],
    ['starts a call of no length before it ends', '0+0 10+0 20+0', ONE, { lost: 0, goodput: 1 }],
    ['goes by the order of ends', '0+100! 10+10! 30+10 120+10', TWO, { lost: 0, failingSent: 2, goodput: 1 }],
    ['has two in a row by their ends', '0+100! 50+10 60+60! 125+10', TWO, { lost: 1, failingSent: 2 }],
    ['ends calls of one end in the order of their starts', '0+100! 50+50 105+5! 120+1', TWO, { lost: 0 }],
    ['lets a probe pass after the wait', '0+10! 1005+10 1011+10 1030+10', ONE, { lost: 1, goodput: 2 / 3 }],
    ['counts one trip while probes fail', '0+1! 1100+1! 2200+1! 3300+1 3400+1', ONE, { falseTrips: 1 }],
    ['counts each trip out of CLOSED', '0+1! 1100+1 1200+1! 2300+1', ONE, { falseTrips: 2, failingSent: 2 }],
  ])('%s: %s', (_what, trace, candidate, row) => {
    expect(rowOf(trace, candidate)).toMatchObject(row);
  });

  test('is the same for calls in any order', () => {
    const trace = traceOf('0+100! 50+50 105+5! 120+1 130+1!');
    const by = (calls: RecordedCall[]) => tune(calls, { candidates: [ONE, TWO] });

    expect(by([trace[3], trace[0], trace[4], trace[2], trace[1]] as RecordedCall[])).toEqual(by(trace));
  });

  test('plays waits with jitter the same way each time', () => {
    const trace = `0+1! ${Array.from({ length: 60 }, (_, call) => `${call * 40 + 10}+1`).join(' ')} 3000+1!`;
    const jittered = {
      name: 'jitter',
      config: { ...ONE.config, recoveryTimeout: { initial: 1_000, jitter: 1 } },
    };

    const rows = Array.from({ length: 3 }, () => rowOf(trace, jittered));

    expect(rows[1]).toEqual(rows[0]);
    expect(rows[2]).toEqual(rows[0]);
  });
});

describe('incidents', () => {
  const OUTAGE = '0+1 100+1! 200+1! 300+1! 400+1! 500+1 5000+1';

  test.each<[string, string, readonly (readonly [number, number])[], Partial<TuneRow>]>([
    ['is open from the first failure on', OUTAGE, [[100, 450]], { detected: 1, detection: 1, falseTrips: 0 }],
    [
      'is seen at its very start',
      '0+1 99+1! 200+1',
      [[100, 450]],
      { detected: 1, detection: 0, falseTrips: 0 },
    ],
    [
      'is seen at its very end',
      '0+1 99+2! 200+1',
      [[50, 101]],
      { detected: 1, detection: 51, falseTrips: 0 },
    ],
    ['is not seen by what opens later', OUTAGE, [[10, 100]], { detected: 0, detection: null, falseTrips: 0 }],
    [
      'is seen by a circuit that is open already',
      '0+1! 99+1 150+1',
      [[100, 450]],
      { detection: 0, falseTrips: 1 },
    ],
    [
      'of two sees one',
      OUTAGE,
      [
        [100, 450],
        [2_000, 2_100],
      ],
      { detected: 1, incidents: 2, detection: 1 },
    ],
    [
      'of two tells the slowest',
      '0+1 100+1! 2000+1 2100+9! 2200+1 2300+1',
      [
        [100, 200],
        [2_100, 2_200],
      ],
      { detected: 2, detection: 9 },
    ],
    [
      'has a trip for its own a second after',
      '0+1 1449+1! 1500+1',
      [[100, 450]],
      { detected: 0, falseTrips: 0 },
    ],
    ['has none later', '0+1 1450+1! 1500+1', [[100, 450]], { detected: 0, falseTrips: 1 }],
    ['has none before', '0+1 98+1! 1500+1', [[100, 450]], { falseTrips: 1 }],
  ])('%s: %s', (_what, trace, incidents, row) => {
    const found = rowOf(trace, ONE, { incidents: incidents.map(([from, to]) => ({ from, to })) });

    expect(found).toMatchObject(row);
  });

  test('takes them off the day that false trips are told by', () => {
    const perDay = (trace: string, ...incidents: { from: number; to: number }[]) =>
      rowOf(trace, ONE, { incidents }).falseTripsPerDay;
    const trace = '5000+1! 12000+1 95000+1 105000+1';

    expect(perDay(trace)).toBe(864);
    expect(perDay(trace, { from: 20_000, to: 45_000 }, { from: 50_000, to: 75_000 })).toBe(1_728);
    expect(perDay('0+1! 100+1', { from: 50, to: 200 })).toBe(0);
    expect(perDay('0+1! 100+1', { from: 50, to: 150 })).toBe(0);
  });
});

describe('the best', () => {
  const TRACE = '0+1 100+1! 200+1 300+1! 400+1! 500+1! 600+1! 5000+1 86400+1';
  const INCIDENTS = [{ from: 300, to: 650 }];
  const whys = (candidates: Candidate[], goals: TuneOptions['goals'] = {}, incidents = INCIDENTS) => {
    const { best, rows } = tune(traceOf(TRACE), { candidates, goals, incidents });
    return { best: best?.name ?? null, why: rows.map(({ why }) => why) };
  };

  test('sends and loses least, the first of several that are alike', () => {
    const twin = { ...TWO, name: 'twin' };

    expect(whys([NEVER, TWO, ONE, twin])).toEqual({
      best: 'one failure',
      why: ['3 more failed or lost', '1 more failed or lost', null, '1 more failed or lost'],
    });
    expect(whys([TWO, twin])).toEqual({ best: 'two in a row', why: [null, 'no better'] });
  });

  test('meets the goals, and the others are told which they miss', () => {
    expect(whys([ONE, TWO, NEVER], { falseTripsPerDay: 10 })).toEqual({
      best: 'two in a row',
      why: ['1000 false trips a day', null, '2 more failed or lost'],
    });
    expect(whys([ONE, TWO, NEVER], { detectWithin: 101 })).toEqual({
      best: 'one failure',
      why: [null, '1 more failed or lost', 'saw 0 of 1 incidents'],
    });
    expect(whys([TWO, NEVER], { detectWithin: 100.4 })).toEqual({
      best: null,
      why: ['took 101 ms to open', 'saw 0 of 1 incidents'],
    });
  });

  test('is any where no incident is named', () => {
    expect(whys([NEVER], { detectWithin: 0 }, [])).toEqual({ best: 'never', why: [null] });
  });

  test('takes a goal for met that is just reached', () => {
    const [row] = tune(traceOf(TRACE), { candidates: [ONE], incidents: INCIDENTS }).rows;

    expect(whys([ONE], { falseTripsPerDay: row?.falseTripsPerDay }).best).toBe('one failure');
  });
});
