import type { EventEmitter } from 'node:events';
import { firstReading } from '../core/reading.js';
import {
  breakerSubject,
  type Check,
  duration,
  guardRead,
  hasMethods,
  list,
  object,
  orFalse,
  type Rules,
  verify,
} from '../core/validate.js';
import type { Clock } from '../index.js';
import { createLiveOptions } from './live-options.js';
import type { CacheTransport, MemoryCache } from './memory-cache.js';
import type { Stats } from './stats.js';
import type { Status, StatusOptions } from './status.js';

/** What `toJSON()` tells of the state, and what `state` takes. */
export interface State {
  name: string;
  enabled: boolean;
  closed: boolean;
  open: boolean;
  halfOpen: boolean;
  warmUp: boolean;
  shutdown: boolean;
  /** Wall-clock milliseconds of the last opening. */
  lastTimerAt: number | undefined;
}

/** Opossum's options. Times are milliseconds. Keys that are none of these are ignored. */
export interface Options<TI extends readonly unknown[] = unknown[]> extends Omit<StatusOptions, 'stats'> {
  /** After which a call fails; `false` or 0 for never. @default 10_000 */
  timeout?: number | false | undefined;
  /** From the opening to half-open. @default 30_000 */
  resetTimeout?: number | undefined;
  /** Opens above; 100 when all have failed, and never beyond. @default 50 */
  errorThresholdPercentage?: number | undefined;
  /** Settled calls of the window before the percentage is judged. @default 0 */
  volumeThreshold?: number | undefined;
  /** Calls in flight. @default Number.MAX_SAFE_INTEGER */
  capacity?: number | undefined;
  /** Truthy for an error that is no failure of the dependency. */
  // biome-ignore lint/suspicious/noExplicitAny: an error can be anything
  errorFilter?: ((error: any, ...args: any[]) => unknown) | undefined;
  /** Lets nothing open for the first `rollingCountTimeout`. @default false */
  allowWarmUp?: boolean | undefined;
  /** @default true */
  enabled?: boolean | undefined;
  /** @default the action's name, else a random one */
  name?: string | undefined;
  /** @default the name */
  group?: string | undefined;
  /** Whether results are kept and given again. @default false */
  cache?: boolean | undefined;
  /** 0 for ever. @default 0 */
  cacheTTL?: number | undefined;
  cacheSize?: number | undefined;
  /** @default JSON.stringify of the arguments */
  cacheGetKey?: ((...args: TI extends readonly [...infer A] ? A : never) => string) | undefined;
  /** @default a `MemoryCache` of its own */
  cacheTransport?: CacheTransport | undefined;
  /** Whether calls of one key that are in flight are one. @default false */
  coalesce?: boolean | undefined;
  /** 0 for ever. @default timeout */
  coalesceTTL?: number | false | undefined;
  coalesceSize?: number | undefined;
  coalesceResetOn?: readonly ('error' | 'success' | 'timeout')[] | undefined;
  /** Aborted by any timeout. */
  abortController?: AbortController | undefined;
  /** @default false */
  autoRenewAbortController?: boolean | undefined;
  /** A state to begin with, as `toJSON().state` gave it. */
  state?: Partial<State> | undefined;
  /** Numbers to begin with. */
  status?: Status | Partial<Stats> | { readonly stats: Partial<Stats> } | undefined;
  /** @deprecated told on `console.error`; use `errorThresholdPercentage` */
  maxFailures?: number | undefined;
  rotateBucketController?: EventEmitter | undefined;
  /** Where the time is read, for tests. @default systemClock */
  clock?: Clock | undefined;
}

/** The options as a breaker has them: each number checked, defaults filled in. */
export interface ReadOptions extends Options {
  timeout: number | false;
  resetTimeout: number;
  errorThresholdPercentage: number;
  volumeThreshold: number;
  rollingCountTimeout: number;
  rollingCountBuckets: number;
  capacity: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the breaker is called with
  errorFilter: (error: any, ...args: any[]) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the breaker is called with
  cacheGetKey: (...args: any[]) => string;
  cacheTTL: number;
  coalesceTTL: number | false;
  coalesceResetOn: readonly ('error' | 'success' | 'timeout')[];
  /** The calls in flight that are given to those who ask for the same. */
  coalesceCache?: MemoryCache;
}

const anyNumber =
  (least: number): Check =>
  (value) =>
    typeof value === 'number' && value >= least ? undefined : `a number of at least ${least}`;

const buckets: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000
    ? undefined
    : 'an integer from 1 to 1000, or 0 for the default';

