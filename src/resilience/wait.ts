import { type CallerSignal, type Follower, followingOf } from '../core/following.js';
import { createFullStackError } from '../core/promises.js';
import { afterArrivals, startTimer, stopTimer, type Timer } from '../core/timers.js';
import type { Clock } from '../index.js';

/** What ended a wait: what it was for, its time, the circuit, or its caller. */
export type WaitEnd = 'turn' | 'time' | 'open' | 'abort';

/** Where somebody waits. */
export interface WaitingRoom<Waiting> {
  /** Is told at once of who leaves, but not of who is let in. */
  left(wait: Waiting): void;
}

/** Milliseconds after which a timer comes too late for a busy moment, and what has arrived is to be read first. */
const LATE = 5;

/**
 * A wait that several things may end: the first counts. Who waits is told by a promise, so that it goes on in its own
 * asynchronous context, whoever has ended the wait. Nothing of it is left then, neither a timer nor a listener.
 */
export class Wait implements Follower {
  readonly ended: Promise<WaitEnd>;
  readonly #clock: Clock;
  readonly #signal: CallerSignal | undefined;
  readonly #room: WaitingRoom<Wait> | undefined;
  #resolve: ((end: WaitEnd) => void) | undefined;
  #timer: Timer | undefined;

  /** @param signal one that has aborted ends it at once */
  constructor(clock: Clock, signal: CallerSignal | undefined, room?: WaitingRoom<Wait>) {
    this.#clock = clock;
    this.#signal = signal;
    this.#room = room;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (this.#resolve === undefined) throw createFullStackError();
    if (signal === undefined) return;
    // Between an attempt and the wait after it, nobody has followed it.
    if (signal.aborted) this.end('abort');
    else followingOf(signal).addCall(this);
  }

  get hasEnded(): boolean {
    return this.#resolve === undefined;
  }

  /** Tells whether this was the end. */
  end(by: WaitEnd): boolean {
    const resolve = this.#resolve;
    if (resolve === undefined) return false;
    this.#resolve = undefined;
    stopTimer(this.#clock, this.#timer);
    if (this.#signal !== undefined) followingOf(this.#signal).removeCall(this);
    if (by !== 'turn') this.#room?.left(this);
    resolve(by);
    return true;
  }

  abandon(): void {
    this.end('abort');
  }

  /** Ends the wait after a time. Where the timer comes late, what has arrived by then is read first. */
  endAfter(ms: number): this {
    if (this.#resolve === undefined) return this;
    const at = this.#clock.now() + ms;
    const end = () => this.end('time');
    this.#timer = startTimer(
      this.#clock,
      () => {
        if (this.#timer?.isFake || !(this.#clock.now() - at > LATE)) end();
        else afterArrivals(this.#clock, end);
      },
      Math.ceil(ms),
    );
    return this;
  }
}
