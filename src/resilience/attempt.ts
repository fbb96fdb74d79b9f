/** One run of a task: what it is told, and what may end it before it ends by itself. */
import { Deadline, type Deadlines } from '../core/deadlines.js';
import { classifyError, classifyValue } from '../core/outcome.js';
import { BREAK_OFF, SETTLE } from '../core/permit.js';
import { run } from '../core/promises.js';
import { report } from '../core/report.js';
import type { CallContext, CircuitBreaker, CircuitState, Clock, OutcomeKind, Permit } from '../index.js';
import { CallTimeoutError } from '../index.js';
import { type Follower, follow, followWeakly, unfollow } from './follow-signal.js';

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

/** Aborts the context's signal, or sees to it that it is aborted should it be read later. */
export let abortAttempt: (context: LazyAttemptContext, reason: unknown) => void;

/** Ties the context's signal, if anybody has read it, to the caller's for as long as somebody holds it. */
export let tie: (context: LazyAttemptContext, signal: AbortSignal) => void;

/** What an answer that comes in pieces does to its attempt, after the attempt has ended. For subpaths of this package. */
export interface AttemptHand {
  /** Aborts the signal of the attempt. */
  abort(reason: unknown): void;
  /** Nobody reads any more: the signal need not follow the caller's. */
  untie(): void;
  /** A success has broken off since: one more failed call. */
  breakOff(error: unknown): void;
}

/** The member of an attempt's context that answers its hand; it fits every copy of the package. */
export const HAND: unique symbol = /* @__PURE__ */ Symbol.for('recloser.attempt.1') as never;

/** Puts the permit that an attempt counts with into the hand of its context. */
export let hold: (context: LazyAttemptContext, permit: Permit | undefined) => void;

/** The context of one attempt. Its signal costs nothing until somebody reads it. */
export class LazyAttemptContext implements AttemptContext, AttemptHand {
  readonly breaker: string;
  readonly state: CircuitState;
  readonly attempt: number;
  readonly isHedge: boolean;
  readonly #clock: Clock;
  readonly #deadline: number;
  #controller: AbortController | undefined;
  #permit: Permit | undefined;
  #untie: (() => void) | undefined;
  #isUntied = false;

