#!/usr/bin/env node
/** The command `recloser`: the one file that knows a process. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { Surroundings } from './answer.js';
import { runCommand } from './command.js';

const surroundings: Surroundings = {
  readFile: (path) => readFileSync(path, 'utf8'),
  env: process.env,
  // dist/cli.js has the package's manifest one folder above.
  version: () => {
    const self = realpathSync(process.argv[1] as string);
    return JSON.parse(readFileSync(join(dirname(self), '..', 'package.json'), 'utf8')).version;
  },
};

for (const output of [process.stdout, process.stderr]) {
  // A reader that has seen enough, such as `head`, closes the pipe. That is no failure.
  output.on('error', (error: Error & { readonly code?: string }) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// Not awaited: the CommonJS build knows no `await` here.
runCommand(process.argv.slice(2), surroundings).then(({ status, stdout, stderr }) => {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
});
