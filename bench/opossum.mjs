/**
 * `recloser/opossum` beside opossum, in one process and in turns: `npm run build && node bench/install.mjs`, then
 * `node bench/opossum.mjs`. It ends with 1 where a ratio is above its limit.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Opossum from 'opossum';
import Face from '../dist/opossum.js';

/** For each case what it takes at most, as a share of opossum's time; the usual call has opossum's default timeout. */
const CASES = {
  success: { limit: 1, options: {}, action: async () => 42 },
  'success, no timeout': { limit: 1.3, options: { timeout: false }, action: async () => 42 },
  failure: {
    limit: 0.2,
    options: { errorThresholdPercentage: 101 },
    action: async () => {
      throw ERROR;
    },
  },
  rejection: { limit: 0.6, options: {}, action: async () => 42, prepare: (breaker) => breaker.open() },
};

const ERROR = new Error('down');
const ROUNDS = 31;
const CALLS = 3_000;
const swallow = () => {};

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Nanoseconds of a call. */
async function time(breaker, calls) {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) {
    try {
      await breaker.fire(call);
    } catch {}
  }
  return Number(process.hrtime.bigint() - start) / calls;
}

/** Bytes and timers of a breaker at rest, in a process of its own. @param {0 | 1} which */
async function rest(which) {
  let timers = 0;
  for (const [set, clear] of [
    ['setTimeout', 'clearTimeout'],
    ['setInterval', 'clearInterval'],
  ]) {
    const [start, stop] = [globalThis[set], globalThis[clear]];
    globalThis[set] = (...args) => {
      timers++;
      return start(...args);
    };
    globalThis[clear] = (timer) => {
      if (timer !== undefined) timers--;
      return stop(timer);
    };
  }
  const make = (count) => Array.from({ length: count }, () => new BREAKERS[which](async () => 42));
  for (const breaker of make(100)) breaker.shutdown();
  globalThis.gc();
  const [bytesBefore, timersBefore] = [process.memoryUsage().heapUsed, timers];
  globalThis.kept = make(AT_REST);
  globalThis.gc();
  const bytes = (process.memoryUsage().heapUsed - bytesBefore) / AT_REST;
  return { bytes, timers: (timers - timersBefore) / AT_REST };
}

const BREAKERS = [Opossum, Face];
const AT_REST = 5_000;

if (process.argv[2] === 'rest') {
  console.log(JSON.stringify(await rest(Number(process.argv[3]))));
  process.exit();
}

let isWithin = true;
console.log('| case | opossum, ns | recloser/opossum, ns | ratio | limit |\n|---|---:|---:|---:|---:|');
for (const [name, { limit, options, action, prepare = swallow }] of Object.entries(CASES)) {
  const breakers = [Opossum, Face].map((Breaker) => new Breaker(action, { ...options }));
  for (const breaker of breakers) {
    prepare(breaker);
    await time(breaker, CALLS);
  }
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    // A failure costs opossum more the more latencies there are: both begin anew.
    const pair = [Opossum, Face].map((Breaker) => new Breaker(action, { ...options }));
    for (const breaker of pair) prepare(breaker);
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    const times = [];
    for (const which of order) times[which] = await time(pair[which], CALLS);
    for (const breaker of pair) breaker.shutdown();
    rounds.push(times);
  }
  for (const breaker of breakers) breaker.shutdown();
  const [theirs, ours] = [0, 1].map((which) => median(rounds.map((times) => times[which])));
  const ratio = median(rounds.map(([their, our]) => our / their));
  isWithin &&= ratio <= limit;
  console.log(`| ${name} | ${theirs.toFixed(0)} | ${ours.toFixed(0)} | ${ratio.toFixed(2)} | ${limit} |`);
}

const [theirs, ours] = [0, 1].map((which) => {
  const args = ['--expose-gc', fileURLToPath(import.meta.url), 'rest', String(which)];
  return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
});
console.log(
  `\nAt rest: opossum ${theirs.bytes.toFixed(0)} bytes and ${theirs.timers} timers, ` +
    `recloser/opossum ${ours.bytes.toFixed(0)} bytes and ${ours.timers} timers a breaker`,
);
isWithin &&= ours.bytes < theirs.bytes && ours.timers < theirs.timers;
process.exitCode = isWithin ? 0 : 1;
