/** What stands around the requests of one key, found by one look-up; and how each kind of request is made with it. */
import { soundClock } from '../core/reading.js';
import { describe } from '../core/validate.js';
import { CircuitBreakerRegistry, type Clock } from '../index.js';
import {
  type FunctionOptions,
  isRejection,
  RateLimiter,
  RETRY_POLICIES,
  type Resilience,
  ResilienceRegistry,
  type RetryOptions,
} from '../resilience/index.js';
import { discardResponse } from './discard.js';
import { isNeverSent, responseOf } from './failures.js';
import { headerOf } from './headers.js';
import {
  type FetchCallOptions,
  type FetchOptions,
  layersOf,
  type OriginOptions,
  type ResolvedOriginOptions,
  readOriginOptions,
  resilienceOptions,
} from './options.js';
import type { ReadingPlan } from './reading.js';
import type { Again, FetchRequest } from './request.js';
import { retryAfterOf } from './retry-after.js';

/** Options of calls, read once: of `recloser/resilience`. */
export type Prepared = ReturnType<Resilience['prepared']>;

const MOST_ORIGINS = 1_000;
const LONGEST_IDLE = 3_600_000;

/** What stands around the requests of one key. */
export class Origin {
  readonly resilience: Resilience;
  readonly options: ResolvedOriginOptions;
  readonly clock: Clock;
  readonly retryMethods: ReadonlySet<string>;

  constructor(resilience: Resilience, options: ResolvedOriginOptions) {
    this.resilience = resilience;
    this.options = options;
    this.clock = soundClock(resilience.breaker.options.clock);
    this.retryMethods = new Set(options.retryMethods.map((method) => method.toUpperCase()));
  }

  /** Wall-clock milliseconds. */
  readonly epoch = (): number => this.clock.epoch?.() ?? Date.now();

  /** Holds everybody back for as long as a server asks that has had enough. */
  pause(response: unknown): void {
    const { pause, maxRetryAfter } = this.options;
    const wait = (pause && retryAfterOf(response, this.epoch())) || 0;
    if (wait <= maxRetryAfter) this.resilience.rateLimiter?.pause(wait);
  }
}

/** The origins of a fetch. */
export class Origins {
  readonly options: FetchOptions;
  readonly registry: ResilienceRegistry;
  readonly #known = new WeakMap<Resilience, Origin>();

  constructor(options: FetchOptions) {
    const { clock, registry } = options;
    this.options = options;
    this.registry =
      registry ??
      new ResilienceRegistry({
        breakers: new CircuitBreakerRegistry({ maxSize: MOST_ORIGINS, idleTimeout: LONGEST_IDLE, clock }),
      });
  }

  /**
   * @param origin of the request, which is its key unless users say otherwise
   * @param request what their function is told of it
   * @throws TypeError for a key that is none, InvalidOptionsError for what `configure` answers, and what users' functions throw
   */
  of(origin: string, request: () => FetchRequest): Origin {
    const key = this.options.key === undefined ? origin : this.options.key(request());
    if (typeof key !== 'string')
      throw new TypeError(`\`key\` must return a string, received ${describe(key)}`);
    const resilience = this.registry.get(key);
    const known = resilience && this.#known.get(resilience);
    return known ?? this.#make(key, resilience);
  }

  #make(key: string, existing: Resilience | undefined): Origin {
    const { configure } = this.options;
    const answer: unknown = configure?.(key);
    const configured: OriginOptions | undefined =
      answer === undefined ? undefined : readOriginOptions(answer, key);
    const options = layersOf(this.options, configured);
    const resilience = existing ?? this.#create(key, options);
    const origin = new Origin(resilience, options);
    this.#known.set(resilience, origin);
    return origin;
  }

  #create(key: string, options: ResolvedOriginOptions): Resilience {
    const { clock = this.registry.breakers.clock, pause, rateLimit } = options;
    const bounds = pause && !rateLimit ? { rateLimit: RateLimiter.unlimited(key, clock) } : {};
    const discard = (response: unknown) => discardResponse(response, clock);
    const { name: _, ...around } = resilienceOptions(options) as FunctionOptions & { name?: string };
    return this.registry.getOrCreate(key, { discard, ...around, ...bounds } as never);
  }
}

/** How the calls of one fetch are made, for each origin. */
export class Ways {
  readonly #own: FetchCallOptions;
  readonly #known = new WeakMap<Origin, Way>();

  /** @param own what this fetch says otherwise than its origins */
  constructor(own: FetchCallOptions) {
    this.#own = own;
  }

  to(origin: Origin): Way {
    let way = this.#known.get(origin);
    if (way === undefined) {
      way = new Way(origin, this.#own);
      this.#known.set(origin, way);
    }
    return way;
  }
}

/** How the calls of one fetch to one origin are made: what is said of each kind of request is read once. */
export class Way {
  readonly origin: Origin;
  /** How bodies are read. */
  readonly plan: ReadingPlan;
  readonly #own: FetchCallOptions;
  readonly #kinds: Partial<Record<Again | `${Again} hedge`, Prepared>> = {};

  constructor(origin: Origin, own: FetchCallOptions) {
    const { options, clock, resilience } = origin;
    this.origin = origin;
    this.plan = {
      breaker: resilience.name,
      clock,
      bodyTimeout: options.bodyTimeout || 0,
      totalTimeout: own.totalTimeout ?? options.totalTimeout,
    };
    this.#own = own;
  }

  /** @param mayHedge whether the request changes nothing */
  of(again: Again, mayHedge: boolean): Prepared {
    const kind = mayHedge ? (`${again} hedge` as const) : again;
    this.#kinds[kind] ??= this.#prepare(again, mayHedge);
    return this.#kinds[kind];
  }

  #prepare(again: Again, mayHedge: boolean): Prepared {
    const { origin } = this;
    const { retry, totalTimeout, callTimeout, hedge, maxRetryAfter, fallbackOn } = {
      ...origin.options,
      ...this.#own,
    };
    const once = again === 'once';
    return origin.resilience.prepared({
      retry: retryOf(once ? false : retry, again, maxRetryAfter, origin.epoch),
      totalTimeout,
      callTimeout,
      hedge: mayHedge && !once ? hedge : false,
      fallbackOn,
    });
  }
}

function retryOf(
  retry: OriginOptions['retry'],
  again: Again,
  maxRetryAfter: number | undefined,
  epoch: () => number,
): RetryOptions {
  const own: RetryOptions = typeof retry === 'object' ? retry : RETRY_POLICIES[retry || 'none'];
  return {
    maxRetryAfter,
    retryAfter: (outcome) => retryAfterOf(responseOf(outcome), epoch()),
    ...own,
    retryOn: (outcome, kind) =>
      // Asked of every answer: the cheapest first.
      (own.retryOn !== undefined || kind === 'failure') &&
      (again === 'again' || ('error' in outcome && isNeverSent(outcome.error))) &&
      headerOf(responseOf(outcome), 'x-should-retry') !== 'false' &&
      (own.retryOn === undefined ? !isRejection(outcome.error) : own.retryOn(outcome, kind)),
  };
}
