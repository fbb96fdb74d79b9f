import type { CallerSignal } from '../core/following.js';
import { reasonOf } from '../core/following.js';
import { readClock } from '../core/reading.js';
import { positiveInteger, type Rules, type Subject } from '../core/validate.js';
import type { Clock } from '../index.js';
import { type BulkheadFullError, createBulkheadFullError, type QueueReason } from './bulkhead-error.js';
import {
  IDENTITY_RULES,
  type Place,
  QUEUE_RULES,
  Queue,
  type QueuedRules,
  type QueueOptions,
} from './queue.js';
import { madeBy } from './refusals.js';
import { readRequired } from './required.js';
import { type RunOptions, readRun } from './run-options.js';

/** What a {@link Bulkhead} is made with. */
export interface BulkheadOptions extends QueueOptions {
  /** Tasks that may run at once, at least 1. */
  limit: number;
}

const BULKHEAD_RULES: QueuedRules<BulkheadOptions> = /* @__PURE__ */ (() => ({
  limit: positiveInteger(),
  ...QUEUE_RULES,
}))();

const CREATE = { breaker: '', action: 'create bulkhead' };

/**
 * @param identity rules for what tells whose it is
 * @throws InvalidOptionsError for an unknown option or a value out of range
 */
export function readBulkhead(
  options: unknown,
  subject: Subject,
  path = '',
  identity?: Rules,
): BulkheadOptions {
  const given = typeof options === 'number' ? { limit: options } : options;
  return readRequired<BulkheadOptions>('limit', given, { ...BULKHEAD_RULES, ...identity }, subject, path);
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
  readonly #queue: Queue;
  #limit: number;
  #running = 0;

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: BulkheadOptions | number) {
    const given = readBulkhead(options, CREATE, '', IDENTITY_RULES);
    this.#limit = given.limit;
    this.#name = given.name ?? 'default';
    this.#clock = readClock(given.clock, CREATE);
    this.#queue = new Queue(given, () => {});
  }

  /** Tasks that may run at once. */
  get limit(): number {
    return this.#limit;
  }

  /** Tasks that may wait. */
  get queue(): number {
    return this.#queue.size;
  }

  /** Milliseconds that a task may wait. */
  get maxWait(): number {
    return this.#queue.maxWait;
  }

  /** Tasks that have a place. */
  get running(): number {
    return this.#running;
  }

  /** Tasks that wait for one. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Runs a task when there is a place for it.
   *
   * It rejects with `BulkheadFullError` if there is none and the queue is full, or the wait was too long, and with the
   * signal's reason if that aborts first.
   */
  async run<T>(task: () => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    const signal = readRun(task, options, 'bulkhead');
    if (!this.tryEnter()) await this.#enterLater(signal);
    try {
      return await task();
    } finally {
      // As `leave`, but without a call: the stack may be full.
      this.#running--;
      if (this.#queue.length > 0) this.#admit();
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
    this.#queue.update(given);
    this.#admit();
  }

  /** Takes a place, if there is one and nobody waits for it. @internal */
  tryEnter(): boolean {
    // Where a full stack has kept somebody from being let in.
    if (this.#queue.length > 0) this.#admit();
    if (this.#running >= this.#limit) return false;
    this.#running++;
    return true;
  }

  /** Gives a place back; the next that waits has it. @internal */
  leave(): void {
    this.#running--;
    if (this.#queue.length > 0) this.#admit();
  }

  /** The last place in the queue, if there is one: whose wait ends by `turn` is in. @internal */
  enqueue(signal: CallerSignal | undefined): Place | undefined {
    return this.#queue.isFull ? undefined : this.#queue.join(this.#clock, signal);
  }

  /** @internal */
  full(breaker: string, reason: QueueReason, waited: number): BulkheadFullError {
    const details = { breaker, limit: this.#limit, queue: this.queue, reason, waited };
    return madeBy(this, createBulkheadFullError(details));
  }

  #admit(): void {
    while (this.#running < this.#limit) {
      const place = this.#queue.shift();
      if (place === undefined) return;
      if (place.end('turn')) this.#running++;
    }
  }

  async #enterLater(signal: CallerSignal | undefined): Promise<void> {
    const place = this.enqueue(signal);
    if (place === undefined) throw this.full(this.#name, 'full', 0);
    const since = this.#clock.now();
    const end = await place.endAfter(this.maxWait).ended;
    if (end === 'abort') throw reasonOf(signal as CallerSignal);
    if (end !== 'turn') throw this.full(this.#name, 'wait', Math.max(this.#clock.now() - since, 0));
  }
}
