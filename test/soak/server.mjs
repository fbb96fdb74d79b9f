/**
 * The upstreams of the soak, in a process of their own: servers on loopback that answer and fail as the weather is.
 * The parent is told the ports. It says `calm` when the faults are to end, and `stop` when all is over; then it is told
 * how often each fault happened.
 */
import { createServer } from 'node:http';
import { BODY, CALM, FAULTS, nextWeather, spell } from './faults.mjs';
import { createRandom } from './random.mjs';

/**
 * @typedef {import('./faults.mjs').Fault} Fault
 * @typedef {import('node:http').ServerResponse} Response
 */

/** Milliseconds after which a request that hangs is dropped, and that a slow answer takes. */
const HANG = 1_500;
const SLOW = 120;

const [seed = 0, count = 0] = process.argv.slice(2).map(Number);
const happened = /** @type {Record<Fault, number>} */ (
  Object.fromEntries(Object.keys(FAULTS).map((fault) => [fault, 0]))
);

/** @param {Response} response @param {number} status */
function answer(response, status) {
  response.writeHead(status, { 'content-length': BODY.length }).end(BODY);
}

/** @param {Response} response @param {() => void} then */
function sendHalf(response, then) {
  response.writeHead(200, { 'content-length': BODY.length });
  response.write(BODY.slice(0, BODY.length / 2), then);
}

/** @param {Response} response @param {number} ms @param {() => void} task */
function later(response, ms, task) {
  const timer = setTimeout(task, ms);
  response.once('close', () => clearTimeout(timer));
}

/** @type {Record<import('./faults.mjs').RequestFault, (response: Response) => void>} */
const RESPONSES = {
  reset: (response) => response.socket?.resetAndDestroy(),
  hang: (response) => later(response, HANG, () => response.destroy()),
  slow: (response) => later(response, SLOW, () => answer(response, 200)),
  error: (response) => answer(response, 503),
  missing: (response) => answer(response, 404),
  half: (response) => sendHalf(response, () => response.destroy()),
  stuck: (response) => sendHalf(response, () => later(response, HANG, () => response.destroy())),
};

/** One server with weather of its own. @param {import('./random.mjs').Random} random */
async function createUpstream(random) {
  let weather = CALM;
  const server = createServer((_, response) => {
    if (!random.chance(weather.share)) return answer(response, 200);
    const fault = random.pick(weather.faults);
    happened[fault]++;
    RESPONSES[fault](response);
  });
  server.keepAliveTimeout = 60_000;
  const port = await listen(0);

  /** @param {number} at @returns {Promise<number>} */
  function listen(at) {
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => {
        server.off('error', reject);
        resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
      });
    });
  }

  /** One change after the other: a server that is about to listen cannot be told to. */
  let turned = Promise.resolve();
  /** @param {import('./faults.mjs').Weather} next */
  const turn = (next) => {
    turned = turned.then(async () => {
      weather = next;
      if (weather.isDown && server.listening) {
        happened.refused++;
        server.close();
        server.closeAllConnections();
      }
      if (!weather.isDown && !server.listening) await listen(port);
    });
    return turned;
  };

  const goOn = () => {
    turn(nextWeather(random));
    change = setTimeout(goOn, spell(random));
  };

  let change = setTimeout(goOn, spell(random));
  return {
    port,
    calm() {
      clearTimeout(change);
      return turn(CALM);
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const random = createRandom(seed);
const upstreams = await Promise.all(
  Array.from({ length: count }, (_, index) => createUpstream(random.fork(index))),
);

process.on('message', async (order) => {
  if (order === 'calm') {
    await Promise.all(upstreams.map((upstream) => upstream.calm()));
    process.send?.('calm');
  }
  if (order === 'stop') {
    for (const upstream of upstreams) upstream.stop();
    process.send?.(happened, () => process.disconnect());
  }
});
process.on('disconnect', () => process.exit());
process.send?.(upstreams.map(({ port }) => port));
