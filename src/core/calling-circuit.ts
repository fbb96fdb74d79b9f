/**
 * How a task is run: with what context, bounded by what, answered by what in its place. It knows promises, and of the
 * circuit's states nothing but the permit that it hands back.
 *
 * A call passes from top to bottom: `runCall`, `#callNow`, `#start`. The usual call takes short cuts: `#callPlainly`,
 * `#watch`.
 */
import { LazyCallContext } from './call-context.js';
import { promiseError, taskError } from './callee.js';
import { Circuit } from './circuit.js';
import type { CircuitState } from './circuit-state.js';
import { Deadlines, deadlinesFor } from './deadlines.js';
import type { CircuitBreakerOpenError } from './errors.js';
import { answer, type FallbackOptions, fallbackFor } from './fallback.js';
import { reasonOf } from './following.js';
import { GuardedCall, type Guards, type Settle } from './guarded-call.js';
import type { CircuitMetrics } from './metrics.js';
import { type CallOptions, readSyncCallOptions, type SyncCallOptions, verifyCallOptions } from './options.js';
import type { OutcomeKind } from './outcome.js';
import { ADMIT, BREAK_OFF, CallPermit, type Permit, SETTLE } from './permit.js';
import type { Phase } from './phase.js';
import { rejectSoon, run, type Task } from './promises.js';
import { isThenable } from './thenable.js';

/** How a call ended, for code that handles failures as values. `rejected` tells that the task was not run. */
export type CallResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly rejected: boolean };

const asSuccess = <T>(value: T): CallResult<T> => ({ ok: true, value });
const asFailure = (error: unknown): CallResult<never> => ({ ok: false, error, rejected: false });
const asRejection = (error: unknown): CallResult<never> => ({ ok: false, error, rejected: true });

/** Settles a call, or all of one stay that began at one time, or untimed. */
interface Watcher {
  readonly permit: Phase;
  readonly startedAt: number;
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
 * Permits of calls that a full stack has kept from giving their places back, and whose they are. They are made before
 * they are needed: where the stack is full, not even an array literal can be counted on.
 */
const OWED: Phase[] = [];
const OWED_BY: CallingCircuit[] = [];

/** Settles what a full stack has left unsettled: nothing is known of it. */
let payBack: () => void;

export abstract class CallingCircuit extends Circuit {
  #watcher: Watcher | undefined;
  #deadlines: Deadlines | undefined;
  /** The permit of a synchronous call that has begun and not yet come to its task. */
  #starting: Phase | undefined;

  static {
    payBack = () => {
      // The stack may be full again: what has not been given back stays owed.
      for (let last = OWED.length - 1; last >= 0; last = OWED.length - 1) {
        const circuit = OWED_BY[last] as CallingCircuit;
        const permit = OWED[last] as Phase;
        circuit.giveBack(permit);
        OWED.length = last;
        OWED_BY.length = last;
        circuit.settle(permit, Number.NaN, true, undefined, 'ignored');
      }
    };
  }

  override get metrics(): CircuitMetrics {
    if (OWED.length > 0) payBack();
    return super.metrics;
  }

  protected runCall<T>(task: Task<T>, options: CallOptions<T> | undefined): Promise<T> {
    const permit = this.#usualPermit(task, options);
    return permit === undefined ? this.#call(task, options) : this.#callPlainly(task, permit);
  }

  protected runTryCall<T>(task: Task<T>, options: CallOptions<T> | undefined): Promise<CallResult<T>> {
    let own: CallOptions<T> | undefined;
    try {
      own = this.#readCall(task, options);
    } catch (error) {
      return Promise.resolve(asFailure(error));
    }
    const waiting = this.leave();
    if (waiting === undefined) return this.#tryCallNow(task, own);
    return waiting.then(() =>
      own?.signal?.aborted ? asFailure(reasonOf(own.signal)) : this.#tryCallNow(task, own),
    );
  }

  protected runCallSync<T>(task: () => T, options: SyncCallOptions<T> | undefined): T {
    try {
      const usual = this.#usualPermit(task, options);
      if (usual === undefined) return this.#callSync(task, options);
      const startedAt = this.beginPlainly();
      this.#starting = usual;
      return this.#runSync(task, usual, startedAt, undefined);
    } catch (error) {
      const permit = this.#starting;
      if (permit !== undefined) {
        // The stack was full before the task was reached; without a call, since it still is.
        this.#starting = undefined;
        OWED_BY[OWED_BY.length] = this;
        OWED[OWED.length] = permit;
      }
      throw error;
    }
  }

  protected permitNow(): Permit | CircuitBreakerOpenError {
    const now = this.timeOfStart(false);
    const admission = this[ADMIT](now);
    if (!('resets' in admission)) return admission;
    try {
      return new CallPermit(this, admission, now);
    } catch (error) {
      // Without a call: the stack is full.
      OWED_BY[OWED_BY.length] = this;
      OWED[OWED.length] = admission;
      throw error;
    }
  }

