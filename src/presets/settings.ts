/** What presets are asked for with, and reading it. */
import { CircuitBreaker, type CircuitBreakerOptions } from '../index.js';
import { ANY_WINDOW, type Refusal, refusalAs, refusalOf } from './config-core.js';
import type { EnvironmentVariables } from './config-environment.js';
import { isObject } from './config-values.js';
import { type Environment, type LocatedEnvironment, locateEnvironment } from './environments.js';
import { refuse } from './refuse.js';
import { unknownName } from './unknown-name.js';

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
 * @param action what cannot be done if they are wrong: `use preset "claude"`
 * @throws InvalidOptionsError for the first mistake
 */
export function readSettings(action: string, settings: PresetSettings = {}): ReadSettings {
  verifyObject(action, 'settings', settings);
  for (const key of Object.keys(settings)) {
    if (!SETTINGS.includes(key as keyof PresetSettings)) {
      refuse(action, key, unknownName('setting', key, SETTINGS));
    }
  }
  const { environment, overrides, env } = settings;
  return { ...locateEnvironment(environment, env), overrides: readOverrides(action, overrides), env };
}

/** @throws InvalidOptionsError always */
export function refuseOverride(action: string, { option, problem }: Refusal): never {
  return refuse(action, `overrides.${option}`, `overrides.${option}: ${problem}`);
}

function readOverrides(action: string, overrides: CircuitBreakerOptions = {}): CircuitBreakerOptions {
  verifyObject(action, 'overrides', overrides);
  const given = Object.entries(overrides).map(([option, value]) => [option, copyOf(option, value)] as const);
  for (const [option, value] of given) {
    // Each alone, so that nothing of what was handed in has cause to be called.
    const refusal = refusalOf(() => new CircuitBreaker({ window: ANY_WINDOW, [option]: value }));
    if (refusal !== undefined) refuseOverride(action, refusal);
  }
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** Nothing of the caller's is kept, but for objects that are used as they are, such as a clock. */
function copyOf(option: string, value: unknown): unknown {
  if (Array.isArray(value)) return [...value];
  return option === 'window' && isObject(value) ? { ...value } : value;
}

function verifyObject(action: string, name: string, value: unknown): void {
  if (!isObject(value)) refuse(action, name, `\`${name}\` ${refusalAs('window', value)}`);
}
