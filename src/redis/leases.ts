/**
 * The gate of a circuit that the fleet holds open: it lets a probe pass for each lease that Redis has granted. A lease is
 * at hand until a probe takes it; then it is in flight, in the order in which the machine has admitted the probes.
 */
import type { OutcomeKind } from '../core/outcome.js';
import { report } from '../core/report.js';
import type { ProbeGate } from '../core/seam.js';
import type { Host, ProbeEnding } from './host.js';
import type { RoundReply } from './record.js';

interface Lease {
  readonly nonce: string;
  readonly epoch: number;
  /** When it has lapsed, by our clock: never later than by Redis'. */
  readonly until: number;
  /** How long it is kept for whoever comes next. */
  readonly keptUntil: number;
}

/** Whose leases they are. */
export interface Lessee {
  readonly name: string;
  /** Whether leave is of any use. */
  readonly isGated: boolean;
  /** How long a probe may take. */
  readonly leaseLength: number;
  /** For how long the circuit is OPEN now. */
  readonly openFor: number;
  /** Leave was denied, or could not be had. */
  denied(ms: number): void;
  /** A leased probe has ended. */
  ended(ending: ProbeEnding): void;
}

/** How long leave is kept for the next caller, in ms, after the one who waited for it has gone. */
const KEPT_FOR = 1_000;

/** Milliseconds until leave is asked for again after Redis has not answered. */
const ASK_AGAIN = 250;

const ENDINGS: Readonly<Record<OutcomeKind, ProbeEnding>> = {
  success: 'success',
  failure: 'failure',
  ignored: 'nothing',
};

export class Leases implements ProbeGate {
  /** Whether whoever asks now cannot wait. */
  asksFromAfar = false;
  readonly #host: Host;
  readonly #lessee: Lessee;
  readonly #inFlight: (Lease | undefined)[] = [];
  #atHand: Lease | undefined;
  #isAsking = false;
  /** Of a question that was not answered: asked again, it gets the same lease. */
  #nonce: string | undefined;

  constructor(host: Host, lessee: Lessee) {
    this.#host = host;
    this.#lessee = lessee;
  }

  get ready(): boolean {
    const lease = this.#atHand;
    return lease !== undefined && this.#host.now() < lease.until;
  }

  /** Whether there are leases, at hand or in flight. */
  get isHolding(): boolean {
    return this.#atHand !== undefined || this.#inFlight.length > 0;
  }

  /** When the lease at hand is to be given back. */
  get keptUntil(): number {
    return this.#atHand?.keptUntil ?? Number.POSITIVE_INFINITY;
  }

  ask(): Promise<void> | undefined {
    if (this.#isAsking || this.ready) return undefined;
    this.#atHand = undefined;
    this.#nonce ??= this.#host.nonce();
    const [nonce, length, sentAt] = [this.#nonce, this.#lessee.leaseLength, this.#host.now()];
    const keptFor = this.asksFromAfar ? length / 2 : KEPT_FOR;
    const asked = this.#host.lease(this.#lessee.name, nonce, length);
    if (asked === undefined) {
      this.#lessee.denied(ASK_AGAIN);
      return undefined;
    }
    this.#isAsking = true;
    const answered = asked.then((reply) => {
      this.#isAsking = false;
      if (reply === undefined) this.#lessee.denied(ASK_AGAIN);
      else this.#answered(reply, nonce, sentAt + length, keptFor);
    });
    if (!this.asksFromAfar) return this.#host.atMost(answered);
    answered.catch(report);
    return undefined;
  }

  #answered(reply: RoundReply, nonce: string, until: number, keptFor: number): void {
    const { isGranted, epoch, ms } = reply;
    this.#nonce = undefined;
    this.#host.hear(this.#lessee.name, reply);
    if (!isGranted) {
      this.#lessee.denied(ms);
      return;
    }
    this.#atHand = { nonce, epoch, until, keptUntil: Math.min(this.#host.now() + keptFor, until) };
    if (this.#lessee.isGated) this.#host.arm();
    else this.giveBack();
  }

  take(): void {
    this.#inFlight.push(this.#atHand);
    this.#atHand = undefined;
  }

  settle(index: number, kind: OutcomeKind): void {
    const [lease] = this.#inFlight.splice(index, 1);
    const ending = ENDINGS[kind];
    if (lease !== undefined) this.#report(lease, ending);
    this.#lessee.ended(ending);
  }

  /** Gives back what is at hand. */
  giveBack(): void {
    const lease = this.#atHand;
    this.#atHand = undefined;
    if (lease !== undefined) this.#report(lease, 'nothing');
  }

  /** The stay is over: what is in flight decides nothing any more. */
  giveUp(): void {
    this.giveBack();
    for (const lease of this.#inFlight.splice(0)) if (lease !== undefined) this.#report(lease, 'nothing');
  }

  /** Those of other epochs are worth nothing. */
  forgetAllBut(epoch: number | undefined): void {
    if (this.#atHand?.epoch !== epoch) this.#atHand = undefined;
    for (const [index, lease] of this.#inFlight.entries())
      if (lease?.epoch !== epoch) this.#inFlight[index] = undefined;
  }

  /** The gate is off: the machine tells nothing more of what is in flight. */
  clear(): void {
    this.#atHand = undefined;
    this.#nonce = undefined;
    this.#inFlight.length = 0;
  }

  #report({ nonce, epoch, until }: Lease, ending: ProbeEnding): void {
    const { name, openFor } = this.#lessee;
    if (this.#host.now() < until) this.#host.report({ name, nonce, epoch, ending, openFor, until });
  }
}
