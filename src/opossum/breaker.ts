/**
 * Opossum's class over our core. The core alone holds the state and decides what opens; what is here is what opossum
 * has besides: an EventEmitter, `status`, a semaphore, caches, health checks, and the timer that tells `halfOpen`.
 */
import { EventEmitter } from 'node:events';
import { Deadlines } from '../core/deadlines.js';
import { report } from '../core/report.js';
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import { type CircuitSnapshot, CircuitBreaker as Core, type Permit, type Transition } from '../index.js';
import {
  createLockedError,
  createOpenError,
  createShutdownError,
  createTimeoutError,
  isOurError,
} from './errors.js';
import { COUNTED_EVENTS, type CountedEvent, OWN_EVENTS } from './events.js';
import { FaceClock } from './face-clock.js';
import { Flight, type Tower } from './flight.js';
import { MemoryCache } from './memory-cache.js';
import { type Options, type ReadOptions, rateOf, readNumber, readOptions, type State } from './options.js';
import { Semaphore } from './semaphore.js';
import type { Stats } from './stats.js';
import { Status, type StatusOptions } from './status.js';

// biome-ignore lint/suspicious/noExplicitAny: as opossum's types have it
type AnyFunction = (...args: any[]) => any;

/** What a fallback may be: a function, or another breaker, which is fired. */
export type FallbackTarget = AnyFunction | { fire(...args: never[]): unknown };

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function';

/** Which breaker a rejection came from. */
const rejectedBy = new WeakMap<object, Core>();

/** Results that a cache of ours has kept. */
const kept = new WeakSet<object>();

const DEPRECATION = 'options.maxFailures is deprecated. Please use options.errorThresholdPercentage';

/**
 * A circuit breaker with opossum's API.
 *
 * @example
 * ```ts
 * import CircuitBreaker from 'recloser/opossum';
 *
 * const breaker = new CircuitBreaker(async (name: string) => `Hello, ${name}.`, { timeout: 3_000 });
 * breaker.fallback(() => 'Hello, whoever you are.');
 * console.log(await breaker.fire('Ada')); // → Hello, Ada.
 * ```
 */
export class CircuitBreaker<TI extends unknown[] = unknown[], TR = unknown> extends EventEmitter {
  /** Whether a breaker of this kind made the error. */
  static isOurError(error: unknown): boolean {
    return isOurError(error);
  }

  static newStatus(options?: StatusOptions): Status {
    return new Status(options);
  }

  /** The breaker of `recloser` behind this one, for `explain`, exporters and snapshots. */
  readonly core: Core;
  readonly options: Options<TI>;
  readonly action: (...args: TI) => Promise<TR> | TR;
  readonly semaphore: Semaphore;
  readonly name: string;
  readonly group: string;
  readonly status: Status;
  readonly volumeThreshold: number;

  readonly #clock: FaceClock;
  readonly #read: ReadOptions;
  readonly #deadlines: Deadlines;
  readonly #tower: Tower;
  readonly #cache: ReadOptions['cacheTransport'];
  readonly #coalesced: MemoryCache | undefined;
  readonly #checks = new Set<{ timer: Timer | undefined }>();
  #fallback: AnyFunction | undefined;
  #enabled: boolean;
  #isShutdown = false;
  #warmUp: boolean;
  /** Whether the rule of the rate waits for the first failure that counts. */
  #isHeld: boolean;
  /** Whether the reset timeout is over while the core still says OPEN. */
  #isDue = false;
  #probes = 0;
  #lastTimerAt: number | undefined;
  #resetTimer: Timer | undefined;
  #warmUpTimer: Timer | undefined;

