/**
 * `recloser/opossum` beside opossum, in one process and in turns: `npm run build && node bench/install.mjs`, then
 * `node bench/opossum.mjs`. It ends with 1 where a ratio is above its limit.
 */
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
process.exitCode = isWithin ? 0 : 1;
