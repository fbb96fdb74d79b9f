/** The package as users get it: built, packed, and installed into an empty folder. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a clean clone does not have, and what the package is not made of. */
const LEFT_OUT = ['.git', 'bench', 'coverage', 'dist', 'docs', 'examples', 'node_modules', 'test'];

/**
 * Makes an empty project outside the repository and installs the packed tarball into it, without the network. The
 * package is built from a copy of the tree: whoever else builds it meanwhile is in nobody's way.
 *
 * @returns {string} the project's folder, to be removed by the caller
 */
export function installPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'recloser-'));
  const copy = mkdtempSync(join(tmpdir(), 'recloser-build-'));
  try {
    const tarball = pack(copy, folder);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    npm(folder, 'install', '--offline', '--no-audit', '--no-fund', `./${tarball}`);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  } finally {
    rmSync(copy, { recursive: true });
  }
  return folder;
}

/** @param {string} copy @param {string} destination */
function pack(copy, destination) {
  cpSync(ROOT, copy, {
    recursive: true,
    filter: (path) => path === ROOT || !LEFT_OUT.includes(basename(path)),
  });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  // `prepack` builds it. What it prints stays out of the answer.
  const [packed] = JSON.parse(
    npm(copy, 'pack', '--json', '--foreground-scripts=false', '--pack-destination', destination),
  );
  return packed.filename;
}

/** @param {string} cwd @param {...string} args */
function npm(cwd, ...args) {
  try {
    // Within `npm publish --dry-run` this one is to be no dry run.
    const env = { ...process.env, npm_config_dry_run: 'false' };
    return execFileSync('npm', args, { cwd, env, stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}
