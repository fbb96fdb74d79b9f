/** The detector of a breaker as a whole: what it promises, shows and keeps. */
import { explain } from 'recloser/monitor';
import { describe, expect, test } from 'vitest';
import { lineAt, linesFor } from '../../src/adaptive/lines.js';
import { thresholdFor } from '../../src/adaptive/threshold.js';
import { explainLine, explainRamp, explainTrip, explainWarning } from '../../src/adaptive/words.js';
import { heard, refusalOf } from '../support/breakers.js';
import { guarded, recover } from './fixtures.js';

const figuresOf = ({ breaker }: ReturnType<typeof guarded>) =>
  breaker.metrics.detector as Readonly<Record<string, unknown>> & {
    readonly lines: readonly string[];
    readonly evidence: readonly number[];
    readonly thresholds: readonly number[];
  };

/** Thresholds of lines that share a promise. */
const promised = (tolerate: number, normal: number, calls: number, tripsADay: number) =>
  linesFor(tolerate).map((line) => Math.max(thresholdFor(line, normal, calls / tripsADay), line.up * 4 + 1));

const DAY = 50 * 86_400;

/** Slow calls, one after the other. */
function playSlow({ breaker, clock }: ReturnType<typeof guarded>, calls: number, ms: number): void {
  for (let i = 0; i < calls && breaker.state === 'CLOSED'; i++) {
    const permit = breaker.tryAcquire();
    clock.advance(ms);
    permit?.success();
  }
}

describe('the promise', () => {
  test('is kept by all lines together', () => {
    expect(figuresOf(guarded()).thresholds).toEqual(promised(0.5, 0.1, DAY, 0.01));
    expect(figuresOf(guarded({ tolerate: 1 / 7, normal: 0.05, falseTripsPerDay: 3 })).thresholds).toEqual(
      promised(1 / 7, 0.05, DAY, 1),
    );
    expect(figuresOf(guarded({ expectedRate: 1_000, falseTripsPerDay: 10 })).thresholds).toEqual(
      promised(0.5, 0.1, 1_000 * 86_400, 10),
    );
  });

  test('is shared with slow calls by halves', () => {
    const it = guarded({ tolerate: 1 / 7, normal: 0.05, falseTripsPerDay: 3 }, { slowCallDuration: 300 });

    const half = promised(1 / 7, 0.05, DAY, 0.5);
    expect(figuresOf(it)).toMatchObject({
      lines: ['1/7', '1/4', '1/2', 'slow 1/7', 'slow 1/4', 'slow 1/2'],
      thresholds: [...half, ...half],
    });
  });

  test('is shared with them from when they are watched', () => {
    const it = guarded();
    it.breaker.update({ slowCallDuration: 300, slowCallRateThreshold: 1 });
    const opened = heard(it.breaker, 'open');

    it.play('s');
    playSlow(it, 1, 300);

    expect(figuresOf(it)).toMatchObject({ lines: ['1/2', 'slow 1/2'], evidence: [0, 1] });
    playSlow(it, 30, 300);
    expect(opened).toMatchObject([
      { detail: expect.stringMatching(/^evidence \d+ of \d+ in .*: \d+ calls were slow$/) },
    ]);
  });
});

