import type { Window, WindowSnapshot } from './window.js';

const FAILED = 1;
const SLOW = 2;

/**
 * The last `size` calls: a ring of bytes with running totals. Time means nothing to it.
 * A slot that was never written reads as a success, so eviction needs no special case.
 */
export class CountWindow implements Window {
  calls = 0;
  failures = 0;
  slowCalls = 0;
  readonly #ring: Uint8Array;
  #next = 0;

  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  record(failed: boolean, slow: boolean): void {
    const entry = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    const evicted = this.#ring[this.#next] as number;
    this.#ring[this.#next] = entry;
    this.#next = this.#next + 1 === this.#ring.length ? 0 : this.#next + 1;
    if (this.calls < this.#ring.length) this.calls++;
    this.failures += (entry & FAILED) - (evicted & FAILED);
    this.slowCalls += ((entry & SLOW) - (evicted & SLOW)) >> 1;
  }

  advance(): void {}

  clear(): void {
    this.calls = this.failures = this.slowCalls = this.#next = 0;
    this.#ring.fill(0);
  }

  snapshot(): WindowSnapshot {
    const written = this.#ring.subarray(0, this.calls);
    const outcomes = written.subarray(this.#next).join('') + written.subarray(0, this.#next).join('');
    return { type: 'count', size: this.#ring.length, outcomes };
  }

  restore(snapshot: WindowSnapshot & { type: 'count' }): void {
    this.clear();
    for (const digit of snapshot.outcomes) {
      const entry = Number(digit);
      this.record((entry & FAILED) !== 0, (entry & SLOW) !== 0);
    }
  }
}
