/** A circuit that is steered from outside: by a person, by options that change, by a snapshot, by a partner's seat. */
import type { DetectorHost } from './detector.js';
import { InvalidOptionsError } from './errors.js';
import { restoreInto, snapshotOf } from './machine-snapshot.js';
import {
  type CircuitBreakerOptions,
  completeOptions,
  type ResolvedOptions,
  readBreakerOptions,
  refuseIdleRate,
  type UpdatableOptions,
} from './options.js';
import { wallTimeOf } from './reading.js';
import { report, tried } from './report.js';
import type { Seat } from './seam.js';
import {
  type CircuitSnapshot,
  describeFailure,
  LONGEST,
  parseSnapshot,
  recallFailure,
  SNAPSHOT_VERSION,
} from './snapshot.js';
import { breakerSubject, type Subject } from './validate.js';
import { WatchedCircuit } from './watched-circuit.js';

export abstract class SteeredCircuit extends WatchedCircuit {
  /** What a detector sees of a circuit: it keeps this, so that it is small. */
  static readonly #Host = class implements DetectorHost {
    readonly #circuit: SteeredCircuit;

    constructor(circuit: SteeredCircuit) {
      this.#circuit = circuit;
    }

    get name() {
      return this.#circuit.name;
    }

    get options() {
      return this.#circuit.resolved;
    }

    get clock() {
      return this.#circuit.resolved.clock;
    }

    tell(event: 'degraded' | 'well', detail: string, at: number) {
      const { name: breaker } = this;
      if (this.#circuit.hears(event)) this.#circuit.tell([[event, { breaker, at, detail }]]);
    }

    resume() {
      this.#circuit.machine.resume(this.#circuit.now());
    }
  };

  protected constructor(
    name: string,
    given: CircuitBreakerOptions,
    snapshot: CircuitSnapshot | undefined,
    subject: Subject,
  ) {
    super(name, given, subject);
    const now = this.machine.phase.since;
    this.#applyOptions(undefined, now);
    if (snapshot === undefined) return;
    this.#takeOver(parseSnapshot(snapshot, subject), now);
    this.lastTold = this.machine.lastTransition; // nobody can have listened yet
  }

  /** @internal */
  protected abstract leave(): Promise<void> | undefined;

  protected tripNow(reason?: string): void {
    this.#steer((now) => this.machine.trip(now, 'tripped', reason));
  }

  protected force(to: 'OPEN' | 'CLOSED', reason: string | undefined): void {
    this.#steer((now) => {
      if (to === 'OPEN') this.machine.forceOpen(now, reason);
      else this.machine.forceClosed(now, reason);
    }, reason);
  }

  protected resetNow(reason?: string): void {
    this.#steer((now) => {
      this.machine.reset(now, reason);
      this.tally.places = 0;
    }, reason);
  }

  protected updateNow(options: UpdatableOptions): void {
    const subject = breakerSubject('update', this.name);
    const own = readBreakerOptions(options, subject, true);
    const given = { ...this.given, ...own };
    refuseIdleRate(own, given, subject);
    const resolved = completeOptions(this.name, given, subject);
    this.#steer((now) => {
      const before = [this.given, this.resolved] as const;
      [this.given, this.resolved] = [given, resolved];
      try {
        this.#applyOptions(before[1], now);
      } catch (error) {
        [this.given, this.resolved] = before; // a detector refuses
        throw error;
      }
      this.machine.configure(resolved);
    });
  }

  /** What options mean for the machine and for what a call needs. */
  #applyOptions(before: ResolvedOptions | undefined, now: number): void {
    const { detector, callTimeout } = this.resolved;
    if (detector !== (before?.detector ?? false)) {
      const state = detector === false ? undefined : detector.create(new SteeredCircuit.#Host(this));
      this.machine.detector = state;
      if (before !== undefined) tried(() => state?.entered(this.state, 'restored', now), undefined);
    }
    this.machine.doublesLease = this.given.probeTimeout === undefined && callTimeout === false;
    this.tune();
  }

  /** Runs a change from outside, and tells what came of it. */
  #steer(change: (now: number) => void, reason?: string): void {
    const now = this.now();
    const from = this.mode;
    change(now);
    const changes = this.takeChanges(now);
    const to = this.mode;
    if (from === to) this.tell(changes);
    else this.tell([...changes, ['mode', { breaker: this.name, from, to, reason }]]);
  }

  protected snapshotNow(): CircuitSnapshot {
    const now = this.now();
    const { lastFailure, detector } = this.machine;
    return {
      version: SNAPSHOT_VERSION,
      name: this.name,
      takenAt: wallTimeOf(this.resolved.clock),
      mode: this.mode,
      ...snapshotOf(this.machine, now),
      lastFailure:
        lastFailure === undefined
          ? null
          : {
              ...describeFailure(lastFailure.error),
              ago: Math.min(Math.max(now - lastFailure.at, 0), LONGEST),
            },
      totals: this.tally.exactTotals,
      ...(detector !== undefined && tried<object>(() => ({ detector: detector.snapshot(now) }), {})),
    };
  }

  protected restoreNow(snapshot: CircuitSnapshot): void {
    const subject = breakerSubject('restore', this.name);
    const parsed = parseSnapshot(snapshot, subject);
    this.#steer((now) => this.#takeOver(parsed, now));
  }

  #takeOver(snapshot: CircuitSnapshot, now: number): void {
    const passed = Math.min(Math.max(wallTimeOf(this.resolved.clock) - snapshot.takenAt, 0), LONGEST);
    const { lastFailure, totals, detector } = snapshot;
    const failure = lastFailure && { error: recallFailure(lastFailure), at: now - passed - lastFailure.ago };
    restoreInto(this.machine, snapshot, failure ?? undefined, now, passed);
    try {
      if (detector !== undefined) this.machine.detector?.restore(detector, now, passed);
    } catch (error) {
      if (error instanceof InvalidOptionsError) throw error; // like any other member that is out of range
      report(error);
    }
    this.tally.places = 0;
    this.tally.raise(totals);
  }

  protected createSeat(): Seat {
    const machine = this.machine;
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
