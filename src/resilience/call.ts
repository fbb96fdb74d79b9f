/**
 * One call, from its first attempt to its answer. After each attempt it is decided here whether there is another one:
 * `#conclude` takes in how an attempt ended, `#retry` waits and begins the next, `#fail` is the end.
 */
import { answer, fallbackFor } from '../core/fallback.js';
import { SETTLE } from '../core/permit.js';
import { run } from '../core/promises.js';
import { isGranted, report } from '../core/report.js';
import { describe } from '../core/validate.js';
import type { Outcome, OutcomeKind, Permit } from '../index.js';
import { CallTimeoutError } from '../index.js';
import {
  Attempt,
  type AttemptTask,
  abortAttempt,
  type Ended,
  hold,
  LazyAttemptContext,
  settle,
  tie,
} from './attempt.js';
import { remember, type Stopped } from './attempts-of.js';
import { type Entry, enter, enterNow, type Refuser } from './entrance.js';
import { isRejection, TotalTimeoutError } from './errors.js';
import { type Follower, follow, reasonOf, unfollow } from './follow-signal.js';
import type { Host } from './host.js';
import type { Settings } from './options.js';
import { Race } from './race.js';
import { roll } from './retry-options.js';
import type { Shared } from './shared.js';
import { Wait, type WaitEnd } from './wait.js';

/** What an error is to a fallback: nothing, if the dependency has answered or the caller has gone. */
type Kind = 'rejection' | 'failure' | 'answer';

/** A call that has ended with an error, which is thrown where nothing is left to unwind. */
class Failed {
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

/** Milliseconds that stand for a backoff which throws or answers nonsense. */
const DEFAULT_BACKOFF = 1_000;

/** The shortest wait for a circuit, in ms. */
const SHORTEST_WAIT = 100;

export class Call<T> {
  readonly host: Host;
  readonly shared: Shared;
  readonly signal: AbortSignal | undefined;
  /** A reading of the clock, or `Infinity`. */
  readonly deadline: number;
  /** Runs of the task so far. */
  attempts = 0;
  readonly #task: AttemptTask<T>;
  readonly #settings: Settings;
  readonly #startedAt: number;
  /** Attempts so far that were no hedges. */
  #rounds = 0;
  /** How the last attempt failed, after which another one was to come. */
  #last: Ended | undefined;
  /** Whether a token was taken for a retry that has not begun. */
  #owesToken = false;
  /** Leave for the call as a whole, where calls are what the breaker counts. */
  #permit: Permit | undefined;
  #isProbe = false;

  constructor(
    host: Host,
    task: AttemptTask<T>,
    settings: Settings,
    signal: AbortSignal | undefined,
    startedAt: number,
  ) {
    this.host = host;
    this.shared = host.shared;
    this.#task = task;
    this.#settings = settings;
    this.signal = signal;
    this.#startedAt = startedAt;
    const { totalTimeout } = settings;
    this.deadline = totalTimeout === false ? Number.POSITIVE_INFINITY : startedAt + totalTimeout;
  }

  /** The number of the next attempt. */
  get attempt(): number {
    return this.attempts + 1;
  }

