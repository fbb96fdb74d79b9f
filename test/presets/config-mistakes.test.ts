import { CircuitBreakerRegistry, InvalidOptionsError } from 'recloser';
import {
  applyConfig,
  type ConfigContext,
  fromConfig,
  optionsFromEnvironment,
  type PresetName,
  preset,
  presets,
} from 'recloser/presets';
import { describe, expect, it } from 'vitest';

function linesOf(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const linesFor = (config: unknown, context: ConfigContext = {}) =>
  linesOf(() => fromConfig(config, { env: {}, ...context }));

const many = (count: number, options: (at: number) => object) => ({
  names: Object.fromEntries(Array.from({ length: count }, (_, at) => [`service-${at}`, options(at)])),
});

describe('many mistakes', () => {
  it('are told up to the hundredth, with how many there are besides', () => {
    const lines = linesFor(many(150, () => ({ timeout: 1 })));

    expect(lines).toHaveLength(101);
    expect(lines[0]).toMatch(/^names\.service-0\.timeout: unknown option "timeout", did you mean "/);
    expect(lines[100]).toBe('and 50 more');
  });

  it('are told all of them when there are a hundred', () => {
    expect(linesFor(many(100, () => ({ timeout: 1 }))).at(-1)).toMatch(/^names\.service-99/);
  });

  it('count once where they are met once for each environment', () => {
    const window = { type: 'count', size: 5 };
    const config = {
      ...many(150, () => ({ window, minimumCalls: 9 })),
      environments: { staging: {}, testing: {}, development: {} },
    };

    expect(linesFor(config).at(-1)).toBe('and 50 more');
  });

  it.each([
    ['the same word', () => ({ timeoutInMilliseconds: 1 })],
    ['a word each', (at: number) => ({ [`option${at}`]: 1 })],
    ['values out of range', () => ({ callTimeout: -1, mode: 'x', window: { type: 'count', size: 0 } })],
  ])('of 10,000 services are told without a pause: %s', (_, options) => {
    const config = many(10_000, options);
    const began = performance.now();

    const lines = linesFor(config);

    expect(lines).toHaveLength(101);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('in 10,000 variables are told without a pause', () => {
    const env = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, at) => [`RECLOSER_SERVICE_${at}_TIMEOTU`, '1']),
    );
    const began = performance.now();

    expect(linesFor({}, { env })).toHaveLength(101);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('do not show names without an end', () => {
    const [line = ''] = linesFor({ names: { ['x'.repeat(100_000)]: { timeout: 1 } } });

    expect(line.length).toBeLessThan(500);
  });
});

describe('the value of a variable', () => {
  const SECRET = 'sk-live-51HxSecret';

  it.each([
    'MODE',
    'CALL_TIMEOUT',
    'WINDOW',
    'RECOVERY_TIMEOUT',
    'FALLBACK_ON',
    'REJECTION_STACK_TRACE',
    'DETECTOR',
  ])('is shown in no message: %s', (option) => {
    for (const value of [SECRET, `"${SECRET}"`, `{"type":"${SECRET}"}`, `{"${SECRET}":1}`, `["${SECRET}"]`]) {
      const env = { [`RECLOSER_ORDERS_${option}`]: value };
      const told = linesOf(() => optionsFromEnvironment('orders', env)).join('\n');

      expect(told).toContain(`RECLOSER_ORDERS_${option}`);
      expect(told).not.toContain(SECRET);
    }
  });

  it('is told by its kind', () => {
    expect(linesOf(() => optionsFromEnvironment('x', { RECLOSER_X_CALL_TIMEOUT: '5s' }))[0]).toMatch(
      /, received a text$/,
    );
    expect(linesOf(() => optionsFromEnvironment('x', { RECLOSER_X_FAILURE_THRESHOLD: '-4242' }))[0]).toMatch(
      /, received a number$/,
    );
  });
});

describe('a mistake of the first hour', () => {
  it.each(['presets', 'fromConfig'])('is told: an environment that is given as `env`, to %s', (name) => {
    const settings = { env: 'staging' } as unknown as ConfigContext;

    const [line] = linesOf(() => (name === 'presets' ? presets(settings) : fromConfig({}, settings)));

    expect(line).toMatch(/must be an object of variables, received "staging": .* is given as `environment`$/);
  });

  it.each([
    ['breakers', 'names'],
    ['instances', 'names'],
    ['default', 'defaults'],
    ['kinds', 'services'],
  ])('is told with what is meant: the section %s', (section, meant) => {
    expect(linesFor({ [section]: {} })).toEqual([
      `${section}: unknown section "${section}", did you mean "${meant}"?`,
    ]);
  });

  it.each([
    ['postgres', 'postgresql'],
    ['mongo', 'database'],
    ['anthropic', 'claude'],
    ['kafka', 'queue'],
  ])('is told with what is meant: the preset %s', (word, meant) => {
    const hint = `unknown preset "${word}", did you mean "${meant}"?`;

    expect(linesOf(() => preset(word as PresetName))).toEqual([`Cannot use a preset: ${hint}`]);
    expect(linesFor({ services: { [word]: {} } })).toEqual([`services.${word}: ${hint}`]);
    expect(linesFor({ names: { orders: { preset: word } } })).toEqual([`names.orders.preset: ${hint}`]);
  });

  it('is told: a configuration that is still a text', () => {
    expect(linesFor('{"names":{}}')).toEqual([
      'config: must be an object, received a string: read it with `JSON.parse` first',
    ]);
  });
});

describe('members for other subpaths', () => {
  it('are known: resilience and fleet', () => {
    const config = { resilience: { defaults: { retry: 'network' } }, fleet: { namespace: 'shop' } };

    expect(linesFor(config)).toEqual([]);
    expect(linesFor({ resilience: 'network', fleet: [] })).toEqual([
      'resilience: must be an object, received "network"',
      'fleet: must be an object, received an array',
    ]);
  });

  it('say what is wrong with a fleet', () => {
    const fine = {
      namespace: 'shop',
      instance: 'a',
      pollInterval: false,
      quorum: { minVotes: 3, ratio: 0.25 },
    };

    expect(linesFor({ fleet: { ...fine, probeLease: 5_000, commandTimeout: 20, mode: 'observe' } })).toEqual(
      [],
    );
    expect(
      linesFor({
        fleet: { namespace: 'a b', pollInterval: 5, quorum: { ratio: 50, votes: 1 }, interval: 7 },
      }),
    ).toEqual([
      'fleet.namespace: must be 1 to 64 of the characters A–Z a–z 0–9 _ . : -, received "a b"',
      'fleet.pollInterval: must be a number of milliseconds from 100 to 60000, received 5',
      'fleet.interval: unknown option "interval", did you mean "pollInterval" or "instance" or "namespace"?',
      'fleet.quorum.ratio: must be a number from 0 to 1, received 50',
      'fleet.quorum.votes: unknown option "votes", did you mean "minVotes" or "ratio"?',
    ]);
  });

  it('are known: the variables of recloser/resilience, which give a breaker nothing', () => {
    const env = Object.fromEntries(
      ['RETRY', 'TOTAL_TIMEOUT', 'BULKHEAD', 'RATE_LIMIT', 'RETRY_BUDGET', 'HEDGE'].map((option) => [
        `RECLOSER_ORDERS_${option}`,
        'whatever',
      ]),
    );

    expect(optionsFromEnvironment('orders', env)).toEqual({});
    expect(linesFor({}, { env })).toEqual([]);
  });
});

describe('a detector', () => {
  const adaptive = (options?: object) => {
    if (Object.hasOwn(options ?? {}, 'tolerat')) {
      throw new InvalidOptionsError('', 'tolerat', 'Cannot create a detector: unknown option "tolerat"');
    }
    return { options, defaults: { failureThreshold: false, recoveryTimeout: 1_000 }, create: () => ({}) };
  };
  const optionsOf = (config: object, env: Record<string, string> = {}) =>
    fromConfig(config, { env, environment: 'production', adaptive }).configure('orders') as Record<
      string,
      unknown
    >;

  it('is a mistake without `adaptive`, with the way out', () => {
    const sentence =
      'needs `adaptive` of recloser/adaptive beside it, as in `fromConfig(config, { adaptive })`';

    expect(linesFor({ defaults: { detector: {} } })).toEqual([`defaults.detector: ${sentence}`]);
    expect(linesFor({}, { env: { RECLOSER_ORDERS_DETECTOR: '{}' } })).toEqual([
      `RECLOSER_ORDERS_DETECTOR: ${sentence}`,
    ]);
  });

  it('is made of its block by what was handed in', () => {
    const { detector } = optionsOf({ names: { orders: { detector: { tolerate: 0.14 } } } });

    expect(detector).toMatchObject({ options: { tolerate: 0.14 } });
  });

  it('comes from a variable too, and is taken away by `false`', () => {
    const config = { defaults: { detector: {} } };

    expect(optionsOf({}, { RECLOSER_ORDERS_DETECTOR: '{"tolerate":0.3}' }).detector).toMatchObject({
      options: { tolerate: 0.3 },
    });
    expect(optionsOf(config, { RECLOSER_ORDERS_DETECTOR: 'false' }).detector).toBe(false);
  });

  it('takes out what it has defaults for of the layers below it, and of none above', () => {
    const config = {
      defaults: { failureThreshold: 7, recoveryTimeout: 9_000, successThreshold: 4 },
      environments: { production: { detector: {} } },
      names: { orders: { recoveryTimeout: 5_000 } },
    };

    const options = optionsOf(config);

    expect(options).not.toHaveProperty('failureThreshold');
    expect(options).toMatchObject({ recoveryTimeout: 5_000, successThreshold: 4 });
  });

  it('tells its own mistakes with their path', () => {
    expect(linesFor({ defaults: { detector: { tolerat: 1 } } }, { adaptive })).toEqual([
      'defaults.detector.tolerat: unknown option "tolerat"',
    ]);
    expect(linesFor({ defaults: { detector: 'adaptive' } }, { adaptive })).toEqual([
      'defaults.detector: must be an object, or false, received "adaptive"',
    ]);
  });

  it('needs a function to make it', () => {
    const context = { adaptive: {} } as unknown as ConfigContext;

    expect(linesFor({}, context)).toEqual(['context.adaptive: must be a function, received an object']);
  });
});

describe('applyConfig', () => {
  it('tells the same mistakes', () => {
    const registry = new CircuitBreakerRegistry();

    expect(linesOf(() => applyConfig(registry, { breakers: {} }, { env: {} }))).toEqual([
      'breakers: unknown section "breakers", did you mean "names"?',
    ]);
  });
});
