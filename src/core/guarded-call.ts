import { abortContext, type CallContext, LazyCallContext } from './call-context.js';
import { followSignal } from './caller-signal.js';
import type { Deadline, Deadlines } from './deadlines.js';
import { CallTimeoutError } from './errors.js';
import { run, type Task } from './promises.js';

/** Takes in how a call ended, once; answers the fallback that takes an error's place, if there is one. */
export type Settle<T> = (
  threw: boolean,
  result: unknown,
  kind?: 'ignored',
  now?: number,
) => Task<T> | undefined;

/**
 * A call that its deadline or its caller's signal may end before its task does. Whichever is first decides; what the
 * task does after that is ignored.
 */
export class GuardedCall<T> implements Deadline {
  readonly at: number;
  listed = false;
  before: Deadline | undefined;
  after: Deadline | undefined;
  #context: CallContext;
  readonly #settle: Settle<T>;
  readonly #callTimeout: number;
  readonly #startedAt: number;
  readonly #deadlines: Deadlines | undefined;
  #isRunning = true;
  #resolve!: (value: T | PromiseLike<T>) => void;
  #reject!: (error: unknown) => void;

  /** Without `deadlines` it never times out. */
  constructor(
    context: CallContext,
    settle: Settle<T>,
    callTimeout = 0,
    startedAt = 0,
    deadlines?: Deadlines,
  ) {
    this.at = startedAt + callTimeout;
    this.#context = context;
    this.#settle = settle;
    this.#callTimeout = callTimeout;
    this.#startedAt = startedAt;
    this.#deadlines = deadlines;
  }

  run(task: Task<T>, signal: AbortSignal | undefined): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#deadlines?.add(this, this.#startedAt);
    run(task, this.#context).then(
      (value) => this.#succeed(value),
      (error) => this.#fail(error),
    );
    return signal === undefined ? answer : this.#follow(signal, answer);
  }

  expire(now: number): void {
    const error = new CallTimeoutError(this.#context.breaker, this.#callTimeout);
    abortContext(this.#context, error);
    this.#fail(error, now);
  }

  // Each ending leaves the list of deadlines last, when who waits for the call is about to go on: see `Deadlines`.

  #succeed(value: T): void {
    if (!this.#end()) return;
    this.#settle(false, value);
    this.#resolve(value);
    this.#deadlines?.remove(this);
  }

  #fail(error: unknown, now?: number): void {
    if (!this.#end()) return;
    const fallback = this.#settle(true, error, undefined, now);
    if (fallback === undefined) this.#reject(error);
    else this.#resolve(run(fallback, this.#renewContext()));
    this.#deadlines?.remove(this);
  }

  /** A timeout aborts the task's signal, and not what the fallback does then. */
  #renewContext(): CallContext {
    this.#context = new LazyCallContext(this.#context.breaker, this.#context.state);
    return this.#context;
  }

  #end(): boolean {
    const wasRunning = this.#isRunning;
    this.#isRunning = false;
    return wasRunning;
  }

  #follow(signal: AbortSignal, answer: Promise<T>): Promise<T> {
    return followSignal(signal, answer, (reason) => {
      abortContext(this.#context, reason);
      if (this.#end()) this.#settle(true, reason, 'ignored');
      this.#deadlines?.remove(this);
    });
  }
}
