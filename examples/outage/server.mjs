/**
 * The dependency: a real HTTP server that tells prices and has a bad day. It treats all clients alike, and counts
 * whose calls reach it while it fails.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

/** @typedef {import('node:http').ServerResponse} ServerResponse */

/** What the server does in each phase of its day. */
const PHASES = {
  healthy: { does: 'answers at once', fails: false, respond: respondSoon },
  outage: { does: 'cuts connections and answers 503', fails: true, respond: respondBadly },
  slow: { does: 'answers, but far too late', fails: true, respond: respondLate },
  recovered: { does: 'answers at once again', fails: false, respond: respondSoon },
};

/** @typedef {keyof typeof PHASES} PhaseName */

/** Starts the server, healthy, on a free port of the loopback interface. */
export async function startServer() {
  let phase = PHASES.healthy;
  /** @type {Map<unknown, number>} */
  const failedCalls = new Map();
  /** @param {unknown} client */
  const failedCallsOf = (client) => failedCalls.get(client) ?? 0;

  const server = createServer(({ headers }, response) => {
    const client = headers['x-client'];
    if (phase.fails) failedCalls.set(client, failedCallsOf(client) + 1);
    phase.respond(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${port}/price`,
    failedCallsOf,

    /**
     * @param {PhaseName} name
     * @returns what it does from now on
     */
    enter(name) {
      phase = PHASES[name];
      return phase.does;
    },

    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @param {ServerResponse} response */
function respondSoon(response) {
  respondAfter(10 + 30 * Math.random(), response);
}

/** @param {ServerResponse} response */
function respondBadly(response) {
  if (Math.random() < 0.5) response.destroy();
  else response.writeHead(503).end();
}

/** @param {ServerResponse} response */
function respondLate(response) {
  respondAfter(3_000, response);
}

/**
 * @param {number} delay milliseconds
 * @param {ServerResponse} response
 */
function respondAfter(delay, response) {
  const timer = setTimeout(() => response.end('42'), delay);
  response.once('close', () => clearTimeout(timer)); // the client may have hung up
}
