/**
 * The detector of one breaker: it asks its parts in turn. Evidence trips, calls that are overdue are evidence, the ramp
 * lets a share pass after a close, and what is normal is learned. It has no timer, and reads the clock seldom: times are
 * handed in.
 */

import { report } from '../core/report.js';
import { breakerSubject, describe } from '../core/validate.js';
import type { CircuitState, DetectorHost, DetectorState, OutcomeKind, TransitionReason } from '../index.js';
import { Channel } from './channel.js';
import type { Evidence } from './evidence.js';
import { HealthCheck } from './health-check.js';
import { Learning } from './learning.js';
import { rampLine } from './lines.js';
import { FIRST_RATE, type ResolvedAdaptive } from './options.js';
import { Overdue } from './overdue.js';
import { Ramp } from './ramp.js';
import { type AdaptiveSnapshot, readSnapshot, takeSnapshot } from './snapshot.js';
import { Warning } from './warning.js';
import { type ChannelName, explainLine, explainRamp, explainTrip, explainWarning } from './words.js';

export class AdaptiveState implements DetectorState {
  readonly #host: DetectorHost;
  readonly #options: ResolvedAdaptive;
  readonly #main: Channel;
  readonly #overdue: Overdue | undefined;
  readonly #warning: Warning | undefined;
  readonly #check: HealthCheck | undefined;
  readonly #learning: Learning;
  /** Slow calls have evidence of their own, where the breaker watches them. */
  #slow: Channel | undefined;
  #ramp: Ramp | undefined;
  /** The line that trips, from then until the stay ends. */
  #tripped: { readonly channel: ChannelName; readonly evidence: Evidence } | undefined;
  #health = 1;
  #isHealthReported = false;

  constructor(host: DetectorHost, options: ResolvedAdaptive) {
    this.#host = host;
    this.#options = options;
    const { lines, start, normal, overdueAfter, warn, healthCheck, expectedRate } = options;
    this.#main = new Channel(lines, start, normal);
    if (overdueAfter !== false) this.#overdue = new Overdue(overdueAfter);
    if (warn !== false) this.#warning = new Warning(warn.line);
    if (healthCheck !== undefined)
      this.#check = new HealthCheck(healthCheck.run, healthCheck.every, () => host.resume());
    this.#learning = new Learning(expectedRate, FIRST_RATE, this.#now());
    this.#design();
  }

  get stamp(): number {
    return this.#overdue?.stamp ?? Number.NaN;
  }

  get isRamping(): boolean {
    return this.#ramp !== undefined;
  }

