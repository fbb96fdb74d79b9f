import { spawnSync } from 'node:child_process';

/** Runs promtool, and gives what it says and whether it is content. */
export function promtool(args: readonly string[], input = ''): { isContent: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { isContent: status === 0, output: stdout + stderr };
}
