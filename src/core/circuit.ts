/**
 * Admitting, settling and counting: who may pass is asked of the state machine, how calls end is told to it, and
 * what came of it to the audience. The clock is read once at each edge of a call, and only where something needs it. It
 * knows nothing of tasks and promises.
 */
import { CALL_EVENTS } from './audience.js';
import { CircuitState } from './circuit-state.js';
import type { DetectorState } from './detector.js';
import { type CircuitBreakerOpenError, createOpenError, isRejectionBy, isTimeout } from './errors.js';
import type { CircuitMetrics } from './metrics.js';
import { classifyError, classifyValue, type OutcomeKind } from './outcome.js';
import { type Phase, UNGOVERNED } from './phase.js';
import { isGranted, report, tried } from './report.js';
import { withPlainError } from './snapshot.js';
import type { TripReason } from './stays.js';
import { SteeredCircuit } from './steered-circuit.js';
import { type Events, NO_CHANGES } from './watched-circuit.js';

export abstract class Circuit extends SteeredCircuit {
  /** The present stay, if a call that begins now is admitted without more ado: CLOSED, not full, and no detector asks. */
  protected get openDoor(): Phase | undefined {
    const { phase, detector } = this.machine;
    if (phase.state !== CircuitState.CLOSED || this.isFull()) return undefined;
    return detector === undefined || this.#isWavedOn(detector) ? phase : undefined;
  }

