/**
 * The account of one guarded stream: its permit, its time, and whose fault its end is. It knows items as a number, and
 * no kind of stream: who reads tells it when somebody waits and what came, and is told when the stream is cut.
 */

import { answer } from '../core/fallback.js';
import { type Follower, followingOf, reasonOf } from '../core/following.js';
import { BREAK_OFF, type CallPermit, SETTLE } from '../core/permit.js';
import { soundClock } from '../core/reading.js';
import { afterArrivals, startTimer, stopTimer, type Timer } from '../core/timers.js';
import { type CallContext, type CircuitState, type Clock, isCircuitBreakerOpenError } from '../index.js';
import { StreamTimeoutError } from './errors.js';
import { type AnyStream, isCancelled, verifyStream } from './kinds.js';
import { answers, type ResolvedStreamOptions, type StreamBreaker } from './options.js';

/** What the signal says when a reader has left. */
export const leftEarly = () => new DOMException('The reader of the stream has left', 'AbortError');

/** Leave for a probe, where others share the circuit. */
const SEAM = Symbol.for('recloser.seam.1');

interface Shared {
  [SEAM]?(): { leave(): Promise<void> | undefined };
}

/** Milliseconds after which a timer comes too late for a busy moment, and what has arrived is to be read first. */
const LATE = 5;

/** The context that `source` and a fallback are called with; its signal is made when it is first read. */
class StreamContext implements CallContext {
  readonly breaker: string;
  readonly state: CircuitState;
  #controller: AbortController | undefined;

  constructor(breaker: string, state: CircuitState) {
    this.breaker = breaker;
    this.state = state;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}

export class Watch implements Follower {
  readonly breaker: StreamBreaker;
  readonly options: ResolvedStreamOptions;
  context: StreamContext;
  /** The stream, once `source` has answered it. */
  stream: unknown;
  isOver = false;
  items = 0;
  /** Whether what a fallback may answer is a rejection; `undefined` where there is nothing for it. */
  #isRejected: boolean | undefined;
  /** What cut it, if anything did. */
  cutBy: { readonly error: unknown } | undefined;
  /** Is told that the stream is cut: a timeout or the caller's abort. */
  onCut!: (error: unknown) => void;
  /** Whether who waited has let go of the stream without a word: asked when the time is up. */
  hasLeft: (() => boolean) | undefined;
  readonly #clock: Clock;
  #permit: CallPermit | undefined;
  #settlesOnFirst: boolean | undefined;
  #waiting = 0;
  /** Numbers the waits, so that a timer knows for which it was set. */
  #wait = 0;
  #since = 0;
  /** What is left of `firstTimeout`. */
  #left: number | false;
  #timer: Timer | undefined;
  #timerAt = 0;
  #timerWait = 0;
  #unfollow: (() => void) | undefined;

  constructor(breaker: StreamBreaker, options: ResolvedStreamOptions) {
    this.breaker = breaker;
    this.options = options;
    this.#left = options.firstTimeout;
    this.#clock = soundClock(breaker.options.clock);
    this.context = new StreamContext(breaker.name, breaker.state);
  }

  /** What the fallback makes of an error, if there is one for it. Its context is not that of what failed. */
  answer(error: unknown): Promise<AnyStream> | undefined {
    const { options, breaker } = this;
    const isRejected = this.#isRejected;
    const { fallback } = options;
    if (fallback === undefined || isRejected === undefined || !answers(options, error, isRejected))
      return undefined;
    const context = new StreamContext(breaker.name, breaker.state);
    return new Promise<unknown>((resolve) => {
      resolve(answer(fallback, error, context));
    }).then((stream) => {
      verifyStream(stream);
      return stream;
    });
  }

  /** What is to be waited for before `admit`. */
  leave(): Promise<void> | undefined {
    return (this.breaker as Shared)[SEAM]?.().leave();
  }

  /**
   * Takes a permit and follows the caller's signal.
   *
   * @throws CircuitBreakerOpenError if the breaker rejects it, and the signal's reason if that has aborted
   */
  admit(): void {
    const { breaker, options } = this;
    const { signal } = options;
    try {
      if (signal?.aborted) throw reasonOf(signal);
      if (signal !== undefined) this.#follow(signal);
      this.#permit = breaker.acquire() as CallPermit;
    } catch (error) {
      this.#finish();
      if (!signal?.aborted && isCircuitBreakerOpenError(error)) this.#isRejected = true;
      throw error;
    }
    if (this.isOver) {
      // A listener of the circuit has aborted the caller's signal.
      this.#permit.ignore();
      return;
    }
    this.context = new StreamContext(breaker.name, breaker.state);
    const { settleOn } = options;
    this.#settlesOnFirst = settleOn === undefined ? breaker.state === 'HALF_OPEN' : settleOn === 'first';
  }

