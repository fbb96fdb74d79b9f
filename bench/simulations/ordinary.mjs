// @ts-nocheck: plain scripts, whose figures are checked by running them
/** Traffic in which nothing is down: how often it opens all the same; and then an outage, until it is seen. */
import { createRandom, exponential, normal } from './chance.mjs';
import { simulate } from './engine.mjs';

const HOUR = 3_600_000;

/** Each bad request is tried three times, so that its failures come one after the other. */
function retries() {
  let left = 0;
  return (_, random) => {
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
  return (now, random) => {
    if (now > to) {
      from = now + exponential(chance) * (HOUR / 8);
      to = from + 50 + 150 * chance();
    }
    return { ok: !(now >= from && now < to) && random() >= 0.01, ms: 20 };
  };
}

/** One of eight shards is down half of the time, ten minutes at a time. */
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
  return (now, random) => {
    const passed = now - before;
    before = now;
    let level = 0;
    for (const [at, span] of spans.entries()) {
      const kept = Math.exp(-passed / span);
      levels[at] = levels[at] * kept + normal(chance) * 0.4 * Math.sqrt(1 - kept * kept);
      level += levels[at];
    }
    return { ok: random() >= Math.min(0.03 * Math.exp(level), 0.9), ms: 20 };
  };
}

const independent = (rate) => () => (_, random) => ({ ok: random() >= rate, ms: 20 });

/** Two levels of traffic that take turns, of a minute each in the mean. */
function bursts() {
  const chance = createRandom(55);
  let until = 0;
  let level = 20;
  return (now) => {
    while (now > until) {
      until += exponential(chance) * 60_000;
      level = level === 20 ? 80 : 20;
    }
    return level;
  };
}

export const TRAFFIC = [
  { name: 'bad requests 3 %, each tried 3 times', rate: () => 20, highest: 20, dependency: retries },
  { name: 'hard blips of 50 to 200 ms, 8 an hour', rate: () => 50, highest: 50, dependency: hardBlips },
  { name: 'one shard of 8 down half of the time', rate: () => 20, highest: 20, dependency: shard },
  { name: 'long memory around 3 %', rate: () => 20, highest: 20, dependency: longMemory },
  { name: 'steady 20 %', rate: () => 20, highest: 20, dependency: independent(0.2) },
  {
    name: 'bursts of traffic, independent 1 %',
    rate: bursts,
    highest: 80,
    dependency: independent(0.01),
    makesRate: true,
  },
  {
    name: 'low traffic, 0.1/s, independent 1 %',
    rate: () => 0.1,
    highest: 0.1,
    dependency: independent(0.01),
  },
];

/** @param {import('./engine.mjs').Subject} subject @param {number} seed @param {number} hours */
export async function runOrdinary(subject, { rate, highest, dependency, makesRate }, seed, hours) {
  const down = hours * HOUR;
  const lasts = down + (highest < 1 ? 1_200_000 : 30_000);
  const answer = dependency();
  let trips = 0;
  let seenAfter;
  let wasRejected = false;
  await simulate(subject, {
    seed,
    lasts,
    rate: makesRate ? rate() : rate,
    highestRate: highest,
    dependency: (now, random) => (now >= down ? { ok: false, ms: 20 } : answer(now, random)),
    watch({ start, admitted }) {
      if (start < down && !admitted && !wasRejected) trips++;
      if (start >= down && !admitted) seenAfter ??= start - down;
      // A trip is told from the ramp and the probes by a minute without rejections.
      if (!admitted) wasRejected = start;
      else if (wasRejected !== false && start - wasRejected > 60_000) wasRejected = false;
    },
  });
  return { tripsADay: (trips * 24) / hours, seenAfter };
}