  static {
    abortAttempt = (context, reason) => context.#control().abort(reason);
    tie = (context, signal) => {
      const controller = context.#controller;
      if (controller === undefined || controller.signal.aborted || context.#isUntied) return;
      context.#untie = followWeakly(signal, controller);
    };
    hold = (context, permit) => {
      context.#permit = permit;
    };
  }

  /** @param deadline a reading of the clock, or `Infinity` */
  constructor(
    breaker: string,
    state: CircuitState,
    attempt: number,
    isHedge: boolean,
    clock: Clock,
    deadline: number,
  ) {
    this.breaker = breaker;
    this.state = state;
    this.attempt = attempt;
    this.isHedge = isHedge;
    this.#clock = clock;
    this.#deadline = deadline;
  }

  get signal(): AbortSignal {
    return this.#control().signal;
  }

  get remaining(): number {
    if (this.#deadline === Number.POSITIVE_INFINITY) return this.#deadline;
    return Math.max(this.#deadline - this.#clock.now(), 0);
  }

  get [HAND](): AttemptHand {
    return this;
  }

  /** @internal */
  abort(reason: unknown): void {
    this.#control().abort(reason);
  }

  /** @internal */
  untie(): void {
    this.#isUntied = true;
    this.#untie?.();
    this.#untie = undefined;
  }

  /** @internal */
  breakOff(error: unknown): void {
    (this.#permit as { [BREAK_OFF]?(error: unknown): void } | undefined)?.[BREAK_OFF]?.(error);
  }

  #control(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }
}

/** How an attempt ended. */
export interface Ended {
  readonly threw: boolean;
  /** What it threw or answered. */
  readonly result: unknown;
  /** What it counts as. */
  readonly kind: OutcomeKind;
  /** What ended it, if it was not itself or its own timeout. */
  readonly by?: 'deadline' | 'abort' | 'winner' | undefined;
  /** Ended by a timer: the signal of the attempt aborts where its caller goes on. */
  readonly context?: LazyAttemptContext | undefined;
  readonly isHedge?: boolean;
}

/** Tells a permit, or where there is none the filters of the breaker, how an attempt ended; answers what it counts as. */
export function settle(
  breaker: CircuitBreaker,
  permit: Permit | undefined,
  threw: boolean,
  result: unknown,
): OutcomeKind {
  const own = permit as { [SETTLE]?(threw: boolean, result: unknown): OutcomeKind } | undefined;
  if (own?.[SETTLE] !== undefined) return own[SETTLE](threw, result);
  const kind = classify(breaker, threw, result);
  if (threw) permit?.failure(result);
  else permit?.success(result);
  return kind;
}

function classify(breaker: CircuitBreaker, threw: boolean, result: unknown): OutcomeKind {
  try {
    return threw ? classifyError(result, breaker.options) : classifyValue(result, breaker.options);
  } catch (error) {
    report(error);
    return 'ignored';
  }
}

/** What an attempt needs of what it belongs to. */
export interface AttemptPlan {
  readonly breaker: CircuitBreaker;
  readonly permit: Permit | undefined;
  readonly context: LazyAttemptContext;
  readonly signal: AbortSignal | undefined;
  readonly deadlines: Deadlines | undefined;
  readonly startedAt: number;
  /** Milliseconds; unless there are deadlines, none. */
  readonly timeout: number;
  /** What ends after `timeout`: the attempt's own time, all there was for the call, or what was left of that. */
  readonly ends: 'attempt' | 'call' | 'rest';
  readonly totalTimeoutError: () => unknown;
  /** Is told once, when the attempt is answered. */
  readonly left: () => void;
  readonly discard: (value: unknown) => void;
}

/** An attempt that a deadline, the caller or a faster one may end before its task does. Whichever is first decides. */
export class Attempt extends Deadline implements Follower {
  readonly #plan: AttemptPlan;
  readonly ended: Promise<Ended>;
  #resolve: ((ended: Ended) => void) | undefined;

  constructor(plan: AttemptPlan) {
    super(plan.startedAt, plan.timeout);
    this.#plan = plan;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  run(task: AttemptTask<unknown>): this {
    const { signal, deadlines, startedAt, context } = this.#plan;
    try {
      if (signal !== undefined) follow(signal, this);
      deadlines?.add(this, startedAt);
      run(task as never, context).then(
        (value) => this.#end(false, value),
        (error) => this.#end(true, error),
      );
    } catch (error) {
      this.#cut(error, 'abort');
    }
    return this;
  }

  expire(): void {
    const { ends, breaker, context, permit, timeout } = this.#plan;
    if (this.#resolve === undefined) return;
    const own = () => new CallTimeoutError(breaker.name, timeout);
    if (ends === 'attempt') {
      const error = own();
      this.#answer({ threw: true, result: error, kind: settle(breaker, permit, true, error), context });
    } else {
      // It had all the time that there was: the dependency has timed out, whatever the caller is told.
      const kind = ends === 'call' ? settle(breaker, permit, true, own()) : this.#ignore();
      this.#answer({ threw: true, result: this.#plan.totalTimeoutError(), kind, by: 'deadline', context });
    }
  }

  aborted(reason: unknown): void {
    this.#cut(reason, 'abort');
  }

  /** A faster one has answered. */
  lose(): void {
    this.#cut(new DOMException('Another attempt has answered', 'AbortError'), 'winner');
  }

  #cut(reason: unknown, by: 'abort' | 'winner'): void {
    if (this.#resolve === undefined) return;
    const kind = this.#ignore();
    this.#answer({ threw: true, result: reason, kind, by });
    abortAttempt(this.#plan.context, reason);
  }

  #ignore(): OutcomeKind {
    this.#plan.permit?.ignore();
    return 'ignored';
  }

  #end(threw: boolean, result: unknown): void {
    const { breaker, permit, context, discard } = this.#plan;
    if (this.#resolve === undefined) {
      if (!threw) discard(result);
      return;
    }
    let kind: OutcomeKind = 'ignored';
    try {
      kind = settle(breaker, permit, threw, result);
    } finally {
      this.#answer({ threw, result, kind, isHedge: context.isHedge });
    }
  }

  #answer(ended: Ended): void {
    const { deadlines, signal, context, left } = this.#plan;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    try {
      left();
    } finally {
      resolve?.(ended);
      deadlines?.remove(this);
      if (signal !== undefined) {
        unfollow(signal, this);
        if (ended.by === undefined && ended.context === undefined) tie(context, signal);
      }
    }
  }
}
