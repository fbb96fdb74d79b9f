/**
 * The detector of one breaker: it asks its parts in turn. Evidence trips, calls that are overdue are evidence, the ramp
 * lets a share pass after a close, and what is normal is learned. It has no timer, and reads the clock seldom: times are
 * handed in. Parts are made when there is something for them to do: a breaker that nobody calls keeps next to nothing.
 */
import { breakerSubject } from '../core/validate.js';
import type { CircuitState, DetectorHost, DetectorState, OutcomeKind, TransitionReason } from '../index.js';
import type { Evidence } from './evidence.js';
import { HealthCheck } from './health-check.js';
import { Judgement, type Tripped } from './judgement.js';
import { rampLine } from './lines.js';
import type { ResolvedAdaptive } from './options.js';
import { type Judges, Overdue } from './overdue.js';
import { Ramp } from './ramp.js';
import { type AdaptiveSnapshot, readSnapshot, takeSnapshot } from './snapshot.js';
import { explainLine, explainRamp, explainTrip, explainWarning } from './words.js';

export class AdaptiveState extends Judgement implements DetectorState, Judges {
  #overdue: Overdue | undefined;
  readonly #check: HealthCheck | undefined;
  /** Calls that were overdue, in all. */
  #overdueCalls = 0;
  /** Whether what was found overdue or late may trip. */
  #hasFound = false;

  constructor(host: DetectorHost, options: ResolvedAdaptive) {
    super(host, options);
    const { healthCheck } = options;
    if (healthCheck !== undefined)
      this.#check = new HealthCheck(healthCheck.run, healthCheck.every, () => host.resume());
  }

  get stamp(): number {
    return this.#overdue === undefined ? Number.NaN : this.#overdue.stamp;
  }

  get isRamping(): boolean {
    return this.ramp !== undefined;
  }

  asks(inFlight: number): boolean {
    if (this.ramp !== undefined) return true;
    const overdue = this.#overdue ?? this.#watchFlights();
    return overdue === undefined ? false : overdue.asks(inFlight);
  }

