import { expect, test } from 'vitest';
import { keyOf } from '../../src/core/key-of.js';
import { refusalOf } from '../support/breakers.js';

const START = 'Cannot pick a circuit breaker: ';

test('a key is what the function tells of the arguments', () => {
  expect(keyOf((a: string, b: string) => `${a}/${b}`, ['eu', 'users'])).toBe('eu/users');
});

test.each<[string, () => unknown, string]>([
  ['throws', () => expect.fail('no key'), 'the key function threw'],
  ['answers no string', () => 7, '`key` must be a function that returns a string, received 7'],
  [
    'is asynchronous',
    async () => 'users',
    '`key` must be a function that returns a string, received an object: a promise',
  ],
])('a key function that %s is refused', (_, key, words) => {
  const refusal = refusalOf(() => keyOf(key as () => string, []));

  expect(refusal.option).toBe('key');
  expect(refusal.message).toBe(`${START}${words}`);
});

test('whoever can do something about a promise is told what', () => {
  const refusal = refusalOf(() => keyOf((async () => 'users') as never, [], ', do it otherwise'));

  expect(refusal.message).toMatch(/a promise, do it otherwise$/);
});
