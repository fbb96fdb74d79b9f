/**
 * Admitting, settling and counting: who may pass is asked of the state machine, how calls end is told to it, and
 * what came of it to the audience. It alone reads the clock, once at each edge of a call and only where something needs
 * it. It knows nothing of tasks and promises.
 */
import { Audience, CALL_EVENTS, type Keeper, STATE_EVENTS } from './audience.js';
import { type CircuitMode, CircuitState } from './circuit-state.js';
import { describeError } from './describe-error.js';
import {
  type CircuitBreakerOpenError,
  createOpenError,
  InvalidOptionsError,
  isRejectionBy,
  isTimeout,
} from './errors.js';
import type { CircuitBreakerEvents, Emission, Emitter } from './events.js';
import { healthOf } from './health.js';
import { restoreInto, snapshotOf } from './machine-snapshot.js';
import { type CircuitMetrics, type LastTransition, withPlainError } from './metrics.js';
import {
  type CircuitBreakerOptions,
  completeOptions,
  type ResolvedOptions,
  readBreakerOptions,
  refuseIdleRate,
  type UpdatableOptions,
} from './options.js';
import { classifyError, classifyValue, type OutcomeKind } from './outcome.js';
import { type Phase, UNGOVERNED } from './phase.js';
import { isGranted, report, tried } from './report.js';
import type { Seat } from './seam.js';
import {
  type CircuitSnapshot,
  describeFailure,
  LONGEST,
  parseSnapshot,
  recallFailure,
  SNAPSHOT_VERSION,
} from './snapshot.js';
import { StateMachine } from './state-machine.js';
import type { TripReason } from './stays.js';
import { Tally } from './tally.js';
import { breakerSubject, describe, refuse, type Subject } from './validate.js';
import { warn } from './warn.js';

type Events = readonly Emission<CircuitBreakerEvents>[];

/** Puts a breaker into a keeper's hands or out of them; to be said again when the keeper's listeners have changed. */
export let keep: (breaker: Circuit, keeper: Keeper | undefined) => void;

/** Whether only a share of its calls is let through, after closing: it is not yet sound. */
export let isRamping: (breaker: Circuit) => boolean;

const NO_CHANGES: Events = [];

export abstract class Circuit {
  readonly #machine: StateMachine;
  readonly #tally = new Tally();
  #given: CircuitBreakerOptions;
  #options!: ResolvedOptions;
  #audience: Audience | undefined;
  #lastTold: LastTransition | undefined;
  /** Whether anybody hears of calls. */
  #isHeard = false;
  /** Whether nobody but the machine takes notice of a success. */
  #isQuiet = false;
  /** Whether both edges of a call are timed, and whether the end of it is. */
  #timesCalls = false;
  #timesEnds = false;
  /**
   * The permit of a call that has been counted as started and not been taken charge of: between two calls only where a
   * full stack came in between.
   */
  protected starting: Phase | undefined;

