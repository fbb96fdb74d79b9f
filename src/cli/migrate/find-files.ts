/** Which files are meant by the paths of the command line. */
import { type Dirent, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, normalize, resolve } from 'node:path';
import { refusalOf } from './text-file.js';
import { UsageError } from './usage-error.js';

export interface FoundFile {
  /** As people read it: what was given, and what is below it, with `/`. */
  readonly name: string;
  /** Where it is, links resolved. */
  readonly path: string;
}

export interface Found {
  readonly files: readonly FoundFile[];
  /** What was not looked at, one sentence each. */
  readonly leftOut: readonly string[];
  /** What could not be looked at, one sentence each. */
  readonly failures: readonly string[];
  /** Sources in which scripts stand among other things: they are not changed. */
  readonly mixed: readonly FoundFile[];
}

export const EXTENSIONS = ['.js', '.cjs', '.mjs', '.jsx', '.ts', '.cts', '.mts', '.tsx'];

const MIXED = ['.vue', '.svelte', '.astro', '.mdx', '.marko', '.coffee'];

const LEFT_OUT = new Set(['node_modules', 'dist', 'build', 'coverage']);

const isSource = (name: string): boolean => EXTENSIONS.some((extension) => name.endsWith(extension));

const isMixed = (name: string): boolean => MIXED.some((extension) => name.endsWith(extension));

const isLeftOut = (name: string): boolean => LEFT_OUT.has(name) || name.startsWith('.');

/** @throws UsageError if one of the paths is not there, before anything is read */
export function findFiles(paths: readonly string[], cwd: string): Found {
  const files = new Map<string, FoundFile>();
  const leftOut: string[] = [];
  const failures: string[] = [];
  const links: FoundFile[] = [];
  const mixed: FoundFile[] = [];

  function add(name: string, path: string): void {
    if (!files.has(path)) files.set(path, { name, path });
  }

  function visitFolder(name: string, path: string): void {
    let entries: Dirent[];
    try {
      entries = readdirSync(path, { withFileTypes: true });
    } catch (error) {
      failures.push(`cannot read the folder ${name}: ${refusalOf(error)}`);
      return;
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) visitEntry(entry, name, path);
  }

  function visitEntry(entry: Dirent, folder: string, at: string): void {
    const name = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    const path = join(at, entry.name);
    if (entry.isSymbolicLink()) {
      if (!isLeftOut(entry.name)) links.push({ name, path });
    } else if (entry.isDirectory()) {
      if (!isLeftOut(entry.name)) visitFolder(name, path);
    } else if (entry.isFile() && isSource(entry.name)) {
      add(name, path);
    } else if (entry.isFile() && isMixed(entry.name)) {
      mixed.push({ name, path });
    }
  }

  const givens = paths.map((given) => ({ given, ...targetOf(given, cwd) }));
  for (const { given, path, isFolder } of givens) {
    const name = normalize(given)
      .replaceAll('\\', '/')
      .replace(/(?<=.)\/$/, '');
    if (isFolder && LEFT_OUT.has(basename(resolve(cwd, given)))) {
      leftOut.push(`${name} is left out, as node_modules, dist, build and coverage are: name what is in it`);
    } else if (isFolder) {
      visitFolder(name, path);
    } else if (isSource(given)) {
      add(name, path);
    } else {
      leftOut.push(`${name} is left out: only ${EXTENSIONS.join(' ')} are read`);
    }
  }
  for (const link of links) leftOut.push(...linkLeftOut(link, files));
  return { files: [...files.values()], leftOut, failures, mixed };
}

function targetOf(given: string, cwd: string): { path: string; isFolder: boolean } {
  try {
    const path = realpathSync(resolve(cwd, given));
    return { path, isFolder: statSync(path).isDirectory() };
  } catch (error) {
    throw new UsageError(`cannot read ${given}: ${refusalOf(error)}`);
  }
}

/** A link inside a folder may lead anywhere, so it is not followed. One to a file that is read anyway says nothing. */
function linkLeftOut({ name, path }: FoundFile, files: ReadonlyMap<string, FoundFile>): string[] {
  try {
    const target = realpathSync(path);
    if (files.has(target) || !(lstatSync(target).isDirectory() || isSource(target))) return [];
    return [`${name} is left out: it is a link, name ${target.replaceAll('\\', '/')} if you mean it`];
  } catch {
    return isSource(name) ? [`${name} is left out: it is a link that leads nowhere`] : [];
  }
}
