/**
 * The behaviours in every runtime, against the packed tarball in an empty folder: `npm run test:runtimes`, or
 * `npm run test:runtimes -- node-20 workerd` for some of them.
 *
 * The runtimes come from packages that hold their binaries, installed into this folder on demand. One that cannot be
 * had counts as failed, with the reason.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnDemand } from '../support/on-demand.mjs';
import { installPackage } from '../support/packed.mjs';
import { NAMES } from './behaviours.mjs';
import { findChromium, runInChromium } from './hosts/chromium.mjs';
import { runScript, versionOf } from './hosts/scripts.mjs';
import { NAMES_BETWEEN_REQUESTS, runInWorkerd } from './hosts/workerd.mjs';
import { verdictOn } from './verdict.mjs';

/**
 * @typedef {import('./behaviours.mjs').Result} Result
 * @typedef {import('./verdict.mjs').Expected} Expected
 * @typedef {import('./verdict.mjs').Verdict} Verdict
 * @typedef {{ version: string, results: Result[] }} Run
 * @typedef {Expected & { runtime: string, suite: string, run: (folder: string) => Promise<Run> }} Plan
 * @typedef {Verdict & { version: string, skipped: string[] }} Row `skipped` has the reasons
 */

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** @type {readonly ('esm' | 'cjs')[]} */
const SYSTEMS = ['esm', 'cjs'];

/** The one behaviour that not everybody can check: Node up to 22 cannot read it, workerd makes no code from text. */
const USING = 'disposes of a permit at the end of a `using` scope';

/** What needs `node:events`. */
const OPOSSUM = 'has the API of opossum, with its events and errors';

/** Node 18.0 is the oldest that package.json allows, and has no `Symbol.dispose`. @type {readonly Plan[]} */
const PLANS = [
  ...['18.0', '18', '20', '22'].flatMap((release) => node(release, [USING])),
  ...['24', '26'].flatMap((release) => node(release, [])),
  ...script('Bun', [], '@oven/bun-linux-x64/bin/bun', '--no-install'),
  ...script('Deno', [], '@deno/linux-x64-glibc/deno', 'run', '--cached-only', '--no-lock'),
  workerd('esm', NAMES, [USING, OPOSSUM]),
  workerd('cjs', NAMES, [USING, OPOSSUM]),
  workerd('requests', NAMES_BETWEEN_REQUESTS, []),
  {
    runtime: 'Chromium',
    suite: 'esm',
    behaviours: NAMES,
    skips: [],
    run: (folder) => runInChromium(folder, findChromium()),
  },
];

/** @param {string} release @param {readonly string[]} skips */
function node(release, skips) {
  return script(`Node ${release}`, skips, `node-${release}/bin/node`);
}

/**
 * @param {string} runtime
 * @param {readonly string[]} skips
 * @param {string} path
 * @param {...string} args
 * @returns {Plan[]}
 */
function script(runtime, skips, path, ...args) {
  return SYSTEMS.map((suite) => ({
    runtime,
    suite,
    behaviours: NAMES,
    skips,
    run: async (folder) => {
      const binary = binaryAt(path);
      return {
        version: await versionOf(binary, '--version'),
        results: await runScript(folder, binary, args, suite),
      };
    },
  }));
}

/**
 * @param {'esm' | 'cjs' | 'requests'} suite
 * @param {readonly string[]} behaviours
 * @param {readonly string[]} skips
 * @returns {Plan}
 */
function workerd(suite, behaviours, skips) {
  return {
    runtime: 'workerd',
    suite,
    behaviours,
    skips,
    run: async (folder) => {
      const binary = binaryAt('@cloudflare/workerd-linux-64/bin/workerd');
      return {
        version: await versionOf(binary, '--version'),
        results: await runInWorkerd(folder, binary, suite),
      };
    },
  };
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

/** The plans of the runtimes that are named, as `node-20` or `bun`; of all of them unless told. */
function choosePlans() {
  const wanted = process.argv.slice(2);
  const nameOf = (/** @type {Plan} */ { runtime }) => runtime.toLowerCase().replace(' ', '-');
  const names = [...new Set(PLANS.map(nameOf))];
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    console.error(`A runtime must be one of ${names.join(', ')}, received ${unknown}`);
    process.exit(2);
  }
  return wanted.length === 0 ? PLANS : PLANS.filter((plan) => wanted.includes(nameOf(plan)));
}

/** @param {Plan} plan @param {string} folder @returns {Promise<Row>} */
async function rowOf(plan, folder) {
  try {
    const { version, results } = await plan.run(folder);
    return { version, skipped: results.flatMap(({ skipped = [] }) => skipped), ...verdictOn(plan, results) };
  } catch (error) {
    return { version: '–', skipped: [], passed: 0, failed: [{ name: 'can be run', error: String(error) }] };
  }
}

/** @param {Plan} plan @param {Row} row */
function print({ runtime, suite }, { version, passed, failed, skipped }) {
  const cells = [
    runtime.padEnd(9),
    version.padEnd(15),
    suite.padEnd(8),
    String(passed).padStart(6),
    String(failed.length).padStart(6),
    skipped.map((reason) => `not here: ${reason}`).join('; '),
  ];
  console.log(`| ${cells.join(' | ')}`);
  for (const { name, error } of failed) console.log(`    ✗ ${name}\n${error.replace(/^/gm, '        ')}`);
}

const plans = choosePlans();
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
  for (const plan of plans) {
    const row = await rowOf(plan, folder);
    print(plan, row);
    total.passed += row.passed;
    total.failed += row.failed.length;
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
if (total.failed > 0) process.exitCode = 1;
