/**
 * What a circuit is seen to be: its name, state, mode, options and figures, and the events that tell of it. It reads the
 * clock, and changes nothing.
 */
import { Audience, type Keeper, STATE_EVENTS } from './audience.js';
import { type CircuitMode, CircuitState } from './circuit-state.js';
import type { CircuitBreakerEvents, Emission, Emitter } from './events.js';
import { healthOf } from './health.js';
import type { CircuitMetrics, LastTransition } from './metrics.js';
import { type CircuitBreakerOptions, completeOptions, type ResolvedOptions } from './options.js';
import { firstReading, readingOf } from './reading.js';
import { tried } from './report.js';
import { withPlainError } from './snapshot.js';
import { StateMachine } from './state-machine.js';
import { Tally } from './tally.js';
import type { Subject } from './validate.js';

export type Events = readonly Emission<CircuitBreakerEvents>[];

/** Puts a breaker into a keeper's hands or out of them; to be said again when the keeper's listeners have changed. */
export let keep: (breaker: WatchedCircuit, keeper: Keeper | undefined) => void;

/** Whether only a share of its calls is let through, after closing: it is not yet sound. */
export let isRamping: (breaker: WatchedCircuit) => boolean;

export const NO_CHANGES: Events = [];

export abstract class WatchedCircuit {
  /** @internal */
  protected readonly machine: StateMachine;
  /** @internal */
  protected readonly tally = new Tally();
  /** @internal What was given beside the name, as it was: what is updated goes on top of it. */
  protected given: CircuitBreakerOptions;
  /** @internal */
  protected resolved: ResolvedOptions;
  /** @internal */
  protected audience: Audience | undefined;
  /** @internal */
  protected lastTold: LastTransition | undefined;
  /** @internal Whether anybody hears of calls. */
  protected isHeard = false;
  /** @internal Whether nobody but the machine takes notice of a success. */
  protected isQuiet = false;
  /** @internal Whether both edges of a call are timed. */
  protected timesCalls = false;
  /** @internal Whether the end of a call is timed. */
  protected timesEnds = false;

  static {
    isRamping = (circuit) => circuit.machine.isRamping;
    keep = (circuit, keeper) => {
      if (circuit.audience === undefined && keeper === undefined) return;
      circuit.audience ??= new Audience();
      circuit.audience.keeper = keeper;
      circuit.tune();
    };
  }

  protected constructor(name: string, given: CircuitBreakerOptions, subject: Subject) {
    this.given = given;
    this.resolved = completeOptions(name, given, subject);
    this.machine = new StateMachine(this.resolved, firstReading(this.resolved.clock, subject));
  }

  /** The name in errors, events and metrics. */
  get name(): string {
    return this.resolved.name;
  }

  /** The present state. Reading it changes nothing: it stays OPEN after the recovery timeout until a call asks. */
  get state(): CircuitState {
    return this.machine.phase.state;
  }

  /** What the breaker does with its decisions. */
  get mode(): CircuitMode {
    const { state, forced } = this.machine.phase;
    if (!forced) return this.resolved.mode;
    return state === CircuitState.OPEN ? 'forced-open' : 'forced-closed';
  }

  /** The options in force: frozen, with every member filled in. */
  get options(): ResolvedOptions {
    return this.resolved;
  }

  /** Everything that the breaker knows of itself, as a fresh plain object. */
  get metrics(): CircuitMetrics {
    return this.metricsAt(this.now());
  }

  /** Reads the clock. A reading that is none keeps the circuit as it is: it stands for the beginning of this stay. */
  protected now(): number {
    return readingOf(this.resolved.clock, this.machine.phase.since);
  }

  protected tellChanges(now: number): void {
    const changes = this.takeChanges(now);
    this.tell(changes);
  }

  /** The events of a change of state that has not been told yet, if there is one; an opening is counted. */
  protected takeChanges(now: number): Events {
    const { lastTransition } = this.machine;
    if (lastTransition === this.lastTold || lastTransition === undefined) return NO_CHANGES;
    this.lastTold = lastTransition;
    const { to, reason } = lastTransition;
    if (to === CircuitState.OPEN && reason !== 'restored') this.tally.opened++;
    const event = STATE_EVENTS[to];
    if (!this.hears('transition') && !this.hears(event)) return NO_CHANGES;
    const transition = withPlainError({
      breaker: this.name,
      ...lastTransition,
      metrics: this.metricsAt(now),
    });
    return [
      ['transition', transition],
      [event, transition],
    ];
  }

  protected hears(event: keyof CircuitBreakerEvents): boolean {
    return this.audience?.hears(event) ?? false;
  }

  protected tell(events: Events): void {
    if (events.length > 0) this.audience?.tell(events);
  }

  protected emitter(): Emitter<CircuitBreakerEvents> {
    this.audience ??= new Audience();
    return this.audience.own(() => this.tune());
  }

  /** Finds out what a call needs, when options or listeners have changed. */
  protected tune(): void {
    const { isFailure, slowCallDuration, window, shouldTrip } = this.resolved;
    this.isHeard = this.audience?.hearsCalls() ?? false;
    this.timesCalls = slowCallDuration !== false || this.isHeard;
    this.timesEnds = this.timesCalls || window.type === 'time';
    this.isQuiet = !this.isHeard && isFailure === undefined && shouldTrip === undefined;
  }

  protected metricsAt(now: number): CircuitMetrics {
    const machine = this.machine;
    const { phase, consecutiveFailures, lastTransition, detector } = machine;
    const window = machine.windowMetrics(now);
    const { lastFailure } = machine;
    return {
      name: this.name,
      state: phase.state,
      mode: this.mode,
      since: phase.since,
      attempt: machine.attempt,
      retryAfter: machine.retryAfter(now),
      consecutiveFailures,
      inFlight: this.tally.inFlight,
      lastFailure: lastFailure ? withPlainError({ ...lastFailure }) : null,
      lastTransition: lastTransition ? withPlainError({ ...lastTransition }) : null,
      health: this.#healthAt(healthOf(phase, consecutiveFailures, window, this.resolved)),
      window,
      totals: this.tally.totals,
      shared: machine.isGated,
      detector: detector === undefined ? null : this.#describeDetector(),
    };
  }

  #healthAt(byRules: number): number {
    const { detector } = this.machine;
    if (detector === undefined || this.state !== CircuitState.CLOSED) return byRules;
    return tried(() => Math.min(byRules, Math.max(1 - detector.used(), 0)), byRules);
  }

  #describeDetector(): Readonly<Record<string, unknown>> {
    return tried(() => ({ ...this.machine.detector?.describe() }), {});
  }
}
