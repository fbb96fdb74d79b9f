import { describe, expect, test } from 'vitest';
import { readDetector } from '../../src/core/detector-figures.js';

const NOTHING = { evidence: 0, thresholds: [], admitted: 1, degraded: false, overdue: 0 };

describe('the figures of a detector', () => {
  test.each([{}, { detector: null }, { detector: undefined }, { detector: 7 }])(
    'are not there: %j',
    (metrics) => {
      expect(readDetector(metrics)).toBeUndefined();
    },
  );

  test('are the largest share of all lines, each with its threshold', () => {
    const detector = {
      lines: ['1/2', '1/7'],
      evidence: [3, 6],
      thresholds: [9, 12],
      admitted: 0.4,
      degraded: true,
      overdue: 2,
    };

    expect(readDetector({ detector })).toMatchObject({
      evidence: 0.5,
      thresholds: [
        ['1/2', 9],
        ['1/7', 12],
      ],
      admitted: 0.4,
      degraded: true,
      overdue: 2,
    });
  });

  test.each<[string, object, object]>([
    ['nothing in it', {}, {}],
    ['one line alone', { evidence: 3, thresholds: 9 }, { evidence: 3 / 9, thresholds: [['0', 9]] }],
    ['lines without names', { evidence: [3], thresholds: [4] }, { evidence: 0.75, thresholds: [['0', 4]] }],
    [
      'lines as members',
      { evidence: { up: 1 }, thresholds: { up: 2, down: 5 } },
      {
        evidence: 0.5,
        thresholds: [
          ['up', 2],
          ['down', 5],
        ],
      },
    ],
    [
      'more evidence than it takes',
      { evidence: [30], thresholds: [10] },
      { evidence: 1, thresholds: [['0', 10]] },
    ],
    ['evidence without a threshold', { evidence: [3] }, {}],
    ['a threshold of nothing', { evidence: [3], thresholds: [0] }, { thresholds: [['0', 0]] }],
    [
      'what is no number',
      { evidence: [Number.NaN], thresholds: ['many'], admitted: 'all', degraded: 1, overdue: null },
      {},
    ],
  ])('stand for nothing where they are missing: %s', (_, detector, figures) => {
    expect(readDetector({ detector })).toMatchObject({ ...NOTHING, ...figures });
  });

  test.each<[string, object, object | undefined]>([
    [
      'the one with the largest share',
      { lines: ['a', 'b', 'c'], evidence: [3, 6, 1], thresholds: [9, 12, 90] },
      {
        line: 'b',
        value: 6,
        limit: 12,
      },
    ],
    [
      'the first of two that share it',
      { evidence: { up: 1, down: 2 }, thresholds: { down: 4, up: 2 } },
      {
        line: 'up',
        value: 1,
        limit: 2,
      },
    ],
    [
      'one whose name is a number',
      { lines: [7], evidence: [1], thresholds: [2] },
      { line: '7', value: 1, limit: 2 },
    ],
    [
      'one whose name is none',
      { lines: [null], evidence: 1, thresholds: 2 },
      { line: '0', value: 1, limit: 2 },
    ],
    [
      'one that has no threshold',
      { evidence: [3] },
      { line: '0', value: 3, limit: Number.POSITIVE_INFINITY },
    ],
    ['none', { evidence: [] }, undefined],
  ])('tell the line that is nearest: %s', (_, detector, nearest) => {
    expect(readDetector({ detector })?.nearest).toEqual(nearest);
  });

  test.each<[string, object, object | undefined]>([
    ['both figures', { normal: 0.01, falseTripsPerDay: 0.1 }, { normal: 0.01, falseTripsPerDay: 0.1 }],
    ['no rate', { falseTripsPerDay: 0.1 }, undefined],
    ['no trips', { normal: 0.01 }, undefined],
    ['no trips a day', { normal: 0.01, falseTripsPerDay: 0 }, undefined],
    ['endless trips', { normal: 0.01, falseTripsPerDay: Number.POSITIVE_INFINITY }, undefined],
  ])('promise what they say, where they say it: %s', (_, detector, promise) => {
    expect(readDetector({ detector })?.promise).toEqual(promise);
  });

  test('are no less than nothing', () => {
    expect(readDetector({ detector: { evidence: [-3], thresholds: [9] } })?.evidence).toBe(0);
  });
});

describe('what is no figure', () => {
  test.each([
    { evidence: null },
    { evidence: 'x' },
    { evidence: { a: 'x', b: Number.NaN } },
    { evidence: ['3'] },
  ])('is left out: %j', (detector) => {
    expect(readDetector({ detector })).toMatchObject({ ...NOTHING, nearest: undefined });
  });

  test('is left out beside what is one', () => {
    const detector = { evidence: { a: 'x', b: 3 }, thresholds: { a: 'y', b: 4 } };

    expect(readDetector({ detector })).toMatchObject({
      evidence: 0.75,
      nearest: { line: 'b', value: 3, limit: 4 },
      thresholds: [['b', 4]],
    });
  });
});
