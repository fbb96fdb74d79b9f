import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heardTransitions, thrownBy } from '../support/breakers.js';
import { guarded, recover } from './fixtures.js';

describe('the ramp', () => {
  test('lets a tenth of the calls pass after a close, without any chance', () => {
    const it = guarded();
    recover(it);

    const answers = it.play('s'.repeat(100), 0);

    expect(answers).toBe(`s${'r'.repeat(9)}`.repeat(10));
    expect(it.breaker.metrics.detector).toMatchObject({ admitted: 0.1 });
  });

  test('rejects with a reason of its own, and no time', () => {
    const it = guarded();
    recover(it);
    it.play('s', 0);

    expect(thrownBy(() => it.breaker.acquire())).toMatchObject({
      reason: 'ramp',
      state: 'CLOSED',
      retryAfter: null,
    });
  });

  test('climbs to all calls in its time, and forgets the openings then', () => {
    const it = guarded({ ramp: 1_000 });
    recover(it);
    expect(it.breaker.metrics.attempt).toBe(1);

    it.clock.advance(500);
    it.play('s', 0);
    expect(it.breaker.metrics.detector?.admitted).toBeCloseTo(0.55);
    it.clock.advance(500);
    const answers = it.play('s'.repeat(50), 0);

    expect(answers).toBe('s'.repeat(50));
    expect(it.breaker.metrics).toMatchObject({ attempt: 0, detector: { admitted: 1 } });
  });

  test.each(['forced', 'reset', 'restored'])('does not follow what was decided otherwise: %s', (reason) => {
    const it = guarded();
    it.breaker.trip();

    if (reason === 'forced') it.breaker.forceClosed();
    else if (reason === 'reset') it.breaker.reset();
    else it.breaker.restore(guarded().breaker.snapshot());

    expect(it.breaker.state).toBe('CLOSED');
    expect(it.play('s'.repeat(20), 0)).toBe('s'.repeat(20));
  });

  test('is none where it is off', () => {
    const it = guarded({ ramp: false });
    recover(it);
    it.play('ss', 0);

    expect(it.breaker.state).toBe('CLOSED');
    expect(it.play('s'.repeat(20), 0)).toBe('s'.repeat(20));
  });

  test('gives way where a share of what passes fails, and remembers where', () => {
    const it = guarded({ ramp: 1_000 });
    recover(it);
    it.clock.advance(600);
    it.play('s', 0);
    const before = it.breaker.metrics.detector?.admitted as number;

    it.play('fs'.repeat(20), 1);

    const after = it.breaker.metrics.detector?.admitted as number;
    expect(it.breaker.state).toBe('CLOSED');
    expect(after).toBeLessThan(before * 0.9);
  });

  test('opens again when everything fails, as one more opening in a row', () => {
    const it = guarded();
    recover(it);
    const transitions = heardTransitions(it.breaker);

    it.play('f'.repeat(800), 20);

    expect(transitions[0]).toBe('CLOSED→OPEN detector');
    expect(it.breaker.metrics.attempt).toBeGreaterThanOrEqual(2);
    expect(it.breaker.metrics.totals.failures).toBeLessThan(60);
  });

  test('lets all pass in the mode observe', () => {
    const it = guarded({}, { mode: 'observe' });
    recover(it);

    expect(it.play('s'.repeat(20), 0)).toBe('s'.repeat(20));
    expect(it.breaker.metrics.totals.wouldReject).toBeGreaterThan(10);
  });

  test('has a share above 0, and ends from wherever it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('s', 'f'), fc.integer({ min: 0, max: 400 })), { maxLength: 150 }),
        (calls) => {
          const it = guarded();
          recover(it);

          for (const [outcome, every] of calls) {
            it.play(outcome, every);
            const admitted = it.breaker.metrics.detector?.admitted as number;
            expect(admitted).toBeGreaterThan(0);
            expect(admitted).toBeLessThanOrEqual(1);
          }
          it.clock.advance(60_000);
          it.play('s'.repeat(600), 100);

          expect(it.breaker.metrics).toMatchObject({
            state: 'CLOSED',
            detector: { admitted: 1, evidence: [0] },
          });
        },
      ),
      { numRuns: 30 },
    );
  });
});
