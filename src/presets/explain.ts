/** Where the options of a breaker come from, for people who wonder. */
import type { CircuitBreakerOptions } from '../index.js';
import type { PresetName } from './catalogue.js';
import { layOver } from './config-core.js';
import { optionsFromEnvironment, variableOf } from './config-environment.js';
import type { Environment, EnvironmentSource } from './environments.js';
import { type Inference, inferPreset } from './infer.js';
import { optionsOf } from './preset.js';
import { type PresetSettings, type ReadSettings, readSettings } from './settings.js';
import { type PresetValue, valuesOf } from './values.js';

/** An option of a breaker, and where it comes from. */
export interface ExplainedValue {
  readonly option: keyof CircuitBreakerOptions;
  readonly value: unknown;
  /** A preset, an environment, `'overrides'`, or the name of the variable that says so. */
  readonly source: string;
  /** Why it is this value, in one sentence. */
  readonly reason: string;
}

/** Where the options of a breaker come from. */
export interface PresetExplanation {
  /** The name of the breaker. */
  readonly name: string;
  readonly preset: PresetName;
  /** Which rule decided, in words. */
  readonly rule: string;
  /** Whether the name says nothing known, so that the preset is a guess. */
  readonly guessed: boolean;
  readonly environment: Environment;
  /** Where the environment was found. */
  readonly environmentSource: EnvironmentSource;
  readonly values: readonly ExplainedValue[];
  /** All of it as lines for a terminal or a log. */
  readonly text: string;
}

/**
 * Where the options come from that `presets()` gives to a breaker of this name.
 *
 * @param name the name of a breaker, or of a preset
 * @param settings as they are given to `presets`
 * @throws InvalidOptionsError for an unknown environment or option, a value out of range, and wrong variables
 *
 * @example
 * ```ts
 * import { explainPreset } from 'recloser/presets';
 *
 * const { preset, rule, values } = explainPreset('claude_expert_opus', { environment: 'production' });
 * console.log(preset, '–', rule); // → claude – its name says "claude"
 * console.log(values[0]?.option, values[0]?.value, values[0]?.source); // → failureThreshold 2 claude
 * ```
 */
export function explainPreset(name: string, settings?: PresetSettings): PresetExplanation {
  const read = readSettings('explain a preset', settings);
  const inference = inferPreset(name);
  const { preset, rule, guessed } = inference;
  const { environment, environmentSource } = read;
  const values = explainValues(name, preset, read);
  const text = [
    ...describeInference(name, inference),
    `The environment is ${environment}, ${ENVIRONMENT_SOURCES[environmentSource]}.`,
    ...values.map((it) => `- ${it.option}: ${print(it)} (${it.source}). ${it.reason}`),
  ].join('\n');
  return { name, preset, rule, guessed, environment, environmentSource, values, text };
}

const ENVIRONMENT_SOURCES: Readonly<Record<EnvironmentSource, string>> = {
  option: 'as the code says',
  ENVIRONMENT: 'as the variable ENVIRONMENT says',
  NODE_ENV: 'as the variable NODE_ENV says',
  default: 'since neither ENVIRONMENT nor NODE_ENV says anything known',
};

function describeInference(name: string, { preset, rule, guessed, others }: Inference): string[] {
  const verb = guessed ? 'is guessed to be' : 'is';
  const chosen = `${JSON.stringify(name)} ${verb} "${preset}", since ${rule}.`;
  if (others.length === 0) return [chosen];
  const named = others.map((other) => `"${other}"`).join(', ');
  return [chosen, `It speaks of ${named} too, but less specifically or earlier in the name.`];
}

/** The options as `presets()` gives them, each with the last layer that has it. */
function explainValues(name: string, preset: PresetName, read: ReadSettings): ExplainedValue[] {
  const variables = optionsFromEnvironment(name, read.env);
  const told = new Map<string, PresetValue>(
    valuesOf(preset, read.environment).map((value) => [value.option, value]),
  );
  return Object.entries(layOver(optionsOf(preset, read), variables)).map(([key, value]) => {
    const option = key as keyof CircuitBreakerOptions;
    if (Object.hasOwn(variables, option)) {
      return { option, value, source: variableOf(name, option), reason: 'An operator says so.' };
    }
    if (Object.hasOwn(read.overrides, option)) {
      return { option, value, source: 'overrides', reason: 'The code says so.' };
    }
    const { source, reason } = told.get(option) as PresetValue;
    return { option, value, source, reason };
  });
}

function print({ option, value }: ExplainedValue): string {
  if (typeof value === 'function') return value.name || 'a function';
  if (option === 'window') return JSON.stringify(value);
  return typeof value === 'object' ? 'an object' : String(value);
}
