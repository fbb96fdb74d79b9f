/** Retries, a breaker, a budget and timeouts around an adapter of axios. */
import type { CircuitBreaker, CircuitBreakerRegistry } from '../index.js';
import type { AttemptContext, ResilienceRegistry } from '../resilience/index.js';
import { discardResponse } from './discard.js';
import { codeOf, noteMistake, responseOf } from './failures.js';
import { statusOf } from './headers.js';
import { type OriginOptions, readAxiosOptions } from './options.js';
import { Origins, Ways } from './origins.js';
import { addressOf, isRepeatable } from './request.js';

/** A request of axios, as far as it matters here. */
export interface AxiosRequest {
  readonly url?: string | undefined;
  readonly baseURL?: string | undefined;
  readonly allowAbsoluteUrls?: boolean | undefined;
  readonly method?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: axios's own
  readonly headers?: any;
  readonly data?: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: axios's own, or the platform's
  readonly signal?: any;
}

/** What a key or a fallback is told of a request. */
export interface AxiosAsked {
  readonly url: URL;
  /** In upper case. */
  readonly method: string;
  readonly config: AxiosRequest;
}

/** What {@link axiosAdapter} is made with. */
export interface AxiosOptions extends Omit<OriginOptions, 'bodyTimeout' | 'rejectWith' | 'fallback'> {
  /** Which breaker a request belongs to. @default the origin of its address */
  key?: ((request: AxiosAsked) => string) | undefined;
  /** Options by key; they go before the others. `presets()` fits. */
  configure?: ((key: string) => Omit<OriginOptions, 'fallback'> | undefined) | undefined;
  /** Where breakers are kept. @default its own, with at most 1,000 breakers, forgotten after an hour */
  registry?: ResilienceRegistry | undefined;
  /** Answers for rejections and failures with a response of axios; `undefined` declines. */
  fallback?:
    | ((error: unknown, request: AxiosAsked & { readonly breaker: CircuitBreaker }) => unknown)
    | undefined;
}

/** An adapter of axios. */
// biome-ignore lint/suspicious/noExplicitAny: axios's own
export type AxiosAdapterFunction = (config: any) => Promise<any>;

/** What {@link axiosAdapter} answers. */
export type ProtectedAdapter<A> = A & {
  readonly registry: ResilienceRegistry;
  readonly breakers: CircuitBreakerRegistry;
};

/** axios says so of what its caller has cancelled, and of a request that cannot be made. */
const CANCELED = 'ERR_CANCELED';
const MISTAKES: ReadonlySet<unknown> = new Set([
  'ERR_BAD_OPTION_VALUE',
  'ERR_BAD_OPTION',
  'ERR_INVALID_URL',
  'ERR_NOT_SUPPORT',
]);

/**
 * An adapter around an adapter of axios, with a breaker for each origin, retries of what may be repeated, and timeouts.
 *
 * @param adapter a function: `axios.getAdapter(axios.defaults.adapter)`
 * @throws TypeError for an adapter that is no function, InvalidOptionsError for the first mistake in the options
 */
export function axiosAdapter<A extends AxiosAdapterFunction>(
  adapter: A,
  options: AxiosOptions = {},
): ProtectedAdapter<A> {
  if (typeof adapter !== 'function')
    throw new TypeError('axiosAdapter needs a function: axios.getAdapter(axios.defaults.adapter)');
  const origins = new Origins(readAxiosOptions(options));
  const ways = new Ways({});

  const adapted = (config: AxiosRequest): Promise<unknown> => {
    const address = addressOf(textOf(config));
    if (address === undefined) return adapter(config);
    const method = String(config.method ?? 'get').toUpperCase();
    const asked = (): AxiosAsked => ({ url: address.url, method, config });
    try {
      const origin = origins.of(address.origin, asked as never);
      const { resilience, options: own, retryMethods } = origin;
      const again = !isRepeatable(config.data)
        ? 'once'
        : retryMethods.has(method) || hasKey(config.headers)
          ? 'again'
          : 'unsent';
      let last: unknown;
      const task = async ({ signal }: AttemptContext): Promise<unknown> => {
        if (last !== undefined) discardResponse(last, origin.clock); // it may have a stream that nobody reads
        try {
          const response = await adapter({ ...config, signal });
          if (statusOf(response) === 429) origin.pause(response);
          return response;
        } catch (error) {
          const code = codeOf(error);
          const response = responseOf({ error });
          last = response;
          if (MISTAKES.has(code) || (code === CANCELED && !signal.aborted)) noteMistake(error as object);
          if (statusOf(response) === 429) origin.pause(response);
          throw error;
        }
      };
      const { fallback } = own as { fallback?: AxiosOptions['fallback'] };
      const answer =
        fallback &&
        (async (error: unknown) => {
          const answered = await fallback(error, { ...asked(), breaker: resilience.breaker });
          if (answered === undefined) throw error;
          return answered;
        });
      const way = ways.to(origin).of(again, method === 'GET' || method === 'HEAD');
      return resilience.callPrepared(task, way, config.signal, answer);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const { registry } = origins;
  return Object.assign(adapted, { registry, breakers: registry.breakers }) as unknown as ProtectedAdapter<A>;
}

/** The address, as axios puts it together. */
function textOf({ url = '', baseURL, allowAbsoluteUrls }: AxiosRequest): string {
  const isAbsolute = allowAbsoluteUrls !== false && /^([a-z][a-z\d+.-]*:)?\/\//i.test(url);
  if (!baseURL || isAbsolute) return url;
  return url === '' ? baseURL : `${baseURL.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}`;
}

function hasKey(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null) return false;
  if (typeof (headers as Headers).has === 'function') return (headers as Headers).has('idempotency-key');
  return Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key');
}
