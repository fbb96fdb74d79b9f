/** Reads `--flag value` and what stands beside, and prints the help of a command. It knows no flag by name. */
import { nearest } from '../core/validate.js';
import { UsageError } from './answer.js';
import { type Flag, type Flags, READERS } from './flags.js';

/** What stood after the name of a command. */
export interface Arguments {
  /** The options that the flags tell; of a flag that is given twice, the last one, unless there may be several. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What is no flag, in order. */
  readonly operands: readonly string[];
}

export const isHelp = (arg: string | undefined): boolean => arg === '--help' || arg === '-h';

export const unknown = (what: string, given: string, meant: string): UsageError =>
  new UsageError(`unknown ${what} "${given}", did you mean "${meant}"?`);

/**
 * @param most operands that the command takes
 * @throws UsageError for a flag that there is not, one without its value, and an operand too many
 */
export function readArguments(command: string, flags: Flags, args: readonly string[], most = 0): Arguments {
  const options: Record<string, unknown> = Object.create(null);
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith('--')) {
      operands.push(arg);
      if (operands.length > most)
        throw new UsageError(`unexpected "${arg}", see \`recloser ${command} --help\``);
      continue;
    }
    const [name = '', ...attached] = arg.slice(2).split('=');
    const { kind } = flagOf(name, flags);
    if (kind === 'alone') {
      if (attached.length > 0) throw new UsageError(`--${name} takes no value`);
      options[name] = true;
      continue;
    }
    const text = attached.length > 0 ? attached.join('=') : rest.shift();
    if (text === undefined) throw new UsageError(`--${name} needs a value`);
    if (kind === 'several') options[name] = [...((options[name] as unknown[]) ?? []), text];
    else assign(options, name.split('.'), READERS[kind](text));
  }
  return { options, operands };
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

/** A line for each flag. */
export function flagLines(flags: Flags): string {
  return Object.entries(flags)
    .map(([flag, { kind, help }]) => {
      const value = kind === 'alone' ? '' : ` <${kind === 'switch' ? 'true|false' : kind}>`;
      return `  ${`--${flag}${value}`.padEnd(44)} ${help}`;
    })
    .join('\n');
}
