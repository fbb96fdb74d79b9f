import { CircuitBreaker, CircuitBreakerRegistry, exponentialBackoff } from 'recloser';
import {
  ENVIRONMENT_NAMES,
  PRESET_NAMES,
  PRESETS,
  type PresetName,
  type PresetSettings,
  preset,
  presets,
} from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { failTimes, refusalOf } from '../support/breakers.js';

/** No variables, and an environment that does not depend on where the tests run. */
const PRODUCTION: PresetSettings = { environment: 'production', env: {} };

const product = PRESET_NAMES.flatMap((name) =>
  ENVIRONMENT_NAMES.map((environment) => ({ name, environment })),
);

const optionsOf = (breaker: string, settings: PresetSettings = PRODUCTION) =>
  new CircuitBreakerRegistry({ configure: presets(settings) }).getOrCreate(breaker).options;

describe('preset', () => {
  it.each(product)('passes the validation of the core: $name in $environment', ({ name, environment }) => {
    const options = preset(name, { environment });

    const breaker = new CircuitBreaker(options);

    expect(breaker.options).toMatchObject(options);
  });

  it.each(PRESET_NAMES)('has a window that outlasts several calls: %s', (name) => {
    const { window, callTimeout } = new CircuitBreaker(preset(name)).options;
    const duration = window.type === 'time' ? window.duration : Number.POSITIVE_INFINITY;

    expect(duration).toBeGreaterThanOrEqual(2 * Number(callTimeout));
  });

  it('opens a circuit as it says', async () => {
    const breaker = new CircuitBreaker(preset('claude', PRODUCTION));

    await failTimes(breaker, 5, Object.assign(new Error('bad request'), { status: 400 }));
    const before = breaker.state;
    await failTimes(breaker, 2, Object.assign(new Error('overloaded'), { status: 529 }));

    expect([before, breaker.state]).toEqual(['CLOSED', 'OPEN']);
  });

  it('gives a fresh object each time, down to the window', () => {
    const first = preset('cache', PRODUCTION);
    first.callTimeout = 1;
    Object.assign(first.window as object, { duration: 1 });

    const second = preset('cache', PRODUCTION);

    expect(second.callTimeout).toBe(500);
    expect(second.window).toEqual({ type: 'time', duration: 10_000, buckets: 10 });
  });

  it('lets overrides go before its figures', () => {
    const recoveryTimeout = exponentialBackoff();
    const options = preset('claude', {
      ...PRODUCTION,
      overrides: { name: 'opus', failureThreshold: false, recoveryTimeout, callTimeout: 0 },
    });

    expect(options).toMatchObject({ name: 'opus', failureThreshold: false, recoveryTimeout, callTimeout: 0 });
  });

  it('takes an override that is undefined for none', () => {
    const options = preset('claude', { ...PRODUCTION, overrides: { callTimeout: undefined } });

    expect(options).toEqual(preset('claude', PRODUCTION));
  });

  it('lets its minimum of calls give way to a smaller window', () => {
    const options = preset('agent', { ...PRODUCTION, overrides: { window: { type: 'count', size: 3 } } });

    expect(new CircuitBreaker(options).options.minimumCalls).toBe(3);
  });

  it('keeps its minimum of calls in a window that it fits into', () => {
    const options = preset('agent', { ...PRODUCTION, overrides: { window: { type: 'count', size: 200 } } });

    expect(options.minimumCalls).toBe(5);
  });

  it('keeps nothing of what it was handed', () => {
    const window = { type: 'count', size: 200 } as const;
    const excludedErrors = [TypeError];

    const options = preset('claude', { overrides: { window, excludedErrors } });

    expect(options.window).not.toBe(window);
    expect(options.excludedErrors).not.toBe(excludedErrors);
  });

  it('calls nothing that it was handed', () => {
    const called: string[] = [];
    const open = new CircuitBreaker();
    open.trip();

    preset('claude', {
      overrides: {
        snapshot: open.snapshot(),
        onTransition: () => called.push('onTransition'),
        shouldTrip: () => called.push('shouldTrip') > 0,
      },
    });

    expect(called).toEqual([]);
  });
});

