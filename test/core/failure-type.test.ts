import { CallTimeoutError } from 'recloser';
import { describe, expect, test } from 'vitest';
import { failureTypeOf, valueTypeOf } from '../../src/core/failure-type.js';

const withCode = (code: unknown, name = 'Error') => Object.assign(new Error('boom'), { code, name });

describe('the type of a failure', () => {
  test.each<[what: string, error: unknown, type: string | undefined]>([
    ['a timeout', new CallTimeoutError('users', 100), 'timeout'],
    ['a code', withCode('ECONNREFUSED'), 'ECONNREFUSED'],
    ['a code before a name', withCode('ECONNREFUSED', 'SystemError'), 'ECONNREFUSED'],
    ['the code of a cause', new TypeError('fetch failed', { cause: withCode('ECONNRESET') }), 'ECONNRESET'],
    [
      'a code before that of a cause',
      Object.assign(new Error('x', { cause: withCode('B') }), { code: 'A' }),
      'A',
    ],
    ['a cause that is null', Object.assign(new RangeError('x'), { cause: null }), 'RangeError'],
    ['a name', new RangeError('boom'), 'RangeError'],
    ['a number where there is no name but Error', withCode(14), '14'],
    ['a name where the code is a number', withCode(20, 'AbortError'), 'AbortError'],
    ['no whole number', withCode(1.5), 'Error'],
    ['a code that is a word of its own kind', { code: 'A B', cause: { code: 'C' }, name: 'D' }, 'C'],
    ['a status where the name tells nothing', Object.assign(new Error('x'), { status: 503 }), '503'],
    ['a status of another name', Object.assign(new Error('x'), { statusCode: 599 }), '599'],
    ['a number before a status', Object.assign(withCode(14), { status: 503 }), '14'],
    ['a name before a status', Object.assign(new RangeError('x'), { status: 503 }), 'RangeError'],
    ['no status that is none', Object.assign(new Error('x'), { status: 99, statusCode: 600 }), 'Error'],
    ['a status where the name is no word', { name: 'no word', status: 100 }, '100'],
    ['a status where the name is no text', { name: 7, status: 404 }, '404'],
    ['words alone', withCode('first second'), 'Error'],
    ['no symbol of another end', withCode('ok\n'), 'Error'],
    ['sixty letters', withCode('A'.repeat(60)), 'A'.repeat(60)],
    ['too many letters', withCode('A'.repeat(61)), 'Error'],
    ['a sentence', withCode('no such user', 'also no word'), undefined],
    ['an empty code', withCode('', ''), undefined],
    ['all that a word may have', withCode('a_1.b:c-d'), 'a_1.b:c-d'],
    ['nothing to tell', {}, undefined],
    ['a string', 'boom', 'string'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
  ])('is told by %s', (_, error, type) => {
    expect(failureTypeOf(error)).toBe(type);
  });

  test('is unknown where looking at it throws', () => {
    const hostile = {
      get code() {
        throw new Error('trap');
      },
    };

    expect(failureTypeOf(hostile)).toBeUndefined();
  });
});

describe('the type of a value that counts as a failure', () => {
  test.each<[unknown, string]>([
    [{ status: 503 }, '503'],
    [{ statusCode: 404 }, '404'],
    [{ status: 100 }, '100'],
    [{ status: 99 }, 'value'],
    [{ status: 599.5 }, 'value'],
    [{ status: 600, statusCode: 200 }, '200'],
    [{ status: '503' }, 'value'],
    [{}, 'value'],
    [null, 'value'],
    [undefined, 'value'],
    ['text', 'value'],
  ])('of %j is %s', (value, type) => {
    expect(valueTypeOf(value)).toBe(type);
  });

  test('is none where looking at it throws', () => {
    const hostile = {
      get status() {
        throw new Error('trap');
      },
    };

    expect(valueTypeOf(hostile)).toBe('value');
  });
});