describe('what is shown', () => {
  test('is the distance to the nearest trip', () => {
    const it = guarded({ tolerate: 1 / 7, normal: 0.05 }, { slowCallDuration: 300 });

    it.play('fff', 5);

    const { evidence, thresholds } = figuresOf(it);
    const shares = evidence.map((value, at) => value / (thresholds[at] as number));
    expect(evidence).toEqual([18, 9, 3, 0, 0, 0]);
    expect(it.breaker.metrics.health).toBeCloseTo(1 - Math.max(...shares), 9);
    playSlow(it, 6, 300);
    const after = figuresOf(it);
    const slow = after.evidence.map((value, at) => value / (after.thresholds[at] as number));
    expect(it.breaker.metrics.health).toBeCloseTo(1 - Math.max(...slow), 9);
  });

  test('is the line that is nearest to it, in words', () => {
    const it = guarded({ tolerate: 1 / 7, normal: 0.05 });
    it.play('ffff', 5);

    const { evidence, thresholds } = figuresOf(it);
    const shares = evidence.map((value, at) => value / (thresholds[at] as number));
    const most = shares.indexOf(Math.max(...shares));
    const line = linesFor(1 / 7)[most];

    expect(most).toBeGreaterThan(0);
    expect(explain(it.breaker).text).toContain(
      `evidence ${evidence[most]} of ${thresholds[most]} (a failure adds ${line?.up}, a success takes 1 off)`,
    );
  });

  test('is all of it, for a breaker that nobody has called', () => {
    expect(guarded({ overdueAfter: 300 }).breaker.metrics.detector).toEqual({
      lines: ['1/2'],
      evidence: [0],
      thresholds: [9],
      normal: 0.1,
      rate: 50,
      falseTripsPerDay: 0.01,
      overdueAfter: 300,
      overdue: 0,
      admitted: 1,
      degraded: false,
    });
  });

  test('tells why it tripped until the stay ends, whatever comes after', () => {
    const it = guarded();
    it.play('f'.repeat(10));
    const opened = explain(it.breaker).text;

    it.clock.advance(60_000);
    it.play('sssss', 0);

    expect(opened).toContain('evidence 9 of 9 in 0.8 s: 9 calls failed');
    expect(explain(it.breaker).text).not.toContain('9 of 9');
    expect(explain(it.breaker).text).toContain('it admits 10 % of the calls since it closed');
  });
});

describe('the ramp and the main lines', () => {
  test('halve the share once, and clear the evidence: what started before counts no more', () => {
    const it = guarded({ patience: 0, ramp: 1_000 });
    recover(it);
    it.clock.advance(1_400);
    it.play('s', 0);
    recover(it);
    it.clock.advance(900);
    it.play('s', 0);
    const before = figuresOf(it).admitted as number;
    const late = it.start(6);

    while (it.breaker.state === 'CLOSED' && figuresOf(it).admitted === before) it.play('f', 0);
    while (it.breaker.state === 'CLOSED' && (figuresOf(it).admitted as number) > before * 0.5)
      it.play('f', 0);
    for (const permit of late) permit.failure();

    expect(it.breaker.state).toBe('CLOSED');
    expect(figuresOf(it).evidence).toEqual([0]);
  });

  test('count calls that are overdue in both', () => {
    const it = guarded({ overdueAfter: 300, patience: 0, ramp: 100_000 });
    recover(it);
    it.clock.advance(50_000);
    it.play('s', 0);
    const before = figuresOf(it).admitted as number;

    it.start(12, 1);
    it.play('ssss', 100);

    expect(figuresOf(it).overdue).toBeGreaterThan(5);
    expect(figuresOf(it).admitted as number).toBeLessThan(before);
  });
});

