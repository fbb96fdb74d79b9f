/**
 * What happens in HALF_OPEN: a few probes at a time, each for as long as its lease lasts, and places for the calls that
 * probes make through the same breaker.
 */
import { CircuitState } from './circuit-state.js';
import type { OutcomeKind } from './outcome.js';
import { createPhase, type HalfOpenPhase, type Phase, rareOf } from './phase.js';
import { tried } from './report.js';
import type { ProbeGate } from './seam.js';
import { Stays } from './stays.js';

/** The longest lease, in ms, that doubling comes to. */
const LONGEST_LEASE = 3_600_000;

export abstract class Probing extends Stays {
  /** Places of calls that have been given up, to be taken back by whoever counts them. */
  freedPlaces = 0;
  /** Whether nobody has said how long a probe may take. */
  doublesLease = false;

  /** Milliseconds that a probe may take: a default doubles with each that has expired in a row. */
  get lease(): number {
    const { probeTimeout } = this.settings;
    const expiries = this.phase.rare?.expiries ?? 0;
    return this.doublesLease
      ? Math.min(probeTimeout * 2 ** expiries, Math.max(LONGEST_LEASE, probeTimeout))
      : probeTimeout;
  }

  /** Whether every permit of HALF_OPEN is in use. */
  get probesAreOut(): boolean {
    const phase = this.phase;
    return phase.state === CircuitState.HALF_OPEN && phase.probes.length >= this.settings.halfOpenMaxCalls;
  }

  /** Whether a call that is admitted with this permit takes one of the places that `maxConcurrentCalls` counts. */
  takesPlace({ resets, rare }: Phase): boolean {
    return resets === this.phase.resets && rare?.gaveUp !== true;
  }

  protected acquireProbe(phase: HalfOpenPhase, now: number, full: boolean): Phase | undefined {
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
    this.open(now, 'probe-expired');
    if (this.phase.resets !== phase.resets) return; // the user's backoff has begun anew
    rare.gaveUp = true;
    this.freedPlaces += phase.probes.length + rare.nested;
    if (rare.nestedPermit !== undefined) rareOf(rare.nestedPermit).gaveUp = true;
    rareOf(this.phase).expiries = rare.expiries + 1;
  }

  protected recordProbe(
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
    if (kind === 'failure') this.open(now, 'probe-failed');
    else if (kind === 'success' && slow) this.open(now, 'probe-slow');
    else if (kind === 'success') {
      permit.successes++;
      if (gate === undefined) this.closeIfRecovered(permit, now);
    }
    if (gate !== undefined) tried(() => gate.settle(index, slow ? 'failure' : kind), undefined);
  }

  protected closeIfRecovered({ successes }: HalfOpenPhase, now: number): void {
    if (successes >= this.settings.successThreshold) this.close(now, 'recovered');
  }

  protected recordNested(permit: Phase, nests: boolean): void {
    const host = this.phase;
    if (host.rare === undefined || permit !== host.rare.nestedPermit) return;
    host.rare.nested--;
    if (nests) this.#addNestedPlaces(host);
  }

  /** Calls of this stay make calls through the same breaker: it admits as many more. */
  #addNestedPlaces(host: Phase): void {
    const rare = rareOf(host);
    rare.nestedPlaces += this.settings.halfOpenMaxCalls;
    rare.nestedPermit ??= createPhase(
      CircuitState.HALF_OPEN,
      host.since,
      host.attempt,
      0,
      false,
      host.resets,
    );
  }

  /** A result is coming that nobody was admitted for: `record` finds a probe to take out. */
  admitLate(phase: Phase, now: number): void {
    if (phase.state === CircuitState.HALF_OPEN) phase.probes.push(now);
  }
}

/** Whether leave to probe is at hand. */
export function isReady(gate: ProbeGate): boolean {
  return tried(() => gate.ready === true, false);
}
