#!/usr/bin/env node
/** The command `recloser`: the one file that knows a process. */
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
const { status, stdout, stderr } = runCommand(process.argv.slice(2));

for (const output of [process.stdout, process.stderr]) {
  // A reader that has seen enough, such as `head`, closes the pipe. That is no failure.
  output.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = status;
