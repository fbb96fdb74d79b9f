/** 150 calls a second to a server that takes 200, and for two seconds only 60. */
import { Resilience } from 'recloser/resilience';
import { simulatedClock } from './clock.mjs';
import { createServer } from './server.mjs';

const CALLS_PER_SECOND = 150;
const RATE = 200;
const RATE_IN_TROUBLE = 60;
/** Milliseconds. */
const TROUBLE = { from: 2_000, to: 4_000 };
const END = 12_000;
/** The last three seconds tell whether it has recovered. */
const LAST = END - 3_000;

const retry = { maxAttempts: 4, backoff: { initial: 50, max: 400, jitter: 1 } };
/** @type {import('recloser/resilience').ResilienceOptions} */
const noBreaker = { failureThreshold: false, failureRateThreshold: false };
/** @type {import('recloser/resilience').ResilienceOptions} */
const breaker = {
  failureRateThreshold: 0.5,
  failureThreshold: false,
  window: { type: 'time', duration: 1_000, buckets: 10 },
  recoveryTimeout: 500,
};

/**
 * What is compared.
 *
 * @type {readonly { title: string, options: import('recloser/resilience').ResilienceOptions }[]}
 */
export const CLIENTS = [
  { title: 'no budget, no breaker', options: { retry, retryBudget: false, ...noBreaker } },
  { title: 'budget, no breaker', options: { retry, ...noBreaker } },
  { title: 'breaker, no budget', options: { retry, retryBudget: false, ...breaker } },
  { title: 'budget and breaker', options: { retry, ...breaker } },
];

/** @param {number} time */
const isTrouble = (time) => time >= TROUBLE.from && time < TROUBLE.to;

/**
 * One run: what came of it for one client.
 *
 * @param {import('recloser/resilience').ResilienceOptions | undefined} options
 * @param {number} seed
 */
export async function storm(options, seed = 1) {
  const clock = simulatedClock(seed);
  const server = createServer(clock, (now) => (isTrouble(now) ? RATE_IN_TROUBLE : RATE));
  const client = new Resilience({ name: 'server', callTimeout: 100, clock, ...options });
  const phases = {
    down: { calls: 0, requests: 0 },
    after: { calls: 0, requests: 0 },
    last: { calls: 0, good: 0 },
  };
  /** @param {number} time */
  const phaseAt = (time) => (isTrouble(time) ? phases.down : time >= TROUBLE.to ? phases.after : undefined);

  const call = async () => {
    const startedAt = clock.now();
    const phase = phaseAt(startedAt);
    if (phase !== undefined) phase.calls++;
    const result = await client.tryCall(() => {
      const now = phaseAt(clock.now());
      if (now !== undefined) now.requests++;
      return server.request();
    });
    if (startedAt < LAST) return;
    phases.last.calls++;
    if (result.ok) phases.last.good++;
  };
  for (let at = 0; at < END; at += 1_000 / CALLS_PER_SECOND) clock.setTimeout(() => void call(), at);
  await clock.runUntil(END + 3_000);

  return {
    down: phases.down.requests / phases.down.calls,
    after: phases.after.requests / phases.after.calls,
    good: phases.last.good / phases.last.calls,
    waiting: server.waiting,
  };
}
