import { CircuitBreakerRegistry, exponentialBackoff, systemClock } from 'recloser';
import {
  ENVIRONMENT_NAMES,
  explainPreset,
  isLlmFailure,
  PRESET_NAMES,
  PRESETS,
  type PresetSettings,
  presets,
} from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../support/breakers.js';

/** No variables, and an environment that does not depend on where the tests run. */
const PRODUCTION: PresetSettings = { environment: 'production', env: {} };

const product = PRESET_NAMES.flatMap((name) =>
  ENVIRONMENT_NAMES.map((environment) => ({ name, environment })),
);

const explained = (name: string, option: string, settings: PresetSettings = PRODUCTION) =>
  explainPreset(name, settings).values.find((value) => value.option === option);

describe('explainPreset', () => {
  it('tells which rule decided', () => {
    expect(explainPreset('claude_expert_opus', PRODUCTION)).toMatchObject({
      name: 'claude_expert_opus',
      preset: 'claude',
      rule: 'its name says "claude"',
      guessed: false,
      environment: 'production',
      environmentSource: 'option',
    });
  });

  it.each([
    [{ environment: 'prod' }, 'production', 'option'],
    [{ env: { ENVIRONMENT: 'stage', NODE_ENV: 'test' } }, 'staging', 'ENVIRONMENT'],
    [{ env: { ENVIRONMENT: '?', NODE_ENV: 'test' } }, 'testing', 'NODE_ENV'],
    [{ env: {} }, 'production', 'default'],
  ] as const)('tells where it found the environment: %j', (settings, environment, environmentSource) => {
    expect(explainPreset('claude', settings)).toMatchObject({ environment, environmentSource });
  });

  it.each(product)('tells the values that a breaker gets: $name in $environment', ({ name, environment }) => {
    const settings: PresetSettings = {
      environment,
      overrides: { successThreshold: 7 },
      env: { [`RECLOSER_${name.replace('-', '_').toUpperCase()}_CALL_TIMEOUT`]: '77' },
    };

    const { values } = explainPreset(name, settings);

    const told = Object.fromEntries(values.map(({ option, value }) => [option, value]));
    expect(told).toEqual(presets(settings)(name));
    expect(told).toMatchObject({ successThreshold: 7, callTimeout: 77 });
  });

  it('tells of each value where it comes from and why', () => {
    const { values } = explainPreset('claude_expert_opus', {
      ...PRODUCTION,
      overrides: { successThreshold: 1, name: 'opus' },
      env: { RECLOSER_CLAUDE_EXPERT_OPUS_CALL_TIMEOUT: '300000' },
    });

    const { claude, llm } = PRESETS;
    const sources = Object.fromEntries(values.map(({ option, source }) => [option, source]));
    expect(sources).toEqual({
      failureThreshold: 'claude',
      failureRateThreshold: 'production',
      recoveryTimeout: 'production',
      callTimeout: 'RECLOSER_CLAUDE_EXPERT_OPUS_CALL_TIMEOUT',
      window: 'llm',
      halfOpenMaxCalls: 'llm',
      successThreshold: 'overrides',
      isFailure: 'llm',
      name: 'overrides',
    });
    expect(values.find(({ option }) => option === 'halfOpenMaxCalls')?.reason).toBe(
      llm.figures.halfOpenMaxCalls?.reason,
    );
    expect(values.find(({ option }) => option === 'failureThreshold')?.reason).toBe(
      `${claude.figures.failureThreshold?.reason} From 2 in production to 5 in testing.`,
    );
  });

  it('names the variable of an override that it goes before', () => {
    const settings = {
      ...PRODUCTION,
      overrides: { mode: 'active' },
      env: { RECLOSER_CLAUDE_MODE: 'observe' },
    } as const;

    expect(explained('claude', 'mode', settings)).toMatchObject({
      value: 'observe',
      source: 'RECLOSER_CLAUDE_MODE',
    });
  });

  it('tells of a minimum of calls that it has given way to a smaller window', () => {
    const overrides = { window: { type: 'count', size: 3 } } as const;

    const { values, gaveWay, text } = explainPreset('agent', { ...PRODUCTION, overrides });

    expect(values.map(({ option }) => option)).not.toContain('minimumCalls');
    expect(gaveWay).toMatchObject([{ option: 'minimumCalls', value: 5, source: 'agent' }]);
    expect(text).toContain('\n- minimumCalls: the default, since 5 (agent) does not fit into the window.');
  });

  it('tells that nothing has given way', () => {
    expect(explainPreset('agent', PRODUCTION).gaveWay).toEqual([]);
  });

  it('gives values that are not those of the tables', () => {
    const window = explained('cache', 'window');

    Object.assign(window?.value as object, { duration: 1 });

    expect(explained('cache', 'window')?.value).toMatchObject({ duration: 10_000 });
  });

  it.each([
    [{ environment: 'moon' }, 'unknown environment "moon"'],
    [{ overrides: { timeot: 1 } }, 'Cannot explain a preset: overrides.timeot: unknown option'],
    [{ env: { RECLOSER_A_CALL_TIMEOUT: 'soon' } }, 'RECLOSER_A_CALL_TIMEOUT'],
    [
      { overrides: { minimumCalls: 500 } },
      'Cannot explain a preset: overrides.minimumCalls: must be at most',
    ],
  ])('refuses what presets refuses: %j', (settings, message) => {
    expect(refusalOf(() => explainPreset('claude', settings as PresetSettings)).message).toContain(message);
  });
});

