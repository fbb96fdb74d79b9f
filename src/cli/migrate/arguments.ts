/** The command line of `recloser migrate`. */
import { UsageError } from './usage-error.js';

export type Target = 'opossum' | 'cockatiel' | 'scan';
export type Flag = 'dry' | 'check' | 'json' | 'undo' | 'package';

export interface Arguments {
  readonly target: Target;
  readonly paths: readonly string[];
  readonly flags: ReadonlySet<Flag>;
}

const FLAGS: Readonly<Record<Target, readonly Flag[]>> = {
  opossum: ['dry', 'check', 'json', 'undo', 'package'],
  cockatiel: ['dry', 'check', 'json', 'package'],
  scan: ['json'],
};

const TARGETS = Object.keys(FLAGS) as Target[];

export const USAGE = `Usage: recloser migrate opossum   <path...> [--dry] [--check] [--json] [--undo] [--package]
       recloser migrate cockatiel <path...> [--dry] [--check] [--json] [--package]
       recloser migrate scan      <path...> [--json]

  opossum     makes 'opossum' 'recloser/opossum', which has the same API
  cockatiel   makes circuit breakers of cockatiel ours, in files that use nothing else of it
  scan        lists what of opossum, cockatiel and hand-made breakers is there

A path is a file or a folder. It writes in place, and lists what it changed and where you should look.

  --dry       writes nothing: a diff for \`git apply\` on stdout, the list on stderr
  --check     writes nothing, and ends with 1 if something is left to change
  --json      the list as JSON, alone on stdout
  --undo      back to opossum
  --package   also edits the nearest package.json; it runs no npm

It ends with 0 when it is done, and with 2 for arguments that make no sense, a missing parser, or a file that cannot be
parsed. It needs @babel/parser and magic-string:

  npx -p @babel/parser -p magic-string recloser migrate opossum src
`;

/** The one of some names that was probably meant. */
export type Nearest = (name: string, names: readonly string[]) => string;

/** @param argv what comes after `recloser migrate` */
export function readArguments(argv: readonly string[], nearest: Nearest): Arguments | 'help' {
  const end = argv.indexOf('--');
  const before = end < 0 ? argv : argv.slice(0, end);
  if (before.some((arg) => arg === '--help' || arg === '-h')) return 'help';

  const isFlag = (arg: string) => arg.startsWith('-') && arg !== '-';
  const [target, ...paths] = before.filter((arg) => !isFlag(arg)).concat(end < 0 ? [] : argv.slice(end + 1));
  if (target === undefined)
    throw new UsageError(`say what: ${TARGETS.join(', ')}, see \`recloser migrate --help\``);
  if (!isTarget(target)) {
    // Who begins with a path has left out the word before it.
    throw new UsageError(
      /[./\\]|^src$/.test(target)
        ? `say first what to move: recloser migrate ${TARGETS.join('|')} ${target}`
        : `unknown "${target}", did you mean "${nearest(target, TARGETS)}"?`,
    );
  }
  const flags = new Set(before.filter(isFlag).map((arg) => readFlag(target, arg, nearest)));
  if (paths.length === 0) throw new UsageError(`say where: \`recloser migrate ${target} src\``);
  return { target, paths, flags };
}

const isTarget = (text: string): text is Target => (TARGETS as string[]).includes(text);

function readFlag(target: Target, arg: string, nearest: Nearest): Flag {
  const known = FLAGS[target];
  const name = arg.replace(/^--/, '') as Flag;
  if (known.includes(name)) return name;
  if (name === 'undo')
    throw new UsageError('--undo is for opossum alone: take a change of cockatiel back with git');
  if (FLAGS.opossum.includes(name)) throw new UsageError(`${arg} is not for ${target}, which writes nothing`);
  if (arg.includes('=')) throw new UsageError(`${arg}: the flags of migrate take no value`);
  throw new UsageError(`unknown flag "${arg}", did you mean "--${nearest(name, known)}"?`);
}
