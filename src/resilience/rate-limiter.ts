/**
 * Turns in time. It remembers when the last `limit` turns were, so that no interval of `per` milliseconds holds more,
 * wherever it begins; and since every wait is known beforehand, nobody begins one that is too long.
 */
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import {
  type Check,
  count,
  duration,
  guardRead,
  MAX_TIMER_DELAY,
  positiveInteger,
  type Rules,
  readOptions,
  type Subject,
  string,
  verify,
} from '../core/validate.js';
import { type Clock, systemClock } from '../index.js';
import { clockCheck } from './clock-check.js';
import { createRateLimitError, type QueueReason, type RateLimitError } from './errors.js';
import { reasonOf } from './follow-signal.js';
import { type RunOptions, readRun } from './run-options.js';
import { Wait } from './wait.js';

/** What a {@link RateLimiter} is made with. */
export interface RateLimiterOptions {
  /** Starts in any `per` milliseconds, 1 to 100,000. */
  limit: number;
  /** Milliseconds, 1 to 2,147,483,647. @default 1_000 */
  per?: number | undefined;
  /** Milliseconds between two starts at the least, 0 to 2,147,483,647. @default 0 */
  spacing?: number | undefined;
  /** Tasks that may wait for their turn. @default 0 */
  queue?: number | undefined;
  /** Milliseconds that a task may wait, 0 to 2,147,483,647. @default 1_000 */
  maxWait?: number | undefined;
  /** The name in errors. @default 'default' */
  name?: string | undefined;
  /** Where the time is read. @default systemClock */
  clock?: Clock | undefined;
}

export const RATE_LIMIT_RULES: Rules & Record<keyof RateLimiterOptions, Check> = {
  limit: positiveInteger(100_000),
  per: duration(1, MAX_TIMER_DELAY),
  spacing: duration(0, MAX_TIMER_DELAY),
  queue: count,
  maxWait: duration(0, MAX_TIMER_DELAY),
  name: string,
  clock: clockCheck,
};

const CREATE = { breaker: '', action: 'create rate limiter' };

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function readRateLimit(options: unknown, subject: Subject, path = ''): RateLimiterOptions {
  return guardRead(subject, 'options', () => {
    // Without a limit it is none: the rule of the limit says so.
    const named = typeof options === 'object' && options !== null ? { limit: null, ...options } : options;
    const { name, clock, ...rules } = RATE_LIMIT_RULES;
    const of = path === '' ? RATE_LIMIT_RULES : rules; // inside of a Resilience these are the breaker's
    return readOptions(named, of, subject, path) as unknown as RateLimiterOptions;
  });
}

