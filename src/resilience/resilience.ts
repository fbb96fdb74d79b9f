import type { Listener } from '../core/events.js';
import { type CallerSignal, reasonOf } from '../core/following.js';
import { type GuardSpec, guardBy } from '../core/guard.js';
import { rejectSoon } from '../core/promises.js';
import { soundClock } from '../core/reading.js';
import { isThenable } from '../core/thenable.js';
import { describe } from '../core/validate.js';
import { type CallResult, CircuitBreaker, type Fallback } from '../index.js';
import type { AttemptTask } from './attempt-context.js';
import type { Bulkhead } from './bulkhead.js';
import { Call } from './call.js';
import type { ResilienceEvents } from './events.js';
import { Host } from './host.js';
import {
  type AroundOptions,
  type FunctionOptions,
  functionRows,
  type ReadResilience,
  type ResilienceCallOptions,
  type ResilienceOptions,
  readCall,
  readResilience,
  resilienceSubject,
  Settings,
} from './options.js';
import { callPlainly } from './plain-call.js';
import { PreparedOptions } from './prepared-options.js';
import type { RateLimiter } from './rate-limiter.js';
import type { RetryBudget } from './retry-budget.js';
import { changeShared, createShared } from './shared.js';
import type { ResilienceMetrics } from './tally.js';

/** How a call ended, for code that handles failures as values. `rejected` tells that no attempt was run. */
export type ResilienceResult<T> = CallResult<T> & {
  /** Runs of the task, hedges included. */
  readonly attempts: number;
};

/**
 * A breaker with everything around it: retries under a budget, a deadline, hedges, a bulkhead, a rate limit, a fallback.
 * One for each dependency, made once and kept.
 *
 * @example
 * ```ts
 * import { Resilience } from 'recloser/resilience';
 *
 * const users = new Resilience({ name: 'users', retry: 'network', callTimeout: 500, totalTimeout: 2_000 });
 * const user = await users.call(async ({ attempt }) => ({ id: 7, attempt }));
 * console.log(user.attempt); // → 1
 * ```
 */
export class Resilience {
  readonly breaker: CircuitBreaker;
  readonly #host: Host;
  #settings: Settings;
  #around: AroundOptions;
  /** Whether an attempt needs no turn and no deadline. */
  #isPlain!: boolean;

  /** @throws InvalidOptionsError for an unknown option, a value out of range, or options that cannot work together */
  constructor(options: ResilienceOptions = {}) {
    const name = nameOf(options);
    const subject = resilienceSubject(name);
    const read: ReadResilience = readResilience(options, subject);
    const { around, ofBreaker } = read;
    const breaker = read.breaker ?? new CircuitBreaker(ofBreaker);
    const clock = soundClock(breaker.options.clock);
    const { callTimeout, fallback, fallbackOn, ...own } = around;
    this.breaker = breaker;
    // Of a breaker of its own, what was given is the breaker's already, and follows it.
    this.#around = read.breaker === undefined ? own : { ...own, callTimeout, fallback, fallbackOn };
    this.#settings = new Settings(functionRows(this.#around), clock, subject);
    this.#host = new Host(breaker, createShared(around, breaker.name, clock), around.discard);
    this.#findWay();
  }

  /** The breaker's name. */
  get name(): string {
    return this.#host.name;
  }

  /** What retries and hedges are paid with. */
  get retryBudget(): RetryBudget | undefined {
    return this.#host.shared.retryBudget;
  }

  get bulkhead(): Bulkhead | undefined {
    return this.#host.shared.bulkhead;
  }

  get rateLimiter(): RateLimiter | undefined {
    return this.#host.shared.rateLimiter;
  }

  /** Everything that it knows of itself, as a fresh plain object. */
  get metrics(): ResilienceMetrics {
    return this.#host.metrics;
  }

