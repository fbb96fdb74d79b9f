/** What presets are asked for with, and reading it. */

import { type Environment, type LocatedEnvironment, locateEnvironment } from '../config/environments.js';
import { type EnvironmentVariables, problemOfVariables } from '../config/process-variables.js';
import { unknownName } from '../config/sentences.js';
import { object, refuse, type Subject, verify } from '../core/validate.js';
import type { CircuitBreakerOptions } from '../index.js';
import { type Refusal, refusalAs } from './config/core-rules.js';
import { isObject } from './config/json-values.js';

/** What presets are asked for with. */
export interface PresetSettings {
  /** The environment, in any of the usual spellings. @default detected from `ENVIRONMENT` and `NODE_ENV` */
  environment?: Environment | (string & Record<never, never>) | undefined;
  /** Options that go before those of the preset. */
  overrides?: CircuitBreakerOptions | undefined;
  /** The environment variables. @default those of the process */
  env?: EnvironmentVariables | undefined;
}

/** Settings that are known to be good. */
export interface ReadSettings extends LocatedEnvironment {
  /** A copy, without what is `undefined`. */
  readonly overrides: CircuitBreakerOptions;
  readonly env: EnvironmentVariables | undefined;
}

const SETTINGS: readonly (keyof PresetSettings)[] = ['environment', 'overrides', 'env'];

/**
 * @param subject what cannot be done if they are wrong
 * @throws InvalidOptionsError for the first mistake
 */
export function readSettings(subject: Subject, settings: PresetSettings = {}): ReadSettings {
  verify(subject, 'settings', settings, object);
  for (const key of Object.keys(settings)) {
    if (!SETTINGS.includes(key as keyof PresetSettings)) {
      refuse(subject, key, unknownName('setting', key, SETTINGS));
    }
  }
  const { environment, overrides, env } = settings;
  const problem = problemOfVariables(env);
  if (problem !== undefined) refuse(subject, 'env', `\`env\` ${problem}`);
  return { ...locateEnvironment(environment, env), overrides: readOverrides(subject, overrides), env };
}

/** @throws InvalidOptionsError always */
export function refuseOverride(subject: Subject, { option, problem }: Refusal): never {
  return refuse(subject, `overrides.${option}`, `overrides.${option}: ${problem}`);
}

function readOverrides(subject: Subject, overrides: CircuitBreakerOptions = {}): CircuitBreakerOptions {
  verify(subject, 'overrides', overrides, object);
  const given = Object.entries(overrides).map(([option, value]) => [option, copyOf(option, value)] as const);
  for (const [option, value] of given) {
    // Each alone, so that nothing of what was handed in has cause to be called.
    const refusal = refusalAs(option, value);
    if (refusal !== undefined) refuseOverride(subject, refusal);
  }
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** Nothing of the caller's is kept, but for objects that are used as they are, such as a clock. */
function copyOf(option: string, value: unknown): unknown {
  if (Array.isArray(value)) return [...value];
  return option === 'window' && isObject(value) ? { ...value } : value;
}