  /**
   * @throws TypeError without an action, or for a bad `cacheTransport` or `abortController`
   * @throws InvalidOptionsError for a number out of range
   */
  constructor(action: ((...args: TI) => Promise<TR> | TR) | TR, options: Options<TI> = {}) {
    super();
    if (!action) {
      throw new TypeError(
        'No action provided. Cannot construct a CircuitBreaker without an invocable action.',
      );
    }
    const ownName = typeof action === 'function' ? action.name : (action as { name?: unknown }).name;
    this.name = String(options?.name || ownName || randomName());
    const read = readOptions((options ?? {}) as Options, this.name);
    verifyHelpers(read);
    this.#read = read;
    this.group = read.group || this.name;
    this.volumeThreshold = read.volumeThreshold;
    this.action =
      typeof action === 'function'
        ? (action as (...args: TI) => Promise<TR> | TR)
        : () => Promise.resolve(action as TR);
    const clock = new FaceClock(read.clock);
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
    this.semaphore = new Semaphore(read.capacity, clock);
    if (read.cache) read.cacheTransport ??= new MemoryCache(read.cacheSize, clock.epoch);
    this.#cache = read.cache ? read.cacheTransport : undefined;
    this.#coalesced = read.coalesce ? new MemoryCache(read.coalesceSize, clock.epoch) : undefined;
    if (read.autoRenewAbortController) read.abortController ??= new AbortController();
    // biome-ignore lint/suspicious/noConsole: opossum tells it there
    if (read.maxFailures) console.error(DEPRECATION);
    this.options = read as unknown as Options<TI>;

    const { state, status } = read;
    this.status = statusOf(read, clock);
    this.#enabled = (state?.enabled ?? read.enabled) !== false;
    this.#warmUp = Boolean(state?.warmUp || read.allowWarmUp === true);
    this.#isHeld = this.#warmUp || status !== undefined;
    this.core = this.#createCore();
    this.#tower = {
      succeeded: (flight, value) => this.#succeeded(flight, value),
      failed: (flight, error) => this.#failed(flight, error),
      timedOut: (flight, now) => this.#timedOut(flight, now),
    };
    this.#watchOptions();
    this.#begin(state);
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  get closed(): boolean {
    return !this.#isShutdown && this.core.state === 'CLOSED';
  }

  get opened(): boolean {
    return this.core.state === 'OPEN' && !this.#isDue;
  }

  get halfOpen(): boolean {
    return !this.#isShutdown && this.#isHalfOpen;
  }

  /** Half-open, and no probe under way. */
  get pendingClose(): boolean {
    return this.halfOpen && this.#probes === 0;
  }

  get isShutdown(): boolean {
    return this.#isShutdown;
  }

  get warmUp(): boolean {
    return this.#warmUp;
  }

  get stats(): Stats {
    return this.status.stats;
  }

  get #isHalfOpen(): boolean {
    return this.core.state === 'HALF_OPEN' || (this.core.state === 'OPEN' && this.#isDue);
  }

  /** Runs the action with these arguments, unless the circuit is open. */
  fire(...args: TI): Promise<TR> {
    return this.#call(this.action, args);
  }

  /** Like `fire`, with a `this` for the action. */
  call(context: unknown, ...args: TI): Promise<TR> {
    return this.#call(context, args);
  }

  /**
   * What answers a call that failed, timed out or was rejected: a function of the arguments and the error, or a breaker.
   *
   * @throws TypeError for anything else
   */
  fallback(target: FallbackTarget | null | undefined): this {
    if (
      target !== null &&
      target !== undefined &&
      typeof (target as { fire?: unknown }).fire === 'function'
    ) {
      this.#fallback = (...args) => (target as { fire: AnyFunction }).fire(...args);
    } else if (target === null || target === undefined || typeof target === 'function') {
      this.#fallback = (target as AnyFunction | null | undefined) ?? undefined;
    } else throw new TypeError(`The fallback must be a function or a breaker, received ${typeof target}`);
    return this;
  }

