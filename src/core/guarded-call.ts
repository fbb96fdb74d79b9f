import { GuardedCallContext } from './call-context.js';
import type { CircuitState } from './circuit-state.js';
import { Deadline, type Deadlines } from './deadlines.js';
import { CallTimeoutError } from './errors.js';
import { type CallerSignal, type Follower, type Following, followingOf, reasonOf } from './following.js';
import { createFullStackError, run, type Task } from './promises.js';
import { noteAbandoned } from './signal-timeouts.js';

/** Takes in how a call ended, once; answers the fallback that takes an error's place, if there is one. */
export type Settle<T> = (
  threw: boolean,
  result: unknown,
  kind?: 'ignored',
  now?: number,
) => Task<T> | undefined;

/** What may end a call before its task does. */
export interface Guards {
  readonly signal: CallerSignal | undefined;
  readonly callTimeout: number | false;
  readonly startedAt: number;
  readonly deadlines: Deadlines | undefined;
  /** Whether a fallback may have to answer when the deadline has come. */
  readonly mayFallBack: boolean;
}

/**
 * A call that its deadline or its caller's signal may end before its task does. Whichever is first decides; what the
 * task does after that is ignored. The call follows its caller's signal until it is answered, and no longer.
 */
export class GuardedCall<T> extends Deadline implements Follower {
  readonly #guards: Guards;
  readonly #settle: Settle<T>;
  #context: GuardedCallContext;
  #following: Following | undefined;
  #isRunning = true;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  /** Answers with a fallback in the asynchronous context in which the call was made. */
  #answerInContext: ((fallback: Task<T>) => void) | undefined;

  constructor(breaker: string, state: CircuitState, guards: Guards, settle: Settle<T>) {
    super(guards.startedAt, guards.callTimeout || 0);
    this.#guards = guards;
    this.#settle = settle;
    this.#context = new GuardedCallContext(breaker, state, guards.signal);
  }

  run(task: Task<T>): Promise<T> {
    const { deadlines, startedAt, mayFallBack } = this.#guards;
    const answer = this.#createAnswer();
    if (this.#followCaller()) {
      if (deadlines !== undefined && mayFallBack) this.#rememberContext();
      deadlines?.add(this, startedAt);
      run(task, this.#context).then(
        (value) => this.#succeed(value),
        (error) => this.#fail(error),
      );
    }
    return answer;
  }

  /** Runs the fallback of a call whose task is not to be run. */
  runFallback(fallback: Task<T>): Promise<T> {
    const answer = this.#createAnswer();
    this.#isRunning = false;
    if (this.#followCaller()) this.#answerWith(fallback);
    return answer;
  }

  /** The deadline has come. */
  expire(now: number): void {
    const context = this.#context;
    const error = new CallTimeoutError(context.breaker, this.#guards.callTimeout as number);
    // What the fallback does is not what timed out: its signal is another.
    this.#context = new GuardedCallContext(context.breaker, context.state, this.#guards.signal);
    this.#fail(error, now);
    context.abortFromTimer(error);
  }

  /** The caller's signal has aborted. */
  abandon(reason: unknown): void {
    this.#context.abort(reason);
    if (this.#end()) {
      this.#settle(true, reason, 'ignored');
      if (this.#guards.callTimeout === false) noteAbandoned(this.#context.breaker, reason);
    }
    this.#reject(reason);
    this.#release();
  }

  /** Tells whether the caller still wants the call: a listener may have aborted it while it was admitted. */
  #followCaller(): boolean {
    const { signal } = this.#guards;
    if (signal === undefined) return true;
    try {
      this.#following = followingOf(signal);
      this.#following.addCall(this);
      if (!signal.aborted) return true;
      this.abandon(reasonOf(signal));
    } catch (error) {
      this.abandon(error); // no signal that can be followed
    }
    return false;
  }

  /**
   * One timer ends calls of many requests, in the asynchronous context of whoever has set it. A reaction that is added
   * now runs in the context of this call, and its fallback with it.
   */
  #rememberContext(): void {
    const late = new Promise<Task<T>>((resolve) => {
      this.#answerInContext = resolve;
    });
    late.then((fallback) => this.#answerWith(fallback));
  }

  #createAnswer(): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (this.#reject === undefined) throw createFullStackError();
    return answer;
  }

  #succeed(value: T): void {
    if (!this.#end()) return;
    this.#settle(false, value);
    this.#context.answered(value);
    this.#resolve(value);
    this.#release();
  }

  #fail(error: unknown, now?: number): void {
    if (!this.#end()) return;
    const fallback = this.#settle(true, error, undefined, now);
    if (fallback !== undefined) {
      this.#guards.deadlines?.remove(this);
      if (now === undefined || this.#answerInContext === undefined) this.#answerWith(fallback);
      else this.#answerInContext(fallback);
      return;
    }
    this.#reject(error);
    this.#release();
  }

  #answerWith(fallback: Task<T>): void {
    run(fallback, this.#context).then(
      (value) => {
        this.#context.answered(value);
        this.#resolve(value);
        this.#release();
      },
      (error) => {
        this.#reject(error);
        this.#release();
      },
    );
  }

  /** Tells whether this is the end of the task, and not something after it. */
  #end(): boolean {
    const wasRunning = this.#isRunning;
    this.#isRunning = false;
    return wasRunning;
  }

  /** Lets go of what was followed. It comes last, when who waits is about to go on: see `Deadlines`. */
  #release(): void {
    this.#guards.deadlines?.remove(this);
    this.#following?.removeCall(this);
  }
}
