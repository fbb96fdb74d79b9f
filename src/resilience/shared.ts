/** What the calls of a dependency share: made of options, compared, and changed while it is in use. */
import type { Clock } from '../index.js';
import { Bulkhead } from './bulkhead.js';
import {
  type BulkheadSetting,
  type DependencyOptions,
  isBudget,
  isBulkhead,
  isRateLimiter,
  type RateLimitSetting,
} from './options.js';
import { RateLimiter } from './rate-limiter.js';
import { RetryBudget } from './retry-budget.js';

/** What the calls of a dependency share. */
export interface Shared {
  readonly retryBudget: RetryBudget | undefined;
  readonly bulkhead: Bulkhead | undefined;
  readonly rateLimiter: RateLimiter | undefined;
  readonly countsCalls: boolean;
}

/** What is not said of a part that is made of options. */
const DEFAULTS = {
  retryBudget: { ratio: 0.2, capacity: 100, perSecond: 0.1 },
  bulkhead: { queue: 0, maxWait: 1_000 },
  rateLimit: { per: 1_000, spacing: 0, queue: 0, maxWait: 1_000 },
} as const;

type Part = keyof typeof DEFAULTS;

/** What is in force where nothing is said. */
export function defaultOf(option: string): unknown {
  const defaults: Record<string, unknown> = { retryBudget: {}, breakerCounts: 'attempts', retry: 'none' };
  return defaults[option] ?? false;
}

/** What two values of an option have in common that mean the same. */
export function keyOf(option: string, value: unknown): unknown {
  const present = value ?? defaultOf(option);
  if (typeof present !== 'object' || !isData(present)) return present; // what is handed in is itself
  return JSON.stringify({ ...DEFAULTS[option as Part], ...present }, inOrder);
}

const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' ? Object.fromEntries(Object.entries(value as object).sort()) : value;

/** Whether a value is options, and not what was made of them, or has functions. */
function isData(value: unknown): boolean {
  if (typeof value !== 'object') return typeof value !== 'function';
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value as object).every(isData);
}

/** Makes what the calls of a dependency share, with the name and the clock of its breaker. */
export function createShared(around: DependencyOptions, name: string, clock: Clock): Shared {
  return changeShared(undefined, {}, around, name, clock);
}

/** What is shared under other options: what was made of options before is changed where it is, for those who use it. */
export function changeShared(
  shared: Shared | undefined,
  before: DependencyOptions,
  around: DependencyOptions,
  name: string,
  clock: Clock,
): Shared {
  const { retryBudget = {}, bulkhead = false, rateLimit = false, breakerCounts } = around;
  const own = { name, clock };
  const part = <Made extends { update(options: object): void }, Given extends object>(
    option: Part,
    given: Given | Made | false,
    isMade: (value: object) => boolean,
    present: Made | undefined,
    create: (options: Given) => Made,
  ): Made | undefined => {
    if (given === false || isMade(given)) return (given || undefined) as Made | undefined;
    const { initial, ...options } = given as Given & { initial?: unknown };
    const isOwn = present !== undefined && before[option] !== present;
    if (!isOwn) return create(given as Given);
    if (keyOf(option, before[option]) !== keyOf(option, given))
      present.update({ ...DEFAULTS[option], ...options });
    return present;
  };
  return {
    retryBudget: part(
      'retryBudget',
      retryBudget,
      isBudget,
      shared?.retryBudget,
      (options) => new RetryBudget({ ...options, clock }),
    ),
    bulkhead: part(
      'bulkhead',
      bulkhead as BulkheadSetting | Bulkhead | false, // a number was read as its options
      isBulkhead,
      shared?.bulkhead,
      (options) => new Bulkhead({ ...(options as BulkheadSetting), ...own }),
    ),
    rateLimiter: part(
      'rateLimit',
      rateLimit,
      isRateLimiter,
      shared?.rateLimiter,
      (options) => new RateLimiter({ ...(options as RateLimitSetting), ...own }),
    ),
    countsCalls: breakerCounts === 'calls',
  };
}
