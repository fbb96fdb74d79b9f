import { expect, test, vi } from 'vitest';
import { roll } from '../../src/core/clock.js';

test('the dice are those of the clock, else those of the language', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.25);

  expect(roll({ now: () => 0, random: () => 0.75 })).toBe(0.75);
  expect(roll({ now: () => 0 })).toBe(0.25);
});
