/** Cloudflare's workerd, where timers belong to the request that set them. */
import { spawn } from 'node:child_process';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SUBPATHS_WITHOUT_NODE as SUBPATHS, subpathsAs } from './subpaths.mjs';

const TIME_TO_ANSWER = 8_000;

/**
 * @typedef {import('../behaviours.mjs').Result} Result
 * @typedef {(path: string) => Promise<any>} Get
 */

/**
 * What only a runtime with requests can show: one breaker in module scope, shared by requests that come and go.
 *
 * @type {Record<string, (get: Get) => Promise<void>>}
 */
const BETWEEN_REQUESTS = {
  async 'ends a hanging call of one request'(get) {
    expectTimeout(await get('/hang'));
  },

  async 'ends hanging calls of two requests at once'(get) {
    const [first, second] = await Promise.all([get('/hang'), get('/hang')]);

    expectTimeout(first);
    expectTimeout(second);
  },

  async 'ends a hanging call although the request with the earlier deadline has ended'(get) {
    const first = get('/answer');
    await sleep(50);
    const second = get('/hang');

    await first;
    expectTimeout(await second);
  },

  async 'ends a hanging call although an earlier request left one behind'(get) {
    await get('/leave');

    expectTimeout(await get('/hang'));
  },

  async 'is well again after all of this'(get) {
    expectTimeout(await get('/hang'));
    const answer = await get('/answer');

    if (answer !== 'answered') throw new Error(`answered ${JSON.stringify(answer)}`);
  },
};

/** What the suite `requests` tells of, once each. */
export const NAMES_BETWEEN_REQUESTS = Object.keys(BETWEEN_REQUESTS);

/**
 * @param {string} folder where the package is installed
 * @param {string} binary
 * @param {'esm' | 'cjs' | 'requests'} suite
 * @returns {Promise<Result[]>}
 */
export async function runInWorkerd(folder, binary, suite) {
  writeConfig(folder);
  const server = spawn(binary, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'pipe', 'pipe'],
  });
  let stderr = '';
  server.stderr?.on('data', (text) => (stderr += text));
  try {
    const origin = `http://127.0.0.1:${await portOf(server)}`;
    /** @type {Get} */
    const get = async (path) => {
      const response = await fetch(origin + path, { signal: AbortSignal.timeout(TIME_TO_ANSWER) });
      const text = await response.text();
      if (!response.ok) throw new Error(`workerd answered ${response.status} ${text}\n${stderr}`);
      return JSON.parse(text);
    };
    return suite === 'requests' ? await runBetweenRequests(get) : await get(`/${suite}`);
  } finally {
    server.kill('SIGKILL');
  }
}

/** @param {Get} get */
async function runBetweenRequests(get) {
  /** @type {Result[]} */
  const results = [];
  for (const [name, check] of Object.entries(BETWEEN_REQUESTS)) {
    try {
      await check(get);
      results.push({ name, ok: true });
    } catch (error) {
      results.push({ name, ok: false, error: String(error) });
    }
  }
  return results;
}

/** @param {{ isTimeout: boolean, aborted: boolean }} result */
function expectTimeout({ isTimeout, aborted }) {
  if (!isTimeout || !aborted) throw new Error(`timed out: ${isTimeout}, signal aborted: ${aborted}`);
}

const MAIN = `
  import { behaviours } from './behaviours.mjs';
  import cjs from './index.cjs';
  import * as esm from './index.js';
  import { createWorker } from './worker.mjs';
  ${SUBPATHS.map((name) => `import * as ${name}Esm from './${name}.js'; import ${name}Cjs from './${name}.cjs';`).join('\n')}
  export default createWorker({
    esm,
    cjs,
    behaviours,
    esmSubpaths: ${subpathsAs((name) => `${name}Esm`, SUBPATHS)},
    cjsSubpaths: ${subpathsAs((name) => `${name}Cjs`, SUBPATHS)},
  });`;

/** @param {string} folder */
function writeConfig(folder) {
  writeFileSync(join(folder, 'worker-main.mjs'), MAIN);
  copyFileSync(fileURLToPath(new URL('worker.mjs', import.meta.url)), join(folder, 'worker.mjs'));
  const dist = 'node_modules/recloser/dist';
  const built = readdirSync(join(folder, dist)).filter(
    (file) => /\.c?js$/.test(file) && !file.startsWith('cli.'),
  );
  const modules = [
    ...['worker-main.mjs', 'worker.mjs', 'behaviours.mjs'].map((file) => moduleOf(file, file)),
    ...built.map((file) => moduleOf(file, `${dist}/${file}`)),
  ];
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
     const config :Workerd.Config = (
       services = [(name = "main", worker = (compatibilityDate = "2025-09-01", modules = [${modules}]))],
       sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
     );`,
  );
}

/** @param {string} name @param {string} path */
function moduleOf(name, path) {
  const kind = path.endsWith('.cjs') ? 'commonJsModule' : 'esModule';
  return `(name = "${name}", ${kind} = embed "${path}")`;
}

/**
 * The port that the system gave it, as it tells on its control descriptor.
 *
 * @param {import('node:child_process').ChildProcess} server
 * @returns {Promise<number>}
 */
function portOf(server) {
  return new Promise((resolve, reject) => {
    const control = /** @type {NodeJS.ReadableStream} */ (server.stdio[3]);
    control.once('data', (line) => resolve(JSON.parse(String(line)).port));
    server.once('error', reject);
    server.once('exit', (status) => reject(new Error(`workerd ended with ${status} before it listened`)));
  });
}
