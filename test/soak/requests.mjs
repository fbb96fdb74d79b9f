/** Requests as users make them: through an agent of `node:http`, and through `fetch`, both with keep-alive. */
import { Agent, get } from 'node:http';
import { BODY } from './faults.mjs';

/** An answer with a status that says that something is wrong. */
export class StatusError extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`The upstream answered ${status}`);
    this.status = status;
  }
}

/**
 * Milliseconds after which a request is given up whatever its caller says. The upstreams drop each one earlier; but
 * `fetch` may lose a request when connections break, and would tell it after five minutes.
 */
const PATIENCE = 3_000;

/**
 * Resolves to the whole body of a good answer, and rejects in any other case.
 *
 * @typedef {(port: number, signal: AbortSignal) => Promise<string>} Request
 */

/** @param {number} status @param {string} body */
function judge(status, body) {
  if (status !== 200) throw new StatusError(status);
  if (body !== BODY) throw new Error(`The body is ${body.length} letters long`);
  return body;
}

/** Gives a request up after a while. @param {Request} request @returns {Request} */
const withPatience = (request) => async (port, signal) => {
  const controller = new AbortController();
  const giveUp = () => controller.abort(signal.reason ?? new Error('The request takes too long'));
  const timer = setTimeout(giveUp, PATIENCE);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await request(port, controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
};

export function createRequests() {
  const agent = new Agent({ keepAlive: true });

  /** @type {Request} */
  const byAgent = (port, signal) =>
    new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, agent, signal }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('error', reject);
        response.on('end', () => resolve([response.statusCode ?? 0, body]));
      });
      request.on('error', reject);
    }).then(([status, body]) => judge(status, body));

  /** @type {Request} */
  const byFetch = async (port, signal) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal });
    return judge(response.status, await response.text());
  };

  return {
    byAgent: withPatience(byAgent),
    byFetch: withPatience(byFetch),
    close: () => agent.destroy(),
  };
}
