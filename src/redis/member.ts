/**
 * A breaker in its fleet. It hears what the breaker does by its own evidence, and carries out what the fleet has decided:
 * by the seat what the circuits have decided together, by the breaker's own methods what a person has.
 *
 * The local circuit decides all that it decides alone. What comes from the fleet only adds: a stay OPEN that others asked
 * for, leave for its probes, and its end.
 */
import { OWN_EVIDENCE, SEAM, type Seat } from '../core/seam.js';
import type { CircuitMode, Transition } from '../index.js';
import { type Host, jitterOf, type ProbeEnding } from './host.js';
import { Leases, type Lessee } from './leases.js';
import { LONGEST_OPEN } from './record.js';
import type { ShareableBreaker } from './target.js';
import { isDown, isUp, NOTHING, type View } from './view.js';

/** A vote, as SYNC wants it. */
export interface Vote {
  readonly op: '+' | '-';
  readonly epoch: number;
  readonly openFor: number;
  readonly probes: number;
  readonly need: number;
}

/** A mode that the fleet has put the breaker into. */
interface Force {
  readonly mode: CircuitMode;
  readonly epoch: number;
  readonly until: number;
}

export class Member implements Lessee {
  readonly breaker: ShareableBreaker;
  readonly #host: Host;
  readonly #seat: Seat;
  readonly #leases: Leases;
  #view: View = NOTHING;
  /** The epoch in which the circuit opened by its own evidence, while that may count. */
  #evidence: number | undefined;
  /** Whether Redis may have our vote. */
  #mayHaveVoted = false;
  #sentEvidence: number | undefined;
  /** Whether the circuit is open by its own evidence, and no own probe has succeeded since; and for how long it said so. */
  #isFirstHand = false;
  #ownUntil = 0;
  /** Whether its last probe has failed. */
  #probeFailed = false;
  /** The epoch for which the open time was taken over. */
  #gatedEpoch: number | undefined;
  #force: Force | undefined;

  constructor(breaker: ShareableBreaker, host: Host) {
    this.breaker = breaker;
    this.#host = host;
    this.#seat = seatOf(breaker);
    this.#leases = new Leases(host, this);
  }

  get name(): string {
    return this.breaker.name;
  }

  get view(): View {
    return this.#view;
  }

  get isGated(): boolean {
    return this.#seat.isGated;
  }

  get isVoting(): boolean {
    const { mode, state } = this.breaker;
    return this.#evidence !== undefined && mode === 'active' && state !== 'CLOSED';
  }

  get isProbing(): boolean {
    return this.#leases.isHolding;
  }

  /** Whether there is nothing to know of it. */
  get isIdle(): boolean {
    return (
      this.#view === NOTHING &&
      this.#evidence === undefined &&
      this.#force === undefined &&
      !this.#mayHaveVoted &&
      !this.#leases.isHolding &&
      !this.isGated &&
      this.breaker.state === 'CLOSED'
    );
  }

