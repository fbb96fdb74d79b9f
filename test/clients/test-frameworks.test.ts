/** `recloser/testing` as users have it: the packed package, in processes of Jest and of node:test. */
import { execFile } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installOnDemand } from '../support/on-demand.mjs';
import { installPackage } from '../support/packed.mjs';
import { fromRoot } from '../support/root.js';

const HERE = fromRoot('test/clients/jest');

let folder: string;

beforeAll(() => {
  installOnDemand(HERE);
  folder = installPackage();
  for (const file of ['outage.test.cjs', 'outage.node.mjs'])
    copyFileSync(join(HERE, file), join(folder, file));
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All that a process prints; a process that hangs or leaves something behind is ended, and fails. */
async function outputOf(...args: string[]): Promise<string> {
  const env = { ...process.env };
  // Each framework looks for who else is there.
  for (const name of ['VITEST', 'NODE_ENV', 'NODE_OPTIONS', 'NODE_TEST_CONTEXT']) delete env[name];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    cwd: folder,
    env,
    timeout: 60_000,
  });
  return stdout + stderr;
}

it('passes its tests in Jest, with timers real and fake', async () => {
  const jest = join(HERE, 'node_modules/jest/bin/jest.js');

  const output = await outputOf(
    jest,
    `--rootDir=${folder}`,
    '--testMatch=**/*.test.cjs',
    '--runInBand',
    '--watchman=false',
  );

  expect(output).toMatch(/Tests: +12 passed, 12 total/);
  expect(output).not.toMatch(/did not exit/);
}, 90_000);

it('passes its tests in node:test, with timers real and fake', async () => {
  const output = await outputOf('--test', '--test-reporter=tap', 'outage.node.mjs');

  expect(output).toMatch(/# pass 11\n# fail 0/);
}, 90_000);
