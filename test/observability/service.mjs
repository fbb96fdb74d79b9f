/**
 * A service whose breakers do everything that breakers can do, over and over. It runs as a process of its own, in a
 * folder into which the package is installed, and prints where its metrics are.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import * as client from 'prom-client';
import { CircuitBreakerRegistry } from 'recloser';
import { instrument, instrumentFleet } from 'recloser/prometheus';
import { createMemoryRedis, shareState } from 'recloser/redis';

const breakers = new CircuitBreakerRegistry({
  defaults: { recoveryTimeout: 0, successThreshold: 1, failureThreshold: 1 },
});

/** Stands in for `recloser/resilience`, around one breaker: totals grow with the rounds. */
const totals = {
  attempts: 0,
  retries: 0,
  recovered: 0,
  hedges: 0,
  hedgesWon: 0,
  bulkheadRejected: 0,
  rateLimited: 0,
  refused: { attempts: 0, open: 0, budget: 0 },
};
const waits = new Set();
const around = {
  metrics: {
    budget: { available: 0, capacity: 100 },
    waiting: { bulkhead: 9, rateLimit: 1, backoff: 1 },
    pausedFor: 1_500,
    totals,
  },
  bulkhead: { queue: 10 },
  rateLimiter: { queue: 10 },
  /** @param {string} event @param {(event: any) => void} listener */
  on(event, listener) {
    if (event === 'wait') waits.add(listener);
    return () => waits.delete(listener);
  },
};
const resilience = { get: (/** @type {string} */ name) => (name === 'steady' ? around : undefined) };

function growTotals() {
  totals.attempts += 15;
  totals.retries += 4;
  totals.hedges += 1;
  for (const total of /** @type {const} */ (['recovered', 'hedgesWon', 'bulkheadRejected', 'rateLimited']))
    totals[total]++;
  for (const reason of /** @type {const} */ (['attempts', 'open', 'budget'])) totals.refused[reason]++;
  for (const wait of waits) wait({ breaker: 'steady', queue: 'bulkhead', waited: 20, attempt: 1 });
}

instrument(breakers, { client, resilience, cost: { perCall: 0.01, currency: 'USD' } });

const steady = breakers.getOrCreate('steady');
const mixed = breakers.getOrCreate('mixed', {
  failureThreshold: false,
  failureRateThreshold: false,
  callTimeout: 20,
  excludedErrors: [TypeError],
  fallback: () => 'less',
});
const values = breakers.getOrCreate('values', {
  failureThreshold: false,
  failureRateThreshold: false,
  isFailure: ({ value }) => /** @type {any} */ (value)?.status === 503,
});
const flapping = breakers.getOrCreate('flapping');
const open = breakers.getOrCreate('open');
const failing = breakers.getOrCreate('failing');
const probing = breakers.getOrCreate('probing', { halfOpenMaxCalls: 1, probeTimeout: 1e9 });
const observing = breakers.getOrCreate('observing', { mode: 'observe', recoveryTimeout: 1e9 });
const odd = breakers.getOrCreate('odd "name" \\ of ä');

const closed = breakers.getOrCreate('closed');

/** Stands in for a breaker with a detector. */
const learning = breakers.getOrCreate('learning');
const { metrics } = learning;
const detector = {
  lines: ['1/2'],
  evidence: [3],
  thresholds: [9],
  admitted: 0.4,
  degraded: true,
  overdue: 0,
};
Object.defineProperty(learning, 'metrics', { get: () => ({ ...metrics, detector: { ...detector } }) });

/** @param {string} namespace @param {(command: readonly string[]) => Promise<unknown>} redis */
function createFleet(namespace, redis) {
  const shared = new CircuitBreakerRegistry();
  shared.getOrCreate('payments');
  const fleet = shareState(shared, { client: redis, namespace, pollInterval: 200 });
  instrumentFleet(fleet, { client });
  return fleet;
}

const fleets = [createFleet('shop', createMemoryRedis().client)];
if (process.argv[2] === 'split') {
  await fleets[0]?.forceOpen('payments', 'what others have not heard');
  fleets.push(createFleet('alone', () => Promise.reject(new Error('no Redis'))));
}

open.forceOpen('for good');
closed.forceClosed();
observing.trip('seen, and not acted on');
probing.trip();
probing.acquire(); // a probe that never settles

const succeed = async () => 'good';
const fail = async () => {
  throw Object.assign(new Error('nobody is there'), { code: 'ECONNREFUSED' });
};
const hang = () => new Promise(() => {});
const unavailable = async () => ({ status: 503 });
const mistake = async () => {
  throw new TypeError('not the dependency');
};

async function round() {
  growTotals();
  detector.overdue++;
  await Promise.allSettled([
    steady.call(succeed),
    odd.call(succeed),
    mixed.call(succeed),
    mixed.call(fail),
    mixed.call(hang),
    mixed.call(mistake),
    values.call(unavailable),
    closed.call(succeed),
    learning.call(succeed),
    open.call(succeed),
    probing.call(succeed),
    observing.call(succeed),
    failing.call(fail),
  ]);
  await flapping.call(fail).catch(() => {}); // CLOSED → OPEN
  await flapping.call(succeed); // OPEN → HALF_OPEN → CLOSED
}

const rounds = setInterval(round, 50);

const server = createServer(async (_request, response) => {
  response.setHeader('content-type', client.register.contentType).end(await client.register.metrics());
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}\n`);

process.once('disconnect', () => {
  clearInterval(rounds);
  for (const fleet of fleets) void fleet.stop();
  server.close();
  server.closeAllConnections();
});