  #watchFlights(): Overdue | undefined {
    this.#overdue = this.#createOverdue();
    return this.#overdue;
  }

  #createOverdue(): Overdue | undefined {
    const { overdueAfter } = this.options;
    return overdueAfter === false ? undefined : new Overdue(overdueAfter);
  }

  admit(now: number): 'admit' | 'refuse' | 'trip' {
    const overdue = this.#overdue ?? this.#watchFlights();
    if (overdue !== undefined) {
      overdue.passTo(now, this);
      if (this.#hasFound) {
        this.#hasFound = false;
        if (this.trips(now)) return 'trip';
      }
    }
    const ramp = this.ramp;
    if (ramp !== undefined) {
      if (!ramp.admits(now)) return 'refuse';
      if (ramp.isOver) this.ramp = undefined;
    }
    overdue?.add(now, this.ramp === undefined);
    return 'admit';
  }

  record(kind: OutcomeKind, slow: boolean, startedAt: number, now: number): boolean {
    const isTimed = !Number.isNaN(startedAt);
    if (isTimed && this.#hasGone(startedAt)) return false;
    if (kind === 'ignored') return false;
    const failed = kind === 'failure';
    const ramp = this.ramp;
    if (ramp !== undefined) {
      ramp.record(failed, startedAt, now);
      if (startedAt <= ramp.clearedAt) return false;
    }
    const main = this.main;
    if (this.learning.count(main.isCalm)) this.look();
    if (slow || this.slow !== undefined) this.recordSlow(slow, isTimed ? startedAt : now);
    if (failed) {
      this.fail(isTimed ? startedAt : now, false);
      return this.trips(now);
    }
    if (main.isCalm && ramp === undefined && this.#overdue?.wants(startedAt))
      this.#overdue.latency.add((Number.isNaN(now) ? this.now() : now) - startedAt);
    main.succeed();
    if (this.warning !== undefined) this.warn(false, startedAt, now);
    return slow && this.trips(now);
  }

  /** Whether a result comes too late to count; one of a call that was not late has seen none that are. */
  #hasGone(startedAt: number): boolean {
    const flight = this.#overdue?.take(startedAt);
    if (flight === 'young' && this.lateness?.isCalm === false) this.lateness.succeed();
    return flight === 'gone';
  }

  late(calls: number, start: number): void {
    if (calls === 0) return;
    this.#hasFound = true;
    this.failLate(calls, start);
  }

  overdue(calls: number, start: number, now: number): void {
    const ramp = this.ramp;
    this.#overdueCalls += calls;
    this.#hasFound = true;
    for (let i = 0; i < calls; i++) {
      ramp?.record(true, start, now);
      if (ramp === undefined || start > ramp.clearedAt) this.fail(start, true);
    }
  }

  rejected(now: number): void {
    this.#check?.ask(now);
  }

  entered(state: CircuitState, reason: TransitionReason, now: number): void {
    this.health?.clear();
    this.ramp = undefined;
    this.#overdue?.clear();
    this.lateness?.clear();
    if (state !== 'OPEN') this.#check?.stop();
    if (state !== 'CLOSED') return;
    this.clear();
    this.tripped = undefined;
    const { ramp } = this.options;
    const follows = reason === 'recovered' || reason === 'shared';
    if (ramp !== false && follows) this.ramp = new Ramp(now, ramp, rampLine(this.main.normal));
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.awake(() => this.#figures());
  }

  #figures() {
    const main = this.main.evidence;
    const slow = this.slow?.evidence ?? [];
    const all = [...main, ...slow];
    return {
      lines: [...main.map(({ line }) => line.name), ...slow.map(({ line }) => `slow ${line.name}`)],
      evidence: all.map(({ value }) => value),
      thresholds: all.map((it) => this.limitOf(it)),
      normal: this.main.normal,
      rate: this.learning.rate,
      falseTripsPerDay: this.options.falseTripsPerDay,
      overdueAfter: (this.#overdue ?? this.#createOverdue())?.after ?? false,
      overdue: this.#overdueCalls,
      admitted: this.ramp?.share ?? 1,
      degraded: this.warning?.isDegraded ?? false,
    };
  }

  explain(now: number): string {
    return this.awake(() =>
      this.tripped === undefined ? this.#explainRest(now) : this.#explainTrip(this.tripped, now),
    );
  }

  #explainTrip({ channel, evidence }: Tripped, now: number): string {
    const { value, began, failures, overdue } = evidence;
    const limit = this.limitOf(evidence);
    return explainTrip(channel, { value, limit, lasted: now - began, failures, overdue });
  }

  #explainRest(now: number): string {
    const { normal, evidence } = this.main;
    const share = (it: Evidence) => it.value / it.threshold;
    const most = evidence.reduce((best, it) => (share(it) > share(best) ? it : best));
    return [
      explainLine(most.value, this.limitOf(most), most.line, this.options.falseTripsPerDay, normal),
      ...(this.ramp === undefined ? [] : [explainRamp(this.ramp.share, now - this.ramp.since)]),
      ...(this.warning?.isDegraded ? [explainWarning(this.warning.rate, this.usual)] : []),
    ].join('; ');
  }

  snapshot(now: number): AdaptiveSnapshot {
    return this.awake(() => takeSnapshot(this.main, this.learning, this.#overdue?.latency, now));
  }

  /** @throws InvalidOptionsError for a member out of range; what another kind of detector has kept is nothing */
  restore(data: unknown, now: number, passed: number): void {
    const lines = this.options.lines.map(({ name }) => name);
    const kept = readSnapshot(data, lines, breakerSubject('restore', this.host.name));
    if (kept === undefined) return;
    if (!this.main.isAwake) this.wake();
    this.learning.restore(kept.rate, kept.span);
    this.main.restore(kept, now - passed);
    const [samples, median, high] = kept.latency;
    if (samples > 0) (this.#overdue ?? this.#watchFlights())?.latency.know(samples, median, high);
    this.design();
    for (const evidence of this.main.evidence) evidence.bound();
  }
}
