/** `recloser simulate <file>`: what a breaker would have done in an outage. */
import { adaptive } from '../adaptive/index.js';
import { meantSection } from '../config/meant-sections.js';
import { together } from '../config/problems.js';
import { describe, nearest } from '../core/validate.js';
import { CircuitBreakerRegistry, InvalidOptionsError } from '../index.js';
import { type CircuitBreakerConfig, fromConfig } from '../presets/index.js';
import { ResilienceRegistry, resilienceFromConfig } from '../resilience/index.js';
import { type SimulationSettings, simulate } from '../testing/index.js';
import { type Answer, printed, type Surroundings, UsageError } from './answer.js';
import { readConfiguration } from './configuration-file.js';
import type { Flags } from './flags.js';
import { flagLines, isHelp, readArguments } from './read-flags.js';

const FLAGS: Flags = {
  seed: {
    kind: 'number',
    help: 'what arrives, and what becomes of it, is told by it (as the file says, or 1)',
  },
  json: { kind: 'alone', help: 'prints all of it as JSON and nothing else' },
};

const HELP = `Usage: recloser simulate <file> [--seed n] [--json]

Runs the breaker of a configuration on a clock of its own, before a dependency that behaves as the file says, and tells
what became of the calls. The file is a configuration, as \`recloser check\` reads it, with \`traffic\` and \`dependency\`
beside, or a \`trace\`; and \`name\`, where it names several breakers. Variables of this process change nothing.

${flagLines(FLAGS)}
`;

/** What a file has beside the configuration: settings of \`simulate\`, and the name of the breaker. */
type FileSettings = Omit<SimulationSettings, 'breaker' | 'shared'> & { readonly name?: unknown };

const SETTINGS = [
  'traffic',
  'dependency',
  'trace',
  'incidents',
  'instances',
  'seed',
  'grace',
  'step',
  'drain',
  'name',
] as const satisfies (keyof FileSettings)[];

const CONFIG = [
  '$schema',
  'environment',
  'presets',
  'defaults',
  'environments',
  'services',
  'names',
  'resilience',
  'fleet',
] as const satisfies (keyof CircuitBreakerConfig)[];

export async function run(args: readonly string[], surroundings: Surroundings): Promise<Answer> {
  if (args.some(isHelp)) return printed(HELP);
  const { options, operands } = readArguments('simulate', FLAGS, args, 1);
  const [file] = operands;
  if (file === undefined) throw new UsageError('simulate needs a file: recloser simulate settings.json');
  const content = readConfiguration(file, surroundings);
  if ('problem' in content) throw new UsageError(`"${file}" ${content.problem}`);
  try {
    const { text, ...data } = await simulate({ ...settingsOf(content.config), ...seedOf(options) });
    return printed(options.json === true ? `${JSON.stringify(data, null, 2)}\n` : text());
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    throw new UsageError(error.message.replace(/^/gm, `${file}: `));
  }
}

const seedOf = ({ seed }: { readonly seed?: unknown }) =>
  seed === undefined ? {} : { seed: seed as number };

/** @throws InvalidOptionsError for what belongs to neither a configuration nor a simulation, or cannot be simulated here */
function settingsOf(content: unknown): SimulationSettings {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw refusal('', `must be an object with \`traffic\` and \`dependency\`, received ${describe(content)}`);
  const config: Record<string, unknown> = {};
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(content)) {
    const known = [...SETTINGS, ...CONFIG];
    if (!known.includes(key as (typeof known)[number]))
      throw refusal(
        key,
        `unknown member "${key}", did you mean "${meantSection(key) ?? nearest(key, known)}"?`,
      );
    if (SETTINGS.includes(key as (typeof SETTINGS)[number])) settings[key] = value;
    else config[key] = value;
  }
  if (config.fleet !== undefined)
    throw refusal(
      'fleet',
      'is not simulated by the command; in code, hand its store to `simulate` as `shared`',
    );
  if (['traffic', 'dependency', 'trace'].every((key) => settings[key] === undefined))
    throw refusal('', 'has nothing to simulate: it needs `traffic` and `dependency`, or a `trace`');
  const { name, ...world } = settings;
  const [ofBreaker, around] = together(
    () => fromConfig(config, { env: {}, adaptive }),
    () => resilienceFromConfig(config, { env: {} }),
  );
  const breakerName = nameOf(name, config.names);
  return {
    ...world,
    breaker: ({ clock }) => {
      const breakers = new CircuitBreakerRegistry({ ...ofBreaker, clock });
      if (config.resilience === undefined) return breakers.getOrCreate(breakerName);
      return new ResilienceRegistry({ breakers, ...around }).getOrCreate(breakerName);
    },
  };
}

/** The breaker that is simulated: as the file says, or the only one that it names. */
function nameOf(name: unknown, names: unknown): string {
  const known = Object.keys(names ?? {});
  if (name === undefined && known.length > 1)
    throw refusal(
      'name',
      `must say which breaker is simulated, one of ${known.map((it) => `"${it}"`).join(', ')}`,
    );
  const chosen = name ?? known[0] ?? 'simulated';
  if (typeof chosen !== 'string' || chosen === '')
    throw refusal('name', `must be the name of a breaker, received ${describe(name)}`);
  return chosen;
}

function refusal(path: string, problem: string): InvalidOptionsError {
  return new InvalidOptionsError('', path, path === '' ? problem : `${path}: ${problem}`);
}
