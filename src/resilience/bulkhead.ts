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
} from '../core/validate.js';
import { type Clock, systemClock } from '../index.js';
import { clockCheck } from './clock-check.js';
import { createBulkheadFullError, type QueueReason } from './errors.js';
import { reasonOf } from './follow-signal.js';
import { type RunOptions, readRun } from './run-options.js';
import { Wait } from './wait.js';

/** What a {@link Bulkhead} is made with. */
export interface BulkheadOptions {
  /** Tasks that may run at once, at least 1. */
  limit: number;
  /** Tasks that may wait for a place. @default 0 */
  queue?: number | undefined;
  /** Milliseconds that a task may wait, 0 to 2,147,483,647: a queue without an end is how services die. @default 1_000 */
  maxWait?: number | undefined;
  /** The name in errors. @default 'default' */
  name?: string | undefined;
  /** Where the time is read. @default systemClock */
  clock?: Clock | undefined;
}

export const BULKHEAD_RULES: Rules & Record<keyof BulkheadOptions, Check> = {
  limit: positiveInteger(),
  queue: count,
  maxWait: duration(0, MAX_TIMER_DELAY),
  name: string,
  clock: clockCheck,
};

const CREATE = { breaker: '', action: 'create bulkhead' };

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function readBulkhead(options: unknown, subject: Subject, path = ''): BulkheadOptions {
  return guardRead(subject, 'options', () => {
    const given = typeof options === 'number' ? { limit: options } : options;
    // Without a limit it is none: the rule of the limit says so.
    const named = typeof given === 'object' && given !== null ? { limit: null, ...given } : given;
    const { name, clock, ...rules } = BULKHEAD_RULES;
    const of = path === '' ? BULKHEAD_RULES : rules; // inside of a Resilience these are the breaker's
    return readOptions(named, of, subject, path) as unknown as BulkheadOptions;
  });
}

/**
 * Bounds how many tasks run at once, and how many may wait how long for a place: first in, first out.
 *
 * @example
 * ```ts
 * import { Bulkhead } from 'recloser/resilience';
 *
 * const reports = new Bulkhead({ limit: 2, queue: 10, maxWait: 5_000 });
 * console.log(await reports.run(async () => 'done'), reports.running); // → done 0
 * ```
 */
export class Bulkhead {
  readonly #name: string;
  readonly #clock: Clock;
  #limit: number;
  #queue: number;
  #maxWait: number;
  #running = 0;
  readonly #waits = new Set<Wait>();

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: BulkheadOptions | number) {
    const {
      limit,
      queue = 0,
      maxWait = 1_000,
      name = 'default',
      clock = systemClock,
    } = readBulkhead(options, CREATE);
    this.#limit = limit;
    this.#queue = queue;
    this.#maxWait = maxWait;
    this.#name = name;
    this.#clock = clock;
  }

  /** Tasks that may run at once. */
  get limit(): number {
    return this.#limit;
  }

  /** Tasks that may wait. */
  get queue(): number {
    return this.#queue;
  }

  /** Milliseconds that a task may wait. */
  get maxWait(): number {
    return this.#maxWait;
  }

  /** Tasks that have a place. */
  get running(): number {
    return this.#running;
  }

  /** Tasks that wait for one. */
  get waiting(): number {
    return this.#waits.size;
  }

  /**
   * Runs a task when there is a place for it.
   *
   * It rejects with `BulkheadFullError` if there is none, and with the signal's reason if that aborts in the queue.
   */
  async run<T>(task: () => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    const signal = readRun(task, options, 'bulkhead');
    if (!this.tryEnter()) await this.#enterLater(signal);
    try {
      return await task();
    } finally {
      this.leave();
    }
  }

  /**
   * Changes options while it is in use. A higher limit lets in who waits; a lower one holds from the next place on.
   *
   * @throws InvalidOptionsError for an unknown option or a value out of range
   */
  update(options: Omit<Partial<BulkheadOptions>, 'name' | 'clock'>): void {
    const subject = { breaker: this.#name, action: 'update bulkhead' };
    const given = readBulkhead({ limit: this.#limit, ...options }, subject);
    this.#limit = given.limit;
    this.#queue = given.queue ?? this.#queue;
    this.#maxWait = given.maxWait ?? this.#maxWait;
    this.#admit();
  }

  /** Takes a place, if there is one and nobody waits for it. @internal */
  tryEnter(): boolean {
    if (this.#running >= this.#limit || this.#waits.size > 0) return false;
    this.#running++;
    return true;
  }

  /** Gives a place back; the next that waits has it. @internal */
  leave(): void {
    this.#running--;
    this.#admit();
  }

  /**
   * A place in the queue, if there is one: whoever waits has a place when the wait ends by `turn`, and has to call
   * `left` when it ends by anything else.
   *
   * @internal
   */
  enqueue(wait: Wait): boolean {
    if (this.#waits.size >= this.#queue) return false;
    this.#waits.add(wait);
    return true;
  }

  /** @internal */
  left(wait: Wait): void {
    this.#waits.delete(wait);
  }

  /** @internal */
  full(breaker: string, reason: QueueReason, waited: number) {
    return createBulkheadFullError({ breaker, limit: this.#limit, queue: this.#queue, reason, waited });
  }

  #admit(): void {
    while (this.#running < this.#limit) {
      const [wait] = this.#waits;
      if (wait === undefined) return;
      this.#waits.delete(wait);
      if (wait.end('turn')) this.#running++;
    }
  }

  async #enterLater(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waits.size >= this.#queue) throw this.full(this.#name, 'full', 0);
    const since = this.#clock.now();
    const wait = new Wait(this.#clock, signal);
    this.enqueue(wait);
    const end = await wait.endAfter(this.#maxWait).ended;
    if (end === 'turn') return;
    this.left(wait);
    if (end === 'abort') throw reasonOf(signal as AbortSignal);
    throw this.full(this.#name, 'wait', Math.max(this.#clock.now() - since, 0));
  }
}
