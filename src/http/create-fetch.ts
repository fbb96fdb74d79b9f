/** A fetch with a breaker, and everything around it, for each origin. */
import { run } from '../core/promises.js';
import { describe } from '../core/validate.js';
import type { CircuitBreaker, CircuitBreakerRegistry } from '../index.js';
import {
  type AttemptContext,
  isRejection,
  type Resilience,
  type ResilienceRegistry,
} from '../resilience/index.js';
import { headerOf, statusOf } from './headers.js';
import {
  type FetchCallOptions,
  type FetchOptions,
  readFetchCallOptions,
  readFetchOptions,
} from './options.js';
import { Origins, type Way, Ways } from './origins.js';
import { type AttemptHand, Reading } from './reading.js';
import { Asked, addressOf, type FetchInit, type FetchInput } from './request.js';
import { rejectionOf, standIn } from './stand-in.js';
import { keepAlive, watchResponse } from './watched-response.js';

/** A fetch with a breaker for each origin. */
export type ProtectedFetch = typeof globalThis.fetch & {
  /** What stands around the breakers, by key. */
  readonly registry: ResilienceRegistry;
  /** The breakers, by key. */
  readonly breakers: CircuitBreakerRegistry;
  /** The breaker of requests to this address; made if there is none yet. */
  breakerFor(url: string | URL): CircuitBreaker;
  /** What stands around requests to this address; made if there is none yet. */
  resilienceFor(url: string | URL): Resilience;
  /**
   * A fetch with the same breakers, and other options for its calls.
   *
   * @throws InvalidOptionsError for bad options
   */
  with(options: FetchCallOptions): ProtectedFetch;
};

/** The member of an attempt's context that answers its hand: of `recloser/resilience`. */
const HAND: unique symbol = Symbol.for('recloser.attempt.1') as never;

/** Statuses whose responses have no body. */
const BODILESS: ReadonlySet<number | undefined> = new Set([undefined, 0, 101, 204, 205, 304]);

/** What is none of ours and in flight, before the next goes past whatever stands in the place of the platform's fetch. */
const MOST_PASSING = 100;

type Send = (input: FetchInput, init: FetchInit) => Promise<Response>;
type Pass = (input: FetchInput, init?: FetchInit) => Promise<Response>;

/**
 * A `fetch` that counts what servers answer, stops calling those that are down, and retries what may be repeated. It takes
 * what fetch takes and answers what fetch answers, with a breaker, a retry budget and timeouts for each origin.
 *
 * @throws InvalidOptionsError for the first mistake in the options
 *
 * @example
 * ```ts
 * import { createFetch } from 'recloser/http';
 *
 * const api = createFetch({ fetch: async () => new Response('busy', { status: 503 }), retry: false });
 * for (let call = 1; call <= 5; call++) console.log((await api('https://api.example.com/users')).status); // → 503, 503, 503, 503, 503
 * console.log(api.breakerFor('https://api.example.com').state); // → OPEN
 * ```
 */
export function createFetch(options: FetchOptions = {}): ProtectedFetch {
  return fetchOver(new Origins(readFetchOptions(options)), {});
}

/** Signals of attempts that went to what stands in the place of the platform's fetch. */
const sent = /* @__PURE__ */ new WeakSet<object>();

/** Whether a request comes back to us: a protected fetch stands in the place of the platform's, or something around it. */
const isSent = (init: FetchInit | undefined): boolean => sent.has(init?.signal as object);

