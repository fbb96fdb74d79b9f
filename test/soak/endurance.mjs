/**
 * Ten million calls over every outcome leave the heap where it was: `npm run test:endurance`.
 *
 *     --calls <n>         how many, at least; 10,000,000 unless told
 *     --plant <leak>      what is kept of each thousandth call, to see that it is noticed: a leak of plants.mjs
 *     --recloser <path>   the build to try; dist/index.js unless told
 */
import { getEventListeners, setMaxListeners } from 'node:events';
import { inWords, printCounts } from './figures.mjs';
import { handlesLeft } from './handles.mjs';
import { growthOf, heldBytes } from './heap.mjs';
import { pick, readOptions } from './options.mjs';
import { createScenarios } from './outcomes.mjs';
import { LEAKS } from './plants.mjs';

/** How often the heap is looked at. A fifth of all calls is made before, for the engine to compile what it will. */
const SAMPLES = 40;
const WARM_UP = 0.2;

/** Growth that is not called a leak: the engine's own housekeeping, and far less than a byte for each call. */
const TOLERATED = { bytes: 512 * 1_024, perCall: 0.05 };

const { calls: wanted, plant, recloser } = await readOptions({ calls: 10_000_000, plant: 'nothing' });
const { leak } = pick(LEAKS, plant, 'plant');
const { signal } = new AbortController();
setMaxListeners(0, signal); // calls in flight are many
process.removeAllListeners('warning'); // the conflicts that are made would each be printed

let calls = 0;
/** How often calls ended how. @type {Map<string, number>} */
const ends = new Map();
const scenarios = createScenarios({
  recloser,
  clock: {
    time: 0,
    now() {
      return this.time;
    },
  },
  signal,
  count(end) {
    calls++;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (calls % 1_000 === 0) leak(signal);
  },
});

/** Makes calls until there are as many in all. @param {number} total */
async function callUntil(total) {
  while (calls < total) for (const scenario of scenarios) await scenario();
}

const start = performance.now();
await callUntil(wanted * WARM_UP);
const warm = calls;
const samples = [await heldBytes()];
for (let sample = 1; sample < SAMPLES; sample++) {
  await callUntil(warm + ((wanted - warm) * sample) / (SAMPLES - 1));
  samples.push(await heldBytes());
}

const growth = growthOf(samples);
const tolerated = TOLERATED.bytes + TOLERATED.perCall * (calls - warm);
await heldBytes(); // what follows the signal for those who hold its call's own goes with them
const listeners = getEventListeners(signal, 'abort').length;
const handles = await handlesLeft(0);
const problems = [
  growth > tolerated && `the heap does not grow: by ${kilo(growth)}, and ${kilo(tolerated)} are tolerated`,
  listeners > 0 && `no listener is left on the signal: ${inWords(listeners)} are`,
  handles.length > 0 && `nothing keeps the process alive: ${inWords(handles.length)} of ${handles[0]}`,
].filter((problem) => problem !== false);

printCounts([...ends].sort());
for (const problem of problems) console.log(`✗ ${problem}`);
const summary = [
  `${inWords(calls)} calls in ${Math.round((performance.now() - start) / 1_000)} s`,
  `${ends.size} ways to end`,
  `heap ${kilo(samples[0] ?? 0)}, grew by ${kilo(growth)} of ${kilo(tolerated)} tolerated`,
  `${inWords(listeners)} listeners left`,
  `${inWords(handles.length)} handles left`,
];
console.log(summary.join(', '));
process.exit(problems.length > 0 ? 1 : 0); // what was planted may keep the process alive

/** @param {number} bytes */
function kilo(bytes) {
  return `${inWords(Math.round(bytes / 1_024))} kB`;
}
