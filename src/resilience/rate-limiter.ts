/**
 * Turns in time. It remembers when the last `limit` turns were, so that no interval of `per` milliseconds holds more,
 * wherever it begins; and since every wait is known beforehand, nobody begins one that is too long.
 */

import type { CallerSignal } from '../core/following.js';
import { reasonOf } from '../core/following.js';
import { readClock } from '../core/reading.js';
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import { duration, MAX_TIMER_DELAY, verify } from '../core/validate.js';
import type { Clock } from '../index.js';
import type { QueueReason } from './bulkhead-error.js';
import { IDENTITY_RULES, type Place, Queue } from './queue.js';
import { createRateLimitError, type RateLimitError } from './rate-limit-error.js';
import { type RateLimiterOptions, readRateLimit } from './rate-limit-options.js';
import { madeBy } from './refusals.js';
import { type RunOptions, readRun } from './run-options.js';
import { Turns } from './turns.js';

const CREATE = { breaker: '', action: 'create rate limiter' };

/** How often a timer that comes early is set again, for clocks and timers that differ. */
const PATIENCE = 2;

/**
 * Bounds how many tasks start in a time: never more than `limit` in any `per` milliseconds.
 *
 * @example
 * ```ts
 * import { RateLimiter } from 'recloser/resilience';
 *
 * const limiter = new RateLimiter({ limit: 2, per: 60_000 });
 * console.log(limiter.tryTake(), limiter.tryTake(), limiter.tryTake()); // → true true false
 * ```
 */
