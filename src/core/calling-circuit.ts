/**
 * How a task that takes time is run: with what context, bounded by what. It knows promises, and of the circuit's states
 * nothing but the permit that it hands back.
 *
 * A call passes from top to bottom: `runCall`, `#callNow`, `#start`. The usual call takes short cuts: `#callPlainly`,
 * `#runWatched`.
 */
import { LazyCallContext } from './call-context.js';
import { type CallOptions, verifyCallOptions } from './call-options.js';
import { Deadlines, deadlinesFor } from './deadlines.js';
import type { CircuitBreakerOpenError } from './errors.js';
import { reasonOf } from './following.js';
import { GuardedCall } from './guarded-call.js';
import { OWED as owed, OWED_BY as owedBy, payBack } from './lending-circuit.js';
import type { Phase } from './phase.js';
import { rejectSoon, run, type Task } from './promises.js';
import { SyncCallingCircuit } from './sync-calling-circuit.js';

/** How a call ended, for code that handles failures as values. `rejected` tells that the task was not run. */
export type CallResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly rejected: boolean };

// Of this module: to read what is imported may take a call, for which a full stack has no room.
const OWED = owed;
const OWED_BY = owedBy;

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
  /** Looks on from the side. Made when it is needed: most circuits never fail. */
  noticed: ((error: unknown) => void) | undefined;
}

export abstract class CallingCircuit extends SyncCallingCircuit {
  #watcher: Watcher | undefined;
  #deadlines: Deadlines | undefined;

  protected runCall<T>(task: Task<T>, options: CallOptions<T> | undefined): Promise<T> {
    const permit = this.usualPermit(task, options);
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

  /** The usual call: `#call` without what it does not need. */
  #callPlainly<T>(task: Task<T>, permit: Phase): Promise<T> {
    const startedAt = this.beginPlainly();
    try {
      return this.#runWatched(task, new LazyCallContext(this.name, permit.state), permit, startedAt);
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

  /** The options of a call, as they are now: what the caller makes of them later changes nothing. */
  #readCall<T>(task: Task<T>, options: CallOptions<T> | undefined): CallOptions<T> | undefined {
    this.verifyTask(task);
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
    const fallback = this.fallbackOf(rejection, true, options);
    if (fallback === undefined) return undefined;
    const signal = options?.signal;
    if (signal === undefined) return run(fallback, new LazyCallContext(this.name, rejection.state));
    const call = new GuardedCall<T>(this, rejection.state, undefined, 0, false, undefined, options);
    return call.runFallback(fallback);
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
    return this.#runWatched(task, context, permit, startedAt);
  }

  /**
   * Runs a task, and settles the call on its way to the caller, which takes one promise; but an error that a handler
   * throws on costs half as much again. So where the last call failed, failures are settled from the side.
   *
   * All that takes a call is done before there is a promise: a full stack would leave it rejected with nobody to hear.
   */
  #runWatched<T>(task: Task<T>, context: LazyCallContext, permit: Phase, startedAt: number): Promise<T> {
    if (this.timesCalls) return this.#runTimed(task, context, permit, startedAt);
    const watcher = this.#watcherOf(permit, startedAt);
    const noticed = this.isFailing ? this.#noticedBy(watcher) : undefined;
    const pending = run(task, context);
    if (noticed === undefined) return pending.then(watcher.succeeded, watcher.failed);
    pending.then(watcher.succeeded, noticed);
    return pending.then();
  }

  /** The same for a call that began at a time of its own. */
  #runTimed<T>(task: Task<T>, context: LazyCallContext, permit: Phase, startedAt: number): Promise<T> {
    const succeeded = (value: T): T => {
      this.giveBack(permit);
      this.succeed(permit, startedAt, value);
      return value;
    };
    const noticed = (error: unknown): void => {
      this.giveBack(permit);
      this.settle(permit, startedAt, true, error);
    };
    if (this.isFailing) {
      const pending = run(task, context);
      pending.then(succeeded, noticed);
      return pending.then();
    }
    return run(task, context).then(succeeded, (error) => {
      noticed(error);
      throw error;
    });
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
      noticed: undefined,
    };
  }

  #noticedBy(watcher: Watcher): (error: unknown) => void {
    const { permit, startedAt } = watcher;
    watcher.noticed ??= (error) => {
      this.giveBack(permit);
      this.settle(permit, startedAt, true, error);
    };
    return watcher.noticed;
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
        const fallback = this.settleFailed(permit, startedAt, error, options);
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
    const deadlines = callTimeout === false ? undefined : this.#deadlinesOfCall();
    const state = this.stateOf(permit);
    const call = new GuardedCall<T>(this, state, permit, startedAt, callTimeout, deadlines, options);
    try {
      return call.run(task, this.#mayFallBack(options));
    } catch (error) {
      call.permit = undefined; // the stack is full; its deadline may be set
      throw error;
    }
  }

  /** @internal for guarded calls */
  settleGuarded<T>(
    { permit, startedAt, options }: GuardedCall<T>,
    threw: boolean,
    result: unknown,
    known?: 'ignored',
    now?: number,
  ): Task<T> | undefined {
    if (permit === undefined) return undefined;
    this.giveBack(permit);
    if (!threw) {
      this.succeed(permit, startedAt, result);
      return undefined;
    }
    const kind = this.settle(permit, startedAt, true, result, known, now);
    return kind === 'failure' ? this.fallbackOf(result, false, options) : undefined;
  }

  #mayFallBack(options: { readonly fallback?: unknown } | undefined): boolean {
    return options?.fallback !== undefined || this.options.fallback !== undefined;
  }

  #deadlinesOfCall(): Deadlines {
    const { clock } = this.options;
    this.#deadlines = deadlinesFor(this.#deadlines, clock, () => new Deadlines(clock, () => this.now()));
    return this.#deadlines;
  }
}
