import fc from 'fast-check';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test } from 'vitest';
import { lineAt, linesFor, rampLine } from '../../src/adaptive/lines.js';
import { Ramp } from '../../src/adaptive/ramp.js';
import { stepsIn, thrownBy } from '../support/breakers.js';
import { guarded, recover } from './fixtures.js';

describe('the ramp', () => {
  test('lets a tenth of the calls pass after a close, without any chance', () => {
    const it = guarded();
    recover(it);

    const answers = it.play('s'.repeat(100), 0);

    expect(answers).toBe(`s${'r'.repeat(9)}`.repeat(10));
    expect(it.breaker.metrics.detector).toMatchObject({ admitted: 0.1 });
  });

  test('lets a tenth of the usual calls pass as well', async () => {
    const it = guarded();
    recover(it);

    const calls = await Promise.allSettled(
      Array.from({ length: 100 }, () => it.breaker.call(async () => 'fine')),
    );

    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
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
    const transitions = recordEvents(it.breaker, { events: ['transition'] });

    it.play('f'.repeat(800), 20);

    expect(stepsIn(transitions)[0]).toBe('CLOSED→OPEN detector');
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

describe('the share of a ramp', () => {
  /** One of a second, at the time at which half of the calls pass. */
  function half(): Ramp {
    const ramp = new Ramp(0, 1_000, rampLine(0.1));
    ramp.admits(400);
    expect(ramp.share).toBeCloseTo(0.46, 9);
    ramp.share = 0.5;
    return ramp;
  }

  /** Results of calls that all start and end then. */
  const record = (ramp: Ramp, outcomes: string, at: number) => {
    for (const outcome of outcomes) ramp.record(outcome === 'f', at, at);
  };

  test('stands still while the clock does, and where it goes back', () => {
    const ramp = half();

    ramp.admits(400);
    ramp.admits(300);
    expect(ramp.share).toBe(0.5);
    ramp.admits(400);

    expect(ramp.share).toBeCloseTo(0.59, 9);
  });

  test('is cut to 0.8 of it by evidence of 16, where a failure adds 3 and a success takes 1 off', () => {
    const ramp = half();

    record(ramp, 'fffffss', 401);
    expect(ramp.share).toBe(0.5);
    record(ramp, 'f', 401);

    expect(ramp.share).toBeCloseTo(0.4, 9);
  });

  test('is cut once for each round trip: what started by the cut counts no more', () => {
    const ramp = half();
    record(ramp, 'ffffff', 401);

    record(ramp, 'f'.repeat(50), 401);
    expect(ramp.share).toBeCloseTo(0.4, 9);
    record(ramp, 'ffffff', 402);

    expect(ramp.share).toBeCloseTo(0.32, 9);
  });

  test('climbs at a quarter of its pace around where it was cut', () => {
    const ramp = half();
    record(ramp, 'ffffff', 401);

    ramp.admits(500); // 0.09: 0.025 to 0.425, and a quarter of the rest
    expect(ramp.share).toBeCloseTo(0.425 + 0.065 / 4, 9);
    ramp.admits(1_500); // to 0.6 at a quarter of the pace, and on at all of it
    expect(ramp.share).toBeCloseTo(0.6 + 0.9 - 4 * (0.175 - 0.065 / 4), 9);
    ramp.admits(2_500);

    expect(ramp.share).toBe(1);
    expect(ramp.isOver).toBe(true);
  });

  test('is halved when the main lines trip, and what started before counts no more', () => {
    const ramp = half();
    record(ramp, 'fffff', 401);

    expect(ramp.opens(450)).toBe(false);
    expect([ramp.share, ramp.clearedAt]).toEqual([0.25, 450]);
    record(ramp, 'ffffff', 450);
    record(ramp, 'fffff', 451);

    expect(ramp.share).toBe(0.25);
  });

  test('is given up when they trip once more before a tenth is gained, and halved after', () => {
    const [soon, late] = [half(), half()];
    for (const ramp of [soon, late]) ramp.opens(450);

    soon.share = 0.3499;
    late.share = 0.35;

    expect([soon.opens(500), late.opens(500)]).toEqual([true, false]);
    expect(late.share).toBe(0.175);
  });

  test('is given up where it is a twentieth or less', () => {
    const [least, more] = [half(), half()];
    least.share = 0.05;
    more.share = 0.0501;

    expect([least.opens(450), more.opens(450)]).toEqual([true, false]);
  });

  test('has a line that stands clear of what is normal', () => {
    const names = [0, 0.065, 0.1, 0.11, 0.15, 0.16, 0.3].map((normal) => rampLine(normal).name);

    expect(names).toEqual(['1/4', '1/4', '1/4', '1/3', '1/3', '1/2', '1/2']);
  });

  test('goes by lines whose failures and successes balance at their rate', () => {
    for (const rate of [0.01, 0.14, 0.33, 0.5, 0.66, 0.75, 0.9]) {
      const line = lineAt(rate);
      expect(line.up * line.rate).toBeCloseTo(line.down * (1 - line.rate), 9);
    }
    expect(linesFor(0.75).map(({ name }) => name)).toEqual(['3/4']);
  });
});
