import type { Window, WindowSnapshot } from './window.js';

const FAILED = 1;
const SLOW = 2;
const EITHER = FAILED | SLOW;

/** Calls in one number of the ring, two bits each: what every engine keeps as a small integer. */
const IN_A_NUMBER = 15;

/**
 * The last `size` calls: a ring of bits with running totals. Time means nothing to it.
 * A place that was never written reads as a success, so eviction needs no special case.
 */
export class CountWindow implements Window {
  calls = 0;
  failures = 0;
  slowCalls = 0;
  readonly #size: number;
  /**
   * None while no call has failed or been slow: most breakers never need one. An array: a typed one weighs four times as
   * much, as small as most windows are.
   */
  #ring: number[] | undefined;
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  record(failed: boolean, slow: boolean): void {
    const entry = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    const place = this.#next;
    if (entry !== 0 || this.#ring !== undefined) this.#write(place, entry);
    this.#next = place + 1 === this.#size ? 0 : place + 1;
    if (this.calls < this.#size) this.calls++;
  }

  #write(place: number, entry: number): void {
    this.#ring ??= new Array<number>(Math.ceil(this.#size / IN_A_NUMBER)).fill(0);
    const index = (place / IN_A_NUMBER) | 0;
    const shift = (place % IN_A_NUMBER) << 1;
    const written = this.#ring[index] as number;
    const evicted = (written >> shift) & EITHER;
    if (entry !== evicted) this.#ring[index] = written ^ ((entry ^ evicted) << shift);
    this.failures += (entry & FAILED) - (evicted & FAILED);
    this.slowCalls += ((entry & SLOW) - (evicted & SLOW)) >> 1;
  }

  advance(): void {}

  clear(): void {
    this.calls = this.failures = this.slowCalls = this.#next = 0;
    this.#ring = undefined;
  }

  snapshot(): WindowSnapshot {
    const oldest = this.calls < this.#size ? 0 : this.#next;
    const outcomes = new Uint8Array(this.calls).map((_, age) => this.#read((oldest + age) % this.#size));
    return { type: 'count', size: this.#size, outcomes: outcomes.join('') };
  }

  restore(snapshot: WindowSnapshot & { type: 'count' }): void {
    this.clear();
    for (const digit of snapshot.outcomes) {
      const entry = Number(digit);
      this.record((entry & FAILED) !== 0, (entry & SLOW) !== 0);
    }
  }

  #read(place: number): number {
    const written = this.#ring?.[(place / IN_A_NUMBER) | 0] ?? 0;
    return (written >> ((place % IN_A_NUMBER) << 1)) & EITHER;
  }
}
