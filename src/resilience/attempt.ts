/** One run of a task: what it is told, and what may end it before it ends by itself. */
import { Deadline, type Deadlines } from '../core/deadlines.js';
import { type CallerSignal, type Follower, followingOf, keepWithAnswer } from '../core/following.js';
import { createFullStackError, run } from '../core/promises.js';
import type { CallContext, CircuitState, OutcomeKind } from '../index.js';
import { CallTimeoutError } from '../index.js';
import { openDoor } from './class-members.js';
import type { Debtor } from './debts.js';
import type { Host } from './host.js';

/** What a task is told of its attempt. */
export interface AttemptContext extends CallContext {
  /** Which run of the task this is, from 1. */
  readonly attempt: number;
  /** Whether it is sent beside a slow one. */
  readonly isHedge: boolean;
  /** Milliseconds until the call's deadline, at least 0; `Infinity` without one. */
  readonly remaining: number;
}

/** What is run, for each attempt. */
export type AttemptTask<T> = (context: AttemptContext) => T | PromiseLike<T>;

/** What an answer that comes in pieces does to its attempt, after the attempt has ended. For subpaths of this package. */
export interface AttemptHand {
  /** Where deadlines of what belongs to the attempt go. */
  readonly deadlines: Deadlines;
  /** Aborts the signal of the attempt. */
  abort(reason: unknown): void;
  /** Nobody reads any more: the signal need not follow the caller's. */
  untie(): void;
  /** A success has broken off since: one more failed call. */
  breakOff(error: unknown): void;
}

/** The member of an attempt's context that answers its hand; it fits every copy of the package. */
const HAND: unique symbol = /* @__PURE__ */ Symbol.for('recloser.attempt.1') as never;

/** What few contexts have: one whose signal was read, or whose hand somebody has. */
interface Held {
  controller: AbortController | undefined;
  /** Whether somebody has the hand. */
  hasHand: boolean;
  isUntied: boolean;
  untie: (() => void) | undefined;
  breakOff: ((error: unknown) => void) | undefined;
}

/** The context of one attempt. Its signal costs nothing until somebody reads it. */
export class LazyAttemptContext implements AttemptContext, AttemptHand {
  readonly breaker: string;
  readonly state: CircuitState;
  readonly attempt: number;
  readonly isHedge: boolean;
  /** @internal */
  static readonly hasDoor: true = /* @__PURE__ */ openDoor(this, HAND, 'hand');
  readonly #host: Host;
  readonly #deadline: number;
  #held: Held | undefined;

  /** @param deadline a reading of the clock, or `Infinity` */
  constructor(host: Host, attempt: number, isHedge: boolean, deadline: number) {
    this.breaker = host.name;
    this.state = host.breaker.state;
    this.attempt = attempt;
    this.isHedge = isHedge;
    this.#host = host;
    this.#deadline = deadline;
  }

  get signal(): AbortSignal {
    return this.#control().signal;
  }

  get remaining(): number {
    if (this.#deadline === Number.POSITIVE_INFINITY) return this.#deadline;
    return Math.max(this.#deadline - this.#host.clock.now(), 0);
  }

  /** @internal */
  get hand(): AttemptHand {
    this.#hold().hasHand = true;
    return this;
  }

  /** @internal */
  get deadlines(): Deadlines {
    return this.#host.deadlines;
  }

  /** Aborts the signal, or sees to it that it is aborted should it be read later. @internal */
  abort(reason: unknown): void {
    this.#control().abort(reason);
  }

  /** Ties the signal, if anybody has read it, to the caller's for as long as somebody holds it, or the answer. @internal */
  tie(signal: CallerSignal, answer: unknown): void {
    const held = this.#held;
    const controller = held?.controller;
    if (held === undefined || controller === undefined || controller.signal.aborted || held.isUntied) return;
    held.untie = followingOf(signal).addSignal(controller);
    // Whoever has the hand keeps it with the answer, whose body is not to be looked at here.
    if (!held.hasHand) keepWithAnswer(answer, controller);
  }

  /** @internal */
  untie(): void {
    const held = this.#hold();
    held.isUntied = true;
    held.untie?.();
    held.untie = undefined;
  }

  /** The attempt has succeeded: whoever has the hand may say later that it has broken off. @internal */
  succeeded(lateFailure: () => ((error: unknown) => void) | undefined): void {
    if (this.#held?.hasHand === true) this.#held.breakOff = lateFailure();
  }

  /** @internal */
  breakOff(error: unknown): void {
    const held = this.#held;
    const late = held?.breakOff;
    if (held !== undefined) held.breakOff = undefined;
    late?.(error);
  }

  #hold(): Held {
    this.#held ??= {
      controller: undefined,
      hasHand: false,
      isUntied: false,
      untie: undefined,
      breakOff: undefined,
    };
    return this.#held;
  }

  #control(): AbortController {
    const held = this.#hold();
    held.controller ??= new AbortController();
    return held.controller;
  }
}

