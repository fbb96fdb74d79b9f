/** Where the options of a breaker come from, for people who wonder. */

import type { Environment, EnvironmentSource } from '../config/environments.js';
import { type Inference, inferPreset } from '../config/infer.js';
import type { PresetName } from '../config/preset-names.js';
import { variableOf } from '../config/variables.js';
import type { CircuitBreakerOptions } from '../index.js';
import { valuesOf } from './catalogue/figures.js';
import { optionsFromEnvironment } from './config/variables.js';
import { configurationOf } from './preset.js';
import { type PresetSettings, type ReadSettings, readSettings } from './settings.js';

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
  /** A minimum of calls that the window has no room for, so that the default holds. Empty unless there is one. */
  readonly gaveWay: readonly ExplainedValue[];
  /** All of it as lines for a terminal or a log. */
  readonly text: string;
}

/**
 * Where the options come from that `presets()` gives to a breaker of this name.
 *
 * @param name the name of a breaker, or of a preset
 * @param settings as they are given to `presets`
 * @throws InvalidOptionsError for whatever `presets` refuses
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
  const subject = { breaker: '', action: 'explain a preset' };
  const read = readSettings(subject, settings);
  const inference = inferPreset(name);
  const { preset, rule, guessed } = inference;
  const { environment, environmentSource } = read;
  const options = configurationOf(subject, read).optionsFor(name);
  const told = explainValues(name, preset, read);
  const values = told.filter(({ option }) => Object.hasOwn(options, option));
  const gaveWay = told.filter((it) => !values.includes(it));
  const text = [
    ...describeInference(name, inference),
    describeEnvironment(environment, environmentSource),
    ...values.map((it) => `- ${it.option}: ${print(it)} (${it.source}). ${it.reason}`),
    ...gaveWay.map(
      (it) => `- ${it.option}: the default, since ${print(it)} (${it.source}) does not fit into the window.`,
    ),
  ].join('\n');
  return { name, preset, rule, guessed, environment, environmentSource, values, gaveWay, text };
}

const ENVIRONMENT_SOURCES: Readonly<Record<EnvironmentSource, string>> = {
  option: 'as the code says',
  ENVIRONMENT: 'as the variable ENVIRONMENT says',
  NODE_ENV: 'as the variable NODE_ENV says',
  default: 'since neither ENVIRONMENT nor NODE_ENV says anything known',
};

/** Which environment it is, and who says so. */
export function describeEnvironment(environment: Environment, source: EnvironmentSource): string {
  return `The environment is ${environment}, ${ENVIRONMENT_SOURCES[source]}.`;
}

function describeInference(name: string, { preset, rule, guessed, others }: Inference): string[] {
  const verb = guessed ? 'is guessed to be' : 'is';
  const chosen = `${JSON.stringify(name)} ${verb} "${preset}", since ${rule}.`;
  if (others.length === 0) return [chosen];
  const named = others.map((other) => `"${other}"`).join(', ');
  return [chosen, `It speaks of ${named} too, but less specifically or earlier in the name.`];
}

/** Each option that somebody names, with the last layer that does. */
function explainValues(name: string, preset: PresetName, read: ReadSettings): ExplainedValue[] {
  const variables = optionsFromEnvironment(name, read.env);
  const values = [
    ...valuesOf(preset, read.environment),
    ...sourced(read.overrides, () => 'overrides', 'The code says so.'),
    ...sourced(variables, (option) => variableOf(name, option), 'An operator says so.'),
  ];
  return [...new Map(values.map((value) => [value.option, value])).values()];
}

function sourced(
  options: CircuitBreakerOptions,
  sourceOf: (option: string) => string,
  reason: string,
): ExplainedValue[] {
  return Object.entries(options).map(([key, value]) => {
    const option = key as keyof CircuitBreakerOptions;
    return { option, value, source: sourceOf(option), reason };
  });
}

function print({ option, value }: ExplainedValue): string {
  return option !== 'window' && typeof value === 'object' ? 'an object' : printValue(value);
}

/** A value of an option, in a few characters. */
export function printValue(value: unknown): string {
  if (typeof value === 'function') return value.name || 'a function';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
