import { describe, expect, test } from 'vitest';
import { heard } from '../support/breakers.js';
import { guarded, recover } from './fixtures.js';

const FAILING = 'sffsffssfs'; // half of the calls

describe('the warning', () => {
  test('is told once when more fails than usual, ahead of any trip, and once when all is well', () => {
    const { breaker, play } = guarded();
    const degraded = heard(breaker, 'degraded');
    const well = heard(breaker, 'well');
    play('s'.repeat(100));

    play('sfsss'.repeat(60)); // 20 %
    expect(breaker.state).toBe('CLOSED');
    expect(degraded).toMatchObject([
      { breaker: 'test', detail: expect.stringMatching(/^fails more than usual, 2\d %/) },
    ]);
    expect(breaker.metrics.detector).toMatchObject({ degraded: true });
    play('s'.repeat(500));

    expect(well).toMatchObject([{ breaker: 'test', detail: 'fails no more than usual' }]);
    expect(breaker.metrics.detector).toMatchObject({ degraded: false });
  });

  test('is none where it is off', () => {
    const { breaker, play } = guarded({ warn: false });
    const degraded = heard(breaker, 'degraded');

    play(FAILING.repeat(20));

    expect(degraded).toEqual([]);
  });

  test('can have a rate of its own', () => {
    const { breaker, play } = guarded({ warn: { tolerate: 0.02, falseAlarmsPerDay: 10 } });
    const degraded = heard(breaker, 'degraded');

    play('s'.repeat(9).concat('f').repeat(40));

    expect(degraded).toHaveLength(1);
  });

  test('ends with the first success after an outage', () => {
    const it = guarded({ patience: 60_000 });
    const well = heard(it.breaker, 'well');
    it.play('fffs'.repeat(20), 40);
    expect(it.breaker.metrics.detector).toMatchObject({ degraded: true });
    recover(it);
    expect(well).toEqual([]);

    it.play('s', 0);

    expect(well).toHaveLength(1);
  });
});