  /** @internal for subpaths: see `permit.ts` */
  [ADMIT](now: number): Phase | CircuitBreakerOpenError {
    if (OWED.length > 0) payBack();
    return this.admit(now);
  }

  /** @internal for subpaths */
  [BREAK_OFF](permit: Phase, startedAt: number): ((error: unknown) => void) | undefined {
    return this.lateFailure(permit, startedAt);
  }

  /** @internal for subpaths */
  [SETTLE](
    permit: Phase,
    startedAt: number,
    threw: boolean,
    result: unknown,
    kind?: OutcomeKind,
  ): OutcomeKind {
    this.giveBack(permit);
    if (!threw && kind === undefined) return this.succeed(permit, startedAt, result);
    return this.settle(permit, startedAt, threw, result, kind);
  }

  /** The permit of a call that is admitted at once, that nothing may end early and nobody answers in place of. */
  #usualPermit(task: unknown, options: object | undefined): Phase | undefined {
    const { callTimeout, fallback } = this.options;
    const isPlain = callTimeout === false && fallback === undefined && options === undefined;
    return isPlain && typeof task === 'function' && OWED.length === 0 ? this.openDoor : undefined;
  }

  /** The usual call: `#call` without what it does not need. */
  #callPlainly<T>(task: Task<T>, permit: Phase): Promise<T> {
    const startedAt = this.beginPlainly();
    try {
      return this.#watch(run(task, new LazyCallContext(this.name, permit.state)), permit, startedAt);
    } catch (error) {
      // Without a call: the stack is full.
      OWED_BY[OWED_BY.length] = this;
      OWED[OWED.length] = permit;
      throw error;
    }
  }

  #call<T>(task: Task<T>, options: CallOptions<T> | undefined): Promise<T> {
    let own: CallOptions<T> | undefined;
    try {
      own = this.#readCall(task, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const waiting = this.leave();
    if (waiting === undefined) return this.#callNow(task, own);
    return waiting.then(() => {
      if (own?.signal?.aborted) throw reasonOf(own.signal);
      return this.#callNow(task, own);
    });
  }

  #callNow<T>(task: Task<T>, own: CallOptions<T> | undefined): Promise<T> {
    const callTimeout = own?.callTimeout ?? this.options.callTimeout;
    const now = this.timeOfStart(callTimeout);
    const admission = this.admit(now);
    if (!('resets' in admission)) return this.#answerRejection(admission, own) ?? rejectSoon(admission);
    try {
      return this.#start(task, admission, now, callTimeout, own);
    } catch (error) {
      // Without a call: the stack is full.
      OWED_BY[OWED_BY.length] = this;
      OWED[OWED.length] = admission;
      throw error;
    }
  }

  #tryCallNow<T>(task: Task<T>, own: CallOptions<T> | undefined): Promise<CallResult<T>> {
    const callTimeout = own?.callTimeout ?? this.options.callTimeout;
    const now = this.timeOfStart(callTimeout);
    const admission = this.admit(now);
    if (!('resets' in admission)) {
      const answered = this.#answerRejection(admission, own);
      return answered?.then(asSuccess, asRejection) ?? Promise.resolve(asRejection(admission));
    }
    let answer: Promise<T>;
    try {
      answer = this.#start(task, admission, now, callTimeout, own);
    } catch (error) {
      // Without a call: the stack is full.
      OWED_BY[OWED_BY.length] = this;
      OWED[OWED.length] = admission;
      throw error;
    }
    return answer.then(asSuccess, asFailure);
  }

  #callSync<T>(task: () => T, options: SyncCallOptions<T> | undefined): T {
    this.#verifyTask(task);
    const own = options === undefined ? undefined : readSyncCallOptions(options, this.name);
    const now = this.timeOfStart(false);
    const admission = this[ADMIT](now);
    if (!('resets' in admission)) {
      return this.#answerSync(admission, this.#fallbackFor(admission, true, own), admission.state);
    }
    this.#starting = admission;
    return this.#runSync(task, admission, now, own);
  }

  #runSync<T>(task: () => T, permit: Phase, startedAt: number, options: SyncCallOptions<T> | undefined): T {
    this.#starting = undefined;
    let value: T | undefined;
    let error: unknown;
    let threw = false;
    let isGivenBack = false;
    try {
      try {
        value = task();
      } catch (thrown) {
        threw = true;
        error = thrown;
      }
      this.giveBack(permit);
      isGivenBack = true;
      if (!threw && isThenable(value)) {
        this.settle(permit, startedAt, false, value, 'ignored');
        Promise.resolve(value).catch(nothing); // it reaches nobody
        throw promiseError(this.name);
      }
      if (!threw) {
        this.succeed(permit, startedAt, value);
        return value as T;
      }
      const fallback = this.#settleFailed(permit, startedAt, error, options);
      return this.#answerSync(error, fallback, this.stateOf(permit));
    } catch (problem) {
      if (!isGivenBack) {
        // Without a call: the stack is full.
        OWED_BY[OWED_BY.length] = this;
        OWED[OWED.length] = permit;
      }
      throw problem;
    }
  }

  #verifyTask(task: unknown): void {
    if (typeof task !== 'function') throw taskError(task, this.name);
  }

  /** The options of a call, as they are now: what the caller makes of them later changes nothing. */
  #readCall<T>(task: Task<T>, options: CallOptions<T> | undefined): CallOptions<T> | undefined {
    this.#verifyTask(task);
    if (OWED.length > 0) payBack();
    if (options === undefined) return undefined;
    const own = verifyCallOptions(options, this.name);
    if (own.signal?.aborted) throw reasonOf(own.signal);
    return own;
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
    const context = new LazyCallContext(this.name, this.stateOf(permit));
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
    const watcher = this.#watcherOf(permit, startedAt);
    if (!this.isFailing) return pending.then(watcher.succeeded, watcher.failed);
    pending.then(watcher.succeeded, watcher.noticed);
    try {
      return pending.then();
    } catch {
      return pending; // the stack is full, and the call is settled from the side
    }
  }

  /** Calls of one stay that began at one time, or untimed, differ in nothing: they share what settles them. */
  #watcherOf(permit: Phase, startedAt: number): Watcher {
    const last = this.#watcher;
    if (last?.permit === permit && Object.is(last.startedAt, startedAt)) return last;
    const watcher = this.#createWatcher(permit, startedAt);
    if (Number.isNaN(startedAt) || this.options.detector !== false) this.#watcher = watcher;
    return watcher;
  }

  #createWatcher(permit: Phase, startedAt: number): Watcher {
    return {
      permit,
      startedAt,
      succeeded: (value) => {
        this.giveBack(permit);
        this.succeed(permit, startedAt, value);
        return value;
      },
      failed: (error) => {
        this.giveBack(permit);
        this.settle(permit, startedAt, true, error);
        throw error;
      },
      noticed: (error) => {
        this.giveBack(permit);
        this.settle(permit, startedAt, true, error);
      },
    };
  }

  #startWithFallback<T>(
    task: Task<T>,
    context: LazyCallContext,
    permit: Phase,
    startedAt: number,
    options: CallOptions<T> | undefined,
  ): Promise<T> {
    return run(task, context).then(
      (value) => {
        this.giveBack(permit);
        this.succeed(permit, startedAt, value);
        return value;
      },
      (error) => {
        this.giveBack(permit);
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
    let isOwed = false;
    const settle: Settle<T> = (threw, result, known, now) => {
      if (isOwed) return undefined;
      this.giveBack(permit);
      if (!threw) {
        this.succeed(permit, startedAt, result);
        return undefined;
      }
      const kind = this.settle(permit, startedAt, true, result, known, now);
      return kind === 'failure' ? this.#fallbackFor(result, false, options) : undefined;
    };
    const deadlines = callTimeout === false ? undefined : this.#deadlinesOfCall();
    const mayFallBack = this.#mayFallBack(options);
    const guards: Guards = { signal: options?.signal, callTimeout, startedAt, deadlines, mayFallBack };
    try {
      return new GuardedCall<T>(this.name, this.stateOf(permit), guards, settle).run(task);
    } catch (error) {
      isOwed = true; // the stack is full; its deadline may be set
      throw error;
    }
  }

  #mayFallBack(options: { readonly fallback?: unknown } | undefined): boolean {
    return options?.fallback !== undefined || this.options.fallback !== undefined;
  }

  #deadlinesOfCall(): Deadlines {
    const { clock } = this.options;
    this.#deadlines = deadlinesFor(this.#deadlines, clock, () => new Deadlines(clock, () => this.now()));
    return this.#deadlines;
  }

  /** Settles a call that threw; answers the fallback to run for it, if there is one. */
  #settleFailed<T>(
    permit: Phase,
    startedAt: number,
    error: unknown,
    options: FallbackOptions<T> | undefined,
  ): Task<T> | undefined {
    const kind = this.settle(permit, startedAt, true, error);
    return kind === 'failure' ? this.#fallbackFor(error, false, options) : undefined;
  }

  /** The fallback that answers this error, counted and told, as it is about to run. */
  #fallbackFor<T>(
    error: unknown,
    rejected: boolean,
    options: FallbackOptions<T> | undefined,
  ): Task<T> | undefined {
    const fallback = fallbackFor(error, rejected, options, this.options);
    if (fallback === undefined) return undefined;
    this.countFallback(error);
    return (context) => answer(fallback, error, context);
  }

  #answerSync<T>(error: unknown, fallback: Task<T> | undefined, state: CircuitState): T {
    if (fallback === undefined) throw error;
    return fallback(new LazyCallContext(this.name, state)) as T;
  }
}
