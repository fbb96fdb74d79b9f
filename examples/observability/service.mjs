/** The shop as a process: customers come, and two pages tell how it is. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { formatReport } from 'recloser/monitor';
import { createShop } from './shop.mjs';

/** Milliseconds between two customers. */
const PAUSE = 100;

export async function startService() {
  const shop = createShop();
  const customers = setInterval(shop.serveCustomer, PAUSE);

  const server = createServer(async ({ url }, response) => {
    if (url === '/metrics') {
      response.setHeader('content-type', shop.register.contentType).end(await shop.register.metrics());
    } else if (url === '/report') {
      response.setHeader('content-type', 'text/plain; charset=utf-8').end(formatReport(shop.past.report()));
    } else {
      response.writeHead(404).end('there are /metrics and /report\n');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    address: `127.0.0.1:${port}`,
    shop,
    close() {
      clearInterval(customers);
      server.close();
      server.closeAllConnections();
      shop.past.stop();
    },
  };
}
