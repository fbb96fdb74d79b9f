/** Measures requests to a server on loopback, through a breaker and without one, in turns. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openConnections } from './http-client.mjs';
import { median, quantile, spread } from './measure.mjs';
import { loadPeer } from './peers/index.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { NEVER_TRIPS } from './tasks.mjs';

const { library, share, rounds, ms, connections: count } = order;

const server = fork(fileURLToPath(new URL('http-server.mjs', import.meta.url)), [String(share)]);
const [port] = await once(server, 'message');
const connections = await openConnections(port, count);

const bare = (get) => get();
const guarded = await createGuarded();
await load(bare, ms);
await load(guarded, ms);
const figures = { bare: [], guarded: [] };
for (let round = 0; round < rounds; round++) {
  figures.bare.push(await load(bare, ms));
  figures.guarded.push(await load(guarded, ms));
}
for (const connection of connections) connection.close();
server.disconnect();

const ratios = (key) => figures.guarded.map((figure, round) => figure[key] / figures.bare[round][key]);
answerParent({
  bare: summaryOf(figures.bare),
  guarded: summaryOf(figures.guarded),
  perSecond: median(ratios('perSecond')),
  spread: spread(ratios('perSecond')),
  p99: median(ratios('p99')),
  p99Spread: spread(ratios('p99')),
});

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

/** Keeps every connection busy for a while. */
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

function summaryOf(rounds) {
  const of = (key) => median(rounds.map((round) => round[key]));
  return { perSecond: of('perSecond'), p50: of('p50'), p99: of('p99') };
}
