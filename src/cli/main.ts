#!/usr/bin/env node
/** The command `recloser`: the one file that knows a process. */
import { nearest } from '../core/validate.js';
import { runCommand } from './command.js';

/** What is used of Node's `process`. */
interface Process {
  readonly argv: readonly string[];
  readonly stdout: Output;
  readonly stderr: Output;
  exitCode?: number;
}

interface Output {
  write(text: string): void;
  on(event: 'error', listener: (error: Error & { code?: string }) => void): void;
}

const { process } = globalThis as unknown as { process: Process };
const [name, ...args] = process.argv.slice(2);

for (const output of [process.stdout, process.stderr]) {
  // A reader that has seen enough, such as `head`, closes the pipe. That is no failure.
  output.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

if (name === 'migrate') {
  // The only command that reads and writes files: the others load nothing of it.
  import('./migrate/run.js').then(async ({ runMigrate }) => {
    process.exitCode = await runMigrate(args, nearest);
  });
} else {
  const { status, stdout, stderr } = runCommand(process.argv.slice(2));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
}
