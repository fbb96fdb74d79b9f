/** `recloser migrate` in the process that it runs in. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { type MigrateIo, migrate } from './index.js';

/** @param argv what comes after `recloser migrate` @returns the exit status */
export function runMigrate(argv: readonly string[], nearest: MigrateIo['nearest']): Promise<0 | 1 | 2> {
  const self = realpathSync(process.argv[1] as string);
  return migrate(argv, {
    self,
    cwd: process.cwd(),
    path: process.env.PATH ?? '',
    version: versionOf(self),
    nearest,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  });
}

/** Of the package that the command belongs to: dist/cli.js has it one folder above. */
function versionOf(self: string): string {
  return JSON.parse(readFileSync(join(dirname(self), '..', 'package.json'), 'utf8')).version;
}
