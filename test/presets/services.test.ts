import { ENVIRONMENT_NAMES, ENVIRONMENTS, PRESETS, type PresetName, preset } from 'recloser/presets';
import { describe, expect, it } from 'vitest';

describe('the services', () => {
  it.each([
    ['claude', 2, 3, 4, 5],
    ['gpt-4', 2, 3, 4, 5],
    ['gemini', 3, 5, 6, 8],
    ['deepseek', 2, 3, 4, 5],
    ['groq', 2, 2, 3, 3],
    ['ollama', 15, 27, 38, 50],
    ['hugging-face', 5, 8, 12, 15],
    ['docker', 3, 5, 6, 8],
    ['kubernetes', 3, 5, 8, 10],
    ['desktop-commander', 5, 13, 22, 30],
    ['prometheus', 2, 3, 4, 5],
    ['slack', 3, 5, 6, 8],
    ['s3', 2, 3, 4, 5],
    ['security-scanner', 3, 5, 8, 10],
  ] as const)('are strict in production and lenient in testing: %s', (name, ...thresholds) => {
    const environments = ['production', 'staging', 'development', 'testing'] as const;

    expect(environments.map((environment) => preset(name, { environment }).failureThreshold)).toEqual(
      thresholds,
    );
  });

  const services: PresetName[] = ['claude', 'groq', 'ollama', 'kubernetes', 's3'];

  it.each(services)('take recovery time and failure rate from the environment: %s', (name) => {
    for (const environment of ENVIRONMENT_NAMES) {
      const { recoveryTimeout, failureRateThreshold } = ENVIRONMENTS[environment];

      expect(preset(name, { environment })).toMatchObject({ recoveryTimeout, failureRateThreshold });
    }
  });

  it('take what they leave open from their kind', () => {
    const { isFailure, halfOpenMaxCalls, window } = preset('claude');

    expect({ isFailure, halfOpenMaxCalls, window }).toEqual({
      isFailure: PRESETS.llm.figures.isFailure?.value,
      halfOpenMaxCalls: PRESETS.llm.figures.halfOpenMaxCalls?.value,
      window: PRESETS.llm.figures.window?.value,
    });
  });
});

describe('the platforms', () => {
  it.each([
    ['youtube', 3, 30_000, 15_000],
    ['twitch', 3, 30_000, 15_000],
    ['tiktok', 3, 30_000, 15_000],
    ['instagram', 3, 30_000, 15_000],
    ['x', 3, 30_000, 15_000],
    ['openrouter', 5, 60_000, 30_000],
    ['qdrant', 3, 30_000, 10_000],
  ] as const)(
    'have the same figures in every environment: %s',
    (name, failureThreshold, recoveryTimeout, callTimeout) => {
      for (const environment of ENVIRONMENT_NAMES) {
        expect(preset(name, { environment })).toMatchObject({
          failureThreshold,
          recoveryTimeout,
          callTimeout,
        });
      }
    },
  );

  it('take the failure rate from the environment', () => {
    const rates = ENVIRONMENT_NAMES.map(
      (environment) => preset('youtube', { environment }).failureRateThreshold,
    );

    expect(rates).toEqual([0.7, 0.5, 0.4, 0.9]);
  });
});
