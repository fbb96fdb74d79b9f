/**
 * The account of one body: how long reading may take, and whose fault its end is. It knows no kind of reading: who reads
 * says when somebody waits and what came of it.
 */
import { Deadline, type Deadlines } from '../core/deadlines.js';
import { afterArrivals } from '../core/timers.js';
import { CallTimeoutError, type Clock } from '../index.js';
import { type AttemptContext, TotalTimeoutError } from '../resilience/index.js';
import { BodyTimeoutError } from './errors.js';

/** What a body does to its attempt, after that has ended: of `recloser/resilience`. */
export interface AttemptHand {
  /** Where deadlines of what belongs to the attempt go. */
  readonly deadlines: Deadlines;
  abort(reason: unknown): void;
  untie(): void;
  breakOff(error: unknown): void;
}

/** What bodies of one key are read by. */
export interface ReadingPlan {
  /** The key. */
  readonly breaker: string;
  readonly clock: Clock;
  /** Milliseconds between two chunks. */
  readonly bodyTimeout: number;
  /** The timeout of which reading has what the headers have left. */
  readonly totalTimeout: number | false;
}

/** Deadlines within one such time, in ms, stand in one queue: no two bodies have the same time left. */
const STEP = 1_000;

class ReadDeadline extends Deadline {
  readonly expire: () => void;

  constructor(at: number, ms: number, expire: () => void) {
    const duration = Math.ceil(ms / STEP) * STEP;
    super(at - duration, duration);
    this.expire = expire;
  }
}

/** Ends a wait for some of a body; does nothing after the wait has ended. */
export type StopWaiting = () => void;

const NOTHING: StopWaiting = () => {};

export class Reading {
  readonly #plan: ReadingPlan;
  readonly #hand: AttemptHand;
  readonly #context: AttemptContext;
  /** Milliseconds that reading all of it may take, or `Infinity`. */
  readonly #left: number;
  /** Whether its end, and how long it takes, says nothing: an event stream's. */
  readonly #isEndless: boolean;
  /** Bodies that are not at their end: that of the response and those of its clones. */
  #bodies = 1;
  #isOver = false;

  /** @param context of the attempt that has had the headers */
  constructor(plan: ReadingPlan, hand: AttemptHand, context: AttemptContext, isEndless: boolean) {
    this.#plan = plan;
    this.#hand = hand;
    this.#context = context;
    this.#left = context.remaining;
    this.#isEndless = isEndless;
  }

  /** Whether a body that stands still ends sooner than reading all of it may take. */
  get isByChunk(): boolean {
    return !this.#isEndless && this.#plan.bodyTimeout < this.#left;
  }

  /** A clone of the response has a body of its own. */
  fork(): void {
    this.#bodies++;
  }

  /** Somebody waits for all of it. @param onTimeout told the error when that takes too long */
  waitForAll(onTimeout: (error: unknown) => void): StopWaiting {
    const { breaker, totalTimeout } = this.#plan;
    const timeout = totalTimeout || 0;
    const left = this.#left;
    return this.#wait(left, () => {
      const error = new TotalTimeoutError({ breaker, timeout, attempts: this.#context.attempt });
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
    if (ms === Number.POSITIVE_INFINITY || this.#isEndless || this.#isOver) return NOTHING;
    const now = this.#plan.clock.now();
    const all = this.#hand.deadlines;
    const deadline = new ReadDeadline(now + ms, ms, expire);
    all.add(deadline, now);
    return () => all.remove(deadline);
  }

  #cut(error: unknown, failure: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.#hand.breakOff(failure);
    this.#hand.abort(error);
  }

  /** A body has been read to its end, or nobody wants the rest of it. To be told once of each. */
  ended(): void {
    if (--this.#bodies === 0) this.#finish();
  }

  /** A body has broken off. Where its caller has gone, or it has been cut, that is why. */
  broke(error: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    if (!this.#isEndless && !this.#context.signal.aborted) this.#hand.breakOff(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#hand.untie();
  }
}
