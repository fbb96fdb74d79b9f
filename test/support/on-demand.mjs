/** Folders of the repository with a package.json of their own, whose packages are installed when they are needed. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs what the folder's lock file says, unless that has been done. No package's install script is run.
 *
 * @param {string} folder
 */
export function installOnDemand(folder) {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const done = join(folder, 'node_modules', '.installed');
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return;

  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  writeFileSync(done, lock);
}
