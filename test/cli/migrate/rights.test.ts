import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromRoot } from '../../support/root.js';
import { project } from './project.js';

const OLD = "import CircuitBreaker from 'opossum';\n";
const NEW = "import CircuitBreaker from 'recloser/opossum';\n";
const NOBODY = 65_534;

const isRoot = process.getuid?.() === 0;

describe.skipIf(process.platform === 'win32')('without rights (not on Windows, which has others)', () => {
  let command: string;

  // Root has every right, so the command runs in a process of its own as somebody else: bundled, with its peers.
  beforeAll(() => {
    const home = mkdtempSync(join(tmpdir(), 'recloser-rights-'));
    chmodSync(home, 0o755);
    for (const peer of ['@babel/parser', 'magic-string', '@jridgewell/sourcemap-codec']) {
      const from = join(dirname(createRequire(fromRoot('package.json')).resolve(`${peer}/package.json`)));
      cpSync(from, join(home, 'node_modules', peer), { recursive: true, dereference: true });
    }
    const source = `import { migrate } from ${JSON.stringify(fromRoot('src/cli/migrate/index.ts'))};
      process.exitCode = await migrate(process.argv.slice(2), {
        cwd: process.cwd(), self: process.argv[1], path: '', version: '1.2.3', nearest: (name, [first]) => first,
        stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text),
      });`;
    command = join(home, 'migrate.mjs');
    const { outputFiles } = buildSync({
      stdin: { contents: source, resolveDir: home, loader: 'ts' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
    });
    writeFileSync(command, outputFiles[0]!.contents);
  });

  afterAll(() => rmSync(dirname(command), { recursive: true }));

  function run(cwd: string, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
      cwd,
      encoding: 'utf8',
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    return { status, stdout, stderr };
  }

  /** Lets the other one own all of it. */
  function give(...paths: string[]) {
    if (isRoot) for (const path of paths) chownSync(path, NOBODY, NOBODY);
  }

  it('a folder, a file and a file that may not be written are told, and the others are done', () => {
    const { cwd, at, read } = project({ 'a/b.ts': OLD, 'c.ts': OLD, 'd.ts': OLD, 'e.ts': OLD });
    give(cwd, at('a'), at('a/b.ts'), at('c.ts'), at('d.ts'), at('e.ts'));
    chmodSync(at('a'), 0o000);
    chmodSync(at('c.ts'), 0o000);
    chmodSync(at('d.ts'), 0o444);

    const { status, stdout, stderr } = run(cwd, 'opossum', '.');

    chmodSync(at('a'), 0o755);
    expect(stderr).toBe(`recloser: cannot read the folder a: you have no right to it (EACCES)
recloser: c.ts: cannot be read: you have no right to it (EACCES)
recloser: d.ts: cannot be written: you have no right to it (EACCES)
`);
    expect(stdout).toBe('changed e.ts\n3 files read, 1 changed, 0 places to look at, 3 failed\n');
    expect(status).toBe(2);
    expect(read('e.ts')).toBe(NEW);
    expect(read('d.ts')).toBe(OLD);
  });

  it('to make a file in a folder, the file itself is written over', () => {
    const { cwd, at, read } = project({ 'a/b.ts': OLD });
    give(cwd, at('a'), at('a/b.ts'));
    chmodSync(at('a'), 0o555);

    const { status, stderr } = run(cwd, 'opossum', 'a');

    chmodSync(at('a'), 0o755);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(read('a/b.ts')).toBe(NEW);
    expect(readdirSync(at('a'))).toEqual(['b.ts']);
  });

  it('to a path that is named, nothing is done', () => {
    const { cwd, at, read } = project({ 'a/b/c.ts': OLD, 'd.ts': OLD });
    mkdirSync(at('e'));
    give(cwd, at('d.ts'), at('e'));
    chmodSync(at('a'), 0o000);

    const { status, stderr } = run(cwd, 'opossum', 'd.ts', 'a/b');

    chmodSync(at('a'), 0o755);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'recloser: cannot read a/b: you have no right to it (EACCES)\n',
    });
    expect(read('d.ts')).toBe(OLD);
  });
});
