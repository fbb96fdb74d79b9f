/** `recloser explain-config <name>`: where each figure of a breaker comes from. */
import { adaptive } from '../adaptive/index.js';
import { explainConfig } from '../presets/index.js';
import { type Answer, printed, type Surroundings, UsageError } from './answer.js';
import { readConfiguration } from './configuration-file.js';
import type { Flags } from './flags.js';
import { flagLines, isHelp, readArguments } from './read-flags.js';

const FLAGS: Flags = {
  config: { kind: 'text', help: 'the file with the configuration (none)' },
  environment: { kind: 'text', help: 'the environment (as the file, ENVIRONMENT or NODE_ENV say)' },
  json: { kind: 'alone', help: 'prints all of it as JSON and nothing else' },
};

const HELP = `Usage: recloser explain-config <name> [--config file] [--environment name] [--json]

Tells where each figure of the breaker of this name comes from: the defaults, its preset, the configuration, and the
variables RECLOSER_<NAME>_<OPTION> of this process. What the code gives to a breaker is not known here.

${flagLines(FLAGS)}
`;

export function run(args: readonly string[], surroundings: Surroundings): Answer {
  if (args.some(isHelp)) return printed(HELP);
  const { options, operands } = readArguments('explain-config', FLAGS, args, 1);
  const [name] = operands;
  if (name === undefined) {
    throw new UsageError('explain-config needs the name of a breaker: recloser explain-config orders-db');
  }
  const { environment, config: file } = options as {
    readonly environment?: string;
    readonly config?: string;
  };
  if (file === undefined && name.endsWith('.json'))
    throw new UsageError(
      `"${name}" is the name of a file: recloser explain-config <name of a breaker> --config ${name}`,
    );
  const content = file === undefined ? { config: {} } : readConfiguration(file, surroundings);
  if ('problem' in content) throw new UsageError(`"${file}" ${content.problem}`);
  const context = { env: surroundings.env, adaptive, ...(environment !== undefined && { environment }) };
  const { text, ...explained } = explainConfig(name, content.config, context);
  return printed(options.json === true ? `${JSON.stringify(explained, inJson, 2)}\n` : `${text}\n`);
}

/** Functions and infinity have no JSON. */
function inJson(_: string, value: unknown): unknown {
  if (typeof value === 'function') return value.name || 'a function';
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}
