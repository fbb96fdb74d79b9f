/** Faults of a minute, after a minute of good health: what is sent into them, and what gets through. */
import { lognormal } from './chance.mjs';
import { simulate } from './engine.mjs';

const FROM = 60_000;
const TO = 120_000;
const LASTS = 180_000;
/** When callers give up on a call that hangs. */
const GIVE_UP = 2_000;
/** Callers of an overloaded dependency give up sooner. */
const PATIENCE = 1_000;

/**
 * @param {import('./engine.mjs').Dependency} bad
 * @param {(random: () => number) => number} [latency]
 * @returns {() => import('./engine.mjs').Dependency}
 */
const broken =
  (bad, latency = () => 50) =>
  () =>
  (now, random) =>
    now >= FROM && now < TO ? bad(now, random) : { ok: random() >= 0.01, ms: latency(random) };

/** One queue. Whoever waits for too long gives up, and is served all the same. */
const overloaded = () => {
  let free = 0;
  return (/** @type {number} */ now) => {
    const each = now >= FROM && now < TO ? 10 : 1;
    free = Math.max(free, now) + each;
    const ms = free - now + 5;
    return ms > PATIENCE ? { ok: false, ms: PATIENCE } : { ok: true, ms };
  };
};

export const FAULTS = [
  { name: 'hard', rate: 100, dependency: broken(() => ({ ok: false, ms: 50 })) },
  { name: 'hang', rate: 100, dependency: broken(() => ({ ok: false, ms: GIVE_UP })) },
  {
    name: 'hang, lognormal latency',
    rate: 100,
    dependency: broken(() => ({ ok: false, ms: GIVE_UP }), lognormal(40, 650)),
  },
  { name: 'partial', rate: 100, dependency: broken((_, random) => ({ ok: random() >= 0.2, ms: 50 })) },
  { name: 'overload', rate: 200, dependency: overloaded },
];

/** @param {import('./engine.mjs').Subject} subject @param {(typeof FAULTS)[number]} fault @param {number} seed */
export async function runFault(subject, { rate, dependency }, seed) {
  const seen = { failing: 0, ok: 0, before: 0, perSecond: new Array(LASTS / 1_000).fill(0) };
  await simulate(subject, {
    seed,
    lasts: LASTS,
    rate,
    dependency: dependency(),
    watch({ start, end, admitted, ok }) {
      if (start < FROM && !admitted) seen.before++;
      if (ok) seen.perSecond[Math.min(Math.floor(end / 1_000), LASTS / 1_000 - 1)]++;
      if (start < FROM || start >= TO || !admitted) return;
      if (ok) seen.ok++;
      else seen.failing++;
    },
  });
  return { ...seen, goodput: seen.ok / 60 };
}

/**
 * The share of blips of this length that open the circuit.
 *
 * @param {import('./engine.mjs').Subject} subject
 * @param {number} rate calls a second
 * @param {number} length ms
 * @param {number} seed
 * @param {number} [count]
 */
export async function runBlips(subject, rate, length, seed, count = 40) {
  const every = 30_000;
  const opened = new Set();
  await simulate(subject, {
    seed,
    lasts: count * every,
    rate: (now) => (now % every < 5_000 ? rate : 20),
    highestRate: rate,
    dependency: (now, random) => {
      const at = now % every;
      return { ok: !(at >= 1_000 && at < 1_000 + length) && random() >= 0.01, ms: 20 };
    },
    watch: ({ start, admitted }) => {
      const at = start % every;
      if (!admitted && at < 3_000) opened.add(Math.floor(start / every));
    },
  });
  return opened.size / count;
}
