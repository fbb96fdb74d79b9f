/**
 * How a synchronous task is run, and what answers any task in its place.
 */
import { LazyCallContext } from './call-context.js';
import { readSyncCallOptions, type SyncCallOptions } from './call-options.js';
import { promiseError, taskError } from './callee.js';
import type { CircuitState } from './circuit-state.js';
import { answer, type FallbackOptions, fallbackFor } from './fallback.js';
import { LendingCircuit, OWED as owed, OWED_BY as owedBy } from './lending-circuit.js';
import { ADMIT } from './permit.js';
import type { Phase } from './phase.js';
import type { Task } from './promises.js';
import { isThenable } from './thenable.js';

// Of this module: to read what is imported may take a call, for which a full stack has no room.
const OWED = owed;
const OWED_BY = owedBy;

/** What there is to do on the side about a success. */
const nothing = () => {};

export abstract class SyncCallingCircuit extends LendingCircuit {
  /** The permit of a synchronous call that has begun and not yet come to its task. */
  #starting: Phase | undefined;

  protected runCallSync<T>(task: () => T, options: SyncCallOptions<T> | undefined): T {
    try {
      const usual = this.usualPermit(task, options);
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

  /** The permit of a call that is admitted at once, that nothing may end early and nobody answers in place of. */
  protected usualPermit(task: unknown, options: object | undefined): Phase | undefined {
    const { callTimeout, fallback } = this.options;
    const isPlain = callTimeout === false && fallback === undefined && options === undefined;
    return isPlain && typeof task === 'function' && OWED.length === 0 ? this.openDoor : undefined;
  }

  #callSync<T>(task: () => T, options: SyncCallOptions<T> | undefined): T {
    this.verifyTask(task);
    const own = options === undefined ? undefined : readSyncCallOptions(options, this.name);
    const now = this.timeOfStart(false);
    const admission = this[ADMIT](now);
    if (!('resets' in admission)) {
      return this.#answerSync(admission, this.fallbackOf(admission, true, own), admission.state);
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
      const fallback = this.settleFailed(permit, startedAt, error, options);
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

  #answerSync<T>(error: unknown, fallback: Task<T> | undefined, state: CircuitState): T {
    if (fallback === undefined) throw error;
    return fallback(new LazyCallContext(this.name, state)) as T;
  }

  protected verifyTask(task: unknown): void {
    if (typeof task !== 'function') throw taskError(task, this.name);
  }

  /** Settles a call that threw; answers the fallback to run for it, if there is one. */
  protected settleFailed<T>(
    permit: Phase,
    startedAt: number,
    error: unknown,
    options: FallbackOptions<T> | undefined,
  ): Task<T> | undefined {
    const kind = this.settle(permit, startedAt, true, error);
    return kind === 'failure' ? this.fallbackOf(error, false, options) : undefined;
  }

  /** The fallback that answers this error, counted and told, as it is about to run. */
  protected fallbackOf<T>(
    error: unknown,
    rejected: boolean,
    options: FallbackOptions<T> | undefined,
  ): Task<T> | undefined {
    const fallback = fallbackFor(error, rejected, options, this.options);
    if (fallback === undefined) return undefined;
    this.countFallback(error);
    return (context) => answer(fallback, error, context);
  }
}
