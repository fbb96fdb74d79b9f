/**
 * Mutation testing of src/core: `npm run test:mutation`, or of another folder of src: `npm run test:mutation -- resilience`.
 * Later runs go by what has changed since the first one. Other arguments are Stryker's, such as `--mutate src/core/time-window.ts`, `--concurrency 1` or `--force`.
 *
 * It fails where fewer of the mutants are found than the goal of the folder (95 % in the core), where one survives that survivors.json does not accept, and
 * where one that it accepts is found by now.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnDemand } from '../support/on-demand.mjs';

/**
 * @typedef {object} Survivor a mutant that no test finds; by its source, which other changes of the file do not move
 * @property {string} file
 * @property {string} line the source line where it begins
 * @property {string} original what it changes
 * @property {string} replacement
 *
 * @typedef {Survivor & { reason: string }} Accepted
 *
 * @typedef {{ line: number, column: number }} Position
 * @typedef {{ status: string, replacement?: string, location: { start: Position, end: Position } }} Mutant
 * @typedef {{ files: Record<string, { source: string, mutants: Mutant[] }> }} Report
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const REPORT = join(HERE, '.stryker', 'report.json');

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Layout is no part of a mutant. @param {string} code */
const squeeze = (code) => code.replace(/\s+/g, ' ').trim();

/** @param {string} source @param {Mutant['location']} location */
function cut(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = /** @type {string} */ (lines[last]).slice(0, end.column - 1);
  lines[0] = /** @type {string} */ (lines[0]).slice(start.column - 1);
  return squeeze(lines.join('\n'));
}

/** @param {Report} report @returns {Survivor[]} */
function survivorsIn({ files }) {
  return Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(({ location, replacement = '' }) => ({
        file,
        line: squeeze(source.split('\n')[location.start.line - 1] ?? ''),
        original: cut(source, location),
        replacement: squeeze(replacement),
      })),
  );
}

/** @param {Survivor} survivor */
const identityOf = ({ file, line, original, replacement }) => [file, line, original, replacement].join('\n');

/**
 * Those of `some` that are not among `others`, where lines that are alike need one each.
 *
 * @template {Survivor} Kind @param {Kind[]} some @param {Survivor[]} others
 */
function without(some, others) {
  const left = others.map(identityOf);
  return some.filter((survivor) => {
    const at = left.indexOf(identityOf(survivor));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

installOnDemand(HERE);
rmSync(REPORT, { force: true });
const [first, ...others] = process.argv.slice(2);
const isFolder = first !== undefined && !first.startsWith('-');
const stryker = join(HERE, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
const { status } = spawnSync(
  process.execPath,
  [
    stryker,
    'run',
    join('test', 'mutation', 'stryker.config.mjs'),
    ...(isFolder ? others : process.argv.slice(2)),
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, MUTANTS_OF: isFolder ? first : 'core' } },
);

if (!existsSync(REPORT)) throw new Error('Stryker has made no report; it says why above');
/** @type {Report} */
const report = readJson(REPORT);
/** @type {Accepted[]} */
const accepted = readJson(join(HERE, 'survivors.json'));
const survivors = survivorsIn(report);
const unlisted = without(survivors, accepted);
const gone = without(accepted, survivors).filter(({ file }) => file in report.files);

if (unlisted.length > 0) {
  console.log('\nSurvivors that survivors.json does not accept: write a test, or add them with the reason.');
  console.log(JSON.stringify(unlisted, null, 2));
}
for (const { file, line, reason } of gone)
  console.log(`\nFound by now, to be taken out of survivors.json: ${file}: ${line}\n  (${reason})`);
console.log(
  `\n${survivors.length} survivors, ${unlisted.length} of them not accepted; ` +
    `${gone.length} of those that survivors.json lists are found now`,
);
if (status !== 0 || unlisted.length > 0 || gone.length > 0) process.exitCode = 1;
