/**
 * What speaks against the dependency, and whether it is enough: evidence of failed, slow and late calls, with thresholds
 * that follow what is learned, and the warning ahead of them. Until something fails there is no evidence to keep.
 */
import { soundClock } from '../core/reading.js';
import type { DetectorHost } from '../index.js';
import { Channel } from './channel.js';
import type { Evidence } from './evidence.js';
import { Health } from './health.js';
import { Learning } from './learning.js';
import { lineAt } from './lines.js';
import { FIRST_RATE, type ResolvedAdaptive } from './options.js';
import type { Ramp } from './ramp.js';
import { Warning } from './warning.js';
import { type ChannelName, explainWarning } from './words.js';

/** The share of calls that is taken to be late without a fault, twice or more what it is. */
const NORMALLY_LATE = 0.05;

/** How much rarer lateness trips in error than anything else. */
const RARER = 20;

/** The line that has tripped. */
export interface Tripped {
  readonly channel: ChannelName;
  readonly evidence: Evidence;
}

export abstract class Judgement {
  protected readonly host: DetectorHost;
  protected readonly options: ResolvedAdaptive;
  protected readonly main: Channel;
  protected readonly learning: Learning;
  /** Slow calls have evidence of their own, where the breaker watches them; late ones, once there are any. */
  protected slow: Channel | undefined;
  protected lateness: Channel | undefined;
  protected warning: Warning | undefined;
  protected ramp: Ramp | undefined;
  protected readonly health: Health | undefined;
  /** The line that trips, from then until the stay ends. */
  protected tripped: Tripped | undefined;

  constructor(host: DetectorHost, options: ResolvedAdaptive) {
    this.host = host;
    this.options = options;
    const { lines, start, normal, health, expectedRate } = options;
    this.main = new Channel(lines, start, normal);
    if (health !== undefined) this.health = new Health(health, host.name);
    this.learning = new Learning(expectedRate, FIRST_RATE, this.now());
    this.design();
  }

  protected fail(startedAt: number, isOverdue: boolean): void {
    if (!this.main.isAwake) this.wake();
    this.main.fail(startedAt, isOverdue);
    this.warn(true, startedAt, Number.NaN);
  }

  protected failLate(calls: number, start: number): void {
    if (this.lateness === undefined) {
      this.lateness = new Channel([lineAt(0.5)], NORMALLY_LATE, NORMALLY_LATE);
      this.lateness.wake();
      this.design();
    }
    for (let i = 0; i < calls; i++) this.lateness.fail(start, false);
  }

  protected recordSlow(slow: boolean, startedAt: number): void {
    if (this.slow === undefined) {
      this.slow = this.#createSlow();
      this.design();
    }
    if (slow) this.slow.fail(startedAt, false);
    else this.slow.succeed();
  }

  #createSlow(): Channel {
    const { lines, start, normal } = this.options;
    const slow = new Channel(lines, start, normal);
    slow.wake();
    return slow;
  }

  protected warn(failed: boolean, startedAt: number, now: number): void {
    const warning = this.warning;
    const event = warning?.record(failed, startedAt);
    if (warning === undefined || event === undefined) return;
    const at = Number.isNaN(now) ? this.now() : now;
    const detail = event === 'well' ? 'fails no more than usual' : explainWarning(warning.rate, this.usual);
    this.host.tell(event, detail, at);
  }

  /** The failure rate that was seen while all was well: never more than what the main lines take for normal. */
  protected get usual(): number {
    const { calls, failures, normal } = this.main;
    return this.options.normal ?? (calls < 1 ? normal : Math.min(failures / calls, normal));
  }

  /** Whether the evidence opens the circuit: asked where some has been added. */
  protected trips(now: number): boolean {
    this.health?.ask();
    for (const [channel, { evidence }] of this.#channels()) {
      for (const it of evidence) {
        if (!it.trips(this.limitOf(it), now, this.options.patience)) continue;
        if (this.ramp !== undefined && !this.ramp.opens(now)) {
          this.clear();
          return false;
        }
        this.tripped = { channel, evidence: it };
        return true;
      }
    }
    return false;
  }

  #channels(): (readonly [ChannelName, Channel])[] {
    const channels: (readonly [ChannelName, Channel])[] = [['failed', this.main]];
    if (this.slow !== undefined) channels.push(['slow', this.slow]);
    if (this.lateness !== undefined) channels.push(['late', this.lateness]);
    return channels;
  }

  protected limitOf(evidence: Evidence): number {
    return this.health?.limitOf(evidence) ?? evidence.threshold;
  }

  protected clear(): void {
    for (const [, channel] of this.#channels()) channel.clear();
    this.warning?.clear();
  }

  /** Every few hundred calls that teach: what was learned, and thresholds that follow. */
  protected look(): void {
    const learning = this.learning;
    if (!learning.look(this.now())) return;
    const channels = this.slow === undefined ? [this.main] : [this.main, this.slow];
    for (const channel of channels) channel.learn();
    if (learning.forgets()) {
      for (const { evidence } of channels) for (const it of evidence) it.forget();
    }
    this.design();
  }

  /** Sets all thresholds. */
  protected design(): void {
    const { lines, falseTripsPerDay, minimumFailures, warn } = this.options;
    if (this.slow === undefined && this.host.options.slowCallDuration !== false)
      this.slow = this.#createSlow();
    const { callsADay, days } = this.learning;
    const seldom = falseTripsPerDay / (this.slow === undefined ? lines.length : 2 * lines.length);
    this.main.design(callsADay, seldom, minimumFailures, days);
    this.slow?.design(callsADay, seldom, minimumFailures, days);
    this.lateness?.design(callsADay, seldom / RARER, minimumFailures, 0);
    if (warn !== false) this.warning?.design(this.usual, callsADay, warn.falseAlarmsPerDay);
  }

  used(): number {
    const limitOf = (it: Evidence) => this.limitOf(it);
    return Math.max(...this.#channels().map(([, channel]) => channel.used(limitOf)));
  }

  /** Something has failed, or somebody wants to see. */
  protected wake(): void {
    const { warn } = this.options;
    this.main.wake();
    if (warn !== false) this.warning = new Warning(warn.line);
    this.design();
  }

  /** What a detector that is awake answers; one that is asleep sleeps on. */
  protected awake<T>(ask: () => T): T {
    if (this.main.isAwake) return ask();
    this.wake();
    try {
      return ask();
    } finally {
      this.main.sleep();
      this.warning = undefined;
    }
  }

  protected now(): number {
    return soundClock(this.host.clock).now();
  }
}
