import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { CircuitBreaker, exponentialBackoff } from 'recloser';
import { ENVIRONMENT_NAMES, fromConfig, PRESET_NAMES } from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { AROUND_OPTIONS, BREAKER_OPTIONS, DETECTOR_OPTION } from '../../src/config/option-names.js';
import { readPages } from '../support/markdown.js';
import { fromRoot } from '../support/root.js';

interface Schema {
  readonly properties: Record<string, unknown>;
  readonly definitions: Record<
    string,
    {
      readonly properties?: Record<string, { $ref: string }>;
      readonly enum?: unknown[];
      readonly default?: unknown;
    }
  >;
}

const schema: Schema = JSON.parse(readFileSync(fromRoot('src/presets/config/config.schema.json'), 'utf8'));
const accepts = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

const takes = (config: unknown): boolean => {
  try {
    fromConfig(config, { environment: 'production', env: {} });
    return true;
  } catch {
    return false;
  }
};

/** Options of the core that JSON cannot say. */
const IN_CODE = ['name', 'shouldTrip', 'excludedErrors', 'trackedErrors', 'isFailure', 'fallback', 'clock'];

/** Options that take no more than these values, and values that they refuse. */
const GOOD: Record<string, readonly unknown[]> = {
  failureThreshold: [1, 7, false, Number.MAX_SAFE_INTEGER],
  failureRateThreshold: [0, 0.4, 1, false],
  slowCallDuration: [0, 0.5, 1e300, false],
  slowCallRateThreshold: [0, 0.25, 1],
  minimumCalls: [1, 2],
  window: [
    { type: 'count' },
    { type: 'count', size: 16_777_216 },
    { type: 'time' },
    { type: 'time', duration: 1, buckets: 10_000 },
  ],
  recoveryTimeout: [0, 2.5, {}, { initial: 0, factor: 1, max: 0, jitter: 1 }, { jitter: 0 }],
  halfOpenMaxCalls: [1, 20],
  successThreshold: [1, 20],
  probeTimeout: [0, 1e15],
  callTimeout: [0, 2_147_483_647, false],
  maxConcurrentCalls: [1, 50, 'Infinity'],
  fallbackOn: ['rejection', 'failure', 'any'],
  rejectionStackTrace: [true, false],
  mode: ['active', 'observe'],
};

/** Each is refused by every option that does not list it as good. */
const DOUBTFUL: readonly unknown[] = [
  null,
  true,
  '',
  '5',
  'infinity',
  'Active',
  -1,
  [],
  [1],
  { type: 'none' },
  { type: 'count', size: 0 },
  { type: 'count', size: 1.5 },
  { type: 'count', size: 16_777_217 },
  { type: 'count', duration: 5 },
  { type: 'time', size: 5 },
  { type: 'time', duration: 0.5 },
  { type: 'time', buckets: 10_001 },
  { size: 5 },
  { initial: -1 },
  { factor: 0.5 },
  { max: '5' },
  { jitter: 1.1 },
  { random: 0 },
  { initail: 1 },
];

const optionsArbitrary = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record(
      Object.fromEntries(
        Object.entries(GOOD).map(([option, values]) => [
          option,
          fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...values) }, fc.constantFrom(...DOUBTFUL)),
        ]),
      ),
      { requiredKeys: [] },
    ),
  },
  fc.constantFrom(null, 5, [], { calltimeout: 5 }, { name: 'x' }, { fallback: null }),
);

const keyed = (keys: readonly string[], values: fc.Arbitrary<unknown>) =>
  fc.dictionary(fc.constantFrom(...keys), values, { maxKeys: 3 });

const configArbitrary = fc.record(
  {
    $schema: fc.constantFrom('./schema.json', '', 'x'),
    environment: fc.constantFrom(...ENVIRONMENT_NAMES, ...ENVIRONMENT_NAMES, 'prod'),
    presets: fc.constantFrom(true, false, true, false, 'true'),
    defaults: optionsArbitrary,
    environments: keyed(['production', 'staging', 'testing'], optionsArbitrary),
    services: keyed(['claude', 'http', 'database'], optionsArbitrary),
    names: keyed(['orders', 'a b', '__proto__', 'claude', 'constructor'], optionsArbitrary),
  },
  { requiredKeys: [] },
);

