import { describe, expect, test } from 'vitest';
import { lineAt } from '../../src/adaptive/lines.js';
import { thresholdFor } from '../../src/adaptive/threshold.js';
import { Warning } from '../../src/adaptive/warning.js';
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

  test('says what is usual: what was seen while all was well, or what was thought', () => {
    const details = (before: string, options = {}) => {
      const { breaker, play } = guarded(options);
      const degraded = heard(breaker, 'degraded');
      play(before);
      play('fs'.repeat(40));
      return degraded.map(({ detail }) => (detail as string).replace(/^.*\(/, '('));
    };

    expect(details('')).toEqual(['(normal 10 %)']);
    expect(details(`${'s'.repeat(49)}fsssssssss`.repeat(20))).toEqual([
      expect.stringMatching(/^\(normal 2(\.\d)? %\)$/),
    ]);
    expect(details('s'.repeat(1_000), { normal: 0.03 })).toEqual(['(normal 3 %)']);
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

describe('the line of a warning', () => {
  /** Failures in a row by which it warns. */
  const failuresTo = (rate: number, normal: number, callsADay = 1e6, alarmsADay = 1) => {
    const warning = new Warning(lineAt(rate));
    warning.design(normal, callsADay, alarmsADay);
    let failures = 1;
    while (warning.record(true, failures) !== 'degraded') failures++;
    return failures;
  };
  const exact = (rate: number, usual: number, between = 1e6) => {
    const line = lineAt(rate);
    return Math.ceil(thresholdFor(line, usual, between) / line.up);
  };

  test('takes 0.4 of its rate for usual at least, 0.7 at most, and no more than a tenth unless it is seen', () => {
    expect(failuresTo(1 / 7, 0)).toBe(exact(1 / 7, 0.4 / 7));
    expect(failuresTo(1 / 7, 0.08)).toBe(exact(1 / 7, 0.08));
    expect(failuresTo(1 / 7, 0.14)).toBe(exact(1 / 7, 0.1));
    expect(failuresTo(0.5, 0)).toBe(exact(0.5, 0.1));
    expect(exact(1 / 7, 0.1)).toBeGreaterThan(exact(1 / 7, 0.08));
    expect(exact(1 / 7, 0.08)).toBeGreaterThan(exact(1 / 7, 0.4 / 7));
  });

  test('warns as often as it may', () => {
    expect(failuresTo(1 / 7, 0.05, 1e6, 100)).toBe(exact(1 / 7, 0.4 / 7, 1e4));
  });

  test('warns of no single failure', () => {
    expect(failuresTo(1 / 7, 0, 1, 1)).toBe(2);
    expect(failuresTo(0.5, 0, 1, 1)).toBe(2);
  });

  test('tells the rate since it began, and is well when nothing is left', () => {
    const warning = new Warning(lineAt(0.5));
    warning.design(0, 1, 1);
    const play = (outcomes: string) => [...outcomes].map((it, at) => warning.record(it === 'f', at));

    play('sssfs');
    const told = play('sfsfsfsffs');

    expect(told.filter((it) => it !== undefined)).toEqual(['degraded']);
    expect([warning.isDegraded, warning.rate]).toEqual([true, 2 / 3]);
    expect(play('ss')).toEqual(['well', undefined]);
    expect(warning.isDegraded).toBe(false);
  });
});
