/** `--package`: which package.json files change, and what still needs the old package. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Arguments } from './arguments.js';
import type { Engine } from './engine.js';
import { findFiles } from './find-files.js';
import { changeManifest, manifestAbove } from './manifest.js';
import type { FileResult } from './report.js';
import { decode, refusalOf, replaceFile } from './text-file.js';

interface Task {
  readonly args: Arguments;
  readonly io: { readonly cwd: string; readonly version: string };
  /** Of the sources; the package files are added. */
  readonly results: FileResult[];
  readonly writes: boolean;
  getEngine(): Promise<Engine>;
}

/** Opossum's API is the same in these. */
const OPOSSUM = '8 - 10';

/** @returns sentences for people */
export async function migratePackages({ args, io, results, getEngine, writes }: Task): Promise<string[]> {
  const undo = args.flags.has('undo');
  const [from, to] = undo ? ['recloser', args.target] : [args.target, 'recloser'];
  const range = undo ? OPOSSUM : `^${io.version}`;
  const given = args.paths.map((path) => resolve(io.cwd, path)).map((path) => realpathSync(path));
  const folders = new Set([...results.map(({ path }) => dirname(path)), ...given]);
  const manifests = new Set([...folders].flatMap((folder) => manifestAbove(folder, from) ?? []));
  if (manifests.size === 0) return [`no package.json above ${args.paths.join(', ')} depends on ${from}`];

  const notes: string[] = [];
  const sources = [...results];
  for (const path of manifests) {
    const file = relative(io.cwd, path).split(sep).join('/');
    const needing = whoNeeds(from, dirname(path), sources, io.cwd, undo);
    const { text, mark, encode } = decode(readFileSync(path));
    try {
      const after = changeManifest(await getEngine(), text, {
        from,
        to,
        range,
        keepsOld: needing.length > 0,
      });
      const changed = after !== text;
      if (changed && writes) replaceFile(path, encode(mark + after));
      const edits = changed ? [{ start: 0, end: text.length, text: after }] : [];
      results.push({ file, path, changed, report: [], diff: { before: text, edits, mark, encode } });
      if (needing.length > 0)
        notes.push(`${file} keeps ${from}, which ${needing.slice(0, 5).join(', ')} still needs`);
      else if (changed && undo)
        notes.push(
          `${file} has ${to} "${range}" again: name your version there, and @types/${to} if you had it`,
        );
    } catch (error) {
      results.push({
        file,
        path,
        changed: false,
        report: [],
        error: `cannot be changed: ${refusalOf(error)}`,
      });
    }
  }
  return notes;
}

/** Files below a folder that cannot do without the old package. */
function whoNeeds(
  name: string,
  folder: string,
  results: readonly FileResult[],
  cwd: string,
  undo: boolean,
): string[] {
  const known = new Map(results.map((result) => [result.path, result]));
  const { files, mixed } = findFiles([folder], cwd);
  return [...files, ...mixed].flatMap(({ path }) => {
    const file = relative(cwd, path).split(sep).join('/');
    const result = known.get(path);
    const needs =
      result === undefined
        ? namesModule(path, name)
        : result.error !== undefined ||
          result.report.some(({ needsOld }) => needsOld === true) ||
          (undo && isNamedIn(result.after ?? '', name));
    return needs ? [file] : [];
  });
}

/** Whether a string of a text is the name of a module, or of something in it. */
const isNamedIn = (text: string, name: string): boolean =>
  new RegExp(`(['"\`])${name}(?:/[^'"\`]*)?\\1`).test(text);

export const namesModule = (path: string, name: string): boolean => isNamedIn(textAt(path), name);

function textAt(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
