/** What the calls of one `Resilience` share. */
import { Deadlines, deadlinesFor } from '../core/deadlines.js';
import { Emitter } from '../core/events.js';
import { report } from '../core/report.js';
import type { CircuitBreaker, Clock } from '../index.js';
import { RESILIENCE_EVENTS, type ResilienceEvents } from './events.js';
import { AnswerTimes } from './hedge-options.js';
import type { Shared } from './shared.js';
import { Tally } from './tally.js';
import type { Wait } from './wait.js';

export class Host {
  readonly breaker: CircuitBreaker;
  readonly name: string;
  readonly clock: Clock;
  /** What holds for calls that begin now. */
  shared: Shared;
  readonly tally = new Tally();
  readonly answerTimes = new AnswerTimes();
  readonly #discard: ((value: unknown) => void) | undefined;
  #events: Emitter<ResilienceEvents> | undefined;
  #deadlines: Deadlines | undefined;
  /** Waits that an opening ends; the breaker is listened to while there are any. */
  readonly #waits = new Set<Wait>();
  #stopListening: (() => void) | undefined;

  constructor(breaker: CircuitBreaker, shared: Shared, discard: ((value: unknown) => void) | undefined) {
    this.breaker = breaker;
    this.name = breaker.name;
    this.clock = breaker.options.clock;
    this.shared = shared;
    this.#discard = discard;
  }

  get emitter(): Emitter<ResilienceEvents> {
    this.#events ??= new Emitter<ResilienceEvents>(RESILIENCE_EVENTS, () => {});
    return this.#events;
  }

  tell<Event extends keyof ResilienceEvents>(
    event: Event,
    payload: Omit<ResilienceEvents[Event], 'breaker'>,
  ): void {
    if (!this.#events?.hears(event)) return;
    this.#events.emit([[event, { breaker: this.name, ...payload }] as never]);
  }

  get deadlines(): Deadlines {
    this.#deadlines = deadlinesFor(this.#deadlines, this.clock, () => new Deadlines(this.clock));
    return this.#deadlines;
  }

  /** Whether the breaker rejects now what is not a probe. */
  get isOpen(): boolean {
    return this.breaker.state === 'OPEN' && this.breaker.mode !== 'observe';
  }

  /** Does with a value that is thrown away what the user wants done with it. */
  readonly discard = (value: unknown): void => {
    try {
      this.#discard?.(value);
    } catch (error) {
      report(error);
    }
  };

  /** Ends a wait when the circuit opens. */
  endWhenOpen(wait: Wait): void {
    this.#waits.add(wait);
    this.#stopListening ??= this.breaker.on('open', () => {
      if (this.isOpen) for (const it of [...this.#waits]) it.end('open');
    });
  }

  waited(wait: Wait): void {
    this.#waits.delete(wait);
    if (this.#waits.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }
}
