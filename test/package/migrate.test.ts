import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installedFile, installedManifest } from '../support/consumer.js';
import { fromRoot } from '../support/root.js';

const OLD = "import CircuitBreaker from 'opossum';\n";

describe('recloser migrate, as it is installed', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'recloser-move-'));
    writeFileSync(join(folder, 'a.ts'), OLD);
    writeFileSync(join(folder, 'package.json'), '{"dependencies":{"opossum":"9"}}');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function run(args: readonly string[], onPath: readonly string[] = []) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [installedFile('dist/cli.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: onPath.join(delimiter) },
    });
    return { status, stdout, stderr };
  }

  it('finds the parser where npx puts it, and names its own version', () => {
    const peers = [fromRoot('node_modules/.bin')];

    const { status, stdout, stderr } = run(['migrate', 'opossum', '.', '--package'], peers);

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe('changed a.ts\nchanged package.json\n1 file read, 2 changed, 0 places to look at\n');
    expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toBe(
      "import CircuitBreaker from 'recloser/opossum';\n",
    );
    const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    expect(dependencies).toEqual({ recloser: `^${installedManifest().version}` });
  });

  it('asks for the parser if it is nowhere', () => {
    const { status, stdout, stderr } = run(['migrate', 'opossum', '.']);

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^recloser: migrate needs @babel\/parser and magic-string, .*`npx .*`\n$/);
    expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toBe(OLD);
  });
});
