import { afterArrivals, startTimer, stopTimer, type Timer } from '../core/timers.js';
import type { Clock } from '../index.js';
import { type Follower, follow, unfollow } from './follow-signal.js';

/** What ended a wait: what it was for, its time, the circuit, or its caller. */
export type WaitEnd = 'turn' | 'time' | 'open' | 'abort';

/** Milliseconds after which a timer comes too late for a busy moment, and what has arrived is to be read first. */
const LATE = 5;

/**
 * A wait that several things may end: the first counts. Who waits is told by a promise, so that it goes on in its own
 * asynchronous context, whoever has ended the wait. Nothing of it is left then, neither a timer nor a listener.
 */
export class Wait implements Follower {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly ended: Promise<WaitEnd>;
  #resolve: ((end: WaitEnd) => void) | undefined;
  #timer: Timer | undefined;

  /** @param signal one that has not aborted */
  constructor(clock: Clock, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#signal = signal;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (signal !== undefined) follow(signal, this);
  }

  get isOver(): boolean {
    return this.#resolve === undefined;
  }

  /** Tells whether this was the end. */
  end(by: WaitEnd): boolean {
    const resolve = this.#resolve;
    if (resolve === undefined) return false;
    this.#resolve = undefined;
    stopTimer(this.#clock, this.#timer);
    if (this.#signal !== undefined) unfollow(this.#signal, this);
    resolve(by);
    return true;
  }

  aborted(): void {
    this.end('abort');
  }

  /** Ends the wait after a time. Where the timer comes late, what has arrived by then is read first. */
  endAfter(ms: number): this {
    const at = this.#clock.now() + ms;
    this.#timer = startTimer(
      this.#clock,
      () => {
        const end = () => this.end('time');
        if (this.#timer?.isFake || !(this.#clock.now() - at > LATE)) end();
        else afterArrivals(this.#clock, end);
      },
      Math.ceil(ms),
    );
    return this;
  }
}
