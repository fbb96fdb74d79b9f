/**
 * A service whose breakers do everything that breakers can do, over and over. It runs as a process of its own, in a
 * folder into which the package is installed, and prints where its metrics are.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import * as client from 'prom-client';
import { CircuitBreakerRegistry } from 'recloser';
import { instrument } from 'recloser/prometheus';

const breakers = new CircuitBreakerRegistry({
  defaults: { recoveryTimeout: 0, successThreshold: 1, failureThreshold: 1 },
});
instrument(breakers, { client });

const steady = breakers.getOrCreate('steady');
const mixed = breakers.getOrCreate('mixed', {
  failureThreshold: false,
  failureRateThreshold: false,
  callTimeout: 20,
  excludedErrors: [TypeError],
  fallback: () => 'less',
});
const flapping = breakers.getOrCreate('flapping');
const open = breakers.getOrCreate('open');
const failing = breakers.getOrCreate('failing');
const probing = breakers.getOrCreate('probing', { halfOpenMaxCalls: 1, probeTimeout: 1e9 });
const observing = breakers.getOrCreate('observing', { mode: 'observe', recoveryTimeout: 1e9 });
const odd = breakers.getOrCreate('odd "name" \\ of ä');

open.forceOpen('for good');
observing.trip('seen, and not acted on');
probing.trip();
probing.acquire(); // a probe that never settles

const succeed = async () => 'good';
const fail = async () => {
  throw Object.assign(new Error('nobody is there'), { code: 'ECONNREFUSED' });
};
const hang = () => new Promise(() => {});
const mistake = async () => {
  throw new TypeError('not the dependency');
};

async function round() {
  await Promise.allSettled([
    steady.call(succeed),
    odd.call(succeed),
    mixed.call(succeed),
    mixed.call(fail),
    mixed.call(hang),
    mixed.call(mistake),
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
  server.close();
  server.closeAllConnections();
});
