/** The detector before a real server, over loopback: what hangs, slows down or stands still is no simulation here. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CircuitBreaker, isCircuitBreakerOpenError } from 'recloser';
import { adaptive } from 'recloser/adaptive';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

/** A server in a thread of its own, so that it answers while this one stands still. */
const SERVER = `
const { createServer } = require('node:http');
const { parentPort } = require('node:worker_threads');
let mode = 'well';
const answers = {
  well: (response) => setTimeout(() => response.end('well'), 20),
  slow: (response) => setTimeout(() => response.end('slow'), 3_000),
  hanging: () => {},
  down: (response) => response.writeHead(503).end(),
};
const server = createServer((_, response) => answers[mode](response));
server.keepAliveTimeout = 1_000;
parentPort.on('message', (message) => {
  if (message === 'close') {
    server.closeAllConnections();
    server.close(() => process.exit());
  } else {
    mode = message;
    parentPort.postMessage('done');
  }
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

let server: Worker;
let url: string;
let client: AbortController;

async function become(mode: 'well' | 'slow' | 'hanging' | 'down'): Promise<void> {
  server.postMessage(mode);
  await once(server, 'message');
}

beforeAll(async () => {
  server = new Worker(SERVER, { eval: true });
  const [port] = await once(server, 'message');
  url = `http://127.0.0.1:${port}/`;
  // The first request loads the client.
  await (await fetch(url)).text();
});

afterAll(async () => {
  server.postMessage('close');
  await once(server, 'exit');
});

beforeEach(async () => {
  client = new AbortController();
  await become('well');
});

afterEach(() => client.abort());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls at 100 a second; of each, whether it was sent. What has not ended is left in flight. */
function createTraffic(breaker: CircuitBreaker) {
  const traffic = { sent: 0, rejected: 0, answered: 0 };
  const call = () =>
    breaker
      .call(async () => {
        traffic.sent++;
        const response = await fetch(url, { signal: client.signal });
        await response.text();
        if (!response.ok) throw new Error(String(response.status));
        traffic.answered++;
      })
      .catch((error) => {
        if (isCircuitBreakerOpenError(error)) traffic.rejected++;
      });

  return {
    traffic,
    call,
    /** For so many ms, or until the circuit is open. */
    async run(ms: number): Promise<void> {
      const from = performance.now();
      for (let calls = 0; performance.now() - from < ms && breaker.state === 'CLOSED'; calls++) {
        while (performance.now() - from < calls * 10) await pause(1);
        void call();
      }
    },
  };
}

const createBreaker = () => new CircuitBreaker({ name: 'search', detector: adaptive() });

describe('an adaptive detector before a real server', () => {
  it.each([
    ['hanging', 60],
    ['slow', 60],
    ['down', 70],
  ] as const)('opens when it is %s, after at most %i calls at 100 a second', async (mode, most) => {
    const breaker = createBreaker();
    const { traffic, run } = createTraffic(breaker);
    while (traffic.answered < 60 && breaker.state === 'CLOSED') await run(200);
    const before = { ...traffic, state: breaker.state };
    const learned = breaker.metrics.detector?.overdueAfter;

    await become(mode);
    traffic.sent = 0;
    await run(5_000);

    expect(before).toMatchObject({ state: 'CLOSED', rejected: 0 });
    expect(breaker.state).toBe('OPEN');
    expect(breaker.metrics.lastTransition).toMatchObject({ reason: 'detector' });
    // Latencies spread on a machine that is busy: what is overdue is so later, and is told.
    const until = Number(learned) + 350;
    expect(traffic.sent).toBeLessThanOrEqual(Math.max(most, until / 10));
  });

  it('opens nothing when this process stands still for two seconds with 50 calls in flight', async () => {
    const breaker = createBreaker();
    const { traffic, call, run } = createTraffic(breaker);
    await run(800);
    const calls = Array.from({ length: 50 }, () => call());

    const until = performance.now() + 2_000;
    while (performance.now() < until);
    const after = [call(), call()];
    await Promise.all([...calls, ...after]);
    await run(300);

    expect(breaker.state).toBe('CLOSED');
    expect(traffic.rejected).toBe(0);
    expect(breaker.metrics.totals.failures).toBe(0);
  });

  it('lets calls through again, a share at first, when the server is well again', async () => {
    const breaker = new CircuitBreaker({
      name: 'search',
      detector: adaptive({ ramp: 400 }),
      recoveryTimeout: 50,
    });
    const { traffic, call, run } = createTraffic(breaker);
    await run(300);
    await become('down');
    await run(5_000);
    await become('well');

    const deadline = performance.now() + 5_000;
    while (breaker.state !== 'CLOSED' && performance.now() < deadline) {
      await pause(20);
      await call();
    }
    traffic.rejected = 0;
    await run(300);
    const shareAtFirst = traffic.rejected;
    await run(400);
    traffic.rejected = 0;
    await run(200);

    expect(breaker.state).toBe('CLOSED');
    expect(shareAtFirst).toBeGreaterThan(0);
    expect(traffic.rejected).toBe(0);
    expect(breaker.metrics.detector).toMatchObject({ admitted: 1 });
  });
});
