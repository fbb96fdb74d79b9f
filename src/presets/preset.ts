/** Presets as options of breakers: one by its name, or whatever the name of a breaker tells. */

import { unknownPreset } from '../config/infer.js';
import { PRESET_NAMES, type PresetName } from '../config/preset-names.js';
import { Problems, pathTo } from '../config/problems.js';
import { refuse, type Subject, string, verify } from '../core/validate.js';
import type { CircuitBreakerOptions } from '../index.js';
import { presetOptions } from './catalogue/figures.js';
import { Configuration } from './config/configuration.js';
import { conflictIn, idleRateIn, layOver, withoutIdleRate } from './config/core-rules.js';
import { createConfigure } from './config/origin.js';
import { readLayers } from './config/read.js';
import { readBreakerVariables } from './config/variables.js';
import { type PresetSettings, type ReadSettings, readSettings, refuseOverride } from './settings.js';

/**
 * The options of a preset, as a fresh object.
 *
 * @throws InvalidOptionsError for an unknown preset, environment or option, and for a value out of range
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { preset } from 'recloser/presets';
 *
 * const options = preset('claude', { environment: 'staging', overrides: { name: 'opus', callTimeout: 300_000 } });
 * const { name, failureThreshold, callTimeout } = new CircuitBreaker(options).options;
 * console.log(name, failureThreshold, callTimeout); // → opus 3 300000
 * ```
 */
export function preset(name: PresetName, settings?: PresetSettings): CircuitBreakerOptions {
  verifyPreset(name);
  const subject = { breaker: '', action: `use preset "${name}"` };
  const { environment, overrides } = readSettings(subject, settings);
  const options = layOver(presetOptions(name, environment), overrides);
  const conflict = conflictIn(options) ?? idleRateIn(options);
  if (conflict !== undefined) refuseOverride(subject, conflict);
  return withoutIdleRate(options);
}

/**
 * A `configure` for a registry: each breaker gets the preset that its name tells. `RECLOSER_<NAME>_<OPTION>` variables
 * go before the overrides, and those before the preset.
 *
 * @throws InvalidOptionsError for an unknown environment or option, a value out of range, wrong variables, and overrides
 *   and variables that do not go together
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { presets } from 'recloser/presets';
 *
 * const registry = new CircuitBreakerRegistry({ configure: presets({ environment: 'production' }) });
 * console.log(registry.getOrCreate('claude_expert_opus').options.callTimeout); // → 120000
 * console.log(registry.getOrCreate('orders-postgres').options.callTimeout); // → 5000
 * ```
 */
export function presets(settings?: PresetSettings): (breakerName: string) => CircuitBreakerOptions {
  const subject = { breaker: '', action: 'use presets' };
  const read = readSettings(subject, settings);
  if (read.overrides.name !== undefined) {
    refuse(subject, 'overrides.name', 'overrides.name: is given by the registry');
  }
  const configuration = configurationOf(subject, read);
  return createConfigure({ configuration, by: 'presets', environment: read.environment });
}

/**
 * Overrides and variables as a configuration: overrides are what its `defaults` are, for every breaker.
 *
 * @throws InvalidOptionsError for wrong variables, and for overrides and variables that do not go together
 */
export function configurationOf(
  subject: Subject,
  { overrides, env, ...located }: ReadSettings,
): Configuration {
  const conflict = conflictIn(overrides);
  if (conflict !== undefined) refuseOverride(subject, conflict);
  const problems = new Problems();
  const defaults = { options: overrides, pathOf: (option: string) => pathTo('overrides', option) };
  const layers = { ...readLayers({}, problems), defaults };
  const configuration = new Configuration(layers, readBreakerVariables(env, problems), located);
  configuration.checkCombinations(problems);
  problems.refuse();
  return configuration;
}

function verifyPreset(name: unknown): void {
  const subject = { breaker: '', action: 'use a preset' };
  verify(subject, 'preset', name, string);
  if (PRESET_NAMES.includes(name as PresetName)) return;
  refuse(subject, 'preset', unknownPreset(name as string));
}
