import { mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromRoot } from '../../support/root.js';
import { project } from './project.js';

const OLD = "import CircuitBreaker from 'opossum';\n";
const NEW = "import CircuitBreaker from 'recloser/opossum';\n";
const PEERS = ['@babel/parser', 'magic-string'];

const root = createRequire(fromRoot('package.json'));

/** Puts the peers into `node_modules` of a folder, as npm does. */
function install(folder: string, peers: readonly string[] = PEERS): void {
  for (const peer of peers) {
    const place = join(folder, 'node_modules', peer);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(dirname(root.resolve(`${peer}/package.json`)), place);
  }
}

describe('the parser and the editor', () => {
  it.each([
    ['beside the package', 'npx/node_modules/recloser/dist/cli.js', 'npx', ''],
    ['in the project', 'elsewhere/dist/cli.js', '.', ''],
    ['where npx puts them, on PATH', 'node_modules/recloser/dist/cli.js', 'npx', 'npx/node_modules/.bin'],
  ])('are found %s', async (_, self, folder, onPath) => {
    const { run, at, read } = project({ 'src/a.ts': OLD, 'npx/b.txt': '', 'bin/c.txt': '' });
    install(at(folder));

    const { status, stderr } = await run('opossum src', {
      self: at(self),
      path: [at('bin'), at(onPath)].join(delimiter),
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(read('src/a.ts')).toBe(NEW);
  });

  it.each([
    [
      'is in the project',
      'node_modules/recloser/dist/cli.js',
      'npx -p @babel/parser -p magic-string recloser migrate opossum src --check',
    ],
    [
      'is not',
      '../npx/recloser/dist/cli.js',
      'npx -p recloser -p @babel/parser -p magic-string recloser migrate opossum src --check',
    ],
  ])('are asked for in one sentence, with the command, if recloser %s', async (_, self, command) => {
    const { run, at, read } = project({ 'src/a.ts': OLD });

    const { status, stdout, stderr } = await run('opossum src --check', { self: at(self) });

    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `recloser: migrate needs @babel/parser and magic-string, which are not installed: run \`${command}\`\n`,
    });
    expect(read('src/a.ts')).toBe(OLD);
  });

  it('are asked for one by one', async () => {
    const { run, at } = project({ 'src/a.ts': OLD });
    install(at('.'), ['@babel/parser']);

    const { stderr } = await run('opossum src', { self: at('dist/cli.js') });

    expect(stderr).toMatch(/^recloser: migrate needs magic-string, which is not installed: run `npx .*`\n$/);
  });

  it('are named if they do not load', async () => {
    const { run, at } = project({
      'src/a.ts': OLD,
      'node_modules/@babel/parser/package.json': '{ "main": "a.cjs" }',
      'node_modules/@babel/parser/a.cjs': 'throw new Error("wants Node 99")',
    });
    install(at('.'), ['magic-string']);

    const { status, stderr } = await run('opossum src', { self: at('dist/cli.js') });

    expect(status).toBe(2);
    expect(stderr).toMatch(/^recloser: cannot load @babel\/parser from .*a\.cjs: wants Node 99\n$/);
  });

  it('are not needed where nothing has to be parsed', async () => {
    const { run, at } = project({ 'src/a.ts': 'x();' });

    expect((await run('opossum src', { self: at('dist/cli.js') })).status).toBe(0);
  });
});