describe('a mistake in what preset is given', () => {
  it.each([
    ['gpt4', 'Cannot use a preset: unknown preset "gpt4", did you mean "gpt-4"?'],
    ['Claude', 'Cannot use a preset: unknown preset "Claude", did you mean "claude"?'],
    ['', 'Cannot use a preset: unknown preset "", did you mean '],
    ['toString', 'Cannot use a preset: unknown preset "toString", did you mean '],
    [undefined, 'Cannot use a preset: `preset` must be a string, received undefined'],
    [7, 'Cannot use a preset: `preset` must be a string, received 7'],
  ])('is one error that names what is meant: preset %j', (name, message) => {
    const error = refusalOf(() => preset(name as PresetName));

    expect(error.message).toContain(message);
    expect(error.option).toBe('preset');
  });

  it('lists no more than three names, and quotes no more than a line', () => {
    const error = refusalOf(() => preset('z'.repeat(10_000) as PresetName));

    expect(error.message.match(/"[a-z0-9-]+"/g)).toHaveLength(3);
    expect(error.message.length).toBeLessThan(250);
  });

  it.each([
    [null, 'settings', 'Cannot use preset "claude": `settings` must be an object, received null'],
    ['staging', 'settings', 'Cannot use preset "claude": `settings` must be an object, received "staging"'],
    [
      { enviroment: 'staging' },
      'enviroment',
      'Cannot use preset "claude": unknown setting "enviroment", did you mean "environment" or',
    ],
    [
      { overrides: null },
      'overrides',
      'Cannot use preset "claude": `overrides` must be an object, received null',
    ],
    [
      { overrides: [] },
      'overrides',
      'Cannot use preset "claude": `overrides` must be an object, received an array',
    ],
    [
      { overrides: { timeot: 1 } },
      'overrides.timeot',
      'Cannot use preset "claude": overrides.timeot: unknown option "timeot", did you mean',
    ],
    [
      { overrides: { timeot: undefined } },
      'overrides.timeot',
      'Cannot use preset "claude": overrides.timeot: unknown option "timeot", did you mean',
    ],
    [
      { overrides: { failureRateThreshold: 50 } },
      'overrides.failureRateThreshold',
      'Cannot use preset "claude": overrides.failureRateThreshold: must be a number from 0 to 1, received 50',
    ],
    [
      { overrides: { window: { type: 'count', size: 0 } } },
      'overrides.window.size',
      'Cannot use preset "claude": overrides.window.size: must be an integer from 1',
    ],
    [
      { overrides: { window: { type: 'count', size: 5 }, minimumCalls: 6 } },
      'overrides.minimumCalls',
      'Cannot use preset "claude": overrides.minimumCalls: must be at most the window\'s size, 5, received 6',
    ],
  ])('is one error that names it: %j', (settings, option, message) => {
    const error = refusalOf(() => preset('claude', settings as PresetSettings));

    expect(error.message).toContain(message);
    expect(error.option).toBe(option);
  });
});

describe('presets', () => {
  it('give each breaker what its name tells', () => {
    expect(optionsOf('claude_expert_opus')).toMatchObject(preset('claude', PRODUCTION));
    expect(optionsOf('orders-postgres')).toMatchObject(preset('postgresql', PRODUCTION));
    expect(optionsOf('anything')).toMatchObject(preset('http', PRODUCTION));
  });

  it.each(product)('make a breaker of every name: $name in $environment', ({ name, environment }) => {
    expect(optionsOf(name, { environment, env: {} })).toMatchObject(preset(name, { environment }));
  });

  it('let overrides go before the presets, variables before those, and the code before all', () => {
    const env = { RECLOSER_ORDERS_DB_FAILURE_THRESHOLD: '7', RECLOSER_ORDERS_DB_CALL_TIMEOUT: '8' };
    const overrides = { successThreshold: 6, failureThreshold: 6, callTimeout: 6 };
    const registry = new CircuitBreakerRegistry({ configure: presets({ ...PRODUCTION, overrides, env }) });

    const { options } = registry.getOrCreate('orders-db', { callTimeout: 9 });

    expect(options).toMatchObject({ successThreshold: 6, failureThreshold: 7, callTimeout: 9 });
  });

  it.each(PRESET_NAMES)('of %s go with a count window that the code gives', (name) => {
    const registry = new CircuitBreakerRegistry({ configure: presets(PRODUCTION) });

    const { options } = registry.getOrCreate(name, { window: { type: 'count', size: 10 } });

    expect(options.minimumCalls).toBeLessThanOrEqual(10);
  });

  it('read environment, variables and overrides when they are asked for', () => {
    const env = { NODE_ENV: 'production', RECLOSER_CLAUDE_CALL_TIMEOUT: '' };
    const overrides = { successThreshold: 4 };
    const configure = presets({ env, overrides });

    env.NODE_ENV = 'test';
    env.RECLOSER_CLAUDE_CALL_TIMEOUT = '1';
    overrides.successThreshold = 5;

    expect(configure('claude')).toMatchObject({
      failureThreshold: 2,
      callTimeout: PRESETS.claude.figures.callTimeout?.value,
      successThreshold: 4,
    });
  });

  it.each([
    [{ environment: 'moon' }, 'Cannot choose an environment: unknown environment "moon"'],
    [{ overides: {} }, 'Cannot use presets: unknown setting "overides", did you mean "overrides"'],
    [{ overrides: { callTimeout: -1 } }, 'Cannot use presets: overrides.callTimeout: must be '],
    [{ overrides: { name: 'a' } }, 'Cannot use presets: overrides.name: is given by the registry'],
    [
      { overrides: { minimumCalls: 500 } },
      "Cannot use presets: overrides.minimumCalls: must be at most the window's size, 100, received 500",
    ],
    [
      { overrides: { window: { type: 'count', size: 20 } }, env: { RECLOSER_ORDERS_MINIMUM_CALLS: '50' } },
      "RECLOSER_ORDERS_MINIMUM_CALLS: must be at most the window's size, 20, received a number",
    ],
    [
      { overrides: { minimumCalls: 50 }, env: { RECLOSER_CLAUDE_WINDOW: '{"type":"count","size":20}' } },
      "overrides.minimumCalls: must be at most the window's size, 20, received 50",
    ],
    [{ env: { RECLOSER_A_CALL_TIMEOUT: 'soon' } }, 'RECLOSER_A_CALL_TIMEOUT'],
  ])('refuse a mistake before any breaker is made: %j', (settings, message) => {
    expect(refusalOf(() => presets(settings as PresetSettings)).message).toContain(message);
  });
});
