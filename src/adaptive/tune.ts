/** Tries options on recorded traffic. */
import {
  type Check,
  duration,
  guardRead,
  list,
  numberFrom,
  object,
  oneOf,
  type Rules,
  readOptions,
  readRecord,
  refuse,
  string,
  verify,
} from '../core/validate.js';
import { type Candidate, type CandidateConfig, defaultCandidates, optionsOf } from './candidates.js';
import type { RecordedCall } from './record.js';
import { type Incident, type Replay, replay, scheduleOf } from './replay.js';

/** What options must reach to be the best. */
export interface TuneGoals {
  /** Trips a day outside of incidents, at most. @default any */
  falseTripsPerDay?: number | undefined;
  /** Milliseconds from the start of an incident until the circuit is open, at most, in each of them. @default any, or never */
  detectWithin?: number | undefined;
}

/** What {@link tune} takes. */
export interface TuneOptions {
  /** When the dependency was down, in readings of the trace's clock. @default none */
  incidents?: readonly Incident[] | undefined;
  goals?: TuneGoals | undefined;
  /** Options to try. @default detectors, windows, and failures in a row */
  candidates?: readonly Candidate[] | undefined;
}

/** What one set of options would have done. */
export interface TuneRow {
  readonly name: string;
  /** Plain JSON for recloser/presets. */
  readonly config: CandidateConfig;
  /** Incidents in which the circuit opened, of so many. */
  readonly detected: number;
  readonly incidents: number;
  /** Milliseconds from the start of an incident until it was open, in the slowest of them; `null` if it never was. */
  readonly detection: number | null;
  /** Trips outside of incidents. */
  readonly falseTrips: number;
  readonly falseTripsPerDay: number;
  /** The share of the calls that succeeded which would have passed. */
  readonly goodput: number;
  /** Calls that succeeded and would have been rejected. */
  readonly lost: number;
  /** Calls that failed and would have been sent. */
  readonly failingSent: number;
  /** Why it is not the best; `null` for the one that is. */
  readonly why: string | null;
}

/** What came of it. */
export interface TuneReport {
  readonly calls: number;
  /** From the first start to the last, in ms. */
  readonly lasts: number;
  readonly rows: readonly TuneRow[];
  /** The least `failingSent` and `lost` together among those that meet the goals, if any does. */
  readonly best: TuneRow | null;
  /** What no replay can tell. */
  readonly caveat: string;
}

const SUBJECT = { breaker: '', action: 'tune' };
const DAY = 86_400_000;

/** Milliseconds after an incident in which a trip still belongs to it: calls that it made fail end later. */
const GRACE = 1_000;

const CAVEAT =
  'The fate of a rejected call is known, for it was recorded; what less load would have done for the others is not.';

const finite: Check = (value) => (Number.isFinite(value) ? undefined : 'a finite number');

const CALL_RULES: Rules & Record<keyof RecordedCall, Check> = {
  breaker: string,
  t: finite,
  ok: oneOf(true, false),
  ms: duration(),
};

const RULES: Rules & Record<keyof TuneOptions, Check> = { incidents: list, goals: object, candidates: list };
const GOAL_RULES: Rules & Record<keyof TuneGoals, Check> = {
  falseTripsPerDay: numberFrom(0),
  detectWithin: duration(),
};
const INCIDENT_RULES: Rules & Record<keyof Incident, Check> = { from: finite, to: finite };
const CANDIDATE_RULES: Rules & Record<keyof Candidate, Check> = { name: string, config: object };

/**
 * Replays recorded calls of one breaker through real breakers with other options.
 *
 * @param trace what {@link record} told, in any order
 * @throws InvalidOptionsError for calls, incidents or goals that make no sense, and calls of several breakers
 *
 * @example
 * ```ts
 * import { tune } from 'recloser/adaptive';
 *
 * const trace = Array.from({ length: 600 }, (_, call) => {
 *   const t = call * 100;
 *   return { breaker: 'search', t, ok: t < 30_000 || t >= 40_000, ms: 20 };
 * });
 * const { best } = tune(trace, { incidents: [{ from: 30_000, to: 40_000 }], goals: { falseTripsPerDay: 0 } });
 * console.log(best?.detected, best?.falseTrips); // → 1 0
 * ```
 */