  /**
   * Checks the dependency at once and each `interval` ms. A rejection opens the circuit.
   *
   * @throws TypeError if `check` is no function or `interval` no number
   */
  healthCheck(check: (this: this) => unknown, interval = 5_000): void {
    if (typeof check !== 'function') throw new TypeError('Health check function must be a function');
    const every = interval || 5_000;
    if (Number.isNaN(Number(every))) throw new TypeError('Health check interval must be a number');
    if (this.#isShutdown) return;
    const running: { timer: Timer | undefined } = { timer: undefined };
    this.#checks.add(running);
    const next = () => {
      if (this.#isShutdown) return;
      running.timer = startTimer(this.#clock, next, Number(every), { background: true });
      this.#check(check);
    };
    next();
  }

  /** Opens the circuit, unless it is open. */
  open(): void {
    if (this.#isShutdown || this.opened) return;
    const before = this.#lastTimerAt;
    const isAgain = this.core.state === 'OPEN';
    this.core.trip();
    // For the core it was open all along: that is no change of state to tell of.
    if (isAgain && this.#lastTimerAt === before && this.core.mode === 'active') this.#enterOpen();
  }

  /** Closes the circuit, unless it is closed. */
  close(): void {
    if (this.#isShutdown || this.core.state === 'CLOSED') return;
    this.core.reset();
  }

  enable(): void {
    this.#enabled = true;
    this.status.startListeneningForRotateEvent();
  }

  /** From now on calls are run without protection; the state is kept. */
  disable(): void {
    this.#enabled = false;
    this.status.removeRotateBucketControllerListener();
  }

  /** Ends the breaker for good: later calls are rejected. Those in flight still settle. */
  shutdown(): void {
    if (this.#isShutdown) return;
    this.emit('shutdown');
    this.disable();
    this.removeAllListeners();
    for (const { timer } of this.#checks) stopTimer(this.#clock, timer);
    this.#checks.clear();
    stopTimer(this.#clock, this.#resetTimer);
    stopTimer(this.#clock, this.#warmUpTimer);
    this.status.shutdown();
    this.#isShutdown = true;
    this.clearCache();
  }

  clearCache(): void {
    quietly(() => this.#cache?.flush());
    this.#coalesced?.flush();
  }

  getSignal(): AbortSignal | undefined {
    return this.#read.abortController?.signal;
  }

  getAbortController(): AbortController | undefined {
    return this.#read.abortController;
  }

  toJSON(): { state: State; status: Stats } {
    return {
      state: {
        name: this.name,
        enabled: this.enabled,
        closed: this.closed,
        open: this.opened,
        halfOpen: this.halfOpen,
        warmUp: this.warmUp,
        shutdown: this.isShutdown,
        lastTimerAt: this.#lastTimerAt,
      },
      status: this.stats,
    };
  }

  /** The events that have listeners, and those that are counted. */
  override eventNames(): (string | symbol)[] {
    return [...new Set<string | symbol>([...Object.keys(COUNTED_EVENTS), ...super.eventNames()])];
  }

  /** Tells listeners one by one: what one of them throws is reported, and hinders nobody. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (this.listenerCount(event) === 0 || !OWN_EVENTS.has(event)) return super.emit(event, ...args);
    for (const listener of this.rawListeners(event)) quietly(() => Reflect.apply(listener, this, args));
    return true;
  }

  #call(context: unknown, args: TI): Promise<TR> {
    try {
      return this.#dispatch(context, args) as Promise<TR>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #dispatch(context: unknown, args: TI): Promise<unknown> {
    if (this.#isShutdown) return Promise.reject(createShutdownError());
    const now = this.#clock.now();
    this.#count('fire', now);
    this.emit('fire', args);
    if (!this.#enabled) return Promise.resolve(Reflect.apply(this.action, context, args));
    const cache = this.#cache;
    if (cache === undefined && this.#coalesced === undefined) return this.#admit(context, args, '', now);
    const key = Reflect.apply(this.#read.cacheGetKey as AnyFunction, this, args) as string;
    if (cache === undefined) return this.#coalesce(context, args, key);
    const found = quietly(() => cache.get(key));
    if (isThenable(found) && !kept.has(found)) {
      return Promise.resolve(found).then(
        (value) => (value === undefined ? this.#miss(context, args, key) : this.#hit(value)),
        (error) => {
          report(error);
          return this.#miss(context, args, key);
        },
      );
    }
    return found ? this.#hit(found) : this.#miss(context, args, key);
  }

  #hit(value: unknown): Promise<unknown> {
    this.#tell('cacheHit');
    return Promise.resolve(value);
  }

  #miss(context: unknown, args: TI, key: string): Promise<unknown> {
    this.#tell('cacheMiss');
    return this.#coalesce(context, args, key);
  }

  #coalesce(context: unknown, args: TI, key: string): Promise<unknown> {
    const calls = this.#coalesced;
    if (calls === undefined) return this.#admit(context, args, key, this.#clock.now());
    const found = calls.get(key);
    if (found !== undefined) {
      this.#tell('coalesceCacheHit');
      return found as Promise<unknown>;
    }
    this.#tell('coalesceCacheMiss');
    const { coalesceTTL } = this.#read;
    let isOver = false;
    const forget = () => {
      isOver = true;
      calls.delete(key);
    };
    const call = this.#admit(context, args, key, this.#clock.now(), forget);
    if (!isOver) calls.set(key, call, coalesceTTL ? this.#clock.epoch() + coalesceTTL : 0);
    return call;
  }

  /** Asks the state, and the semaphore: before the permit where nothing else can refuse the call. */
  #admit(context: unknown, args: TI, key: string, now: number, forget?: () => void): Promise<unknown> {
    const isClosed = this.core.state === 'CLOSED';
    if (isClosed && !this.semaphore.test()) return this.#locked(args, forget);
    let permit: Permit;
    try {
      permit = this.core.acquire();
    } catch (cause) {
      if (isClosed) this.semaphore.release();
      forget?.();
      return this.#rejected(cause, args, now);
    }
    const isProbe = this.core.state === 'HALF_OPEN';
    if (!isClosed && !this.semaphore.test()) {
      permit.ignore();
      return this.#locked(args, forget);
    }
    if (isProbe) this.#probes++;
    this.#renewController();
    return this.#run(context, args, key, permit, isProbe, now);
  }

  #run(
    context: unknown,
    args: TI,
    key: string,
    permit: Permit,
    isProbe: boolean,
    now: number,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timeout = this.#read.timeout || 0;
      const flight = new Flight(this.#tower, permit, isProbe, args, key, now, timeout, resolve, reject);
      if (timeout > 0) this.#deadlines.add(flight, now);
      let result: unknown;
      try {
        result = Reflect.apply(this.action, context, args);
        if (!isThenable(result)) result = Promise.resolve(result);
        (result as PromiseLike<unknown>).then(
          (value) => {
            if (flight.isSettled) return;
            this.#succeeded(flight, value);
            if (this.#cache !== undefined) this.#keep(key, result as PromiseLike<unknown>);
          },
          (error) => this.#failed(flight, error),
        );
      } catch (error) {
        this.#failed(flight, error);
      }
    });
  }

  #keep(key: string, result: PromiseLike<unknown>): void {
    const { cacheTTL } = this.#read;
    kept.add(result);
    const stored = quietly(() =>
      this.#cache?.set(key, result, cacheTTL > 0 ? this.#clock.epoch() + cacheTTL : 0),
    ) as unknown;
    if (isThenable(stored)) Promise.resolve(stored).catch(report);
  }

  /** Ends a call once; answers how long it took, in whole ms. */
  #land(flight: Flight, now: number): number {
    flight.isSettled = true;
    if (flight.timeout > 0) this.#deadlines.remove(flight);
    return Math.max(Math.round(now - flight.startedAt), 0);
  }

  #leave(flight: Flight): void {
    if (flight.isProbe) this.#probes = Math.max(this.#probes - 1, 0);
  }

  #succeeded(flight: Flight, value: unknown): void {
    if (flight.isSettled) return;
    const now = this.#clock.now();
    const ms = this.#land(flight, now);
    this.#leave(flight);
    flight.permit.success();
    this.#count('success', now, ms);
    this.emit('success', value, ms);
    if (this.#coalesced !== undefined) this.#forget(flight, 'success');
    this.semaphore.release();
    flight.resolve(value);
  }

  #failed(flight: Flight, error: unknown): void {
    if (flight.isSettled) return;
    const ms = this.#land(flight, this.#clock.now());
    this.semaphore.release();
    this.#settleFailed(flight, error, error, ms);
    this.#forget(flight, 'error');
  }

  #timedOut(flight: Flight, now: number): void {
    if (flight.isSettled) return;
    flight.isSettled = true;
    const ms = Math.max(Math.round(now - flight.startedAt), 0);
    const error = createTimeoutError(this.name, flight.timeout);
    this.semaphore.release();
    this.#tell('timeout', undefined, error, ms, flight.args);
    this.#settleFailed(flight, error, error.cause, ms);
    this.#forget(flight, 'timeout');
    this.#read.abortController?.abort();
  }

  /** @param cause the error as the core is to see it */
  #settleFailed(flight: Flight, error: unknown, cause: unknown, ms: number): void {
    const { permit, args } = flight;
    let isFiltered: unknown;
    try {
      isFiltered = this.#read.errorFilter?.(error, ...args);
    } catch (thrown) {
      report(thrown);
      this.#leave(flight);
      permit.ignore();
      flight.reject(error);
      return;
    }
    if (isFiltered) {
      this.#leave(flight);
      permit.success();
      this.#tell('success', ms, error, ms);
      flight.reject(error);
      return;
    }
    this.#tell('failure', ms, error, ms, args);
    this.#leave(flight);
    const isOwn = typeof error === 'object' && error !== null && rejectedBy.get(error) === this.core;
    if (isOwn) permit.ignore();
    else {
      this.#armRate();
      permit.failure(cause);
    }
    const answer = this.#answer(error, args);
    if (answer === undefined) flight.reject(error);
    else flight.resolve(answer);
  }

  #rejected(cause: unknown, args: TI, now: number): Promise<unknown> {
    const error = createOpenError(cause);
    rejectedBy.set(error, this.core);
    this.#count('reject', now);
    this.emit('reject', error);
    return this.#answer(error, args) ?? Promise.reject(error);
  }

  /** A full semaphore says nothing of the dependency: it is counted and opens nothing. */
  #locked(args: TI, forget: (() => void) | undefined): Promise<unknown> {
    const error = createLockedError();
    forget?.();
    this.#tell('semaphoreLocked', undefined, error, 0);
    let isFiltered: unknown;
    try {
      isFiltered = this.#read.errorFilter?.(error, ...args);
    } catch (thrown) {
      report(thrown);
      return Promise.reject(error);
    }
    if (isFiltered) {
      this.#tell('success', 0, error, 0);
      return Promise.reject(error);
    }
    this.#tell('failure', 0, error, 0, args);
    return this.#answer(error, args) ?? Promise.reject(error);
  }

  /** What the fallback makes of an error, if there is one. */
  #answer(error: unknown, args: readonly unknown[]): Promise<unknown> | undefined {
    const fallback = this.#fallback;
    if (fallback === undefined) return undefined;
    try {
      const result = Reflect.apply(fallback, fallback, [...args, error]);
      this.#tell('fallback', undefined, result, error);
      return Promise.resolve(result);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  #forget({ key }: Flight, event: 'error' | 'success' | 'timeout'): void {
    if (this.#coalesced !== undefined && this.#read.coalesceResetOn?.includes(event)) {
      this.#coalesced.delete(key);
    }
  }

  /** Counts an event and tells it. */
  #tell(event: CountedEvent, latency?: number, ...args: unknown[]): void {
    this.#count(event, this.#clock.now(), latency);
    this.emit(event, ...args);
  }

