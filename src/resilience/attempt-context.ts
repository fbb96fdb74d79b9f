/** What a task is told of its attempt, and what an answer that comes in pieces does to it. */
import type { Deadlines } from '../core/deadlines.js';
import { type Following, keepWithAnswer } from '../core/following.js';
import type { CallContext, CircuitState } from '../index.js';
import { openDoor } from './class-members.js';
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
  tie(following: Following, answer: unknown): void {
    const held = this.#held;
    if (held?.controller === undefined || held.controller.signal.aborted || held.isUntied) return;
    const { controller } = held;
    held.untie = following.addSignal(controller);
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
    const held = this.#hold();
    const late = held.breakOff;
    held.breakOff = undefined;
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
