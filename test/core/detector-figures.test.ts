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
});
