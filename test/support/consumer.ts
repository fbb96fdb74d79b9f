import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { inject } from 'vitest';

/**
 * The folder outside the repository into which the package was installed.
 *
 * @throws Error where it could not be: nothing is to be written, or measured, anywhere else
 */
export function consumerFolder(): string {
  const consumer = inject('consumer');
  if (consumer.folder !== undefined) return consumer.folder;
  throw new Error(`The package could not be built and installed. ${consumer.error}`);
}

const installed = () => join(consumerFolder(), 'node_modules', 'recloser');

/** Every file of the installed package, as paths inside it. */
export function installedFiles(): string[] {
  return readdirSync(installed(), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) =>
      join(file.parentPath, file.name)
        .slice(installed().length + 1)
        .replaceAll(sep, '/'),
    )
    .sort();
}

/** The absolute path of a file of the installed package. */
export function installedFile(path: string): string {
  return join(installed(), path);
}

export function installedManifest(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(installed(), 'package.json'), 'utf8'));
}

/** Runs a script in a Node process of its own, where `recloser` is the installed tarball. */
export function runAsConsumer(type: 'module' | 'commonjs', script: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, '--eval', script], {
    cwd: consumerFolder(),
    encoding: 'utf8',
    timeout: 10_000,
  });
  return { status, stdout, stderr };
}

/** What such a script printed, read as JSON. */
export function answerOfConsumer(type: 'module' | 'commonjs', script: string): unknown {
  const { status, stdout, stderr } = runAsConsumer(type, script);
  if (status !== 0) throw new Error(`The script ended with status ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
