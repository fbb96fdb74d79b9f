import { expect, test } from 'vitest';
import { Heap } from '../../src/core/heap.js';

const keysOf = (heap: Heap<{ key: number }>): number[] => {
  const keys: number[] = [];
  for (let top = heap.top; top !== undefined; top = heap.top) {
    keys.push(top.key);
    heap.removeTop();
  }
  return keys;
};

const filled = (...keys: number[]) => {
  const heap = new Heap<{ key: number }>();
  for (const key of keys) heap.add({ key });
  return heap;
};

test('a heap gives the least key first', () => {
  expect(keysOf(filled(5, 1, 4, 1, 3, 9, 2))).toEqual([1, 1, 2, 3, 4, 5, 9]);
});

test('an empty heap has no top, and nothing to remove', () => {
  const heap = filled();

  heap.removeTop();

  expect(heap.top).toBeUndefined();
});

test('a top that has grown sinks to its place', () => {
  const heap = filled(1, 2, 3, 4, 5);

  (heap.top as { key: number }).key = 4.5;
  heap.sinkTop();

  expect(keysOf(heap)).toEqual([2, 3, 4, 4.5, 5]);
});

test('those that pass are kept in order', () => {
  const heap = filled(7, 1, 6, 2, 5, 3, 4);

  heap.keep(({ key }) => key % 2 === 1);

  expect(keysOf(heap)).toEqual([1, 3, 5, 7]);
});

test('those that are left without their top have another', () => {
  const heap = filled(1, 9, 2, 10, 11, 3);

  heap.keep(({ key }) => key > 1);

  expect(keysOf(heap)).toEqual([2, 3, 9, 10, 11]);
});
