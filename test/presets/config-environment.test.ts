import { CircuitBreakerRegistry } from 'recloser';
import {
  type EnvironmentVariables,
  explainPreset,
  fromConfig,
  optionsFromEnvironment,
  PRESET_NAMES,
  presets,
} from 'recloser/presets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BREAKER_OPTIONS } from '../../src/config/option-names.js';
import { variableOf } from '../../src/config/variables.js';
import { refusalOf } from '../support/breakers.js';

const mistakesIn = (env: Record<string, string>): string[] =>
  refusalOf(() => optionsFromEnvironment('orders', env)).message.split('\n');

describe('optionsFromEnvironment', () => {
  it.each([
    ['orders', 'RECLOSER_ORDERS_CALL_TIMEOUT'],
    ['orders-db', 'RECLOSER_ORDERS_DB_CALL_TIMEOUT'],
    ['orders.db', 'RECLOSER_ORDERS_DB_CALL_TIMEOUT'],
    ['Orders // DB 2', 'RECLOSER_ORDERS_DB_2_CALL_TIMEOUT'],
    ['größe', 'RECLOSER_GR_SSE_CALL_TIMEOUT'],
    ['orders-call', 'RECLOSER_ORDERS_CALL_CALL_TIMEOUT'],
  ])('finds the variable of %s', (name, variable) => {
    expect(optionsFromEnvironment(name, { [variable]: '250' })).toEqual({ callTimeout: 250 });
  });

  it.each([
    ['orders', 'orders-call', 'RECLOSER_ORDERS_CALL_TIMEOUT'],
    ['orders', 'orders-half-open', 'RECLOSER_ORDERS_HALF_OPEN_MAX_CALLS'],
    ['orders', 'orders-slow', 'RECLOSER_ORDERS_SLOW_CALL_DURATION'],
    ['orders-window', 'orders', 'RECLOSER_ORDERS_WINDOW_MODE'],
    ['orders-mode', 'orders', 'RECLOSER_ORDERS_MODE_MINIMUM_CALLS'],
  ])('takes a variable for %s and not for %s', (name, other, variable) => {
    const env = { [variable]: variable.endsWith('MODE') ? 'observe' : '4' };

    expect(Object.keys(optionsFromEnvironment(name, env))).toHaveLength(1);
    expect(optionsFromEnvironment(other, env)).toEqual({});
  });

  it('has no option whose variable could be the one of another option', () => {
    const ends = BREAKER_OPTIONS.map((option) => variableOf('', option).replace('RECLOSER_', ''));

    const ambiguous = ends.filter((it) => ends.some((other) => it !== other && it.endsWith(other)));
    expect(ambiguous).toEqual([]);
  });

  it.each([
    ['CALL_TIMEOUT', 'false', { callTimeout: false }],
    ['CALL_TIMEOUT', ' 1e3 ', { callTimeout: 1_000 }],
    ['FAILURE_RATE_THRESHOLD', '.5', { failureRateThreshold: 0.5 }],
    ['MODE', 'observe', { mode: 'observe' }],
    ['MODE', ' "observe" ', { mode: 'observe' }],
    ['FALLBACK_ON', 'rejection', { fallbackOn: 'rejection' }],
    ['REJECTION_STACK_TRACE', 'true', { rejectionStackTrace: true }],
    ['MAX_CONCURRENT_CALLS', 'Infinity', { maxConcurrentCalls: Number.POSITIVE_INFINITY }],
    ['WINDOW', '{"type":"count","size":20}', { window: { type: 'count', size: 20 } }],
  ])('reads %s=%s', (option, text, expected) => {
    expect(optionsFromEnvironment('orders', { [`RECLOSER_ORDERS_${option}`]: text })).toEqual(expected);
  });

  it('takes several variables together', () => {
    const env = {
      RECLOSER_ORDERS_MODE: 'observe',
      RECLOSER_ORDERS_CALL_TIMEOUT: '5',
      RECLOSER_USERS_MODE: 'active',
    };

    expect(optionsFromEnvironment('orders', env)).toEqual({ mode: 'observe', callTimeout: 5 });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(optionsFromEnvironment('orders', { RECLOSER_ORDERS_MODE: '  ', PATH: '/bin' })).toEqual({});
  });

  it.each(['__proto__', 'constructor'])(
    'has nothing for a breaker %s that nobody set anything for',
    (name) => {
      expect(optionsFromEnvironment(name, {})).toEqual({});
    },
  );

  it('tells all mistakes at once, each with its variable', () => {
    const env = {
      RECLOSER_ORDERS_CALL_TIMEOT: '5',
      RECLOSER_ORDERS_MODE: 'watch',
      RECLOSER_USERS_WINDOW: '{"type":"count","size":-1}',
      RECLOSER_USERS_RECOVERY_TIMEOUT: '{oops',
      RECLOSER_MODE: 'observe',
      RECLOSER__MODE: 'observe',
    };

    expect(mistakesIn(env)).toEqual([
      expect.stringMatching(
        /^RECLOSER_ORDERS_CALL_TIMEOT: unknown variable "RECLOSER_ORDERS_CALL_TIMEOT", did you mean "RECLOSER_ORDERS_CALL_TIMEOUT" or "/,
      ),
      'RECLOSER_ORDERS_MODE: must be "active" or "observe", received a text',
      'RECLOSER_USERS_WINDOW.size: must be an integer from 1 to 16777216, received a number',
      'RECLOSER_USERS_RECOVERY_TIMEOUT: must be a finite number of milliseconds of at least 0, or an object of `initial`, `factor`, `max` and `jitter`, received a text',
      'RECLOSER_MODE: names no breaker, it must be RECLOSER_<NAME>_MODE',
      'RECLOSER__MODE: names no breaker, it must be RECLOSER_<NAME>_MODE',
    ]);
  });

  it.each([undefined, 5])('needs the name of the breaker: %j', (name) => {
    expect(() => optionsFromEnvironment(name as never, {})).toThrow(
      `Cannot read the variables of a breaker: \`breakerName\` must be a string, received ${name}`,
    );
  });

  it('never lets two mistakes share a line', () => {
    expect(mistakesIn({ RECLOSER_A_MODE: 'x\ny', 'RECLOSER_B\nMODE': '1' })).toHaveLength(2);
  });
});

