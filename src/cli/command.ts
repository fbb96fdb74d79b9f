/** What the command `recloser` answers. Arguments in, text out: it knows no process. */
import { nearest } from '../core/validate.js';
import { InvalidOptionsError } from '../index.js';
import { type Answer, printed, type Surroundings, UsageError } from './answer.js';
import { COMMANDS } from './commands.js';
import { isHelp, unknown } from './read-flags.js';

/** As wide as the longest name. */
const WIDTH = 16;

const USAGE = `Usage: recloser <command> [argument or --flag value]...

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  recloser ${name.padEnd(WIDTH)} ${summary}`)
  .join('\n')}

recloser <command> --help tells the flags, recloser --version the version.
`;

/** @param args what comes after `recloser` */
export async function runCommand(
  [name, ...args]: readonly string[],
  surroundings: Surroundings,
): Promise<Answer> {
  if (name === undefined) return { status: 2, stdout: '', stderr: USAGE };
  if (isHelp(name)) return printed(USAGE);
  try {
    if (name === '--version' || name === '-v') return printed(`${surroundings.version()}\n`);
    const { run } = await load(name);
    return await run(args, surroundings);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof InvalidOptionsError)) throw error;
    return { status: 2, stdout: '', stderr: `recloser: ${error.message}\n` };
  }
}

function load(name: string) {
  const names = Object.keys(COMMANDS);
  if (!names.includes(name)) {
    throw name.startsWith('-')
      ? unknown('flag', name, nearest(name, ['--help', '--version']))
      : unknown('command', name, nearest(name, names));
  }
  return (COMMANDS[name] as (typeof COMMANDS)[string]).load();
}
