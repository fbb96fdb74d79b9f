/** Measures requests to a server on loopback, through a breaker and without one, in turns. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { figureOf, quantile, ratios } from './figures.mjs';
import { openConnections } from './http-client.mjs';
import { loadPeer } from './peers/index.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { NEVER_TRIPS } from './tasks.mjs';

const { library, share, ms } = order;

const server = fork(fileURLToPath(new URL('http-server.mjs', import.meta.url)), [String(share)]);
const [port] = await once(server, 'message');
const connections = await openConnections(port, order.connections);

const bare = (get) => get();
const guarded = await createGuarded();
await load(bare, ms);
await load(guarded, ms);
const rounds = { bare: [], guarded: [] };
const turns = [
  [rounds.bare, bare],
  [rounds.guarded, guarded],
];
for (let round = 0; round < order.rounds; round++) {
  for (const [results, request] of turns) results.push(await load(request, ms));
  turns.reverse(); // whoever goes first may have it easier
}
for (const connection of connections) connection.close();
server.disconnect();
answerParent({ perSecond: figuresOf('perSecond'), p50: figuresOf('p50'), p99: figuresOf('p99') });

/** Of one thing that was measured in each round: without a breaker, with one, and how many times as much that is. */
function figuresOf(key) {
  const withoutOne = rounds.bare.map((round) => round[key]);
  const withOne = rounds.guarded.map((round) => round[key]);
  return {
    bare: figureOf(withoutOne),
    guarded: figureOf(withOne),
    ratio: figureOf(ratios(withOne, withoutOne)),
  };
}

/** A breaker that sees the errors and stays closed, and runs one request after the other. */
async function createGuarded() {
  if (library === 'recloser') {
    const { CircuitBreaker } = await loadRecloser();
    const breaker = new CircuitBreaker(NEVER_TRIPS);
    return (get) => breaker.call(get);
  }
  const { create } = await loadPeer(library);
  return create((get) => get(), { trips: false });
}

/** Keeps every connection busy for a while: requests a second, and latencies in ms. */
async function load(request, duration) {
  const latencies = [];
  const start = performance.now();
  const keepBusy = async ({ get }) => {
    for (let now = performance.now(); now - start < duration; ) {
      await request(get).catch(() => {});
      const end = performance.now();
      latencies.push(end - now);
      now = end;
    }
  };
  await Promise.all(connections.map(keepBusy));
  const perSecond = (latencies.length / (performance.now() - start)) * 1_000;
  return { perSecond, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}
