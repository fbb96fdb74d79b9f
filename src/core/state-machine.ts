/**
 * Who may pass, and what a result means. A call that is admitted gets the present phase as its permit and hands it
 * back with its result; a result whose phase is no longer the present one steers nothing.
 *
 * It does not know of tasks, listeners, modes of observation or the clock: `now` is an argument, in monotonic ms.
 * Invariants: `#enter` alone assigns `phase`; the window takes in nothing outside CLOSED.
 */
import { type Backoff, recoveryTime } from './backoff.js';
import { CircuitState, type RejectionReason, type TransitionReason } from './circuit-state.js';
import type { LastFailure, LastTransition, WindowMetrics } from './metrics.js';
import type { OutcomeKind } from './outcome.js';
import type { CircuitSnapshot } from './snapshot.js';
import { createWindow, isSameShape, type ResolvedWindow, type Window } from './window.js';

/** The options that the machine reads; see `ResolvedOptions`. */
export interface MachineSettings {
  readonly failureThreshold: number | false;
  readonly failureRateThreshold: number | false;
  readonly slowCallDuration: number | false;
  readonly slowCallRateThreshold: number;
  readonly minimumCalls: number;
  readonly window: ResolvedWindow;
  readonly recoveryTimeout: number | Backoff;
  readonly halfOpenMaxCalls: number;
  readonly successThreshold: number;
  readonly probeTimeout: number;
}

interface PhaseShape<State extends CircuitState> {
  readonly state: State;
  readonly since: number;
  /** Openings since the circuit was last closed. */
  readonly attempt: number;
}

interface ClosedPhase extends PhaseShape<'CLOSED'> {
  /** Counts as ever and never trips, until `reset`. */
  forced: boolean;
}

interface OpenPhase extends PhaseShape<'OPEN'> {
  /** Never expires, until `reset`. */
  forced: boolean;
  /** How long calls are rejected before one may probe, in ms. */
  readonly recovery: number;
  /** The reading from which a call may probe. */
  resumeAt: number;
}

interface HalfOpenPhase extends PhaseShape<'HALF_OPEN'> {
  readonly forced: boolean;
  /** When the probes in flight were admitted, oldest first. */
  readonly probes: number[];
  successes: number;
}

/** One stay in a state. Its identity is the permit of the calls that it admits. */
export type Phase = ClosedPhase | OpenPhase | HalfOpenPhase;

/** Why `trip` opens: a rule that was broken, or somebody's will. */
export type TripReason =
  | 'consecutive-failures'
  | 'failure-rate'
  | 'slow-call-rate'
  | 'should-trip'
  | 'tripped';

/** The reasons to open that the last failure explains. */
const FAILURE_REASONS: ReadonlySet<TransitionReason> = new Set([
  'consecutive-failures',
  'failure-rate',
  'probe-failed',
]);

const NO_PROBES: readonly number[] = Object.freeze([]);

/** Every phase has the same shape at run time, so that the code that reads them stays fast. */
function createPhase(
  state: CircuitState,
  since: number,
  attempt: number,
  recovery: number,
  forced: boolean,
): Phase {
  const probes = state === CircuitState.HALF_OPEN ? [] : NO_PROBES;
  const resumeAt = state !== CircuitState.OPEN ? 0 : forced ? Number.POSITIVE_INFINITY : since + recovery;
  return { state, since, attempt, forced, recovery, resumeAt, probes, successes: 0 } as Phase;
}

/** Milliseconds until a call may probe. Sums of fractions may come out above the whole: never more than that. */
function remaining({ resumeAt, recovery }: OpenPhase, now: number): number {
  return Math.min(Math.max(resumeAt - now, 0), recovery);
}

/** The permit of a call that is let through without being admitted: its result steers nothing. */
export const UNGOVERNED: Phase = createPhase(CircuitState.OPEN, 0, 0, 0, false);

/** The members of a `CircuitSnapshot` that the machine gives and takes over; its mode tells whether it is forced. */
type MachineSnapshot = Omit<
  CircuitSnapshot,
  'version' | 'name' | 'takenAt' | 'mode' | 'lastFailure' | 'totals'
>;

export class StateMachine {
  consecutiveFailures = 0;
  lastFailure: LastFailure | undefined;
  lastTransition: LastTransition | undefined;
  #settings: MachineSettings;
  /** The present stay; `#enter` alone assigns it. */
  phase: Phase;
  /** Made for the first result: a breaker that is never called stays small. */
  #window: Window | undefined;
  /** When CLOSED was left: outside it the window's figures stay as they were then. */
  #windowKeptAt = 0;

  constructor(settings: MachineSettings, now: number) {
    this.#settings = settings;
    this.phase = createPhase(CircuitState.CLOSED, now, 0, 0, false);
  }

