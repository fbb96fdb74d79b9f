/** Where the options of a breaker come from that a configuration decides: all seven ranks, for people who wonder. */
import type { Environment, EnvironmentSource } from '../config/environments.js';
import { inferPreset } from '../config/infer.js';
import { BREAKER_OPTIONS, type BreakerOption, DETECTOR_OPTION } from '../config/option-names.js';
import type { PresetName } from '../config/preset-names.js';
import { string, verify } from '../core/validate.js';
import type { CircuitBreakerOptions } from '../index.js';
import { valuesOf } from './catalogue/figures.js';
import { conflictIn, resolve, withDefaultMinimum } from './config/core-rules.js';
import { type ConfigContext, readConfig } from './config/from-config.js';
import { isSameOption, written } from './config/json-values.js';
import type { BreakerLayer } from './config/read-options.js';
import { describeEnvironment, printValue } from './explain.js';

/** A value of an option, and who says it. */
export interface ConfigValue {
  readonly value: unknown;
  /** `default`, a preset, a kind or an environment, a path in the configuration, or the name of a variable. */
  readonly source: string;
}

/** An option of a breaker, and where it comes from. */
export interface ExplainedOption extends ConfigValue {
  readonly option: string;
  /** What it overrules, the strongest first. */
  readonly overruled: readonly ConfigValue[];
}

/** Where the options of a breaker come from. */
export interface ConfigExplanation {
  /** The name of the breaker. */
  readonly name: string;
  /** The preset that its figures come from; `null` where the configuration has none for it. */
  readonly preset: PresetName | null;
  readonly environment: Environment;
  /** Where the environment was found. */
  readonly environmentSource: EnvironmentSource;
  readonly values: readonly ExplainedOption[];
  /** All of it as lines for a terminal or a log. */
  readonly text: string;
}

/**
 * Where the options come from that `fromConfig` gives to a breaker of this name: the library's defaults, its preset, and
 * what is written in `defaults`, `environments`, `services`, `names` and the variables, the stronger over the weaker.
 *
 * @param config plain JSON, a `CircuitBreakerConfig`
 * @throws InvalidOptionsError with a line for each mistake, as `fromConfig`
 *
 * @example
 * ```ts
 * import { explainConfig } from 'recloser/presets';
 *
 * const config = { defaults: { callTimeout: 2_000 }, names: { orders: { callTimeout: 1_500 } } };
 * const { values } = explainConfig('orders', config, { environment: 'production', env: {} });
 * const timeout = values.find(({ option }) => option === 'callTimeout');
 * console.log(timeout?.value, timeout?.source); // → 1500 names.orders.callTimeout
 * console.log(timeout?.overruled[0]?.source); // → defaults.callTimeout
 * ```
 */
export function explainConfig(name: string, config: unknown, context?: ConfigContext): ConfigExplanation {
  verify({ breaker: '', action: 'explain a configuration' }, 'name', name, string);
  const configuration = readConfig(config, context);
  const { service, chosenBy, layers } = configuration.partsFor(name);
  const { environment, environmentSource } = configuration.located;
  const preset = chosenBy === 'nobody' ? null : service;
  const { detector, ...options } = configuration.optionsFor(name) as CircuitBreakerOptions & {
    detector?: unknown;
  };
  const chosen = preset === null ? [] : valuesOf(preset, environment);
  const values = ([...BREAKER_OPTIONS, 'isFailure', DETECTOR_OPTION] as const).flatMap(
    (option: Explained) => {
      const said = [
        ...chosen.filter((it) => it.option === option).map(({ value, source }) => ({ value, source })),
        ...layers.flatMap((layer) =>
          layer !== undefined && Object.hasOwn(layer.options, option) ? [saidBy(layer, option)] : [],
        ),
      ].reverse();
      if (option === DETECTOR_OPTION) return said.length === 0 ? [] : [explained(option, said)];
      const byDefault = { value: withoutOption(options, option)[option], source: 'default' };
      // What has no room in the window has given way.
      const holds = said.length > 0 && isSameOption(resolve(options)[option], (options as Members)[option]);
      return [explained(option, holds ? [...said, byDefault] : [byDefault, ...said])];
    },
  );
  const reason =
    chosenBy === 'configuration' ? 'as the configuration says' : `since ${inferPreset(name).rule}`;
  const first = preset === null ? 'gets no preset' : `gets the preset "${preset}", ${reason}`;
  const text = [
    `${JSON.stringify(name)} ${first}.`,
    describeEnvironment(environment, environmentSource),
    ...values.map(lineOf),
  ].join('\n');
  return { name, preset, environment, environmentSource, values, text };
}

type Explained = BreakerOption | 'isFailure' | typeof DETECTOR_OPTION;
type Members = Readonly<Record<string, unknown>>;

function saidBy({ options, pathOf }: BreakerLayer, option: Explained): ConfigValue {
  return { value: written((options as Members)[option]), source: pathOf(option) };
}

/** The options in force if nobody named this one. */
function withoutOption(options: CircuitBreakerOptions, option: string): Members {
  const others = Object.entries(options).filter(([name]) => name !== option);
  return resolve(fitting(Object.fromEntries(others))) as unknown as Members;
}

function fitting(options: CircuitBreakerOptions): CircuitBreakerOptions {
  return conflictIn(options) === undefined ? options : withDefaultMinimum(options);
}

function explained(option: string, [first, ...overruled]: readonly ConfigValue[]): ExplainedOption {
  return { option, ...(first as ConfigValue), overruled };
}

function lineOf({ option, value, source, overruled }: ExplainedOption): string {
  const others = overruled
    .filter((it) => it.source !== 'default')
    .map((it) => `${printValue(it.value)} (${it.source})`);
  const over = others.length === 0 ? '' : `, not ${others.join(', nor ')}`;
  return `- ${option}: ${printValue(value)} (${source})${over}`;
}
