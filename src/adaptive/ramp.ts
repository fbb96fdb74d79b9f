import { Evidence } from './evidence.js';
import type { Line } from './lines.js';

/** The share of the calls that passes at first. */
const FIRST = 0.1;

/** Evidence of the ramp's own line by which the share is cut, and to what part. */
const CUT_AT = 16;
const CUT = 0.8;

/** The share at which a trip of the main lines opens, and what must be gained between two of them. */
const LEAST = 0.05;
const GAIN = 0.1;

/** Where it climbs more slowly: around the share at which it was cut. */
const FROM = 0.85;
const TO = 1.2;
const SLOWER = 4;

/** After a close: from a share of the calls to all of them, and back where the dependency cannot bear so many. */
export class Ramp {
  share = FIRST;
  /** The reading when the circuit closed. */
  readonly since: number;
  readonly #duration: number;
  readonly #evidence: Evidence;
  #credit = 1 - FIRST;
  #climbedAt: number;
  #ceiling = 0;
  /** Results of calls that started by then count no more: for the ramp's own line, and for the main ones. */
  #cutAt: number;
  clearedAt = Number.NEGATIVE_INFINITY;
  #halvedTo = Number.NaN;

  constructor(now: number, duration: number, line: Line) {
    this.since = now;
    this.#duration = duration;
    this.#climbedAt = now;
    this.#cutAt = Number.NEGATIVE_INFINITY;
    this.#evidence = new Evidence(line);
    this.#evidence.threshold = CUT_AT;
  }

  get isOver(): boolean {
    return this.share >= 1;
  }

  /** Climbs to the present, and spends the credit of one call if there is one. */
  admits(now: number): boolean {
    this.#climb(now - this.#climbedAt);
    this.#climbedAt = now;
    this.#credit = Math.min(this.#credit + this.share, 2);
    if (this.#credit < 1 - 1e-9) return false;
    this.#credit -= 1;
    return true;
  }

  #climb(ms: number): void {
    let left = ms > 0 ? (ms * (1 - FIRST)) / this.#duration : 0;
    const below = Math.min(left, Math.max(FROM * this.#ceiling - this.share, 0));
    this.share += below;
    left -= below;
    const around = Math.min(left / SLOWER, Math.max(TO * this.#ceiling - this.share, 0));
    this.share += around;
    left -= around * SLOWER;
    this.share = Math.min(this.share + left, 1);
  }

  /** Takes in a result; so many failures cut the share, once for each round trip. */
  record(failed: boolean, startedAt: number, now: number): void {
    if (startedAt <= this.#cutAt) return;
    if (!failed) this.#evidence.succeed();
    else this.#evidence.fail(startedAt);
    if (this.#evidence.value < CUT_AT) return;
    this.#evidence.clear();
    this.#ceiling = this.share;
    this.share *= CUT;
    this.#cutAt = now;
  }

  /** The main lines trip: answers whether that opens the circuit, else half of the share is left. */
  opens(now: number): boolean {
    if (this.share < this.#halvedTo + GAIN || this.share <= LEAST) return true;
    this.share /= 2;
    this.#halvedTo = this.share;
    this.#evidence.clear();
    this.#cutAt = now;
    this.clearedAt = now;
    return false;
  }
}
