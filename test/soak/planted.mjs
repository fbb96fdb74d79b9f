/**
 * That the soak and the endurance run would notice: runs each of them with every fault that can be planted, and fails
 * where the rule that a fault breaks is not among those found, or where something is found and nothing is planted:
 * `npm run soak:planted`.
 *
 *     --only <n>          the first n faults; all of them, and a run of each script with none, unless told
 *     --only <name>       what has this name in plants.mjs
 *     --recloser <path>   the build to try; dist/index.js unless told
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readTexts, refuse } from './options.mjs';
import { LEAKS, PLANTS } from './plants.mjs';

/** @typedef {{ script: string, args: readonly string[], plant: string, breaks: string | undefined }} Run */

const RUNS = [
  ...runsOf('main.mjs', ['--seconds', '3', '--seed', '1'], PLANTS),
  ...runsOf('endurance.mjs', ['--calls', '2000000'], LEAKS),
];

/**
 * @param {string} script
 * @param {readonly string[]} args
 * @param {Record<string, { breaks?: string }>} plants
 * @returns {Run[]}
 */
function runsOf(script, args, plants) {
  return Object.entries(plants).map(([plant, { breaks }]) => ({ script, args, plant, breaks }));
}

/** @param {string | undefined} only */
function choose(only) {
  if (only === undefined) return RUNS;
  const faults = RUNS.filter(({ breaks }) => breaks !== undefined);
  const count = Number(only);
  if (Number.isInteger(count) && count >= 1 && count <= faults.length) return faults.slice(0, count);
  const named = RUNS.filter(({ plant }) => plant === only);
  if (named.length > 0) return named;
  const names = [...new Set(RUNS.map(({ plant }) => plant))];
  return refuse(
    `--only must be a number from 1 to ${faults.length} or one of ${names.join(', ')}, received ${only}`,
  );
}

/** What a run found. @param {Run} run @param {readonly string[]} more */
function play({ script, args, plant }, more) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [file, ...args, '--plant', plant, ...more], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = stdout.split('\n').filter((line) => line.startsWith('✗ '));
  return { status, found: lines.map((line) => line.slice(2)) };
}

const { only, recloser } = readTexts(['only', 'recloser']);
const runs = choose(only);
let missed = 0;
for (const run of runs) {
  const { plant, breaks, script } = run;
  const { status, found } = play(run, recloser === undefined ? [] : ['--recloser', recloser]);
  const isRight =
    breaks === undefined
      ? status === 0 && found.length === 0
      : status === 1 && found.some((line) => line.startsWith(`${breaks}: `));
  if (!isRight) missed++;
  console.log(`${isRight ? '✓' : '✗'} ${script} with ${plant} must break ${breaks ?? 'nothing'}`);
  for (const line of found) console.log(`    ${line}`);
}
console.log(`${runs.length - missed} runs as they must be, ${missed} not`);
if (missed > 0) process.exitCode = 1;
