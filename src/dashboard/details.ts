/** All that is known of one breaker, for whoever looks closer. */
import { describeError } from '../core/describe-error.js';
import { CircuitBreaker, type CircuitSnapshot, type CircuitTotals } from '../index.js';
import type { FailureCount } from '../monitor/index.js';
import { type Entry, timeOf } from './books.js';
import type { DashboardHistory, ResolvedOptions } from './options.js';
import { pastOfOne, type RecentFailure, type RecentTransition } from './recent.js';
import type { Redact } from './redaction.js';
import { noHeat } from './ring.js';
import type { Row } from './row.js';

/** An option in force: what JSON can tell of it, and whether it is another than without any options. */
export interface ShownOption {
  readonly value: unknown;
  readonly differs: boolean;
}

/** One breaker. JSON-safe; times are wall-clock milliseconds. */
export interface Details {
  readonly v: 1;
  readonly time: number;
  readonly name: string;
  readonly row: Row & { readonly spark: readonly number[] };
  readonly options: Readonly<Record<string, ShownOption>>;
  readonly totals: CircuitTotals;
  /** Failures by type, as far as the history has them. */
  readonly kinds: readonly FailureCount[];
  readonly failures: readonly RecentFailure[];
  readonly transitions: readonly RecentTransition[];
  /** 60 × 16 counts, flat, the oldest first: response times in powers of two, up to 1 ms, 2 ms … 32.8 s. */
  readonly heat: readonly number[];
  readonly snapshot: CircuitSnapshot | null;
  /** What a detector says of itself; only with one. */
  readonly detector?: unknown;
  /** Retries and limits around it; only where there are some. */
  readonly resilience?: unknown;
}

/** What `detailsOf` is given besides the breaker. */
export interface DetailsContext {
  readonly row: Details['row'];
  readonly time: number;
  readonly history: DashboardHistory;
  readonly redact: Redact;
  readonly resilience: ResolvedOptions['resilience'];
}

export function detailsOf(entry: Entry, { row, time, history, redact, resilience }: DetailsContext): Details {
  const { name, breaker, ring } = entry;
  const { totals, detector } = breaker.metrics;
  const around = figuresOf(resilience, name);
  return {
    v: 1,
    time,
    name,
    row,
    options: optionsOf(breaker.options),
    totals,
    ...pastOfOne(history, name, redact),
    heat: ring?.heat(timeOf(entry, entry.clock.now())) ?? noHeat(),
    snapshot: snapshotOf(entry, redact),
    ...(detector && { detector }),
    ...(around !== undefined && { resilience: around }),
  };
}

/** The options of a breaker that was given none. */
let defaults: Readonly<Record<string, unknown>> | undefined;

const HIDDEN: ReadonlySet<string> = new Set(['name', 'clock']);

function optionsOf(options: object): Record<string, ShownOption> {
  defaults ??= new CircuitBreaker().options as unknown as Record<string, unknown>;
  const usual = defaults;
  return Object.fromEntries(
    Object.entries(options)
      .filter(([option]) => !HIDDEN.has(option))
      .map(([option, given]) => {
        const value = shown(given);
        return [option, { value, differs: JSON.stringify(value) !== JSON.stringify(shown(usual[option])) }];
      }),
  );
}

/** What JSON can tell of a value; `null` for nothing, and for no limit. */
function shown(value: unknown): unknown {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return null;
  if (typeof value === 'function') return nameOf(value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value).every((it) => typeof it !== 'function') ? value : 'an object';
}

function nameOf(value: { readonly name?: unknown }): string {
  const { name } = value;
  return typeof name === 'string' && name !== '' ? `function ${name.slice(0, 60)}` : 'a function';
}

function snapshotOf({ breaker }: Entry, redact: Redact): CircuitSnapshot | null {
  try {
    const snapshot = breaker.snapshot();
    const { lastFailure } = snapshot;
    return lastFailure === null
      ? snapshot
      : { ...snapshot, lastFailure: { ...lastFailure, message: redact(lastFailure.message) } };
  } catch {
    return null;
  }
}

function figuresOf(resilience: ResolvedOptions['resilience'], name: string): unknown {
  try {
    return resilience?.get(name)?.metrics;
  } catch (error) {
    return { unreadable: describeError(error) };
  }
}