describe('presets', () => {
  const registryIn = (env: Record<string, string>) =>
    new CircuitBreakerRegistry({ configure: presets({ environment: 'production', env }) });

  it('give way to the variables', () => {
    const { mode } = registryIn({ RECLOSER_CLAUDE_MODE: 'observe' }).getOrCreate('claude');

    expect(mode).toBe('observe');
  });

  it('are refused with wrong variables when they are asked for, not when a breaker is made', () => {
    expect(refusalOf(() => registryIn({ RECLOSER_ORDERS_MODE: 'watch' })).option).toBe(
      'RECLOSER_ORDERS_MODE',
    );
  });

  it.each(PRESET_NAMES)('of %s go with any window and any minimum that a variable says', (name) => {
    const variable = name.toUpperCase().replaceAll('-', '_');
    const small = registryIn({ [`RECLOSER_${variable}_WINDOW`]: '{"type":"count","size":1}' });
    const large = registryIn({ [`RECLOSER_${variable}_MINIMUM_CALLS`]: '100' });

    expect(small.getOrCreate(name).options.window).toEqual({ type: 'count', size: 1 });
    expect(large.getOrCreate(name).options.minimumCalls).toBe(100);
  });
});

describe('variables that do not go with what the name of their breaker tells', () => {
  const env = { RECLOSER_CLAUDE_DB_MINIMUM_CALLS: '500', RECLOSER_CLAUDE_DB_WINDOW: '' };
  const late = { RECLOSER_REDIS_FOO_MINIMUM_CALLS: '500', RECLOSER_REDIS_FOO_CALL_TIMEOUT: '7' };

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ['presets', (env: EnvironmentVariables) => presets({ environment: 'production', env })],
    ['explainPreset', (env: EnvironmentVariables) => explainPreset('mail', { env })],
    ['fromConfig', (env: EnvironmentVariables) => fromConfig({}, { env })],
  ])('are found at the start by %s', (_, start) => {
    expect(refusalOf(() => start(env)).message).toBe(
      "RECLOSER_CLAUDE_DB_MINIMUM_CALLS: must be at most the window's size, 100, received a number",
    );
  });

  it.each([
    ['presets', () => ({ configure: presets({ environment: 'production', env: late }) })],
    ['a configuration', () => fromConfig({}, { environment: 'production', env: late })],
  ])('give way with a warning when only another spelling of the name tells, in %s', (_, made) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const registry = new CircuitBreakerRegistry(made());

    const { minimumCalls, callTimeout } = registry.getOrCreate('redisé-foo').options;

    expect([minimumCalls, callTimeout]).toEqual([10, 7]);
    expect(warn.mock.calls).toEqual([
      [
        'The default `minimumCalls` holds for circuit breaker "redisé-foo": what is configured must be at most the window\'s size, 100, received 500',
        { type: 'CircuitBreakerWarning', code: 'RECLOSER_CONFIG' },
      ],
    ]);
  });
});

describe('the variables that Kubernetes gives for a service whose name begins with `recloser`', () => {
  it.each(['RECLOSER_DASHBOARD', 'RECLOSER'])('are passed over: %s', (service) => {
    const env = {
      [`${service}_SERVICE_HOST`]: '10.0.0.11',
      [`${service}_SERVICE_PORT`]: '80',
      [`${service}_SERVICE_PORT_HTTP`]: '80',
      [`${service}_PORT`]: 'tcp://10.0.0.11:80',
      [`${service}_PORT_80_TCP`]: 'tcp://10.0.0.11:80',
      [`${service}_PORT_80_TCP_PROTO`]: 'tcp',
      [`${service}_PORT_80_TCP_PORT`]: '80',
      [`${service}_PORT_80_TCP_ADDR`]: '10.0.0.11',
    };

    expect(optionsFromEnvironment('dashboard', env)).toEqual({});
  });

  it('do not hide the mistakes in others', () => {
    expect(mistakesIn({ RECLOSER_IMPORT_MOED: 'observe' })).toHaveLength(1);
    expect(mistakesIn({ RECLOSER_SERVICE_PORTAL: '1' })).toHaveLength(1);
  });
});

describe('the variables of the process', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });

  it('are read where none are given', () => {
    vi.stubEnv('RECLOSER_ORDERS_MODE', 'observe');

    expect(optionsFromEnvironment('orders')).toEqual({ mode: 'observe' });
  });

  it.each([
    ['no process', undefined],
    ['a process without variables', {}],
    [
      'a process that does not let them be read',
      {
        get env() {
          throw new Error('requires env access');
        },
      },
    ],
    [
      'a process that does not let them be listed',
      {
        env: new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('requires env access');
            },
          },
        ),
      },
    ],
  ])('are none where there is %s', (_, process) => {
    vi.stubGlobal('process', process);

    expect(optionsFromEnvironment('orders')).toEqual({});
  });
});
