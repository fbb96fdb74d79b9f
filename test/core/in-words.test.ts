import { expect, test } from 'vitest';
import { inWords } from '../../src/core/in-words.js';

test.each([
  [0, '0 ms'],
  [0.24, '0.2 ms'],
  [9.94, '9.9 ms'],
  [10, '10 ms'],
  [10.26, '10 ms'],
  [450, '450 ms'],
  [999.4, '999 ms'],
  [999.5, '1 s'],
  [12_345, '12.3 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min'],
  [200_000, '3 min 20 s'],
  [3_599_499, '59 min 59 s'],
  [3_599_500, '1 h'],
  [7_500_000, '2 h 5 min'],
  [86_369_999, '23 h 59 min'],
  [86_370_000, '1 d'],
  [356_400_000, '4 d 3 h'],
])('%d ms in words are %s', (ms, words) => {
  expect(inWords(ms)).toBe(words);
});
