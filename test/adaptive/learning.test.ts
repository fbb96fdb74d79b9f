import { CircuitBreaker } from 'recloser';
import { adaptive } from 'recloser/adaptive';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../bench/simulations/chance.mjs';
import { refusalOf } from '../support/breakers.js';
import { guarded } from './fixtures.js';

/** Independent failures at a rate. */
function outcomes(seed: number, calls: number, rate: number): string {
  const random = createRandom(seed);
  return Array.from({ length: calls }, () => (random() < rate ? 'f' : 's')).join('');
}

describe('what is learned', () => {
  test('is the failure rate, where it is higher than was thought, and no less', () => {
    const usual = guarded();
    const higher = guarded();

    usual.play(outcomes(1, 3_000, 0.01), 20);
    higher.play(outcomes(1, 6_000, 0.2), 20);

    expect(usual.breaker.metrics.detector).toMatchObject({ normal: 0.1, thresholds: [9] });
    expect(higher.breaker.metrics.detector?.normal).toBeGreaterThan(0.18);
    expect(higher.breaker.metrics.detector?.thresholds).not.toEqual([9]);
    expect(higher.breaker.state).toBe('CLOSED');
  });

  test('is at most 0.7 of what is tolerated', () => {
    const { breaker, play } = guarded();

    play(outcomes(2, 12_000, 0.42), 20);

    expect(breaker.metrics.detector?.normal).toBeLessThanOrEqual(0.35);
  });

  test('is not learned from an outage', () => {
    const { breaker, play } = guarded({}, { mode: 'observe' });
    play('s'.repeat(3_000), 20);

    play('f'.repeat(3_000), 20);
    play('s'.repeat(3_000), 20);

    expect(breaker.metrics.detector).toMatchObject({ normal: 0.1 });
  });

  test('is the rate of calls, up at once and down in hours', () => {
    const { breaker, play } = guarded();

    play('s'.repeat(4_096), 5); // 200 a second
    expect(breaker.metrics.detector?.rate).toBeCloseTo(200, -1);
    play('s'.repeat(1_024), 14_063); // four hours of next to none

    expect(breaker.metrics.detector?.rate).toBeCloseTo(100, -1);
  });

  test('is how failures clump: what comes in threes takes more to open', () => {
    const { breaker, play } = guarded({ normal: 0.1 });
    const random = createRandom(3);
    const clumps = Array.from({ length: 3_000 }, () => (random() < 0.03 ? 'fff' : 's')).join('');

    play(clumps, 50);

    const [threshold] = (breaker.metrics.detector as { thresholds: number[] }).thresholds;
    expect(threshold).toBeGreaterThan(12);
    expect(threshold).toBeLessThanOrEqual(36);
  });

  test('is no clump where failures are independent: spells at a higher rate are seen no later each time', () => {
    const { breaker, play } = guarded({
      tolerate: 1 / 7,
      normal: 0.1,
      falseTripsPerDay: 1,
      expectedRate: 116,
      patience: 0,
      minimumFailures: 1,
    });
    const before = breaker.metrics.detector?.thresholds;

    for (let spell = 0; spell < 50; spell++) {
      const answers = play(outcomes(spell, 300, 0.1) + outcomes(100 + spell, 90, 0.3), 9);
      if (answers.includes('r')) breaker.reset();
    }

    expect(breaker.metrics.detector?.thresholds).toEqual(before);
  });

  test('does not grow within an incident that creeps in', () => {
    const { breaker, play } = guarded();
    play(outcomes(4, 3_000, 0.05), 20);

    const answers = play(outcomes(5, 400, 0.9), 20);

    expect(answers).toContain('r');
    expect(breaker.metrics.totals.failures).toBeLessThan(300);
  });

  test('forgets half of how they clump in two days', () => {
    const { breaker, play } = guarded();
    play('ffss'.repeat(10), 20);
    const kept = () => (breaker.snapshot().detector as { readonly excursions: number[] }).excursions;
    const before = kept();

    play('s'.repeat(600), 400_000);

    expect([before, kept()]).toEqual([[10], [5]]);
  });

  test('is given up for what is given', () => {
    const { breaker, play } = guarded({ normal: 0.05, expectedRate: 10 });

    play(outcomes(6, 3_000, 0.2), 20);

    expect(breaker.metrics.detector).toMatchObject({ normal: 0.05, rate: 10 });
  });
});

describe('a snapshot', () => {
  test('keeps what was learned and the evidence, as JSON', () => {
    const before = guarded();
    before.play(`${outcomes(1, 6_000, 0.2)}${'s'.repeat(50)}fff`, 20);
    const snapshot = JSON.parse(JSON.stringify(before.breaker.snapshot()));

    const after = guarded({}, { snapshot });

    const figures = before.breaker.metrics.detector;
    expect(after.breaker.metrics.detector).toEqual({ ...figures, degraded: false });
    expect(after.breaker.snapshot().detector).toEqual(snapshot.detector);
  });

  test('of a detector with other lines is nothing to this one', () => {
    const other = guarded({ tolerate: 0.2 });
    other.play('fff');

    const { breaker } = guarded({}, { snapshot: other.breaker.snapshot() });

    expect(breaker.metrics.detector).toMatchObject({ evidence: [0] });
  });

  test.each([
    ['evidence', ['many']],
    ['since', [-1]],
    ['normal', 1],
    ['rate', Number.NaN],
    ['latency', [1, 2]],
  ])('is checked: %s', (member, value) => {
    const { breaker } = guarded();
    const snapshot = breaker.snapshot();
    const broken = { ...snapshot, detector: { ...(snapshot.detector as object), [member]: value } };

    const error = refusalOf(
      () => new CircuitBreaker({ name: 'test', detector: adaptive(), snapshot: broken }),
    );

    expect(error.message).toContain(
      `Cannot restore circuit breaker "test": \`snapshot.detector.${member}\` must be`,
    );
  });

  test('with evidence beyond all bounds is bounded', () => {
    const { breaker } = guarded();
    const snapshot = breaker.snapshot();
    const detector = { ...(snapshot.detector as object), evidence: [1e9], since: [5] };

    const restored = guarded({}, { snapshot: { ...snapshot, detector } });

    expect(restored.breaker.metrics.detector).toMatchObject({ evidence: [39] });
  });
});
