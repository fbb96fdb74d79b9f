/**
 * A clock that moves when it is told to, and the timers that go by it. `Journey` knows the moves that are under way;
 * this file is the face, and what users hand in is checked here.
 */

import {
  type Check,
  callable,
  count,
  describe,
  duration,
  guardRead,
  MAX_TIMER_DELAY,
  type Rules,
  readOptions,
  verify,
} from '../core/validate.js';
import type { Clock } from '../index.js';
import { Journey } from './journey.js';
import { createRandom } from './random.js';
import { isSignal, onAbort, type SignalLike } from './signals.js';
import { subject } from './testing-error.js';
import type { ManualTimer } from './timer-queue.js';

/** What {@link createManualClock} takes. */
export interface ManualClockOptions {
  /** The first reading of `now()`, in milliseconds. @default 0 */
  start?: number | undefined;
  /** The first reading of `epoch()`, in milliseconds since 1970. @default 946_684_800_000, the beginning of 2000 in UTC */
  epoch?: number | undefined;
  /** Where its `random()` begins, an integer of at least 0. @default 1 */
  seed?: number | undefined;
}

/** How long {@link ManualClock.settle} tries. */
export interface SettleOptions {
  /** Milliseconds of the clock beyond which no timer is waited for, at least 0. @default 3_600_000 */
  limit?: number | undefined;
  /** *Real* milliseconds before each step, at least 0, in which sockets may answer. @default 0 */
  io?: number | undefined;
}

/**
 * A `Clock` with time of its own, which stands still until a test moves it. All of its members work detached.
 *
 * Moves that are made at once share the way, and each ends at its own time. A move that a timer's callback begins
 * belongs to the move that runs it.
 */
export interface ManualClock extends Clock {
  now(): number;
  epoch(): number;
  /** A number from 0 to less than 1, the next one of its seed. */
  random(): number;
  /**
   * Runs something when the clock has moved on by `ms` milliseconds; below 0 and `NaN` are 0.
   *
   * @throws RangeError above 2^31 - 1, for which platforms fire at once
   */
  setTimeout(run: () => void, ms?: number): ManualTimer;
  /** Does nothing for what is no timer of this clock that waits. */
  clearTimeout(timer: unknown): void;
  /**
   * Moves on by `ms` milliseconds, at least 0, and runs what comes due, each timer at its time; by time, then in the order
   * in which they were set. Microtasks run dry before, between any two, and after.
   *
   * What a callback throws stops nothing: it is what the promise rejects with in the end, several as an `AggregateError`.
   */
  advance(ms: number): Promise<void>;
  /** As `advance`, at once: no microtask runs on the way. */
  advanceSync(ms: number): void;
  /** Lets time pass as for a process that stood still: what is due by then runs with the next move, at the new time. */
  freeze(ms: number): void;
  /** Moves `epoch()` alone, back too. */
  jumpWallClock(ms: number): void;
  /**
   * Goes from timer to timer until a promise settles, and answers as it does.
   *
   * @throws CircuitBreakerError `ERR_NOTHING_TO_WAIT_FOR` where no timer is left, `ERR_SETTLE_LIMIT` where the next one
   * is beyond the limit
   */
  settle<T>(promise: PromiseLike<T>, options?: SettleOptions): Promise<T>;
  /** A wait of this clock, for tasks. @throws the signal's reason when that aborts */
  sleep(ms: number, options?: { signal?: SignalLike | undefined }): Promise<void>;
  /** `AbortSignal.timeout` of this clock. */
  abortAfter(ms: number): AbortSignal;
  /** How many timers wait. */
  readonly timers: number;
  /** Milliseconds to the next timer, `Infinity` without one. */
  readonly nextIn: number;
}

const DEFAULT_EPOCH = 946_684_800_000;
const DEFAULT_LIMIT = 3_600_000;

const finite: Check = (value) => (Number.isFinite(value) ? undefined : 'a finite number of milliseconds');