  /**
   * Admits a call, or not: the answer is its permit. This is where OPEN becomes HALF_OPEN, and where probes that
   * hang are given up.
   *
   * @param full whether there are as many calls in flight as are allowed
   */
  acquire(now: number, full: boolean): Phase | undefined {
    const phase = this.phase;
    switch (phase.state) {
      case CircuitState.CLOSED:
        return full ? undefined : phase;
      case CircuitState.OPEN:
        if (now < phase.resumeAt) return undefined;
        this.#enter(createPhase(CircuitState.HALF_OPEN, now, phase.attempt, 0, false), 'probing');
        return this.acquire(now, full);
      case CircuitState.HALF_OPEN:
        if (this.probesAreOut) {
          if (now - (phase.probes[0] as number) > this.#settings.probeTimeout)
            this.#open(now, 'probe-expired');
          return undefined;
        }
        if (full) return undefined;
        phase.probes.push(now);
        return phase;
    }
  }

  /** A result is coming that nobody was admitted for: `record` finds a probe to take out. */
  admitLate(phase: Phase, now: number): void {
    if (phase.state === CircuitState.HALF_OPEN) phase.probes.push(now);
  }

  /** Whether every permit of HALF_OPEN is in use. */
  get probesAreOut(): boolean {
    const phase = this.phase;
    return phase.state === CircuitState.HALF_OPEN && phase.probes.length >= this.#settings.halfOpenMaxCalls;
  }

  /**
   * Takes in the result of an admitted call.
   *
   * @param admittedAt the reading that `acquire` was given; matters for probes alone
   * @param now matters for failures, time windows and probes alone
   * @returns the rule that the circuit has broken, for `trip`: so the time need be known only where one is
   */
  record(
    permit: Phase,
    kind: OutcomeKind,
    slow: boolean,
    admittedAt: number,
    now: number,
    error?: unknown,
  ): TripReason | undefined {
    if (permit !== this.phase) return undefined;
    if (kind === 'failure') this.lastFailure = { error, at: now };
    switch (permit.state) {
      case CircuitState.CLOSED:
        return kind === 'ignored' ? undefined : this.#recordCall(permit, kind === 'failure', slow, now);
      case CircuitState.HALF_OPEN:
        permit.probes.splice(permit.probes.indexOf(admittedAt), 1);
        if (kind !== 'ignored') this.#recordProbe(permit, kind === 'failure', slow, now);
        return undefined;
      case CircuitState.OPEN: // admits nobody
        return undefined;
    }
  }

  /** `record` for a success that was admitted in CLOSED. */
  recordSuccess(permit: ClosedPhase, slow: boolean, now: number): TripReason | undefined {
    return permit === this.phase ? this.#recordCall(permit, false, slow, now) : undefined;
  }

  #recordCall(permit: ClosedPhase, failed: boolean, slow: boolean, now: number): TripReason | undefined {
    this.#window ??= createWindow(this.#settings.window);
    const window = this.#window;
    window.record(failed, slow, now);
    this.consecutiveFailures = failed ? this.consecutiveFailures + 1 : 0;
    const isHealthy = window.failures === 0 && window.slowCalls === 0;
    return isHealthy || permit.forced ? undefined : this.#brokenRule(window);
  }

  #brokenRule(window: Window): TripReason | undefined {
    const { failureThreshold, failureRateThreshold, slowCallDuration, slowCallRateThreshold } =
      this.#settings;
    if (failureThreshold !== false && this.consecutiveFailures >= failureThreshold)
      return 'consecutive-failures';
    const { calls, failures, slowCalls } = window;
    if (calls < this.#settings.minimumCalls) return undefined;
    if (failures > 0 && failureRateThreshold !== false && failures / calls >= failureRateThreshold)
      return 'failure-rate';
    if (slowCalls > 0 && slowCallDuration !== false && slowCalls / calls >= slowCallRateThreshold)
      return 'slow-call-rate';
    return undefined;
  }

  #recordProbe(permit: HalfOpenPhase, failed: boolean, slow: boolean, now: number): void {
    if (failed) this.#open(now, 'probe-failed');
    else if (slow) this.#open(now, 'probe-slow');
    else if (++permit.successes >= this.#settings.successThreshold) this.#close(now, 'recovered');
  }

  /** Opens; while OPEN the recovery time starts again; where forced, nothing happens. */
  trip(now: number, reason: TripReason, detail?: string): void {
    const phase = this.phase;
    if (phase.forced) return;
    if (phase.state === CircuitState.OPEN) phase.resumeAt = now + phase.recovery;
    else this.#open(now, reason, detail);
  }

  forceOpen(now: number, detail?: string): void {
    const phase = this.phase;
    if (phase.state === CircuitState.OPEN) {
      phase.forced = true;
      phase.resumeAt = Number.POSITIVE_INFINITY;
    } else
      this.#enter(createPhase(CircuitState.OPEN, now, phase.attempt, 0, true), 'forced', undefined, detail);
  }