/** How an attempt ended. */
export interface Ended {
  readonly threw: boolean;
  /** What it threw or answered. */
  readonly result: unknown;
  /** What it counts as. */
  readonly kind: OutcomeKind;
  readonly isHedge: boolean;
  /** What ended it, if it was not itself or its own timeout. */
  readonly by: 'deadline' | 'abort' | 'winner' | undefined;
  /** Its context, where a timer has ended it: the signal aborts where its caller goes on. */
  readonly late: LazyAttemptContext | undefined;
}

/** An attempt that nothing but itself could end. */
export const endedBy = (threw: boolean, result: unknown, kind: OutcomeKind): Ended => ({
  threw,
  result,
  kind,
  isHedge: false,
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
  readonly startedAt: number;
  threw = true;
  result: unknown;
  kind: OutcomeKind = 'ignored';
  by: Ended['by'];
  late: LazyAttemptContext | undefined;
  readonly #owner: AttemptOwner;
  readonly #permit: unknown;
  readonly #context: LazyAttemptContext;
  readonly #limit: Limit;
  #deadlines: Deadlines | undefined;
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
    this.startedAt = startedAt;
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
      if (signal !== undefined) followingOf(signal).addCall(this);
      return true;
    } catch (error) {
      this.abandon(error);
      return false;
    }
  }

  expire(): void {
    if (!this.#isRunning) return;
    this.late = this.#context;
    const error = new CallTimeoutError(this.#owner.host.name, this.duration);
    // All the time that there was: the dependency has timed out, whatever the caller is told.
    const kind = this.#limit === 'rest' ? this.#ignore() : this.#settle(true, error);
    if (this.#limit === 'attempt') this.#answer(true, error, kind);
    else this.#answer(true, this.#owner.totalTimeoutError(), kind, 'deadline');
  }

  abandon(reason: unknown): void {
    this.#cut(reason, 'abort');
  }

  /** A faster one has answered. */
  lose(): void {
    this.#cut(new DOMException('Another attempt has answered', 'AbortError'), 'winner');
  }

  #cut(reason: unknown, by: 'abort' | 'winner'): void {
    if (!this.#isRunning) return;
    this.#answer(true, reason, this.#ignore(), by);
    this.#context.abort(reason);
  }

  #settle(threw: boolean, result: unknown): OutcomeKind {
    return this.#owner.host.settle(this.#permit, this.startedAt, threw, result);
  }

  #ignore(): OutcomeKind {
    return this.#owner.host.settle(this.#permit, this.startedAt, true, undefined, 'ignored');
  }

  #end(threw: boolean, result: unknown): void {
    if (!this.#isRunning) {
      if (!threw) this.#owner.host.discard(result);
      return;
    }
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
    const owner = this.#owner;
    this.#isRunning = false;
    this.threw = threw;
    this.result = result;
    this.kind = kind;
    this.by = by;
    try {
      owner.left(this);
    } finally {
      this.#resolve(this);
      this.#deadlines?.remove(this);
      if (owner.signal !== undefined) {
        followingOf(owner.signal).removeCall(this);
        if (by === undefined && this.late === undefined)
          this.#context.tie(owner.signal, threw ? undefined : result);
      }
    }
  }
}