function fetchOver(origins: Origins, own: FetchCallOptions): ProtectedFetch {
  const { registry, options } = origins;
  const ways = new Ways(own);
  const before = globalThis.fetch as Pass;
  // Looked up for each call: mocks and instrumentation put others in its place.
  const send: Send = (input, init) => {
    const platform = (options.fetch ?? globalThis.fetch) as unknown as Send;
    if (options.fetch === undefined && platform !== before) sent.add(init.signal as AbortSignal);
    return platform(input, init);
  };
  let isPassing = false;
  let passing = 0;
  /** Sends what is none of ours, which may come back as well: at once, or after a wait, when it looks like any other. */
  const pass: Pass = async (input, init) => {
    if (options.fetch !== undefined) return (options.fetch as unknown as Pass)(input, init);
    if (isPassing || passing >= MOST_PASSING) return before(input, init);
    isPassing = true;
    passing++;
    try {
      const answer = (globalThis.fetch as Pass)(input, init);
      isPassing = false;
      return await answer;
    } finally {
      isPassing = false;
      passing--;
    }
  };

  const resilienceFor = (url: string | URL): Resilience => {
    const address = addressOf(url);
    if (address === undefined)
      throw new TypeError(`An address of http or https is needed, received ${describe(url)}`);
    const asked = new Asked(address, url, undefined);
    return origins.of(address.origin, () => asked.request).resilience;
  };

  const call = (input: FetchInput, init?: FetchInit): Promise<Response> => {
    const address = addressOf(input);
    if (address === undefined) return pass(input, init);
    try {
      if (options.fetch === undefined && isSent(init)) return before(input, init);
      const asked = new Asked(address, input, init);
      if (asked.isOdd) return pass(input, init);
      const origin = origins.of(address.origin, () => asked.request);
      return start(asked, ways.to(origin), send);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  const protectedFetch = {
    fetch(input: FetchInput, init?: FetchInit) {
      return call(input, init);
    },
  }.fetch;
  // Bun's fetch opens connections before they are needed.
  const { preconnect } = (before ?? {}) as { preconnect?: unknown };
  return Object.assign(protectedFetch, preconnect !== undefined && { preconnect }, {
    registry,
    breakers: registry.breakers,
    resilienceFor,
    breakerFor: (url: string | URL) => resilienceFor(url).breaker,
    with: (others: FetchCallOptions) =>
      fetchOver(origins, { ...own, ...readFetchCallOptions(others, { ...options, ...own }) }),
  }) as ProtectedFetch;
}

/** Makes a call. */
function start(asked: Asked, way: Way, send: Send): Promise<Response> {
  const { resilience, options, retryMethods } = way.origin;
  const { fallback, rejectWith } = options;
  const task = (context: AttemptContext): Promise<Response> =>
    run(() => send(asked.input, asked.initWith(context.signal)), undefined as never).then(
      (response) => {
        const rejection = rejectionOf(response);
        if (rejection !== undefined) throw rejection; // of a fetch of ours further in: no server has answered
        received(response, asked, way, context);
        return response;
      },
      (error) => {
        asked.noteIfMistake(error);
        throw error;
      },
    );
  const answer =
    fallback &&
    (async (error: unknown): Promise<Response> => {
      const answered = await fallback(error, { ...asked.request, breaker: resilience.breaker });
      if (answered === undefined) throw error;
      return answered;
    });
  const isSafe = asked.method === 'GET' || asked.method === 'HEAD';
  const prepared = way.of(asked.again(retryMethods), isSafe);
  const answered = resilience.callPrepared(task, prepared, asked.signal, answer);
  return rejectWith === 'response' ? answered.catch(rejectedWith) : answered;
}

/** The headers are there: a server may have had enough, and the body is watched from here on. */
function received(response: Response, asked: Asked, way: Way, context: AttemptContext): void {
  const { origin, plan } = way;
  const status = statusOf(response);
  if (status === 429) origin.pause(response);
  const hand = (context as unknown as { [HAND]: AttemptHand })[HAND];
  if (BODILESS.has(status) || asked.method === 'HEAD') {
    hand.untie();
    return;
  }
  if (!plan.bodyTimeout) {
    keepAlive(response, hand);
    return;
  }
  const isEndless = /^text\/event-stream\b/i.test(String(headerOf(response, 'content-type')));
  watchResponse(response, new Reading(plan, hand, context, asked.signal, isEndless));
}

function rejectedWith(error: unknown): Response {
  if (isRejection(error)) return standIn(error);
  throw error;
}
