import { describe, expect, test } from 'vitest';
import { describeError } from '../../src/core/describe-error.js';

const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error('trap');
    },
  },
);

describe('an error in a few words', () => {
  test.each<[string, unknown, string]>([
    ['its name and message', new RangeError('too far'), 'RangeError: too far'],
    ['its code', Object.assign(new Error('down'), { code: 'ECONNREFUSED' }), 'Error: down (ECONNREFUSED)'],
    ['a number for a code', Object.assign(new Error('down'), { code: 14 }), 'Error: down (14)'],
    ['no other member', Object.assign(new Error('down'), { token: 'secret' }), 'Error: down'],
    ['one line', new Error('a\r\n\u001b[2Jb\u202ec'), 'Error: a [2Jb c'],
    ['a message that is cut', new Error('x'.repeat(300)), `Error: ${'x'.repeat(200)}…`],
    ['a message that just fits', new Error('x'.repeat(200)), `Error: ${'x'.repeat(200)}`],
    ['its message alone, where its name is empty', { name: '', message: 'down' }, 'down'],
    ['its message alone, where its name is none', { name: 5, message: 'down' }, 'down'],
    ['an object that is none', { reason: 'down' }, 'an object'],
    ['a string', 'down', '"down"'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['what cannot be read', hostile, 'something that cannot be read'],
  ])('is told by %s', (_, error, words) => {
    expect(describeError(error)).toBe(words);
  });
});
