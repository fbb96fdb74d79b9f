/**
 * The behaviours in every runtime, against the packed tarball in an empty folder: `npm run test:runtimes`.
 *
 * The runtimes come from packages that hold their binaries, installed into this folder on demand. One that cannot be
 * had counts as failed, with the reason.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnDemand } from '../support/on-demand.mjs';
import { installPackage } from '../support/packed.mjs';
import { findChromium, runInChromium } from './hosts/chromium.mjs';
import { runScript, versionOf } from './hosts/scripts.mjs';
import { runInWorkerd } from './hosts/workerd.mjs';

/**
 * @typedef {import('./behaviours.mjs').Result} Result
 * @typedef {{ version: string, results: Result[] }} Run
 * @typedef {{ runtime: string, suite: string, run: (folder: string) => Promise<Run> }} Plan
 * @typedef {{ plan: Plan, version: string, results: Result[] }} Row
 */

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** @type {readonly ('esm' | 'cjs')[]} */
const SYSTEMS = ['esm', 'cjs'];

/** 18.0 is the oldest that package.json allows, and has no `Symbol.dispose`. */
const NODES = ['18.0', '18', '20', '22', '24', '26'];

/** @type {readonly Plan[]} */
const PLANS = [
  ...NODES.flatMap((release) => script(`Node ${release}`, `node-${release}/bin/node`)),
  ...script('Bun', '@oven/bun-linux-x64/bin/bun', '--no-install'),
  ...script('Deno', '@deno/linux-x64-glibc/deno', 'run', '--cached-only', '--no-lock'),
  ...workerd('esm', 'cjs', 'requests'),
  { runtime: 'Chromium', suite: 'esm', run: (folder) => runInChromium(folder, findChromium()) },
];

/** @param {string} runtime @param {string} path @param {...string} args @returns {Plan[]} */
function script(runtime, path, ...args) {
  return SYSTEMS.map((suite) => ({
    runtime,
    suite,
    run: async (folder) => {
      const binary = binaryAt(path);
      return {
        version: await versionOf(binary, '--version'),
        results: await runScript(folder, binary, args, suite),
      };
    },
  }));
}

/** @param {...('esm' | 'cjs' | 'requests')} suites @returns {Plan[]} */
function workerd(...suites) {
  return suites.map((suite) => ({
    runtime: 'workerd',
    suite,
    run: async (folder) => {
      const binary = binaryAt('@cloudflare/workerd-linux-64/bin/workerd');
      return {
        version: await versionOf(binary, '--version'),
        results: await runInWorkerd(folder, binary, suite),
      };
    },
  }));
}

/** @param {string} path */
function binaryAt(path) {
  const binary = join(HERE, 'node_modules', path);
  if (!existsSync(binary)) {
    throw new Error(
      `there is no binary of it for ${process.platform} ${process.arch} in test/runtimes/node_modules`,
    );
  }
  return binary;
}

/** @param {Plan} plan @param {string} folder @returns {Promise<Row>} */
async function rowOf(plan, folder) {
  try {
    return { plan, ...(await plan.run(folder)) };
  } catch (error) {
    const results = [{ name: 'can be run', ok: false, error: String(error) }];
    return { plan, version: '–', results };
  }
}

/** @param {Row} row */
function print({ plan, version, results }) {
  const skipped = results.filter((result) => result.skipped !== undefined);
  const failed = results.filter((result) => !result.ok);
  const passed = results.length - skipped.length - failed.length;
  const cells = [plan.runtime.padEnd(9), version.padEnd(15), plan.suite.padEnd(8)];
  const notes = skipped.map(({ skipped }) => `not here: ${skipped}`).join('; ');
  console.log(
    `| ${cells.join(' | ')} | ${String(passed).padStart(6)} | ${String(failed.length).padStart(6)} | ${notes}`,
  );
  for (const { name, error } of failed) console.log(`    ✗ ${name}\n${error?.replace(/^/gm, '        ')}`);
  return { passed, failed: failed.length };
}

const total = { passed: 0, failed: 0 };
try {
  installOnDemand(HERE);
} catch (error) {
  console.log(`The runtimes could not be installed. ${error}`);
}
const folder = installPackage();
try {
  copyFileSync(join(HERE, 'behaviours.mjs'), join(folder, 'behaviours.mjs'));
  console.log('| runtime   | version         | suite    | passed | failed | notes');
  console.log('|-----------|-----------------|----------|-------:|-------:|------');
  for (const plan of PLANS) {
    const { passed, failed } = print(await rowOf(plan, folder));
    total.passed += passed;
    total.failed += failed;
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
if (total.failed > 0) process.exitCode = 1;
