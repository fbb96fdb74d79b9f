/**
 * The soak: breakers of every kind between callers and upstreams that fail at random, over HTTP on loopback, watched
 * all the time: `npm run soak`.
 *
 *     --seconds <n>       how long the faults last; 120 unless told
 *     --seed <n>          which faults; others each time unless told
 *     --plant <name>      a fault of plants.mjs, to see that it is found
 *     --recloser <path>   the build to try; dist/index.js unless told
 */
import { fork } from 'node:child_process';
import { getEventListeners, once, setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSetup } from './breakers.mjs';
import { keepCalling } from './clients.mjs';
import { FAULTS } from './faults.mjs';
import { inWords, printCounts, sum, sumByKey } from './figures.mjs';
import { handlesLeft, timersLeft } from './handles.mjs';
import { growthOf, heldBytes } from './heap.mjs';
import { Watch } from './invariants.mjs';
import { keepSteering } from './operator.mjs';
import { pick, readOptions } from './options.mjs';
import { PLANTS } from './plants.mjs';
import { startPulse } from './pulse.mjs';
import { createRandom } from './random.mjs';
import { createRequests } from './requests.mjs';

const UPSTREAMS = 6;
const BREAKERS = 24;
const CALLERS = 4;

/** Milliseconds between two looks at everything, and after which what has not happened is given up. */
const CHECK = 200;
const PATIENCE = 10_000;

/** Bytes that the heap may grow by: connections that are kept, and the engine's own housekeeping. */
const GROWTH = 4 * 1_024 * 1_024;
const SAMPLES = 12;

const { seconds, seed, plant, recloser } = await readOptions({
  seconds: 120,
  seed: Date.now() % 1_000_000,
  plant: 'nothing',
});
const { spoil } = pick(PLANTS, plant, 'plant');
const start = performance.now();

/** How often each rule was broken, and the first time in words. @type {Map<string, { times: number, first: string }>} */
const violations = new Map();
/** @param {string} rule @param {string} detail */
function violate(rule, detail) {
  const { times, first } = violations.get(rule) ?? { times: 0, first: detail };
  violations.set(rule, { times: times + 1, first });
}

const random = createRandom(seed);
const pulse = startPulse();
const { signal: lifelong } = new AbortController();
setMaxListeners(0, lifelong); // many calls are in flight

const server = fork(fileURLToPath(new URL('server.mjs', import.meta.url)), [String(seed), String(UPSTREAMS)]);
const ports = /** @type {number[]} */ (await hear());
const requests = createRequests();
const around = { recloser, violate, lag: pulse.lag };
const watches = Array.from({ length: BREAKERS }, (_, index) => {
  const setup = createSetup(recloser, `breaker-${index}`, random.fork(index));
  spoil(setup.breaker, lifelong);
  return new Watch(setup, around);
});

// From here on: what keeps the soak from beginning ends it.
process.on('unhandledRejection', (error) => violate('no unhandled rejection', String(error)));
process.on('uncaughtException', (error) => violate('no uncaught exception', String(error)));

let isStormy = true;
let isOver = false;
const callers = watches.flatMap((watch, index) =>
  Array.from({ length: CALLERS }, (_, caller) => {
    const port = /** @type {number} */ (ports[index % UPSTREAMS]);
    const send = caller % 2 === 0 ? requests.byAgent : requests.byFetch;
    const client = {
      watch,
      random: random.fork(BREAKERS + index * CALLERS + caller),
      request: (/** @type {AbortSignal} */ signal) => send(port, signal),
      lifelong,
    };
    return keepCalling(client, () => isOver);
  }),
);
const operator = keepSteering(watches, random.fork(-1), () => !isStormy);
const looking = setInterval(check, CHECK);

const samples = await watchHeap(seconds * 1_000);
isStormy = false;
await operator;
server.send('calm');
await hear();
await heal();
isOver = true;
await Promise.race([Promise.all(callers), wait(PATIENCE, undefined, { ref: false })]);
clearInterval(looking);
check();
for (const watch of watches) watch.checkEnd();
pulse.stop();
const timers = await timersLeft();
if (timers > 0) violate('no timer is left', `${timers} are`);

server.send('stop');
const faults = /** @type {Record<string, number>} */ (await hear());
await once(server, 'exit');
requests.close();
await lookWhatIsLeft();
report();

/** The server's next words. @returns {Promise<unknown>} */
async function hear() {
  const [message] = await once(server, 'message');
  return message;
}

function check() {
  for (const watch of watches) watch.check();
}

/** What the heap holds from time to time, but for the first fifth. @param {number} ms */
async function watchHeap(ms) {
  const held = [];
  await wait(ms / 5);
  for (let sample = 0; sample < SAMPLES; sample++) {
    await wait((ms * 4) / 5 / SAMPLES);
    held.push(await heldBytes());
  }
  return held;
}

/** With sound upstreams, and calls as before, every circuit has to close. */
async function heal() {
  const isHealed = () => watches.every(({ setup }) => setup.breaker.state === 'CLOSED');
  const end = performance.now() + PATIENCE;
  while (!isHealed() && performance.now() < end) await wait(CHECK);
  for (const { setup } of watches) {
    const { name, state } = setup.breaker;
    if (state !== 'CLOSED') violate('every breaker is led back to CLOSED', `${name} is ${state}`);
  }
}

async function lookWhatIsLeft() {
  const handles = await handlesLeft(PATIENCE);
  if (handles.length > 0)
    violate('nothing keeps the process alive', `${handles.length} of ${[...new Set(handles)].join(', ')}`);
  await heldBytes(); // what follows the signal for those who hold its call's own goes with them
  const listeners = getEventListeners(lifelong, 'abort').length;
  if (listeners > 0) violate('no listener is left on the signal', `${listeners} are`);
  if (growthOf(samples) > GROWTH) violate('the heap does not grow', `by ${inWords(growthOf(samples))} bytes`);
  // Ends the process only where something else keeps it from ending.
  setTimeout(() => {
    console.log('✗ the process ends by itself: it does not');
    process.exit(1);
  }, PATIENCE).unref();
}

function report() {
  const figures = sumByKey(watches.map((watch) => watch.figures));
  const happened = Object.entries(FAULTS).map(
    ([fault, what]) => /** @type {[string, number]} */ ([`fault: ${what}`, faults[fault] ?? 0]),
  );
  printCounts([...figures].sort());
  printCounts(happened);
  for (const [rule, { times, first }] of violations)
    console.log(`✗ ${rule}: ${inWords(times)} times; first: ${first}`);
  const broken = sum([...violations.values()].map(({ times }) => times));
  const totals = watches.map(({ setup }) => setup.breaker.metrics.totals);
  console.log(
    [
      `seed ${seed}, ${Math.round((performance.now() - start) / 1_000)} s`,
      `${inWords(sum(totals.map(({ calls }) => calls)))} calls run`,
      `${inWords(sum(totals.map(({ rejected }) => rejected)))} rejected`,
      `${inWords(sum(Object.values(faults)))} faults`,
      `heap grew by ${inWords(Math.round(growthOf(samples) / 1_024))} kB`,
      `${inWords(broken)} violations`,
    ].join(', '),
  );
  if (broken > 0) process.exitCode = 1;
}
