/** One line of the picture. */

import type { CircuitMode, CircuitState } from '../index.js';
import { explain, type Past } from '../monitor/index.js';
import { type Entry, timeOf } from './books.js';
import type { DashboardHistory } from './options.js';
import type { FleetView } from './target.js';

/** How one breaker is. JSON-safe; times are wall-clock milliseconds, durations milliseconds. */
export interface Row {
  readonly name: string;
  readonly state: CircuitState;
  readonly mode: CircuitMode;
  /** When the present state began. */
  readonly since: number;
  /** By which rule and with which figures. */
  readonly why: string;
  /** The words of whoever steered it. */
  readonly detail: string | null;
  /** When a call may pass; `null` where no time is known, or every call passes. */
  readonly retryAt: number | null;
  /** When a force is taken back. */
  readonly forcedUntil: number | null;
  readonly health: number;
  /** Calls in the window, and the share of them that failed; while it is not CLOSED, as they were when it left CLOSED. */
  readonly calls: number;
  readonly failureRate: number;
  /** The share that trips; `null` for none. */
  readonly threshold: number | null;
  /** Failures in a row, and how many trip; `null` for none. */
  readonly run: number;
  readonly runMax: number | null;
  /** Calls within a second, over the last five. */
  readonly ok: number;
  readonly failed: number;
  readonly rejected: number;
  /** Response times; `null` where no call has settled lately. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly inFlight: number;
  /** The most that may be in flight; `null` for no limit. */
  readonly limit: number | null;
  /** What the fleet has decided, and this instance's part in it; only where there is something to tell. */
  readonly fleet?: FleetView;
}

/** What a row is made of, besides the breaker. */
export interface RowContext {
  readonly history: DashboardHistory;
  /** The same, read once for all breakers. */
  readonly past: Past;
  readonly fleet: Readonly<Record<string, FleetView>>;
  forcedUntil(breaker: string): number | null;
}

const NO_RATES = { ok: 0, failed: 0, rejected: 0 };

/** @throws whatever a breaker throws that cannot be read */
export function rowOf(entry: Entry, { history, past, fleet, forcedUntil }: RowContext): Row {
  const { name, breaker, clock } = entry;
  const { options } = breaker;
  const now = clock.now();
  const time = timeOf(entry, now);
  const told = explain(breaker, past);
  const { mode, state, retryAfter } = told;
  const times = history.percentiles(name);
  const { ok, failed, rejected } = entry.ring?.rates(time) ?? NO_RATES;
  const shared = Object.hasOwn(fleet, name) ? fleet[name] : undefined;
  const isWaiting = state !== 'CLOSED' && !mode.startsWith('forced') && retryAfter !== null;
  return {
    name,
    state,
    mode,
    since: Math.round(told.since + entry.offset),
    why: told.why,
    detail: told.detail,
    retryAt: isWaiting ? retryAtOf(entry, told.since, time + retryAfter, retryAfter > 0) : null,
    forcedUntil: forcedUntil(name),
    health: rounded(told.health),
    calls: told.window.calls,
    failureRate: rounded(told.window.failureRate),
    threshold: options.failureRateThreshold === false ? null : options.failureRateThreshold,
    run: told.consecutiveFailures,
    runMax: options.failureThreshold === false ? null : options.failureThreshold,
    ok,
    failed,
    rejected,
    p50: times && significant(times.p50),
    p99: times && significant(times.p99),
    inFlight: told.inFlight,
    limit: Number.isFinite(options.maxConcurrentCalls) ? options.maxConcurrentCalls : null,
    ...(shared !== undefined && { fleet: fleetView(shared) }),
  };
}

/** A time that has been told stays as it is, however clocks are rounded, and also when it is over. */
function retryAtOf(entry: Entry, since: number, at: number, isAhead: boolean): number {
  const { retry } = entry;
  const isKnown = retry !== undefined && retry.since === since;
  if (isKnown && (!isAhead || Math.abs(at - retry.at) <= 2)) return retry.at;
  entry.retry = { since, at: Math.round(at) };
  return entry.retry.at;
}

function fleetView({ state, words, voting, probing }: FleetView): FleetView {
  return { state, words, voting, probing };
}

const rounded = (share: number) => Math.round(share * 10_000) / 10_000;
const significant = (ms: number) => Number(ms.toPrecision(3));
