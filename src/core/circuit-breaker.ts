/**
 * The circuit breaker as users see it: it runs calls, asks the state machine who may pass and tells it how calls end,
 * counts, and tells listeners. It alone reads the clock, once at each edge of a call and only where something needs it.
 *
 * A call passes through here from top to bottom: `call`, `#admit`, `#start`, `#settle`. The usual call takes short cuts:
 * `#callPlainly`, `#watch`, `#succeed`. The rules are in `state-machine.ts`, what an outcome counts as in `outcome.ts`.
 */

import { type CallContext, LazyCallContext } from './call-context.js';
import { taskError, verifyCallee } from './callee.js';
import { type CircuitMode, CircuitState } from './circuit-state.js';
import { Deadlines, deadlinesFor } from './deadlines.js';
import { CircuitBreakerOpenError, createOpenError, isTimeout } from './errors.js';
import { type CircuitBreakerEvents, type Emission, Emitter, type Listener } from './events.js';
import { answer, type FallbackOptions, fallbackFor } from './fallback.js';
import { GuardedCall, type Guards, type Settle } from './guarded-call.js';
import { healthOf } from './health.js';
import { imitate } from './imitate.js';
import type { CircuitMetrics, LastTransition } from './metrics.js';
import {
  type CallOptions,
  type CircuitBreakerOptions,
  completeOptions,
  type ResolvedOptions,
  readBreakerOptions,
  readCallOptions,
  readSyncCallOptions,
  type SyncCallOptions,
  subjectOf,
  type UpdatableOptions,
  verifyCallOptions,
} from './options.js';
import { classifyError, classifyValue, type OutcomeKind } from './outcome.js';
import { CallPermit, type Permit } from './permit.js';
import { rejectSoon, run, type Task } from './promises.js';
import { isGranted, report } from './report.js';
import {
  type CircuitSnapshot,
  describeFailure,
  LONGEST,
  parseSnapshot,
  recallFailure,
  SNAPSHOT_VERSION,
} from './snapshot.js';
import { type Phase, StateMachine, type TripReason, UNGOVERNED } from './state-machine.js';
import { Tally } from './tally.js';
import { breakerSubject } from './validate.js';

/** What a registry is to the breakers that it keeps. */
export interface Keeper {
  /** Hears the events of all of them. */
  readonly events: {
    hears(event: keyof CircuitBreakerEvents): boolean;
    take(events: readonly Emission<CircuitBreakerEvents>[]): void;
    tell(): void;
  };
  /** Is told of each call, when it starts and when it ends, if the keeper cares. */
  readonly onUse: ((breaker: CircuitBreaker) => void) | undefined;
}

/** Puts a breaker into a keeper's hands or out of them; to be said again when the keeper's listeners have changed. */
export let keep: (breaker: CircuitBreaker, keeper: Keeper | undefined) => void;

/** How a call ended, for code that handles failures as values. `rejected` tells that the task was not run. */
export type CallResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly rejected: boolean };

/** The event that tells of each state. */
const STATE_EVENTS = { CLOSED: 'close', OPEN: 'open', HALF_OPEN: 'halfOpen' } as const;

/** Every event of a breaker. */
export const CIRCUIT_BREAKER_EVENTS = [
  'transition',
  ...Object.values(STATE_EVENTS),
  'success',
  'failure',
  'ignore',
  'reject',
  'fallback',
  'mode',
] as const satisfies readonly (keyof CircuitBreakerEvents)[];

const CALL_EVENTS = { success: 'success', failure: 'failure', ignored: 'ignore' } as const;

const asSuccess = <T>(value: T): CallResult<T> => ({ ok: true, value });
const asFailure = (error: unknown): CallResult<never> => ({ ok: false, error, rejected: false });
const asRejection = (error: unknown): CallResult<never> => ({ ok: false, error, rejected: true });

const NO_CHANGES: readonly Emission<CircuitBreakerEvents>[] = [];

/** Settles a call, or all of one stay whose start was not timed. */
interface Watcher {
  readonly permit: Phase;
  /** Hands the value on. */
  readonly succeeded: <T>(value: T) => T;
  /** Throws the error on. */
  readonly failed: (error: unknown) => never;
  /** Looks on from the side. */
  readonly noticed: (error: unknown) => void;
}

/** What there is to do on the side about a success. */
const nothing = () => {};

