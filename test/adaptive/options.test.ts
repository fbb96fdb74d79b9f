import { CircuitBreaker, CircuitBreakerRegistry, InvalidOptionsError } from 'recloser';
import { type AdaptiveOptions, adaptive } from 'recloser/adaptive';
import { describe, expect, test } from 'vitest';
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
});
