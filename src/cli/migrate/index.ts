/**
 * `recloser migrate`: reads files, changes them by the rules of a library, and tells what it did. Each file is changed
 * whole or not at all; what goes wrong with one file leaves the others to be done.
 */
import { readFileSync } from 'node:fs';
import { type Arguments, type Nearest, readArguments, USAGE } from './arguments.js';
import { migrateCockatiel } from './cockatiel.js';
import { unifiedDiff } from './diff.js';
import { nameInDiff } from './diff-names.js';
import type { Engine } from './engine.js';
import { type FoundFile, findFiles } from './find-files.js';
import { loadEngine, type Places } from './find-peers.js';
import type { Plan } from './finding.js';
import { migrateOpossum } from './opossum.js';
import { migratePackages, namesModule } from './packages.js';
import { type FileResult, jsonReport, textReport } from './report.js';
import { isWorthScanning, scan } from './scan.js';
import { decode, hasWord, refusalOf, replaceFile } from './text-file.js';
import type { Tree } from './tree.js';
import { UsageError } from './usage-error.js';

/** What the command is given of the process that it runs in. */
export interface MigrateIo extends Places {
  /** Of this package, for `--package`. */
  readonly version: string;
  /** The core's own; an import of it here would cut the core into more pieces for everybody. */
  readonly nearest: Nearest;
  stdout(text: string | Uint8Array): void;
  stderr(text: string): void;
}

/** Beyond this size a source was generated, and its tree takes gigabytes. In bytes. */
const MAX_SIZE = 8 * 2 ** 20;

/** @param argv what comes after `recloser migrate` @returns the exit status */
export async function migrate(argv: readonly string[], io: MigrateIo): Promise<0 | 1 | 2> {
  try {
    const args = readArguments(argv, io.nearest);
    if (args === 'help') {
      io.stdout(USAGE);
      return 0;
    }
    return await run(args, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr(`recloser: ${error.message}\n`);
    return 2;
  }
}

async function run(args: Arguments, io: MigrateIo): Promise<0 | 1 | 2> {
  const { flags, target, paths } = args;
  const { files, leftOut, failures, mixed } = findFiles(paths, io.cwd);
  const writes = !flags.has('dry') && !flags.has('check') && target !== 'scan';
  let engine: Promise<Engine> | undefined;
  const getEngine = () => {
    engine ??= loadEngine(io, argsText(args));
    return engine;
  };

  const results: FileResult[] = [];
  for (const file of files) {
    const result = await migrateFile(file, args, getEngine, writes);
    if (result !== undefined) results.push(result);
  }
  const notes = [...leftOut, ...mixed.flatMap((file) => byHand(file, args))];
  if (flags.has('package')) {
    notes.push(...(await migratePackages({ args, io, results, getEngine, writes })));
  }

  for (const sentence of notes) io.stderr(`recloser: ${sentence}\n`);
  for (const sentence of failures) io.stderr(`recloser: ${sentence}\n`);
  for (const { file, error } of results) if (error !== undefined) io.stderr(`recloser: ${file}: ${error}\n`);

  const totals = { read: files.length, failed: failures.length, writes: writes || target === 'scan' };
  if (flags.has('json')) io.stdout(jsonReport(results, totals));
  else if (flags.has('dry')) {
    for (const result of results) io.stdout(diffOf(result, io.cwd));
    io.stderr(textReport(results, totals));
  } else io.stdout(textReport(results, totals));

  if (failures.length > 0 || results.some(({ error }) => error !== undefined)) return 2;
  return flags.has('check') && results.some(({ changed }) => changed) ? 1 : 0;
}

const argsText = ({ target, paths, flags }: Arguments): string =>
  [target, ...paths, ...[...flags].map((flag) => `--${flag}`)].join(' ');

async function migrateFile(
  { name, path }: FoundFile,
  args: Arguments,
  getEngine: () => Promise<Engine>,
  writes: boolean,
): Promise<FileResult | undefined> {
  const failed = (error: string): FileResult => ({ file: name, path, changed: false, report: [], error });
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return failed(`cannot be read: ${refusalOf(error)}`);
  }
  if (args.target !== 'scan' && !hasWord(bytes, args.target)) return undefined;
  const { text, mark, encode } = decode(bytes);
  if (args.target === 'scan' && !isWorthScanning(text)) return undefined;
  if (bytes.length > MAX_SIZE) {
    return failed(
      `has ${(bytes.length / 2 ** 20).toFixed(1)} MB, more than the ${MAX_SIZE / 2 ** 20} MB that are parsed: change it by hand`,
    );
  }

  const engine = await getEngine();
  let plan: Plan;
  try {
    plan = planFor(args, engine.parse(text, path));
  } catch (error) {
    return failed(
      `cannot be parsed, and stays as it is: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const after = engine.apply(text, plan.edits);
  const changed = after !== text;
  const result = {
    file: name,
    path,
    changed,
    report: plan.report,
    diff: { before: text, edits: plan.edits, mark, encode },
    after,
  };
  if (!changed || !writes) return result;
  try {
    replaceFile(path, encode(mark + after));
    return result;
  } catch (error) {
    return failed(`cannot be written: ${refusalOf(error)}`);
  }
}

/** A sentence on a file that names the library in a string, and is not read. */
function byHand({ name, path }: FoundFile, { target, flags }: Arguments): string[] {
  const libraries =
    target === 'scan' ? ['opossum', 'cockatiel'] : [flags.has('undo') ? `recloser/${target}` : target];
  const named = libraries.filter((library) => namesModule(path, library));
  return named.length === 0
    ? []
    : [
        `${name} names ${named.join(' and ')}, and is left out: only scripts of their own are read, change it by hand`,
      ];
}

function planFor({ target, flags }: Arguments, tree: Tree): Plan {
  if (target === 'scan') return scan(tree);
  return target === 'opossum' ? migrateOpossum(tree, flags.has('undo')) : migrateCockatiel(tree);
}

function diffOf({ path, changed, diff }: FileResult, cwd: string): Uint8Array {
  if (!changed || diff === undefined) return new Uint8Array();
  const text = unifiedDiff(nameInDiff(path, cwd), diff.before, diff.edits, diff.mark);
  return diff.encode(text);
}