  start(): Promise<T> {
    this.host.tally.calls++;
    try {
      return Promise.resolve(unwrap(this.#start()));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Goes on with a call whose first attempt somebody else has run. */
  resume(ended: Ended): Step<T> {
    this.attempts = 1;
    this.#rounds = 1;
    return this.#conclude(ended);
  }

  /** Goes on with a call whose first attempt the breaker has rejected. */
  refused(error: unknown): Step<T> {
    return this.#refuse('breaker', error);
  }

  readonly totalTimeoutError = (): unknown => {
    const last = this.#last;
    return new TotalTimeoutError({
      breaker: this.host.name,
      timeout: this.#settings.totalTimeout as number,
      attempts: this.attempts,
      cause: last?.threw ? last.result : undefined,
    });
  };

  #start(): Step<T> {
    const { host, shared } = this;
    const { breaker } = host;
    if (shared.countsCalls && this.#permit === undefined) {
      try {
        this.#permit = breaker.acquire();
      } catch (error) {
        return this.#refuse('breaker', error);
      }
      this.#isProbe = breaker.state === 'HALF_OPEN';
    }
    return this.#enter();
  }

  #enter(): Step<T> {
    const entered = enter(this);
    return entered instanceof Promise ? entered.then((it) => unwrap(this.#begin(it))) : this.#begin(entered);
  }

  #begin(entry: Entry): Step<T> {
    if (entry.by !== undefined) return this.#refuse(entry.by, entry.error);
    const { tally } = this.host;
    if (this.#rounds++ > 0) tally.retries++;
    this.#owesToken = false;
    this.#discardLast();
    const first = this.#run(entry.permit, false, entry.waited);
    return this.#hedged(first).then((ended) => unwrap(this.#conclude(ended)));
  }

  /** Runs the task, with a place, a turn and a permit in hand. */
  #run(permit: Permit | undefined, isHedge: boolean, waited: boolean): Attempt {
    const { host, shared, signal, deadline } = this;
    const { breaker, clock, tally } = host;
    const { totalTimeout } = this.#settings;
    const callTimeout = this.#settings.callTimeout ?? breaker.options.callTimeout;
    const isFirst = this.attempts++ === 0;
    const isTimed = callTimeout !== false || totalTimeout !== false || this.#settings.hedge !== false;
    const startedAt = !isTimed || (isFirst && !waited) ? this.#startedAt : clock.now();
    const remaining = deadline - startedAt;
    const isCut = remaining < (callTimeout === false ? Number.POSITIVE_INFINITY : callTimeout);
    tally.attempts++;
    tally.running++;
    if (isHedge) tally.hedges++;
    const hasDeadline = isCut || callTimeout !== false;
    const context = new LazyAttemptContext(host.name, breaker.state, this.attempts, isHedge, clock, deadline);
    hold(context, permit ?? this.#permit);
    return new Attempt({
      breaker,
      permit,
      context,
      signal,
      deadlines: hasDeadline ? host.deadlines : undefined,
      startedAt,
      timeout: isCut ? Math.max(remaining, 0) : callTimeout || 0,
      ends: !isCut ? 'attempt' : isFirst && !waited ? 'call' : 'rest',
      totalTimeoutError: this.totalTimeoutError,
      left: () => {
        tally.running--;
        if (this.#settings.hedge !== false) host.answerTimes.add(clock.now() - startedAt);
        shared.bulkhead?.leave();
      },
      discard: host.discard,
    }).run(this.#task);
  }

  /** How an attempt ends, or the first good answer of it and its hedges. */
  #hedged(first: Attempt): Promise<Ended> {
    const { hedge } = this.#settings;
    const { host } = this;
    if (hedge === false || this.#isProbe || host.breaker.state !== 'CLOSED') return first.ended;
    return new Race({
      clock: host.clock,
      signal: this.signal,
      delay: host.answerTimes.delay(hedge.delay),
      most: hedge.maxHedges ?? 1,
      hasFailed: (ended) => this.#isToRetry(ended),
      send: (delay) => this.#sendHedge(delay),
      won: () => {
        host.tally.hedgesWon++;
      },
      discard: host.discard,
    }).run(first);
  }

  #sendHedge(delay: number): Attempt | undefined {
    const { host } = this;
    const { retryBudget } = this.shared;
    if (host.breaker.state !== 'CLOSED') return undefined;
    if (retryBudget !== undefined && !retryBudget.tryWithdraw()) return undefined;
    const entry = enterNow(this);
    if (entry === undefined || entry.by !== undefined) {
      retryBudget?.refund();
      return undefined;
    }
    host.tell('hedge', { attempt: this.attempt, delay });
    return this.#run(entry.permit, true, true);
  }

  /** Takes in how an attempt ended. */
  #conclude(ended: Ended): Step<T> {
    const { threw, result, kind, by, context } = ended;
    const { retry } = this.#settings;
    const { retryBudget } = this.shared;
    if (context !== undefined) abortAttempt(context, result);
    if (by === 'deadline') return this.#timeOut(result);
    if (by === 'abort') return this.#fail(result, 'aborted', 'answer');
    if (kind === 'success') retryBudget?.deposit();
    const isToRetry = this.#isToRetry(ended);
    if (!threw && !isToRetry) return this.#succeed(result as T, kind);
    if (!isToRetry) {
      const stopped = isRejection(result) ? 'rejected' : 'not-retryable';
      return this.#fail(result, stopped, kind === 'failure' ? 'failure' : 'answer', kind);
    }
    this.#last = ended;
    if (this.#rounds >= (this.#isProbe ? 1 : retry.maxAttempts)) return this.#giveUp('attempts');
    return this.#retry(ended);
  }

  readonly #judged = { ended: undefined as Ended | undefined, isToRetry: false };

  /** Whether an attempt failed so that another may help. It is asked once of each. */
  #isToRetry(ended: Ended): boolean {
    if (this.#judged.ended === ended) return this.#judged.isToRetry;
    const { retryOn } = this.#settings.retry;
    this.#judged.ended = ended;
    const { threw, result, kind } = ended;
    this.#judged.isToRetry =
      retryOn === undefined
        ? kind === 'failure' && !(threw && isRejection(result))
        : isGranted('retryOn', () => retryOn(outcomeOf(ended), kind));
    return this.#judged.isToRetry;
  }

  /** Waits for the next attempt and makes it, or gives up at once where there is a reason to. */
  #retry(ended: Ended): Step<T> {
    const { host } = this;
    const { retry } = this.#settings;
    const { retryBudget, countsCalls } = this.shared;
    const endsWhenOpen = !countsCalls && !retry.waitsWhenOpen;
    if (host.isOpen && endsWhenOpen) return this.#giveUp('open');
    const asked = this.#retryAfter(ended);
    if (asked !== undefined && asked > retry.maxRetryAfter) return this.#giveUp('retry-after', asked);
    const delay = this.#backoff(ended) + (asked ?? 0);
    if (this.#isTooLate(delay)) return this.#giveUp('deadline', asked);
    if (retryBudget !== undefined && !retryBudget.tryWithdraw()) return this.#giveUp('budget', asked);
    this.#owesToken = true;
    host.tell('retry', {
      attempt: this.attempts,
      delay,
      ...outcomeOf(ended),
      ...(asked === undefined ? {} : { retryAfter: asked }),
    });
    return this.#sleep(delay, endsWhenOpen).then((end) => unwrap(this.#awake(end, endsWhenOpen)));
  }

  /** Begins the next attempt after the wait for it, unless that has no use any more. */
  #awake(end: WaitEnd, endsWhenOpen: boolean): Step<T> {
    const { shared } = this;
    const { breaker, isOpen } = this.host;
    if (end === 'abort' || this.signal?.aborted) return this.#refuse('abort', this.#reason());
    if (end === 'open') return this.#giveUp('open');
    if (!isOpen || shared.countsCalls) return this.#enter();
    const waiting = endsWhenOpen ? undefined : this.#waitForCircuit(breaker.metrics.retryAfter);
    return waiting ?? this.#giveUp('open');
  }

  async #sleep(ms: number, endsWhenOpen: boolean): Promise<WaitEnd> {
    const { host, signal } = this;
    const wait = new Wait(host.clock, signal).endAfter(ms);
    host.tally.sleeping++;
    if (endsWhenOpen) host.endWhenOpen(wait);
    const end = await wait.ended;
    host.waited(wait);
    host.tally.sleeping--;
    return end;
  }

  /** Waits until the circuit may probe, and asks again; nothing where that is unknown, or too late. */
  #waitForCircuit(retryAfter: number | null): Promise<T> | undefined {
    if (retryAfter === null || this.host.breaker.mode === 'forced-open') return undefined;
    const ms = Math.max(retryAfter * (1 + 0.1 * roll(this.host.clock)), SHORTEST_WAIT);
    if (this.#isTooLate(ms)) return undefined;
    return this.#sleep(ms, false).then((end) => {
      const isGone = end === 'abort' || this.signal?.aborted;
      return unwrap(isGone ? this.#refuse('abort', this.#reason()) : this.#start());
    });
  }

  #isTooLate(ms: number): boolean {
    return this.deadline !== Number.POSITIVE_INFINITY && this.host.clock.now() + ms >= this.deadline;
  }

  #reason(): unknown {
    return reasonOf(this.signal as AbortSignal);
  }

