import { describe, expect, test } from 'vitest';
import { Ring } from '../../src/monitor/ring.js';

function ringOf(capacity: number, items: number): number[] {
  const ring = new Ring<number>(capacity);
  for (let item = 1; item <= items; item++) ring.push(item);
  return [...ring];
}

describe('a ring of three', () => {
  test.each<[items: number, kept: number[]]>([
    [0, []],
    [1, [1]],
    [3, [3, 2, 1]],
    [4, [4, 3, 2]],
    [7, [7, 6, 5]],
  ])('has, after %i items, the newest first: %j', (items, kept) => {
    expect(ringOf(3, items)).toEqual(kept);
  });
});

test('a ring of one has the last item', () => {
  expect(ringOf(1, 5)).toEqual([5]);
});
