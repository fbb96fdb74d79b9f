/** How a call ends: with its answer, with an error that is remembered and told, or with what a fallback makes of that. */
import { answer, fallbackFor } from '../core/fallback.js';
import { type CallerSignal, type Follower, followingOf } from '../core/following.js';
import { run } from '../core/promises.js';
import type { Outcome, OutcomeKind } from '../index.js';
import { CallTimeoutError } from '../index.js';
import type { Ended } from './attempt.js';
import { LazyAttemptContext } from './attempt-context.js';
import type { Stopped } from './attempts-of.js';
import { TotalTimeoutError } from './errors.js';
import type { Host } from './host.js';
import type { Settings } from './options.js';
import type { Shared } from './shared.js';

/** What an error is to a fallback: nothing, if the dependency has answered or the caller has gone. */
type Kind = 'rejection' | 'failure' | undefined;

/** A call that has ended with an error, which is thrown where nothing is left to unwind. */
export class Failed {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What a call has come to: its answer, an error, or what is still to come. */
export type Step<T> = T | Promise<T> | Failed;

/** @throws the error that the call has ended with */
export function unwrap<T>(step: Step<T>): T | Promise<T> {
  if (step instanceof Failed) throw step.error;
  return step;
}

export abstract class CallEnd<T> {
  readonly host: Host;
  /** As it was when the call began. */
  readonly shared: Shared;
  readonly signal: CallerSignal | undefined;
  /** A reading of the clock, or `Infinity`. */
  readonly deadline: number;
  /** Runs of the task so far. */
  attempts = 0;
  protected readonly settings: Settings;
  protected readonly startedAt: number;
  /** Attempts so far that were no hedges. */
  protected rounds = 0;
  /** How the last attempt failed, after which another one was to come. */
  protected last: Ended | undefined;
  /** Whether a token was taken for a retry that has not begun. */
  protected owesToken = false;
  /** Leave for the call as a whole, where calls are what the breaker counts; its rejection until that is looked at. */
  protected permit: unknown;
  #breakOff: ((error: unknown) => void) | undefined;

  constructor(host: Host, settings: Settings, signal: CallerSignal | undefined, startedAt: number) {
    this.host = host;
    this.shared = host.shared;
    this.settings = settings;
    this.signal = signal;
    this.startedAt = startedAt;
    const { totalTimeout } = settings;
    this.deadline = totalTimeout === false ? Number.POSITIVE_INFINITY : startedAt + totalTimeout;
  }

  totalTimeoutError(): unknown {
    const { last } = this;
    return new TotalTimeoutError({
      breaker: this.host.name,
      timeout: this.settings.totalTimeout as number,
      attempts: this.attempts,
      cause: last?.threw ? last.result : undefined,
    });
  }

  lateFailure(permit: unknown, startedAt: number): ((error: unknown) => void) | undefined {
    if (permit !== undefined) return this.host.lateFailure(permit, startedAt);
    return (error) => this.#breakOff?.(error); // the call as a whole is yet to be settled
  }

  protected succeed(value: T, kind: OutcomeKind): T {
    if (this.rounds > 1) this.host.tally.recovered++;
    this.#settleCall(false, value, kind);
    return value;
  }

  /** Ends with the failure of the last attempt that ran: a value is the answer. */
  protected giveUp(stopped: Stopped, retryAfter?: number): Step<T> {
    const { threw, result, kind } = this.last as Ended;
    if (threw) return this.fail(result, stopped, kind === 'failure' ? kind : undefined, kind, retryAfter);
    this.#tellStop(stopped, { value: result }, retryAfter);
    this.#payBack();
    this.#settleCall(false, result, kind);
    return result as T;
  }

  protected timeOut(error: unknown): Step<T> {
    const { host } = this;
    host.tally.totalTimeouts++;
    // As of an attempt that had all the time there was, unless none was sent.
    const timeout = this.settings.totalTimeout as number;
    if (this.attempts > 0) this.#settleCall(true, new CallTimeoutError(host.name, timeout));
    return this.fail(error, 'deadline', 'failure');
  }

  /** Ends with an error, or with what the fallback makes of it. */
  protected fail(
    error: unknown,
    stopped: Stopped,
    to: Kind,
    kind: OutcomeKind = 'ignored',
    retryAfter?: number,
  ): Step<T> {
    this.host.remember(error, this.attempts, stopped, this.startedAt, retryAfter);
    this.discardLast();
    this.#tellStop(stopped, { error }, retryAfter);
    this.#payBack();
    this.#settleCall(true, error, kind);
    const answered = to && this.#fallBack(error, to === 'rejection');
    return answered || new Failed(error);
  }

  /** Gives back what is held for the call as a whole; nothing is known of how it ends. */
  protected release(): void {
    this.#payBack();
    this.host.ignore(this.#takePermit(), this.startedAt);
  }

  /** Throws the value away that was retried. */
  protected discardLast(): void {
    const { last } = this;
    if (last === undefined || last.threw) return;
    this.last = undefined;
    this.host.discard(last.result);
  }

  #tellStop(stopped: Stopped, outcome: Outcome | { error: unknown }, retryAfter: number | undefined): void {
    if (this.attempts === 0 || this.settings.retry.maxAttempts === 1) return;
    this.host.tally.refuse(stopped);
    this.host.tell('stop', {
      attempts: this.attempts,
      reason: stopped,
      ...outcome,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  }

  /** Gives the token of a retry back that did not take place. */
  #payBack(): void {
    if (!this.owesToken) return;
    this.owesToken = false;
    this.shared.retryBudget?.refund();
  }

  #takePermit(): unknown {
    const { permit } = this;
    this.permit = undefined;
    return permit instanceof Error ? undefined : permit;
  }

  /** @param kind what it counts as, if the breaker's filters need not be asked */
  #settleCall(threw: boolean, result: unknown, kind?: OutcomeKind): void {
    const permit = this.#takePermit();
    if (permit === undefined) return;
    const { host, startedAt } = this;
    host.settle(permit, startedAt, threw, result, kind);
    if (kind === 'success') this.#breakOff = host.lateFailure(permit, startedAt);
  }

  #fallBack(error: unknown, rejected: boolean): Promise<T> | undefined {
    const { host, signal } = this;
    const fallback = fallbackFor(error, rejected, this.settings.fallback, host.breaker.options);
    if (fallback === undefined) return undefined;
    host.tally.fallbacks++;
    host.tell('fallback', { error });
    const context = new LazyAttemptContext(host, Math.max(this.attempts, 1), false, Number.POSITIVE_INFINITY);
    const answered = run(() => answer(fallback, error, context), context) as Promise<T>;
    return signal === undefined ? answered : untilAborted(answered, signal, context);
  }
}

/** What an answer is worth until its caller has gone. */
function untilAborted<T>(
  answered: Promise<T>,
  signal: CallerSignal,
  context: LazyAttemptContext,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const follower: Follower = {
      abandon(reason) {
        reject(reason);
        context.abort(reason);
      },
    };
    const following = followingOf(signal);
    following.addCall(follower);
    const left = (value?: unknown) => {
      context.tie(following, value);
      following.removeCall(follower);
    };
    answered.then(
      (value) => {
        resolve(value);
        left(value);
      },
      (error) => {
        reject(error);
        left();
      },
    );
  });
}
