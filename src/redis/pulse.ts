/**
 * When a fleet polls, and when it has waited too long. It has one timer, which is set anew after each run, and none where
 * the user polls by hand.
 */
import { afterArrivals, isDoubtful, startTimer, stopTimer, type Timer } from '../core/timers.js';
import type { Clock } from '../index.js';

/** What is done in time. */
export interface PulseActions {
  poll(): void;
  doChores(now: number): void;
  nextChore(): number;
  /** There has been no answer for too long. */
  lost(): void;
}

/** Milliseconds between two polls that come early. */
const BETWEEN_EARLY_POLLS = 250;

/** How often the interval is doubled, at most, while there is no answer. */
const MOST_DOUBLINGS = 3;

/** How long somebody waits to be ready, at most. */
const READY_AFTER = 1_000;

/** Intervals without an answer after which a fleet is on its own. */
const PATIENCE = 3;

const NEVER = Number.POSITIVE_INFINITY;

/** Beyond every timer, and yet to come: the next timer keeps the process alive. */
const LATER = Number.MAX_VALUE;

/** Who polls by hand has the patience of who does not say how often. */
export const DEFAULT_INTERVAL = 2_000;

export class Pulse {
  readonly ready: Promise<void>;
  readonly #clock: Clock;
  readonly #roll: () => number;
  readonly #interval: number;
  readonly #isByHand: boolean;
  readonly #actions: PulseActions;
  #becomeReady: () => void = () => {};
  #readyAt: number;
  #nextPoll: number;
  #isEarly = false;
  #lastEarly = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #lastAnswer: number;
  /** When the first poll went out that was not answered. */
  #unansweredSince: number | undefined;
  #isLost = false;
  #isLooking = false;
  #isStopped = false;
  #timer: Timer | undefined;
  #timerAt = NEVER;

  constructor(clock: Clock, roll: () => number, interval: number | false, actions: PulseActions) {
    const now = clock.now();
    this.#clock = clock;
    this.#roll = roll;
    this.#isByHand = interval === false;
    this.#interval = interval === false ? DEFAULT_INTERVAL : interval;
    this.#actions = actions;
    this.#lastAnswer = now;
    this.#readyAt = this.#isByHand ? NEVER : now + READY_AFTER;
    this.#nextPoll = this.#isByHand ? NEVER : now + roll() * Math.min(this.#interval, 1_000);
    this.ready = this.#isByHand
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#becomeReady = resolve;
        });
  }

  /** Sets the timer to what comes first. */
  arm(): void {
    if (this.#isByHand || this.#isStopped) return;
    const due = Math.min(this.#nextPoll, this.#readyAt, this.#lostAt, this.#actions.nextChore());
    if (this.#timer !== undefined && this.#timerAt <= due && !isDoubtful(this.#timer)) return;
    stopTimer(this.#clock, this.#timer);
    const background = this.#readyAt === NEVER;
    this.#timerAt = due;
    this.#timer = startTimer(this.#clock, () => this.#run(), due - this.#clock.now(), { background });
  }

  #run(): void {
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
    if (this.#isStopped) return;
    const now = this.#clock.now();
    this.#actions.doChores(now);
    if (now >= this.#nextPoll) {
      if (this.#isEarly) this.#lastEarly = now;
      this.#isEarly = false;
      this.#nextPoll = NEVER;
      this.#actions.poll();
    }
    if (now >= this.#readyAt) this.#stopWaiting();
    if (now >= this.#lostAt) this.#lookOnceMore();
    this.arm();
  }

  /** Long enough has been waited; what has arrived is read first. */
  #stopWaiting(): void {
    this.#readyAt = LATER;
    afterArrivals(this.#clock, () => {
      this.#isReady();
      this.arm();
    });
  }

  #isReady(): void {
    if (this.#readyAt === NEVER) return;
    this.#readyAt = NEVER;
    this.#becomeReady();
    // The next timer keeps no process alive.
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
  }

  /** When it is on its own: not before a poll went unanswered for a while, however long the process stood still. */
  get #lostAt(): number {
    if (this.#isLost || this.#isLooking || this.#unansweredSince === undefined) return NEVER;
    const grace = this.#isByHand ? 0 : this.#interval;
    return Math.max(this.#lastAnswer + PATIENCE * this.#interval, this.#unansweredSince + grace);
  }

  /** An answer may have arrived that has not been read yet. */
  #lookOnceMore(): void {
    this.#isLooking = true;
    afterArrivals(this.#clock, () => {
      this.#isLooking = false;
      if (!this.#isStopped && this.#clock.now() >= this.#lostAt) this.#lose();
      this.arm();
    });
  }

  #lose(): void {
    this.#isLost = true;
    this.#actions.lost();
  }

  /** A poll comes early, after so many milliseconds. */
  soon(delay: number): void {
    if (this.#isByHand || this.#isStopped) return;
    const now = this.#clock.now();
    const at = Math.max(now + delay, this.#lastEarly + BETWEEN_EARLY_POLLS);
    if (at >= this.#nextPoll) {
      this.arm(); // the timer may be gone, with the fake ones that it was set by
      return;
    }
    this.#nextPoll = at;
    this.#isEarly = true;
    if (at > now) this.arm();
    else this.#run();
  }

  /** A poll has gone out. */
  sent(): void {
    const now = this.#clock.now();
    this.#unansweredSince ??= now;
    this.#pollAfter(now, this.#failures);
  }

  answered(): void {
    const now = this.#clock.now();
    this.#failures = 0;
    this.#lastAnswer = now;
    this.#unansweredSince = undefined;
    this.#isLost = false;
    this.#isReady();
    this.#pollAfter(now, 0);
    this.arm();
  }

  /** A poll has failed, or could not be sent. */
  failed(): void {
    const now = this.#clock.now();
    this.#failures = Math.min(this.#failures + 1, MOST_DOUBLINGS);
    this.#pollAfter(now, this.#failures);
    if (this.#isByHand && now >= this.#lostAt) this.#lose();
    this.arm();
  }

  #pollAfter(now: number, doublings: number): void {
    if (this.#isByHand) return;
    const wait = this.#interval * 2 ** doublings * (0.9 + 0.2 * this.#roll());
    this.#nextPoll = now + Math.min(wait, this.#interval * 2 ** MOST_DOUBLINGS);
    this.#isEarly = false;
  }

  stop(): void {
    this.#isStopped = true;
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
    this.#readyAt = NEVER;
    this.#becomeReady();
  }
}
