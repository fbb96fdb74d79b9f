/**
 * What a request costs that passes `recloser/http`, beside the platform's fetch, ky and undici: `npm run bench:fetch`.
 * CPU of this process and requests a second, over 16 kept-alive connections to a server in another process. Rounds come in
 * an order that is drawn anew each time, since each collects what the one before has left; the figures are 20th
 * percentiles, which is what a busy machine leaves of an idle one.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import ky from 'ky';
import { Agent, request } from 'undici';
import { quantile } from './figures.mjs';
import { shuffled } from './shuffled.mjs';

const ROUNDS = Number(process.argv[2] ?? 60);
const REQUESTS = 800;
const CONCURRENT = 16;
const TYPICAL = 0.2;

const load = (subpath) => import(new URL(`../dist/${subpath}.js`, import.meta.url));
const { createFetch, interceptor } = await load('http');
const { Resilience } = await load('resilience');

const server = fork(fileURLToPath(new URL('fetch-server.mjs', import.meta.url)));
const [port] = await once(server, 'message');
const url = `http://127.0.0.1:${port}/users/7`;

const api = createFetch();
const light = createFetch({ retry: false, bodyTimeout: false, totalTimeout: false, pause: false });
const resilience = new Resilience({ name: 'users', totalTimeout: 30_000 });
const kyOnce = ky.create({ retry: 2 });
const agent = () => new Agent({ connections: CONCURRENT });
const nothing = (dispatch) => (options, handler) =>
  dispatch(options, {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  });
const dispatchers = {
  bare: agent(),
  nothing: agent().compose(nothing),
  guarded: agent().compose(interceptor()),
};
const byUndici = (dispatcher) => async () => (await request(url, { dispatcher })).body.json();

/** @type {{ name: string, send: () => Promise<unknown>, beside: string }[]} */
const SUBJECTS = [
  { name: 'fetch', beside: 'fetch', send: async () => (await fetch(url)).json() },
  {
    name: 'fetch with AbortSignal.timeout',
    beside: 'fetch',
    send: async () => (await fetch(url, { signal: AbortSignal.timeout(10_000) })).json(),
  },
  {
    name: 'resilience.call(() => fetch())',
    beside: 'fetch',
    send: async () => (await resilience.call(() => fetch(url))).json(),
  },
  { name: 'createFetch, little on', beside: 'fetch', send: async () => (await light(url)).json() },
  { name: 'createFetch', beside: 'fetch', send: async () => (await api(url)).json() },
  { name: 'ky', beside: 'fetch', send: () => kyOnce.get(url).json() },
  { name: 'undici', beside: 'undici', send: byUndici(dispatchers.bare) },
  { name: 'undici, an interceptor that does nothing', beside: 'undici', send: byUndici(dispatchers.nothing) },
  { name: 'undici, interceptor', beside: 'undici', send: byUndici(dispatchers.guarded) },
].map((subject) => ({ ...subject, cpu: [], wall: [] }));

/** Sends requests, so many at a time; CPU and time for each, in µs. */
async function round(send) {
  let left = REQUESTS;
  const worker = async () => {
    while (left-- > 0) await send();
  };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / REQUESTS, wall: (wall * 1_000) / REQUESTS };
}

for (let warmup = 0; warmup < 3; warmup++) for (const { send } of SUBJECTS) await round(send);
for (let number = 0; number < ROUNDS; number++) {
  for (const { send, cpu, wall } of shuffled(SUBJECTS)) {
    const result = await round(send);
    cpu.push(result.cpu);
    wall.push(result.wall);
  }
}

const typical = (readings) => quantile(readings, TYPICAL);
const base = (name) => SUBJECTS.find((subject) => subject.name === name);
console.log(
  `Node ${process.version.slice(1)}, ${ROUNDS} rounds of ${REQUESTS} requests, ${CONCURRENT} at a time\n`,
);
console.log('| | CPU, µs | CPU × | throughput × |\n|---|---:|---:|---:|');
for (const { name, beside, cpu, wall } of SUBJECTS) {
  const over = typical(cpu) / typical(base(beside).cpu);
  const speed = typical(base(beside).wall) / typical(wall);
  console.log(`| ${name} | ${typical(cpu).toFixed(0)} | ${over.toFixed(2)} | ${speed.toFixed(2)} |`);
}
process.exit();
