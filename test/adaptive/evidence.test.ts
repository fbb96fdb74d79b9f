import fc from 'fast-check';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test } from 'vitest';
import { heard, stepsIn } from '../support/breakers.js';
import { guarded } from './fixtures.js';

const F = (calls: number) => 'f'.repeat(calls);
const S = (calls: number) => 's'.repeat(calls);

describe('evidence', () => {
  test('opens at its threshold, with figures and the failure that did it', () => {
    const { breaker, play } = guarded();
    const opened = heard(breaker, 'open');

    const answers = play(`${F(9)}f`);

    expect(answers).toBe(`${F(9)}r`);
    expect(opened).toMatchObject([
      { reason: 'detector', detail: 'evidence 9 of 9 in 0.8 s: 9 calls failed', error: new Error('boom') },
    ]);
  });

  test('is added to by a failure, and taken from by a success, but never below none', () => {
    const { breaker, play } = guarded();

    play(`${S(50)}fffsf`);

    expect(breaker.metrics.detector).toMatchObject({ evidence: [3], thresholds: [9] });
    expect(breaker.metrics.health).toBeCloseTo(1 - 3 / 9);
  });

  test('does not gather below the tolerated rate', () => {
    const { breaker, play } = guarded();

    play('sfsffssfss'.repeat(500));

    expect(breaker.state).toBe('CLOSED');
  });

  test('of a burst that is too young does not open', () => {
    const { breaker, play } = guarded();

    play(F(60), 4);
    expect(breaker.state).toBe('CLOSED');
    play(F(10), 4);

    expect(breaker.state).toBe('OPEN');
  });

  test('of a burst without patience opens at once', () => {
    const { play } = guarded({ patience: 0 });

    expect(play(F(10), 0)).toBe(`${F(9)}r`);
  });

  test('goes after a blip with so many successes', () => {
    const { breaker, play } = guarded();

    play(F(60), 4);
    play(S(9 + 30), 4);

    expect(breaker.metrics.detector).toMatchObject({ evidence: [0] });
  });

  test('is at least so many failures in a row', () => {
    const { play } = guarded({ normal: 0, minimumFailures: 3 });

    expect(play('ffff', 200)).toBe('fffr');
  });

  test('counts neither ignored outcomes nor those of an older stay', () => {
    const { breaker, play, start } = guarded();
    const [late] = start(1);
    breaker.reset();

    for (let i = 0; i < 20; i++) breaker.acquire().ignore();
    late?.failure();
    play('f');

    expect(breaker.metrics.detector).toMatchObject({ evidence: [1] });
  });

  test('is not taken from by an ignored outcome', () => {
    const { breaker, play } = guarded();
    play('fff');

    for (let i = 0; i < 20; i++) breaker.acquire().ignore();

    expect(breaker.metrics.detector).toMatchObject({ evidence: [3] });
  });

  test('that has come to be old opens with the next that is added, not before', () => {
    const { breaker, clock, play, start } = guarded({ overdueAfter: 300, patience: 60_000 });
    start(3);
    play('ssss', 100);
    play('f'.repeat(12), 1);
    clock.advance(60_000);

    const waiting = breaker.tryAcquire();

    expect([typeof waiting, breaker.state]).toEqual(['object', 'CLOSED']);
    waiting?.failure();
    expect(breaker.state).toBe('OPEN');
  });

  test('opens nothing while the circuit is forced closed', () => {
    const { breaker, play } = guarded();
    breaker.forceClosed();

    play(F(50));

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics.totals.failures).toBe(50);
  });

  test('rejects nobody in the mode observe', () => {
    const { breaker, play } = guarded({}, { mode: 'observe' });

    const answers = play(F(30));

    expect(answers).toBe(F(30));
    expect(breaker.metrics.totals).toMatchObject({ rejected: 0, opened: expect.any(Number) });
  });

  test('of slow calls opens as well, where the breaker watches them', () => {
    const { breaker, clock, play } = guarded({}, { slowCallDuration: 300 });
    const opened = heard(breaker, 'open');
    play('s'); // the built-in rule wants all calls to be slow

    for (let i = 0; i < 12 && breaker.state === 'CLOSED'; i++) {
      const permit = breaker.acquire();
      clock.advance(300);
      permit.success();
    }

    expect(opened).toMatchObject([
      { reason: 'detector', detail: expect.stringContaining('calls were slow') },
    ]);
    expect(breaker.metrics.detector?.lines).toEqual(['1/2', 'slow 1/2']);
  });

  test('is never below none nor without bounds, whatever comes of calls and whatever the clock reads', () => {
    const call = fc.tuple(fc.constantFrom('s', 'f'), fc.constantFrom(0, 5, 100, 3_000, -400, -1e15, 1e15));

    fc.assert(
      fc.property(
        fc.constantFrom(0.5, 0.9, 1 / 7, 1 / 25),
        fc.array(call, { maxLength: 120 }),
        (tolerate, calls) => {
          const { breaker, clock, play } = guarded({ tolerate, normal: 0.01 }, { mode: 'observe' });

          for (const [outcome, passed] of calls) {
            if (passed < 0) clock.time = Math.max(clock.time + passed, 0);
            play(outcome, Math.max(passed, 0));

            const { evidence, thresholds } = breaker.metrics.detector as Record<string, number[]>;
            for (const [line, value] of evidence!.entries()) {
              expect(Number.isInteger(value)).toBe(true);
              expect(value).toBeGreaterThanOrEqual(0);
              expect(value).toBeLessThanOrEqual(thresholds![line]! + 30 * 9);
            }
            expect(breaker.metrics.health).toBeGreaterThanOrEqual(0);
            expect(breaker.metrics.health).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('stands beside the built-in rules', () => {
    const { breaker, play } = guarded({}, { failureThreshold: 3 });
    const transitions = recordEvents(breaker, { events: ['transition'] });

    play('fff');

    expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN consecutive-failures']);
  });

  test('is the same for the same calls at the same times', () => {
    const run = () => {
      const it = guarded({ tolerate: 0.2 });
      const transitions = recordEvents(it.breaker, { events: ['transition'] });
      return [
        it.play('sfsfffsffffffsffffssssfffff'.repeat(20), 130),
        stepsIn(transitions),
        it.breaker.metrics,
      ];
    };

    expect(run()).toEqual(run());
  });
});

describe('a health check', () => {
  test('that is bad halves what it takes, and neither opens by itself nor keeps shut', () => {
    const { breaker, play } = guarded({ health: () => 0 });

    expect(play(`${S(20)}${F(6)}`, 200)).toBe(`${S(20)}${F(5)}r`);
    expect(breaker.state).toBe('OPEN');
  });

  test('that is good changes nothing', () => {
    const { play } = guarded({ health: () => 1 });

    expect(play(F(10))).toBe(`${F(9)}r`);
  });

  test('is asked with the name, at failures only', () => {
    const asked: string[] = [];
    const { play } = guarded({
      health: (name) => {
        asked.push(name);
        return 1;
      },
    });

    play('ssfss');

    expect(asked).toEqual(['test']);
  });
});
