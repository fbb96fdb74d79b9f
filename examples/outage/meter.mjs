/**
 * What the callers of a client see: how many there are, how their calls end, and how long they wait. Times are
 * milliseconds.
 */
export class Meter {
  calls = 0;
  ok = 0;
  failed = 0;
  /** What all callers waited together. */
  waited = 0;
  longestWait = 0;
  /** @type {number[]} */
  #latestWaits = [];
  #growth = growthOf(() => ({ calls: this.calls, ok: this.ok, failed: this.failed }));

  /**
   * Makes a call and measures it; its result and its error end here.
   *
   * @param {() => Promise<unknown>} call
   */
  async measure(call) {
    const startedAt = performance.now();
    this.calls++;
    try {
      await call();
      this.ok++;
    } catch {
      this.failed++;
    }
    const wait = performance.now() - startedAt;
    this.waited += wait;
    this.longestWait = Math.max(this.longestWait, wait);
    this.#latestWaits.push(wait);
  }

  /** The figures since the last lap, and how many callers are waiting now. */
  takeLap() {
    const waiting = this.calls - this.ok - this.failed;
    return { ...this.#growth(), waiting, waits: this.#latestWaits.splice(0) };
  }
}

/**
 * How much each of some counters has grown since they were last asked for.
 *
 * @template {string} Name
 * @param {() => Record<Name, number>} read
 * @returns {() => Record<Name, number>}
 */
export function growthOf(read) {
  let before = read();
  return () => {
    const after = read();
    const growth = { ...after };
    for (const name in growth) growth[name] -= before[name];
    before = after;
    return growth;
  };
}

/**
 * The nearest rank: the smallest of the values that at least this share of them does not exceed.
 *
 * @param {readonly number[]} values
 * @param {number} share from 0 to 1
 * @returns {number | undefined} `undefined` where there are no values
 */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(share * sorted.length), 1) - 1];
}
