import { type Backoff, CircuitBreaker, type Clock, exponentialBackoff, InvalidOptionsError } from 'recloser';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { refusalOf, thrownBy } from '../support/breakers.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const times = (backoff: ReturnType<typeof exponentialBackoff>, attempts: number[]) =>
  attempts.map((attempt) => backoff(attempt, undefined));

describe('exponentialBackoff', () => {
  test('doubles from a second up to five minutes by default', () => {
    const backoff = exponentialBackoff({ random: () => 0 });

    expect(times(backoff, [1, 2, 3, 4, 9, 10, 11, 50])).toEqual([
      1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000,
    ]);
  });

  test('takes off a random share of up to a fifth by default', () => {
    const rolls = [0, 0.5, 1];

    const results = rolls.map((roll) => exponentialBackoff({ random: () => roll })(1, undefined));

    expect(results).toEqual([1_000, 900, 800]);
  });

  test('takes the share off the maximum too', () => {
    const backoff = exponentialBackoff({ max: 1_000, jitter: 0.5, random: () => 1 });

    expect(backoff(20, undefined)).toBe(500);
  });

  test.each<[string, Parameters<typeof exponentialBackoff>[0], number[]]>([
    ['another factor', { initial: 100, factor: 3, jitter: 0 }, [100, 300, 900, 2_700]],
    ['a factor of 1', { initial: 100, factor: 1, jitter: 0 }, [100, 100, 100, 100]],
    ['an initial of 0', { initial: 0, jitter: 0 }, [0, 0, 0, 0]],
    ['a maximum below the initial', { initial: 100, max: 10, jitter: 0 }, [10, 10, 10, 10]],
    ['a maximum of 0', { initial: 100, max: 0, jitter: 0 }, [0, 0, 0, 0]],
    ['a jitter of 1', { initial: 100, jitter: 1, random: () => 1 }, [0, 0, 0, 0]],
  ])('goes by %s', (_, options, expected) => {
    expect(times(exponentialBackoff(options), [1, 2, 3, 4])).toEqual(expected);
  });

  test.each<[string, Parameters<typeof exponentialBackoff>[0]]>([
    ['the defaults', {}],
    ['a great factor', { factor: 1e10 }],
    ['an initial of 0 and a great factor', { initial: 0, factor: 1e10 }],
    ['a great maximum', { initial: 1e300, factor: 1e10, max: Number.MAX_VALUE }],
  ])('answers finite numbers of at least 0 for ten thousand attempts with %s', (_, options) => {
    const backoff = exponentialBackoff(options);

    const answers = times(backoff, [1, 2, 10, 100, 1_000, 10_000]);

    expect(answers.every((answer) => Number.isFinite(answer) && answer >= 0)).toBe(true);
  });

  test('rolls once for each answer', () => {
    const random = vi.fn(() => 0.5);

    exponentialBackoff({ random })(3, undefined);

    expect(random).toHaveBeenCalledOnce();
  });

  test('stays within its range with real randomness', () => {
    const backoff = exponentialBackoff({ initial: 1_000, jitter: 0.2 });

    const answers = Array.from({ length: 500 }, () => backoff(1, undefined));

    expect(Math.min(...answers)).toBeGreaterThanOrEqual(800);
    expect(Math.max(...answers)).toBeLessThanOrEqual(1_000);
  });

  test('reads `undefined` as not given', () => {
    const backoff = exponentialBackoff({
      initial: undefined,
      factor: undefined,
      max: undefined,
      jitter: 0,
      random: undefined,
    });

    expect(backoff(2, undefined)).toBe(2_000);
  });

  test.each<[string, unknown, string]>([
    ['null', null, ''],
    ['a number', 1_000, ''],
    ['initial: -1', { initial: -1 }, 'initial'],
    ['initial: NaN', { initial: Number.NaN }, 'initial'],
    ['initial: null', { initial: null }, 'initial'],
    ['initial: Infinity', { initial: Number.POSITIVE_INFINITY }, 'initial'],
    ['factor: NaN', { factor: Number.NaN }, 'factor'],
    ['factor: -2', { factor: -2 }, 'factor'],
    ['factor: "2"', { factor: '2' }, 'factor'],
    ['max: -1', { max: -1 }, 'max'],
    ['max: Infinity', { max: Number.POSITIVE_INFINITY }, 'max'],
    ['jitter: 1.1', { jitter: 1.1 }, 'jitter'],
    ['jitter: -0.1', { jitter: -0.1 }, 'jitter'],
    ['jitter: 20', { jitter: 20 }, 'jitter'],
    ['random: 4', { random: 4 }, 'random'],
    ['an unknown key', { initail: 5 }, 'initial'],
    ['an unknown key that is undefined', { maximum: undefined }, 'maximum'],
  ])('refuses %s', (_, options, named) => {
    const error = thrownBy(() => exponentialBackoff(options as never));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toContain(named);
  });

  test('names the option that was meant', () => {
    const { message } = refusalOf(() => exponentialBackoff({ initail: 5 } as never));

    expect(message).toContain('did you mean "initial"?');
  });

  test('keeps no options by reference', () => {
    const options = { initial: 100, jitter: 0 };
    const backoff = exponentialBackoff(options);

    options.initial = 5;

    expect(backoff(1, undefined)).toBe(100);
  });
});

test('a backoff that answers nonsense is reported with what it should have answered', async () => {
  const { uncaught } = watchRuntime();

  new CircuitBreaker({ recoveryTimeout: () => Number.NaN }).trip();
  await quiet();

  expect(uncaught).toEqual([
    new TypeError(
      'A `recoveryTimeout` function must return a finite number of milliseconds of at least 0, received NaN',
    ),
  ]);
});

describe('the chance that a backoff is given', () => {
  const rolled = (clock: Partial<Clock> | undefined): number => {
    let roll = Number.NaN;
    const recoveryTimeout: Backoff = (_attempt, _error, random) => {
      roll = random?.() ?? Number.NaN;
      return 1;
    };
    const base = { now: () => 0, ...clock } as Clock;
    new CircuitBreaker({ recoveryTimeout, ...(clock && { clock: base }) }).trip();
    return roll;
  };

  test('is that of the clock, else that of the platform', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.25);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });

    expect([rolled({ random: () => 0.75 }), rolled({}), rolled(undefined)]).toEqual([0.75, 0.25, 0.25]);
  });
});