  /** Milliseconds that the server asks to wait. */
  #retryAfter(ended: Ended): number | undefined {
    const { retryAfter } = this.#settings.retry;
    if (retryAfter === undefined) return undefined;
    try {
      const answer: unknown = retryAfter(outcomeOf(ended), this.attempts);
      if (answer === undefined || isDuration(answer)) return answer;
      throw new TypeError(
        `\`retryAfter\` must return a number of milliseconds or undefined, received ${describe(answer)}`,
      );
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  #backoff(ended: Ended): number {
    const { clock } = this.host;
    const backoff = this.#settings.retry.backoff as (...args: unknown[]) => unknown;
    try {
      const error = ended.threw ? ended.result : undefined;
      const answer = backoff(this.#rounds, error, () => roll(clock));
      if (isDuration(answer)) return answer;
      throw new TypeError(`A \`backoff\` must return a number of milliseconds, received ${describe(answer)}`);
    } catch (error) {
      report(error);
      return DEFAULT_BACKOFF;
    }
  }

  /** An attempt was turned away: nothing was sent. */
  #refuse(by: Refuser, error: unknown): Step<T> {
    const { tally } = this.host;
    if (by === 'bulkhead') tally.bulkheadRejected++;
    if (by === 'rate-limit') tally.rateLimited++;
    if (by === 'abort') return this.#fail(error, 'aborted', 'answer');
    if (by === 'deadline') return this.#timeOut(error);
    this.host.tell('reject', { by, error });
    const retryAfter = (error as { retryAfter?: number | null }).retryAfter ?? undefined;
    if (by === 'breaker' && this.#settings.retry.waitsWhenOpen) {
      const waiting = this.#waitForCircuit(retryAfter ?? null);
      if (waiting !== undefined) return waiting;
    }
    const stopped = by === 'breaker' ? 'open' : 'rejected';
    if (this.#last !== undefined) return this.#giveUp(stopped, retryAfter);
    return this.#fail(error, stopped, 'rejection', 'ignored', retryAfter);
  }

  /** Ends with the failure of the last attempt that ran: a value is the answer. */
  #giveUp(stopped: Stopped, retryAfter?: number): Step<T> {
    const { threw, result, kind } = this.#last as Ended;
    if (threw)
      return this.#fail(result, stopped, kind === 'failure' ? 'failure' : 'answer', kind, retryAfter);
    this.#tellStop(stopped, { value: result }, retryAfter);
    this.#payBack();
    this.#settleCall(false, result, kind);
    return result as T;
  }

