import {
  ENVIRONMENT_NAMES,
  ENVIRONMENTS,
  isAwsFailure,
  isCacheFailure,
  isConnectionFailure,
  isDatabaseFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
  PRESET_NAMES,
  PRESETS,
  preset,
} from 'recloser/presets';
import { describe, expect, it } from 'vitest';

const KIND_NAMES = [
  'http',
  'database',
  'cache',
  'queue',
  'llm',
  'auth',
  'api-gateway',
  'agent',
  'background',
  'local',
] as const;

describe('the kinds', () => {
  it('leave to the environment what they have no reason for', () => {
    for (const environment of ENVIRONMENT_NAMES) {
      const { failureThreshold, recoveryTimeout, failureRateThreshold } = ENVIRONMENTS[environment];

      expect(preset('http', { environment })).toMatchObject({
        failureThreshold,
        recoveryTimeout,
        failureRateThreshold,
      });
    }
  });

  it('say what a failure is', () => {
    const predicates = KIND_NAMES.map((name) => preset(name).isFailure);

    expect(predicates).toEqual([
      isHttpFailure,
      isDatabaseFailure,
      isCacheFailure,
      isQueueFailure,
      isLlmFailure,
      isHttpFailure,
      isHttpFailure,
      isConnectionFailure,
      isConnectionFailure,
      isConnectionFailure,
    ]);
  });

  it.each([
    ['redis', isCacheFailure],
    ['postgresql', isDatabaseFailure],
    ['clickhouse', isDatabaseFailure],
    ['qdrant', isHttpFailure],
    ['s3', isAwsFailure],
    ['docker', isConnectionFailure],
    ['openrouter', isLlmFailure],
  ] as const)('say it for those that speak another language too: %s', (name, isFailure) => {
    expect(preset(name).isFailure).toBe(isFailure);
  });
});

describe('the databases', () => {
  it('take what they leave open from the kind', () => {
    const { recoveryTimeout, failureThreshold } = preset('database', { environment: 'production' });

    expect(preset('postgresql', { environment: 'production' })).toMatchObject({
      recoveryTimeout,
      failureThreshold,
    });
  });

  it('have figures of their own', () => {
    const timeouts = (['postgresql', 'clickhouse', 'redis', 'database'] as const).map(
      (name) => preset(name).callTimeout,
    );

    expect(new Set(timeouts).size).toBe(timeouts.length);
  });
});

describe.each(PRESET_NAMES)('the preset %s', (name) => {
  const { protectsAgainst, figures } = PRESETS[name];
  const sentences = [protectsAgainst, ...Object.values(figures).map(({ reason }) => reason)];

  it('says what it protects against, and has one sentence of reason for every figure', () => {
    const bad = sentences.filter((sentence) => !/^[A-Z0-9][^\n]{15,150}[^.]\.$/.test(sentence));

    expect(bad).toEqual([]);
  });

  it('goes from strict to lenient', () => {
    const thresholds = (['production', 'staging', 'development', 'testing'] as const).map(
      (environment) => preset(name, { environment }).failureThreshold as number,
    );

    expect(thresholds).toEqual([...thresholds].sort((a, b) => a - b));
  });

  it('says how long a call may take, and what is a failure', () => {
    expect(preset(name)).toMatchObject({ callTimeout: expect.any(Number), isFailure: expect.any(Function) });
  });

  it('goes with any minimum of calls, and with a count window of ten', () => {
    const { window, minimumCalls } = figures;

    expect(window?.value.type ?? 'time').toBe('time');
    expect(minimumCalls?.value ?? 10).toBeLessThanOrEqual(10);
  });

  it('cannot be changed', () => {
    const parts = [PRESETS, PRESETS[name], figures, ...Object.values(figures)];

    expect(parts.every(Object.isFrozen)).toBe(true);
  });
});