describe('the text of an explanation', () => {
  it('says it all in lines', () => {
    const { text } = explainPreset('orders-postgres', {
      ...PRODUCTION,
      overrides: { successThreshold: 2 },
      env: { RECLOSER_ORDERS_POSTGRES_MODE: 'observe' },
    });

    expect(text).toMatchInlineSnapshot(`
      ""orders-postgres" is "postgresql", since its name says "postgres".
      The environment is production, as the code says.
      - failureThreshold: 5 (database). A restart breaks every pooled connection at once, so a few lost ones are no more than one event. From 5 in production to 15 in testing.
      - failureRateThreshold: 0.4 (production). Users wait: stop early, and look again after a minute.
      - recoveryTimeout: 30000 (database). A failover takes about half a minute, and everything waits for the database to be used again.
      - callTimeout: 5000 (postgresql). Queries of requests take milliseconds, and one that takes seconds waits for a lock or an index.
      - isFailure: isDatabaseFailure (database). A lost connection is a failure; a violated constraint is a good answer to a bad query.
      - successThreshold: 2 (overrides). The code says so.
      - mode: observe (RECLOSER_ORDERS_POSTGRES_MODE). An operator says so."
    `);
  });

  it('says that it only guesses', () => {
    const { text } = explainPreset('orders', { env: {} });

    expect(text.split('\n').slice(0, 2)).toEqual([
      '"orders" is guessed to be "http", since its name says nothing that is known.',
      'The environment is production, since neither ENVIRONMENT nor NODE_ENV says anything known.',
    ]);
  });

  it('names the others that the name speaks of', () => {
    const { text } = explainPreset('http-redis-queue', PRODUCTION);

    expect(text).toContain('It speaks of "queue", "http" too, but less specifically or earlier in the name.');
  });

  it('has a line for each value, whatever the name and the values are', () => {
    const { values, text } = explainPreset('a "b"\nc', {
      ...PRODUCTION,
      overrides: {
        recoveryTimeout: exponentialBackoff(),
        clock: systemClock,
        excludedErrors: [TypeError],
        maxConcurrentCalls: Number.POSITIVE_INFINITY,
      },
    });

    expect(text.split('\n')).toHaveLength(values.length + 2);
    expect(text).not.toMatch(/undefined|\[object|=>/);
  });

  it('names the function that says what a failure is', () => {
    expect(explained('claude', 'isFailure')?.value).toBe(isLlmFailure);
    expect(explainPreset('claude', PRODUCTION).text).toContain('isFailure: isLlmFailure (llm).');
  });

  it('explains a breaker that exists', () => {
    const registry = new CircuitBreakerRegistry({ configure: presets(PRODUCTION) });
    const { name, options } = registry.getOrCreate('claude-opus');

    expect(explainPreset(name, PRODUCTION).text).toContain(`- callTimeout: ${options.callTimeout} (claude).`);
  });
});
