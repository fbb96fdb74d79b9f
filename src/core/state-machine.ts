/**
 * Who may pass, and what a result means. A call that is admitted gets the present phase as its permit and hands it
 * back with its result; a result whose phase is no longer the present one steers nothing.
 *
 * It does not know of tasks, listeners, modes of observation or the clock: `now` is an argument, in monotonic ms.
 * Invariants: `#enter` alone assigns `phase`; the window takes in nothing outside CLOSED.
 */
import { type Backoff, recoveryTime } from './backoff.js';
import { CircuitState, type RejectionReason, type TransitionReason } from './circuit-state.js';
import type { DetectorState } from './detector.js';
import type { LastFailure, LastTransition, WindowMetrics } from './metrics.js';
import type { OutcomeKind } from './outcome.js';
import {
  type ClosedPhase,
  createPhase,
  type HalfOpenPhase,
  type OpenPhase,
  type Phase,
  rareOf,
  remaining,
} from './phase.js';
import { report, tried } from './report.js';
import type { ProbeGate } from './seam.js';
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

/** The longest lease, in ms, that doubling comes to. */
const LONGEST_LEASE = 3_600_000;

export class StateMachine {
  consecutiveFailures = 0;
  lastFailure: LastFailure | undefined;
  lastTransition: LastTransition | undefined;
  /** The present stay; `#enter` alone assigns it. */
  phase: Phase;
  /** Made for the first result: a breaker that is never called stays small. */
  window: Window | undefined;
  detector: DetectorState | undefined;
  /** Places of calls that have been given up, to be taken back by whoever counts them. */
  freedPlaces = 0;
  #settings: MachineSettings;
  /** When CLOSED was left: outside it the window's figures stay as they were then. */
  #windowKeptAt = 0;