  asks(inFlight: number): boolean {
    if (this.#ramp !== undefined) return true;
    return this.#overdue?.asks(inFlight) ?? false;
  }

  admit(now: number): 'admit' | 'refuse' | 'trip' {
    const overdue = this.#overdue;
    if (overdue !== undefined) {
      const found = overdue.passTo(now, (start) => this.#failOverdue(start, now));
      if (found && this.#trips(now)) return 'trip';
    }
    const ramp = this.#ramp;
    if (ramp !== undefined) {
      if (!ramp.admits(now)) return 'refuse';
      if (ramp.isOver) this.#ramp = undefined;
    }
    overdue?.add(now, this.#ramp === undefined);
    return 'admit';
  }

  record(kind: OutcomeKind, slow: boolean, startedAt: number, now: number): boolean {
    const isTimed = !Number.isNaN(startedAt);
    if (isTimed && this.#overdue?.take(startedAt) === 'gone') return false;
    if (kind === 'ignored') return false;
    const failed = kind === 'failure';
    const ramp = this.#ramp;
    if (ramp !== undefined) {
      ramp.record(failed, startedAt, now);
      if (startedAt <= ramp.clearedAt) return false;
    }
    if (this.#learning.count(this.#main.isCalm)) this.#look();
    if (slow || this.#slow !== undefined) this.#recordSlow(slow, isTimed ? startedAt : now);
    if (!failed) {
      if (this.#main.isCalm && ramp === undefined) this.#overdue?.sample(startedAt, now, this.#now);
      this.#main.succeed();
      this.#warn(false, startedAt, now);
      return slow && this.#trips(now);
    }
    this.#fail(isTimed ? startedAt : now, false);
    return this.#trips(now);
  }

  #fail(startedAt: number, isOverdue: boolean): void {
    this.#main.fail(startedAt, isOverdue);
    this.#warn(true, startedAt, Number.NaN);
  }

  #failOverdue(startedAt: number, now: number): void {
    this.#ramp?.record(true, startedAt, now);
    if (this.#ramp === undefined || startedAt > this.#ramp.clearedAt) this.#fail(startedAt, true);
  }

  #recordSlow(slow: boolean, startedAt: number): void {
    if (this.#slow === undefined) {
      this.#slow = this.#createSlow();
      this.#design();
    }
    if (slow) this.#slow.fail(startedAt, false);
    else this.#slow.succeed();
  }

  #createSlow(): Channel {
    const { lines, start, normal } = this.#options;
    return new Channel(lines, start, normal);
  }

  #warn(failed: boolean, startedAt: number, now: number): void {
    const warning = this.#warning;
    const event = warning?.record(failed, startedAt);
    if (warning === undefined || event === undefined) return;
    const at = Number.isNaN(now) ? this.#now() : now;
    const detail = event === 'well' ? 'fails no more than usual' : explainWarning(warning.rate, this.#usual);
    this.#host.tell(event, detail, at);
  }

  /** The failure rate that was seen while all was well: never more than what the main lines take for normal. */
  get #usual(): number {
    const { calls, failures, normal } = this.#main;
    return this.#options.normal ?? (calls < 1 ? normal : Math.min(failures / calls, normal));
  }

  /** Whether the evidence opens the circuit: asked where some has been added. */
  #trips(now: number): boolean {
    const { patience } = this.#options;
    this.#askHealth();
    for (const [channel, { evidence }] of this.#channels()) {
      for (const it of evidence) {
        if (!it.trips(this.#limitOf(it), now, patience)) continue;
        if (this.#ramp !== undefined && !this.#ramp.opens(now)) {
          this.#clear();
          return false;
        }
        this.#tripped = { channel, evidence: it };
        return true;
      }
    }
    return false;
  }

  #channels(): (readonly [ChannelName, Channel])[] {
    const channels: (readonly [ChannelName, Channel])[] = [['failed', this.#main]];
    if (this.#slow !== undefined) channels.push(['slow', this.#slow]);
    if (this.#overdue !== undefined) channels.push(['late', this.#overdue.late]);
    return channels;
  }

  /** The evidence that it takes: half of it is enough where the latest health check was bad. */
  #limitOf({ threshold, line }: Evidence): number {
    const share = 0.5 + 0.5 * this.#health;
    return Math.min(threshold, Math.max(Math.ceil(threshold * share), 2 * line.up + 1));
  }

  #askHealth(): void {
    const { health } = this.#options;
    if (health === undefined) return;
    this.#health = 1;
    try {
      const answer: unknown = health(this.#host.name);
      if (typeof answer === 'number' && answer >= 0 && answer <= 1) this.#health = answer;
      else
        this.#reportHealth(
          new TypeError(`\`health\` must return a number from 0 to 1, received ${describe(answer)}`),
        );
    } catch (error) {
      this.#reportHealth(error);
    }
  }

  #reportHealth(error: unknown): void {
    if (!this.#isHealthReported) report(error);
    this.#isHealthReported = true;
  }

  rejected(now: number): void {
    this.#check?.ask(now);
  }

  entered(state: CircuitState, reason: TransitionReason, now: number): void {
    this.#isHealthReported = false;
    this.#health = 1;
    this.#ramp = undefined;
    this.#overdue?.clear();
    if (state !== 'OPEN') this.#check?.stop();
    if (state !== 'CLOSED') return;
    this.#clear();
    this.#tripped = undefined;
    const { ramp } = this.#options;
    const follows = reason === 'recovered' || reason === 'shared';
    if (ramp !== false && follows) this.#ramp = new Ramp(now, ramp, rampLine(this.#main.normal));
  }

  #clear(): void {
    this.#main.clear();
    this.#slow?.clear();
    this.#overdue?.late.clear();
    this.#warning?.clear();
  }

  /** Every few hundred calls that teach: what was learned, and thresholds that follow. */
  #look(): void {
    const learning = this.#learning;
    if (!learning.look(this.#now())) return;
    const channels = this.#slow === undefined ? [this.#main] : [this.#main, this.#slow];
    for (const channel of channels) channel.learn();
    if (learning.forgets()) {
      for (const { evidence } of channels) for (const it of evidence) it.forget();
    }
    this.#design();
  }

  /** Sets all thresholds. */
  #design(): void {
    const { lines, falseTripsPerDay, minimumFailures, warn } = this.#options;
    const learning = this.#learning;
    if (this.#slow === undefined && this.#host.options.slowCallDuration !== false)
      this.#slow = this.#createSlow();
    const { callsADay, days } = learning;
    const seldom = falseTripsPerDay / (this.#slow === undefined ? lines.length : 2 * lines.length);
    this.#main.design(callsADay, seldom, minimumFailures, days);
    this.#slow?.design(callsADay, seldom, minimumFailures, days);
    this.#overdue?.design(callsADay, seldom, minimumFailures);
    if (warn !== false)
      this.#warning?.design(Math.min(this.#usual, this.#main.normal), callsADay, warn.falseAlarmsPerDay);
  }

  used(): number {
    const limitOf = (it: Evidence) => this.#limitOf(it);
    return Math.max(...this.#channels().map(([, channel]) => channel.used(limitOf)));
  }

  describe(): Readonly<Record<string, unknown>> {
    const main = this.#main.evidence;
    const slow = this.#slow?.evidence ?? [];
    const all = [...main, ...slow];
    return {
      lines: [...main.map(({ line }) => line.name), ...slow.map(({ line }) => `slow ${line.name}`)],
      evidence: all.map(({ value }) => value),
      thresholds: all.map((it) => this.#limitOf(it)),
      normal: this.#main.normal,
      rate: this.#learning.rate,
      falseTripsPerDay: this.#options.falseTripsPerDay,
      overdueAfter: this.#overdue?.after ?? false,
      overdue: this.#overdue?.total ?? 0,
      admitted: this.#ramp?.share ?? 1,
      degraded: this.#warning?.isDegraded ?? false,
    };
  }

  explain(now: number): string {
    if (this.#tripped !== undefined) {
      const { channel, evidence } = this.#tripped;
      const { value, began, failures, overdue } = evidence;
      return explainTrip(channel, {
        value,
        limit: this.#limitOf(evidence),
        lasted: now - began,
        failures,
        overdue,
      });
    }
    const { falseTripsPerDay } = this.#options;
    const share = (it: Evidence) => it.value / it.threshold;
    const most = this.#main.evidence.reduce((best, it) => (share(it) > share(best) ? it : best));
    const { normal } = this.#main;
    return [
      explainLine(most.value, this.#limitOf(most), most.line, falseTripsPerDay, normal),
      ...(this.#ramp === undefined ? [] : [explainRamp(this.#ramp.share, now - this.#ramp.since)]),
      ...(this.#warning?.isDegraded ? [explainWarning(this.#warning.rate, this.#usual)] : []),
    ].join('; ');
  }

  snapshot(now: number): AdaptiveSnapshot {
    return takeSnapshot(this.#main, this.#learning, this.#overdue?.latency, now);
  }

  /** @throws InvalidOptionsError for a member out of range; what another kind of detector has kept is nothing */
  restore(data: unknown, now: number, passed: number): void {
    const subject = breakerSubject('restore', this.#host.name);
    const lines = this.#main.evidence.map(({ line }) => line.name);
    const kept = readSnapshot(data, lines, subject);
    if (kept === undefined) return;
    this.#learning.restore(kept.rate, kept.span);
    this.#main.restore(kept, now - passed);
    const [samples, median, high] = kept.latency;
    if (this.#overdue !== undefined && samples > 0)
      Object.assign(this.#overdue.latency, { samples, median, high });
    this.#design();
    for (const evidence of this.#main.evidence) evidence.bound();
  }

  readonly #now = (): number => {
    try {
      return this.#host.clock.now();
    } catch {
      return Number.NaN;
    }
  };
}
