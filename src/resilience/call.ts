/**
 * One call, from its first attempt to its answer. After each attempt it is decided here whether there is another one:
 * `#conclude` takes in how an attempt ended, `#retry` waits and begins the next. `call-attempts.ts` runs them, and
 * `call-end.ts` is the end.
 */
import { type CallerSignal, reasonOf } from '../core/following.js';
import { rejectSoon } from '../core/promises.js';
import type { Ended } from './attempt.js';
import { CallAttempts } from './call-attempts.js';
import { Failed, type Step, unwrap } from './call-end.js';
import type { Debtor } from './debts.js';
import { type Entry, enter, leaveEntrance, type Refuser, waitForLeave } from './entrance.js';
import { isRejection } from './errors.js';
import { roll } from './retry-options.js';
import { askedWait, backoffWait, outcomeOf } from './retry-wait.js';
import { Wait, type WaitEnd } from './wait.js';

/** The shortest wait for a circuit, in ms. */
const SHORTEST_WAIT = 100;

export class Call<T> extends CallAttempts<T> implements Debtor {
  start(): Promise<T> {
    this.host.payOwed();
    const { tally, owed } = this.host;
    tally.calls++;
    try {
      return asPromise(this.#start(this.startedAt));
    } catch (error) {
      owed[owed.length] = this; // without a call: the stack is full
      throw error;
    }
  }

  payBack(): void {
    leaveEntrance(this);
    this.release();
  }

  /** Goes on with a call whose first attempt somebody else has run. */
  resume(ended: Ended): Step<T> {
    this.attempts = 1;
    this.rounds = 1;
    return this.#conclude(ended);
  }

  /** Goes on with a call whose first attempt the breaker has rejected. */
  refused(error: unknown): Promise<T> {
    return asPromise(this.#refuse('breaker', error));
  }

  /** @param now a reading of the clock */
  #start(now: number): Step<T> {
    const { host } = this;
    if (!this.shared.countsCalls) return this.#enter(now);
    const leave = host.leave();
    if (leave === undefined) return this.#startCounted(now);
    return this.#after(waitForLeave(this, leave), (refused) =>
      refused ? this.#refuse(refused.by, refused.error) : this.#startCounted(host.clock.now()),
    );
  }

