/**
 * Configuration as data: what stands around breakers, out of the same file that `fromConfig` reads, and out of the same
 * variables. All that is wrong is told at once, each with its path.
 */
import { ENVIRONMENT_NAMES, type Environment, locateEnvironment } from '../config/environments.js';
import { inferPreset, unknownPreset } from '../config/infer.js';
import type { Layer, Members } from '../config/layers.js';
import { RESILIENCE_OPTIONS } from '../config/option-names.js';
import { PRESET_NAMES, type PresetName } from '../config/preset-names.js';
import { Problems, pathTo } from '../config/problems.js';
import type { EnvironmentVariables } from '../config/process-variables.js';
import { refusalBy, unknownName } from '../config/sentences.js';
import { foldName, readVariables } from '../config/variables.js';
import { guardRead, object, oneOf } from '../core/validate.js';
import { InvalidOptionsError } from '../index.js';
import { readResilience } from './options.js';
import type { NamedOptions, ResilienceRegistryOptions } from './registry.js';

/** What stands around a breaker, as JSON: `retry`, `totalTimeout`, `hedge`, `retryBudget`, `bulkhead`, `rateLimit`, `breakerCounts`. */
export type ConfigResilience = Pick<
  NamedOptions,
  'retry' | 'totalTimeout' | 'hedge' | 'retryBudget' | 'bulkhead' | 'rateLimit' | 'breakerCounts'
>;

/** The member `resilience` of a configuration; the more specific goes before the others. */
export interface ResilienceConfig {
  defaults?: ConfigResilience | undefined;
  environments?: Partial<Record<Environment, ConfigResilience>> | undefined;
  services?: Partial<Record<PresetName, ConfigResilience>> | undefined;
  names?: Readonly<Record<string, ConfigResilience>> | undefined;
}

/** Where a configuration is read. */
export interface ResilienceConfigContext {
  /** @default the configuration's, else the one that variables name */
  environment?: Environment | undefined;
  /** @default the variables of the process */
  env?: EnvironmentVariables | undefined;
}

/** What `resilienceFromConfig` answers. */
export interface ConfiguredResilience extends ResilienceRegistryOptions {
  readonly configure: (name: string) => NamedOptions;
}

const OPTIONS: readonly string[] = [...RESILIENCE_OPTIONS, 'breakerCounts'];
const SECTIONS = ['defaults', 'environments', 'services', 'names'] as const;

type Options = Record<string, unknown>;

/**
 * Options of a `ResilienceRegistry` as a configuration and the environment variables say: the member `resilience` of the
 * file that `fromConfig` reads, and `RECLOSER_<NAME>_RETRY`, `_TOTAL_TIMEOUT`, `_BULKHEAD`, `_RATE_LIMIT`,
 * `_RETRY_BUDGET` and `_HEDGE`.
 *
 * @param config plain JSON; all of its member `resilience` is checked now
 * @throws InvalidOptionsError with a line for each mistake, each with its path
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { ResilienceRegistry, resilienceFromConfig } from 'recloser/resilience';
 *
 * const config = { resilience: { defaults: { retry: 'network' }, names: { orders: { bulkhead: 20 } } } };
 * const around = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry(), ...resilienceFromConfig(config) });
 * console.log(around.getOrCreate('orders').bulkhead?.limit); // → 20
 * ```
 */
export function resilienceFromConfig(
  config: unknown,
  context: ResilienceConfigContext = {},
): ConfiguredResilience {
  const problems = new Problems();
  const layers = guardRead({ breaker: '', action: 'read the configuration' }, 'it', () =>
    readConfig(config, problems),
  );
  const variables = readVariables<Options>(context.env, RESILIENCE_OPTIONS, readLayer, problems);
  problems.refuse();
  const { environment } = locateEnvironment(context.environment ?? layers.environment, context.env);
  return {
    configure: (name) => ({
      ...layers.defaults,
      ...layers.environments.get(environment),
      ...layers.services.get(layers.presetOf.get(name) ?? inferPreset(name).preset),
      ...layers.names.get(name),
      ...variables.get(foldName(name))?.options,
    }),
  };
}

function readConfig(config: unknown, problems: Problems) {
  const file = membersOf(config, 'config', problems);
  const given = membersOf(file.resilience, 'resilience', problems);
  for (const section of Object.keys(given)) {
    if (!SECTIONS.includes(section as never))
      problems.add(pathTo('resilience', section), () => unknownName('section', section, SECTIONS));
  }
  const section = (name: (typeof SECTIONS)[number], words?: readonly string[]): Map<string, Options> => {
    const path = pathTo('resilience', name);
    const layers = new Map<string, Options>();
    for (const [key, options] of Object.entries(membersOf(given[name], path, problems))) {
      const here = pathTo(path, key);
      if (words === undefined || words.includes(key)) {
        const members = membersOf(options, here, problems);
        layers.set(key, readLayer(members, (option) => pathTo(here, option), problems).options);
      } else {
        problems.add(here, () =>
          name === 'services' ? unknownPreset(key) : unknownName('environment', key, words),
        );
      }
    }
    return layers;
  };
  const defaults = membersOf(given.defaults, 'resilience.defaults', problems);
  const presetOf = new Map<string, string>();
  // What is wrong with the breakers' own sections is for `fromConfig` to say.
  for (const [name, options] of Object.entries(membersOf(file.names, 'names', problems))) {
    const preset = (options as { preset?: unknown } | null)?.preset;
    if (typeof preset === 'string') presetOf.set(name, preset);
  }
  return {
    environment: oneOf(...ENVIRONMENT_NAMES)(file.environment) === undefined ? file.environment : undefined,
    presetOf,
    defaults: readLayer(defaults, (option) => pathTo('resilience.defaults', option), problems).options,
    environments: section('environments', ENVIRONMENT_NAMES),
    services: section('services', PRESET_NAMES),
    names: section('names'),
  };
}

/** Copies the options that are good: each is asked of those who make use of it. */
function readLayer(given: Members, pathOf: (option: string) => string, problems: Problems): Layer<Options> {
  const options: Options = {};
  for (const [option, value] of Object.entries(given)) {
    if (!OPTIONS.includes(option)) {
      problems.add(pathOf(option), () => unknownName('option', option, OPTIONS));
      continue;
    }
    try {
      const { around } = readResilience({ [option]: value }, { breaker: '', action: '' });
      options[option] = (around as Options)[option];
    } catch (error) {
      if (!(error instanceof InvalidOptionsError)) throw error;
      const sentence = error.message.slice(error.message.indexOf(': ') + 2);
      const inside = error.option.startsWith(`${option}.`) ? error.option.slice(option.length) : '';
      problems.add(pathOf(option) + inside, sentence.replace(`\`${error.option}\` `, ''));
    }
  }
  return { options, pathOf };
}

function membersOf(given: unknown, path: string, problems: Problems): Members {
  if (given === undefined) return {};
  const problem = refusalBy(object, given);
  if (problem !== undefined) problems.add(path, problem);
  return problem === undefined ? (given as Members) : {};
}
