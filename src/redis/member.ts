/**
 * A breaker in its fleet. It hears what the breaker does by its own evidence, and carries out what the fleet has decided:
 * by the seat what the circuits have decided together, by the breaker's own methods what a person has.
 *
 * The local circuit decides all that it decides alone. What comes from the fleet only adds: a stay OPEN that others asked
 * for, leave for its probes, and its end.
 */
import { OWN_EVIDENCE, SEAM, type Seat } from '../core/seam.js';
import type { Transition } from '../index.js';
import { Ballot } from './ballot.js';
import { ByHand } from './by-hand.js';
import type { Entry } from './entry.js';
import { type Host, jitterOf, type ProbeEnding } from './host.js';
import { Leases, type Lessee } from './leases.js';
import { LONGEST_OPEN } from './record.js';
import type { ShareableBreaker } from './target.js';
import { isDown, isUp, NOTHING, type View } from './view.js';

export class Member implements Lessee {
  readonly breaker: ShareableBreaker;
  readonly ballot: Ballot;
  readonly #host: Host;
  readonly #seat: Seat;
  readonly #leases: Leases;

  readonly #byHand: ByHand;
  #view: View = NOTHING;
  /** Whether the circuit is open by its own evidence, and no own probe has succeeded since; and for how long it said so. */
  #isFirstHand = false;
  #ownUntil = 0;
  /** Whether its last probe has failed. */
  #probeFailed = false;
  /** The epoch for which the open time was taken over. */
  #gatedEpoch: number | undefined;

  constructor(breaker: ShareableBreaker, host: Host) {
    this.breaker = breaker;
    this.#host = host;
    this.#seat = seatOf(breaker);
    this.#leases = new Leases(host, this);
    this.ballot = new Ballot(breaker);
    this.#byHand = new ByHand(breaker);
  }

  get name(): string {
    return this.breaker.name;
  }

  get isGated(): boolean {
    return this.#seat.isGated;
  }

  get isProbing(): boolean {
    return this.#leases.isHolding;
  }

  /** Whether there is nothing to know of it. */
  get isIdle(): boolean {
    return (
      this.#view === NOTHING &&
      this.ballot.isIdle &&
      !this.#byHand.isForcing &&
      this.breaker.state === 'CLOSED' // then there is no gate, and no lease
    );
  }

  get leaseLength(): number {
    const { probeLease } = this.#host;
    return Math.round(probeLease ?? Math.min(Math.max(this.#seat.probeTimeout, 1_000), LONGEST_OPEN));
  }

  get openFor(): number {
    return Math.ceil(Math.min(this.breaker.metrics.retryAfter ?? 0, LONGEST_OPEN));
  }

  /** What is to be said of it with a poll. */
  entry(): Entry | undefined {
    return this.ballot.entry(this.openFor);
  }

  /** The breaker has changed its state. */
  changed({ to, reason, metrics }: Transition): void {
    const isOwn = OWN_EVIDENCE[reason];
    if (to === 'HALF_OPEN') return;
    this.#isFirstHand = isOwn;
    if (to === 'CLOSED') {
      this.ballot.clear();
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
      this.ballot.cast(this.#view.epoch);
      this.#host.voteSoon();
    }
  }

  /** A call was rejected that cannot have waited: leave is asked for, for the next one. */
  rejected(): void {
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
    this.ballot.keepOnly(view.epoch);
    if (this.#host.isObserving) return;
    this.#leases.forgetAllBut(view.epoch);
    if (view.state === 'f' || view.state === 'u') {
      this.#byHand.force(view);
      this.#host.arm();
      return;
    }
    this.#byHand.endBefore(view.epoch, view.words);
    if (view.state === 'r' && view.epoch > before.epoch) this.#byHand.reset(view.words, isNews);
    else if (isDown(view)) this.#hold(view);
    else if (this.isGated) this.#letGo(view);
  }

  /** Opens, or puts the gate before a circuit that is open already. */
  #hold(view: View): void {
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
    this.ballot.keepOnly(undefined);
    this.#leases.giveUp();
    this.release();
    this.#byHand.end('the fleet has been left');
  }

  /** Redis is out of reach: what it will say then is about another time. */
  detach(): void {
    this.ballot.keepOnly(undefined);
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

  /** What is to be done in time. */
  get nextChore(): number {
    return Math.min(this.#byHand.until, this.#leases.keptUntil);
  }

  doChores(now: number): void {
    if (now >= this.#leases.keptUntil) this.#leases.giveBack();
    if (now >= this.#byHand.until) this.#byHand.end('its time is over');
  }
}

/** The seat of a breaker of any copy of the package. */
function seatOf(breaker: object): Seat {
  return (breaker as { [SEAM](): Seat })[SEAM]();
}
