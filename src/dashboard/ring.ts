/**
 * What has become of a breaker's calls in the last five minutes: counts in 60 buckets of 5 seconds, the response times
 * of each in 16 powers of two, and finer counts of the last 5 seconds, for rates that slide. All of it is one block of
 * memory of fixed size. It reads no clock; its times are wall-clock ms, so that all breakers share the buckets.
 */

/** What a call came to: answered in time, failed, answered slowly, refused. */
export type CallKind = 0 | 1 | 2 | 3;
export const OK = 0;
export const FAILED = 1;
export const SLOW = 2;
export const REFUSED = 3;

export const BUCKETS = 60;
export const WIDTH = 5_000;
const KINDS = 4;
const HEATS = 16;

/** The last 5 seconds in steps of half a second; the oldest one counts by the share of it that is left. */
const STEP = 500;
const STEPS = WIDTH / STEP + 1;
const RATES = 3;

const COUNTS_SIZE = BUCKETS * KINDS;
const RECENT_SIZE = STEPS * RATES;
const HEAT_AT = 4 * (COUNTS_SIZE + RECENT_SIZE);
const BYTES = HEAT_AT + 2 * BUCKETS * HEATS;
const MOST = 2 ** 16 - 1;

/** The bucket of a wall-clock time. */
export const bucketAt = (time: number): number => Math.floor(time / WIDTH);

/** Calls within a second, over the last five. */
export interface Rates {
  readonly ok: number;
  readonly failed: number;
  readonly rejected: number;
}

export class CallRing {
  readonly #counts: Uint32Array;
  readonly #recent: Uint32Array;
  readonly #heat: Uint16Array;
  /** The number of the newest bucket, and of the newest step. */
  #bucket: number;
  #step: number;

  constructor(time: number) {
    const memory = new ArrayBuffer(BYTES);
    this.#counts = new Uint32Array(memory, 0, COUNTS_SIZE);
    this.#recent = new Uint32Array(memory, 4 * COUNTS_SIZE, RECENT_SIZE);
    this.#heat = new Uint16Array(memory, HEAT_AT);
    this.#step = Math.floor(time / STEP);
    this.#bucket = bucketAt(time);
  }

  /** @param duration in ms; `NaN` for a call that was not timed */
  record(kind: CallKind, duration: number, time: number): void {
    const step = Math.floor(time / STEP);
    if (step > this.#step) this.#advance(step);
    const column = this.#bucket % BUCKETS;
    const count = column * KINDS + kind;
    this.#counts[count] = (this.#counts[count] as number) + 1;
    const recent = (this.#step % STEPS) * RATES + (kind === SLOW ? OK : kind === REFUSED ? 2 : kind);
    this.#recent[recent] = (this.#recent[recent] as number) + 1;
    if (kind === REFUSED || !(duration >= 0)) return;
    const heat = column * HEATS + heatOf(duration);
    const known = this.#heat[heat] as number;
    if (known < MOST) this.#heat[heat] = known + 1;
  }

  rates(time: number): Rates {
    const step = this.#at(time);
    const left = 1 - Math.min(Math.max(time / STEP - step, 0), 1);
    const sums = [0, 0, 0];
    for (let age = 0; age < STEPS; age++) {
      const weight = age === STEPS - 1 ? left : 1;
      const at = ((step - age + STEPS) % STEPS) * RATES;
      for (let rate = 0; rate < RATES; rate++)
        sums[rate] = (sums[rate] as number) + weight * (this.#recent[at + rate] as number);
    }
    const [ok, failed, rejected] = sums.map((sum) => Math.round((sum * 10_000) / WIDTH) / 10);
    return { ok, failed, rejected } as Rates;
  }

  /** The number of the newest bucket. */
  newest(time: number): number {
    this.#at(time);
    return this.#bucket;
  }

  /** `[ok, failed, slow, refused]` of a bucket by its number. */
  bucket(number: number): number[] {
    const at = (number % BUCKETS) * KINDS;
    return Array.from(this.#counts.subarray(at, at + KINDS));
  }

  /** 60 × [ok, failed, slow, refused], flat, the oldest first. */
  spark(time: number): number[] {
    this.#at(time);
    return this.#flat(this.#counts, KINDS);
  }

  /** 60 × 16 counts of response times, flat, the oldest first; the powers of two end at 1 ms, 2 ms … 32.8 s. */
  heat(time: number): number[] {
    this.#at(time);
    return this.#flat(this.#heat, HEATS);
  }

  #at(time: number): number {
    const step = Math.floor(time / STEP);
    if (step > this.#step) this.#advance(step);
    return this.#step;
  }

  /** Empties what comes round again, at most once: idle for a second or a year costs the same. */
  #advance(step: number): void {
    const bucket = Math.floor((step * STEP) / WIDTH);
    for (let i = Math.max(this.#step + 1, step - STEPS + 1); i <= step; i++)
      this.#recent.fill(0, (i % STEPS) * RATES, (i % STEPS) * RATES + RATES);
    for (let i = Math.max(this.#bucket + 1, bucket - BUCKETS + 1); i <= bucket; i++) {
      const column = i % BUCKETS;
      this.#counts.fill(0, column * KINDS, (column + 1) * KINDS);
      this.#heat.fill(0, column * HEATS, (column + 1) * HEATS);
    }
    this.#step = step;
    this.#bucket = bucket;
  }

  #flat(from: Uint32Array | Uint16Array, size: number): number[] {
    const oldest = ((this.#bucket + 1) % BUCKETS) * size;
    return [...from.subarray(oldest), ...from.subarray(0, oldest)];
  }
}

/** Which power of two holds a duration: 0 up to 1 ms, 1 up to 2 ms, and so on; the last one also what is longer. */
function heatOf(duration: number): number {
  const whole = Math.ceil(Math.min(duration, 2 ** 15));
  return whole <= 1 ? 0 : Math.min(32 - Math.clz32(whole - 1), HEATS - 1);
}

/** A spark of a breaker that was never called. */
export const noSpark = (): number[] => Array(COUNTS_SIZE).fill(0);
export const noHeat = (): number[] => Array(BUCKETS * HEATS).fill(0);