  static {
    isRamping = (circuit) => circuit.#machine.isRamping;
    keep = (circuit, keeper) => {
      if (circuit.#audience === undefined && keeper === undefined) return;
      circuit.#audience ??= new Audience();
      circuit.#audience.keeper = keeper;
      circuit.#tune();
    };
  }

  protected constructor(
    given: CircuitBreakerOptions,
    snapshot: CircuitSnapshot | undefined,
    subject: Subject,
  ) {
    this.#given = given;
    this.#options = completeOptions(given, subject);
    const now = firstReading(this.#options, subject);
    this.#machine = new StateMachine(this.#options, now);
    this.#applyOptions(undefined, now);
    if (snapshot === undefined) return;
    this.#takeOver(parseSnapshot(snapshot, subject), now);
    this.#lastTold = this.#machine.lastTransition; // nobody can have listened yet
  }

  /** The name in errors, events and metrics. */
  get name(): string {
    return this.#options.name;
  }

  /** The present state. Reading it changes nothing: it stays OPEN after the recovery timeout until a call asks. */
  get state(): CircuitState {
    return this.#machine.phase.state;
  }

  /** What the breaker does with its decisions. */
  get mode(): CircuitMode {
    const { state, forced } = this.#machine.phase;
    if (!forced) return this.#options.mode;
    return state === CircuitState.OPEN ? 'forced-open' : 'forced-closed';
  }

  /** The options in force: frozen, with every member filled in. */
  get options(): ResolvedOptions {
    return this.#options;
  }

  /** Everything that the breaker knows of itself, as a fresh plain object. */
  get metrics(): CircuitMetrics {
    return this.#metricsAt(this.now());
  }

  /** The present stay, if a call that begins now is admitted without more ado: CLOSED, not full, and no detector asks. */
  protected get openDoor(): Phase | undefined {
    const { phase, detector } = this.#machine;
    if (phase.state !== CircuitState.CLOSED || this.isFull()) return undefined;
    if (detector === undefined) return phase;
    if (this.#timesCalls) return undefined; // a call that is timed is one that the detector has admitted
    try {
      return detector.asks(this.#tally.inFlight) ? undefined : phase;
    } catch (error) {
      report(error);
      return phase;
    }
  }

  protected isFull(): boolean {
    return this.#tally.places >= this.#options.maxConcurrentCalls;
  }

  /** Whether failures have come in a row: the next call is the more likely to fail. */
  protected get isFailing(): boolean {
    return this.#machine.consecutiveFailures > 0;
  }

  /** Reads the clock. A reading that is none keeps the circuit as it is: it stands for the beginning of this stay. */
  protected now(): number {
    const { clock } = this.#options;
    try {
      const reading: unknown = clock.now();
      if (typeof reading === 'number' && reading - reading === 0) return reading;
      warnOnce(clock, `told ${describe(reading)} in place of a finite number`);
    } catch (error) {
      warnOnce(clock, `threw ${describeError(error)}`);
    }
    return this.#machine.phase.since;
  }

  /** Counts a call as started that `openDoor` admits; answers its start, if it matters. */
  protected beginPlainly(permit: Phase): number {
    const { detector } = this.#machine;
    let startedAt = Number.NaN;
    if (this.#timesCalls) startedAt = this.now();
    else if (detector !== undefined) startedAt = tried(() => detector.stamp, startedAt);
    this.#audience?.keeper?.onUse?.(this);
    this.#tally.calls++;
    this.#tally.inFlight++;
    this.#tally.places++;
    this.starting = permit;
    return startedAt;
  }

  /** Reads the clock if the start of a call matters: for its duration, its deadline, or the state's own times. */
  protected timeOfStart(callTimeout: number | false): number {
    const isNeeded =
      this.#timesCalls ||
      callTimeout !== false ||
      this.#machine.detector !== undefined ||
      this.#machine.phase.state !== CircuitState.CLOSED;
    return isNeeded ? this.now() : Number.NaN;
  }

  /** The permit of a call, which counts as started then, or its rejection. */
  protected admit(now: number): Phase | CircuitBreakerOpenError {
    const machine = this.#machine;
    const { phase } = machine;
    const full = this.isFull();
    // In `observe` a fleet's circuit follows: it takes no leave.
    const follows = machine.isGated && this.mode === 'observe';
    const permit = machine.acquire(now, full || follows);
    if (machine.freedPlaces > 0) {
      this.#tally.places -= machine.freedPlaces;
      machine.freedPlaces = 0;
    }
    if (permit === undefined) return this.#reject(now, full);
    this.#begin(permit);
    try {
      if (permit !== phase) this.#tellChanges(now);
    } finally {
      this.starting = permit;
    }
    return permit;
  }

  /** What a call waits for before it may probe, if anything: leave of a partner. */
  protected leave(): Promise<void> | undefined {
    if (!this.#machine.isGated || this.mode === 'observe') return undefined;
    const gate = this.#machine.waitingGate(this.now(), this.isFull());
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

  #begin(permit: Phase): void {
    const takesPlace = this.#machine.takesPlace(permit);
    this.#audience?.keeper?.onUse?.(this);
    this.#tally.calls++;
    this.#tally.inFlight++;
    if (takesPlace) this.#tally.places++;
  }

  /**
   * A call that began has ended: before anything that may throw, its place is given back. It calls nothing, since a full
   * stack would leave it half done.
   */
  protected giveBack({ resets, rare }: Phase): void {
    const tally = this.#tally;
    tally.inFlight--;
    if (resets === this.#machine.phase.resets && rare?.gaveUp !== true) tally.places--;
  }

  #reject(now: number, full: boolean): Phase | CircuitBreakerOpenError {
    const { name, rejectionStackTrace } = this.#options;
    const machine = this.#machine;
    const observed = this.mode === 'observe';
    if (observed) this.#tally.wouldReject++;
    else this.#tally.rejected++;
    const reason = machine.rejectionReason(full);
    if (reason === 'open' && machine.detector !== undefined)
      tried(() => machine.detector?.rejected?.(now), undefined);
    const isOfFailure = reason === 'open' || reason === 'half-open';
    const cause = isOfFailure ? machine.lastFailure?.error : undefined;
    const detail = isOfFailure || reason === 'forced-open' ? machine.detail : undefined;
    const retryAfter = machine.retryAfterOf(reason, now);
    const details = { breaker: name, state: this.state, reason, retryAfter, cause, detail };
    const error = createOpenError(details, rejectionStackTrace, this);
    const changes = this.#takeChanges(now);
    const rejection: Events = this.#hears('reject')
      ? [['reject', { breaker: name, reason, error, observed }]]
      : NO_CHANGES;
    if (observed) this.#begin(UNGOVERNED);
    try {
      this.#tell([...changes, ...rejection]);
    } finally {
      if (observed) this.starting = UNGOVERNED;
    }
    return observed ? UNGOVERNED : error;
  }

  /** Takes in a success of a call that has given its place back: `settle` without what most successes do not need. */
  protected succeed(permit: Phase, startedAt: number, value: unknown): void {
    if (!this.#isQuiet || permit.state !== CircuitState.CLOSED) {
      this.settle(permit, startedAt, false, value);
      return;
    }
    const { slowCallDuration } = this.#options;
    const now = this.#timesEnds ? this.now() : Number.NaN;
    const slow = slowCallDuration !== false && now - startedAt >= slowCallDuration;
    this.#audience?.keeper?.onUse?.(this);
    if (slow) this.#tally.slow++;
    this.#tally.successes++;
    const rule = this.#machine.recordSuccess(permit, slow, startedAt, now);
    if (rule === undefined) return;
    this.#tellChanges(this.#tripBy(rule, now, false));
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
    const { slowCallDuration, shouldTrip } = this.#options;
    const nests = threw && known !== 'success' && isRejectionBy(result, this);
    const kind = nests ? 'ignored' : (known ?? this.#classify(threw, result));
    let now = endedAt ?? this.#timeOfEnd(permit, kind);
    const duration = now - startedAt;
    const slow = slowCallDuration !== false && kind !== 'ignored' && duration >= slowCallDuration;
    this.#audience?.keeper?.onUse?.(this);
    this.#tally.settled(kind, slow, threw && isTimeout(result));
    const rule =
      this.#machine.record(permit, kind, slow, startedAt, now, result, nests) ??
      (shouldTrip === undefined ? undefined : this.#ownRule(shouldTrip, permit, kind, now));
    if (rule !== undefined) now = this.#tripBy(rule, now, kind === 'failure');
    if (this.#isHeard || this.#machine.lastTransition !== this.#lastTold) {
      this.#tellOfCall(kind, threw, result, duration, now);
    }
    return kind;
  }

  /**
   * What takes in that a success has broken off since: one more failed call, while the stay lasts that the success left.
   * It needs neither place nor leave. What an observed circuit would have rejected steers nothing.
   */
  protected lateFailure(permit: Phase, startedAt: number): ((error: unknown) => void) | undefined {
    const { phase } = this.#machine;
    if (permit === UNGOVERNED || phase.state === CircuitState.OPEN) return undefined;
    return (error) => {
      if (phase !== this.#machine.phase || this.#classify(true, error) !== 'failure') return;
      this.#begin(phase);
      this.giveBack(phase);
      this.#machine.admitLate(phase, startedAt);
      this.settle(phase, startedAt, true, error, 'failure');
    };
  }

  /** Opens by the rule that was broken, at a time that is read if no reason for it came before; answers the time. */
  #tripBy(rule: TripReason, now: number, failed: boolean): number {
    const at = Number.isNaN(now) ? this.now() : now;
    const isDetector = rule === 'detector';
    const detail = isDetector ? tried(() => this.#machine.detector?.explain(at), undefined) : undefined;
    this.#machine.trip(at, rule, detail, isDetector && failed);
    return at;
  }

  /** Tells of a call that has settled, and of the change of state that came of it. */
  #tellOfCall(kind: OutcomeKind, threw: boolean, result: unknown, duration: number, now: number): void {
    const changes = this.#takeChanges(now);
    if (!this.#isHeard) {
      this.#tell(changes);
      return;
    }
    const breaker = this.#options.name;
    const event = threw ? { breaker, duration, error: result } : { breaker, duration, value: result };
    this.#tell([[CALL_EVENTS[kind], event], ...changes]);
  }

  #classify(threw: boolean, result: unknown): OutcomeKind {
    try {
      return threw ? classifyError(result, this.#options) : classifyValue(result, this.#options);
    } catch (error) {
      report(error);
      return 'ignored';
    }
  }

  /** Reads the clock if the end of a call matters. */
  #timeOfEnd(permit: Phase, kind: OutcomeKind): number {
    const isNeeded = this.#timesEnds || kind === 'failure' || permit.state !== CircuitState.CLOSED;
    return isNeeded ? this.now() : Number.NaN;
  }

  /** Asks the user's own rule, where the built-in ones are kept. */
  #ownRule(
    shouldTrip: (metrics: CircuitMetrics) => boolean,
    permit: Phase,
    kind: OutcomeKind,
    now: number,
  ): 'should-trip' | undefined {
    if (kind === 'ignored' || permit !== this.#machine.phase) return undefined;
    if (permit.state !== CircuitState.CLOSED || permit.forced) return undefined;
    const trips = isGranted('shouldTrip', () => shouldTrip(this.#metricsAt(now)));
    return trips && permit === this.#machine.phase ? 'should-trip' : undefined;
  }

  protected countFallback(error: unknown): void {
    this.#tally.fallbacks++;
    if (this.#hears('fallback')) this.#tell([['fallback', { breaker: this.name, error }]]);
  }

  protected tripNow(reason?: string): void {
    this.#steer((now) => this.#machine.trip(now, 'tripped', reason));
  }

  protected force(to: 'OPEN' | 'CLOSED', reason: string | undefined): void {
    this.#steer((now) => {
      if (to === 'OPEN') this.#machine.forceOpen(now, reason);
      else this.#machine.forceClosed(now, reason);
    }, reason);
  }

  protected resetNow(reason?: string): void {
    this.#steer((now) => {
      this.#machine.reset(now, reason);
      this.#tally.places = 0;
    }, reason);
  }

  protected updateNow(options: UpdatableOptions): void {
    const subject = breakerSubject('update', this.name);
    const own = readBreakerOptions(options, subject, true);
    const given = { ...this.#given, ...own };
    refuseIdleRate(own, given, subject);
    const resolved = completeOptions(given, subject);
    this.#steer((now) => {
      const before = [this.#given, this.#options] as const;
      [this.#given, this.#options] = [given, resolved];
      try {
        this.#applyOptions(before[1], now);
      } catch (error) {
        [this.#given, this.#options] = before; // a detector refuses
        throw error;
      }
      this.#machine.configure(resolved);
    });
  }

  /** What options mean for the machine and for what a call needs. */
  #applyOptions(before: ResolvedOptions | undefined, now: number): void {
    const { detector, callTimeout } = this.#options;
    if (detector !== (before?.detector ?? false)) {
      const state = detector === false ? undefined : detector.create(this.#hostOfDetector());
      this.#machine.detector = state;
      if (before !== undefined) tried(() => state?.entered(this.state, 'restored', now), undefined);
    }
    this.#machine.doublesLease = this.#given.probeTimeout === undefined && callTimeout === false;
    this.#tune();
  }

  #hostOfDetector() {
    const circuit = this;
    return {
      get name() {
        return circuit.name;
      },
      get options() {
        return circuit.#options;
      },
      get clock() {
        return circuit.#options.clock;
      },
      tell(event: 'degraded' | 'well', detail: string, at: number) {
        if (circuit.#hears(event)) circuit.#tell([[event, { breaker: circuit.name, at, detail }]]);
      },
      resume: () => this.#machine.resume(this.now()),
    };
  }

  /** Runs a change from outside, and tells what came of it. */
  #steer(change: (now: number) => void, reason?: string): void {
    const now = this.now();
    const from = this.mode;
    change(now);
    const changes = this.#takeChanges(now);
    const to = this.mode;
    if (from === to) this.#tell(changes);
    else this.#tell([...changes, ['mode', { breaker: this.name, from, to, reason }]]);
  }

  #tellChanges(now: number): void {
    const changes = this.#takeChanges(now);
    this.#tell(changes);
  }

  /** The events of a change of state that has not been told yet, if there is one; an opening is counted. */
  #takeChanges(now: number): Events {
    const { lastTransition } = this.#machine;
    if (lastTransition === this.#lastTold || lastTransition === undefined) return NO_CHANGES;
    this.#lastTold = lastTransition;
    const { to, reason } = lastTransition;
    if (to === CircuitState.OPEN && reason !== 'restored') this.#tally.opened++;
    const event = STATE_EVENTS[to];
    if (!this.#hears('transition') && !this.#hears(event)) return NO_CHANGES;
    const transition = { breaker: this.name, ...lastTransition, metrics: this.#metricsAt(now) };
    return [
      ['transition', transition],
      [event, transition],
    ];
  }

  #hears(event: keyof CircuitBreakerEvents): boolean {
    return this.#audience?.hears(event) ?? false;
  }

  #tell(events: Events): void {
    if (events.length > 0) this.#audience?.tell(events);
  }

  protected emitter(): Emitter<CircuitBreakerEvents> {
    this.#audience ??= new Audience();
    return this.#audience.own(() => this.#tune());
  }

  /** Finds out what a call needs, when options or listeners have changed. */
  #tune(): void {
    const { isFailure, slowCallDuration, window, shouldTrip } = this.#options;
    this.#isHeard = this.#audience?.hearsCalls() ?? false;
    this.#timesCalls = slowCallDuration !== false || this.#isHeard;
    this.#timesEnds = this.#timesCalls || window.type === 'time';
    this.#isQuiet = !this.#isHeard && isFailure === undefined && shouldTrip === undefined;
  }

  #metricsAt(now: number): CircuitMetrics {
    const machine = this.#machine;
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
      inFlight: this.#tally.inFlight,
      lastFailure: lastFailure ? withPlainError({ ...lastFailure }, plainError) : null,
      lastTransition: lastTransition ? withPlainError({ ...lastTransition }, plainError) : null,
      health: this.#healthAt(healthOf(phase, consecutiveFailures, window, this.#options)),
      window,
      totals: this.#tally.totals,
      shared: machine.isGated,
      detector: detector === undefined ? null : this.#describeDetector(),
    };
  }

  #healthAt(byRules: number): number {
    const { detector } = this.#machine;
    if (detector === undefined || this.state !== CircuitState.CLOSED) return byRules;
    return tried(() => Math.min(byRules, Math.max(1 - detector.used(), 0)), byRules);
  }

  #describeDetector(): Readonly<Record<string, unknown>> {
    return tried(() => ({ ...this.#machine.detector?.describe() }), {});
  }

  protected snapshotNow(): CircuitSnapshot {
    const now = this.now();
    const { lastFailure, detector } = this.#machine;
    const takenAt = this.#epoch();
    return {
      version: SNAPSHOT_VERSION,
      name: this.name,
      takenAt: Number.isFinite(takenAt) ? takenAt : 0,
      mode: this.mode,
      ...snapshotOf(this.#machine, now),
      lastFailure:
        lastFailure === undefined
          ? null
          : {
              ...describeFailure(lastFailure.error),
              ago: Math.min(Math.max(now - lastFailure.at, 0), LONGEST),
            },
      totals: this.#tally.totals,
      ...(detector !== undefined && tried<object>(() => ({ detector: detector.snapshot(now) }), {})),
    };
  }

  protected restoreNow(snapshot: CircuitSnapshot): void {
    const subject = breakerSubject('restore', this.name);
    const parsed = parseSnapshot(snapshot, subject);
    this.#steer((now) => this.#takeOver(parsed, now));
  }

  #epoch(): number {
    const { clock } = this.#options;
    return clock.epoch === undefined ? Date.now() : clock.epoch();
  }

  #takeOver(snapshot: CircuitSnapshot, now: number): void {
    const passed = Math.min(Math.max(this.#epoch() - snapshot.takenAt, 0), LONGEST);
    const { lastFailure, totals, detector } = snapshot;
    const failure = lastFailure && { error: recallFailure(lastFailure), at: now - passed - lastFailure.ago };
    restoreInto(this.#machine, snapshot, failure ?? undefined, now, passed);
    try {
      if (detector !== undefined) this.#machine.detector?.restore(detector, now, passed);
    } catch (error) {
      if (error instanceof InvalidOptionsError) throw error; // like any other member that is out of range
      report(error);
    }
    this.#tally.places = 0;
    this.#tally.raise(totals);
  }

  protected createSeat(): Seat {
    const machine = this.#machine;
    const steer = (change: (now: number) => void) => this.#steer(change);
    return {
      get isGated() {
        return machine.isGated;
      },
      get probeTimeout() {
        return machine.lease;
      },
      open: (wait, attempt, gate, detail) =>
        steer((now) => machine.openShared(now, wait, attempt, gate, detail)),
      leave: () => this.leave(),
      defer: (wait) => steer((now) => machine.defer(now, wait)),
      close: (detail) => steer((now) => machine.closeShared(now, detail)),
      release: (wait) => steer((now) => machine.release(now, wait)),
    };
  }
}

/** What JSON tells of an error. */
function plainError(error: unknown): object {
  const { name, message, code } = describeFailure(error);
  return { name, message, code };
}

/** A clock that tells no time at all is refused; one that fails later keeps the circuit as it is. */
function firstReading({ clock }: ResolvedOptions, subject: Subject): number {
  let reading: unknown;
  try {
    reading = clock.now();
  } catch (cause) {
    refuse(subject, 'clock', '`clock.now()` threw', { cause });
  }
  if (typeof reading === 'number' && Number.isFinite(reading)) return reading;
  refuse(
    subject,
    'clock',
    `\`clock.now()\` must return a finite number of milliseconds, received ${describe(reading)}`,
  );
}

const brokenClocks = /* @__PURE__ */ new WeakSet<object>();

/** What a clock does wrong it does with every reading. */
function warnOnce(clock: object, problem: string): void {
  if (brokenClocks.has(clock)) return;
  brokenClocks.add(clock);
  warn('RECLOSER_CONFIG', `The clock of a circuit breaker ${problem}: the circuit stays as it is meanwhile`);
}
