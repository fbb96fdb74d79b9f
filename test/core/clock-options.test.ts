import { CircuitBreaker, type Clock } from 'recloser';
import { describe, expect, test } from 'vitest';
import { refusalOf } from '../support/breakers.js';

const now = () => 5;
const timer = () => {};

describe('a clock', () => {
  test.each<[string, unknown, string]>([
    ['none', 5, 'an object with a function `now`, and a function `epoch` if it has one'],
    ['null', null, 'an object with a function `now`, and a function `epoch` if it has one'],
    [
      'a time of day that is none',
      { now, epoch: 5 },
      'an object with a function `now`, and a function `epoch` if it has one',
    ],
    ['dice that are none', { now, random: 0.5 }, 'an object with a function `random`, if it has one'],
    ...(
      [
        ['timers that it cannot clear', { now, setTimeout: timer }],
        ['timers that it cannot set', { now, clearTimeout: timer }],
        ['timers that are none', { now, setTimeout: 1, clearTimeout: 2 }],
        ['one that is none', { now, setTimeout: timer, clearTimeout: 2 }],
        ['another that is none', { now, setTimeout: 1, clearTimeout: timer }],
        ['one that is none, alone', { now, clearTimeout: 2 }],
      ] as const
    ).map(([what, clock]): [string, unknown, string] => [
      what,
      clock,
      'an object with functions `setTimeout` and `clearTimeout`, both or neither',
    ]),
  ])('is refused for %s', (_, clock, expected) => {
    const refusal = refusalOf(() => new CircuitBreaker({ clock: clock as Clock }));

    expect(refusal.option).toBe('clock');
    expect(refusal.message).toContain(`\`clock\` must be ${expected}, received `);
  });

  test.each<[string, object]>([
    ['tells the time alone', { now }],
    ['has all', { now, epoch: now, random: now, setTimeout: timer, clearTimeout: timer }],
    [
      'has what is undefined',
      { now, epoch: undefined, random: undefined, setTimeout: undefined, clearTimeout: undefined },
    ],
  ])('may be one that %s', (_, clock) => {
    expect(new CircuitBreaker({ clock: clock as Clock }).options.clock).toBe(clock);
  });
});

test('options that are refused tell which they are', () => {
  expect(refusalOf(() => new CircuitBreaker('users' as never)).option).toBe('options');
  expect(refusalOf(() => new CircuitBreaker({ slowCallRateThreshold: 0.5 })).option).toBe(
    'slowCallRateThreshold',
  );
  expect(refusalOf(() => new CircuitBreaker({ detector: null as never })).option).toBe('detector');
  expect(refusalOf(() => new CircuitBreaker(null as never)).message).toContain(
    'must be an object, received null',
  );
});