  /**
   * Runs a task, and again where it failed and the retries say so. The promise settles as the last attempt does, except
   * that it
   *
   * - rejects with `CircuitBreakerOpenError`, `BulkheadFullError` or `RateLimitError` if no attempt was run,
   * - rejects with `TotalTimeoutError` after `totalTimeout`,
   * - rejects with the signal's reason when the caller's signal aborts,
   * - settles as the fallback does if there is one and `fallbackOn` names the error.
   *
   * `attemptsOf(error)` tells what the call went through.
   */
  call<T>(task: AttemptTask<T>, options?: ResilienceCallOptions<T> | PreparedOptions): Promise<T> {
    try {
      const settings = this.#plainSettings(options);
      if (settings !== undefined && typeof task === 'function')
        return callPlainly(this.#host, task, settings);
      return this.#prepare(task, options).start();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Like `call`, for code that handles failures as values: the promise never rejects. */
  tryCall<T>(
    task: AttemptTask<T>,
    options?: ResilienceCallOptions<T> | PreparedOptions,
  ): Promise<ResilienceResult<T>> {
    let call: Call<T>;
    let answer: Promise<T>;
    try {
      call = this.#prepare(task, options);
      answer = call.start();
    } catch (error) {
      return Promise.resolve({ ok: false, error, rejected: true, attempts: 0 });
    }
    return answer.then(
      (value) => ({ ok: true, value, attempts: call.attempts }),
      (error) => ({ ok: false, error, rejected: call.attempts === 0, attempts: call.attempts }),
    );
  }

  /**
   * A function that runs `fn` through this. It keeps `this`, the arguments, the name, the length, and whatever hangs on
   * the function.
   *
   * @throws TypeError for what cannot be wrapped
   * @throws InvalidOptionsError for bad options
   */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R | PromiseLike<R>,
    options?: ResilienceCallOptions<R>,
  ): (this: This, ...args: Args) => Promise<R> {
    const spec: GuardSpec<Resilience> = {
      by: 'wrap',
      source: this,
      find: () => this,
      members: {},
      callOptions: options === undefined ? undefined : this.#read(options),
      asResult: false,
    };
    return guardBy(spec, fn) as (this: This, ...args: Args) => Promise<R>;
  }

  /**
   * Tells `listener` each event of this kind, after the fact.
   *
   * @returns a function that unsubscribes it
   * @throws TypeError for an unknown event or a listener that is no function
   */
  on<Event extends keyof ResilienceEvents>(
    event: Event,
    listener: Listener<ResilienceEvents[Event]>,
  ): () => void {
    return this.#host.emitter.add(event, listener);
  }

  /**
   * Like `on`, for the next such event alone.
   *
   * @throws TypeError for an unknown event or a listener that is no function
   */
  once<Event extends keyof ResilienceEvents>(
    event: Event,
    listener: Listener<ResilienceEvents[Event]>,
  ): () => void {
    return this.#host.emitter.add(event, listener, true);
  }

  /**
   * Unsubscribes a listener; the latest registration of it, if there are several.
   *
   * @throws TypeError for an unknown event or a listener that is no function
   */
  off<Event extends keyof ResilienceEvents>(event: Event, listener: Listener<ResilienceEvents[Event]>): void {
    this.#host.emitter.remove(event, listener);
  }

  /** Options of calls that are read once. @internal */
  prepared(options: FunctionOptions): PreparedOptions {
    const prepared = new PreparedOptions(options, resilienceSubject(this.name));
    prepared.over(this.#settings);
    return prepared;
  }

  /**
   * Plans to go on with other options, which have been read; calls in flight keep theirs, but for the figures of limits.
   *
   * @throws InvalidOptionsError for options that cannot work together
   * @internal
   */
  changed(around: AroundOptions): () => void {
    const host = this.#host;
    const { name, clock } = host;
    const settings = new Settings(functionRows(around), clock, resilienceSubject(name));
    return () => {
      host.shared = changeShared(host.shared, this.#around, around, name, clock);
      this.#settings = settings;
      this.#around = around;
      this.#findWay();
    };
  }

  /** `call` for whoever makes many: with the caller's signal of this one, and a fallback that knows of it. @internal */
  callPrepared<T>(
    task: AttemptTask<T>,
    options: PreparedOptions,
    signal: CallerSignal | undefined,
    fallback: Fallback<T> | undefined,
  ): Promise<T> {
    try {
      if (signal?.aborted) throw reasonOf(signal);
      const settings = options.over(this.#settings);
      const own = fallback === undefined ? settings : settings.answeredBy(fallback as Fallback);
      return new Call<T>(this.#host, task, own, signal, this.#host.clock.now()).start();
    } catch (error) {
      return rejectSoon(error);
    }
  }

  #findWay(): void {
    const { rateLimiter, countsCalls } = this.#host.shared;
    this.#isPlain = this.#settings.isPlain && rateLimiter === undefined && !countsCalls;
  }

  /** @internal */
  tellConflict(event: Omit<ResilienceEvents['conflict'], 'breaker'>): void {
    this.#host.tell('conflict', event);
  }

  /** What a call is made with whose first attempt needs nothing but the breaker. */
  #plainSettings(options: object | undefined): Settings | undefined {
    if (!this.#isPlain) return undefined;
    const own = this.#settings;
    const isKnown = options === undefined || (options instanceof PreparedOptions && !options.signal);
    const settings = isKnown ? (options?.over(own) ?? own) : undefined;
    if (settings === undefined || !settings.isPlain) return undefined;
    const { callTimeout, fallback } = this.breaker.options;
    if ((settings.callTimeout ?? callTimeout) !== false || fallback !== undefined) return undefined;
    return this.#host.isGated ? undefined : settings;
  }

  /**
   * A call, ready to start.
   *
   * @throws TypeError for a task that is no function, InvalidOptionsError for bad options, the reason of a signal that has aborted
   */
  #prepare<T>(
    task: AttemptTask<T>,
    options: ResilienceCallOptions<T> | PreparedOptions | undefined,
  ): Call<T> {
    if (typeof task !== 'function') {
      throw new TypeError(
        `Resilience ${JSON.stringify(this.name)} needs a function to call, received ${isThenable(task) ? 'a promise: pass `() => …`' : describe(task)}`,
      );
    }
    let settings = this.#settings;
    let signal: AbortSignal | undefined;
    if (options instanceof PreparedOptions) {
      settings = options.over(settings);
      signal = options.signal;
    } else if (options !== undefined) {
      const { signal: given, ...own } = this.#read(options);
      signal = given;
      if (Object.keys(own).length > 0)
        settings = settings.with(own as FunctionOptions, resilienceSubject(this.name));
      if (signal?.aborted) throw reasonOf(signal);
    }
    return new Call<T>(this.#host, task, settings, signal, this.#host.clock.now());
  }

  #read<T>(options: ResilienceCallOptions<T>): ResilienceCallOptions<T> {
    return readCall<T>(options, resilienceSubject(this.name));
  }
}

function nameOf(options: unknown): string {
  try {
    const { name, breaker } = options as ResilienceOptions;
    const found: unknown = breaker?.name ?? name ?? 'default';
    return typeof found === 'string' ? found : 'default';
  } catch {
    return 'default';
  }
}
