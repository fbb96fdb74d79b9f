/**
 * Many requests with one signal that outlives them all leave nothing on it, keep no heap, and open no connection more than
 * without a breaker: `npm run test:signal`. A real server on loopback in another process; the platform's fetch beside
 * `createFetch`, and undici's `request` beside its interceptor.
 *
 *     --requests <n>      of each kind; 100,000 unless told
 */
import { fork } from 'node:child_process';
import { getEventListeners, once, setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { installOnDemand } from '../support/on-demand.mjs';
import { growthOf, heldBytes } from './heap.mjs';
import { readOptions } from './options.mjs';

/** How many requests are under way at once. */
const CONCURRENT = 16;

/** How often the heap is looked at, after a fifth of all requests: until then the engine compiles what it will. */
const SAMPLES = 20;
const WARM_UP = 0.2;

/** Growth that is not called a leak: housekeeping of the engine and of the client, far less than a byte for each request. */
const TOLERATED = { bytes: 512 * 1_024, perRequest: 0.5 };

const { requests: wanted } = await readOptions({ requests: 100_000 });
const bench = fileURLToPath(new URL('../../bench/', import.meta.url));
installOnDemand(bench);
const { Agent, request } = await import(
  new URL('../../bench/node_modules/undici/index.js', import.meta.url).href
);
const { createFetch, interceptor } = await import(new URL('../../dist/http.js', import.meta.url).href);

const byUndici =
  (/** @type {any} */ dispatcher) => async (/** @type {string} */ url, /** @type {AbortSignal} */ signal) => {
    const { body } = await request(url, { dispatcher, signal });
    return body.text();
  };
const agent = () => new Agent({ connections: CONCURRENT });
const api = createFetch();

/** @type {{ name: string, beside?: string, send: (url: string, signal: AbortSignal) => Promise<unknown> }[]} */
const subjects = [
  { name: 'fetch', send: async (url, signal) => (await fetch(url, { signal })).text() },
  { name: 'createFetch', beside: 'fetch', send: async (url, signal) => (await api(url, { signal })).text() },
  { name: 'undici', send: byUndici(agent()) },
  { name: 'undici, interceptor', beside: 'undici', send: byUndici(agent().compose(interceptor())) },
];

const problems = [];
/** @type {Map<string, number>} */
const opened = new Map();
for (const { name, beside, send } of subjects) {
  // Of its own, since clients keep connections by address.
  const server = fork(fileURLToPath(new URL('signal-server.mjs', import.meta.url)));
  const [port] = await once(server, 'message');
  const url = `http://127.0.0.1:${port}/`;
  const { signal } = new AbortController();
  setMaxListeners(0, signal); // the platform's fetch leaves one for each request until it is collected
  let sent = 0;
  let most = 0;
  /** @param {number} total */
  const sendUntil = async (total) => {
    const worker = async () => {
      while (sent < total) {
        sent++;
        await send(url, signal);
        if (sent % 100 === 0) most = Math.max(most, getEventListeners(signal, 'abort').length);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, worker));
  };

  await sendUntil(wanted * WARM_UP);
  const warm = sent;
  const samples = [await heldBytes()];
  for (let sample = 1; sample < SAMPLES; sample++) {
    await sendUntil(warm + ((wanted - warm) * sample) / (SAMPLES - 1));
    samples.push(await heldBytes());
  }
  const left = getEventListeners(signal, 'abort').length;
  const growth = growthOf(samples);
  server.send('count');
  const [count] = await once(server, 'message');
  server.disconnect();
  opened.set(name, count);
  console.log(
    `${name}: ${sent} requests, ${count} connections, ${most} listeners at most, ${left} left, heap ${Math.round(growth / 1_024)} KiB`,
  );
  if (beside === undefined) continue;
  const allowed = Math.max(TOLERATED.bytes, TOLERATED.perRequest * sent);
  if (left > 0) problems.push(`${name} left ${left} listeners on the signal`);
  if (beside === 'fetch' && most > 1) problems.push(`${name} had ${most} listeners on the signal at once`);
  if (growth > allowed) problems.push(`${name} kept ${Math.round(growth / 1_024)} KiB`);
  if (count > (opened.get(beside) ?? 0))
    problems.push(`${name} opened ${count} connections, ${beside} ${opened.get(beside)}`);
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'Nothing is left.' : `${problems.length} of it failed.`);
process.exit(problems.length === 0 ? 0 : 1);
