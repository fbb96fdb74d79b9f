import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../bench/simulations/chance.mjs';
import { Flights } from '../../src/adaptive/flights.js';
import { heard } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { guarded } from './fixtures.js';

/** Calls by call() that are left in flight, so many ms apart. */
function hang({ breaker, clock }: ReturnType<typeof guarded>, calls: number, every: number) {
  for (let i = 0; i < calls; i++) {
    clock.advance(every);
    breaker.tryCall(() => new Promise(() => {}));
  }
}

describe('calls that are overdue', () => {
  test('open the circuit though none has ended, and no error is to blame', () => {
    const it = guarded({ overdueAfter: 300 });
    const opened = heard(it.breaker, 'open');

    hang(it, 60, 10);

    expect(opened).toMatchObject([
      { reason: 'detector', detail: expect.stringMatching(/^evidence \d+ of 9 .*: \d+ calls overdue$/) },
    ]);
    expect(opened[0]).not.toHaveProperty('error');
    expect(it.breaker.metrics.inFlight).toBeLessThan(50);
  });

  test('open it by the usual calls as well', () => {
    const it = guarded({ overdueAfter: 300 });

    for (let i = 0; i < 60; i++) {
      it.clock.advance(10);
      it.breaker.call(() => new Promise(() => {})).catch(() => {});
    }

    expect(it.breaker.state).toBe('OPEN');
  });

  test('are told apart from those that failed', () => {
    const { breaker, start, play } = guarded({ overdueAfter: 300, patience: 0 });
    const opened = heard(breaker, 'open');

    start(2);
    play('ss', 100);
    play('f'.repeat(8), 60);

    expect(opened).toMatchObject([
      { detail: expect.stringMatching(/evidence 9 of 9 in 0\.\d+ s: 7 calls failed, 2 overdue/) },
    ]);
  });

  test('count once: what comes of them later counts no more', () => {
    const { breaker, start, play } = guarded({ overdueAfter: 300 });
    const permits = start(3);
    play('ssss', 100);
    expect(breaker.metrics.detector).toMatchObject({ overdue: 3 });

    const before = breaker.metrics.detector?.evidence;
    for (const permit of permits) permit.failure();

    expect(breaker.metrics.detector?.evidence).toEqual(before);
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', totals: { failures: 3 } });
  });

  test('count once by the usual calls as well', async () => {
    const { breaker, clock, play } = guarded({ overdueAfter: 300 });
    const answer = deferred<never>();
    const calls = [1, 2, 3].map(() => breaker.call(() => answer.promise).catch(() => {}));
    clock.advance(10);
    for (let i = 0; i < 4; i++) {
      clock.advance(100);
      await breaker.call(async () => 'fine');
    }
    const { overdue, evidence } = breaker.metrics.detector as Record<string, unknown>;

    answer.reject(new Error('late'));
    await Promise.all(calls);

    // The first found nobody in flight, and was not timed.
    expect(overdue).toBe(2);
    expect(breaker.metrics.detector).toMatchObject({ evidence: [(evidence as number[])[0]! + 1] });
    expect(play('s')).toBe('s');
  });

  test('cost no reading of the clock where that is off', async () => {
    const { breaker, clock } = guarded({ overdueAfter: false });
    const reads = clock.reads;

    for (let i = 0; i < 100; i++) await breaker.call(async () => 'fine');

    expect(clock.reads).toBe(reads);
  });

  test('are none where that is off', () => {
    const it = guarded({ overdueAfter: false });

    hang(it, 200, 50);

    expect(it.breaker.state).toBe('CLOSED');
    expect(it.breaker.metrics.detector).toMatchObject({ overdueAfter: false, overdue: 0 });
  });

  test('are none for a process that stood still', () => {
    const { breaker, clock, start } = guarded({ overdueAfter: 300 });
    const permits = start(50);

    clock.advance(2_000);
    start(1);
    for (const permit of permits) permit.success();

    expect(breaker.state).toBe('CLOSED');
    expect(breaker.metrics.detector).toMatchObject({ overdue: 0 });
  });

  test('are so after what successes take, four times the slowest of a hundred', () => {
    const { breaker, clock } = guarded();
    expect(breaker.metrics.detector).toMatchObject({ overdueAfter: 1_000 });

    for (let i = 0; i < 100; i++) {
      const permit = breaker.acquire();
      clock.advance(50);
      permit.success();
    }

    expect(breaker.metrics.detector?.overdueAfter).toBeGreaterThan(199);
    expect(breaker.metrics.detector?.overdueAfter).toBeLessThan(225);
  });

  test('are seen early where many are late at once, though latencies spread widely', () => {
    const { breaker, clock, start } = guarded();
    const random = createRandom(1);
    for (let i = 0; i < 6_000; i++) {
      const permit = breaker.acquire();
      clock.advance(random() < 0.02 ? 700 : 40);
      permit.success();
    }
    expect(breaker.metrics.detector?.overdueAfter).toBeGreaterThan(1_500);
    const opened = heard(breaker, 'open');

    start(100, 10);

    expect(opened).toMatchObject([{ detail: expect.stringContaining('in flight for too long at once') }]);
    expect(breaker.metrics.detector).toMatchObject({ overdue: 0 });
  });

  test('go on being seen after the clock has begun anew', () => {
    const it = guarded({ overdueAfter: 300 });
    it.start(5, 10);
    it.clock.time = 0;

    hang(it, 60, 10);

    expect(it.breaker.state).toBe('OPEN');
  });
});

describe('calls in flight', () => {
  const moves = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant('start' as const), after: fc.nat(120) }),
      fc.record({ do: fc.constant('end' as const), which: fc.nat(50) }),
    ),
    { maxLength: 200 },
  );

  test('are each judged once, whether they end before, after or never', () => {
    fc.assert(
      fc.property(moves, fc.constantFrom(0, 5_000, 1e15), (steps, origin) => {
        const flights = new Flights();
        const open: number[] = [];
        let [now, started, ended, overdue] = [origin, 0, 0, 0];

        for (const step of steps) {
          if (step.do === 'start') {
            now += step.after;
            flights.passTo(now);
            flights.takeOverdue(300, now, (calls) => {
              overdue += calls;
            });
            flights.add(now, 25);
            open.push(now);
            started++;
          } else if (open.length > 0) {
            const [startedAt] = open.splice(step.which % open.length, 1);
            if (flights.take(startedAt as number) !== 'gone') ended++;
          }

          expect(flights.size).toBe(started - ended - overdue);
          expect(flights.size).toBeGreaterThanOrEqual(0);
          expect(flights.cohorts).toBeLessThanOrEqual(16);
        }
      }),
    );
  });

  test('are never fewer than none, on a clock that jumps or begins anew', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -500, max: 1_000 }), fc.nat(5)), { maxLength: 100 }),
        (steps) => {
          const flights = new Flights();
          const open: number[] = [];
          let now = 1_000;

          for (const [passed, which] of steps) {
            now += passed;
            flights.passTo(now);
            flights.judgeLate(100, 50, () => {});
            flights.takeOverdue(300, now, () => {});
            flights.add(now, 25);
            open.push(now);
            if (which > 0) flights.take(open.splice(which % open.length, 1)[0] as number);

            expect(flights.size).toBeGreaterThanOrEqual(0);
            expect(flights.size).toBeLessThanOrEqual(open.length + steps.length);
          }
        },
      ),
    );
  });
});
