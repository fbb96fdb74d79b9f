/** One run of a task: what may end it before it ends by itself. */
import { Deadline, type Deadlines } from '../core/deadlines.js';
import { type CallerSignal, type Follower, type Following, followingOf } from '../core/following.js';
import { createFullStackError, run } from '../core/promises.js';
import type { OutcomeKind } from '../index.js';
import { CallTimeoutError } from '../index.js';
import type { AttemptTask, LazyAttemptContext } from './attempt-context.js';
import type { Debtor } from './debts.js';
import type { Host } from './host.js';

/** How an attempt ended. */
export interface Ended {
  readonly threw: boolean;
  /** What it threw or answered. */
  readonly result: unknown;
  /** What it counts as. */
  readonly kind: OutcomeKind;
  /** What ended it, if it was not itself or its own timeout: a faster one aborts it, as its caller does. */
  readonly by: 'deadline' | 'abort' | undefined;
  /** Its context, where a timer has ended it: the signal aborts where its caller goes on. */
  readonly late: LazyAttemptContext | undefined;
}

/** An attempt that nothing but itself could end. */
export const endedBy = (threw: boolean, result: unknown, kind: OutcomeKind): Ended => ({
  threw,
  result,
  kind,
  by: undefined,
  late: undefined,
});

/** Whose attempt it is. */
export interface AttemptOwner {
  readonly host: Host;
  readonly signal: CallerSignal | undefined;
  totalTimeoutError(): unknown;
  /** What takes in that a success has broken off since. */
  lateFailure(permit: unknown, startedAt: number): ((error: unknown) => void) | undefined;
  /** Is told once, when the attempt is answered. */
  left(attempt: Attempt): void;
}

/** What ends an attempt after its time: its own timeout, all the time there was for the call, or what was left of that. */
export type Limit = 'attempt' | 'call' | 'rest';

/** An attempt that a deadline, the caller or a faster one may end before its task does. Whichever is first decides. */
export class Attempt extends Deadline implements Follower, Ended, Debtor {
  readonly ended: Promise<Ended>;
  threw!: boolean;
  result: unknown;
  kind!: OutcomeKind;
  by: Ended['by'];
  late: LazyAttemptContext | undefined;
  readonly #owner: AttemptOwner;
  readonly #permit: unknown;
  readonly #context: LazyAttemptContext;
  readonly #limit: Limit;
  #deadlines: Deadlines | undefined;
  #following: Following | undefined;
  #resolve!: (ended: Ended) => void;
  #isRunning = true;

  /** @param timeout milliseconds to `limit` */
  constructor(
    owner: AttemptOwner,
    permit: unknown,
    context: LazyAttemptContext,
    startedAt: number,
    timeout: number,
    limit: Limit,
  ) {
    super(startedAt, timeout);
    this.#owner = owner;
    this.#permit = permit;
    this.#context = context;
    this.#limit = limit;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (this.#resolve === undefined) throw createFullStackError();
  }

  get isHedge(): boolean {
    return this.#context.isHedge;
  }

  /** @param deadlines none where nothing ends it after a time */
  run(task: AttemptTask<unknown>, deadlines: Deadlines | undefined): void {
    if (!this.#follows()) return;
    if (deadlines !== undefined) {
      this.#deadlines = deadlines;
      deadlines.add(this, this.startedAt);
    }
    run(task as never, this.#context).then(
      (value) => this.#end(false, value),
      (error) => this.#end(true, error),
    );
  }

  payBack(): void {
    this.abandon(undefined);
  }

  /** Follows the caller's signal; one that cannot be followed ends the attempt. */
  #follows(): boolean {
    const { signal } = this.#owner;
    try {
      if (signal !== undefined) {
        this.#following = followingOf(signal);
        this.#following.addCall(this);
      }
      return true;
    } catch (error) {
      this.abandon(error);
      return false;
    }
  }

  expire(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.late = this.#context;
    const error = new CallTimeoutError(this.#owner.host.name, this.duration);
    // All the time that there was: the dependency has timed out, whatever the caller is told.
    const kind = this.#limit === 'rest' ? this.#ignore() : this.#settle(true, error);
    if (this.#limit === 'attempt') this.#answer(true, error, kind);
    else this.#answer(true, this.#owner.totalTimeoutError(), kind, 'deadline');
  }

  /** A faster one has answered. */
  lose(): void {
    this.abandon(new DOMException('Another attempt has answered', 'AbortError'));
  }

  abandon(reason: unknown): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    try {
      this.#answer(true, reason, this.#ignore(), 'abort');
    } catch (error) {
      this.#isRunning = true; // the stack is full, and what it holds is owed
      throw error;
    }
    this.#context.abort(reason);
  }

  #settle(threw: boolean, result: unknown): OutcomeKind {
    return this.#owner.host.settle(this.#permit, this.startedAt, threw, result);
  }

  #ignore(): OutcomeKind {
    return this.#owner.host.ignore(this.#permit, this.startedAt);
  }

  #end(threw: boolean, result: unknown): void {
    if (!this.#isRunning) {
      if (!threw) this.#owner.host.discard(result);
      return;
    }
    // First: who is told of the outcome may abort.
    this.#isRunning = false;
    let kind: OutcomeKind = 'ignored';
    try {
      kind = this.#settle(threw, result);
      if (kind === 'success')
        this.#context.succeeded(() => this.#owner.lateFailure(this.#permit, this.startedAt));
    } finally {
      this.#answer(threw, result, kind);
    }
  }

  #answer(threw: boolean, result: unknown, kind: OutcomeKind, by?: Ended['by']): void {
    this.threw = threw;
    this.result = result;
    this.kind = kind;
    this.by = by;
    try {
      this.#owner.left(this);
    } finally {
      this.#resolve(this);
      this.#deadlines?.remove(this);
      const following = this.#following;
      if (following !== undefined) {
        // First: whom nobody follows is not listened to.
        if (by === undefined && this.late === undefined)
          this.#context.tie(following, threw ? undefined : result);
        following.removeCall(this);
      }
    }
  }
}
