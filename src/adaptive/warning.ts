import { Evidence } from './evidence.js';
import type { Line } from './lines.js';
import { MOST_STEPS, thresholdFor } from './threshold.js';

/** The share of a line's rate that it takes for normal, at least and at most. */
const LOWEST = 0.4;
const HIGHEST = 0.7;

/** A lower line that opens nothing: it tells ahead that more fails than usual. */
export class Warning {
  isDegraded = false;
  readonly #evidence: Evidence;
  /** Calls of the present excursion, and those that failed. */
  #calls = 0;
  #failures = 0;

  constructor(line: Line) {
    this.#evidence = new Evidence(line);
  }

  /** @param normal the failure rate that is usual, as far as it is known */
  design(normal: number, callsADay: number, alarmsADay: number): void {
    const { line } = this.#evidence;
    const usual = Math.min(Math.max(normal, Math.min(0.1, LOWEST * line.rate)), HIGHEST * line.rate);
    const exact = Math.min(thresholdFor(line, usual, callsADay / alarmsADay), MOST_STEPS);
    this.#evidence.threshold = Math.max(exact, line.up + 1);
  }

  /** Takes in a result; answers what is to be told. */
  record(failed: boolean, startedAt: number): 'degraded' | 'well' | undefined {
    const evidence = this.#evidence;
    if (!failed && evidence.value === 0 && !this.isDegraded) return undefined;
    if (evidence.value === 0) {
      this.#calls = 0;
      this.#failures = 0;
    }
    this.#calls++;
    if (failed) {
      this.#failures++;
      evidence.fail(startedAt);
    } else evidence.succeed();
    if (!this.isDegraded && evidence.value >= evidence.threshold) {
      this.isDegraded = true;
      return 'degraded';
    }
    if (!this.isDegraded || evidence.value > 0) return undefined;
    this.isDegraded = false;
    return 'well';
  }

  /** The failure rate since it began. */
  get rate(): number {
    return this.#failures / Math.max(this.#calls, 1);
  }

  /** A new stay: nothing has failed in it. Whoever was told of it is told that it is well by the first success. */
  clear(): void {
    this.#evidence.clear();
  }
}
