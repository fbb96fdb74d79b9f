import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  byNearness,
  type Check,
  callable,
  callables,
  count,
  describe as describeValue,
  duration,
  either,
  hasMethods,
  list,
  nearest,
  numberFrom,
  object,
  oneOf,
  orFalse,
  orInfinity,
  positiveInteger,
  ratio,
  readOptions,
  string,
} from '../../src/core/validate.js';
import { refusalOf } from '../support/breakers.js';

/** As a class of errors is written in ES5. */
function Es5Error() {}
Es5Error.prototype = Object.create(Error.prototype);

const SUBJECT = { breaker: '', action: 'test' };

describe('a check', () => {
  test.each<[range: string, check: Check, good: unknown[], bad: unknown[]]>([
    ['a number from 0 to 1', ratio, [0, 0.5, 1], [-0.1, 1.1, Number.NaN, '1']],
    ['an integer of at least 1', positiveInteger(), [1, 10], [0, 1.5, Number.NaN, '1']],
    ['an integer from 1 to 3', positiveInteger(3), [1, 3], [0, 4]],
    ['an integer of at least 0', count, [0, 1], [-1, 0.5, 2 ** 53]],
    ['a finite number of milliseconds of at least 0', duration(), [0, 0.5], [-1, Number.POSITIVE_INFINITY]],
    ['a number of milliseconds from 1 to 2', duration(1, 2), [1, 1.5, 2], [0.9, 2.1]],
    ['a finite number of at least 1', numberFrom(1), [1, 1.5], [0.9, Number.POSITIVE_INFINITY]],
    ['a string', string, ['', 'a'], [1, undefined]],
    ['an array', list, [[]], [{}, 'a']],
    ['an object', object, [{}], [null, [], 'a']],
    [
      'a function',
      callable,
      [() => {}, function named() {}, String, Boolean, { class() {} }.class, async () => {}],
      [
        1,
        {},
        class {},
        class extends Error {},
        TypeError,
        DOMException,
        runInNewContext('RangeError'),
        Es5Error,
      ],
    ],
    ['an array of error classes and predicates', callables, [[], [Error]], [[1], Error]],
    ['1 or "a"', oneOf(1, 'a'), [1, 'a'], [2, 'b']],
    ['a string, or an array', either(string, list), ['a', []], [1]],
    ['a string, or false', orFalse(string), ['a', false], [true, 1n]],
    [
      'an integer of at least 1, or Infinity',
      orInfinity(positiveInteger()),
      [1, Number.POSITIVE_INFINITY],
      [0],
    ],
  ])('says nothing of a good value, and the range of others: %s', (range, check, good, bad) => {
    expect(good.map(check)).toEqual(good.map(() => undefined));
    expect(bad.map(check)).toEqual(bad.map(() => range));
  });

  test('that may be false tells who gave a number the range of numbers alone', () => {
    const check = orFalse(ratio);

    expect([check(2), check('a')]).toEqual(['a number from 0 to 1', 'a number from 0 to 1, or false']);
  });
});

describe('an object with methods', () => {
  const isStack = hasMethods('push', 'pop');

  test.each<[string, unknown, boolean]>([
    ['has all of them', [], true],
    ['has one of them', { push() {} }, false],
    ['has something else of that name', { push() {}, pop: 1 }, false],
    ['is nothing', null, false],
    ['is missing', undefined, false],
    ['is a function', Object.assign(() => {}, { push() {}, pop() {} }), false],
  ])('%s', (_, value, expected) => {
    expect(isStack(value)).toBe(expected);
  });
});

describe('a value in words', () => {
  test.each<[unknown, string]>([
    ['a', '"a"'],
    ['a'.repeat(40), `"${'a'.repeat(40)}"`],
    ['a'.repeat(41), `"${'a'.repeat(40)}…"`],
    ['a\nb', '"a\\nb"'],
    [12n, '12n'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [() => {}, 'a function'],
    [[], 'an array'],
    [{}, 'an object'],
  ])('%#', (value, words) => {
    expect(describeValue(value)).toBe(words);
  });

  test('is safe with a proxy that has been revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(describeValue(proxy)).toBe('an object');
  });
});

describe('an unknown option', () => {
  test('is told with its path and the nearest one', () => {
    const read = () => readOptions({ seize: 1 }, { size: count, type: string }, SUBJECT, 'window.');

    expect(refusalOf(read)).toMatchObject({
      option: 'window.seize',
      message: 'Cannot test: unknown option "window.seize", did you mean "window.size"?',
    });
  });

  test('has no nearest one where there is none', () => {
    expect(refusalOf(() => readOptions({ a: 1 }, {}, SUBJECT)).message).toBe(
      'Cannot test: unknown option "a"',
    );
  });

  test('is looked for in an object that is told by its path', () => {
    const message = 'Cannot test: `window` must be an object, received 1';

    expect(refusalOf(() => readOptions(1, {}, SUBJECT, 'window.')).message).toBe(message);
  });
});

describe('the nearest word', () => {
  test.each([
    ['timeot', 'callTimeout'],
    ['CALLTIMEOUT', 'callTimeout'],
    ['nam', 'name'],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, ['name', 'callTimeout', 'clock'])).toBe(expected);
  });

  test('is the first of those that are as near', () => {
    expect(byNearness('ab', ['ax', 'ay', 'ab'])).toEqual(['ab', 'ax', 'ay']);
  });
});
