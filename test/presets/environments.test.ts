import { detectEnvironment, ENVIRONMENT_NAMES, ENVIRONMENTS, preset } from 'recloser/presets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { refusalOf } from '../support/breakers.js';

describe('the environments', () => {
  it.each([
    ['development', 10, 180_000, 0.7],
    ['staging', 5, 90_000, 0.5],
    ['production', 3, 60_000, 0.4],
    ['testing', 20, 300_000, 0.9],
  ] as const)('have their figures: %s', (name, failureThreshold, recoveryTimeout, failureRateThreshold) => {
    expect(ENVIRONMENTS[name]).toMatchObject({ failureThreshold, recoveryTimeout, failureRateThreshold });
  });

  it('are these four', () => {
    expect(ENVIRONMENT_NAMES).toEqual(['development', 'staging', 'production', 'testing']);
  });

  it.each(ENVIRONMENT_NAMES)('cannot be changed: %s', (name) => {
    expect(Object.isFrozen(ENVIRONMENTS[name])).toBe(true);
  });
});

describe('detectEnvironment', () => {
  const spellings = {
    production: ['production', 'prod', 'PROD', 'Production', 'prd', 'live', ' prod '],
    development: ['development', 'develop', 'dev', 'DEV', 'local'],
    staging: ['staging', 'stage', 'Stage', 'stg', 'preprod', 'pre-prod', 'pre_production', 'uat'],
    testing: ['testing', 'test', 'Test', 'tests', 'ci', 'CI', 'qa'],
  };
  const words = Object.entries(spellings).flatMap(([name, list]) => list.map((word) => [word, name]));

  it.each(words)('takes "%s" for %s', (word, name) => {
    expect(detectEnvironment({ ENVIRONMENT: word })).toBe(name);
    expect(detectEnvironment({ NODE_ENV: word })).toBe(name);
  });

  it('asks ENVIRONMENT before NODE_ENV', () => {
    expect(detectEnvironment({ ENVIRONMENT: 'staging', NODE_ENV: 'development' })).toBe('staging');
  });

  it.each(['', 'eu-west-1', 'toString'])(
    'passes over an ENVIRONMENT that says nothing known: "%s"',
    (word) => {
      expect(detectEnvironment({ ENVIRONMENT: word, NODE_ENV: 'test' })).toBe('testing');
    },
  );

  it.each([
    ['no variables', {}],
    ['empty ones', { ENVIRONMENT: '', NODE_ENV: '' }],
    ['unknown ones', { ENVIRONMENT: 'blue', NODE_ENV: 'producing' }],
    ['words that only contain a known one', { ENVIRONMENT: 'latest', NODE_ENV: 'device' }],
  ])('is production with %s', (_, env) => {
    expect(detectEnvironment(env)).toBe('production');
  });

  describe('where it is not given the variables', () => {
    afterEach(() => {
      vi.unstubAllGlobals();
      vi.unstubAllEnvs();
    });

    it('reads those of the process', () => {
      vi.stubEnv('ENVIRONMENT', 'stage');

      expect(detectEnvironment()).toBe('staging');
    });

    it.each([
      ['no process', undefined],
      ['a process without variables', {}],
      ['variables that are null', { env: null }],
    ])('is production with %s', (_, process) => {
      vi.stubGlobal('process', process);
      const environment = detectEnvironment();
      vi.unstubAllGlobals();

      expect(environment).toBe('production');
    });

    it('is production with variables that may not be read', () => {
      vi.stubGlobal('process', { env: forbidding() });
      const environment = detectEnvironment();
      vi.unstubAllGlobals();

      expect(environment).toBe('production');
    });

    it('reads a variable that alone may be read', () => {
      vi.stubGlobal('process', { env: forbidding({ NODE_ENV: 'test' }) });
      const environment = detectEnvironment();
      vi.unstubAllGlobals();

      expect(environment).toBe('testing');
    });
  });
});

describe('the environment of a preset', () => {
  it.each(['prod', 'PRODUCTION', 'live'])('may be given in a usual spelling: %s', (environment) => {
    expect(preset('claude', { environment })).toEqual(preset('claude', { environment: 'production' }));
  });

  it('is the one that is given, whatever the variables say', () => {
    const options = preset('claude', { environment: 'production', env: { ENVIRONMENT: 'testing' } });

    expect(options.failureThreshold).toBe(2);
  });

  it('is detected from the variables that are given', () => {
    expect(preset('claude', { env: { NODE_ENV: 'test' } }).failureThreshold).toBe(5);
  });

  it('is refused with the nearest names if it is not known', () => {
    const error = refusalOf(() => preset('claude', { environment: 'prodction' }));

    expect(error.option).toBe('environment');
    expect(error.message).toBe(
      'Cannot choose an environment: unknown environment "prodction", did you mean "production" or "testing" or "staging"?',
    );
  });

  it.each([
    ['', 'unknown environment ""'],
    [null, '`environment` must be a string, received null'],
    [3, '`environment` must be a string, received 3'],
    [['production'], '`environment` must be a string, received an array'],
  ])('is refused if it is %j', (environment, problem) => {
    const error = refusalOf(() => preset('claude', { environment: environment as 'production' }));

    expect(error.message).toContain(problem);
  });
});

/** Variables as Deno has them without leave: reading any other than these throws. */
function forbidding(allowed: Record<string, string> = {}): Record<string, string> {
  return new Proxy(allowed, {
    get(target, name) {
      if (Object.hasOwn(target, name)) return target[String(name)];
      throw new Error('NotCapable: Requires env access');
    },
    ownKeys() {
      throw new Error('NotCapable: Requires env access');
    },
  });
}
