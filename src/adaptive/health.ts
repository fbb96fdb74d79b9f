import { report } from '../core/report.js';
import { describe } from '../core/validate.js';
import type { Evidence } from './evidence.js';

/** The user's own health checks: a bad one halves the evidence that it takes. */
export class Health {
  readonly #ask: (breaker: string) => unknown;
  readonly #breaker: string;
  #latest = 1;
  #isReported = false;

  constructor(ask: (breaker: string) => unknown, breaker: string) {
    this.#ask = ask;
    this.#breaker = breaker;
  }

  /** Asks for the latest check; what is no answer is as if absent, and told once in a stay. */
  ask(): void {
    this.#latest = 1;
    try {
      const answer = this.#ask(this.#breaker);
      if (typeof answer === 'number' && answer >= 0 && answer <= 1) this.#latest = answer;
      else throw new TypeError(`\`health\` must return a number from 0 to 1, received ${describe(answer)}`);
    } catch (error) {
      if (!this.#isReported) report(error);
      this.#isReported = true;
    }
  }

  /** A new stay: nobody has been asked. */
  clear(): void {
    this.#latest = 1;
    this.#isReported = false;
  }

  /** The evidence that it takes. */
  limitOf({ threshold, line }: Evidence): number {
    const share = 0.5 + 0.5 * this.#latest;
    return Math.min(threshold, Math.max(Math.ceil(threshold * share), 2 * line.up + 1));
  }
}
