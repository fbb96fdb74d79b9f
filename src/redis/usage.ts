/**
 * Who has used a breaker lately. It is read with the polls, of a few breakers, so that calls cost nothing: where there are
 * many, one is looked at from the first vote on.
 */
import type { ShareableBreaker } from './target.js';

/** Breakers up to which all are looked at with each poll. */
const FEW = 64;

export class Usage {
  readonly #idleAfter: number;
  readonly #seen = new Map<string, { calls: number; at: number }>();

  constructor(idleAfter: number) {
    this.#idleAfter = idleAfter;
  }

  /** Looks at the first few. */
  look(breakers: Iterable<ShareableBreaker>, now: number): void {
    let left = FEW;
    for (const breaker of breakers) {
      if (left-- === 0) return;
      this.#lookAt(breaker, now);
    }
  }

  /** Whether nobody has called, for a while. */
  isIdle(breaker: ShareableBreaker, now: number): boolean {
    return now - this.#lookAt(breaker, now) >= this.#idleAfter;
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }

  /** When it was used last, as far as is known. */
  #lookAt(breaker: ShareableBreaker, now: number): number {
    const { totals } = breaker.metrics;
    const calls = totals.calls + totals.rejected;
    const before = this.#seen.get(breaker.name);
    if (before !== undefined && before.calls === calls) return before.at;
    const at = before === undefined && calls === 0 ? Number.NEGATIVE_INFINITY : now;
    this.#seen.set(breaker.name, { calls, at });
    return at;
  }
}
