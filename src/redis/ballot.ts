import type { Entry } from './entry.js';
import type { ShareableBreaker } from './target.js';

/** The vote of a breaker: what it has seen itself, what it says of that, and what Redis may have of it. */
export class Ballot {
  readonly #breaker: ShareableBreaker;
  /** The epoch in which the circuit opened by its own evidence, while that may count. */
  #evidence: number | undefined;
  #sent: number | undefined;
  /** Whether Redis may have our vote. */
  #mayHaveVoted = false;

  constructor(breaker: ShareableBreaker) {
    this.#breaker = breaker;
  }

  get isVoting(): boolean {
    const { mode, state } = this.#breaker;
    return this.#evidence !== undefined && mode === 'active' && state !== 'CLOSED';
  }

  /** Whether there is a vote that has not gone out yet. */
  get hasNews(): boolean {
    return this.isVoting && this.#sent !== this.#evidence;
  }

  /** Whether there is nothing to know of it. */
  get isIdle(): boolean {
    return this.#evidence === undefined && !this.#mayHaveVoted;
  }

  /** The circuit has opened by its own evidence, in this epoch. */
  cast(epoch: number): void {
    this.#evidence = epoch;
  }

  /** It is another epoch, or none that counts: evidence of others is worth nothing. */
  keepOnly(epoch: number | undefined): void {
    if (this.#evidence !== epoch) this.#evidence = undefined;
  }

  /** The circuit has closed. */
  clear(): void {
    this.#evidence = undefined;
    this.#sent = undefined;
  }

  /** What is to be said with a poll. */
  entry(openFor: number): Entry | undefined {
    const { name, options } = this.#breaker;
    if (this.isVoting) {
      const terms = [openFor, options.halfOpenMaxCalls, options.successThreshold] as const;
      return { name, op: '+', epoch: this.#evidence as number, terms };
    }
    return this.#mayHaveVoted ? { name, op: '-', epoch: 0 } : undefined;
  }

  /** The vote goes out, and may arrive though no answer comes. */
  sends({ op, epoch }: Entry): void {
    if (op !== '+') return;
    this.#mayHaveVoted = true;
    this.#sent = epoch;
  }

  /** What went out has arrived. */
  hasSent({ op }: Entry): void {
    if (op === '-' && !this.isVoting) this.#mayHaveVoted = false;
  }
}
