/**
 * A server has a bad day: healthy, down, slow, and healthy again. Two clients live through it with the same callers,
 * one with a circuit breaker and one without. All of it is real, and every figure is measured.
 *
 *     npm run demo
 */
import { createGuardedClient, createPlainClient } from './clients.mjs';
import { liveThrough } from './day.mjs';
import { startServer } from './server.mjs';
import { summary } from './summary.mjs';
import { header, paint } from './timeline.mjs';

const CALLS_PER_SECOND = 50;

/**
 * The phases of the day, and how many seconds each of them lasts.
 *
 * @type {import('./day.mjs').Day}
 */
const DAY = [
  ['healthy', 2],
  ['outage', 3],
  ['slow', 4],
  ['recovered', 3],
];

const hasColors = process.stdout.isTTY && process.stdout.hasColors();

/** @param {readonly string[]} lines */
function print(...lines) {
  for (const line of lines) console.log(hasColors ? paint(line) : line);
}

async function main() {
  const server = await startServer();
  const guarded = createGuardedClient(server.url);
  const plain = createPlainClient(server.url);
  const { callTimeout, failureThreshold, recoveryTimeout } = guarded.breaker.options;
  try {
    print(
      `About ${CALLS_PER_SECOND} calls a second to ${server.url}, each made twice:`,
      `- with a breaker: gives a call ${callTimeout} ms, opens after ${failureThreshold} failures in a row,`,
      `  probes after ${recoveryTimeout} ms, and falls back to the last known price;`,
      `- without: gives a call ${plain.timeout} ms.`,
      'fail: failed, rej: rejected by the breaker, wait: still waiting; p50, p99: ms',
      '',
      ...header(),
    );
    const figures = await liveThrough({
      day: DAY,
      callsPerSecond: CALLS_PER_SECOND,
      server,
      guarded,
      plain,
      print,
    });
    print('', ...summary(figures));
  } finally {
    guarded.close();
    plain.close();
    server.close();
  }
}

main().catch((error) => {
  console.error(`The demo failed: ${error.message}`);
  process.exitCode = 1;
});
