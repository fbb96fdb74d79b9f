import { describe, expect, test } from 'vitest';
import { type Cost, cost, priceOf } from '../../src/core/cost.js';
import { refusalOf } from '../support/breakers.js';

const SUBJECT = { breaker: '', action: 'report' };

describe('what a call costs', () => {
  test.each<[Cost, object]>([
    [0, { perCall: 0, currency: '' }],
    [0.015, { perCall: 0.015, currency: '' }],
    [{ perCall: 2 }, { perCall: 2, currency: '' }],
    [
      { perCall: 2, currency: '€' },
      { perCall: 2, currency: '€' },
    ],
    [(name) => name.length, { perCall: 5, currency: '' }],
    [() => ({ perCall: 1, currency: 'USD' }), { perCall: 1, currency: 'USD' }],
    [
      { perCall: 1, currency: 'sixteen_letters_' },
      { perCall: 1, currency: 'sixteen_letters_' },
    ],
  ])('may be told in several ways: %#', (given, price) => {
    expect(cost(given)).toBeUndefined();
    expect(priceOf(given, 'users', SUBJECT)).toEqual(price);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined, true])('is not %s', (given) => {
    expect(cost(given)).toMatch(/at least 0/);
  });

  test.each<[unknown, string, string]>([
    [{ perCall: -1 }, 'cost.perCall', 'must be a finite number of at least 0, received -1'],
    [{}, 'cost.perCall', 'received undefined'],
    [{ perCall: 1, currency: '' }, 'cost.currency', 'must be 1 to 16 letters, digits or signs of currencies'],
    [{ perCall: 1, currency: 'a\nb' }, 'cost.currency', 'received "a\\nb"'],
    [
      { perCall: 1, curency: 'USD' },
      'cost.curency',
      'unknown option "cost.curency", known are perCall and currency',
    ],
    [{ perCall: 1, currency: 'seventeen_letters' }, 'cost.currency', 'must be 1 to 16 letters'],
    [{ perCall: 1, currency: 840 }, 'cost.currency', 'received 840'],
    [{ perCall: 1, currency: ['EUR'] }, 'cost.currency', 'received an array'],
    [() => null, 'cost', 'received null'],
    [() => 'free', 'cost', 'must be a finite number of at least 0, received "free"'],
  ])('is refused where it is no amount: %#', (given, option, words) => {
    const refusal = refusalOf(() => priceOf(given as Cost, 'users', SUBJECT));

    expect(refusal.option).toBe(option);
    expect(refusal.message).toContain(words);
  });
});
