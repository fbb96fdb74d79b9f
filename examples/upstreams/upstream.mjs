/**
 * A dependency: a real HTTP server on a free port of the loopback interface, which can be broken and healed, by its
 * functions or by asking for `/break` and `/heal`.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * @param {(path: string) => unknown} answer what it answers while it is well, as JSON
 */
export async function startUpstream(answer) {
  let isBroken = false;
  let asked = 0;

  const server = createServer(({ url = '/' }, response) => {
    if (url === '/break' || url === '/heal') {
      isBroken = url === '/break';
      response.end(isBroken ? 'broken\n' : 'healed\n');
      return;
    }
    asked++;
    if (isBroken) response.writeHead(503).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(answer(url)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${port}`,
    /** How often it was asked for something, broken or not. */
    get asked() {
      return asked;
    },
    break() {
      isBroken = true;
    },
    heal() {
      isBroken = false;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