/**
 * Stands between a service and something that it calls. When the calls fail or slow down it stops them at once, lets
 * a few probes through after a while, and closes again by itself.
 *
 * It has no timers at rest: what happens with time happens when a call asks.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 *
 * const breaker = new CircuitBreaker({ name: 'greeter', callTimeout: 2_000, fallback: () => 'Hello, whoever you are.' });
 * console.log(await breaker.call(async () => 'Hello, Ada.')); // → Hello, Ada.
 * ```
 */
export class CircuitBreaker {
  readonly #machine: StateMachine;
  readonly #tally = new Tally();
  #given: CircuitBreakerOptions;
  #options: ResolvedOptions;
  /** Whether anybody hears of calls. */
  #isHeard = false;
  /** Whether calls without options of their own have neither a deadline nor a fallback. */
  #isPlain = false;
  /** Whether nobody but the machine takes notice of a success. */
  #isQuiet = false;
  /** Whether both edges of a call are timed, and whether the end of it is. */
  #timesCalls = false;
  #timesEnds = false;
  #watcher: Watcher | undefined;
  #lastTold: LastTransition | undefined;
  #events: Emitter<CircuitBreakerEvents> | undefined;
  #keeper: Keeper | undefined;
  #deadlines: Deadlines | undefined;

  static {
    keep = (breaker, keeper) => {
      breaker.#keeper = keeper;
      breaker.#tune();
    };
  }

  /** @throws InvalidOptionsError for an unknown option, a value out of range or a damaged snapshot */
  constructor(options: CircuitBreakerOptions = {}) {
    const subject = subjectOf(options);
    const { snapshot, onTransition, onOpen, onClose, onHalfOpen, ...given } = readBreakerOptions(
      options,
      subject,
    );
    this.#given = given;
    this.#options = completeOptions(given, subject);
    this.#machine = new StateMachine(this.#options, this.#options.clock.now());
    this.#tune();
    if (snapshot !== undefined) {
      this.#takeOver(parseSnapshot(snapshot, subject), this.#machine.phase.since);
      this.#lastTold = this.#machine.lastTransition; // nobody can have listened yet
    }
    if (onTransition !== undefined) this.on('transition', onTransition);
    if (onOpen !== undefined) this.on('open', onOpen);
    if (onClose !== undefined) this.on('close', onClose);
    if (onHalfOpen !== undefined) this.on('halfOpen', onHalfOpen);
  }

  /** The name in errors, events and metrics. */
  get name(): string {
    return this.#options.name;
  }

  /** The present state. Reading it changes nothing: it stays OPEN after the recovery timeout until a call asks. */
  get state(): CircuitState {
    return this.#machine.phase.state;
  }

  /** What the breaker does with its decisions. */
  get mode(): CircuitMode {
    const { state, forced } = this.#machine.phase;
    if (!forced) return this.#options.mode;
    return state === CircuitState.OPEN ? 'forced-open' : 'forced-closed';
  }

  /** The options in force: frozen, with every member filled in. */
  get options(): ResolvedOptions {
    return this.#options;
  }

  /** Everything that the breaker knows of itself, as a fresh plain object. */
  get metrics(): CircuitMetrics {
    return this.#metricsAt(this.#options.clock.now());
  }

  /**
   * Runs a task, unless the circuit is open. The promise settles as the task does, except that it
   *
   * - rejects with `CircuitBreakerOpenError` if the breaker rejected the call,
   * - rejects with `CallTimeoutError` after `callTimeout`,
   * - rejects with the signal's reason when the caller's signal aborts,
   * - settles as the fallback does if there is one and `fallbackOn` names the error.
   *
   * It rejects with a `TypeError` for a task that is no function and with `InvalidOptionsError` for bad options.
   *
   * @example
   * ```ts
   * import { CircuitBreaker } from 'recloser';
   *
   * const breaker = new CircuitBreaker({ name: 'users', callTimeout: 500 });
   * const user = await breaker.call(async ({ signal }) => ({ id: 7, aborted: signal.aborted }));
   * console.log(user.id); // → 7
   * ```
   */
  call<T>(task: Task<T>, options?: CallOptions<T>): Promise<T> {
    const { phase } = this.#machine;
    return this.#isUsual(task, options, phase) ? this.#callPlainly(task, phase) : this.#call(task, options);
  }