const NUMBERS: Rules = {
  timeout: orFalse(duration()),
  resetTimeout: duration(),
  errorThresholdPercentage: anyNumber(0),
  volumeThreshold: anyNumber(0),
  rollingCountTimeout: duration(),
  rollingCountBuckets: buckets,
  capacity: anyNumber(0),
  cacheTTL: duration(),
  cacheSize: anyNumber(1),
  coalesceTTL: orFalse(duration()),
  coalesceSize: anyNumber(1),
};

const withMethods = (...names: string[]): Check => {
  const has = hasMethods(...names);
  return (value) => (has(value) ? undefined : `an object with ${names.join(', ')}`);
};

const OTHERS: Rules = {
  state: object,
  status: object,
  clock: withMethods('now'),
  rotateBucketController: withMethods('on', 'removeListener'),
  coalesceResetOn: list,
};

/** Where opossum throws a TypeError, with its words. */
function verifyHelpers({ cache, cacheTransport, abortController, ...options }: Options): void {
  if (cache && cacheTransport !== undefined && !hasMethods('get', 'set', 'flush')(cacheTransport)) {
    throw new TypeError('options.cacheTransport should be an object with `get`, `set` and `flush` methods');
  }
  if (abortController && typeof abortController.abort !== 'function') {
    throw new TypeError('AbortController does not contain `abort()` method');
  }
  for (const option of ['errorFilter', 'cacheGetKey'] as const) {
    if (options[option] && typeof options[option] !== 'function') {
      throw new TypeError(`options.${option} must be a function, received ${typeof options[option]}`);
    }
  }
}

/** What comes from the environment is a string. */
function toNumber(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
}

/**
 * A checked number of the options.
 *
 * @throws InvalidOptionsError
 */
export function readNumber(action: string, name: string, option: string, value: unknown): number | false {
  const number = toNumber(value);
  verify(breakerSubject(action, name), option, number, NUMBERS[option] as Check);
  return number as number | false;
}

/**
 * Copies the options and fills in what is missing.
 *
 * @throws InvalidOptionsError for a value out of range
 * @throws TypeError for helpers that lack what they need
 */
export function readOptions(given: Options, name: string): ReadOptions {
  const subject = breakerSubject('create', name);
  const copy: Record<string, unknown> = guardRead(subject, 'options', () => ({ ...given }));
  for (const [option, check] of CHECKS) {
    const value = copy[option] ?? undefined;
    if (value === undefined) continue;
    copy[option] = Object.hasOwn(NUMBERS, option) ? toNumber(value) : value;
    verify(subject, option, copy[option], check);
  }
  verifyHelpers(copy as Options);
  if (copy.clock) firstReading(copy.clock as Clock, subject);
  const options = fillIn(copy as Options, name);
  for (const key of Object.keys(copy)) if (!(key in options)) options[key] = copy[key];
  return options as unknown as ReadOptions;
}

/** Everything in one order, in one piece of code: so the engine gives the options of all breakers one shape. */
function fillIn(given: Options, name: string): Record<string, unknown> {
  const live = {
    timeout: given.timeout ?? 10_000,
    resetTimeout: given.resetTimeout ?? 30_000,
    errorThresholdPercentage: given.errorThresholdPercentage ?? 50,
  };
  const options = createLiveOptions(name, live, readNumber) as Record<string, unknown>;
  options.volumeThreshold = given.volumeThreshold ?? 0;
  options.rollingCountTimeout = given.rollingCountTimeout ?? 10_000;
  options.rollingCountBuckets = given.rollingCountBuckets ?? 10;
  options.rollingPercentilesEnabled = given.rollingPercentilesEnabled !== false;
  options.enableSnapshots = given.enableSnapshots !== false;
  options.capacity = Math.min(Math.floor(given.capacity ?? Infinity), Number.MAX_SAFE_INTEGER);
  options.errorFilter = given.errorFilter || NOTHING_IS_FILTERED;
  options.cacheTTL = given.cacheTTL ?? 0;
  options.cacheGetKey = given.cacheGetKey ?? KEY_OF_ARGUMENTS;
  options.coalesce = !!given.coalesce;
  options.coalesceTTL = given.coalesceTTL ?? live.timeout;
  options.coalesceResetOn = given.coalesceResetOn?.filter((end) => ENDS.includes(end)) ?? [];
  options.abortController =
    given.abortController ?? (given.autoRenewAbortController ? new AbortController() : undefined);
  return options;
}

const CHECKS = Object.entries({ ...NUMBERS, ...OTHERS });

const NOTHING_IS_FILTERED = () => false;

const KEY_OF_ARGUMENTS = (...args: unknown[]) => JSON.stringify(args);

const ENDS = ['error', 'success', 'timeout'];

/** The share of failures at which the core opens: opossum opens above its percentage, and 100 means all. */
export function rateOf(percentage: number): number | false {
  if (percentage > 100) return false;
  return Math.min(percentage / 100 + 1e-9, 1);
}
