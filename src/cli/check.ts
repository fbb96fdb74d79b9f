/** `recloser check <file>`: what `fromConfig` and `resilienceFromConfig` would refuse. */
import { adaptive } from '../adaptive/index.js';
import { together } from '../config/problems.js';
import { InvalidOptionsError } from '../index.js';
import { fromConfig } from '../presets/index.js';
import { resilienceFromConfig } from '../resilience/index.js';
import { type Answer, printed, type Surroundings, UsageError } from './answer.js';
import { readConfiguration } from './configuration-file.js';
import type { Flags } from './flags.js';
import { flagLines, isHelp, readArguments } from './read-flags.js';

const FLAGS: Flags = {
  json: { kind: 'alone', help: 'prints { "file", "mistakes": [] } and nothing else' },
};

const HELP = `Usage: recloser check <file> [--json]

Tells what is wrong with a configuration, a line for each mistake. The status is 0 if nothing is, and 1 if something is.

${flagLines(FLAGS)}
`;

export function run(args: readonly string[], surroundings: Surroundings): Answer {
  if (args.some(isHelp)) return printed(HELP);
  const { options, operands } = readArguments('check', FLAGS, args, 1);
  const [file] = operands;
  if (file === undefined) throw new UsageError('check needs a file: recloser check breakers.json');
  const content = readConfiguration(file, surroundings);
  const mistakes = 'problem' in content ? [content.problem] : mistakesIn(content.config);
  const status = mistakes.length === 0 ? 0 : 1;
  if (options.json === true) return printed(`${JSON.stringify({ file, mistakes }, null, 2)}\n`, status);
  if (status === 0) return printed(`${file}: no mistakes\n`);
  return printed(`${mistakes.map((mistake) => `${file}: ${mistake}`).join('\n')}\n`, status);
}

/** Of the file alone: the variables of this process are not those of the one that will read it. */
function mistakesIn(config: unknown): string[] {
  try {
    together(
      () => fromConfig(config, { env: {}, adaptive }),
      () => resilienceFromConfig(config, { env: {} }),
    );
    return [];
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.message.split('\n');
    throw error;
  }
}