describe('a snapshot', () => {
  test('of a breaker that nobody has called is what it began with', () => {
    expect(guarded({ overdueAfter: false }).breaker.snapshot().detector).toEqual({
      lines: ['1/2'],
      evidence: [0],
      since: [false],
      normal: 0.1,
      rate: 50,
      calls: 0,
      failures: 0,
      excursions: [0],
      excess: [0],
      span: 0,
      latency: [0, 0, 0],
    });
  });

  test('keeps the age of a burst, and how long calls take', () => {
    const it = guarded();
    for (let i = 0; i < 20; i++) {
      const permit = it.breaker.acquire();
      it.clock.advance(50);
      permit.success();
    }
    it.play('ffff', 40);
    it.clock.advance(10);

    const { since, latency } = it.breaker.snapshot().detector as Record<string, number[]>;

    expect(since).toEqual([10 + 40]);
    expect(latency).toEqual([20, expect.closeTo(Math.log(50), 9), expect.closeTo(Math.log(50), 9)]);
    const restored = guarded({}, { snapshot: it.breaker.snapshot() });
    expect(restored.breaker.metrics.detector?.overdueAfter).toBeCloseTo(200, 6);
  });

  const broken = (member: string, value: unknown) => {
    const snapshot = guarded().breaker.snapshot();
    return { ...snapshot, detector: { ...(snapshot.detector as object), [member]: value } };
  };

  test.each([
    ['evidence', [Number.NaN], 'an array, each item'],
    ['evidence', 5, 'an array, each item'],
    ['since', [true], 'an array, each item'],
    ['since', ['5'], 'an array, each item'],
    ['normal', -0.1, 'a number from 0 to below 1'],
    ['normal', '0', 'a number from 0 to below 1'],
    ['normal', 1, 'a number from 0 to below 1'],
    ['calls', -1, ''],
    ['failures', Number.POSITIVE_INFINITY, ''],
    ['excursions', [-1], 'an array, each item'],
    ['excess', ['1'], 'an array, each item'],
    ['span', null, ''],
    ['latency', 5, 'an array of three finite numbers'],
    ['latency', [1, 2], 'an array of three finite numbers'],
    ['latency', [1, 2, 3, 4], 'an array of three finite numbers'],
    ['latency', [0.5, 2, 3], 'an array of three finite numbers'],
    ['latency', [1, Number.NaN, 3], 'an array of three finite numbers'],
    ['latency', [1, 2, Number.POSITIVE_INFINITY], 'an array of three finite numbers'],
  ])('is refused where a member makes no sense: %s %j', (member, value, range) => {
    const { message } = refusalOf(() => guarded({}, { snapshot: broken(member, value) }));

    expect(message).toContain(`\`snapshot.detector.${member}\` must be ${range}`);
  });

  test.each([
    ['lines', ['1/3']],
    ['lines', '1/2'],
    ['evidence', [3, 3]],
    ['since', []],
    ['excursions', [1, 1]],
    ['excess', []],
  ])('is nothing where it is of other lines: %s %j', (member, value) => {
    const snapshot = broken(member, value);
    const detector = { ...snapshot.detector, normal: 0.2 };

    const it = guarded({}, { snapshot: { ...snapshot, detector } });

    expect(figuresOf(it)).toMatchObject({ evidence: [0], normal: 0.1 });
  });
});

describe('words', () => {
  const trip = { value: 9, limit: 9, lasted: 410, failures: 7, overdue: 2 };

  test.each([
    [explainTrip('failed', trip), 'evidence 9 of 9 in 0.41 s: 7 calls failed, 2 overdue'],
    [explainTrip('failed', { ...trip, failures: 1, overdue: 0 }), 'evidence 9 of 9 in 0.41 s: 1 call failed'],
    [
      explainTrip('failed', { ...trip, failures: 0, overdue: 1 }),
      'evidence 9 of 9 in 0.41 s: 1 call overdue',
    ],
    [explainTrip('slow', { ...trip, failures: 1, overdue: 0 }), 'evidence 9 of 9 in 0.41 s: 1 call was slow'],
    [
      explainTrip('slow', { ...trip, failures: 2, overdue: 0 }),
      'evidence 9 of 9 in 0.41 s: 2 calls were slow',
    ],
    [
      explainTrip('late', { ...trip, failures: 0, overdue: 0, lasted: 9_994 }),
      'evidence 9 of 9 in 9.99 s: 0 calls in flight for too long at once',
    ],
    [
      explainTrip('failed', { ...trip, lasted: 10_400, overdue: 0 }),
      'evidence 9 of 9 in 10 s: 7 calls failed',
    ],
    [explainTrip('failed', { ...trip, lasted: -5, overdue: 0 }), 'evidence 9 of 9 in 0 s: 7 calls failed'],
    [explainRamp(0.4, 4_000), 'admits 40 % of the calls since it closed 4 s ago'],
    [explainWarning(0.1234, 0.02), 'fails more than usual, 12 % (normal 2 %)'],
    [
      explainLine(3, 9, lineAt(0.5), 0.01, 0.1),
      'evidence 3 of 9 (a failure adds 1, a success takes 1 off); trips about once in 100 days at up to 10 % failures',
    ],
    [
      explainLine(3, 9, lineAt(0.75), 1, 0.1),
      'evidence 3 of 9 (a failure adds 1, a success takes 3 off); trips about 1 times a day at up to 10 % failures',
    ],
    [
      explainLine(3, 9, lineAt(0.25), 0.3, 0.1),
      'evidence 3 of 9 (a failure adds 3, a success takes 1 off); trips about once in 3.3 days at up to 10 % failures',
    ],
  ])('%s', (said, wanted) => {
    expect(said).toBe(wanted);
  });
});
