/**
 * One stay after the other: how the circuit comes from one state into another, by a rule or by hand, and what it
 * remembers meanwhile. It does not know who may pass.
 */
import { type Backoff, recoveryTime } from './backoff.js';
import { CircuitState, type TransitionReason } from './circuit-state.js';
import type { DetectorState } from './detector.js';
import type { LastFailure, LastTransition, WindowMetrics } from './metrics.js';
import { createPhase, type Phase, rareOf } from './phase.js';
import { tried } from './report.js';
import { isSameShape, type ResolvedWindow, type Window } from './window.js';

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
  /** Whose dice backoffs are handed. */
  readonly clock?: { random?(): number };
}

/** Why `trip` opens: a rule that was broken, or somebody's will. */
export type TripReason =
  | 'consecutive-failures'
  | 'failure-rate'
  | 'slow-call-rate'
  | 'should-trip'
  | 'detector'
  | 'tripped';

/** The reasons to open that the last failure explains. */
const FAILURE_REASONS: ReadonlySet<TransitionReason> = new Set([
  'consecutive-failures',
  'failure-rate',
  'probe-failed',
]);

export abstract class Stays {
  consecutiveFailures = 0;
  lastFailure: LastFailure | undefined;
  lastTransition: LastTransition | undefined;
  /** The present stay; `enter` alone assigns it. */
  phase: Phase;
  /** Made for the first result: a breaker that is never called stays small. */
  window: Window | undefined;
  detector: DetectorState | undefined;
  settings: MachineSettings;
  /** When CLOSED was left: outside it the window's figures stay as they were then. */
  #windowKeptAt: number | undefined;

  constructor(settings: MachineSettings, now: number) {
    this.settings = settings;
    this.phase = createPhase(CircuitState.CLOSED, now, 0, 0, false, 0);
  }

  /** Opens; while OPEN the recovery time starts again; where forced, nothing happens. */
  trip(now: number, reason: TripReason, detail?: string, failed = false): void {
    const phase = this.phase;
    if (phase.forced) return;
    if (phase.state !== CircuitState.OPEN) this.open(now, reason, detail, failed);
    else {
      phase.resumeAt = now + phase.recovery;
      phase.seenAt = now;
      this.say(detail);
    }
  }

  forceOpen(now: number, detail?: string): void {
    const phase = this.phase;
    if (phase.state === CircuitState.OPEN) {
      phase.forced = true;
      phase.resumeAt = Number.POSITIVE_INFINITY;
      if (phase.rare !== undefined) phase.rare.gate = undefined;
      this.say(detail);
    } else {
      const next = createPhase(CircuitState.OPEN, now, phase.attempt, 0, true, phase.resets);
      this.enter(next, 'forced', undefined, detail);
    }
  }

  forceClosed(now: number, detail?: string): void {
    if (this.phase.state === CircuitState.CLOSED) this.phase.forced = true;
    else this.close(now, 'forced', detail, true);
  }

  /** Begins a new stay in CLOSED, with everything forgotten. */
  reset(now: number, detail?: string): void {
    this.close(now, 'reset', detail);
  }

  /** The next call may probe, unless somebody outside or a person says when. */
  resume(now: number): void {
    const phase = this.phase;
    if (phase.state !== CircuitState.OPEN || phase.forced || phase.rare?.gate !== undefined) return;
    phase.resumeAt = Math.min(phase.resumeAt, now);
  }

  /** Words that come while the stay lasts go with it. */
  protected say(detail: string | undefined): void {
    if (detail === undefined) return;
    rareOf(this.phase).detail = detail;
    if (this.lastTransition?.to === this.phase.state)
      (this.lastTransition as { detail?: string }).detail = detail;
  }

  /** What somebody has said of the present stay. */
  get detail(): string | undefined {
    return this.phase.rare?.detail;
  }

  /** Openings since the circuit was last closed, or has come to the end of its ramp. */
  get attempt(): number {
    const { state, attempt } = this.phase;
    return state === CircuitState.CLOSED && attempt > 0 && !this.isRamping ? 0 : attempt;
  }

  /** Whether the detector lets only a share of the calls through, after closing. */
  get isRamping(): boolean {
    const { detector } = this;
    return detector !== undefined && tried(() => detector.isRamping === true, false);
  }

  /** What the window says, as of `now` while CLOSED. */
  windowMetrics(now: number): WindowMetrics {
    this.window?.advance(this.windowTime(now));
    const { calls, failures, slowCalls } = this.window ?? { calls: 0, failures: 0, slowCalls: 0 };
    if (this.phase.state === CircuitState.CLOSED && failures === 0 && this.consecutiveFailures === 0)
      this.lastFailure = undefined;
    const per = Math.max(calls, 1);
    return { calls, failures, slowCalls, failureRate: failures / per, slowCallRate: slowCalls / per };
  }

  /** Settings for the decisions to come. A window of another shape starts empty. */
  configure(settings: MachineSettings): void {
    if (!isSameShape(settings.window, this.settings.window)) this.window = undefined;
    this.settings = settings;
  }

  windowTime(now: number): number {
    return this.phase.state === CircuitState.CLOSED ? now : (this.#windowKeptAt ?? now);
  }

  /** Takes over a phase of another process. Calls in flight steer nothing afterwards. */
  restorePhase(phase: Phase, now: number): void {
    this.enter(phase, 'restored', undefined, undefined, now);
    this.#windowKeptAt = now;
  }

  protected open(
    now: number,
    reason: TransitionReason,
    detail?: string,
    failed = FAILURE_REASONS.has(reason),
  ): void {
    const phase = this.phase;
    const attempt = this.attempt + 1;
    const error = failed || FAILURE_REASONS.has(reason) ? this.lastFailure?.error : undefined;
    const recovery = recoveryTime(this.settings, attempt, error);
    if (this.phase !== phase || phase.forced) return; // the user's function has steered the breaker
    this.enter(
      createPhase(CircuitState.OPEN, now, attempt, recovery, false, phase.resets),
      reason,
      error,
      detail,
    );
  }

  protected close(now: number, reason: TransitionReason, detail?: string, forced = false): void {
    const { resets, attempt } = this.phase;
    const isReset = reason === 'reset';
    const next = createPhase(CircuitState.CLOSED, now, 0, 0, forced, isReset ? resets + 1 : resets);
    this.enter(next, reason, undefined, detail);
    if (this.isRamping) (next as { attempt: number }).attempt = attempt;
    this.window?.clear();
    this.consecutiveFailures = 0;
    this.lastFailure = undefined;
  }

  /** The one door: every change of phase, and all that goes with it. */
  protected enter(
    phase: Phase,
    reason: TransitionReason,
    error?: unknown,
    detail?: string,
    at = phase.since,
  ): void {
    const from = this.phase.state;
    if (from === CircuitState.CLOSED) {
      this.windowMetrics(at); // what has aged explains nothing any more
      this.#windowKeptAt = at;
    }
    this.phase = phase;
    if (detail !== undefined) rareOf(phase).detail = detail;
    const { detector } = this;
    if (detector !== undefined) tried(() => detector.entered(phase.state, reason, at), undefined);
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