export function tune(trace: Iterable<RecordedCall>, options: TuneOptions = {}): TuneReport {
  return guardRead(SUBJECT, 'the trace', () => {
    const calls = readCalls(trace);
    const given: TuneOptions = readOptions(options, RULES, SUBJECT);
    const incidents = (given.incidents ?? []).map(readIncident);
    const goals: TuneGoals = readOptions(given.goals ?? {}, GOAL_RULES, SUBJECT, 'goals.');
    const candidates = (given.candidates ?? defaultCandidates()).map((it, at) =>
      readRecord<Candidate>(it, CANDIDATE_RULES, SUBJECT, `candidates[${at}]`),
    );
    const schedule = scheduleOf(calls);
    const first = schedule.calls[0] as RecordedCall;
    const last = schedule.calls[schedule.calls.length - 1] as RecordedCall;
    const quiet = Math.max(last.t - first.t - incidents.reduce((sum, { from, to }) => sum + to - from, 0), 0);
    const rows = candidates.map((it) =>
      rowOf(it, replay(schedule, optionsOf(it), incidents), incidents, quiet),
    );
    const { best, judged } = judge(rows, goals);
    return { calls: calls.length, lasts: last.t - first.t, rows: judged, best, caveat: CAVEAT };
  });
}

function readCalls(trace: unknown): RecordedCall[] {
  const isIterable =
    typeof (Object(trace) as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';
  verify(SUBJECT, 'trace', trace, () =>
    isIterable && typeof trace !== 'string' ? undefined : 'an array of recorded calls',
  );
  const calls = Array.from(trace as Iterable<unknown>, (call, at) =>
    readRecord<RecordedCall>(call, CALL_RULES, SUBJECT, `trace[${at}]`),
  );
  if (calls.length === 0) refuse(SUBJECT, 'trace', '`trace` has no calls');
  const names = new Set(calls.map(({ breaker }) => breaker));
  if (names.size > 1) {
    const few = [...names].slice(0, 5).map((name) => JSON.stringify(name.slice(0, 40)));
    refuse(
      SUBJECT,
      'trace',
      `\`trace\` has calls of ${names.size} breakers, give those of one: ${few.join(', ')}`,
    );
  }
  return calls;
}

function readIncident(given: unknown, at: number): Incident {
  const incident = readRecord<Incident>(given, INCIDENT_RULES, SUBJECT, `incidents[${at}]`);
  verify(SUBJECT, `incidents[${at}].to`, incident.to, (to) =>
    to > incident.from ? undefined : 'later than its `from`',
  );
  return incident;
}

function rowOf(
  { name, config }: Candidate,
  made: Replay,
  incidents: readonly Incident[],
  quiet: number,
): Omit<TuneRow, 'why'> {
  const seen = made.detections.filter((it): it is number => it !== null);
  const isFalse = (at: number) => !incidents.some(({ from, to }) => at >= from && at <= to + GRACE);
  const falseTrips = made.trips.filter(isFalse).length;
  const good = made.passed + made.lost;
  return {
    name,
    config,
    detected: seen.length,
    incidents: incidents.length,
    detection: seen.length === 0 ? null : Math.max(...seen),
    falseTrips,
    falseTripsPerDay: quiet > 0 ? (falseTrips * DAY) / quiet : 0,
    goodput: good === 0 ? 1 : made.passed / good,
    lost: made.lost,
    failingSent: made.failingSent,
  };
}

function judge(
  rows: readonly Omit<TuneRow, 'why'>[],
  goals: TuneGoals,
): { best: TuneRow | null; judged: TuneRow[] } {
  const misses = rows.map((row) => missOf(row, goals));
  const cost = (row: Omit<TuneRow, 'why'>) => row.failingSent + row.lost;
  let least: number | undefined;
  for (const [at, row] of rows.entries()) {
    if (misses[at] !== null) continue;
    if (least === undefined || cost(row) < cost(rows[least] as TuneRow)) least = at;
  }
  const judged = rows.map((row, at): TuneRow => {
    if (at === least) return { ...row, why: null };
    const more = least === undefined ? 0 : cost(row) - cost(rows[least] as TuneRow);
    return { ...row, why: misses[at] ?? (more === 0 ? 'no better' : `${more} more failed or lost`) };
  });
  return { best: least === undefined ? null : (judged[least] as TuneRow), judged };
}

function missOf(
  row: Omit<TuneRow, 'why'>,
  { falseTripsPerDay = Infinity, detectWithin }: TuneGoals,
): string | null {
  if (row.falseTripsPerDay > falseTripsPerDay)
    return `${Number(row.falseTripsPerDay.toPrecision(2))} false trips a day`;
  if (detectWithin === undefined) return null;
  if (row.detected < row.incidents) return `saw ${row.detected} of ${row.incidents} incidents`;
  return (row.detection ?? 0) > detectWithin ? `took ${Math.round(row.detection ?? 0)} ms to open` : null;
}
