import { describe, expect, test } from 'vitest';
import { comesOf } from '../../src/core/errors.js';

const origin = new Error('origin');
const comesOfOrigin = (error: unknown) =>
  comesOf(error, (it) => (it === origin ? true : undefined), undefined);

/** An error with so many others between it and the origin. */
function chain(links: number): Error {
  let error = origin;
  for (let i = 0; i < links; i++) error = new Error(`link ${i}`, { cause: error });
  return error;
}

function nest(depth: number, error: Error = origin): Error {
  let nested = error;
  for (let i = 0; i < depth; i++) nested = new AggregateError([nested]);
  return nested;
}

/** The largest number for which something holds, which holds for all that are less. */
function most(holds: (n: number) => boolean): number {
  let n = 0;
  while (n < 1_000 && holds(n + 1)) n++;
  return n;
}

describe('what an error comes of', () => {
  test('is found among its causes, as far as anybody would look', () => {
    expect(most((links) => comesOfOrigin(chain(links)))).toBe(31);
  });

  test('is found where errors are of errors, as deep as anybody would look', () => {
    expect(most((depth) => comesOfOrigin(nest(depth)))).toBe(3);
  });

  test('is not found in a circle', () => {
    const error = new Error('circle');
    error.cause = error;
    const errors: Error[] = [];
    errors.push(new AggregateError(errors));

    expect(comesOfOrigin(error)).toBe(false);
    expect(comesOfOrigin(errors[0])).toBe(false);
  });

  test('is that of all errors of one', () => {
    expect(comesOfOrigin(new AggregateError([origin, chain(2)]))).toBe(true);
    expect(comesOfOrigin(new AggregateError([origin, new Error('another')]))).toBe(false);
    expect(comesOfOrigin(new AggregateError([], 'none', { cause: origin }))).toBe(true);
  });

  test.each([
    undefined,
    null,
    'text',
    7,
    new Error('text', { cause: 'text' }),
    new Error('x', { cause: null }),
  ])('is nothing here: %s', (error) => {
    expect(comesOfOrigin(error)).toBe(false);
  });

  test('is not told by an error that cannot be read', () => {
    const error = Object.defineProperty(new Error('trap'), 'cause', {
      get() {
        throw origin;
      },
    });

    expect(comesOfOrigin(error)).toBe(false);
  });
});