  #follow(signal: AbortSignal): void {
    const following = followingOf(signal);
    this.#unfollow = () => following.removeCall(this);
    following.addCall(this);
  }

  /** The caller's signal has aborted. */
  abandon(reason: unknown): void {
    this.#cut(reason, true);
  }

  /** Somebody waits for an item. */
  begin(): void {
    if (this.#waiting++ > 0 || this.isOver) return;
    this.#wait++;
    const limit = this.#limit();
    if (limit === false) return;
    this.#since = this.#clock.now();
    if (this.#timer === undefined) this.#setTimer(limit, this.#since + limit);
    // One that is due later than this wait may last is set anew; one that is due sooner looks when it fires.
    else if (this.#timerAt > this.#since + limit) this.#setTimer(limit, this.#since + limit);
  }

  /** An item has come. */
  item(): void {
    this.items++;
    this.rest();
    if (this.#settlesOnFirst) this.#admitted.success();
  }

  /** What somebody waited for is there, or nobody waits any more. */
  rest(): void {
    if (this.#waiting > 0 && --this.#waiting > 0) {
      this.#wait++;
      this.#since = this.#clock.now();
    }
  }

  /** `source` has answered: what is left of the time for the first item goes on with the first read. */
  opened(): void {
    if (this.#left !== false) this.#left = Math.max(this.#left - (this.#clock.now() - this.#since), 1);
    this.rest();
    this.#stopTimer();
  }

  /** The stream ended by itself. Where it was told to, without a word, that was the reader. */
  ended(): void {
    if (this.options.signal?.aborted || isCancelled(this.stream)) this.left();
    else if (this.#finish()) this.#admitted.success();
  }

  /** The stream ended with an error, or has not begun. */
  failed(error: unknown): void {
    if (!this.#finish()) return;
    const permit = this.#admitted;
    const kind = permit[SETTLE](true, error);
    permit[BREAK_OFF](error);
    if (kind === 'failure' && this.items === 0) this.#isRejected = false;
  }

  /** The reader has gone, or was at fault: it says nothing about the dependency. */
  left(): void {
    if (this.#finish()) this.#permit?.ignore();
  }

  /** The permit of a stream that has begun. */
  get #admitted(): CallPermit {
    return this.#permit as CallPermit;
  }

  #limit(): number | false {
    return this.items === 0 ? this.#left : this.options.stallTimeout;
  }

  #cut(error: unknown, isAbort: boolean): void {
    if (this.isOver) return;
    if (isAbort) this.left();
    else this.failed(error);
    this.cutBy = { error };
    this.context.abort(error);
    this.onCut(error);
  }

  #setTimer(delay: number, at: number): void {
    stopTimer(this.#clock, this.#timer);
    this.#timerAt = at;
    this.#timerWait = this.#wait;
    this.#timer = startTimer(this.#clock, this.#fire, Math.ceil(delay - ROUNDING));
  }

  #fire = (): void => {
    this.#timer = undefined;
    const wait = this.#wait;
    const isFor = this.#timerWait === wait;
    if (!this.#isWaiting()) return;
    const limit = this.#limit() as number;
    const due = this.#since + limit;
    const now = this.#clock.now();
    // A timer speaks for the wait that it was set for, whatever the clock says.
    if (!isFor && now < due) {
      this.#setTimer(due - now, due);
      return;
    }
    const expire = () => {
      if (!this.#isWaiting() || this.#wait !== wait) return;
      if (this.hasLeft?.()) this.rest();
      else this.#cut(new StreamTimeoutError(this.breaker.name, this.#timeout(), this.items), false);
    };
    if (now - due > LATE) afterArrivals(this.#clock, expire);
    else expire();
  };

  #isWaiting(): boolean {
    return this.#waiting > 0 && !this.isOver && this.#limit() !== false;
  }

  /** The timeout as it was asked for. */
  #timeout(): number {
    return (this.items === 0 ? this.options.firstTimeout : this.options.stallTimeout) as number;
  }

  #stopTimer(): void {
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
  }

  #finish(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.#stopTimer();
    this.#unfollow?.();
    return true;
  }
}

/** Milliseconds that no timer can tell. */
const ROUNDING = 0.001;