const RULES: Rules & Record<keyof ManualClockOptions, Check> = { start: finite, epoch: finite, seed: count };

const SETTLE_RULES: Rules & Record<keyof SettleOptions, Check> = {
  limit: /* @__PURE__ */ duration(),
  io: /* @__PURE__ */ duration(0, MAX_TIMER_DELAY),
};

const promiseCheck: Check = (value) =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function' ? undefined : 'a promise';

const signalCheck: Check = (value) => (isSignal(value) ? undefined : 'an AbortSignal');

const CREATE = /* @__PURE__ */ subject('create manual clock');
const MOVE = /* @__PURE__ */ subject('move manual clock');
const SETTLE = /* @__PURE__ */ subject('settle by manual clock');
const WAIT = /* @__PURE__ */ subject('wait for manual clock');

/**
 * A clock for tests: hand it to breakers as their `clock`, and move it by hand.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { createManualClock } from 'recloser/testing';
 *
 * const clock = createManualClock();
 * const breaker = new CircuitBreaker({ clock, callTimeout: 500 });
 * const result = await clock.settle(breaker.tryCall(() => clock.sleep(60_000)));
 * console.log(result.ok, clock.now()); // → false 500
 * ```
 */
export function createManualClock(options: ManualClockOptions = {}): ManualClock {
  const given: ManualClockOptions = guardRead(CREATE, 'options', () => readOptions(options, RULES, CREATE));
  const { start = 0, epoch = DEFAULT_EPOCH, seed = 1 } = given;
  const journey = new Journey(start);
  const random = createRandom(seed);
  let wallOffset = epoch - start;

  const setTimer = (run: () => void, ms?: number): ManualTimer => {
    if (callable(run) !== undefined)
      throw new TypeError(`A timer needs a function to run, received ${describe(run)}`);
    const wait = Number(ms); // as platforms read it
    if (wait > MAX_TIMER_DELAY)
      throw new RangeError(`A timer waits at most ${MAX_TIMER_DELAY} ms, received ${describe(ms)}`);
    return journey.set(run, wait > 0 ? wait : 0);
  };

  return {
    now: () => journey.now,
    epoch: () => journey.now + wallOffset,
    random,
    setTimeout: setTimer,
    clearTimeout: (timer) => journey.clear(timer),
    async advance(ms) {
      verify(MOVE, 'ms', ms, duration());
      await journey.move(ms);
    },
    advanceSync(ms) {
      verify(MOVE, 'ms', ms, duration());
      journey.moveSync(ms);
    },
    freeze(ms) {
      verify(MOVE, 'ms', ms, duration());
      journey.passTo(journey.now + ms);
    },
    jumpWallClock(ms) {
      verify(MOVE, 'ms', ms, finite);
      wallOffset += ms;
    },
    async settle(promise, options = {}) {
      verify(SETTLE, 'promise', promise, promiseCheck);
      const given: SettleOptions = guardRead(SETTLE, 'options', () =>
        readOptions(options, SETTLE_RULES, SETTLE),
      );
      return journey.settle(promise, given.limit ?? DEFAULT_LIMIT, given.io ?? 0);
    },
    async sleep(ms, options = {}) {
      verify(WAIT, 'ms', ms, duration(0, MAX_TIMER_DELAY));
      const { signal } = readOptions(options, { signal: signalCheck }, WAIT) as { signal?: SignalLike };
      await new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return void onAbort(signal, reject);
        const stop = onAbort(signal, (reason) => {
          journey.clear(timer);
          reject(reason);
        });
        const timer = journey.set(() => {
          stop();
          resolve();
        }, ms);
      });
    },
    abortAfter(ms) {
      verify(WAIT, 'ms', ms, duration(0, MAX_TIMER_DELAY));
      const controller = new AbortController();
      journey.set(
        () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
        ms,
      );
      return controller.signal;
    },
    get timers() {
      return journey.timers;
    },
    get nextIn() {
      return journey.nextIn;
    },
  };
}