  #startCounted(now: number): Step<T> {
    // Assigned at once: whatever is called next may find the stack full.
    this.permit = this.host.admit(now);
    const { permit } = this;
    if (permit instanceof Error) {
      this.permit = undefined;
      return this.#refuse('breaker', permit);
    }
    this.isProbe = this.host.breaker.state === 'HALF_OPEN';
    return this.#enter(now);
  }

  #enter(now: number): Step<T> {
    const entered = enter(this, now);
    return entered instanceof Promise
      ? this.#after(entered, (entry) => this.#begin(entry))
      : this.#begin(entered);
  }

  /** Goes on after a wait. What cannot be waited for, such as a signal that cannot be followed, leaves nothing behind. */
  #after<Came>(waiting: Promise<Came>, next: (came: Came) => Step<T>): Promise<T> {
    return waiting.then(
      (came) => unwrap(next(came)),
      (error) => {
        this.payBack();
        throw error;
      },
    );
  }

  #begin(entry: Entry): Step<T> {
    if (entry.by !== undefined) return this.#refuse(entry.by, entry.error);
    if (this.signal?.aborted) {
      // A listener has done so that was told of the admission.
      leaveEntrance(this);
      return this.#refuse('abort', this.#reason());
    }
    if (this.rounds++ > 0) this.host.tally.retries++;
    this.owesToken = false;
    this.discardLast();
    const first = this.run(entry.permit, false, entry.waited, entry.at);
    return this.#after(this.hedged(first), (ended) => this.#conclude(ended));
  }

  /** Takes in how an attempt ended. */
  #conclude(ended: Ended): Step<T> {
    const { threw, result, kind, by, late } = ended;
    late?.abort(result);
    if (by === 'deadline') return this.timeOut(result);
    if (by === 'abort') return this.fail(result, 'aborted', undefined);
    if (kind === 'success') this.shared.retryBudget?.deposit();
    const isToRetry = this.isToRetry(ended);
    if (!threw && !isToRetry) return this.succeed(result as T, kind);
    if (!isToRetry) {
      const stopped = isRejection(result) ? 'rejected' : 'not-retryable';
      return this.fail(result, stopped, kind === 'failure' ? kind : undefined, kind);
    }
    this.last = ended;
    if (this.rounds >= (this.isProbe ? 1 : this.settings.retry.maxAttempts)) return this.giveUp('attempts');
    return this.#retry(ended);
  }

  /** Waits for the next attempt and makes it, or gives up at once where there is a reason to. */
  #retry(ended: Ended): Step<T> {
    const { host } = this;
    const { retry } = this.settings;
    const { retryBudget, countsCalls } = this.shared;
    const endsWhenOpen = !countsCalls && !retry.waitsWhenOpen;
    if (host.isOpen && endsWhenOpen) return this.giveUp('open');
    const asked = askedWait(retry, ended, this.attempts);
    if ((asked ?? 0) > retry.maxRetryAfter) return this.giveUp('retry-after', asked);
    const delay = backoffWait(retry, ended, this.rounds, host.clock) + (asked ?? 0);
    if (this.#isTooLate(delay)) return this.giveUp('deadline', asked);
    if (retryBudget !== undefined && !retryBudget.tryWithdraw()) return this.giveUp('budget', asked);
    this.owesToken = true;
    host.tell('retry', {
      attempt: this.attempts,
      delay,
      ...outcomeOf(ended),
      ...(asked === undefined ? {} : { retryAfter: asked }),
    });
    return this.#after(this.#sleep(delay, endsWhenOpen), (end) => this.#awake(end, endsWhenOpen));
  }

  /** Begins the next attempt after the wait for it, unless that has no use any more. */
  #awake(end: WaitEnd, endsWhenOpen: boolean): Step<T> {
    const { breaker, isOpen, clock } = this.host;
    if (end === 'abort' || this.signal?.aborted) return this.#refuse('abort', this.#reason());
    if (end === 'open') return this.giveUp('open');
    if (!isOpen || this.shared.countsCalls) return this.#enter(clock.now());
    const waiting = endsWhenOpen ? undefined : this.#waitForCircuit(breaker.metrics.retryAfter);
    return waiting ?? this.giveUp('open');
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
    const { clock } = this.host;
    if (retryAfter === null) return undefined;
    const ms = Math.max(retryAfter * (1 + 0.1 * roll(clock)), SHORTEST_WAIT);
    if (this.#isTooLate(ms)) return undefined;
    return this.#after(this.#sleep(ms, false), (end) => {
      const isGone = end === 'abort' || this.signal?.aborted;
      return isGone ? this.#refuse('abort', this.#reason()) : this.#start(clock.now());
    });
  }

  #isTooLate(ms: number): boolean {
    return this.host.clock.now() + ms >= this.deadline;
  }

  #reason(): unknown {
    return reasonOf(this.signal as CallerSignal);
  }

  /** An attempt was turned away: nothing was sent. */
  #refuse(by: Refuser, error: unknown): Step<T> {
    const { tally } = this.host;
    if (by === 'bulkhead') tally.bulkheadRejected++;
    if (by === 'rate-limit') tally.rateLimited++;
    if (by === 'abort') return this.fail(error, 'aborted', undefined);
    if (by === 'deadline') return this.timeOut(error);
    this.host.tell('reject', { by, error });
    const retryAfter = (error as { retryAfter?: number | null }).retryAfter ?? undefined;
    if (by === 'breaker' && this.settings.retry.waitsWhenOpen) {
      const waiting = this.#waitForCircuit(retryAfter ?? null);
      if (waiting !== undefined) return waiting;
    }
    const stopped = by === 'breaker' ? 'open' : 'rejected';
    if (this.last !== undefined) return this.giveUp(stopped, retryAfter);
    return this.fail(error, stopped, 'rejection', 'ignored', retryAfter);
  }
}

function asPromise<T>(step: Step<T>): Promise<T> {
  return step instanceof Failed ? rejectSoon(step.error) : Promise.resolve(step);
}
