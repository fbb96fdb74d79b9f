/** When a second request is sent beside a slow one. */

import {
  type Check,
  duration,
  either,
  MAX_TIMER_DELAY,
  object,
  positiveInteger,
  type Rules,
  type Subject,
  verify,
} from '../core/validate.js';
import { readRequired } from './required.js';

/** A delay that follows how long answers take. */
export interface HedgeQuantile {
  /** The share of answers that are sooner, 0.5 to 0.999. @default 0.95 */
  quantile?: number | undefined;
  /** Milliseconds until enough is known, 0 to 2,147,483,647. */
  initial: number;
  /** The shortest delay, in ms. @default 1 */
  min?: number | undefined;
  /** The longest delay, in ms. */
  max?: number | undefined;
  /** Answers that make enough, at least 1. @default 20 */
  minimumCalls?: number | undefined;
}

/** A second request beside a slow one: for tasks alone that may run twice. */
export interface HedgeOptions {
  /** Milliseconds after which a hedge is sent, or what they are worked out of. */
  delay: number | HedgeQuantile;
  /** Hedges beside one attempt, 1 to 10. @default 1 */
  maxHedges?: number | undefined;
}

const ms = /* @__PURE__ */ duration(0, MAX_TIMER_DELAY);

const RULES: Rules & Record<keyof HedgeOptions, Check> = /* @__PURE__ */ (() => ({
  delay: either(ms, object),
  maxHedges: positiveInteger(10),
}))();

const QUANTILE_RULES: Rules & Record<keyof HedgeQuantile, Check> = /* @__PURE__ */ (() => ({
  quantile: (value: unknown) =>
    typeof value === 'number' && value >= 0.5 && value <= 0.999 ? undefined : 'a number from 0.5 to 0.999',
  initial: ms,
  min: ms,
  max: ms,
  minimumCalls: positiveInteger(),
}))();

/**
 * What the option `hedge` may be, copied.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 */
export function readHedge(value: unknown, subject: Subject): HedgeOptions {
  const given = readRequired<HedgeOptions>('delay', value, RULES, subject, 'hedge.');
  if (typeof given.delay !== 'object') return given;
  const delay = readRequired<HedgeQuantile>('initial', given.delay, QUANTILE_RULES, subject, 'hedge.delay.');
  const { min = 1, max } = delay;
  verify(subject, 'hedge.delay.max', max, (it) =>
    it === undefined || it >= min ? undefined : `at least \`min\`, ${min}`,
  );
  return { ...given, delay };
}

/** Answers whose times are remembered. */
const REMEMBERED = 256;

/** How long answers take: the last ones, of which a quantile is worked out at most once for each 16 answers. */
export class AnswerTimes {
  readonly #times = new Float64Array(REMEMBERED);
  #count = 0;
  #known = new Map<number, number>();
  #knownAt = 0;

  add(duration: number): void {
    this.#times[this.#count++ % REMEMBERED] = duration;
  }

  /** The delay of a hedge, in milliseconds. */
  delay(delay: number | HedgeQuantile): number {
    if (typeof delay === 'number') return delay;
    const { quantile = 0.95, initial, min = 1, max = MAX_TIMER_DELAY, minimumCalls = 20 } = delay;
    if (this.#count < Math.min(minimumCalls, REMEMBERED)) return initial;
    return Math.min(Math.max(this.#quantile(quantile), min), max);
  }

  #quantile(quantile: number): number {
    if (this.#count - this.#knownAt >= 16 || this.#knownAt === 0) {
      this.#known.clear();
      this.#knownAt = this.#count;
    }
    let value = this.#known.get(quantile);
    if (value === undefined) {
      const sorted = this.#times.slice(0, Math.min(this.#count, REMEMBERED)).sort();
      value = sorted[Math.min(Math.ceil(quantile * sorted.length), sorted.length) - 1] as number;
      this.#known.set(quantile, value);
    }
    return value;
  }
}
