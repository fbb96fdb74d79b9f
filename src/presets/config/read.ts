/** Reads a configuration that came from outside, and copies what is good of it into layers. It merges nothing. */

import { ENVIRONMENT_NAMES, type Environment } from '../../config/environments.js';
import { unknownPreset } from '../../config/infer.js';
import { meantSection } from '../../config/meant-sections.js';
import { PRESET_NAMES, type PresetName } from '../../config/preset-names.js';
import { type Problems, pathTo } from '../../config/problems.js';
import { refusalBy, TEXT, unknownName } from '../../config/sentences.js';
import { type Check, object, oneOf, string } from '../../core/validate.js';
import type { Adaptive } from './format.js';
import { isObject } from './json-values.js';
import { checkFleet } from './read-fleet.js';
import { type BreakerLayer, createReader } from './read-options.js';

/** The options of one breaker. */
export interface NamedLayer extends BreakerLayer {
  readonly preset: PresetName | undefined;
}

/** A configuration, with everything that may be left out filled in. */
export interface ConfigLayers {
  readonly environment: Environment | undefined;
  readonly presets: boolean;
  readonly defaults: BreakerLayer;
  readonly environments: ReadonlyMap<Environment, BreakerLayer>;
  readonly services: ReadonlyMap<PresetName, BreakerLayer>;
  readonly names: ReadonlyMap<string, NamedLayer>;
}

type Members = Readonly<Record<string, unknown>>;

type Read = ReturnType<typeof createReader>;

const SECTIONS = [
  '$schema',
  'environment',
  'presets',
  'defaults',
  'environments',
  'services',
  'names',
  'resilience',
  'fleet',
] as const;

/**
 * Adds whatever is wrong to the problems, and answers with the rest. `resilience` and `fleet` are read by whoever they are
 * for, and here only known.
 */
export function readLayers(config: unknown, problems: Problems, adaptive?: Adaptive): ConfigLayers {
  if (config === undefined) check('config', object, config, problems);
  if (typeof config === 'string') {
    problems.add('config', TEXT);
    return readLayers({}, problems);
  }
  const read = createReader(adaptive);
  const sections: Partial<Record<(typeof SECTIONS)[number], unknown>> = readObject(
    config,
    'config',
    problems,
  );
  for (const section of Object.keys(sections)) {
    if (!isOneOf(SECTIONS, section)) {
      const meant = meantSection(section);
      const words = meant === undefined ? SECTIONS : [meant];
      problems.add(pathTo('', section), () => unknownName('section', section, words));
    }
  }
  const { $schema, environment, presets, defaults, environments, services, names, resilience, fleet } =
    sections;
  if ($schema !== undefined) check('$schema', string, $schema, problems);
  if (presets !== undefined) check('presets', oneOf(true, false), presets, problems);
  readObject(resilience, 'resilience', problems);
  checkFleet(readObject(fleet, 'fleet', problems), problems);
  return {
    environment: readWord(environment, 'environment', 'environment', ENVIRONMENT_NAMES, problems),
    presets: presets !== false,
    defaults: readLayer(defaults, 'defaults', read, problems),
    environments: readWords(environments, 'environments', 'environment', ENVIRONMENT_NAMES, read, problems),
    services: readWords(services, 'services', 'preset', PRESET_NAMES, read, problems),
    names: readNames(names, read, problems),
  };
}

/** A section whose keys are words of a list. */
function readWords<Word extends string>(
  given: unknown,
  path: string,
  what: string,
  words: readonly Word[],
  read: Read,
  problems: Problems,
): Map<Word, BreakerLayer> {
  const layers = new Map<Word, BreakerLayer>();
  for (const [word, options] of Object.entries(readObject(given, path, problems))) {
    const here = pathTo(path, word);
    if (isOneOf(words, word)) layers.set(word, readLayer(options, here, read, problems));
    else problems.add(here, () => unknownWord(what, word, words));
  }
  return layers;
}

function readNames(given: unknown, read: Read, problems: Problems): Map<string, NamedLayer> {
  const layers = new Map<string, NamedLayer>();
  for (const [name, value] of Object.entries(readObject(given, 'names', problems))) {
    const path = pathTo('names', name);
    const { preset, ...options } = readObject(value, path, problems);
    layers.set(name, {
      preset: readWord(preset, `${path}.preset`, 'preset', PRESET_NAMES, problems),
      ...readLayer(options, path, read, problems),
    });
  }
  return layers;
}

function readLayer(given: unknown, path: string, read: Read, problems: Problems): BreakerLayer {
  return read(readObject(given, path, problems), (option) => pathTo(path, option), problems);
}

/** One word of a list, if it is given. */
function readWord<Word extends string>(
  given: unknown,
  path: string,
  what: string,
  words: readonly Word[],
  problems: Problems,
): Word | undefined {
  if (given === undefined || isOneOf(words, given)) return given;
  problems.add(path, () => refusalBy(string, given) ?? unknownWord(what, given as string, words));
  return undefined;
}

/** The object itself; an empty one if it is not given. */
export function readObject(given: unknown, path: string, problems: Problems): Members {
  if (isObject(given)) return given;
  if (given !== undefined) check(path, object, given, problems);
  return {};
}

function check(path: string, by: Check, value: unknown, problems: Problems): void {
  const problem = refusalBy(by, value);
  if (problem !== undefined) problems.add(path, problem);
}

function isOneOf<Word>(words: readonly Word[], value: unknown): value is Word {
  return words.includes(value as Word);
}

function unknownWord(what: string, word: string, words: readonly string[]): string {
  return what === 'preset' ? unknownPreset(word) : unknownName(what, word, words);
}
