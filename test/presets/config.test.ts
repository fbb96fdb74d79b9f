import { CircuitBreakerRegistry, type InvalidOptionsError } from 'recloser';
import { type ConfigContext, fromConfig, preset } from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../support/breakers.js';

/** No variables, and an environment that does not depend on where the tests run. */
const CONTEXT: ConfigContext = { environment: 'production', env: {} };

const optionsOf = (breaker: string, config: unknown, context: ConfigContext = CONTEXT) =>
  new CircuitBreakerRegistry(fromConfig(config, context)).getOrCreate(breaker).options;

const refusal = (config: unknown, context: ConfigContext = CONTEXT): InvalidOptionsError =>
  refusalOf(() => fromConfig(config, context));

const mistakesIn = (config: unknown, context?: ConfigContext): string[] =>
  refusal(config, context).message.split('\n');

describe('fromConfig', () => {
  it('gives a breaker the preset that its name tells', () => {
    const { failureThreshold, callTimeout } = optionsOf('claude_opus', {});

    const expected = preset('claude', { environment: 'production' });
    expect({ failureThreshold, callTimeout }).toEqual({
      failureThreshold: expected.failureThreshold,
      callTimeout: expected.callTimeout,
    });
  });

  it('gives a breaker the preset that it names', () => {
    const { callTimeout } = optionsOf('orders', { names: { orders: { preset: 'claude' } } });

    expect(callTimeout).toBe(preset('claude', { environment: 'production' }).callTimeout);
  });

  it('gives no preset that is not named when presets are off', () => {
    const config = { presets: false, names: { orders: { preset: 'claude' } } };

    expect(optionsOf('claude_opus', config).failureThreshold).toBe(5);
    expect(optionsOf('orders', config).callTimeout).toBe(
      preset('claude', { environment: 'production' }).callTimeout,
    );
  });

  it.each([
    ['defaults', { defaults: { callTimeout: 1 } }, 1],
    ['an environment', { defaults: { callTimeout: 1 }, environments: { production: { callTimeout: 2 } } }, 2],
    [
      'a service',
      { environments: { production: { callTimeout: 2 } }, services: { claude: { callTimeout: 3 } } },
      3,
    ],
    ['a name', { services: { claude: { callTimeout: 3 } }, names: { 'claude-1': { callTimeout: 4 } } }, 4],
  ])('lets %s go before what is less specific', (_, config, expected) => {
    expect(optionsOf('claude-1', config).callTimeout).toBe(expected);
  });

  it('lets a variable go before a name', () => {
    const env = { RECLOSER_CLAUDE_1_CALL_TIMEOUT: '5' };

    const { callTimeout } = optionsOf(
      'claude-1',
      { names: { 'claude-1': { callTimeout: 4 } } },
      { ...CONTEXT, env },
    );

    expect(callTimeout).toBe(5);
  });

  it('leaves other environments, services and names alone', () => {
    const config = {
      presets: false,
      environments: { staging: { failureThreshold: 7 } },
      services: { claude: { failureThreshold: 8 } },
      names: { users: { failureThreshold: 9 } },
    };

    expect(optionsOf('orders-http', config).failureThreshold).toBe(5);
  });

  it('takes the environment of the context before that of the configuration', () => {
    const config = {
      environment: 'staging',
      environments: { staging: { callTimeout: 1 }, testing: { callTimeout: 2 } },
    };

    expect(optionsOf('orders', config, { env: {} }).callTimeout).toBe(1);
    expect(optionsOf('orders', config, { env: {}, environment: 'ci' }).callTimeout).toBe(2);
  });

  it('detects the environment by the variables of the context', () => {
    const config = { environments: { staging: { callTimeout: 1 } } };

    expect(optionsOf('orders', config, { env: { NODE_ENV: 'stage' } }).callTimeout).toBe(1);
  });

  it('matches a service by the preset that a breaker names', () => {
    const config = { services: { claude: { callTimeout: 3 } }, names: { orders: { preset: 'claude' } } };

    expect(optionsOf('orders', config).callTimeout).toBe(3);
  });

  it('takes every option that JSON can say', () => {
    const written = {
      failureThreshold: false,
      failureRateThreshold: 0.7,
      slowCallDuration: 900,
      slowCallRateThreshold: 0.8,
      minimumCalls: 7,
      window: { type: 'time', duration: 30_000, buckets: 6 },
      recoveryTimeout: 4_000,
      halfOpenMaxCalls: 2,
      successThreshold: 4,
      probeTimeout: 1_200,
      callTimeout: 1_100,
      maxConcurrentCalls: 20,
      fallbackOn: 'rejection',
      rejectionStackTrace: true,
      mode: 'observe',
    };

    expect(optionsOf('orders', JSON.parse(JSON.stringify({ defaults: written })))).toMatchObject(written);
  });

  it('takes a minimum that only the window of another layer has room for', () => {
    const config = {
      defaults: { window: { type: 'count', size: 500 } },
      names: { orders: { minimumCalls: 200 } },
    };

    expect(optionsOf('orders', config).minimumCalls).toBe(200);
  });

  it('makes a recovery time that grows out of an object', () => {
    const { recoveryTimeout } = optionsOf('orders', {
      defaults: { recoveryTimeout: { initial: 100, factor: 3, max: 500, jitter: 0 } },
    });

    const times = [1, 2, 3].map((attempt) =>
      (recoveryTimeout as (attempt: number, error: unknown) => number)(attempt, undefined),
    );
    expect(times).toEqual([100, 300, 500]);
  });

  it('reads the word for no limit', () => {
    const config = {
      defaults: { maxConcurrentCalls: 3 },
      names: { orders: { maxConcurrentCalls: 'Infinity' } },
    };

    expect(optionsOf('orders', config).maxConcurrentCalls).toBe(Number.POSITIVE_INFINITY);
  });

  it('lets the minimum of a preset give way to a window that is too small for it', () => {
    const { window, minimumCalls } = optionsOf('claude', {
      defaults: { window: { type: 'count', size: 3 } },
    });

    expect({ window, minimumCalls }).toEqual({ window: { type: 'count', size: 3 }, minimumCalls: 3 });
  });

  it('keeps nothing of the object that it was given', () => {
    const config = { defaults: { window: { type: 'count', size: 30 }, callTimeout: 50 } };
    const options = fromConfig(config, CONTEXT);

    config.defaults.window.size = -1;
    config.defaults.callTimeout = -1;

    const breaker = new CircuitBreakerRegistry(options).getOrCreate('orders');
    expect(breaker.options).toMatchObject({ window: { type: 'count', size: 30 }, callTimeout: 50 });
  });

  it('gives way to what the code says for a breaker', () => {
    const registry = new CircuitBreakerRegistry(fromConfig({ defaults: { callTimeout: 50 } }, CONTEXT));

    expect(registry.getOrCreate('orders', { callTimeout: 60 }).options.callTimeout).toBe(60);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'takes %s for a name like any other',
    (name) => {
      const config = JSON.parse(`{ "presets": false, "names": { "${name}": { "callTimeout": 77 } } }`);

      expect(optionsOf(name, config).callTimeout).toBe(77);
      expect(optionsOf('orders', config).callTimeout).toBe(false);
      expect(({} as { callTimeout?: number }).callTimeout).toBeUndefined();
    },
  );

  it.each(['__proto__', 'constructor', 'toString'])(
    'has nothing to say for a breaker %s that nobody named',
    (name) => {
      expect(optionsOf(name, { presets: false }).callTimeout).toBe(false);
    },
  );

  it('takes a member that is undefined for one that is not there', () => {
    const config = { environment: undefined, defaults: { callTimeout: undefined }, names: undefined };

    expect(optionsOf('orders', { presets: false, ...config }).callTimeout).toBe(false);
  });

  it('accepts the line by which editors find the schema', () => {
    expect(() => fromConfig({ $schema: './config.schema.json' }, CONTEXT)).not.toThrow();
  });
});

describe('what is wrong with a configuration', () => {
  it('is told at once, a line for each mistake', () => {
    const config = {
      enviroment: 'staging',
      presets: 'no',
      defaults: { callTimeout: '5s', failureTreshold: 3 },
      environments: { prodution: {} },
      services: { clade: {}, claude: { window: { type: 'count', size: 0, duration: 5 } } },
      names: { orders: { mode: 'passive', recoveryTimeout: { initial: -1 } } },
    };

    expect(mistakesIn(config, { ...CONTEXT, env: { RECLOSER_ORDERS_MODE: 'observ' } })).toEqual([
      'enviroment: unknown section "enviroment", did you mean "environment" or "environments" or "services"?',
      'presets: must be true or false, received "no"',
      'defaults.callTimeout: must be a number of milliseconds from 0 to 2147483647, or false, received "5s"',
      'defaults.failureTreshold: unknown option "failureTreshold", did you mean "failureThreshold" or "failureRateThreshold" or "slowCallRateThreshold"?',
      'environments.prodution: unknown environment "prodution", did you mean "production" or "testing" or "staging"?',
      expect.stringMatching(/^services\.clade: unknown preset "clade", did you mean "claude" or "/),
      'services.claude.window.size: must be an integer from 1 to 16777216, received 0',
      'services.claude.window.duration: unknown option "window.duration", did you mean "window.type"?',
      'names.orders.mode: must be "active" or "observe", received "passive"',
      'names.orders.recoveryTimeout.initial: must be a finite number of milliseconds of at least 0, received -1',
      'RECLOSER_ORDERS_MODE: must be "active" or "observe", received a text',
    ]);
  });

  it.each([
    ['null', null, 'config: must be an object, received null'],
    ['an array', [], 'config: must be an object, received an array'],
    ['nothing', undefined, 'config: must be an object, received undefined'],
    ['a text', '{}', 'config: must be an object, received a string: read it with `JSON.parse` first'],
    ['a section that is null', { names: null }, 'names: must be an object, received null'],
    [
      'a layer that is a list',
      { services: { claude: [] } },
      'services.claude: must be an object, received an array',
    ],
    ['a breaker that is a number', { names: { orders: 5 } }, 'names.orders: must be an object, received 5'],
    ['an environment that is none', { environment: 5 }, 'environment: must be a string, received 5'],
    ['a schema that is none', { $schema: 5 }, '$schema: must be a string, received 5'],
    [
      'an unknown preset',
      { names: { orders: { preset: 'cloude' } } },
      expect.stringMatching(/^names\.orders\.preset: unknown preset "cloude", did you mean "claude" or "/),
    ],
    [
      'an unknown environment',
      { environment: 'prod' },
      'environment: unknown environment "prod", did you mean "production" or "development" or "staging"?',
    ],
    [
      'null for an option',
      { defaults: { mode: null } },
      'defaults.mode: must be "active" or "observe", received null',
    ],
    [
      'what code alone can give',
      { defaults: { fallback: 'none' } },
      'defaults.fallback: can only be given in code',
    ],
    [
      'a name of its own',
      { names: { orders: { name: 'x' } } },
      'names.orders.name: can only be given in code',
    ],
    [
      'a source of chance',
      { defaults: { recoveryTimeout: { random: 4 } } },
      'defaults.recoveryTimeout.random: can only be given in code',
    ],
    [
      'a function',
      { defaults: { recoveryTimeout: () => 5 } },
      'defaults.recoveryTimeout: must be plain data, received a function',
    ],
    [
      'a recovery time that is neither',
      { defaults: { recoveryTimeout: '1m' } },
      'defaults.recoveryTimeout: must be a finite number of milliseconds of at least 0, or an object of `initial`, `factor`, `max` and `jitter`, received "1m"',
    ],
    [
      'a predicate for the fallback',
      { defaults: { fallbackOn: 'never' } },
      'defaults.fallbackOn: must be "rejection" or "failure" or "any", received "never"',
    ],
    [
      'a window without a type',
      { defaults: { window: {} } },
      'defaults.window.type: must be "count" or "time", received undefined',
    ],
    [
      'a name with a dot',
      { names: { 'orders.v2': { callTimeout: -1 } } },
      'names["orders.v2"].callTimeout: must be a number of milliseconds from 0 to 2147483647, received -1',
    ],
  ])('is told of %s', (_, config, expected) => {
    expect(mistakesIn(config)).toEqual([expected]);
  });

  it('stays on one line, whatever the names are', () => {
    const config = { names: { 'a\nb': { 'call\nTimeout': 1 } }, 'sec\ntion': 1 };

    expect(mistakesIn(config)).toHaveLength(2);
  });

  it('has the path as the option of the error when it is one mistake', () => {
    expect(refusal({ names: { orders: { callTimeout: -1 } } }).option).toBe('names.orders.callTimeout');
    expect(refusal({ presets: 5, names: { orders: { callTimeout: -1 } } }).option).toBe('');
  });

  it.each([
    [
      'in one layer',
      { defaults: { window: { type: 'count', size: 5 }, minimumCalls: 6 } },
      "defaults.minimumCalls: must be at most the window's size, 5, received 6",
    ],
    [
      'of two layers',
      { defaults: { minimumCalls: 6 }, names: { orders: { window: { type: 'count', size: 5 } } } },
      "defaults.minimumCalls: must be at most the window's size, 5, received 6",
    ],
    [
      'of a service and a name',
      {
        services: { claude: { window: { type: 'count', size: 5 } } },
        names: { claude: { minimumCalls: 8 } },
      },
      "names.claude.minimumCalls: must be at most the window's size, 5, received 8",
    ],
    [
      'of an environment that is not the present one',
      { environments: { staging: { minimumCalls: 6, window: { type: 'count', size: 5 } } } },
      "environments.staging.minimumCalls: must be at most the window's size, 5, received 6",
    ],
  ])('is found in options that do not go together, %s', (_, config, expected) => {
    expect(mistakesIn(config)).toEqual([expected]);
  });

  it('is found where a variable does not go with the configuration', () => {
    const config = { defaults: { window: { type: 'count', size: 5 } } };

    expect(mistakesIn(config, { ...CONTEXT, env: { RECLOSER_ORDERS_MINIMUM_CALLS: '9' } })).toEqual([
      "RECLOSER_ORDERS_MINIMUM_CALLS: must be at most the window's size, 5, received a number",
    ]);
  });

  it('is told once for a window that is wrong, not for what goes with it too', () => {
    const config = {
      defaults: { window: { type: 'count', size: '500' } },
      names: { orders: { minimumCalls: 200 } },
    };

    expect(mistakesIn(config)).toEqual([
      'defaults.window.size: must be an integer from 1 to 16777216, received "500"',
    ]);
  });

  it('is told of the context too', () => {
    const context = { environmnt: 'staging', env: {} } as ConfigContext;

    expect(mistakesIn({}, context)).toEqual([
      'context.environmnt: unknown option "environmnt", did you mean "environment" or "env" or "adaptive"?',
    ]);
  });

  it.each([
    [null, 'null'],
    [5, '5'],
    [[], 'an array'],
  ])('is told of a context that is none: %j', (context, received) => {
    expect(mistakesIn({}, context as ConfigContext)).toEqual([
      `context: must be an object, received ${received}`,
    ]);
  });

  it('is one error too where an object cannot be read', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );

    expect(refusal({ names: hostile }).message).toBe('Cannot read the configuration');
    expect(refusal({ names: hostile }).cause).toBeInstanceOf(Error);
  });
});
