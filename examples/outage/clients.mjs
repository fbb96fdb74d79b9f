/**
 * Two clients of the price server: the same request, with a circuit breaker around it and without.
 */
import { Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { CircuitBreaker } from 'recloser';

/**
 * Stops asking when the server fails, and answers with the last known price until it is back.
 *
 * @param {string} url
 */
export function createGuardedClient(url) {
  const { fetchPrice, close } = createFetch(url, 'guarded');
  /** @type {number | undefined} */
  let lastPrice;

  const breaker = new CircuitBreaker({
    name: 'prices',
    callTimeout: 250, // a healthy answer takes 40 ms
    failureThreshold: 5,
    recoveryTimeout: 1_000,
    fallback: (error) => {
      if (lastPrice === undefined) throw error;
      return lastPrice;
    },
  });

  return {
    breaker,
    getPrice: () =>
      breaker.call(async ({ signal }) => {
        lastPrice = await fetchPrice(signal); // a timeout aborts the signal, and the signal the request
        return lastPrice;
      }),
    close,
  };
}

/**
 * Hopes for the best, for as long as many services do.
 *
 * @param {string} url
 */
export function createPlainClient(url) {
  const { fetchPrice, close } = createFetch(url, 'plain');
  const timeout = 2_000;
  return { timeout, getPrice: () => fetchPrice(AbortSignal.timeout(timeout)), close };
}

/**
 * How a client asks for the price: over connections of its own, which it keeps alive.
 *
 * @param {string} url
 * @param {string} client the name that the server counts it under
 */
function createFetch(url, client) {
  const agent = new Agent({ keepAlive: true });
  const headers = { 'x-client': client };

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<number>}
   */
  const fetchPrice = (signal) =>
    new Promise((resolve, reject) => {
      const request = get(url, { agent, headers, signal }, (response) => {
        if (response.statusCode === 200) {
          text(response).then(Number).then(resolve, reject);
        } else {
          response.resume(); // read to its end, so that the connection can be used again
          reject(new Error(`HTTP ${response.statusCode}`));
        }
      });
      request.on('error', reject);
    });

  return { fetchPrice, close: () => agent.destroy() };
}