  forceClosed(now: number): void {
    if (this.phase.state === CircuitState.CLOSED) this.phase.forced = true;
    else this.#close(now, 'forced', true);
  }

  /** Begins a new stay in CLOSED, with everything forgotten. */
  reset(now: number): void {
    this.#close(now, 'reset');
  }

  /** Why a call that `acquire` did not admit is rejected. */
  get rejectionReason(): RejectionReason {
    const { state, forced } = this.phase;
    if (state === CircuitState.OPEN) return forced ? 'forced-open' : 'open';
    return this.probesAreOut ? 'half-open' : 'concurrency';
  }

  /** Milliseconds until a call may pass; `null` where only the end of a call or a `reset` lets one pass. */
  retryAfter(now: number): number | null {
    const phase = this.phase;
    if (phase.state === CircuitState.OPEN) return phase.forced ? null : remaining(phase, now);
    return this.probesAreOut ? null : 0;
  }

  /** What the window says, as of `now` while CLOSED. */
  windowMetrics(now: number): WindowMetrics {
    this.#window?.advance(this.#windowTime(now));
    const { calls, failures, slowCalls } = this.#window ?? { calls: 0, failures: 0, slowCalls: 0 };
    const per = Math.max(calls, 1);
    return { calls, failures, slowCalls, failureRate: failures / per, slowCallRate: slowCalls / per };
  }

  /** Settings for the decisions to come. A window of another shape starts empty. */
  configure(settings: MachineSettings): void {
    if (!isSameShape(settings.window, this.#settings.window)) this.#window = undefined;
    this.#settings = settings;
  }

  snapshot(now: number): MachineSnapshot {
    const phase = this.phase;
    const window = this.#window ?? createWindow(this.#settings.window);
    const isOpen = phase.state === CircuitState.OPEN && !phase.forced;
    return {
      state: phase.state,
      elapsed: Math.max(now - phase.since, 0),
      attempt: phase.attempt,
      recovery: isOpen ? phase.recovery : 0,
      remaining: isOpen ? remaining(phase, now) : 0,
      probeSuccesses: phase.state === CircuitState.HALF_OPEN ? phase.successes : 0,
      consecutiveFailures: this.consecutiveFailures,
      window: window.snapshot(this.#windowTime(now)),
    };
  }

  /** Takes over a state. Calls in flight steer nothing afterwards, and probes of the other process are none here. */
  restore(
    snapshot: CircuitSnapshot,
    lastFailure: LastFailure | undefined,
    now: number,
    passed: number,
  ): void {
    const { state, recovery, window } = snapshot;
    const forced = snapshot.mode.startsWith('forced-');
    const since = now - snapshot.elapsed - passed;
    const phase = createPhase(state, since, snapshot.attempt, recovery, forced);
    if (phase.state === CircuitState.OPEN && !forced)
      phase.resumeAt = now + Math.max(snapshot.remaining - passed, 0);
    if (phase.state === CircuitState.HALF_OPEN) phase.successes = snapshot.probeSuccesses;
    this.#enter(phase, 'restored', undefined, undefined, now);
    this.#windowKeptAt = now;
    this.consecutiveFailures = snapshot.consecutiveFailures;
    this.lastFailure = lastFailure;
    this.#window = undefined;
    if (!isSameShape(window, this.#settings.window)) return;
    this.#window = createWindow(this.#settings.window);
    this.#window.restore(window, now, state === CircuitState.CLOSED ? passed : 0);
  }

  #windowTime(now: number): number {
    return this.phase.state === CircuitState.CLOSED ? now : this.#windowKeptAt;
  }

  #open(now: number, reason: TransitionReason, detail?: string): void {
    const phase = this.phase;
    const attempt = phase.attempt + 1;
    const error = FAILURE_REASONS.has(reason) ? this.lastFailure?.error : undefined;
    const recovery = recoveryTime(this.#settings.recoveryTimeout, attempt, error);
    if (this.phase !== phase || phase.forced) return; // the user's function has steered the breaker
    this.#enter(createPhase(CircuitState.OPEN, now, attempt, recovery, false), reason, error, detail);
  }

  #close(now: number, reason: TransitionReason, forced = false): void {
    this.#enter(createPhase(CircuitState.CLOSED, now, 0, 0, forced), reason);
    this.#window?.clear();
    this.consecutiveFailures = 0;
  }

  /** The one door: every change of phase, and all that goes with it. */
  #enter(phase: Phase, reason: TransitionReason, error?: unknown, detail?: string, at = phase.since): void {
    const from = this.phase.state;
    if (from === CircuitState.CLOSED) this.#windowKeptAt = at;
    this.phase = phase;
    if (from === phase.state) return;
    this.lastTransition = {
      from,
      to: phase.state,
      at,
      reason,
      ...(error !== undefined && { error }),
      ...(detail !== undefined && { detail }),
    };
  }
}