  #count(event: CountedEvent, now: number, latency?: number): void {
    const counted = COUNTED_EVENTS[event];
    if (counted !== undefined) this.status.increment(counted, latency, now);
  }

  #createCore(snapshot?: CircuitSnapshot): Core {
    const { errorThresholdPercentage, volumeThreshold, resetTimeout, timeout } = this.#read;
    const { rollingCountTimeout, rollingCountBuckets } = this.#read;
    const core = new Core({
      name: this.name,
      clock: this.#clock,
      failureThreshold: false,
      failureRateThreshold: this.#isHeld ? false : rateOf(errorThresholdPercentage),
      minimumCalls: Math.max(1, Math.ceil(Math.min(volumeThreshold, Number.MAX_SAFE_INTEGER))),
      window: { type: 'time', duration: Math.max(rollingCountTimeout, 1), buckets: rollingCountBuckets },
      recoveryTimeout: resetTimeout,
      halfOpenMaxCalls: 1,
      successThreshold: 1,
      probeTimeout: timeout || 60_000,
      snapshot,
      onTransition: (transition) => this.#entered(transition),
    });
    const { state, status } = this.#read;
    if (snapshot !== undefined || (state === undefined && status === undefined)) return core;
    return this.#createCore(this.#snapshotOf(core));
  }

  /** State and numbers that were handed over, as the core takes them. */
  #snapshotOf(core: Core): CircuitSnapshot {
    const { state, resetTimeout } = this.#read;
    const { successes, failures } = this.status.stats;
    const fresh = core.snapshot();
    const calls = successes + failures;
    const window = { ...fresh.window, counts: calls > 0 ? [[0, calls, failures, 0]] : [] };
    const isClosed = state?.closed !== false && !state?.halfOpen;
    const elapsed = Math.max(this.#clock.epoch() - (state?.lastTimerAt ?? this.#clock.epoch()), 0);
    const remaining = isClosed || state?.halfOpen ? 0 : Math.max(resetTimeout - elapsed, 0);
    return {
      ...fresh,
      window: window as CircuitSnapshot['window'],
      ...(!isClosed && { state: 'OPEN' as const, attempt: 1, elapsed, recovery: resetTimeout, remaining }),
    };
  }

  /** What is to be done about the state that the breaker begins in. */
  #begin(state: Partial<State> | undefined): void {
    if (this.#warmUp) {
      const end = () => {
        this.#warmUp = false;
      };
      this.#warmUpTimer = startTimer(this.#clock, end, this.#read.rollingCountTimeout, { background: true });
    }
    if (state?.shutdown) {
      this.shutdown();
      return;
    }
    if (this.core.state !== 'OPEN') return;
    this.#lastTimerAt = state?.lastTimerAt ?? this.#clock.epoch();
    const left = this.core.metrics.retryAfter ?? 0;
    if (left > 0) {
      this.status.open();
      this.#waitForHalfOpen(left);
    } else this.#tellHalfOpen();
  }

  /** Hears of each change of the core's state. */
  #entered({ to }: Transition): void {
    if (to === 'OPEN') {
      this.#enterOpen();
      return;
    }
    stopTimer(this.#clock, this.#resetTimer);
    this.#resetTimer = undefined;
    if (to === 'HALF_OPEN') {
      if (!this.#isDue) this.#tellHalfOpen();
      this.#isDue = false;
      return;
    }
    this.#isDue = false;
    this.#probes = 0;
    this.status.close();
    this.#renewController();
    this.emit('close');
  }

  #enterOpen(): void {
    this.#isDue = false;
    this.#probes = 0;
    this.#lastTimerAt = this.#clock.epoch();
    const { retryAfter } = this.core.metrics;
    if (retryAfter !== null && !this.#isShutdown) this.#waitForHalfOpen(retryAfter);
    this.status.open();
    this.emit('open');
  }

  #waitForHalfOpen(ms: number): void {
    stopTimer(this.#clock, this.#resetTimer);
    const due = () => {
      this.#resetTimer = undefined;
      if (this.core.state !== 'OPEN' || this.#isDue) return;
      for (let left = this.core.metrics.retryAfter ?? 0; left > 0; left = this.core.metrics.retryAfter ?? 0) {
        this.#clock.add(Math.max(left, 0.001));
      }
      this.#tellHalfOpen();
    };
    this.#resetTimer = startTimer(this.#clock, due, ms, { background: true });
  }

  #tellHalfOpen(): void {
    this.#isDue = true;
    this.#renewController();
    this.emit('halfOpen', this.#read.resetTimeout);
  }

  /** Puts the rule of the rate in force, now that a failure counts. */
  #armRate(): void {
    if (!this.#isHeld || this.#warmUp) return;
    this.#isHeld = false;
    this.core.update({ failureRateThreshold: rateOf(this.#read.errorThresholdPercentage) });
  }

  #renewController(): void {
    const { autoRenewAbortController, abortController } = this.#read;
    if (autoRenewAbortController && abortController?.signal.aborted) {
      this.#read.abortController = new AbortController();
    }
  }

  async #check(check: (this: this) => unknown): Promise<void> {
    try {
      await Reflect.apply(check, this, []);
    } catch (error) {
      if (this.#isShutdown) return;
      this.emit('healthCheckFailed', error);
      this.open();
    }
  }

  /** Lets three options be set while the breaker lives. */
  #watchOptions(): void {
    this.#watch('timeout', (timeout) => this.core.update({ probeTimeout: timeout || 60_000 }));
    this.#watch('resetTimeout', (ms) => this.core.update({ recoveryTimeout: ms as number }));
    this.#watch('errorThresholdPercentage', (percentage) => {
      if (!this.#isHeld) this.core.update({ failureRateThreshold: rateOf(percentage as number) });
    });
  }

  #watch(
    option: 'timeout' | 'resetTimeout' | 'errorThresholdPercentage',
    apply: (value: number | false) => void,
  ): void {
    let current: number | false = this.#read[option];
    Object.defineProperty(this.#read, option, {
      enumerable: true,
      configurable: true,
      get: () => current,
      set: (value: unknown) => {
        const checked = readNumber(this.name, option, value);
        apply(checked);
        current = checked;
      },
    });
  }
}

