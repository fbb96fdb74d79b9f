/**
 * The account of one body: how long reading may take, and whose fault its end is. It knows no kind of reading: who reads
 * says when somebody waits and what came of it.
 */
import { Deadline, type Deadlines } from '../core/deadlines.js';
import { type CallerSignal, type Follower, type Following, followingOf } from '../core/following.js';
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

/** A wait for some of a body: what ends it, whatever the platform does. */
class Wait extends Deadline implements Follower {
  expire!: () => void;
  abandon!: (reason: unknown) => void;

  /** @param ms until its time is over */
  constructor(now: number, ms: number) {
    const duration = Math.ceil(ms / STEP) * STEP;
    super(now + ms - duration, duration);
  }
}

/** Ends a wait for some of a body; does nothing after the wait has ended. */
export type StopWaiting = () => void;

const NOTHING: StopWaiting = () => {};

export class Reading {
  readonly #plan: ReadingPlan;
  readonly #hand: AttemptHand;
  readonly #context: AttemptContext;
  /** Those who follow the caller's signal, which may abort a fetch that does not listen. */
  readonly #following: Following | undefined;
  /** Milliseconds that reading all of it may take, or `Infinity`. */
  readonly #left: number;
  /** Whether its end, and how long it takes, says nothing: an event stream's. */
  readonly #isEndless: boolean;
  /** Bodies that are not at their end: that of the response and those of its clones. */
  #bodies = 1;

  /**
   * @param context of the attempt that has had the headers
   * @param signal the caller's
   */
  constructor(
    plan: ReadingPlan,
    hand: AttemptHand,
    context: AttemptContext,
    signal: CallerSignal | undefined,
    isEndless: boolean,
  ) {
    this.#plan = plan;
    this.#hand = hand;
    this.#context = context;
    this.#following = signal && followingOf(signal);
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

  /** Somebody waits for all of it. @param end told why, when that takes too long or its caller has gone */
  waitForAll(end: (error: unknown) => void): StopWaiting {
    const { breaker, totalTimeout } = this.#plan;
    const left = this.#left;
    const expire = () => {
      const timeout = totalTimeout as number;
      const error = new TotalTimeoutError({ breaker, timeout, attempts: this.#context.attempt });
      this.#cut(error, new CallTimeoutError(breaker, Math.round(left)));
      end(error);
    };
    return this.#wait(left, expire, end);
  }

  /**
   * Somebody waits for the next chunk.
   *
   * @param end told why, when that takes too long or its caller has gone
   * @param cancel ends the source, once the abort of its request has had the time to reach it: one that is cancelled
   *   before leaves behind a rejection in Node that nobody can handle, if it is a branch of a clone
   * @param hasLeft whether who waited has let go of the body without a word: asked when the time is up
   */
  waitForChunk(
    end: (error: unknown) => void,
    cancel: (error: unknown) => void,
    hasLeft: () => boolean,
  ): StopWaiting {
    const { bodyTimeout, breaker, clock } = this.#plan;
    const endBoth = (error: unknown) => {
      end(error);
      afterArrivals(clock, () => cancel(error));
    };
    const expire = () => {
      if (hasLeft()) return;
      const error = new BodyTimeoutError(breaker, bodyTimeout);
      this.#cut(error, error);
      endBoth(error);
    };
    return this.#wait(bodyTimeout, expire, endBoth);
  }

  #wait(ms: number, expire: () => void, end: (error: unknown) => void): StopWaiting {
    const { signal } = this.#context;
    if (signal.aborted) {
      end(signal.reason);
      return NOTHING;
    }
    const following = this.#following;
    const isBounded = ms !== Number.POSITIVE_INFINITY && !this.#isEndless;
    const now = this.#plan.clock.now();
    const all = this.#hand.deadlines;
    const wait = new Wait(now, isBounded ? ms : 0);
    const stop = () => {
      all.remove(wait);
      following?.removeCall(wait);
    };
    wait.expire = () => {
      stop();
      expire();
    };
    wait.abandon = (reason) => {
      stop();
      this.#hand.untie();
      this.#hand.abort(reason);
      end(reason);
    };
    if (isBounded) all.add(wait, now);
    following?.addCall(wait);
    return stop;
  }

  #cut(error: unknown, failure: unknown): void {
    this.#hand.untie();
    this.#hand.breakOff(failure);
    this.#hand.abort(error);
  }

  /** A body has been read to its end, or nobody wants the rest of it. To be told once of each. */
  ended(): void {
    if (--this.#bodies === 0) this.#hand.untie();
  }

  /** A body has broken off. Where its caller has gone, or it has been cut, that is why. */
  broke(error: unknown): void {
    this.#hand.untie();
    if (!this.#isEndless && !this.#context.signal.aborted) this.#hand.breakOff(error);
  }
}
