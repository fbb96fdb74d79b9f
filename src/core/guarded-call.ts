import { GuardedCallContext } from './call-context.js';
import type { CallOptions } from './call-options.js';
import type { CircuitState } from './circuit-state.js';
import { Deadline, type Deadlines } from './deadlines.js';
import { CallTimeoutError } from './errors.js';
import { type Follower, type Following, followingOf, reasonOf } from './following.js';
import type { Phase } from './phase.js';
import { createFullStackError, run, type Task } from './promises.js';
import { noteAbandoned } from './signal-timeouts.js';

/** Whose calls they are: takes in how each ended, and answers the fallback that takes an error's place, if there is one. */
export interface Owner {
  readonly name: string;
  settleGuarded<T>(
    call: GuardedCall<T>,
    threw: boolean,
    result: unknown,
    kind?: 'ignored',
    now?: number,
  ): Task<T> | undefined;
}

/**
 * A call that its deadline or its caller's signal may end before its task does. Whichever is first decides; what the
 * task does after that is ignored. The call follows its caller's signal until it is answered, and no longer.
 */
export class GuardedCall<T> extends Deadline implements Follower {
  /** What the call was admitted with; `undefined` once it is the owner's alone to settle, or where there is none. */
  permit: Phase | undefined;
  readonly options: CallOptions<T> | undefined;
  readonly #owner: Owner;
  readonly #deadlines: Deadlines | undefined;
  #context: GuardedCallContext;
  #following: Following | undefined;
  #isRunning = true;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  /** Answers with a fallback in the asynchronous context in which the call was made. */
  #answerInContext: ((fallback: Task<T>) => void) | undefined;

  /** @param deadlines where its deadline goes, if it has one */
  constructor(
    owner: Owner,
    state: CircuitState,
    permit: Phase | undefined,
    startedAt: number,
    callTimeout: number | false,
    deadlines: Deadlines | undefined,
    options: CallOptions<T> | undefined,
  ) {
    super(startedAt, callTimeout || 0);
    this.permit = permit;
    this.options = options;
    this.#owner = owner;
    this.#deadlines = deadlines;
    this.#context = new GuardedCallContext(owner.name, state, options?.signal);
  }

  /** @param mayFallBack whether a fallback may have to answer when the deadline has come */
  run(task: Task<T>, mayFallBack: boolean): Promise<T> {
    const deadlines = this.#deadlines;
    const answer = this.#createAnswer();
    if (this.#followCaller()) {
      if (deadlines !== undefined && mayFallBack) this.#rememberContext();
      deadlines?.add(this, this.startedAt);
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
    const error = new CallTimeoutError(context.breaker, this.duration);
    // What the fallback does is not what timed out: its signal is another.
    this.#context = new GuardedCallContext(context.breaker, context.state, this.options?.signal);
    this.#fail(error, now);
    context.abortFromTimer(error);
  }

  /** The caller's signal has aborted. */
  abandon(reason: unknown): void {
    this.#context.abort(reason);
    if (this.#end()) {
      this.#owner.settleGuarded(this, true, reason, 'ignored');
      if (this.#deadlines === undefined) noteAbandoned(this.#context.breaker, reason);
    }
    this.#reject(reason);
    this.#release();
  }

  /** Tells whether the caller still wants the call: a listener may have aborted it while it was admitted. */
  #followCaller(): boolean {
    const signal = this.options?.signal;
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
    this.#owner.settleGuarded(this, false, value);
    this.#context.answered(value);
    this.#resolve(value);
    this.#release();
  }

  #fail(error: unknown, now?: number): void {
    if (!this.#end()) return;
    const fallback = this.#owner.settleGuarded(this, true, error, undefined, now);
    if (fallback !== undefined) {
      this.#deadlines?.remove(this);
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
    this.#deadlines?.remove(this);
    this.#following?.removeCall(this);
  }
}