describe('the JSON schema', () => {
  it('has every option that a configuration takes, wherever options go', () => {
    const { options, namedOptions, around, ...definitions } = schema.definitions;

    expect(Object.keys(options?.properties ?? {})).toEqual([...BREAKER_OPTIONS, DETECTOR_OPTION]);
    expect(Object.keys(around?.properties ?? {})).toEqual(AROUND_OPTIONS);
    expect(Object.keys(namedOptions?.properties ?? {})).toEqual([
      'preset',
      ...BREAKER_OPTIONS,
      DETECTOR_OPTION,
    ]);
    expect(Object.keys(definitions).sort()).toEqual(
      ['environment', 'preset', ...BREAKER_OPTIONS, DETECTOR_OPTION].sort(),
    );
  });

  it('has every option of the core but those that are functions, or that a registry gives', () => {
    const inCore = Object.keys(new CircuitBreaker().options);

    expect([...BREAKER_OPTIONS, ...IN_CODE, 'detector'].sort()).toEqual(inCore.sort());
  });

  it('has the presets and the environments', () => {
    expect(schema.definitions.preset?.enum).toEqual(PRESET_NAMES);
    expect(schema.definitions.environment?.enum).toEqual(ENVIRONMENT_NAMES);
  });

  it('has the defaults of the core', () => {
    const inForce = new CircuitBreaker().options;
    const expected = BREAKER_OPTIONS.map((option) => [
      option,
      option === 'maxConcurrentCalls' ? String(inForce[option]) : inForce[option],
    ]);

    const defaults = BREAKER_OPTIONS.map((option) => [option, schema.definitions[option]?.default]);

    expect(defaults).toEqual(expected);
  });

  it.each(
    Object.entries(GOOD).flatMap(([option, values]) => values.map((value) => [option, value] as const)),
  )('accepts %s %j, as the library does', (option, value) => {
    const config = { names: { orders: { [option]: value } } };

    expect([accepts(config), takes(config)]).toEqual([true, true]);
  });

  it.each(BREAKER_OPTIONS)('refuses for %s whatever the library refuses', (option) => {
    const known = new Set(GOOD[option]);
    const configs = DOUBTFUL.filter((value) => !known.has(value)).map((value) => ({
      defaults: { [option]: value },
    }));

    const differing = configs.filter((config) => accepts(config) !== takes(config));

    expect(differing).toEqual([]);
  });

  it.each([
    [{}],
    [{ $schema: 'x', presets: false, environment: 'testing' }],
    [{ names: { '': {} } }],
    [{ names: { orders: { preset: 'claude', mode: 'observe' } } }],
  ])('accepts %j, as the library does', (config) => {
    expect([accepts(config), takes(config)]).toEqual([true, true]);
  });

  it.each([
    [null],
    [[]],
    ['config'],
    [{ default: {} }],
    [{ $schema: 5 }],
    [{ presets: 'yes' }],
    [{ environment: 'prod' }],
    [{ environment: null }],
    [{ environments: { prod: {} } }],
    [{ environments: [] }],
    [{ services: { clade: {} } }],
    [{ services: { claude: { preset: 'claude' } } }],
    [{ names: [] }],
    [{ names: { orders: { preset: 'clade' } } }],
    [{ names: { orders: { preset: null } } }],
    [{ defaults: { preset: 'claude' } }],
    [{ defaults: { name: 'orders' } }],
    [{ defaults: { shouldTrip: true } }],
  ])('refuses %j, as the library does', (config) => {
    expect([accepts(config), takes(config)]).toEqual([false, false]);
  });

  it('has the same verdict as the library over random configurations', () => {
    fc.assert(
      fc.property(configArbitrary, (random) => {
        const config = JSON.parse(JSON.stringify(random));

        expect(accepts(config)).toBe(takes(config));
      }),
      { numRuns: 150 },
    );
  });

  it('gives a backoff the defaults that the library gives it', () => {
    const { anyOf } = schema.definitions.recoveryTimeout as {
      anyOf: { properties?: Record<string, { default: number }> }[];
    };
    const defaults = Object.fromEntries(
      Object.entries(anyOf[1]?.properties ?? {}).map(([key, it]) => [key, it.default]),
    );

    const chance = { random: () => 0.5 };

    for (const attempt of [1, 2, 20]) {
      expect(exponentialBackoff({ ...defaults, ...chance })(attempt, undefined)).toBe(
        exponentialBackoff(chance)(attempt, undefined),
      );
    }
  });
});

describe('docs/configuration.md', () => {
  const section = readPages().find(({ path }) => path === 'docs/configuration.md')?.lines ?? [];

  it('has an example that the schema and the library accept', () => {
    const [example = ''] = /^{$.*?^}$/ms.exec(section.join('\n')) ?? [];
    const config = JSON.parse(example);

    expect([accepts(config), takes(config)]).toEqual([true, true]);
  });

  it('names every member and every option of the format', () => {
    const words = [...Object.keys(schema.properties), ...BREAKER_OPTIONS, DETECTOR_OPTION];

    const missing = words.filter((word) => !section.some((line) => line.includes(`\`${word}\``)));

    expect(missing).toEqual([]);
  });
});
