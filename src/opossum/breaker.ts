import { unguardable } from '../core/callee.js';
import type { CircuitBreaker as Core } from '../index.js';
import { Caches } from './caches.js';
import { Calls } from './calls.js';
import { FaceEmitter } from './emitter.js';
import { createShutdownError, isOurError } from './errors.js';
import type { FaceEvents } from './events.js';
import { FaceCircuit } from './face-circuit.js';
import { FaceClock } from './face-clock.js';
import { type FallbackTarget, fallbackFrom } from './fallback-target.js';
import { statusOf } from './handed-over.js';
import { HealthChecks } from './health-checks.js';
import { govern } from './live-options.js';
import { type Options, type ReadOptions, readOptions, type State } from './options.js';
import { Places, type Semaphore } from './semaphore.js';
import type { Stats } from './stats.js';
import { Status, type StatusOptions } from './status.js';
import { Voice } from './voice.js';

const DEPRECATION = 'options.maxFailures is deprecated. Please use options.errorThresholdPercentage';

/** Typed listeners, as opossum's types have them. */
export interface CircuitBreaker<TI extends unknown[], TR> {
  on<E extends keyof FaceEvents>(event: E, listener: (...args: FaceEvents<TI, TR>[E]) => void): this;
  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  once<E extends keyof FaceEvents>(event: E, listener: (...args: FaceEvents<TI, TR>[E]) => void): this;
  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  once(event: string | symbol, listener: (...args: any[]) => void): this;
}

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
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the merged members narrow those of EventEmitter
export class CircuitBreaker<TI extends unknown[] = unknown[], TR = unknown> extends FaceEmitter {
  static {
    // In a bundle the core's class has the name first.
    Object.defineProperty(this, 'name', { value: 'CircuitBreaker', configurable: true });
  }

  /** Whether a breaker of this kind made the error, whichever copy of the package it was. */
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

  readonly #read: ReadOptions;
  readonly #circuit: FaceCircuit;
  readonly #caches: Caches | undefined;
  readonly #calls: Calls;
  readonly #voice: Voice;
  readonly #clock: FaceClock;
  #checks: HealthChecks | undefined;
  #enabled: boolean;

  /**
   * @param action what is guarded; a value is what each call gives
   * @throws TypeError without an action, for a class or an async generator function, or for a bad `cacheTransport` or `abortController`
   * @throws InvalidOptionsError for a value out of range
   */
  constructor(action: ((...args: TI) => Promise<TR> | TR) | TR, options: Options<TI> = {}) {
    super();
    if (!action) {
      throw new TypeError(
        'No action provided. Cannot construct a CircuitBreaker without an invocable action.',
      );
    }
    const received = typeof action === 'function' ? unguardable(action) : undefined;
    if (received !== undefined)
      throw new TypeError(
        `Cannot construct a CircuitBreaker: its action must be a function, received ${received}`,
      );
    const ownName = typeof action === 'function' ? action.name : (action as { name?: unknown }).name;
    this.name = String(options?.name || ownName || randomName());
    const read = readOptions(options as Options, this.name);
    const clock = new FaceClock(read.clock);
    this.#read = read;
    this.#clock = clock;
    this.options = read as unknown as Options<TI>;
    this.group = read.group || this.name;
    this.volumeThreshold = read.volumeThreshold;
    this.action =
      typeof action === 'function' ? (action as (...args: TI) => TR) : () => Promise.resolve(action as TR);
    // biome-ignore lint/suspicious/noConsole: opossum tells it there
    if (read.maxFailures) console.error(DEPRECATION);

    this.status = statusOf(read, clock);
    const semaphore = new Places(read.capacity, clock);
    this.semaphore = semaphore;
    this.#enabled = (read.state?.enabled ?? read.enabled) !== false;
    this.#voice = new Voice(this, read);
    this.#circuit = new FaceCircuit(this.name, read, clock, this.#voice);
    this.core = this.#circuit.core;
    this.#caches = read.cache || read.coalesce ? new Caches(read, clock, this.#voice) : undefined;
    this.#calls = new Calls(this.#voice, read, clock, this.#circuit, semaphore, this.#caches);
    govern(read, this.#circuit);
    if (read.state?.shutdown) this.shutdown();
    else this.#circuit.begin();
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  get closed(): boolean {
    return this.#circuit.isClosed;
  }

  get opened(): boolean {
    return this.#circuit.isOpen;
  }

  get halfOpen(): boolean {
    return this.#circuit.isHalfOpen;
  }

  /** Half-open, and no probe under way. */
  get pendingClose(): boolean {
    return this.#circuit.isPending;
  }

  get isShutdown(): boolean {
    return this.#circuit.isShutdown;
  }

  get warmUp(): boolean {
    return this.#circuit.warmUp;
  }

  get stats(): Stats {
    return this.status.stats;
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
    this.#calls.fallback = fallbackFrom(target);
    return this;
  }

  /**
   * Checks the dependency at once and each `interval` ms. A rejection opens the circuit.
   *
   * @throws TypeError if `check` is no function or `interval` no number
   * @throws InvalidOptionsError for an interval below 1 ms
   */
  healthCheck(check: (this: this) => unknown, interval = 5_000): void {
    this.#checks ??= new HealthChecks(this, this.#clock);
    this.#checks.begin(check, interval);
  }

  /** Opens the circuit, unless it is open. */
  open(): void {
    this.#circuit.open();
  }

  /** Closes the circuit, unless it is closed. */
  close(): void {
    this.#circuit.close();
  }

  enable(): void {
    if (this.isShutdown) return;
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
    if (this.isShutdown) return;
    this.emit('shutdown');
    this.disable();
    this.removeAllListeners();
    this.#checks?.end();
    this.#circuit.shutdown();
    this.status.shutdown();
    this.clearCache();
  }

  clearCache(): void {
    this.#caches?.flush();
  }

  getSignal(): AbortSignal | undefined {
    return this.#read.abortController?.signal;
  }

  getAbortController(): AbortController | undefined {
    return this.#read.abortController;
  }

  /** What another breaker can begin with: its options `state` and `status`. */
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
        lastTimerAt: this.#circuit.lastTimerAt,
      },
      status: this.stats,
    };
  }

  #call(context: unknown, args: TI): Promise<TR> {
    try {
      return this.#dispatch(context, args) as Promise<TR>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #dispatch(context: unknown, args: TI): Promise<unknown> {
    if (this.isShutdown) return Promise.reject(createShutdownError());
    const now = this.#circuit.now();
    this.#voice.tellFire(args, now);
    if (!this.#enabled) return Promise.resolve(Reflect.apply(this.action, context, args));
    const caches = this.#caches;
    if (caches === undefined) return this.#calls.make(context, args, undefined, now);
    const key = Reflect.apply(this.#read.cacheGetKey, this, args);
    return caches.answer(key, (slot) => this.#calls.make(context, args, slot, this.#circuit.now()));
  }
}

function randomName(): string {
  return globalThis.crypto?.randomUUID?.() ?? `circuit-${Math.random().toString(36).slice(2)}`;
}
