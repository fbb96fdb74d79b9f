/** How leased probes ended, until Redis has heard it or the leases have lapsed: it counts once, however often it is told. */
import type { ProbeReport } from './host.js';
import type { RoundReply } from './record.js';

/** Reports that are kept. */
const MOST_REPORTS = 64;

/** Tells one; `undefined` where too much is unanswered, a promise of `undefined` where it failed. */
export type Tell = (report: ProbeReport) => Promise<RoundReply | undefined> | undefined;

export class Reports {
  readonly #tell: Tell;
  readonly #heard: (name: string, reply: RoundReply) => void;
  /** With the telling of those that are on their way. */
  readonly #kept = new Map<ProbeReport, Promise<unknown> | undefined>();

  constructor(tell: Tell, heard: (name: string, reply: RoundReply) => void) {
    this.#tell = tell;
    this.#heard = heard;
  }

  /** Tells one, now and until it is heard. */
  add(report: ProbeReport): Promise<void> {
    this.#kept.set(report, undefined);
    if (this.#kept.size > MOST_REPORTS) this.#kept.delete(this.#kept.keys().next().value as ProbeReport);
    return this.#send(report);
  }

  /** Tells once more what has not been heard. */
  resend(now: number): void {
    for (const [report, telling] of this.#kept) {
      if (now >= report.until) this.#kept.delete(report);
      else if (telling === undefined) void this.#send(report);
    }
  }

  async #send(report: ProbeReport): Promise<void> {
    const telling = this.#tell(report);
    if (telling === undefined) return;
    this.#kept.set(report, telling);
    const reply = await telling;
    if (reply === undefined) {
      if (this.#kept.has(report)) this.#kept.set(report, undefined);
      return;
    }
    this.#kept.delete(report);
    this.#heard(report.name, reply);
  }

  /** What is on its way of a breaker: until it has arrived, a place is taken that is free. */
  underWay(name: string): Promise<unknown> | undefined {
    const telling = [...this.#kept].flatMap(([report, promise]) =>
      report.name === name && promise !== undefined ? [promise] : [],
    );
    return telling.length === 0 ? undefined : Promise.all(telling);
  }

  clear(): void {
    this.#kept.clear();
  }
}