  /**
   * Like `call`, for code that handles failures as values: the promise never rejects.
   *
   * @example
   * ```ts
   * import { CircuitBreaker } from 'recloser';
   *
   * const breaker = new CircuitBreaker();
   * const result = await breaker.tryCall(() => 42);
   * if (result.ok) console.log(result.value); // → 42
   * ```
   */
  tryCall<T>(task: Task<T>, options?: CallOptions<T>): Promise<CallResult<T>> {
    let own: CallOptions<T> | undefined;
    try {
      own = this.#readCall(task, options);
    } catch (error) {
      return Promise.resolve(asFailure(error));
    }
    const callTimeout = own?.callTimeout ?? this.#options.callTimeout;
    const now = this.#timeOfStart(callTimeout);
    const admission = this.#admit(now);
    if (!(admission instanceof CircuitBreakerOpenError)) {
      return this.#start(task, admission, now, callTimeout, own).then(asSuccess, asFailure);
    }
    const answered = this.#answerRejection(admission, own);
    return answered?.then(asSuccess, asRejection) ?? Promise.resolve(asRejection(admission));
  }

  /**
   * Runs a synchronous task, unless the circuit is open. `callTimeout` does not apply.
   *
   * @throws CircuitBreakerOpenError if the breaker rejected the call and no fallback answered
   * @throws TypeError if the task is no function
   */
  callSync<T>(task: () => T, options?: SyncCallOptions<T>): T {
    const { phase } = this.#machine;
    return this.#isUsual(task, options, phase)
      ? this.#runSync(task, phase, this.#beginPlainly(), undefined)
      : this.#callSync(task, options);
  }

