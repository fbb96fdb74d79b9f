/** What a detector learns besides failure rates: how many calls there are, and how long it has looked. */

/** Calls that teach between two looks at the clock, and the time that must have passed as well, in ms. */
const LOOK_EVERY = 512;
const LEAST_LOOK = 10_000;

/** Milliseconds in which the highest rate of calls is forgotten by half, and after which excursions are. */
const RATE_HALF_LIFE = 4 * 3_600_000;
const MEMORY = 2 * 86_400_000;

/** How much the rate has to move before thresholds follow, as a share of it. */
const STEP = 0.3;

const DAY = 86_400_000;

export class Learning {
  /** Calls a second that are expected: the highest of late. */
  rate: number;
  /** Milliseconds over which excursions were counted. */
  span = 0;
  readonly #isFixed: boolean;
  #designedFor: number;
  #lookedAt: number;
  #settled = 0;
  #taught = 0;

  constructor(rate: number | undefined, first: number, now: number) {
    this.rate = rate ?? first;
    this.#isFixed = rate !== undefined;
    this.#designedFor = this.rate;
    this.#lookedAt = now;
  }

  /** A call has settled; answers whether it is time to look at the clock. */
  count(teaches: boolean): boolean {
    this.#settled++;
    if (!teaches || ++this.#taught < LOOK_EVERY) return false;
    this.#taught = 0;
    return true;
  }

  /** Takes in the time; answers whether enough has passed to learn from. */
  look(now: number): boolean {
    const passed = now - this.#lookedAt;
    if (passed < LEAST_LOOK) {
      if (passed < 0) this.#lookedAt = now; // the clock has begun anew
      return false;
    }
    if (Number.isNaN(passed)) return false;
    const seen = (this.#settled / passed) * 1_000;
    if (!this.#isFixed) this.rate = Math.max(seen, this.rate * 2 ** (-passed / RATE_HALF_LIFE));
    this.span += passed;
    this.#lookedAt = now;
    this.#settled = 0;
    return true;
  }

  /** Whether half of the excursions are to be forgotten; the time they came in goes with them. */
  forgets(): boolean {
    if (this.span < MEMORY) return false;
    this.span /= 2;
    return true;
  }

  /** Calls a day that thresholds go by: they follow when the rate has moved. */
  get callsADay(): number {
    if (Math.abs(this.rate - this.#designedFor) > STEP * this.#designedFor) this.#designedFor = this.rate;
    return this.#designedFor * 86_400;
  }

  /** Takes over what another process has learned. */
  restore(rate: number, span: number): void {
    if (!this.#isFixed && rate > 0) this.rate = rate;
    this.span = span;
  }

  get days(): number {
    return this.span / DAY;
  }
}
