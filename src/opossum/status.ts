import { EventEmitter } from 'node:events';
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import { type Clock, systemClock } from '../index.js';
import { type Bucket, type Counted, createBucket, type Stats, sum, type Window } from './stats.js';

export interface StatusOptions {
  /** Milliseconds that the buckets span in all. @default 10_000 */
  rollingCountTimeout?: number | undefined;
  /** @default 10 */
  rollingCountBuckets?: number | undefined;
  /** @default true */
  rollingPercentilesEnabled?: boolean | undefined;
  /** Whether `snapshot` is told, to those who listen. @default true */
  enableSnapshots?: boolean | undefined;
  /** Whose event `rotate` moves the buckets, in place of the time. */
  rotateBucketController?: EventEmitter | undefined;
  /** Numbers to begin with. */
  stats?: Partial<Stats> | undefined;
}

/** Latencies that a bucket keeps. */
const MAX_LATENCIES = 1_000;

/**
 * What a breaker has seen lately. It reports and steers nothing. The buckets go by the time at which they are looked
 * at, so that nothing runs at rest; `snapshot` is told by a timer while somebody listens to it.
 */
export class Status extends EventEmitter {
  readonly rollingPercentilesEnabled: boolean;
  readonly enableSnapshots: boolean;
  readonly rotateBucketController: EventEmitter | undefined;
  readonly #clock: Clock;
  readonly #width: number;
  /** The newest first. */
  readonly #buckets: (Bucket | undefined)[];
  #number: number;
  #latencies = 0;
  #timer: Timer | undefined;
  /** Listens to the controller of buckets. */
  #rotates: (() => void) | undefined;
  #isShutdown = false;

  constructor(options: StatusOptions = {}, clock: Clock = systemClock) {
    super();
    const count = options.rollingCountBuckets || 10;
    this.#clock = clock;
    this.#width = Math.max((options.rollingCountTimeout || 10_000) / count, 1);
    this.#buckets = new Array(count).fill(undefined);
    this.#number = Math.floor(clock.now() / this.#width);
    this.rollingPercentilesEnabled = options.rollingPercentilesEnabled !== false;
    this.enableSnapshots = options.enableSnapshots !== false;
    this.rotateBucketController = options.rotateBucketController;
    if (options.stats) this.#buckets[0] = { ...createBucket(), ...options.stats };
    this.startListeneningForRotateEvent();
  }

  /** The sum of all buckets. */
  get stats(): Stats {
    this.#advance();
    return sum(this.#buckets, this.rollingPercentilesEnabled);
  }

  /** The buckets, the newest first. */
  get window(): Window {
    this.#advance();
    return Array.from(this.#buckets, (bucket) => bucket ?? createBucket());
  }

  /** Moves the buckets by one. */
  rotateBucket(): void {
    this.#rotate(1);
  }

  /** @param now a reading of the clock, where the caller has one */
  increment(property: Counted, latency?: number, now: number = this.#clock.now()): void {
    const bucket = this.#current(now);
    bucket[property]++;
    if (property === 'successes' || property === 'failures') this.#keepLatency(bucket, latency ?? 0);
  }

  open(): void {
    this.#current().isCircuitBreakerOpen = true;
  }

  close(): void {
    this.#current().isCircuitBreakerOpen = false;
  }

  shutdown(): void {
    this.#isShutdown = true;
    this.removeAllListeners();
    this.removeRotateBucketControllerListener();
  }

  startListeneningForRotateEvent(): void {
    if (this.#rotates !== undefined || this.rotateBucketController === undefined) return;
    this.#rotates = () => this.rotateBucket();
    this.rotateBucketController.on('rotate', this.#rotates);
  }

  removeRotateBucketControllerListener(): void {
    if (this.#rotates !== undefined) this.rotateBucketController?.removeListener('rotate', this.#rotates);
    this.#rotates = undefined;
  }

  override on(event: 'snapshot', listener: (snapshot: Stats) => void): this;
  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  override on(event: string | symbol, listener: (...args: any[]) => void): this;
  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  override on(event: string | symbol, listener: (...args: any[]) => void): this {
    super.on(event, listener);
    this.#tellSnapshots();
    return this;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  override addListener(event: string | symbol, listener: (...args: any[]) => void): this {
    return this.on(event, listener);
  }

  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  override prependListener(event: string | symbol, listener: (...args: any[]) => void): this {
    super.prependListener(event, listener);
    this.#tellSnapshots();
    return this;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  override removeListener(event: string | symbol, listener: (...args: any[]) => void): this {
    super.removeListener(event, listener);
    this.#tellSnapshots();
    return this;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
  override off(event: string | symbol, listener: (...args: any[]) => void): this {
    return this.removeListener(event, listener);
  }

  override removeAllListeners(event?: string | symbol): this {
    if (event === undefined) super.removeAllListeners();
    else super.removeAllListeners(event);
    this.#tellSnapshots();
    return this;
  }

  /** Sets the timer for the next snapshot, or stops it where nobody listens. */
  #tellSnapshots(): void {
    const isWanted = this.enableSnapshots && !this.#isShutdown && this.listenerCount('snapshot') > 0;
    if (isWanted === (this.#timer !== undefined)) return;
    if (!isWanted) {
      stopTimer(this.#clock, this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer = startTimer(
      this.#clock,
      () => {
        this.#timer = undefined;
        try {
          this.emit('snapshot', this.stats);
        } finally {
          this.#tellSnapshots();
        }
      },
      this.#width,
      { background: true },
    );
  }

  #current(now?: number): Bucket {
    this.#advance(now);
    const bucket = this.#buckets[0] ?? createBucket();
    this.#buckets[0] = bucket;
    return bucket;
  }

  #advance(now: number = this.#clock.now()): void {
    if (this.rotateBucketController !== undefined) return;
    const number = Math.floor(now / this.#width);
    if (number <= this.#number) return;
    this.#rotate(number - this.#number);
    this.#number = number;
  }

  #rotate(steps: number): void {
    const buckets = this.#buckets;
    this.#latencies = 0;
    if (steps >= buckets.length) buckets.fill(undefined);
    else {
      buckets.copyWithin(steps, 0);
      buckets.fill(undefined, 0, steps);
    }
  }

  /** Each latency of the bucket has the same chance to be among those kept. */
  #keepLatency({ latencyTimes }: Bucket, latency: number): void {
    if (!this.rollingPercentilesEnabled) return;
    this.#latencies++;
    if (latencyTimes.length < MAX_LATENCIES) latencyTimes.push(latency);
    else {
      const place = Math.floor((this.#clock.random?.() ?? Math.random()) * this.#latencies);
      if (place < MAX_LATENCIES) latencyTimes[place] = latency;
    }
  }
}
