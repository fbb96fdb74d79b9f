import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { fromRoot } from './root.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** An empty project, outside the repository, into which the packed tarball was installed. */
    consumer: { readonly folder: string; readonly error?: string };
  }
}

/** Builds, packs and installs the package once for all tests of test/package, without the network. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'recloser-'));
  try {
    install(folder);
    project.provide('consumer', { folder });
  } catch (error) {
    // Only the tests that need the installed package fail; thrown here, it would end the whole run.
    project.provide('consumer', { folder, error: String(error) });
  }
  return () => rmSync(folder, { recursive: true });
}

function install(folder: string): void {
  const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, stdio: 'pipe' });

  npm(fromRoot('.'), 'run', '--silent', 'build', '--', '--silent');
  npm(fromRoot('.'), 'pack', '--pack-destination', folder);
  const [tarball] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  npm(folder, 'install', '--offline', '--no-audit', '--no-fund', `./${tarball}`);
}
