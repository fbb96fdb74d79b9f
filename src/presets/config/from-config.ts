/** Configuration as data: the format, and breakers that are made as it says. */

import { type Environment, locateEnvironment } from '../../config/environments.js';
import type { PresetName } from '../../config/preset-names.js';
import { Problems, pathTo } from '../../config/problems.js';
import { type EnvironmentVariables, problemOfVariables } from '../../config/process-variables.js';
import { unknownName } from '../../config/sentences.js';
import { callable, describe } from '../../core/validate.js';
import { type CircuitBreakerOptions, InvalidOptionsError } from '../../index.js';
import type { PresetSettings } from '../settings.js';
import { Configuration } from './configuration.js';
import type { Adaptive, ConfigOptions } from './format.js';
import { createConfigure } from './origin.js';
import { readLayers, readObject } from './read.js';
import { readBreakerVariables } from './variables.js';

/** The options of one breaker. */
export interface NamedConfigOptions extends ConfigOptions {
  /** The preset that its figures come from. @default what the name tells */
  preset?: PresetName | undefined;
}

/**
 * A configuration: plain JSON. What you wrote goes before what the presets say; of what you wrote, the more specific
 * goes before: `defaults` < `environments` < `services` < `names`; and an environment variable goes before all of it.
 */
export interface CircuitBreakerConfig {
  /** The JSON Schema of the format, by which editors complete it. */
  $schema?: string | undefined;
  /** The environment. @default detected from `ENVIRONMENT` and `NODE_ENV` */
  environment?: Environment | undefined;
  /** Whether breakers that name no preset get the one that their name tells. @default true */
  presets?: boolean | undefined;
  /** For every breaker. */
  defaults?: ConfigOptions | undefined;
  /** For every breaker, in one environment. */
  environments?: Partial<Record<Environment, ConfigOptions | undefined>> | undefined;
  /** For the breakers of one preset. */
  services?: Partial<Record<PresetName, ConfigOptions | undefined>> | undefined;
  /** For one breaker. */
  names?: Record<string, NamedConfigOptions | undefined> | undefined;
  /** What stands around breakers, for `resilienceFromConfig` of recloser/resilience. */
  resilience?: object | undefined;
  /** Options of a fleet, for `shareState` of recloser/redis. */
  fleet?: object | undefined;
}

/** What a configuration is read in. */
export interface ConfigContext {
  /** The environment, whatever the configuration says, in any of the usual spellings. */
  environment?: PresetSettings['environment'];
  /** The environment variables. @default those of the process */
  env?: EnvironmentVariables | undefined;
  /** What makes a detector of a `detector` block: `adaptive` of recloser/adaptive. @default none, so that one is refused */
  adaptive?: Adaptive | undefined;
}

/** The part of a registry's options that a configuration decides. */
export interface ConfiguredRegistryOptions {
  readonly configure: (breakerName: string) => CircuitBreakerOptions;
}

/**
 * Options of a registry whose breakers are made as a configuration and the environment variables say.
 *
 * @param config plain JSON, a {@link CircuitBreakerConfig}; all of it is checked now
 * @throws InvalidOptionsError with a line for each mistake, each with its path
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { fromConfig } from 'recloser/presets';
 *
 * const config = { defaults: { successThreshold: 2 }, names: { orders: { callTimeout: 1_500 } } };
 * const registry = new CircuitBreakerRegistry(fromConfig(config));
 * const { callTimeout, successThreshold } = registry.getOrCreate('orders').options;
 * console.log(callTimeout, successThreshold); // → 1500 2
 * ```
 */
export function fromConfig(config: unknown, context?: ConfigContext): ConfiguredRegistryOptions {
  const configuration = readConfig(config, context);
  const { environment } = locateEnvironment(context?.environment, context?.env);
  return { configure: createConfigure({ configuration, by: 'configuration', environment }) };
}

/** @throws InvalidOptionsError with a line for each mistake, those in the variables included */
export function readConfig(config: unknown, given?: ConfigContext): Configuration {
  const problems = new Problems();
  const context: ConfigContext = readObject(given, 'context', problems);
  const unknown = Object.keys(context).filter((key) => !CONTEXT.includes(key));
  for (const key of unknown) problems.add(pathTo('context', key), () => unknownName('option', key, CONTEXT));
  const { adaptive } = context;
  if (adaptive !== undefined && callable(adaptive) !== undefined) {
    problems.add('context.adaptive', `must be a function, received ${describe(adaptive)}`);
  }
  const problem = problemOfVariables(context.env);
  if (problem !== undefined) problems.add('context.env', problem);
  if (problem !== undefined) problems.refuse();
  const layers = readUntrusted(() => readLayers(config, problems, adaptive));
  const variables = readUntrusted(() => readBreakerVariables(context.env, problems, adaptive));
  const located = locateEnvironment(context.environment ?? layers.environment, context.env);
  const configuration = new Configuration(layers, variables, located);
  configuration.checkCombinations(problems);
  problems.refuse();
  return configuration;
}

const CONTEXT: readonly string[] = ['environment', 'env', 'adaptive'] satisfies (keyof ConfigContext)[];

/** Getters and proxies may throw anything. */
function readUntrusted<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new InvalidOptionsError('', '', 'Cannot read the configuration', { cause });
  }
}
