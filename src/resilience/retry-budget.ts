/**
 * What retries are paid with. Successes pay in, so that retries are a share of what works: during an outage, when nothing
 * does, they stop. Counted in whole millionths of a token, so that no sum of shares is ever more than its parts.
 */
import { readClock } from '../core/reading.js';
import {
  type Check,
  guardRead,
  numberFrom,
  type Rules,
  ratio,
  readOptions,
  refuse,
  type Subject,
  verify,
} from '../core/validate.js';
import type { Clock } from '../index.js';
import { clockCheck } from './clock-check.js';

/** What a {@link RetryBudget} is made with. */
export interface RetryBudgetOptions {
  /** What a success pays in, from 0 to 1 token. @default 0.2 */
  ratio?: number | undefined;
  /** Tokens beyond which nothing is saved up, 1 to 1,000,000. @default 100 */
  capacity?: number | undefined;
  /** Tokens at the start, 0 to `capacity`. @default 10, or the capacity if that is less */
  initial?: number | undefined;
  /** Tokens that time pays in each second, 0 to 1,000,000, so that a quiet client may retry. @default 0.1 */
  perSecond?: number | undefined;
  /** Where the time is read. @default systemClock */
  clock?: Clock | undefined;
}

/** Millionths. */
const TOKEN = 1_000_000;
const MOST = 1_000_000;

const tokens = (least: number): Check => {
  const inRange = numberFrom(least);
  return (value) =>
    inRange(value) === undefined && (value as number) <= MOST
      ? undefined
      : `a number from ${least} to ${MOST.toLocaleString('en')}`;
};

const BUDGET_RULES: Rules & Record<keyof RetryBudgetOptions, Check> = /* @__PURE__ */ (() => ({
  ratio,
  capacity: tokens(1),
  initial: tokens(0),
  perSecond: tokens(0),
  clock: clockCheck,
}))();

/** Never more than was given, but for what a product of fractions adds. */
const inMillionths = (given: number): number => Math.floor(given * TOKEN + 1e-6);

const CREATE = { breaker: '', action: 'create retry budget' };

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function readBudget(options: unknown, subject: Subject, path = ''): RetryBudgetOptions {
  const { clock: _, ...rules } = BUDGET_RULES;
  const of = path === '' ? BUDGET_RULES : rules; // inside of a Resilience the clock is the breaker's
  const given: RetryBudgetOptions = guardRead(subject, 'options', () =>
    readOptions(options, of, subject, path),
  );
  const { capacity = 100, initial } = given;
  verify(subject, `${path}initial`, initial, (value) =>
    value === undefined || value <= capacity ? undefined : `at most the capacity, ${capacity}`,
  );
  return given;
}

/**
 * Bounds the retries and hedges to a dependency: to `initial + ratio × successes + perSecond × seconds`.
 *
 * @example
 * ```ts
 * import { RetryBudget } from 'recloser/resilience';
 *
 * const budget = new RetryBudget({ initial: 1, perSecond: 0 });
 * console.log(budget.tryWithdraw(), budget.tryWithdraw()); // → true false
 * budget.deposit(5);
 * console.log(budget.tryWithdraw()); // → true
 * ```
 */
export class RetryBudget {
  readonly #clock: Clock;
  #share = 0;
  /** Millionths that a millisecond pays in. */
  #rate = 0;
  #capacity = 0;
  #saved = 0;
  /** The time up to which time has paid in. */
  #paidAt: number;

  /** @throws InvalidOptionsError for an unknown option or a value out of range */
  constructor(options: RetryBudgetOptions = {}) {
    const { clock, capacity = 100, initial = Math.min(10, capacity), ...rates } = readBudget(options, CREATE);
    this.#clock = readClock(clock, CREATE);
    this.#paidAt = this.#clock.now();
    this.#set(capacity, rates.ratio ?? 0.2, rates.perSecond ?? 0.1);
    this.#saved = inMillionths(initial);
  }

  /** Tokens that there are; what time has paid in since one was asked for counts where it makes a whole one. */
  get available(): number {
    const all = this.#saved + this.#paidIn(this.#clock.now());
    return Math.max(this.#saved, all - (all % TOKEN)) / TOKEN;
  }

  /** Tokens that there may be at most. */
  get capacity(): number {
    return this.#capacity / TOKEN;
  }

  /** Takes a token for a retry, if there is one. */
  tryWithdraw(): boolean {
    const now = this.#clock.now();
    const paid = this.#paidIn(now);
    if (paid > 0 || this.#saved >= this.#capacity) {
      this.#saved += paid;
      this.#paidAt = now;
    }
    if (this.#saved < TOKEN) return false;
    this.#saved -= TOKEN;
    return true;
  }

  /** Pays in for attempts that succeeded. */
  deposit(successes = 1): void {
    if (successes > 0) this.#saved = Math.min(this.#saved + successes * this.#share, this.#capacity);
  }

  /** Gives a token back whose retry did not take place. */
  refund(): void {
    this.#saved = Math.min(this.#saved + TOKEN, this.#capacity);
  }

  /**
   * Changes options while it is in use, all but the clock; what is saved stays, up to the new capacity.
   *
   * @throws InvalidOptionsError for an unknown option or a value out of range
   */
  update(options: Omit<RetryBudgetOptions, 'clock' | 'initial'>): void {
    const subject = { breaker: '', action: 'update retry budget' };
    const given = readBudget(options, subject);
    if (given.initial !== undefined || given.clock !== undefined)
      refuse(subject, 'initial', '`initial` and `clock` are given when the budget is made');
    const now = this.#clock.now();
    this.#saved += this.#paidIn(now);
    this.#paidAt = now;
    this.#set(
      given.capacity ?? this.capacity,
      given.ratio ?? this.#share / TOKEN,
      given.perSecond ?? (this.#rate * 1_000) / TOKEN,
    );
    this.#saved = Math.min(this.#saved, this.#capacity);
  }

  #set(capacity: number, ratio: number, perSecond: number): void {
    this.#capacity = inMillionths(capacity);
    this.#share = inMillionths(ratio);
    this.#rate = (perSecond * TOKEN) / 1_000;
  }

  /** What time has paid in since it last did, as far as there is room. */
  #paidIn(now: number): number {
    const passed = now - this.#paidAt;
    if (!(passed > 0)) return 0;
    return Math.min(Math.floor(passed * this.#rate), Math.max(this.#capacity - this.#saved, 0));
  }
}
