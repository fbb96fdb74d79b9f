/**
 * The account of one body: how long reading may take, and whose fault its end is. It knows no kind of reading: who reads
 * says when somebody waits and what came of it.
 */
import { Deadline, type Deadlines } from '../core/deadlines.js';
import { afterArrivals } from '../core/timers.js';
import { CallTimeoutError, type Clock } from '../index.js';
import { TotalTimeoutError } from '../resilience/index.js';
import { BodyTimeoutError } from './errors.js';

/** What a body does to its attempt, after that has ended: of `recloser/resilience`. */
export interface AttemptHand {
  abort(reason: unknown): void;
  untie(): void;
  breakOff(error: unknown): void;
}

/** What an account is opened with. */
export interface ReadingPlan {
  /** The key. */
  readonly breaker: string;
  readonly clock: Clock;
  readonly deadlines: () => Deadlines;
  readonly hand: AttemptHand;
  /** Of the attempt. */
  readonly signal: AbortSignal;
  /** Milliseconds that reading all of it may take, or `Infinity`. */
  readonly left: number;
  /** The timeout that `left` is what is left of. */
  readonly totalTimeout: number;
  readonly attempts: number;
  /** Milliseconds between two chunks, or `Infinity`. */
  readonly bodyTimeout: number;
  /** Whether its end, and how long it takes, says nothing: an event stream's. */
  readonly isEndless: boolean;
}

class ReadDeadline extends Deadline {
  readonly expire: () => void;

  constructor(startedAt: number, duration: number, expire: () => void) {
    super(startedAt, duration);
    this.expire = expire;
  }
}

/** Ends a wait for some of a body; does nothing after the wait has ended. */
export type StopWaiting = () => void;

const NOTHING: StopWaiting = () => {};

export class Reading {
  readonly #plan: ReadingPlan;
  /** Bodies that are not at their end: that of the response and those of its clones. */
  #bodies = 1;
  #isOver = false;

  constructor(plan: ReadingPlan) {
    this.#plan = plan;
  }

  /** Whether a body that stands still ends sooner than reading all of it may take. */
  get isByChunk(): boolean {
    const { bodyTimeout, left, isEndless } = this.#plan;
    return !isEndless && bodyTimeout < left;
  }

  /** A clone of the response has a body of its own. */
  fork(): void {
    this.#bodies++;
  }

  /** Somebody waits for all of it. @param onTimeout told the error when that takes too long */
  waitForAll(onTimeout: (error: unknown) => void): StopWaiting {
    const { left, breaker, totalTimeout: timeout, attempts } = this.#plan;
    return this.#wait(left, () => {
      const error = new TotalTimeoutError({ breaker, timeout, attempts });
      this.#cut(error, new CallTimeoutError(breaker, Math.round(left)));
      onTimeout(error);
    });
  }

  /**
   * Somebody waits for the next chunk.
   *
   * @param onTimeout told the error when that takes too long
   * @param cancel ends the source, once the abort of its request has had the time to reach it: one that is cancelled
   *   before leaves behind a rejection in Node that nobody can handle, if it is a branch of a clone
   */
  waitForChunk(onTimeout: (error: unknown) => void, cancel: (error: unknown) => void): StopWaiting {
    const { bodyTimeout, breaker, clock } = this.#plan;
    return this.#wait(bodyTimeout, () => {
      const error = new BodyTimeoutError(breaker, bodyTimeout);
      this.#cut(error, error);
      onTimeout(error);
      afterArrivals(clock, () => cancel(error));
    });
  }

  #wait(ms: number, expire: () => void): StopWaiting {
    const { clock, deadlines, isEndless } = this.#plan;
    if (ms === Number.POSITIVE_INFINITY || isEndless || this.#isOver) return NOTHING;
    const now = clock.now();
    const all = deadlines();
    const deadline = new ReadDeadline(now, ms, expire);
    all.add(deadline, now);
    return () => all.remove(deadline);
  }

  #cut(error: unknown, failure: unknown): void {
    const { hand } = this.#plan;
    if (this.#isOver) return;
    this.#finish();
    hand.breakOff(failure);
    hand.abort(error);
  }

  /** A body has been read to its end, or nobody wants the rest of it. To be told once of each. */
  ended(): void {
    if (--this.#bodies === 0) this.#finish();
  }

  /** A body has broken off. Where its caller has gone, or it has been cut, that is why. */
  broke(error: unknown): void {
    const { hand, signal, isEndless } = this.#plan;
    if (this.#isOver) return;
    this.#finish();
    if (!isEndless && !signal.aborted) hand.breakOff(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#plan.hand.untie();
  }
}
