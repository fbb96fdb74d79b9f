/**
 * Who may pass, and what a result means. A call that is admitted gets the present phase as its permit and hands it
 * back with its result; a result whose phase is no longer the present one steers nothing.
 *
 * It does not know of tasks, listeners, modes of observation or the clock: `now` is an argument, in monotonic ms.
 * Invariants: `Stays.enter` alone assigns `phase`; the window takes in nothing outside CLOSED.
 */
import { CircuitState, type RejectionReason } from './circuit-state.js';
import type { OutcomeKind } from './outcome.js';
import { type ClosedPhase, createPhase, type OpenPhase, type Phase, rareOf, remaining } from './phase.js';
import { isReady } from './probing.js';
import { report, tried } from './report.js';
import { SharedStays } from './shared-stays.js';
import type { TripReason } from './stays.js';
import { createWindow, type Window } from './window.js';

export class StateMachine extends SharedStays {
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
        return this.acquireProbe(phase, now, full);
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
    this.enter(next, 'probing');
    return this.acquire(now, full);
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
    error: unknown,
    nests: boolean,
  ): TripReason | undefined {
    if (permit !== this.phase) {
      this.recordNested(permit, nests);
      return undefined;
    }
    if (kind === 'failure') this.lastFailure = { error, at: now };
    switch (permit.state) {
      case CircuitState.CLOSED:
        if (kind === 'ignored') return this.#askDetector(permit, kind, slow, admittedAt, now);
        if (kind === 'success') return this.recordSuccess(permit, slow, admittedAt, now);
        (this.window ?? this.#openWindow()).record(true, slow, now);
        this.consecutiveFailures++;
        return this.#judge(permit, kind, slow, admittedAt, now);
      case CircuitState.HALF_OPEN:
        this.recordProbe(permit, kind, slow, admittedAt, now, nests);
        return undefined;
      case CircuitState.OPEN: // admits nobody
        return undefined;
    }
  }

  /** `record` for a success that was admitted in CLOSED. */
  recordSuccess(permit: ClosedPhase, slow: boolean, admittedAt: number, now: number): TripReason | undefined {
    if (permit !== this.phase) return undefined;
    const window = this.window ?? this.#openWindow();
    window.record(false, slow, now);
    this.consecutiveFailures = 0;
    if (this.detector === undefined && this.#isSpotless(window)) return undefined;
    return this.#judge(permit, 'success', slow, admittedAt, now);
  }

  #openWindow(): Window {
    this.window = createWindow(this.settings.window);
    return this.window;
  }

  /** Whether the window has nothing to say against anybody; where nothing has failed, nothing is the last failure. */
  #isSpotless({ failures, slowCalls }: Window): boolean {
    if (failures > 0) return false;
    this.lastFailure = undefined;
    return slowCalls === 0;
  }

  /** What the rules and the detector make of a call that the window has taken in. */
  #judge(
    permit: ClosedPhase,
    kind: 'success' | 'failure',
    slow: boolean,
    admittedAt: number,
    now: number,
  ): TripReason | undefined {
    const window = this.window ?? this.#openWindow();
    const rule = this.#isSpotless(window) || permit.forced ? undefined : this.#brokenRule(window);
    const own = this.#askDetector(permit, kind, slow, admittedAt, now);
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
    const { failureThreshold, failureRateThreshold, slowCallDuration, slowCallRateThreshold } = this.settings;
    if (failureThreshold !== false && this.consecutiveFailures >= failureThreshold)
      return 'consecutive-failures';
    const { calls, failures, slowCalls } = window;
    if (calls < this.settings.minimumCalls) return undefined;
    if (failures > 0 && failureRateThreshold !== false && failures / calls >= failureRateThreshold)
      return 'failure-rate';
    if (slowCalls > 0 && slowCallDuration !== false && slowCalls / calls >= slowCallRateThreshold)
      return 'slow-call-rate';
    return undefined;
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
}
