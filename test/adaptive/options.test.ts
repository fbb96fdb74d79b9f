import { CircuitBreaker, CircuitBreakerRegistry, InvalidOptionsError } from 'recloser';
import { type AdaptiveOptions, adaptive } from 'recloser/adaptive';
import { describe, expect, test } from 'vitest';
import { resolveAdaptive } from '../../src/adaptive/options.js';
import { refusalOf } from '../support/breakers.js';

describe('adaptive', () => {
  test('answers a frozen detector', () => {
    const detector = adaptive();

    expect(Object.isFrozen(detector)).toBe(true);
    expect(Object.isFrozen(detector.defaults)).toBe(true);
  });

  test('brings defaults for options that are not given', () => {
    const { options } = new CircuitBreaker({ detector: adaptive(), successThreshold: 2 });

    expect(options).toMatchObject({
      failureThreshold: false,
      failureRateThreshold: false,
      successThreshold: 2,
    });
    expect(options.recoveryTimeout).toBeTypeOf('function');
  });

  test('wants more probes where no ramp follows', () => {
    expect(new CircuitBreaker({ detector: adaptive() }).options.successThreshold).toBe(5);
    expect(new CircuitBreaker({ detector: adaptive({ ramp: false }) }).options.successThreshold).toBe(7);
  });

  test('serves many breakers, each with a state of its own', () => {
    const registry = new CircuitBreakerRegistry({ defaults: { detector: adaptive({ patience: 0 }) } });
    const [one, other] = [registry.getOrCreate('one'), registry.getOrCreate('other')];

    for (let i = 0; i < 9; i++) one.acquire().failure();

    expect([one.state, other.state]).toEqual(['OPEN', 'CLOSED']);
  });

  test.each([
    [0.5, ['1/2']],
    [1 / 7, ['1/7', '1/4', '1/2']],
    [0.14, ['1/7', '1/4', '1/2']],
    [1 / 25, ['1/25', '1/10', '1/6', '1/3']],
    [1 / 55, ['1/55', '1/23', '1/10', '1/6']],
    [0.4, ['1/3']],
    [0.66, ['2/3']],
    [0.9, ['9/10']],
  ])('has lines for a tolerated rate: %f', (tolerate, lines) => {
    const breaker = new CircuitBreaker({ detector: adaptive({ tolerate, normal: 0.001 }) });

    expect(breaker.metrics.detector?.lines).toEqual(lines);
  });

  test.each<[object, string]>([
    [{ tolerate: 0.95 }, '`tolerate` must be a number from 0.01 to 0.9, received 0.95'],
    [{ tolerate: 0.005 }, '`tolerate` must be a number from 0.01 to 0.9, received 0.005'],
    [{ tolerate: '0.5' }, '`tolerate` must be a number from 0.01 to 0.9, received "0.5"'],
    [{ normal: 1 }, '`normal` must be a number from 0 to below 1, received 1'],
    [{ falseTripsPerDay: '1' }, '`falseTripsPerDay` must be a finite number above 0, received "1"'],
    [{ ramp: Number.POSITIVE_INFINITY }, '`ramp` must be a finite number of milliseconds above 0'],
    [
      { normal: 0.1, warn: { tolerate: 0.1 } },
      '`warn.tolerate` must be above `normal` and below `tolerate`, received 0.1',
    ],
    [
      { warn: { tolerate: 0.5 } },
      '`warn.tolerate` must be above `normal` and below `tolerate`, received 0.5',
    ],
    [{ normal: 0.5 }, '`normal` must be below `tolerate`, 0.5, received 0.5'],
    [
      { tolerate: 0.4, normal: 0.35 },
      '`normal` must be below `tolerate`, 0.4, which holds as 0.3333, received 0.35',
    ],
    [{ normal: 'learned' }, '`normal` must be a number from 0 to below 1, or "learn", received "learned"'],
    [{ falseTripsPerDay: 0 }, '`falseTripsPerDay` must be a finite number above 0, received 0'],
    [{ expectedRate: -1 }, '`expectedRate` must be a finite number of calls a second above 0, received -1'],
    [{ minimumFailures: 0 }, '`minimumFailures` must be an integer from 1 to 1000, received 0'],
    [{ patience: -1 }, '`patience` must be a finite number of milliseconds of at least 0, received -1'],
    [{ overdueAfter: 0 }, '`overdueAfter` must be a finite number of milliseconds above 0, received 0'],
    [
      { overdueAfter: 'never' },
      '`overdueAfter` must be a finite number of milliseconds above 0, or "auto", or false, received "never"',
    ],
    [{ ramp: 0 }, '`ramp` must be a finite number of milliseconds above 0, received 0'],
    [
      { warn: { tolerate: 0.6 } },
      '`warn.tolerate` must be above `normal` and below `tolerate`, received 0.6',
    ],
    [
      { warn: { falseAlarms: 1 } },
      'unknown option "warn.falseAlarms", did you mean "warn.falseAlarmsPerDay"?',
    ],
    [{ health: 1 }, '`health` must be a function, received 1'],
    [{ healthCheck: {} }, '`healthCheck.run` must be a function, received undefined'],
    [
      { healthCheck: { run: () => {}, every: -1 } },
      '`healthCheck.every` must be a finite number of milliseconds of at least 0',
    ],
    [{ tolerance: 0.5 }, 'unknown option "tolerance", did you mean "tolerate"?'],
    [{ normal: 0.4999999 }, 'give a higher `tolerate`, a lower `normal` or a higher `falseTripsPerDay`'],
  ])('refuses what it cannot work with: %j', (options, problem) => {
    const error = refusalOf(() => adaptive(options as AdaptiveOptions));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.message).toContain(`Cannot create adaptive detector: `);
    expect(error.message).toContain(problem);
  });

  test('says that a promise cannot be kept, at what rate, and the ways out', () => {
    const error = refusalOf(() => adaptive({ normal: 0.4999999, falseTripsPerDay: 0.01 }));

    expect(error.option).toBe('falseTripsPerDay');
    expect(error.message).toBe(
      'Cannot create adaptive detector: 0.01 false trips a day cannot be kept at a normal failure rate of 0.4999999: ' +
        'give a higher `tolerate`, a lower `normal` or a higher `falseTripsPerDay`',
    );
  });

  test('learns beside a promise that is as small as a number can be', () => {
    expect(() => adaptive({ tolerate: 0.01, falseTripsPerDay: Number.MIN_VALUE })).not.toThrow();
  });

  test('says that options cannot be read', () => {
    const options = {
      get tolerate(): number {
        throw new Error('not yet');
      },
    };

    expect(refusalOf(() => adaptive(options)).message).toBe(
      'Cannot create adaptive detector: options cannot be read',
    );
  });

  test('takes the words for what is learned, and the largest of numbers', () => {
    const of = (options?: AdaptiveOptions) =>
      new CircuitBreaker({ detector: adaptive(options) }).metrics.detector;

    expect(of({ normal: 'learn', expectedRate: 'learn' })).toEqual(of());
    expect(of({ ramp: Number.MAX_VALUE })).toEqual(of());
  });

  test('thinks of a tenth as normal until it has learned, and of less where less is tolerated', () => {
    const normalOf = (tolerate: number) =>
      new CircuitBreaker({ detector: adaptive({ tolerate }) }).metrics.detector?.normal;

    expect([0.5, 0.25, 0.2, 0.01].map(normalOf)).toEqual([0.1, 0.1, 0.08, 0.004]);
  });
});

describe('the line of the warning', () => {
  const nameOf = (options: AdaptiveOptions) => {
    const { warn } = resolveAdaptive(options);
    return warn === false ? 'none' : warn.line.name;
  };

  test.each<[AdaptiveOptions, string]>([
    [{}, '1/7'],
    [{ tolerate: 0.25 }, '1/14'],
    [{ tolerate: 0.9 }, '1/7'],
    [{ tolerate: 0.01 }, '1/100'],
    [{ normal: 0.09 }, '1/7'],
    [{ normal: 0.7 * (1 / 7) }, '1/3'],
    [{ tolerate: 0.7, normal: 0.1 }, '1/3'],
    [{ normal: 0.2 }, '1/3'],
    [{ tolerate: 0.25, normal: 0.1 }, '1/6'],
    [{ warn: { tolerate: 0.25 } }, '1/4'],
  ])('for %j is %s', (options, name) => {
    expect(nameOf(options)).toBe(name);
  });
});