function statusOf(options: ReadOptions, clock: FaceClock): Status {
  const { status } = options;
  if (status instanceof Status) return status;
  const given = (status ?? {}) as { readonly stats?: Partial<Stats> };
  const stats = given.stats ?? (status as Partial<Stats> | undefined);
  return new Status(stats === undefined ? options : { ...options, stats }, clock);
}

function verifyHelpers({ cache, cacheTransport, abortController, ...options }: ReadOptions): void {
  const methods = ['get', 'set', 'flush'] as const;
  if (cache && cacheTransport !== undefined) {
    if (typeof cacheTransport !== 'object' || !methods.every((it) => cacheTransport?.[it])) {
      throw new TypeError('options.cacheTransport should be an object with `get`, `set` and `flush` methods');
    }
  }
  if (abortController && typeof abortController.abort !== 'function') {
    throw new TypeError('AbortController does not contain `abort()` method');
  }
  for (const option of ['errorFilter', 'cacheGetKey'] as const) {
    if (options[option] !== undefined && typeof options[option] !== 'function') {
      throw new TypeError(`options.${option} must be a function, received ${typeof options[option]}`);
    }
  }
}

/** Runs something of the user's; what it throws is reported. */
function quietly<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    report(error);
    return undefined;
  }
}

function randomName(): string {
  return globalThis.crypto?.randomUUID?.() ?? `circuit-${Math.random().toString(36).slice(2)}`;
}
