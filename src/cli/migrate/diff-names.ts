/** What a file is called in a diff, so that `git apply` finds it. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** From the top of the work tree, as git itself writes it; without one, from the working directory. */
export function nameInDiff(path: string, cwd: string): string {
  return relative(topOf(cwd) ?? cwd, path)
    .split(sep)
    .join('/');
}

function topOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}
