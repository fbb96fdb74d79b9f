/** What the command `recloser` answers. Arguments in, text out: it knows no process. */
import { nearest } from '../core/validate.js';
import { alertRules, dashboard, toYaml } from '../grafana/index.js';
import { InvalidOptionsError } from '../index.js';
import { ALERT_FLAGS, type Flag, type Flags, GRAFANA_FLAGS, READERS } from './flags.js';

/** What to print, and the status to end with: 2 for arguments that make no sense. */
export interface Answer {
  readonly status: 0 | 2;
  readonly stdout: string;
  readonly stderr: string;
}

interface Command {
  readonly prints: string;
  readonly flags: Flags;
  /** @throws InvalidOptionsError if the options are refused */
  run(options: object): string;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  grafana: {
    prints: 'a Grafana dashboard, as JSON',
    flags: GRAFANA_FLAGS,
    run: (options) => `${JSON.stringify(dashboard(options), null, 2)}\n`,
  },
  alerts: {
    prints: 'alert rules for Prometheus, as YAML',
    flags: ALERT_FLAGS,
    run: (options) => toYaml(alertRules(options)),
  },
};

const USAGE = `Usage: recloser <command> [--flag value]...

${Object.entries(COMMANDS)
  .map(([name, { prints }]) => `  recloser ${name.padEnd(10)} prints ${prints}`)
  .join('\n')}
  recloser migrate    moves code from opossum or cockatiel, and finds hand-made breakers

recloser <command> --help tells the flags.
`;

const isHelp = (arg: string | undefined) => arg === '--help' || arg === '-h';

/** Arguments that make no sense. */
class UsageError extends Error {}

/** @param args what comes after `recloser` */
export function runCommand([name, ...args]: readonly string[]): Answer {
  if (isHelp(name)) return { status: 0, stdout: USAGE, stderr: '' };
  if (name === undefined) return { status: 2, stdout: '', stderr: USAGE };
  try {
    const command = commandOf(name);
    const stdout = args.some(isHelp)
      ? helpOf(name, command)
      : command.run(readFlags(name, command.flags, args));
    return { status: 0, stdout, stderr: '' };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof InvalidOptionsError)) throw error;
    return { status: 2, stdout: '', stderr: `recloser: ${error.message}\n` };
  }
}

function commandOf(name: string): Command {
  const names = Object.keys(COMMANDS);
  if (!names.includes(name)) throw unknown('command', name, nearest(name, [...names, 'migrate']));
  return COMMANDS[name] as Command;
}

/** The options that the flags tell; of a flag that is given twice, the last one. */
function readFlags(command: string, flags: Flags, args: readonly string[]): object {
  const options: Record<string, unknown> = Object.create(null);
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith('--')) {
      throw new UsageError(`unexpected "${arg}", see \`recloser ${command} --help\``);
    }
    const [name = '', ...attached] = arg.slice(2).split('=');
    const { kind } = flagOf(name, flags);
    const text = attached.length > 0 ? attached.join('=') : rest.shift();
    if (text === undefined) throw new UsageError(`--${name} needs a value`);
    assign(options, name.split('.'), READERS[kind](text));
  }
  return options;
}

function flagOf(name: string, flags: Flags): Flag {
  const key = [name, name.replace(/\.[^.]+$/, '.<label>')].find((key) => Object.hasOwn(flags, key));
  if (key === undefined) throw unknown('flag', `--${name}`, `--${nearest(name, Object.keys(flags))}`);
  return flags[key] as Flag;
}

/** Sets `options.name`, or `options.group.name`. */
function assign(
  options: Record<string, unknown>,
  [first = '', second]: readonly string[],
  value: unknown,
): void {
  if (second === undefined) {
    options[first] = value;
    return;
  }
  if (typeof options[first] !== 'object') options[first] = Object.create(null);
  (options[first] as Record<string, unknown>)[second] = value;
}

function helpOf(name: string, { prints, flags }: Command): string {
  const lines = Object.entries(flags).map(([flag, { kind, help }]) => {
    const value = kind === 'switch' ? 'true|false' : kind;
    return `  ${`--${flag} <${value}>`.padEnd(44)} ${help}`;
  });
  return `Usage: recloser ${name} [--flag value]...

Prints ${prints}. A duration is 500ms, 30s, 5m, 1h or 1d; what is in brackets holds unless you say otherwise.

${lines.join('\n')}
`;
}

const unknown = (what: string, given: string, meant: string) =>
  new UsageError(`unknown ${what} "${given}", did you mean "${meant}"?`);
