/** A fetch with a breaker, and everything around it, for each origin. */
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
import { type Origin, Origins, Ways } from './origins.js';
import { type AttemptHand, Reading } from './reading.js';
import { Asked, type FetchInit, type FetchInput, type FetchRequest, urlOf } from './request.js';
import { standIn } from './stand-in.js';
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

type Send = (input: FetchInput, init?: FetchInit) => Promise<Response>;

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
const isSent = (init: FetchInit | undefined): boolean => {
  const signal = init?.signal;
  return typeof signal === 'object' && signal !== null && sent.has(signal);
};

function fetchOver(origins: Origins, own: FetchCallOptions): ProtectedFetch {
  const { registry, options } = origins;
  const ways = new Ways(own);
  const before = globalThis.fetch as Send;
  // Looked up for each call: mocks and instrumentation put others in its place.
  const send: Send = (input, init) => {
    const platform = (options.fetch ?? globalThis.fetch) as Send;
    if (options.fetch === undefined && platform !== before && init?.signal) sent.add(init.signal);
    return platform(input, init);
  };

  const resilienceFor = (url: string | URL): Resilience => {
    const parsed = urlOf(url);
    if (parsed === undefined)
      throw new TypeError(`An address of http or https is needed, received ${describe(url)}`);
    return origins.of({ url: parsed, method: 'GET', input: url, init: undefined }).resilience;
  };

  const call = (input: FetchInput, init?: FetchInit): Promise<Response> => {
    const url = urlOf(input);
    if (url === undefined) return Promise.resolve().then(() => send(input, init));
    try {
      if (options.fetch === undefined && isSent(init)) return before(input, init);
      const asked = new Asked(url, input, init);
      if (asked.isOdd) return Promise.resolve(send(input, init));
      return new Fetching(asked, origins.of(asked), ways, send).start();
    } catch (error) {
      return Promise.reject(error);
    }
  };

  const protectedFetch = {
    fetch(input: FetchInput, init?: FetchInit) {
      return call(input, init);
    },
  }.fetch;
  return Object.assign(protectedFetch, {
    registry,
    breakers: registry.breakers,
    resilienceFor,
    breakerFor: (url: string | URL) => resilienceFor(url).breaker,
    with: (others: FetchCallOptions) =>
      fetchOver(origins, { ...own, ...readFetchCallOptions(others, { ...options, ...own }) }),
  }) as ProtectedFetch;
}

/** One call. */
class Fetching {
  readonly #asked: Asked;
  readonly #origin: Origin;
  readonly #ways: Ways;
  readonly #send: Send;

  constructor(
    asked: Asked,
    origin: Origin,
    ways: Ways,
    send: (input: FetchInput, init: FetchInit | undefined) => Promise<Response>,
  ) {
    this.#asked = asked;
    this.#origin = origin;
    this.#ways = ways;
    this.#send = send;
  }

  start(): Promise<Response> {
    const asked = this.#asked;
    const { resilience, options, retryMethods } = this.#origin;
    const { fallback, rejectWith } = options;
    const isSafe = asked.method === 'GET' || asked.method === 'HEAD';
    const way = this.#ways.of(this.#origin, asked.again(retryMethods), isSafe);
    const answered = resilience.callPrepared(this.#task, way, asked.signal, fallback && this.#fallback);
    return rejectWith === 'response' ? answered.catch(rejectedWith) : answered;
  }

  readonly #task = (context: AttemptContext): Promise<Response> => {
    const asked = this.#asked;
    return Promise.resolve(this.#send(asked.input, asked.initWith(context.signal))).then(
      (response) => {
        this.#received(response, context);
        return response;
      },
      (error) => {
        asked.noteIfMistake(error);
        throw error;
      },
    );
  };

  /** The headers are there: a server may have had enough, and the body is watched from here on. */
  #received(response: Response, context: AttemptContext): void {
    const origin = this.#origin;
    const { bodyTimeout } = origin.options;
    const status = statusOf(response);
    if (status === 429) origin.pause(response);
    const hand = (context as unknown as { [HAND]: AttemptHand })[HAND];
    if (BODILESS.has(status) || this.#asked.method === 'HEAD') {
      hand.untie();
      return;
    }
    if (!bodyTimeout) {
      keepAlive(response, hand);
      return;
    }
    const totalTimeout = this.#ways.totalTimeout(origin);
    const reading = new Reading({
      breaker: origin.resilience.name,
      clock: origin.clock,
      deadlines: origin.deadlines,
      hand,
      signal: context.signal,
      left: context.remaining,
      totalTimeout: totalTimeout || 0,
      attempts: context.attempt,
      bodyTimeout,
      isEndless: /^text\/event-stream\b/i.test(headerOf(response, 'content-type') ?? ''),
    });
    watchResponse(response, reading);
  }

  /** The user's fallback, which knows of the call and may decline. */
  readonly #fallback = async (error: unknown): Promise<Response> => {
    const { url, method, input, init } = this.#asked;
    const { options, resilience } = this.#origin;
    const request: FetchRequest = { url, method, input, init };
    const answer = await options.fallback?.(error, { ...request, breaker: resilience.breaker });
    if (answer === undefined) throw error;
    return answer;
  };
}

function rejectedWith(error: unknown): Response {
  if (isRejection(error)) return standIn(error);
  throw error;
}
