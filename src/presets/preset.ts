/** Presets as options of breakers: one by its name, or whatever the name of a breaker tells. */
import type { CircuitBreakerOptions } from '../index.js';
import { PRESET_NAMES, type PresetName } from './catalogue.js';
import { conflictIn, layOver } from './config-core.js';
import { environmentOptions } from './config-environment.js';
import { createConfigure } from './config-origin.js';
import { inferPreset } from './infer.js';
import { refuse } from './refuse.js';
import { type PresetSettings, type ReadSettings, readSettings, refuseOverride } from './settings.js';
import { unknownName } from './unknown-name.js';
import { valuesOf } from './values.js';

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
  if (!PRESET_NAMES.includes(name)) {
    refuse('use a preset', 'preset', unknownName('preset', name, PRESET_NAMES));
  }
  const action = `use preset "${name}"`;
  const options = optionsOf(name, readSettings(action, settings));
  const conflict = conflictIn(options);
  if (conflict !== undefined) refuseOverride(action, conflict);
  return options;
}

/**
 * A `configure` for a registry: each breaker gets the preset that its name tells. `RECLOSER_<NAME>_<OPTION>` variables
 * go before the overrides, and those before the preset.
 *
 * @throws InvalidOptionsError for an unknown environment or option, a value out of range, and wrong variables
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
  const read = readSettings('use presets', settings);
  if (read.overrides.name !== undefined) {
    refuse('use presets', 'overrides.name', 'overrides.name: is given by the registry');
  }
  const fromVariables = environmentOptions(read.env);
  return createConfigure((breakerName) =>
    layOver(optionsOf(inferPreset(breakerName).preset, read), fromVariables(breakerName)),
  );
}

/** What a preset says, with the overrides laid over it. Nothing in it is shared with the tables. */
export function optionsOf(name: PresetName, { environment, overrides }: ReadSettings): CircuitBreakerOptions {
  const figures = valuesOf(name, environment).map(({ option, value }) => [option, value]);
  const options = layOver(Object.fromEntries(figures), overrides);
  return options.window === undefined ? options : { ...options, window: { ...options.window } };
}