  get leaseLength(): number {
    const { probeLease } = this.#host;
    return Math.round(probeLease ?? Math.min(Math.max(this.#seat.probeTimeout, 1_000), LONGEST_OPEN));
  }

  get openFor(): number {
    return Math.ceil(Math.min(this.breaker.metrics.retryAfter ?? 0, LONGEST_OPEN));
  }

  /** Whether there is a vote that has not gone out yet. */
  get hasNews(): boolean {
    return this.isVoting && this.#sentEvidence !== this.#evidence;
  }

  /** What is to be said of it with a poll. */
  vote(): Vote | undefined {
    if (this.isVoting) {
      const { halfOpenMaxCalls, successThreshold } = this.breaker.options;
      return {
        op: '+',
        epoch: this.#evidence as number,
        openFor: this.openFor,
        probes: halfOpenMaxCalls,
        need: successThreshold,
      };
    }
    return this.#mayHaveVoted ? { op: '-', epoch: 0, openFor: 0, probes: 0, need: 0 } : undefined;
  }

  /** The vote goes out, and may arrive though no answer comes. */
  sends({ op, epoch }: { readonly op: string; readonly epoch: number }): void {
    if (op !== '+') return;
    this.#mayHaveVoted = true;
    this.#sentEvidence = epoch;
  }

  /** The vote has arrived. */
  hasSent({ op }: { readonly op: string }): void {
    if (op === '-' && !this.isVoting) this.#mayHaveVoted = false;
  }

  /** The breaker has changed its state. */
  changed({ to, reason, metrics }: Transition): void {
    const isOwn = to === 'OPEN' && OWN_EVIDENCE[reason];
    if (to === 'HALF_OPEN') return;
    this.#isFirstHand = isOwn;
    if (to === 'CLOSED') {
      this.#evidence = undefined;
      this.#sentEvidence = undefined;
      this.#probeFailed = false;
      this.#gatedEpoch = undefined;
      this.#leases.forgetAllBut(this.#view.epoch);
      this.#leases.giveUp();
      return;
    }
    const isOfProbe = reason === 'probe-failed' || reason === 'probe-slow' || reason === 'probe-expired';
    this.#leases.forgetAllBut(isOwn && reason !== 'probe-expired' ? undefined : this.#view.epoch);
    this.#leases.giveUp();
    if (!isOwn) return;
    this.#ownUntil = this.#host.now() + (metrics.retryAfter ?? 0);
    if (isOfProbe) this.#probeFailed = true;
    if (this.#host.isDetached) return;
    if (isDown(this.#view)) {
      if (!this.#host.isObserving) this.#gate(0, false);
    } else if (isUp(this.#view) && this.breaker.mode === 'active') {
      this.#evidence = this.#view.epoch;
      this.#host.voteSoon();
    }
  }

  /** A call was rejected that cannot have waited: leave is asked for, for the next one. */
  rejected(): void {
    if (!this.isGated || this.#host.isObserving) return;
    this.#leases.asksFromAfar = true;
    try {
      this.#seat.leave();
    } finally {
      this.#leases.asksFromAfar = false;
    }
  }

  /**
   * Takes over what Redis says.
   *
   * @param isNews whether something else was known before; a person's `reset` is for those who were there
   */
  adopt(view: View, isNews: boolean): void {
    const before = this.#view;
    this.#view = view;
    if (this.#evidence !== undefined && this.#evidence !== view.epoch) this.#evidence = undefined;
    if (this.#host.isObserving) return;
    this.#leases.forgetAllBut(view.epoch);
    if (view.state === 'f' || view.state === 'u') {
      this.#carryOut(view);
      return;
    }
    // A record that is gone ends nothing: a force that a person gave a time has its time.
    if (this.#force !== undefined && view.epoch > this.#force.epoch) this.#endForce(view.words);
    if (view.state === 'r' && view.epoch > before.epoch) this.#reset(view, isNews);
    else if (isDown(view)) this.#hold(view);
    else if (this.isGated) this.#letGo(view);
  }

  /** Opens, or puts the gate before a circuit that is open already. */
  #hold(view: View): void {
    if (this.#gatedEpoch === view.epoch && this.isGated) return;
    const isSame = this.#gatedEpoch === view.epoch;
    const left = Math.max(view.until - this.#host.now(), 0);
    if (view.state === 'h' || isSame) {
      this.#gatedEpoch = view.epoch;
      if (!this.isGated) this.#gate(left);
      return;
    }
    this.#gatedEpoch = view.epoch;
    const span = jitterOf(left);
    this.#gate(left + this.#host.roll() * span + (this.#probeFailed ? span : 0));
  }

  #gate(wait: number, says = true): void {
    const { attempt, words } = this.#view;
    this.#seat.open(wait, attempt, this.#leases, says && words !== '' ? words : undefined);
  }

  /** Closed for all, unless it was the data that went. */
  #letGo({ epoch, words }: View): void {
    if (epoch <= (this.#gatedEpoch ?? 0)) this.release();
    else if (this.#isFirstHand) this.release(Math.max(this.#ownUntil - this.#host.now(), 0));
    else this.#seat.close(words === '' ? undefined : words);
  }

  /** Back to deciding alone: after its time, or sooner. */
  release(wait?: number): void {
    this.#leases.clear();
    this.#gatedEpoch = undefined;
    this.#seat.release(wait);
  }

  /** A breaker that comes while Redis cannot be asked: what is known of the open time holds. */
  openUntil(view: View): void {
    this.#view = view;
    if (!isDown(view) || view.until <= this.#host.now()) return;
    this.#gate(view.until - this.#host.now());
    this.release();
  }

  /** Gone from the fleet: its leases go back, and it decides alone. */
  leave(): void {
    this.#evidence = undefined;
    this.#leases.giveUp();
    this.release();
    this.#endForce('the fleet has been left');
  }

  /** Redis is out of reach: what it will say then is about another time. */
  detach(): void {
    this.#evidence = undefined;
    if (this.isGated) this.release();
  }

  denied(ms: number): void {
    const span = jitterOf(ms);
    this.#seat.defer(ms + this.#host.roll() * span);
  }

  ended(ending: ProbeEnding): void {
    if (ending !== 'success') return;
    this.#isFirstHand = false;
    this.#probeFailed = false;
  }

  #carryOut({ state, epoch, until, words }: View): void {
    const { mode } = this.breaker;
    const wanted: CircuitMode = state === 'f' ? 'forced-open' : 'forced-closed';
    const isForced = mode === 'forced-open' || mode === 'forced-closed';
    // What somebody has forced here goes before.
    if (isForced && mode !== this.#force?.mode) {
      this.#force = undefined;
      return;
    }
    const isDone = this.#force?.epoch === epoch && mode === wanted;
    this.#force = { mode: wanted, epoch, until };
    this.#host.arm();
    if (isDone) return;
    if (state === 'f') this.breaker.forceOpen(words);
    else this.breaker.forceClosed(words);
  }

  #endForce(words: string): void {
    const force = this.#force;
    this.#force = undefined;
    if (force !== undefined && this.breaker.mode === force.mode) this.breaker.reset(words);
  }

  #reset({ words }: View, isNews: boolean): void {
    const { mode, state } = this.breaker;
    const isForced = mode === 'forced-open' || mode === 'forced-closed';
    if (!isForced && (isNews || state !== 'CLOSED')) this.breaker.reset(words);
  }

  /** What is to be done in time. */
  get nextChore(): number {
    return Math.min(this.#force?.until ?? Number.POSITIVE_INFINITY, this.#leases.keptUntil);
  }

  doChores(now: number): void {
    if (now >= this.#leases.keptUntil) this.#leases.giveBack();
    if (this.#force !== undefined && now >= this.#force.until) this.#endForce('its time is over');
  }
}

/** The seat of a breaker of any copy of the package. */
function seatOf(breaker: object): Seat {
  return (breaker as { [SEAM](): Seat })[SEAM]();
}
