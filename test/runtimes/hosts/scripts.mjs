/** Runtimes that are a command: Node, Bun and Deno. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subpathsAs } from './subpaths.mjs';

/** Real milliseconds after which a runtime that has not ended by itself has failed. */
const TIME_TO_EXIT = 60_000;

const SCRIPTS = {
  esm: [
    'main.mjs',
    `import * as recloser from 'recloser';
     import { behaviours } from './behaviours.mjs';
     const subpaths = ${subpathsAs((name) => `await import('recloser/${name}')`)};
     console.log(JSON.stringify(await behaviours(recloser, subpaths)));`,
  ],
  cjs: [
    'main.cjs',
    `const recloser = require('recloser');
     const subpaths = ${subpathsAs((name) => `require('recloser/${name}')`)};
     import('./behaviours.mjs')
       .then(({ behaviours }) => behaviours(recloser, subpaths))
       .then((results) => console.log(JSON.stringify(results)));`,
  ],
};

/**
 * Runs the behaviours in a process of its own, which has to end by itself.
 *
 * @param {string} folder where the package is installed
 * @param {string} binary
 * @param {readonly string[]} args what comes before the script
 * @param {'esm' | 'cjs'} system
 * @returns {Promise<import('../behaviours.mjs').Result[]>}
 */
export async function runScript(folder, binary, args, system) {
  const [file, code] = /** @type {[string, string]} */ (SCRIPTS[system]);
  writeFileSync(join(folder, file), code);
  const { status, stdout, stderr } = await run(folder, binary, [...args, file]);
  if (status !== 0)
    throw new Error(`ended with ${status ?? 'a signal: it did not end by itself'}\n${stderr}`);
  return JSON.parse(stdout);
}

/** @param {string} binary @param {readonly string[]} args */
export async function versionOf(binary, ...args) {
  const { stdout } = await run('.', binary, args);
  return /\d+[\d.-]+/.exec(stdout)?.[0] ?? 'unknown';
}

/**
 * @param {string} cwd
 * @param {string} binary
 * @param {readonly string[]} args
 * @returns {Promise<{ status: number | null, stdout: string, stderr: string }>}
 */
function run(cwd, binary, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_TO_EXIT,
      killSignal: 'SIGKILL',
      env: { PATH: process.env.PATH, HOME: cwd, DENO_DIR: join(cwd, '.deno'), DENO_NO_UPDATE_CHECK: '1' },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += text));
    child.stderr.on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}