  /** Whether a detector lets calls pass unasked. */
  #isWavedOn(detector: DetectorState): boolean {
    if (this.timesCalls) return false; // a call that is timed is one that the detector has admitted
    try {
      return !detector.asks(this.tally.inFlight);
    } catch (error) {
      report(error);
      return true;
    }
  }

  /** @internal Whether a call that begins now is refused by nobody, and decides nothing that a filter would not hear. */
  get isPassable(): boolean {
    return this.mode === 'observe' || (this.machine.phase.state === CircuitState.CLOSED && !this.isFull());
  }

  protected isFull(): boolean {
    return this.tally.places >= this.resolved.maxConcurrentCalls;
  }

  /** Whether failures have come in a row: the next call is the more likely to fail. */
  protected get isFailing(): boolean {
    return this.machine.consecutiveFailures > 0;
  }

  /** Counts a call as started that `openDoor` admits; answers its start, if it matters. */
  protected beginPlainly(): number {
    const { detector } = this.machine;
    const isTimed = this.timesCalls || detector !== undefined;
    const startedAt = isTimed ? this.#timeOfPlainStart(detector) : Number.NaN;
    const { tally } = this;
    this.audience?.keeper?.onUse?.(this);
    tally.calls++;
    tally.inFlight++;
    tally.places++;
    return startedAt;
  }

  #timeOfPlainStart(detector: DetectorState | undefined): number {
    if (this.timesCalls || detector === undefined) return this.now();
    try {
      return detector.stamp;
    } catch (error) {
      report(error);
      return Number.NaN;
    }
  }

  /** Reads the clock if the start of a call matters: for its duration, its deadline, or the state's own times. */
  protected timeOfStart(callTimeout: number | false): number {
    const isNeeded =
      this.timesCalls ||
      callTimeout !== false ||
      this.machine.detector !== undefined ||
      this.machine.phase.state !== CircuitState.CLOSED;
    return isNeeded ? this.now() : Number.NaN;
  }

  /** The permit of a call, which counts as started then, or its rejection. */
  protected admit(now: number): Phase | CircuitBreakerOpenError {
    const machine = this.machine;
    const { phase } = machine;
    const full = this.isFull();
    // In `observe` a fleet's circuit follows: it takes no leave.
    const follows = machine.isGated && this.mode === 'observe';
    const permit = machine.acquire(now, full || follows);
    if (machine.freedPlaces > 0) {
      this.tally.places -= machine.freedPlaces;
      machine.freedPlaces = 0;
    }
    if (permit === undefined) return this.#reject(now, full);
    this.#begin(permit);
    if (permit === phase) return permit;
    try {
      this.tellChanges(now);
    } catch (problem) {
      // Without a call: the stack is full, and nobody will come to settle this one.
      this.tally.inFlight--;
      this.tally.ignored++;
      if (permit.resets === machine.phase.resets) this.tally.places--;
      throw problem;
    }
    return permit;
  }

  /** What a call waits for before it may probe, if anything: leave of a partner. */
  protected leave(): Promise<void> | undefined {
    if (!this.machine.isGated || this.mode === 'observe') return undefined;
    const gate = this.machine.waitingGate(this.now(), this.isFull());
    if (gate === undefined) return undefined;
    try {
      const asked = gate.ready ? undefined : gate.ask();
      return asked && Promise.resolve(asked).catch(report);
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  /** The state that granted the permit; the present one where none did. */
  protected stateOf(permit: Phase): CircuitState {
    return permit === UNGOVERNED ? this.state : permit.state;
  }

  /** Counts last, and all at once: whatever throws before has begun nothing. */
  #begin(permit: Phase): void {
    const { tally } = this;
    const takesPlace = this.machine.takesPlace(permit);
    this.audience?.keeper?.onUse?.(this);
    tally.calls++;
    tally.inFlight++;
    if (takesPlace) tally.places++;
  }

  /**
   * A call that began has ended: before anything that may throw, its place is given back, and it counts as ignored until
   * it is settled. It calls nothing, since a full stack would leave it half done.
   */
  protected giveBack({ resets, rare }: Phase): void {
    const tally = this.tally;
    tally.inFlight--;
    tally.ignored++;
    if (resets === this.machine.phase.resets && rare?.gaveUp !== true) tally.places--;
  }

  #reject(now: number, full: boolean): Phase | CircuitBreakerOpenError {
    const { name, rejectionStackTrace } = this.resolved;
    const machine = this.machine;
    const observed = this.mode === 'observe';
    const { tally } = this;
    const reason = machine.rejectionReason(full);
    if (reason === 'open' && machine.detector !== undefined)
      tried(() => machine.detector?.rejected?.(now), undefined);
    const isOfFailure = reason === 'open' || reason === 'half-open';
    const cause = isOfFailure ? machine.lastFailure?.error : undefined;
    const detail = isOfFailure || reason === 'forced-open' ? machine.detail : undefined;
    const retryAfter = machine.retryAfterOf(reason, now);
    const details = { breaker: name, state: this.state, reason, retryAfter, cause, detail };
    const error = createOpenError(details, rejectionStackTrace, this);
    if (observed) {
      this.#begin(UNGOVERNED);
      tally.wouldReject++;
    } else tally.rejected++;
    try {
      const changes = this.takeChanges(now);
      const rejection: Events = this.hears('reject')
        ? [['reject', withPlainError({ breaker: name, reason, error, observed })]]
        : NO_CHANGES;
      this.tell([...changes, ...rejection]);
    } catch (problem) {
      if (observed) {
        tally.inFlight--;
        tally.ignored++;
      }
      throw problem;
    }
    return observed ? UNGOVERNED : error;
  }

  /** Takes in a success of a call that has given its place back: `settle` without what most successes do not need. */
  protected succeed(permit: Phase, startedAt: number, value: unknown): OutcomeKind {
    if (!this.isQuiet || permit.state !== CircuitState.CLOSED) {
      return this.settle(permit, startedAt, false, value);
    }
    const now = this.timesEnds ? this.now() : Number.NaN;
    const slow = this.timesEnds && this.#isSlow(now - startedAt);
    const { tally } = this;
    this.audience?.keeper?.onUse?.(this);
    if (slow) tally.slow++;
    tally.ignored--;
    tally.successes++;
    const rule = this.machine.recordSuccess(permit, slow, startedAt, now);
    if (rule !== undefined) this.tellChanges(this.#tripBy(rule, now, false));
    return 'success';
  }

  #isSlow(duration: number): boolean {
    const { slowCallDuration } = this.resolved;
    return slowCallDuration !== false && duration >= slowCallDuration;
  }

  /** Takes in how a call ended that has given its place back: counts it, lets the machine decide, tells listeners. */
  protected settle(
    permit: Phase,
    startedAt: number,
    threw: boolean,
    result: unknown,
    known?: OutcomeKind,
    endedAt?: number,
  ): OutcomeKind {
    const { shouldTrip } = this.resolved;
    const nests = threw && known !== 'success' && isRejectionBy(result, this);
    const kind = nests ? 'ignored' : (known ?? this.#classify(threw, result));
    let now = endedAt ?? this.#timeOfEnd(permit, kind);
    const duration = now - startedAt;
    const slow = kind !== 'ignored' && this.#isSlow(duration);
    this.audience?.keeper?.onUse?.(this);
    this.tally.settled(kind, slow, threw && isTimeout(result));
    const rule =
      this.machine.record(permit, kind, slow, startedAt, now, result, nests) ??
      (shouldTrip === undefined ? undefined : this.#ownRule(shouldTrip, permit, kind, now));
    if (rule !== undefined) now = this.#tripBy(rule, now, kind === 'failure');
    if (this.isHeard || this.machine.lastTransition !== this.lastTold) {
      this.#tellOfCall(kind, threw, result, duration, now);
    }
    return kind;
  }

  /** The stay that a success has left. What an observed circuit would have rejected steers nothing. */
  protected stayLeftBy(permit: Phase): Phase | undefined {
    const { phase } = this.machine;
    return permit === UNGOVERNED || phase.state === CircuitState.OPEN ? undefined : phase;
  }

  /**
   * A success has broken off since: one more failed call, while the stay lasts that the success left. It needs neither
   * place nor leave.
   */
  protected failLate(stay: Phase, startedAt: number, error: unknown): void {
    if (stay !== this.machine.phase || this.#classify(true, error) !== 'failure') return;
    this.#begin(stay);
    this.giveBack(stay);
    this.machine.admitLate(stay, startedAt);
    this.settle(stay, startedAt, true, error, 'failure');
  }

  /** Opens by the rule that was broken, at a time that is read if no reason for it came before; answers the time. */
  #tripBy(rule: TripReason, now: number, failed: boolean): number {
    const at = Number.isNaN(now) ? this.now() : now;
    const isDetector = rule === 'detector';
    const detail = isDetector ? tried(() => this.machine.detector?.explain(at), undefined) : undefined;
    this.machine.trip(at, rule, detail, isDetector && failed);
    return at;
  }

  /** Tells of a call that has settled, and of the change of state that came of it. */
  #tellOfCall(kind: OutcomeKind, threw: boolean, result: unknown, duration: number, now: number): void {
    const changes = this.takeChanges(now);
    if (!this.isHeard) {
      this.tell(changes);
      return;
    }
    const breaker = this.resolved.name;
    const event = threw
      ? withPlainError({ breaker, duration, error: result })
      : { breaker, duration, value: result };
    this.tell([[CALL_EVENTS[kind], event], ...changes]);
  }

  #classify(threw: boolean, result: unknown): OutcomeKind {
    try {
      return threw ? classifyError(result, this.resolved) : classifyValue(result, this.resolved);
    } catch (error) {
      report(error);
      return 'ignored';
    }
  }

  /** Reads the clock if the end of a call matters. */
  #timeOfEnd(permit: Phase, kind: OutcomeKind): number {
    const isNeeded = this.timesEnds || kind === 'failure' || permit.state !== CircuitState.CLOSED;
    return isNeeded ? this.now() : Number.NaN;
  }

  /** Asks the user's own rule, where the built-in ones are kept. */
  #ownRule(
    shouldTrip: (metrics: CircuitMetrics) => boolean,
    permit: Phase,
    kind: OutcomeKind,
    now: number,
  ): 'should-trip' | undefined {
    if (kind === 'ignored' || permit !== this.machine.phase) return undefined;
    if (permit.state !== CircuitState.CLOSED || permit.forced) return undefined;
    const trips = isGranted('shouldTrip', () => shouldTrip(this.metricsAt(now)));
    return trips && permit === this.machine.phase ? 'should-trip' : undefined;
  }

  protected countFallback(error: unknown): void {
    this.tally.fallbacks++;
    if (this.hears('fallback')) this.tell([['fallback', withPlainError({ breaker: this.name, error })]]);
  }
}
