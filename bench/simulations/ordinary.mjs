/** Traffic in which nothing is down: how often it opens all the same; and then an outage, until it is seen. */
import { createRandom, exponential, normal } from './chance.mjs';
import { simulate } from './engine.mjs';

/**
 * @typedef {import('./engine.mjs').Dependency} Dependency
 *
 * @typedef {object} Traffic
 * @property {string} name
 * @property {(now: number) => number} [rate] calls a second
 * @property {() => (now: number) => number} [makeRate] where the rate has a state
 * @property {number} highest
 * @property {() => Dependency} dependency
 */

const HOUR = 3_600_000;

/** Each bad request is tried three times, so that its failures come one after the other. */
function retries() {
  let left = 0;
  return (/** @type {number} */ _, /** @type {() => number} */ random) => {
    if (left > 0) left--;
    else if (random() < 0.03) left = 3;
    return { ok: left === 0, ms: 20 };
  };
}

/** Eight blips an hour, of 50 to 200 ms, in which every call fails. */
function hardBlips() {
  const chance = createRandom(99);
  let from = exponential(chance) * (HOUR / 8);
  let to = from + 50 + 150 * chance();
  return (/** @type {number} */ now, /** @type {() => number} */ random) => {
    if (now > to) {
      from = now + exponential(chance) * (HOUR / 8);
      to = from + 50 + 150 * chance();
    }
    return { ok: !(now >= from && now < to) && random() >= 0.01, ms: 20 };
  };
}

/** One of eight shards is down half of the time, ten minutes at a time. @returns {Dependency} */
const shard = () => (now, random) => ({
  ok: !(Math.floor(now / 600_000) % 2 === 1 && random() < 1 / 8) && random() >= 0.01,
  ms: 20,
});

/** A failure rate with a long memory around 3 %: four processes that forget in 1, 10, 100 and 1,000 s. */
function longMemory() {
  const chance = createRandom(77);
  const spans = [1_000, 10_000, 100_000, 1_000_000];
  const levels = spans.map(() => 0);
  let before = 0;
  return (/** @type {number} */ now, /** @type {() => number} */ random) => {
    const passed = now - before;
    before = now;
    let level = 0;
    for (const [at, span] of spans.entries()) {
      const kept = Math.exp(-passed / span);
      const here = (levels[at] ?? 0) * kept + normal(chance) * 0.4 * Math.sqrt(1 - kept * kept);
      levels[at] = here;
      level += here;
    }
    return { ok: random() >= Math.min(0.03 * Math.exp(level), 0.9), ms: 20 };
  };
}

/** @param {number} rate @returns {() => Dependency} */
const independent = (rate) => () => (_, random) => ({ ok: random() >= rate, ms: 20 });

/** Two levels of traffic that take turns, of a minute each in the mean. */
function bursts() {
  const chance = createRandom(55);
  let until = 0;
  let level = 20;
  return (/** @type {number} */ now) => {
    while (now > until) {
      until += exponential(chance) * 60_000;
      level = level === 20 ? 80 : 20;
    }
    return level;
  };
}

/** @type {readonly Traffic[]} */
export const TRAFFIC = [
  { name: 'bad requests 3 %, each tried 3 times', rate: () => 20, highest: 20, dependency: retries },
  { name: 'hard blips of 50 to 200 ms, 8 an hour', rate: () => 50, highest: 50, dependency: hardBlips },
  { name: 'one shard of 8 down half of the time', rate: () => 20, highest: 20, dependency: shard },
  { name: 'long memory around 3 %', rate: () => 20, highest: 20, dependency: longMemory },
  { name: 'steady 20 %', rate: () => 20, highest: 20, dependency: independent(0.2) },
  {
    name: 'bursts of traffic, independent 1 %',
    makeRate: bursts,
    highest: 80,
    dependency: independent(0.01),
  },
  {
    name: 'low traffic, 0.1/s, independent 1 %',
    rate: () => 0.1,
    highest: 0.1,
    dependency: independent(0.01),
  },
];

/**
 * @param {import('./engine.mjs').Subject} subject
 * @param {Traffic} traffic
 * @param {number} seed
 * @param {number} hours
 */
export async function runOrdinary(subject, { rate, makeRate, highest, dependency }, seed, hours) {
  const down = hours * HOUR;
  const lasts = down + (highest < 1 ? 1_200_000 : 30_000);
  const answer = dependency();
  let trips = 0;
  /** @type {number | undefined} */
  let seenAfter;
  /** @type {number | undefined} */
  let wasRejected;
  await simulate(subject, {
    seed,
    lasts,
    rate: makeRate?.() ?? rate ?? highest,
    highestRate: highest,
    dependency: (now, random) => (now >= down ? { ok: false, ms: 20 } : answer(now, random)),
    watch({ start, admitted }) {
      if (start < down && !admitted && wasRejected === undefined) trips++;
      if (start >= down && !admitted) seenAfter ??= start - down;
      // A trip is told from the ramp and the probes by a minute without rejections.
      if (!admitted) wasRejected = start;
      else if (wasRejected !== undefined && start - wasRejected > 60_000) wasRejected = undefined;
    },
  });
  return { tripsADay: (trips * 24) / hours, seenAfter };
}