  /**
   * A function that runs `fn` through this breaker. It keeps `this`, the arguments, the name, the length, and
   * whatever hangs on the function.
   *
   * @throws TypeError if `fn` is no function, or a class or an async generator function
   * @throws InvalidOptionsError for bad options
   *
   * @example
   * ```ts
   * import { CircuitBreaker } from 'recloser';
   *
   * const greet = new CircuitBreaker().wrap(async (name: string) => `Hello, ${name}.`);
   * console.log(await greet('Ada')); // → Hello, Ada.
   * ```
   */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R | PromiseLike<R>,
    options?: CallOptions<R>,
  ): (this: This, ...args: Args) => Promise<R> {
    verifyCallee(fn, this.name);
    const breaker = this;
    const checked = options === undefined ? undefined : readCallOptions(options, this.name);
    return imitate(fn, function (this: This, ...args: Args) {
      return breaker.call(() => Reflect.apply(fn, this, args), checked);
    });
  }

  /**
   * Like `wrap`, for a synchronous function.
   *
   * @throws TypeError if `fn` is no function, or a class or an async generator function
   * @throws InvalidOptionsError for bad options
   */
  wrapSync<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
    options?: SyncCallOptions<R>,
  ): (this: This, ...args: Args) => R {
    verifyCallee(fn, this.name);
    const breaker = this;
    const checked = options === undefined ? undefined : readSyncCallOptions(options, this.name);
    return imitate(fn, function (this: This, ...args: Args) {
      return breaker.callSync(() => Reflect.apply(fn, this, args), checked);
    });
  }

  /**
   * Leave for one call that you run yourself; settle it when the call ends. `callTimeout` does not apply.
   *
   * @throws CircuitBreakerOpenError if the breaker rejects the call
   */
  acquire(): Permit {
    const now = this.#timeOfStart(false);
    const admission = this.#admit(now);
    if (admission instanceof CircuitBreakerOpenError) throw admission;
    return this.#createPermit(admission, now);
  }

  /** Like `acquire`, with `undefined` in place of a rejection. */
  tryAcquire(): Permit | undefined {
    const now = this.#timeOfStart(false);
    const admission = this.#admit(now);
    return admission instanceof CircuitBreakerOpenError ? undefined : this.#createPermit(admission, now);
  }

  /**
   * Opens the circuit now; it recovers by itself after the recovery timeout, which starts again if it is OPEN
   * already. In a forced mode nothing happens.
   *
   * @param reason words for the transition's `detail`
   */
  trip(reason?: string): void {
    this.#steer((now) => this.#machine.trip(now, 'tripped', reason));
  }

  /**
   * Opens the circuit until `reset()`.
   *
   * @param reason words for the transition's `detail` and the `mode` event
   */
  forceOpen(reason?: string): void {
    this.#steer((now) => this.#machine.forceOpen(now, reason), reason);
  }

  /** Closes the circuit until `reset()`: every call passes and is still counted. */
  forceClosed(): void {
    this.#steer((now) => this.#machine.forceClosed(now));
  }

  /** Back to CLOSED and to the configured mode, with an empty window. Calls in flight steer nothing afterwards. */
  reset(): void {
    this.#steer((now) => this.#machine.reset(now));
  }

  /**
   * Changes options, all of them or none. They hold from the next decision on; a new `recoveryTimeout` from the next
   * opening. The window keeps its data unless its shape changes.
   *
   * @throws InvalidOptionsError for an unknown option, a value out of range, or an option that cannot be updated
   */
  update(options: UpdatableOptions): void {
    const subject = breakerSubject('update', this.name);
    const given = { ...this.#given, ...readBreakerOptions(options, subject, true) };
    const resolved = completeOptions(given, subject);
    this.#steer(() => {
      this.#given = given;
      this.#options = resolved;
      this.#machine.configure(resolved);
      this.#tune();
    });
  }

  /**
   * Tells `listener` each event of this kind, after the fact.
   *
   * @returns a function that unsubscribes it
   * @throws TypeError for an unknown event or a listener that is no function
   */
  on<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): () => void {
    return this.#emitter().add(event, listener);
  }

  /**
   * Like `on`, for the next such event alone.
   *
   * @throws TypeError for an unknown event or a listener that is no function
   */
  once<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): () => void {
    return this.#emitter().add(event, listener, true);
  }

  /**
   * Unsubscribes a listener; the latest registration of it, if there are several.
   *
   * @throws TypeError for an unknown event or a listener that is no function
   */
  off<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): void {
    this.#emitter().remove(event, listener);
  }

  /** The state as JSON-safe data, to start from in another process: `new CircuitBreaker({ ...options, snapshot })`. */
  snapshot(): CircuitSnapshot {
    const now = this.#options.clock.now();
    const lastFailure = this.#machine.lastFailure ?? null;
    return {
      version: SNAPSHOT_VERSION,
      name: this.name,
      takenAt: this.#epoch(),
      mode: this.mode,
      ...this.#machine.snapshot(now),
      lastFailure: lastFailure && {
        ...describeFailure(lastFailure.error),
        ago: Math.max(now - lastFailure.at, 0),
      },
      totals: this.#tally.totals,
    };
  }

  /** The same as `snapshot()`, for `JSON.stringify`. */
  toJSON(): CircuitSnapshot {
    return this.snapshot();
  }

  /**
   * Takes over the state of a snapshot. Options stay as they are; totals become the larger of the two.
   *
   * @throws InvalidOptionsError for a damaged snapshot or one of a newer version; the breaker stays as it was
   */
  restore(snapshot: CircuitSnapshot): void {
    const subject = breakerSubject('restore', this.name);
    const parsed = parseSnapshot(snapshot, subject);
    this.#steer((now) => this.#takeOver(parsed, now));
  }

  /** Whether a call is admitted, nothing may end it early and nobody answers in its place. */
  #isUsual(task: unknown, options: object | undefined, phase: Phase): boolean {
    const isPlain = this.#isPlain && options === undefined && typeof task === 'function';
    return isPlain && phase.state === CircuitState.CLOSED && !this.#isFull();
  }

  /** The usual call: `#call` without what it does not need. */
  #callPlainly<T>(task: Task<T>, permit: Phase): Promise<T> {
    const now = this.#beginPlainly();
    const context = new LazyCallContext(this.#options.name, permit.state);
    return this.#watch(run(task, context), permit, now);
  }

  /** Counts a usual call as started; answers the time, if it matters. */
  #beginPlainly(): number {
    const now = this.#timesCalls ? this.#options.clock.now() : Number.NaN;
    this.#begin();
    return now;
  }

  #call<T>(task: Task<T>, options: CallOptions<T> | undefined): Promise<T> {
    let own: CallOptions<T> | undefined;
    try {
      own = this.#readCall(task, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const callTimeout = own?.callTimeout ?? this.#options.callTimeout;
    const now = this.#timeOfStart(callTimeout);
    const admission = this.#admit(now);
    if (!(admission instanceof CircuitBreakerOpenError)) {
      return this.#start(task, admission, now, callTimeout, own);
    }
    return this.#answerRejection(admission, own) ?? rejectSoon(admission);
  }

  #callSync<T>(task: () => T, options: SyncCallOptions<T> | undefined): T {
    this.#verifyTask(task);
    const own = options === undefined ? undefined : readSyncCallOptions(options, this.name);
    const now = this.#timeOfStart(false);
    const admission = this.#admit(now);
    if (admission instanceof CircuitBreakerOpenError) {
      return this.#answerSync(admission, this.#fallbackFor(admission, true, own), admission.state);
    }
    return this.#runSync(task, admission, now, own);
  }

  #runSync<T>(task: () => T, permit: Phase, startedAt: number, options: SyncCallOptions<T> | undefined): T {
    let value: T;
    try {
      value = task();
    } catch (error) {
      const fallback = this.#settleFailed(permit, startedAt, error, options);
      return this.#answerSync(error, fallback, this.#stateOf(permit));
    }
    this.#succeed(permit, startedAt, value);
    return value;
  }

  #verifyTask(task: unknown): void {
    if (typeof task !== 'function') throw taskError(task, this.name);
  }

  /** The options of a call, as they are now: what the caller makes of them later changes nothing. */
  #readCall<T>(task: Task<T>, options: CallOptions<T> | undefined): CallOptions<T> | undefined {
    this.#verifyTask(task);
    if (options === undefined) return undefined;
    const own = verifyCallOptions(options, this.name);
    if (own.signal?.aborted) throw own.signal.reason;
    return own;
  }

  /** Reads the clock if the start of a call matters: for its duration, its deadline, or the state's own times. */
  #timeOfStart(callTimeout: number | false): number {
    const isNeeded =
      this.#timesCalls || callTimeout !== false || this.#machine.phase.state !== CircuitState.CLOSED;
    return isNeeded ? this.#options.clock.now() : Number.NaN;
  }

  /** The permit of a call, which counts as started then, or its rejection. */
  #admit(now: number): Phase | CircuitBreakerOpenError {
    const { phase } = this.#machine;
    const permit = this.#machine.acquire(now, this.#isFull());
    if (permit === undefined) return this.#reject(now);
    this.#begin();
    if (permit !== phase) this.#emit(this.#takeChanges(now));
    return permit;
  }

  /** The state that granted the permit; the present one where none did. */
  #stateOf(permit: Phase): CircuitState {
    return permit === UNGOVERNED ? this.state : permit.state;
  }

  #isFull(): boolean {
    return this.#tally.inFlight >= this.#options.maxConcurrentCalls;
  }

  #begin(): void {
    this.#tally.started();
    this.#keeper?.onUse?.(this);
  }

  #reject(now: number): Phase | CircuitBreakerOpenError {
    const { name, rejectionStackTrace } = this.#options;
    const observed = this.mode === 'observe';
    if (observed) this.#begin();
    this.#tally.count(observed ? 'wouldReject' : 'rejected');
    const reason = this.#machine.rejectionReason;
    const retryAfter = reason === 'open' ? this.#machine.retryAfter(now) : null;
    const cause = this.#machine.lastFailure?.error;
    const error = createOpenError(
      { breaker: name, state: this.state, reason, retryAfter, cause },
      rejectionStackTrace,
    );
    const changes = this.#takeChanges(now);
    if (changes.length > 0 || this.#hears('reject')) {
      this.#emit([...changes, ['reject', { breaker: name, reason, error, observed }]]);
    }
    return observed ? UNGOVERNED : error;
  }

  /** What the fallback makes of a rejection, if there is one for it. */
  #answerRejection<T>(
    rejection: CircuitBreakerOpenError,
    options: CallOptions<T> | undefined,
  ): Promise<T> | undefined {
    const fallback = this.#fallbackFor(rejection, true, options);
    if (fallback === undefined) return undefined;
    const signal = options?.signal;
    if (signal === undefined) return run(fallback, new LazyCallContext(this.name, rejection.state));
    const guards: Guards = {
      signal,
      callTimeout: false,
      startedAt: 0,
      deadlines: undefined,
      mayFallBack: false,
    };
    return new GuardedCall<T>(this.name, rejection.state, guards, () => undefined).runFallback(fallback);
  }

  #start<T>(
    task: Task<T>,
    permit: Phase,
    startedAt: number,
    callTimeout: number | false,
    options: CallOptions<T> | undefined,
  ): Promise<T> {
    if (callTimeout !== false || options?.signal !== undefined) {
      return this.#startGuarded(task, permit, startedAt, callTimeout, options);
    }
    const context = new LazyCallContext(this.#options.name, this.#stateOf(permit));
    if (this.#mayFallBack(options)) {
      return this.#startWithFallback(task, context, permit, startedAt, options);
    }
    return this.#watch(run(task, context), permit, startedAt);
  }

  /**
   * Settles the call on its way to the caller, which takes one promise; but an error that a handler throws on costs
   * half as much again. So where the last call failed, failures are settled from the side.
   */
  #watch<T>(pending: Promise<T>, permit: Phase, startedAt: number): Promise<T> {
    const watcher = Number.isNaN(startedAt)
      ? this.#watcherOf(permit)
      : this.#createWatcher(permit, startedAt);
    if (this.#machine.consecutiveFailures === 0) return pending.then(watcher.succeeded, watcher.failed);
    pending.then(nothing, watcher.noticed);
    return pending.then(watcher.succeeded);
  }

  /** Calls of one stay whose start was not timed differ in nothing: they share what settles them. */
  #watcherOf(permit: Phase): Watcher {
    if (this.#watcher?.permit !== permit) this.#watcher = this.#createWatcher(permit, Number.NaN);
    return this.#watcher;
  }

  #createWatcher(permit: Phase, startedAt: number): Watcher {
    return {
      permit,
      succeeded: (value) => {
        this.#succeed(permit, startedAt, value);
        return value;
      },
      failed: (error) => {
        this.#settle(permit, startedAt, true, error);
        throw error;
      },
      noticed: (error) => {
        this.#settle(permit, startedAt, true, error);
      },
    };
  }

  #startWithFallback<T>(
    task: Task<T>,
    context: CallContext,
    permit: Phase,
    startedAt: number,
    options: CallOptions<T> | undefined,
  ): Promise<T> {
    return run(task, context).then(
      (value) => {
        this.#succeed(permit, startedAt, value);
        return value;
      },
      (error) => {
        const fallback = this.#settleFailed(permit, startedAt, error, options);
        if (fallback === undefined) throw error;
        return fallback(context);
      },
    );
  }

  /** Starts a call that its deadline or its caller's signal may end before its task does. */
  #startGuarded<T>(
    task: Task<T>,
    permit: Phase,
    startedAt: number,
    callTimeout: number | false,
    options: CallOptions<T> | undefined,
  ): Promise<T> {
    const settle: Settle<T> = (threw, result, known, now) => {
      if (!threw) {
        this.#succeed(permit, startedAt, result);
        return undefined;
      }
      const kind = this.#settle(permit, startedAt, true, result, known, now);
      return kind === 'failure' ? this.#fallbackFor(result, false, options) : undefined;
    };
    const deadlines = callTimeout === false ? undefined : this.#deadlinesOfCall();
    const mayFallBack = this.#mayFallBack(options);
    const guards: Guards = { signal: options?.signal, callTimeout, startedAt, deadlines, mayFallBack };
    return new GuardedCall<T>(this.name, this.#stateOf(permit), guards, settle).run(task);
  }

  #mayFallBack(options: { readonly fallback?: unknown } | undefined): boolean {
    return options?.fallback !== undefined || this.#options.fallback !== undefined;
  }

  #deadlinesOfCall(): Deadlines {
    const deadlines = deadlinesFor(this.#deadlines, () => new Deadlines(this.#options.clock));
    this.#deadlines = deadlines;
    return deadlines;
  }

  /** Settles a call that threw; answers the fallback to run for it, if there is one. */
  #settleFailed<T>(
    permit: Phase,
    startedAt: number,
    error: unknown,
    options: FallbackOptions<T> | undefined,
  ): Task<T> | undefined {
    const kind = this.#settle(permit, startedAt, true, error);
    return kind === 'failure' ? this.#fallbackFor(error, false, options) : undefined;
  }

  /** Takes in a success: `#settle` without what most successes do not need. */
  #succeed(permit: Phase, startedAt: number, value: unknown): void {
    if (!this.#isQuiet || permit.state !== CircuitState.CLOSED) {
      this.#settle(permit, startedAt, false, value);
      return;
    }
    const { clock, slowCallDuration } = this.#options;
    const now = this.#timesEnds ? clock.now() : Number.NaN;
    const slow = slowCallDuration !== false && now - startedAt >= slowCallDuration;
    this.#keeper?.onUse?.(this);
    this.#tally.succeeded(slow);
    const rule = this.#machine.recordSuccess(permit, slow, now);
    if (rule !== undefined) this.#emit(this.#takeChanges(this.#tripBy(rule, now)));
  }

  /** Takes in how a call ended: counts it, lets the machine decide, and tells listeners. */
  #settle(
    permit: Phase,
    startedAt: number,
    threw: boolean,
    result: unknown,
    known?: OutcomeKind,
    endedAt?: number,
  ): OutcomeKind {
    const { slowCallDuration, shouldTrip } = this.#options;
    const kind = known ?? this.#classify(threw, result);
    let now = endedAt ?? this.#timeOfEnd(permit, kind);
    const duration = now - startedAt;
    const slow = slowCallDuration !== false && kind !== 'ignored' && duration >= slowCallDuration;
    this.#keeper?.onUse?.(this);
    this.#tally.settled(kind, slow, threw && isTimeout(result));
    const rule =
      this.#machine.record(permit, kind, slow, startedAt, now, result) ??
      (shouldTrip === undefined ? undefined : this.#ownRule(shouldTrip, permit, kind, now));
    if (rule !== undefined) now = this.#tripBy(rule, now);
    if (this.#isHeard || this.#machine.lastTransition !== this.#lastTold) {
      this.#tell(kind, threw, result, duration, now);
    }
    return kind;
  }

  /** Opens by the rule that was broken, at a time that is read if no reason for it came before; answers the time. */
  #tripBy(rule: TripReason, now: number): number {
    const at = Number.isNaN(now) ? this.#options.clock.now() : now;
    this.#machine.trip(at, rule);
    return at;
  }

  /** Tells of a call that has settled, and of the change of state that came of it. */
  #tell(kind: OutcomeKind, threw: boolean, result: unknown, duration: number, now: number): void {
    const changes = this.#takeChanges(now);
    if (!this.#isHeard) {
      this.#emit(changes);
      return;
    }
    const breaker = this.#options.name;
    const event = threw ? { breaker, duration, error: result } : { breaker, duration, value: result };
    this.#emit([[CALL_EVENTS[kind], event], ...changes]);
  }

  #classify(threw: boolean, result: unknown): OutcomeKind {
    try {
      return threw ? classifyError(result, this.#options) : classifyValue(result, this.#options);
    } catch (error) {
      report(error);
      return 'ignored';
    }
  }

  /** Reads the clock if the end of a call matters. */
  #timeOfEnd(permit: Phase, kind: OutcomeKind): number {
    const isNeeded = this.#timesEnds || kind === 'failure' || permit.state !== CircuitState.CLOSED;
    return isNeeded ? this.#options.clock.now() : Number.NaN;
  }

  /** Asks the user's own rule, where the built-in ones are kept. */
  #ownRule(
    shouldTrip: (metrics: CircuitMetrics) => boolean,
    permit: Phase,
    kind: OutcomeKind,
    now: number,
  ): 'should-trip' | undefined {
    if (kind === 'ignored' || permit !== this.#machine.phase) return undefined;
    if (permit.state !== CircuitState.CLOSED || permit.forced) return undefined;
    const trips = isGranted('shouldTrip', () => shouldTrip(this.#metricsAt(now)));
    return trips && permit === this.#machine.phase ? 'should-trip' : undefined;
  }

  /** The fallback that answers this error, counted and told, as it is about to run. */
  #fallbackFor<T>(
    error: unknown,
    rejected: boolean,
    options: FallbackOptions<T> | undefined,
  ): Task<T> | undefined {
    const fallback = fallbackFor(error, rejected, options, this.#options);
    if (fallback === undefined) return undefined;
    this.#tally.count('fallbacks');
    if (this.#hears('fallback')) this.#emit([['fallback', { breaker: this.name, error }]]);
    return (context) => answer(fallback, error, context);
  }

  #answerSync<T>(error: unknown, fallback: Task<T> | undefined, state: CircuitState): T {
    if (fallback === undefined) throw error;
    return fallback(new LazyCallContext(this.name, state)) as T;
  }

  #createPermit(permit: Phase, startedAt: number): Permit {
    return new CallPermit(
      (threw, result, kind) => this.#settle(permit, startedAt, threw, result, kind),
      () => this.#breakOffOf(permit, startedAt),
    );
  }

  /**
   * What takes in that a success has broken off since: one more failed call, while the stay lasts that the success left.
   * It needs neither place nor leave. What an observed circuit would have rejected steers nothing.
   */
  #breakOffOf(permit: Phase, startedAt: number): ((error: unknown) => void) | undefined {
    const { phase } = this.#machine;
    if (permit === UNGOVERNED || phase.state === CircuitState.OPEN) return undefined;
    return (error) => {
      if (phase !== this.#machine.phase || this.#classify(true, error) !== 'failure') return;
      this.#begin();
      this.#machine.admitLate(phase, startedAt);
      this.#settle(phase, startedAt, true, error, 'failure');
    };
  }

  /** Runs a change from outside, and tells what came of it. */
  #steer(change: (now: number) => void, reason?: string): void {
    const now = this.#options.clock.now();
    const from = this.mode;
    change(now);
    const changes = this.#takeChanges(now);
    const to = this.mode;
    if (from === to) this.#emit(changes);
    else this.#emit([...changes, ['mode', { breaker: this.name, from, to, reason }]]);
  }

  /** The events of a change of state that has not been told yet, if there is one; an opening is counted. */
  #takeChanges(now: number): readonly Emission<CircuitBreakerEvents>[] {
    const { lastTransition } = this.#machine;
    if (lastTransition === this.#lastTold || lastTransition === undefined) return NO_CHANGES;
    this.#lastTold = lastTransition;
    const { to, reason } = lastTransition;
    if (to === CircuitState.OPEN && reason !== 'restored') this.#tally.count('opened');
    const event = STATE_EVENTS[to];
    if (!this.#hears('transition') && !this.#hears(event)) return NO_CHANGES;
    const transition = { breaker: this.name, ...lastTransition, metrics: this.#metricsAt(now) };
    return [
      ['transition', transition],
      [event, transition],
    ];
  }

  #hears(event: keyof CircuitBreakerEvents): boolean {
    return this.#events?.hears(event) || this.#keeper?.events.hears(event) || false;
  }

  /**
   * Tells events that happened together. Everybody takes them in before anybody is told, so that what a listener
   * causes comes after them for the breaker's listeners and the keeper's alike.
   */
  #emit(events: readonly Emission<CircuitBreakerEvents>[]): void {
    const own = this.#events;
    const kept = this.#keeper?.events;
    own?.take(events);
    kept?.take(events);
    own?.tell();
    kept?.tell();
  }

  #emitter(): Emitter<CircuitBreakerEvents> {
    this.#events ??= new Emitter<CircuitBreakerEvents>(CIRCUIT_BREAKER_EVENTS, () => this.#tune());
    return this.#events;
  }

  /** Finds out what a call needs, when options or listeners have changed. */
  #tune(): void {
    const { callTimeout, fallback, isFailure, slowCallDuration, window, shouldTrip } = this.#options;
    this.#isHeard = Object.values(CALL_EVENTS).some((event) => this.#hears(event));
    this.#timesCalls = slowCallDuration !== false || this.#isHeard;
    this.#isPlain = callTimeout === false && fallback === undefined;
    this.#timesEnds = this.#timesCalls || window.type === 'time';
    this.#isQuiet = !this.#isHeard && isFailure === undefined && shouldTrip === undefined;
  }

  #metricsAt(now: number): CircuitMetrics {
    const { phase, consecutiveFailures, lastFailure, lastTransition } = this.#machine;
    const window = this.#machine.windowMetrics(now);
    return {
      name: this.name,
      state: phase.state,
      mode: this.mode,
      since: phase.since,
      attempt: phase.attempt,
      retryAfter: this.#machine.retryAfter(now),
      consecutiveFailures,
      inFlight: this.#tally.inFlight,
      lastFailure: lastFailure ? { ...lastFailure } : null,
      lastTransition: lastTransition ? { ...lastTransition } : null,
      health: healthOf(phase, consecutiveFailures, window, this.#options),
      window,
      totals: this.#tally.totals,
    };
  }

  #epoch(): number {
    const { clock } = this.#options;
    return clock.epoch === undefined ? Date.now() : clock.epoch();
  }

  #takeOver(snapshot: CircuitSnapshot, now: number): void {
    const passed = Math.min(Math.max(this.#epoch() - snapshot.takenAt, 0), LONGEST);
    const { lastFailure, totals } = snapshot;
    const failure = lastFailure && { error: recallFailure(lastFailure), at: now - passed - lastFailure.ago };
    this.#machine.restore(snapshot, failure ?? undefined, now, passed);
    this.#tally.raise(totals);
  }
}
