/**
 * What sharing costs, beside not sharing and beside asking Redis on every call: `node bench/fleet.mjs`, after a build. It
 * starts the `redis-server` of this machine and three processes; Redis is healthy, 20 ms away, silent, and down.
 *
 * `--calls 2000` for each process, `--interval 2000` between two polls.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startRedis } from '../examples/fleet/redis.mjs';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '1000' }, interval: { type: 'string', default: '2000' } },
});
const [calls, interval] = [Number(values.calls), Number(values.interval)];

const SUBJECTS = ['no sharing', 'recloser/redis', 'read and write per call', 'lock per call'];
const PROCESSES = 3;

const redis = await startRedis();
const admin = (await redis.connect()).client;
const proxy = await startProxy(redis.port);

console.log(
  `${PROCESSES} processes, ${calls} calls each, one after another, of a task that takes 1 ms; a closed circuit.`,
);
console.log(`\n| Redis | subject | script and data calls | failed calls | calls/s | p50 ms | p99 ms |`);
console.log('|---|---|---|---|---|---|---|');
for (const weather of ['healthy', '20 ms away', 'silent', 'down']) {
  for (const subject of SUBJECTS) {
    await admin(['FLUSHALL']);
    await admin(['CONFIG', 'RESETSTAT']);
    proxy.behave('healthy');
    const workers = Array.from({ length: PROCESSES }, () =>
      fork(fileURLToPath(new URL('fleet-worker.mjs', import.meta.url))),
    );
    const order = { subject, calls, interval, port: proxy.port };
    for (const worker of workers) worker.send(order);
    await Promise.all(workers.map((worker) => once(worker, 'message'))); // connected
    proxy.behave(weather);
    for (const worker of workers) worker.send('go');
    const results = (await Promise.all(workers.map((worker) => once(worker, 'message')))).map(([it]) => it);
    for (const worker of workers) worker.kill();
    const stats = String(await admin(['INFO', 'commandstats']));
    const waits = results.flatMap((it) => it.waits).sort((a, b) => a - b);
    const at = (share) => (waits[Math.floor((waits.length - 1) * share)] ?? 0).toFixed(1);
    const rate = Math.round(results.reduce((sum, it) => sum + (it.waits.length / it.ms) * 1_000, 0));
    const failed = results.reduce((sum, it) => sum + it.failed, 0);
    console.log(
      `| ${weather} | ${subject} | ${commandsIn(stats)} | ${failed} | ${rate} | ${at(0.5)} | ${at(0.99)} |`,
    );
  }
}
proxy.close();
await redis.stop();
process.exit();

/** Scripts that were run, and commands beside them that a design sends per call. */
function commandsIn(stats) {
  const of = (name) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return ['eval', 'evalsha', 'get', 'set'].reduce((sum, name) => sum + of(name), 0);
}

/** Between a client and Redis: it may be far away, say nothing, or be gone. */
async function startProxy(port) {
  let weather = 'healthy';
  const sockets = new Set();
  const server = createServer((socket) => {
    if (weather === 'down') return socket.destroy();
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ]) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
      from.on('data', (data) => {
        if (weather === 'silent') return;
        if (weather === '20 ms away') setTimeout(() => to.write(data), 10);
        else to.write(data);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    behave(next) {
      weather = next;
      if (next === 'down') for (const socket of sockets) socket.destroy();
    },
    close: () => server.close(),
  };
}
