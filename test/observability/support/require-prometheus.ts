import { spawnSync } from 'node:child_process';

/** These tests mean nothing without the real thing. */
export function setup(): void {
  const missing = ['prometheus', 'promtool'].filter(
    (tool) => spawnSync(tool, ['--version']).error !== undefined,
  );
  if (missing.length > 0) {
    throw new Error(`${missing.join(' and ')} not found: install the Debian package \`prometheus\``);
  }
}
