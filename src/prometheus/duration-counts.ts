/** How many durations were within which bounds. */
export class DurationCounts {
  /** One count for each bound, of those that are within it and not within the one before. */
  readonly within: number[];
  /** Durations in all, those beyond the last bound among them. */
  count = 0;
  /** What they come to together. */
  seconds = 0;
  readonly #bounds: readonly number[];

  /** @param bounds upper bounds in seconds, in increasing order */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.within = bounds.map(() => 0);
  }

  /** A duration is `NaN` for a call that began before anybody listened, and negative where a clock went back. */
  add(milliseconds: number): void {
    if (!(milliseconds >= 0)) return;
    const seconds = milliseconds / 1_000;
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] as number)) index++;
    if (index < bounds.length) this.within[index] = (this.within[index] as number) + 1;
    this.count++;
    this.seconds += seconds;
  }
}