/** Somebody who waits for a turn. */
interface Waiter {
  readonly wait: Wait;
  /** The latest turn that is soon enough. */
  readonly latest: number;
  /** The turn as it is known now. */
  at: number;
  /** Told when the turn has moved beyond what is soon enough. */
  tooLate: number | undefined;
}

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
  #limit: number;
  #per: number;
  #spacing: number;
  #queue: number;
  #maxWait: number;
  /** The last turns, by their number modulo the length. */
  #turns: number[] = [];
  #taken = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #waiters: Waiter[] = [];
  #timer: Timer | undefined;
  #early = 0;

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: RateLimiterOptions) {
    const given = readRateLimit(options, CREATE);
    this.#limit = given.limit;
    this.#per = given.per ?? 1_000;
    this.#spacing = given.spacing ?? 0;
    this.#queue = given.queue ?? 0;
    this.#maxWait = given.maxWait ?? 1_000;
    this.#name = given.name ?? 'default';
    this.#clock = given.clock ?? systemClock;
  }

  /** One that bounds nothing until somebody pauses it: whoever has the time waits then. @internal */
  static unlimited(name: string, clock: Clock): RateLimiter {
    const limiter = new RateLimiter({
      limit: 1,
      queue: Number.MAX_SAFE_INTEGER,
      maxWait: MAX_TIMER_DELAY,
      name,
      clock,
    });
    limiter.#limit = Number.POSITIVE_INFINITY;
    return limiter;
  }

  /** Starts in any `per` milliseconds. */
  get limit(): number {
    return this.#limit;
  }

  /** Milliseconds. */
  get per(): number {
    return this.#per;
  }

  /** Milliseconds between two starts at the least. */
  get spacing(): number {
    return this.#spacing;
  }

  /** Tasks that may wait. */
  get queue(): number {
    return this.#queue;
  }

  /** Milliseconds that a task may wait. */
  get maxWait(): number {
    return this.#maxWait;
  }

  /** Tasks that wait for their turn. */
  get waiting(): number {
    return this.#waiters.length;
  }

  /** Milliseconds until the next turn that nobody waits for. */
  get retryAfter(): number {
    const now = this.#clock.now();
    return Math.max(this.#nextTurn(now) - now, 0);
  }

  /** Milliseconds for which nobody has a turn, since somebody paused it. */
  get pausedFor(): number {
    return Math.max(this.#pausedUntil - this.#clock.now(), 0);
  }

  /**
   * Runs a task when its turn has come.
   *
   * It rejects with `RateLimitError` if that would not be soon enough, and with the signal's reason if that aborts first.
   */
  async run<T>(task: () => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    const signal = readRun(task, options, 'rate limit');
    if (!this.tryTake()) {
      const entered = this.enqueue(this.#name, signal, Number.POSITIVE_INFINITY);
      if (!('wait' in entered)) throw entered;
      const end = await entered.wait.ended;
      if (end === 'abort') throw reasonOf(signal as AbortSignal);
      if (end !== 'turn') throw this.error(this.#name, 'wait', entered.tooLate);
    }
    return task();
  }

  /** Takes a turn, if there is one now and nobody waits for it. */
  tryTake(): boolean {
    const now = this.#clock.now();
    if (this.#waiters.length > 0 || this.#nextTurn(now) > now) return false;
    this.#take(now);
    return true;
  }

  /**
   * Holds everybody for a time, as after a 429. Whose turn moves too far away is told at once.
   *
   * @param ms milliseconds, at least 0; a shorter pause does not end a longer one
   * @throws InvalidOptionsError for anything else
   */
  pause(ms: number): void {
    verify({ breaker: this.#name, action: 'pause rate limiter' }, 'ms', ms, duration());
    const until = this.#clock.now() + ms;
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
    const given = readRateLimit({ limit: this.#limit, ...options }, subject);
    this.#resize(given.limit);
    this.#per = given.per ?? this.#per;
    this.#spacing = given.spacing ?? this.#spacing;
    this.#queue = given.queue ?? this.#queue;
    this.#maxWait = given.maxWait ?? this.#maxWait;
    this.#plan();
  }

  /** Gives back the turn that was taken last, which was not used. @internal */
  giveBack(): void {
    if (this.#taken === 0) return;
    this.#taken--;
    this.#turns[this.#taken % this.#limit] = this.#given[this.#taken % this.#limit] as number;
    this.#plan();
  }

  /**
   * Waits for a turn: `turn` ends the wait when it has come, `time` when it has moved too far away. An error in place of
   * the wait tells that it would be too long.
   *
   * @param deadline a reading of the clock
   * @internal
   */
  enqueue(
    breaker: string,
    signal: AbortSignal | undefined,
    deadline: number,
  ): { readonly wait: Wait; readonly tooLate: number | undefined } | RateLimitError {
    const now = this.#clock.now();
    const at = this.#nextTurn(now);
    if (this.#waiters.length >= this.#queue) return this.error(breaker, 'full', at - now);
    const latest = Math.min(now + this.#maxWait, deadline);
    if (at > latest) return this.error(breaker, 'wait', at - now);
    const wait = new Wait(this.#clock, signal);
    const waiter: Waiter = { wait, latest, at, tooLate: undefined };
    this.#waiters.push(waiter);
    // Whoever else ends the wait leaves the queue with it.
    wait.ended.then((end) => {
      if (end === 'turn' || end === 'time') return;
      const index = this.#waiters.indexOf(waiter);
      if (index === -1) return;
      this.#waiters.splice(index, 1);
      this.#plan();
    });
    if (this.#waiters.length === 1) this.#setTimer(now);
    return waiter;
  }

  /** @internal */
  error(breaker: string, reason: QueueReason, retryAfter = this.retryAfter): RateLimitError {
    return createRateLimitError({ breaker, reason, retryAfter: Math.max(retryAfter, 0) });
  }

  /** What stood in the places of `#turns` before, for a turn that is given back. */
  #given: number[] = [];

  #take(at: number): void {
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    const place = this.#taken % this.#limit;
    this.#given[place] = this.#turns[place] ?? Number.NEGATIVE_INFINITY;
    this.#turns[place] = at;
    this.#taken++;
  }

  /** When somebody who comes now has a turn. */
  #nextTurn(now: number): number {
    return this.#turnAfter(now, this.#waiters.length);
  }

  /** When the one has a turn who stands behind so many that wait. */
  #turnAfter(now: number, ahead: number): number {
    const before = ahead > 0 ? (this.#waiters[ahead - 1] as Waiter).at : this.#last();
    return Math.max(now, this.#pausedUntil, before + this.#spacing, before, this.#oldest(ahead) + this.#per);
  }

  #last(): number {
    if (this.#taken === 0) return Number.NEGATIVE_INFINITY;
    return this.#turns[(this.#taken - 1) % this.#limit] as number;
  }

  /** The turn that is `limit` turns before the one behind so many that wait. */
  #oldest(ahead: number): number {
    const number = this.#taken + ahead - this.#limit;
    if (number < 0) return Number.NEGATIVE_INFINITY;
    if (number >= this.#taken) return (this.#waiters[number - this.#taken] as Waiter).at;
    return this.#turns[number % this.#limit] as number;
  }

  /** Works out all turns anew; whose turn has moved too far away is told. */
  #plan(): void {
    if (this.#waiters.length === 0) {
      this.#rest();
      return;
    }
    const now = this.#clock.now();
    const waiters = this.#waiters;
    const refused: Waiter[] = [];
    this.#waiters = [];
    for (const waiter of waiters) {
      const at = this.#turnAfter(now, this.#waiters.length);
      if (at > waiter.latest) {
        waiter.tooLate = at - now;
        refused.push(waiter);
      } else {
        waiter.at = at;
        this.#waiters.push(waiter);
      }
    }
    this.#setTimer(now);
    for (const { wait } of refused) wait.end('time');
  }

  #setTimer(now: number): void {
    const [first] = this.#waiters;
    this.#rest();
    if (first !== undefined) this.#timer = startTimer(this.#clock, this.#fire, Math.ceil(first.at - now));
  }

  #rest(): void {
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
  }

  #fire = (): void => {
    const [first] = this.#waiters;
    this.#timer = undefined;
    if (first === undefined) return;
    const now = this.#clock.now();
    if (now < first.at && this.#early++ < PATIENCE) {
      this.#setTimer(now);
      return;
    }
    this.#early = 0;
    const reached = Math.max(now, first.at);
    let turns = 0;
    // Each turn moves those behind it, by what it came too late.
    for (const waiter of this.#waiters) {
      if (this.#turnAt(reached) > reached) break;
      turns++;
      if (!waiter.wait.isOver) {
        this.#take(reached);
        waiter.wait.end('turn');
      }
    }
    this.#waiters.splice(0, turns);
    this.#planFrom(reached);
  };

  /** When there is a turn, whoever waits. */
  #turnAt(now: number): number {
    const oldest =
      this.#taken < this.#limit ? Number.NEGATIVE_INFINITY : this.#turns[this.#taken % this.#limit];
    return Math.max(this.#pausedUntil, this.#last() + this.#spacing, (oldest as number) + this.#per, now);
  }

  /** As `#plan`, but those who wait already are not refused because a timer came late. */
  #planFrom(now: number): void {
    for (let ahead = 0; ahead < this.#waiters.length; ahead++) {
      (this.#waiters[ahead] as Waiter).at = this.#turnAfter(now, ahead);
    }
    this.#setTimer(now);
  }

  /** Keeps the last turns, as many as count. */
  #resize(limit: number): void {
    if (limit === this.#limit) return;
    const known = Math.min(this.#taken, this.#limit, limit);
    const last = Array.from(
      { length: known },
      (_, index) => this.#turns[(this.#taken - known + index) % this.#limit] as number,
    );
    this.#limit = limit;
    this.#turns = last;
    this.#given = [];
    this.#taken = known;
  }
}
