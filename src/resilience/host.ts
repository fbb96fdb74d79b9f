/** What the calls of one `Resilience` share. */

import { Deadlines, deadlinesFor } from '../core/deadlines.js';
import { Emitter } from '../core/events.js';
import { classifyError, classifyValue } from '../core/outcome.js';
import { ADMIT, BREAK_OFF, type Door, SETTLE, STAY } from '../core/permit.js';
import { soundClock } from '../core/reading.js';
import { report } from '../core/report.js';
import { SEAM, type Seat } from '../core/seam.js';
import type { CircuitBreaker, Clock, OutcomeKind } from '../index.js';
import { remember, type Stopped } from './attempts-of.js';
import type { Bulkhead } from './bulkhead.js';
import { type Debtor, payBack } from './debts.js';
import { RESILIENCE_EVENTS, type ResilienceEvents } from './events.js';
import { AnswerTimes } from './hedge-options.js';
import { isRefusalBy } from './refusals.js';
import type { Shared } from './shared.js';
import { type ResilienceMetrics, Tally } from './tally.js';
import type { Wait } from './wait.js';

export class Host implements Debtor {
  readonly breaker: CircuitBreaker;
  readonly name: string;
  readonly clock: Clock;
  /** What holds for calls that begin now. */
  shared: Shared;
  readonly tally = new Tally();
  readonly answerTimes = new AnswerTimes();
  /** Who may hold what a full stack has kept it from giving back. */
  readonly owed: Debtor[] = [];
  /** Permits of calls that hold nothing else: the host owes them. */
  readonly owedPermits: unknown[] = [];
  /** Where those have a place, if anywhere. */
  readonly owedPlaces: (Bulkhead | undefined)[] = [];
  /** Whether the last plain call failed: a sign that the next one may. */
  isFailing = false;
  readonly #discard: ((value: unknown) => void) | undefined;
  #events: Emitter<ResilienceEvents> | undefined;
  #deadlines: Deadlines | undefined;
  #seat: Seat | undefined;
  /** Waits that an opening ends; the breaker is listened to while there are any. */
  readonly #waits = new Set<Wait>();
  #stopListening: (() => void) | undefined;

  constructor(breaker: CircuitBreaker, shared: Shared, discard: ((value: unknown) => void) | undefined) {
    this.breaker = breaker;
    this.name = breaker.name;
    this.clock = soundClock(breaker.options.clock);
    this.shared = shared;
    this.#discard = discard;
  }

  /** Everything that a `Resilience` knows of itself. */
  get metrics(): ResilienceMetrics {
    const { tally } = this;
    const { retryBudget, rateLimiter } = this.shared;
    return {
      name: this.name,
      budget: retryBudget ? { available: retryBudget.available, capacity: retryBudget.capacity } : null,
      running: tally.running,
      waiting: {
        bulkhead: tally.queueing.bulkhead,
        rateLimit: tally.queueing['rate-limit'],
        backoff: tally.sleeping,
      },
      pausedFor: rateLimiter?.pausedFor ?? 0,
      totals: tally.totals,
    };
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

  /** A permit for one run, or the breaker's rejection, which is an error. */
  admit(now: number): unknown {
    return (this.breaker as unknown as Door)[ADMIT](now);
  }

  /** Takes in how a run ended, which has a permit unless calls are what counts; answers what it counts as. */
  settle(
    permit: unknown,
    startedAt: number,
    threw: boolean,
    result: unknown,
    kind?: OutcomeKind,
  ): OutcomeKind {
    this.payOwed();
    const known = kind ?? (threw && this.#hasRefused(result) ? 'ignored' : undefined);
    if (permit !== undefined)
      return (this.breaker as unknown as Door)[SETTLE](permit, startedAt, threw, result, known);
    return known ?? this.#classify(threw, result);
  }

  /** Takes in that nothing is to be known of how a run ended. */
  ignore(permit: unknown, startedAt: number): OutcomeKind {
    return this.settle(permit, startedAt, true, undefined, 'ignored');
  }

  /** Whether limits of this dependency have refused what comes back as an outcome: its calls nest. */
  #hasRefused(error: unknown): boolean {
    const { bulkhead, rateLimiter } = this.shared;
    return (bulkhead ?? rateLimiter) !== undefined && isRefusalBy(error, bulkhead, rateLimiter);
  }

  /** Gives back what calls owe. Asked before a call wants a place: all of them may be owed. */
  payOwed(): void {
    if (this.owed.length > 0) payBack(this.owed);
  }

  payBack(): void {
    for (const bulkhead of this.owedPlaces.splice(0)) bulkhead?.leave();
    for (const permit of this.owedPermits.splice(0))
      if (!(permit instanceof Error)) this.ignore(permit, Number.NaN);
  }

  /** What takes in that a success has broken off since. */
  lateFailure(permit: unknown, startedAt: number): ((error: unknown) => void) | undefined {
    const door = this.breaker as unknown as Door;
    const stay = door[STAY](permit);
    return stay === undefined ? undefined : (error) => door[BREAK_OFF](stay, startedAt, error);
  }

  #classify(threw: boolean, result: unknown): OutcomeKind {
    const { options } = this.breaker;
    try {
      return threw ? classifyError(result, options) : classifyValue(result, options);
    } catch (error) {
      report(error);
      return 'ignored';
    }
  }

  /** What a call waits for before it may probe, if anything: leave of those who share the circuit. */
  leave(): Promise<void> | undefined {
    return this.isGated ? (this.#seat as Seat).leave() : undefined;
  }

  /** Whether probes need leave of others. */
  get isGated(): boolean {
    if (this.breaker.state === 'CLOSED') return false;
    this.#seat ??= (this.breaker as unknown as { [SEAM](): Seat })[SEAM]();
    return this.#seat.isGated;
  }

  /** Whether the breaker rejects now what is not a probe. */
  get isOpen(): boolean {
    return this.breaker.state === 'OPEN' && this.breaker.mode !== 'observe';
  }

  /** Remembers what a call went through that ends with an error. */
  remember(error: unknown, attempts: number, stopped: Stopped, startedAt: number, retryAfter?: number): void {
    const elapsed = Math.max(this.clock.now() - startedAt, 0);
    remember(
      error,
      retryAfter === undefined ? { attempts, stopped, elapsed } : { attempts, stopped, elapsed, retryAfter },
    );
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
