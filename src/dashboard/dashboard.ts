/** A live page of the breakers of this process, on the user's own server. */
import { history as keepHistory } from '../monitor/index.js';
import { Books } from './books.js';
import type { Asked } from './exchange.js';
import { createFetch, type FetchContext } from './fetch.js';
import { Levers } from './levers.js';
import { createNode, type NodeRequest, type NodeResponse } from './node.js';
import { type DashboardOptions, readDashboardOptions, verifyRegistry } from './options.js';
import { answerTo, type PanelParts } from './panel.js';
import { Picture, type PictureParts } from './picture.js';
import { createRedact } from './redaction.js';
import type { DashboardRegistry } from './target.js';
import { Viewers } from './viewers.js';

/** A page that is served. Its functions work detached. */
export interface Dashboard {
  /**
   * Answers requests of `node:http` and of whatever is made of them: Express, NestJS, a hijacked reply of Fastify. What is
   * not for it goes to `next`, or is a 404. A body that was parsed already is taken from `request.body`.
   */
  node(request: NodeRequest, response: NodeResponse, next?: (error?: unknown) => void): void;
  /** Answers a `Request`: for Hono, Next.js, Bun, Deno and workers. `ip` is who asks, as the server knows it. */
  fetch(request: Request, context?: FetchContext): Promise<Response>;
  /** Ends streams, listeners and timers, so that `server.close()` comes to its end. A force that was to be taken back stays. */
  close(): void;
}

/**
 * Makes a page that shows every breaker of a registry as it is now, why, and what has become of its calls in the last five
 * minutes; with `controls`, it has levers. Without `authorize` it is shown to this machine alone.
 *
 * @throws InvalidOptionsError for anything but a registry, an unknown option, a value out of range, or `controls` without
 * `authorize`
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { dashboard } from 'recloser/dashboard';
 *
 * const breakers = new CircuitBreakerRegistry();
 * breakers.getOrCreate('payments').trip('failover');
 *
 * const panel = dashboard(breakers, { title: 'shop' });
 * const answer = await panel.fetch(new Request('http://localhost/report.json'), { ip: '127.0.0.1' });
 * const { rows } = await answer.json();
 * console.log(rows[0].name, rows[0].state, rows[0].detail); // → payments OPEN failover
 * panel.close();
 * ```
 */
export function dashboard(registry: DashboardRegistry, options: DashboardOptions = {}): Dashboard {
  verifyRegistry(registry);
  const given = readDashboardOptions(options);
  const own =
    given.history === undefined ? keepHistory(registry, { failures: 1_000, transitions: 1_000 }) : undefined;
  const history = given.history ?? (own as NonNullable<typeof own>);
  const books = new Books(registry, (breaker) => levers.forces.changed(breaker));
  const levers = new Levers(books, given);
  const redact = createRedact(given.redact);
  const identity = createIdentity(books, given.instance);
  const picture = new Picture({
    books,
    history,
    options: given,
    redact,
    actions: () => levers.records,
    forcedUntil: levers.forces.until,
    identity,
  });
  const viewers = new Viewers(picture, books.clock, given.refresh);
  let isClosed = false;
  const parts: PanelParts = {
    books,
    history,
    options: given,
    redact,
    picture,
    viewers,
    levers,
    token: () => identity().token,
    isClosed: () => isClosed,
  };
  const answer = (asked: Asked) => answerTo(asked, parts);
  return {
    node: createNode(answer, given.path),
    fetch: createFetch(answer, given.path),
    close() {
      isClosed = true;
      viewers.close();
      levers.forces.stop();
      books.stop();
      own?.stop();
    },
  };
}

/** Who this is, so that a page knows when it speaks to somebody else: random, and made when it is needed. */
function createIdentity(books: Books, label: string): PictureParts['identity'] {
  const begun = books.time;
  let made: ReturnType<PictureParts['identity']> | undefined;
  return () => {
    made ??= {
      token: randomWord(),
      // A worker has no time before the first request.
      instance: { id: randomWord(), label, started: begun > 0 ? begun : books.time },
    };
    return made;
  };
}

/** Without `crypto`, as in Node 18, the name of a blob is as random, and is nobody's import either. */
function randomWord(): string {
  const { crypto } = globalThis as { readonly crypto?: Pick<Crypto, 'getRandomValues'> };
  if (crypto === undefined) return nameOfBlob();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

function nameOfBlob(): string {
  const url = URL.createObjectURL(new Blob([]));
  URL.revokeObjectURL(url);
  return url.slice(url.lastIndexOf(':') + 1).replaceAll('-', '');
}