  #timeOut(error: unknown): Step<T> {
    this.host.tally.totalTimeouts++;
    this.#discardLast();
    return this.#fail(error, 'deadline', 'failure', this.attempts > 0 ? 'failure' : 'ignored');
  }

  #succeed(value: T, kind: OutcomeKind): T {
    if (this.#rounds > 1) this.host.tally.recovered++;
    this.#settleCall(false, value, kind);
    return value;
  }

  /** Ends with an error, or with what the fallback makes of it. */
  #fail(
    error: unknown,
    stopped: Stopped,
    to: Kind,
    kind: OutcomeKind = 'ignored',
    retryAfter?: number,
  ): Step<T> {
    const elapsed = Math.max(this.host.clock.now() - this.#startedAt, 0);
    remember(error, {
      attempts: this.attempts,
      stopped,
      elapsed,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
    if (stopped === 'aborted') this.#discardLast();
    this.#tellStop(stopped, { error }, retryAfter);
    this.#payBack();
    this.#settleCall(true, error, kind);
    const answered = to === 'answer' ? undefined : this.#fallBack(error, to === 'rejection');
    return answered ?? new Failed(error);
  }

  #tellStop(stopped: Stopped, outcome: Outcome | { error: unknown }, retryAfter: number | undefined): void {
    if (this.attempts === 0 || this.#settings.retry.maxAttempts === 1) return;
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
    if (!this.#owesToken) return;
    this.#owesToken = false;
    this.shared.retryBudget?.refund();
  }

  /** Throws the value away that was retried. */
  #discardLast(): void {
    const last = this.#last;
    if (last === undefined || last.threw) return;
    this.#last = undefined;
    this.host.discard(last.result);
  }

  #settleCall(threw: boolean, result: unknown, kind: OutcomeKind): void {
    const permit = this.#permit as (Permit & { [SETTLE]?: (...args: unknown[]) => unknown }) | undefined;
    if (permit === undefined) return;
    this.#permit = undefined;
    const { breaker } = this.host;
    if (kind === 'ignored') {
      permit.ignore();
      return;
    }
    const isLate = threw && result instanceof TotalTimeoutError;
    const outcome = isLate ? new CallTimeoutError(breaker.name, result.timeout) : result;
    if (permit[SETTLE] !== undefined) permit[SETTLE](threw, outcome, isLate ? undefined : kind);
    else settle(breaker, permit, threw, outcome);
  }

  #fallBack(error: unknown, rejected: boolean): Promise<T> | undefined {
    const { host, signal } = this;
    const { breaker, clock } = host;
    const fallback = fallbackFor(error, rejected, this.#settings.fallback, breaker.options);
    if (fallback === undefined) return undefined;
    host.tally.fallbacks++;
    host.tell('fallback', { error });
    const context = new LazyAttemptContext(
      host.name,
      breaker.state,
      Math.max(this.attempts, 1),
      false,
      clock,
      Number.POSITIVE_INFINITY,
    );
    const answered = run(() => answer(fallback, error, context), context) as Promise<T>;
    return signal === undefined ? answered : untilAborted(answered, signal, context);
  }
}

/** What an answer is worth until its caller has gone. */
function untilAborted<T>(answered: Promise<T>, signal: AbortSignal, context: LazyAttemptContext): Promise<T> {
  return new Promise((resolve, reject) => {
    const follower: Follower = {
      aborted(reason) {
        reject(reason);
        abortAttempt(context, reason);
      },
    };
    follow(signal, follower);
    const left = () => {
      unfollow(signal, follower);
      tie(context, signal);
    };
    answered.then(
      (value) => {
        resolve(value);
        left();
      },
      (error) => {
        reject(error);
        left();
      },
    );
  });
}

const outcomeOf = ({ threw, result }: Ended): Outcome => (threw ? { error: result } : { value: result });

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
