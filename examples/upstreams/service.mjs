/** The service: two routes, `/products/<id>` and `/health`. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isCircuitBreakerOpenError } from 'recloser';
import { healthOf } from './health.mjs';

/**
 * @param {ReturnType<typeof import('./shop.mjs').createShop>} shop
 * @param {import('recloser').CircuitBreakerRegistry} breakers
 */
export async function startService(shop, breakers) {
  const server = createServer(async ({ url = '/' }, response) => {
    /**
     * @param {number} status
     * @param {unknown} body
     * @param {Record<string, string>} [headers]
     */
    const answer = (status, body, headers) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));

    const id = /^\/products\/(\w+)$/.exec(url)?.[1];
    if (url === '/health') {
      const health = healthOf(breakers);
      answer(health.status === 'unavailable' ? 503 : 200, health);
    } else if (id === undefined) {
      answer(404, { error: 'there are /products/<id> and /health' });
    } else {
      await shop.getProduct(id).then(
        (product) => answer(200, product),
        (error) => answer(503, { error: error.message }, retryAfter(error)),
      );
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * A rejection says when to come back.
 *
 * @param {unknown} error
 * @returns {Record<string, string>}
 */
function retryAfter(error) {
  if (!isCircuitBreakerOpenError(error) || error.retryAfter === null) return {};
  return { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfter / 1_000))) };
}
