import { describe, expect, test } from 'vitest';
import { inWords } from '../../src/core/in-words.js';
import { oneLine, percent, round } from '../../src/monitor/text.js';

describe('a duration in words', () => {
  test.each<[number, string]>([
    [0, '0 ms'],
    [0.0421, '0 ms'],
    [1.25, '1.3 ms'],
    [12.3, '12 ms'],
    [999, '999 ms'],
    [999.9, '1 s'],
    [12_345, '12.3 s'],
    [59_949, '59.9 s'],
    [59_999, '1 min'],
    [200_000, '3 min 20 s'],
    [3_599_999, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_399_999, '1 d'],
    [357_000_000, '4 d 3 h'],
  ])('%d ms: %s', (ms, words) => {
    expect(inWords(ms)).toBe(words);
  });
});

test.each<[number, string]>([
  [0, '0 %'],
  [0.6, '60 %'],
  [1 / 3, '33.3 %'],
  [0.00123, '0.12 %'],
  [1, '100 %'],
])('the share %d in words is %s', (share, words) => {
  expect(percent(share)).toBe(words);
});

test.each<[number, number]>([
  [0.583, 0.58],
  [12.34, 12.3],
  [-0.055, -0.055],
])('%d is rounded to %d', (value, rounded) => {
  expect(round(value)).toBe(rounded);
});

describe('a text on one line', () => {
  test.each<[string, string]>([
    ['plain', 'plain'],
    ['', ''],
    ['exactly10!', 'exactly10!'],
    ['eleven char', 'eleven ch…'],
    ['a\r\n\tb', 'a b'],
    ['\u001b[31m', ' [31m'],
    ['a\u2028b\u202ec', 'a b c'],
    ['\ud800', ' '],
    ['😀'.repeat(10), '😀'.repeat(10)],
    ['😀'.repeat(11), `${'😀'.repeat(9)}…`],
    ['\n'.repeat(50), ' …'],
  ])('%j becomes %j', (text, line) => {
    expect(oneLine(text, 10)).toBe(line);
  });
});