export class RateLimiter {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #queue: Queue;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #seenAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #early = 0;
  /** Whether turns are to be worked out anew, since somebody has left. */
  #isStale = false;

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: RateLimiterOptions) {
    const given = readRateLimit(options, CREATE, '', IDENTITY_RULES);
    this.#turns = new Turns(given.limit, given.per ?? 1_000, given.spacing ?? 0);
    this.#queue = new Queue(given, () => this.#someoneLeft());
    this.#name = given.name ?? 'default';
    this.#clock = readClock(given.clock, CREATE);
  }

  /** One that bounds nothing until somebody pauses it: whoever has the time waits then. @internal */
  static unlimited(name: string, clock: Clock): RateLimiter {
    const queue = Number.MAX_SAFE_INTEGER;
    const limiter = new RateLimiter({ limit: 1, queue, maxWait: MAX_TIMER_DELAY, name, clock });
    limiter.#turns.limit = Number.POSITIVE_INFINITY;
    return limiter;
  }

  /** Starts in any `per` milliseconds. */
  get limit(): number {
    return this.#turns.limit;
  }

  /** Milliseconds. */
  get per(): number {
    return this.#turns.per;
  }

  /** Milliseconds between two starts at the least. */
  get spacing(): number {
    return this.#turns.spacing;
  }

  /** Tasks that may wait. */
  get queue(): number {
    return this.#queue.size;
  }

  /** Milliseconds that a task may wait. */
  get maxWait(): number {
    return this.#queue.maxWait;
  }

  /** Tasks that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Milliseconds until the next turn that nobody waits for. */
  get retryAfter(): number {
    const now = this.#now();
    return this.#next(now, this.#planned(now)) - now;
  }

  /** Milliseconds for which nobody has a turn, since somebody paused it. */
  get pausedFor(): number {
    return Math.max(this.#pausedUntil - this.#now(), 0);
  }

  /**
   * Runs a task when its turn has come.
   *
   * It rejects with `RateLimitError` if that would not be soon enough, and with the signal's reason if that aborts first.
   */
  async run<T>(task: () => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    const signal = readRun(task, options, 'rate limit');
    if (!this.tryTake()) {
      const place = this.enqueue(this.#name, signal, Number.POSITIVE_INFINITY);
      if (place instanceof Error) throw place;
      const end = await place.ended;
      if (end === 'abort') throw reasonOf(signal as CallerSignal);
      if (end !== 'turn') throw this.error(this.#name, 'wait', place.tooLate);
    }
    return task();
  }

  /** Takes a turn, if there is one now and nobody waits for it. */
  tryTake(): boolean {
    return this.takeAt(this.#now());
  }

  /**
   * Holds everybody for a time, as after a 429. Whose turn moves too far away is told at once.
   *
   * @param ms milliseconds, at least 0; a shorter pause does not end a longer one
   * @throws InvalidOptionsError for anything else
   */
  pause(ms: number): void {
    verify({ breaker: this.#name, action: 'pause rate limiter' }, 'ms', ms, duration());
    const until = this.#now() + ms;
    if (until <= this.#pausedUntil) return;
    this.#pausedUntil = until;
    this.#plan();
  }

  /**
   * Changes options while it is in use.
   *
   * @throws InvalidOptionsError for an unknown option or a value out of range
   */
  update(options: Omit<Partial<RateLimiterOptions>, 'name' | 'clock'>): void {
    const subject = { breaker: this.#name, action: 'update rate limiter' };
    const given = readRateLimit({ limit: this.limit, ...options }, subject);
    const turns = this.#turns;
    turns.resize(given.limit);
    turns.per = given.per ?? turns.per;
    turns.spacing = given.spacing ?? turns.spacing;
    this.#queue.update(given);
    this.#plan();
  }

  /** `tryTake` at a time that is known. @internal */
  takeAt(now: number): boolean {
    this.#see(now);
    if (this.#queue.length > 0 || this.#next(now, []) > now) return false;
    this.#turns.take(now);
    return true;
  }

  /** Gives a turn back that was not used. @internal */
  giveBack(at: number): void {
    this.#turns.giveBack(at);
    this.#plan();
  }

  /**
   * Waits for a turn: `turn` ends the wait when it has come, `time` when it has moved too far away. An error in place of
   * the wait tells that it would be too long.
   *
   * @param deadline a reading of the clock
   * @internal
   */
  enqueue(breaker: string, signal: CallerSignal | undefined, deadline: number): Place | RateLimitError {
    const now = this.#now();
    const at = this.#next(now, this.#planned(now));
    if (this.#queue.isFull) return this.error(breaker, 'full', at - now);
    const latest = Math.min(now + this.maxWait, deadline);
    if (at > latest) return this.error(breaker, 'wait', at - now);
    const place = this.#queue.join(this.#clock, signal);
    place.at = at;
    place.latest = latest;
    if (this.waiting === 1) this.#setTimer(now);
    return place;
  }

  /** @internal */
  error(breaker: string, reason: QueueReason, retryAfter = this.retryAfter): RateLimitError {
    return madeBy(this, createRateLimitError({ breaker, reason, retryAfter }));
  }

  #next(now: number, ahead: readonly Place[]): number {
    return this.#turns.next(Math.max(now, this.#pausedUntil), ahead);
  }

  #now(): number {
    const now = this.#clock.now();
    this.#see(now);
    return now;
  }

  /** Where the clock has begun anew, what was planned by the old time is planned by the new one. */
  #see(reading: number): void {
    if (reading >= this.#seenAt) {
      this.#seenAt = reading;
      return;
    }
    const now = this.#clock.now(); // the reading may be an old one
    const gone = this.#seenAt - now;
    this.#seenAt = now;
    if (gone <= 0) return;
    this.#turns.moveBack(gone);
    this.#pausedUntil -= gone;
    for (const place of this.#queue.places) {
      place.at -= gone;
      place.latest -= gone;
    }
  }

  /** Those behind move up when somebody asks for their turns; the first turn is what it was, whose ever it is now. */
  #someoneLeft(): void {
    this.#isStale = true;
    if (this.waiting === 0) this.#plan();
  }

  /** Who waits, with the turns as they are by now. */
  #planned(now: number): readonly Place[] {
    if (this.#isStale) this.#plan(now);
    return this.#queue.places;
  }

  /** Works out all turns anew; whose turn has moved too far away is told, unless it waits for a timer that came late. */
  #plan(now = this.#now(), refuses = true): void {
    this.#isStale = false;
    const refused: Place[] = [];
    const kept: Place[] = [];
    for (const place of this.#queue.places.filter(({ isIn }) => isIn)) {
      const at = this.#next(now, kept);
      if (refuses && at > place.latest) {
        place.tooLate = at - now;
        refused.push(place);
      } else {
        place.at = at;
        kept.push(place);
      }
    }
    this.#queue.remove(refused);
    this.#setTimer(now);
    for (const place of refused) place.end('time');
  }

  #setTimer(now: number): void {
    const [first] = this.#queue.places;
    stopTimer(this.#clock, this.#timer);
    this.#timer =
      first === undefined ? undefined : startTimer(this.#clock, this.#fire, Math.ceil(first.at - now));
  }

  #fire = (): void => {
    this.#timer = undefined;
    const now = this.#now();
    const [first] = this.#planned(now);
    if (first === undefined) return;
    if (now < first.at && this.#early++ < PATIENCE) {
      this.#setTimer(now);
      return;
    }
    this.#early = 0;
    const reached = Math.max(now, first.at);
    // Each turn moves those behind it, by what it came too late.
    while (this.waiting > 0 && this.#next(reached, []) <= reached) {
      const place = this.#queue.shift() as Place;
      place.at = reached;
      this.#turns.take(reached);
      place.end('turn');
    }
    this.#plan(reached, false);
  };
}
