/**
 * A rule with state of its own beside the built-in ones, as `adaptive()` of `recloser/adaptive` makes one. Types alone;
 * experimental: they may change in a minor release.
 */
import type { CircuitState, TransitionReason } from './circuit-state.js';
import type { Clock } from './clock.js';
import type { ResolvedOptions, UpdatableOptions } from './options.js';
import type { OutcomeKind } from './outcome.js';

/** Makes the state of a rule for each breaker. It has none itself, and may serve many. */
export interface Detector {
  /** What options that are not given default to. */
  readonly defaults?: Partial<UpdatableOptions>;
  create(host: DetectorHost): DetectorState;
}

/** What a detector knows of the breaker that it serves, and what it may ask of it. */
export interface DetectorHost {
  readonly name: string;
  readonly clock: Clock;
  /** The options in force now. */
  readonly options: ResolvedOptions;
  /** Tells listeners that the dependency fails more than usual, or that it is well again. */
  tell(event: 'degraded' | 'well', detail: string, now: number): void;
  /** The next call may probe, unless a fleet says when. */
  resume(): void;
}

/** The state of a rule for one breaker. Times are readings of the breaker's clock; what throws is reported. */
export interface DetectorState {
  /** Whether the next plain call must be admitted by `admit`, at a time that is read. */
  asks(inFlight: number): boolean;
  /** Asked while CLOSED, when a place is free. */
  admit(now: number): 'admit' | 'refuse' | 'trip';
  /** The start of calls that are admitted now; one for a cohort. */
  readonly stamp: number;
  /** Takes in a result of this stay, ignored ones too; `true` trips. */
  record(kind: OutcomeKind, slow: boolean, startedAt: number, now: number): boolean;
  /** Whether only a share of the calls is let through, after closing. */
  readonly isRamping: boolean;
  /** A call was rejected while OPEN, and nobody has forced the circuit. */
  rejected?(now: number): void;
  /** Each new stay, told or not. */
  entered(state: CircuitState, reason: TransitionReason, now: number): void;
  /** The share of what would trip that is used up, from 0 to 1. */
  used(): number;
  /** What it says of itself, as plain data. */
  describe(): Readonly<Record<string, unknown>>;
  /** Why it has tripped, in words. */
  explain(now: number): string;
  snapshot(now: number): unknown;
  restore(data: unknown, now: number, passed: number): void;
}
