import type { AnyFunction, CallHost } from './calls.js';
import { COUNTED_EVENTS, type CountedEvent } from './events.js';
import type { CircuitListener } from './face-circuit.js';
import type { ReadOptions } from './options.js';
import type { Stats } from './stats.js';
import type { Status } from './status.js';

/** Who is spoken for. */
interface Speaker {
  readonly name: string;
  readonly action: unknown;
  readonly status: Status;
  emit(event: string, ...args: unknown[]): unknown;
}

/** Counts and tells what a breaker's calls and circuit have to say, in the breaker's name. */
export class Voice implements CallHost, CircuitListener {
  readonly #speaker: Speaker;
  readonly #options: ReadOptions;

  constructor(speaker: Speaker, options: ReadOptions) {
    this.#speaker = speaker;
    this.#options = options;
  }

  get name(): string {
    return this.#speaker.name;
  }

  get action(): AnyFunction {
    return this.#speaker.action as AnyFunction;
  }

  get stats(): Stats {
    return this.#speaker.status.stats;
  }

  tell(event: CountedEvent, now: number, latency: number | undefined, ...args: unknown[]): void {
    const counted = COUNTED_EVENTS[event];
    if (counted !== undefined) this.#speaker.status.increment(counted, latency, now);
    this.#speaker.emit(event, ...args);
  }

  tellFire(args: readonly unknown[], now: number): void {
    this.#speaker.status.increment('fires', undefined, now);
    this.#speaker.emit('fire', args);
  }

  tellSuccess(value: unknown, now: number, ms: number): void {
    this.#speaker.status.increment('successes', ms, now);
    this.#speaker.emit('success', value, ms);
  }

  opened(): void {
    this.#speaker.status.open();
    this.#speaker.emit('open');
  }

  halfOpened(): void {
    this.renewController();
    this.#speaker.emit('halfOpen', this.#options.resetTimeout);
  }

  closed(): void {
    this.#speaker.status.close();
    this.renewController();
    this.#speaker.emit('close');
  }

  renewController(): void {
    const { autoRenewAbortController, abortController } = this.#options;
    if (autoRenewAbortController && abortController?.signal.aborted) {
      this.#options.abortController = new AbortController();
    }
  }
}