  constructor(settings: MachineSettings, now: number) {
    this.#settings = settings;
    this.phase = createPhase(CircuitState.CLOSED, now, 0, 0, false, 0);
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
        return full || !this.#detectorAdmits(phase, now) ? undefined : phase;
      case CircuitState.OPEN:
        return this.#acquireOpen(phase, now, full);
      case CircuitState.HALF_OPEN:
        return this.#acquireProbe(phase, now, full);
    }
  }

  #detectorAdmits(phase: ClosedPhase, now: number): boolean {
    const { detector } = this;
    if (detector === undefined || Number.isNaN(now)) return true;
    let verdict: 'admit' | 'refuse' | 'trip' = 'admit';
    try {
      verdict = detector.admit(now);
    } catch (error) {
      report(error);
    }
    if (phase.forced || verdict === 'admit') return true;
    if (verdict === 'trip')
      this.trip(
        now,
        'detector',
        tried(() => detector.explain(now), undefined),
      );
    return false;
  }

  #acquireOpen(phase: OpenPhase, now: number, full: boolean): Phase | undefined {
    if (now < phase.since && !phase.forced) {
      // The clock has begun anew: what was left of the stay is left of it still.
      phase.resumeAt = now + Math.min(Math.max(phase.resumeAt - phase.seenAt, 0), phase.recovery);
      phase.since = now;
    }
    phase.seenAt = now;
    if (!(now >= phase.resumeAt)) return undefined;
    const gate = phase.rare?.gate;
    if (gate !== undefined && (full || !isReady(gate))) return undefined;
    const next = createPhase(CircuitState.HALF_OPEN, now, phase.attempt, 0, false, phase.resets);
    if (phase.rare !== undefined) {
      const rare = rareOf(next);
      rare.gate = gate;
      rare.expiries = phase.rare.expiries;
      rare.detail = phase.rare.detail;
    }
    this.#enter(next, 'probing');
    return this.acquire(now, full);
  }

  #acquireProbe(phase: HalfOpenPhase, now: number, full: boolean): Phase | undefined {
    const { probes, rare } = phase;
    // A clock that has begun anew leaves no probe in the future, where its lease would have no end.
    if (probes.length > 0 && now < (probes[0] as number)) probes.fill(now);
    if (full || this.probesAreOut) {
      if (probes.length > 0 && now - (probes[0] as number) > this.lease) {
        this.#giveUp(phase, now);
        return undefined;
      }
      return full ? undefined : this.#acquireNested(phase);
    }
    const gate = rare?.gate;
    if (now < phase.resumeAt || (gate !== undefined && !isReady(gate))) return this.#acquireNested(phase);
    if (gate !== undefined) tried(() => gate.take(), undefined);
    probes.push(now);
    return phase;
  }

  /** A place for a call that a probe makes through the same breaker: its result steers nothing. */
  #acquireNested({ probes, rare }: HalfOpenPhase): Phase | undefined {
    if (rare === undefined || probes.length === 0 || rare.nested >= rare.nestedPlaces) return undefined;
    rare.nested++;
    return rare.nestedPermit;
  }

  /** The oldest probe has outlived its lease: the circuit opens, and the probes that are out take no places any more. */
  #giveUp(phase: HalfOpenPhase, now: number): void {
    const rare = rareOf(phase);
    this.#open(now, 'probe-expired');
    if (this.phase === phase) return;
    rare.gaveUp = true;
    this.freedPlaces += phase.probes.length + rare.nested;
    if (rare.nestedPermit !== undefined) rareOf(rare.nestedPermit).gaveUp = true;
    rareOf(this.phase).expiries = rare.expiries + 1;
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

  /** Milliseconds that a probe may take: a default doubles with each that has expired in a row. */
  get lease(): number {
    const { probeTimeout } = this.#settings;
    const expiries = this.phase.rare?.expiries ?? 0;
    return this.doublesLease && expiries > 0
      ? Math.min(probeTimeout * 2 ** expiries, Math.max(LONGEST_LEASE, probeTimeout))
      : probeTimeout;
  }

  /** Whether nobody has said how long a probe may take. */
  doublesLease = false;

  /** A result is coming that nobody was admitted for: `record` finds a probe to take out. */
  admitLate(phase: Phase, now: number): void {
    if (phase.state === CircuitState.HALF_OPEN) phase.probes.push(now);
  }

  /** Whether every permit of HALF_OPEN is in use. */
  get probesAreOut(): boolean {
    const phase = this.phase;
    return phase.state === CircuitState.HALF_OPEN && phase.probes.length >= this.#settings.halfOpenMaxCalls;
  }

  /** Whether a call that is admitted with this permit takes one of the places that `maxConcurrentCalls` counts. */
  takesPlace({ resets, rare }: Phase): boolean {
    return resets === this.phase.resets && rare?.gaveUp !== true;
  }

  /**
   * Takes in the result of an admitted call.
   *
   * @param admittedAt the reading that `acquire` was given; matters for probes and detectors alone
   * @param now matters for failures, time windows, detectors and probes alone
   * @param nests whether the call ended because this breaker has rejected a call that it made
   * @returns the rule that the circuit has broken, for `trip`: so the time need be known only where one is
   */
  record(
    permit: Phase,
    kind: OutcomeKind,
    slow: boolean,
    admittedAt: number,
    now: number,
    error?: unknown,
    nests = false,
  ): TripReason | undefined {
    if (permit !== this.phase) {
      this.#recordNested(permit, nests);
      return undefined;
    }
    if (kind === 'failure') this.lastFailure = { error, at: now };
    switch (permit.state) {
      case CircuitState.CLOSED:
        if (kind === 'ignored') return this.#askDetector(permit, kind, slow, admittedAt, now);
        return this.#recordCall(permit, kind === 'failure', slow, admittedAt, now);
      case CircuitState.HALF_OPEN:
        this.#recordProbe(permit, kind, slow, admittedAt, now, nests);
        return undefined;
      case CircuitState.OPEN: // admits nobody
        return undefined;
    }
  }

  /** `record` for a success that was admitted in CLOSED. */
  recordSuccess(permit: ClosedPhase, slow: boolean, admittedAt: number, now: number): TripReason | undefined {
    return permit === this.phase ? this.#recordCall(permit, false, slow, admittedAt, now) : undefined;
  }

  #recordCall(
    permit: ClosedPhase,
    failed: boolean,
    slow: boolean,
    admittedAt: number,
    now: number,
  ): TripReason | undefined {
    this.window ??= createWindow(this.#settings.window);
    const window = this.window;
    window.record(failed, slow, now);
    this.consecutiveFailures = failed ? this.consecutiveFailures + 1 : 0;
    if (window.failures === 0) this.lastFailure = undefined;
    const isHealthy = window.failures === 0 && window.slowCalls === 0;
    const rule = isHealthy || permit.forced ? undefined : this.#brokenRule(window);
    if (this.detector === undefined) return rule;
    const own = this.#askDetector(permit, failed ? 'failure' : 'success', slow, admittedAt, now);
    return rule ?? own;
  }

  #askDetector(
    { forced }: ClosedPhase,
    kind: OutcomeKind,
    slow: boolean,
    admittedAt: number,
    now: number,
  ): 'detector' | undefined {
    const { detector } = this;
    if (detector === undefined) return undefined;
    try {
      return detector.record(kind, slow, admittedAt, now) && !forced ? 'detector' : undefined;
    } catch (error) {
      report(error);
      return undefined;
    }
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

  #recordProbe(
    permit: HalfOpenPhase,
    kind: OutcomeKind,
    slow: boolean,
    admittedAt: number,
    now: number,
    nests: boolean,
  ): void {
    const gate = permit.rare?.gate;
    const index = Math.max(permit.probes.indexOf(admittedAt), 0);
    permit.probes.splice(index, 1);
    if (nests) this.#addNestedPlaces(permit);
    if (kind === 'failure') this.#open(now, 'probe-failed');
    else if (kind === 'success' && slow) this.#open(now, 'probe-slow');
    else if (kind === 'success') {
      permit.successes++;
      if (gate === undefined) this.#closeIfRecovered(permit, now);
    }
    if (gate !== undefined)
      tried(() => gate.settle(index, kind === 'success' && slow ? 'failure' : kind), undefined);
  }

  #closeIfRecovered({ successes }: HalfOpenPhase, now: number): void {
    if (successes >= this.#settings.successThreshold) this.#close(now, 'recovered');
  }

  #recordNested(permit: Phase, nests: boolean): void {
    const host = this.phase;
    if (host.rare === undefined || permit !== host.rare.nestedPermit) return;
    host.rare.nested--;
    if (nests) this.#addNestedPlaces(host);
  }

  /** Calls of this stay make calls through the same breaker: it admits as many more. */
  #addNestedPlaces(host: Phase): void {
    const rare = rareOf(host);
    rare.nestedPlaces += this.#settings.halfOpenMaxCalls;
    rare.nestedPermit ??= createPhase(
      CircuitState.HALF_OPEN,
      host.since,
      host.attempt,
      0,
      false,
      host.resets,
    );
  }

  /** Opens; while OPEN the recovery time starts again; where forced, nothing happens. */
  trip(now: number, reason: TripReason, detail?: string, failed = false): void {
    const phase = this.phase;
    if (phase.forced) return;
    if (phase.state !== CircuitState.OPEN) this.#open(now, reason, detail, failed);
    else {
      phase.resumeAt = now + phase.recovery;
      phase.seenAt = now;
      this.#say(detail);
    }
  }

  forceOpen(now: number, detail?: string): void {
    const phase = this.phase;
    if (phase.state === CircuitState.OPEN) {
      phase.forced = true;
      phase.resumeAt = Number.POSITIVE_INFINITY;
      if (phase.rare !== undefined) phase.rare.gate = undefined;
      this.#say(detail);
    } else {
      const next = createPhase(CircuitState.OPEN, now, phase.attempt, 0, true, phase.resets);
      this.#enter(next, 'forced', undefined, detail);
    }
  }

  forceClosed(now: number, detail?: string): void {
    if (this.phase.state === CircuitState.CLOSED) this.phase.forced = true;
    else this.#close(now, 'forced', detail, true);
  }

  /** Begins a new stay in CLOSED, with everything forgotten. */
  reset(now: number, detail?: string): void {
    this.#close(now, 'reset', detail);
  }

  /** The next call may probe, unless somebody outside or a person says when. */
  resume(now: number): void {
    const phase = this.phase;
    if (phase.state !== CircuitState.OPEN || phase.forced || phase.rare?.gate !== undefined) return;
    phase.resumeAt = Math.min(phase.resumeAt, now);
  }

  /** Words that come while the stay lasts go with it. */
  #say(detail: string | undefined): void {
    if (detail === undefined) return;
    rareOf(this.phase).detail = detail;
    if (this.lastTransition?.to === this.phase.state)
      (this.lastTransition as { detail?: string }).detail = detail;
  }

  /** What somebody has said of the present stay. */
  get detail(): string | undefined {
    return this.phase.rare?.detail;
  }

  /** Whether somebody outside decides when the present stay ends. */
  get isGated(): boolean {
    return this.phase.rare?.gate !== undefined;
  }

  /** The gate at which a call may wait: its time is over, and there is a place for a probe. */
  waitingGate(now: number, full: boolean): ProbeGate | undefined {
    const phase = this.phase;
    if (phase.state === CircuitState.CLOSED || full || this.probesAreOut || now < phase.resumeAt)
      return undefined;
    return phase.rare?.gate;
  }

  /** Opens because others have, or takes the gate in place. */
  openShared(now: number, wait: number, attempt: number, gate: ProbeGate, detail?: string): void {
    const phase = this.phase;
    if (phase.forced) return;
    if (phase.state === CircuitState.OPEN) {
      rareOf(phase).gate = gate;
      this.#postpone(phase, now, wait);
      this.#say(detail);
      return;
    }
    const next = createPhase(CircuitState.OPEN, now, attempt, wait, false, phase.resets);
    rareOf(next).gate = gate;
    this.#enter(next, 'shared', undefined, detail);
  }

  defer(now: number, wait: number): void {
    const phase = this.phase;
    if (phase.forced || !this.isGated) return;
    if (phase.state === CircuitState.OPEN) this.#postpone(phase, now, wait);
    else if (phase.state === CircuitState.HALF_OPEN) phase.resumeAt = Math.max(phase.resumeAt, now + wait);
  }

  #postpone(phase: OpenPhase, now: number, wait: number): void {
    phase.resumeAt = Math.max(phase.resumeAt, now + wait);
    phase.recovery = Math.max(phase.recovery, wait);
  }

  closeShared(now: number, detail?: string): void {
    const { state, forced } = this.phase;
    if (forced || !this.isGated) return;
    this.#close(now, state === CircuitState.HALF_OPEN ? 'recovered' : 'shared', detail);
  }

  release(now: number, wait = Number.POSITIVE_INFINITY): void {
    const phase = this.phase;
    if (phase.rare?.gate === undefined || phase.forced) return;
    phase.rare.gate = undefined;
    if (phase.state === CircuitState.OPEN) phase.resumeAt = Math.min(phase.resumeAt, now + wait);
    else if (phase.state === CircuitState.HALF_OPEN) {
      phase.resumeAt = Number.NEGATIVE_INFINITY;
      this.#closeIfRecovered(phase, now);
    }
  }

  /** Why a call that `acquire` did not admit is rejected. */
  rejectionReason(full: boolean): RejectionReason {
    const { state, forced } = this.phase;
    if (state === CircuitState.OPEN) return forced ? 'forced-open' : 'open';
    if (full && !this.probesAreOut) return 'concurrency';
    return state === CircuitState.CLOSED ? 'ramp' : 'half-open';
  }

  /** Milliseconds until a call may pass; `null` where only the end of a call or a `reset` lets one pass. */
  retryAfter(now: number): number | null {
    const phase = this.phase;
    if (phase.state === CircuitState.OPEN) return phase.forced ? null : remaining(phase, now);
    if (phase.state === CircuitState.HALF_OPEN && now < phase.resumeAt) return phase.resumeAt - now;
    return this.probesAreOut ? null : 0;
  }

  /** What a rejected caller is told of the time. */
  retryAfterOf(reason: RejectionReason, now: number): number | null {
    if (reason === 'open') return this.retryAfter(now);
    const phase = this.phase;
    if (reason !== 'half-open' || phase.state !== CircuitState.HALF_OPEN) return null;
    return phase.resumeAt > now ? phase.resumeAt - now : null;
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
    if (!isSameShape(settings.window, this.#settings.window)) this.window = undefined;
    this.#settings = settings;
  }

  get settings(): MachineSettings {
    return this.#settings;
  }

  windowTime(now: number): number {
    return this.phase.state === CircuitState.CLOSED ? now : this.#windowKeptAt;
  }

  /** Takes over a phase of another process. Calls in flight steer nothing afterwards. */
  restorePhase(phase: Phase, now: number): void {
    this.#enter(phase, 'restored', undefined, undefined, now);
    this.#windowKeptAt = now;
  }

  #open(now: number, reason: TransitionReason, detail?: string, failed = FAILURE_REASONS.has(reason)): void {
    const phase = this.phase;
    const attempt = this.attempt + 1;
    const error = failed || FAILURE_REASONS.has(reason) ? this.lastFailure?.error : undefined;
    const recovery = recoveryTime(this.#settings, attempt, error);
    if (this.phase !== phase || phase.forced) return; // the user's function has steered the breaker
    this.#enter(
      createPhase(CircuitState.OPEN, now, attempt, recovery, false, phase.resets),
      reason,
      error,
      detail,
    );
  }

  #close(now: number, reason: TransitionReason, detail?: string, forced = false): void {
    const { resets, attempt } = this.phase;
    const isReset = reason === 'reset';
    const next = createPhase(CircuitState.CLOSED, now, 0, 0, forced, isReset ? resets + 1 : resets);
    this.#enter(next, reason, undefined, detail);
    if (this.isRamping) (next as { attempt: number }).attempt = attempt;
    this.window?.clear();
    this.consecutiveFailures = 0;
    this.lastFailure = undefined;
  }

  /** The one door: every change of phase, and all that goes with it. */
  #enter(phase: Phase, reason: TransitionReason, error?: unknown, detail?: string, at = phase.since): void {
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

function isReady(gate: ProbeGate): boolean {
  return tried(() => gate.ready === true, false);
}
