/** What a simulation has come to, from what was written down of it. */
import type { CircuitState, TransitionReason } from '../../index.js';
import { type Incident, toMicros, type World } from './world.js';

/** A call, as it went. */
export interface CallRecord {
  readonly at: number;
  /** Attempts that reached the dependency. */
  sent: number;
  /** What came of it; `pending` until it has settled. */
  end: 'ok' | 'fallback' | 'rejected' | 'failed' | 'pending';
  /** Milliseconds from its arrival until it settled. */
  waited: number;
  /** Whether its first attempt would have succeeded. */
  readonly isGood: boolean;
}

/** A change of state of one instance. */
export interface SimulatedTransition {
  /** Milliseconds from the beginning of the simulation; in the trace's milliseconds where there is one. */
  readonly at: number;
  readonly instance: number;
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: TransitionReason;
}

/** An incident, and how it was met. */
export interface SimulatedIncident {
  readonly from: number;
  readonly to: number;
  /** The numbers of the instances that it hits. */
  readonly instances: readonly number[];
  /** Attempts during it that were fated to fail or hang. */
  readonly failingCallsSent: number;
  /** Milliseconds from its start until each instance that it hits was OPEN; `null` if that was not by its end and `grace`. */
  readonly timeToOpen: number | null;
  /** Milliseconds from its end until each was CLOSED; `null` if that was not before the next incident. */
  readonly timeToClose: number | null;
}

/** What a simulation has come to. Times are milliseconds, to the microsecond. */
export interface SimulationFigures {
  /** Calls that arrived: `ok` + `fallbacks` + `rejected` + `failed` + `pending`. */
  readonly offered: number;
  /** Calls that got the value of a good attempt. */
  readonly ok: number;
  /** Calls that got another value. */
  readonly fallbacks: number;
  /** Calls that failed, and of which no attempt was sent. */
  readonly rejected: number;
  /** Calls that failed otherwise. */
  readonly failed: number;
  /** Calls that had not settled in the end. */
  readonly pending: number;
  /** Attempts that reached the dependency. */
  readonly sent: number;
  /** Those in an incident that were fated to fail or hang. */
  readonly failingCallsSent: number;
  /** Calls that were never sent, though the first attempt would have succeeded. */
  readonly lost: number;
  /** `ok / offered`; 0 if none was offered. */
  readonly goodput: number;
  /** Changes from CLOSED to OPEN. */
  readonly trips: number;
  /** Those that belong to no incident. */
  readonly falseTrips: number;
  /** The worst of the incidents; `null` if one has none, or there is no incident. */
  readonly timeToOpen: number | null;
  /** The worst of the incidents; `null` if one has none, or there is no incident. */
  readonly timeToClose: number | null;
  /** The longest time that an instance was not CLOSED, at most to the end of the phases. */
  readonly longestOpen: number;
  /** Milliseconds from arrival to settling, of which 99 of 100 calls needed no more; 0 if none has settled. */
  readonly waitP99: number;
}

/** The calls that arrived in one step of time. */
export interface TimelineRow {
  /** When it begins, in milliseconds. */
  readonly from: number;
  readonly offered: number;
  readonly ok: number;
  readonly fallbacks: number;
  readonly rejected: number;
  readonly failed: number;
  readonly pending: number;
  readonly sent: number;
  /** Instances that were OPEN when it ended. */
  readonly open: number;
  /** Instances that were HALF_OPEN when it ended. */
  readonly halfOpen: number;
}

/** A simulation that is over, as plain, JSON-safe data. Times are milliseconds. */
export interface SimulationData {
  readonly seed: number;
  /** From the beginning to the end of the phases. */
  readonly duration: number;
  readonly figures: SimulationFigures;
  readonly incidents: readonly SimulatedIncident[];
  readonly transitions: readonly SimulatedTransition[];
  readonly timeline: readonly TimelineRow[];
}

/** What was written down. */
export interface Notes {
  readonly world: World;
  readonly calls: readonly CallRecord[];
  readonly transitions: readonly SimulatedTransition[];
  /** Of each incident. */
  readonly failingCallsSent: readonly number[];
  /** The state in which each instance began. */
  readonly states: readonly CircuitState[];
  readonly grace: number;
}

/** A state from a time on. */
interface Stay {
  readonly at: number;
  readonly state: CircuitState;
}

const staysOf = ({ world, states, transitions }: Notes): Stay[][] =>
  states.map((state, instance) => [
    { at: world.start, state },
    ...transitions.filter((it) => it.instance === instance).map(({ at, to }) => ({ at, state: to })),
  ]);

/** When this state was reached, at `from` or later; `null` if not by `to`. */
function reached(stays: readonly Stay[], state: CircuitState, from: number, to: number): number | null {
  for (const [index, stay] of stays.entries()) {
    const until = stays[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    // A stay that ends as it begins was one, too.
    const isOver = until < from || (until === from && stay.at < from);
    if (stay.state !== state || isOver) continue;
    const at = Math.max(stay.at, from);
    return at <= to ? at : null;
  }
  return null;
}

/** The largest, unless there is none or one of them is `null`. */
const worst = (times: readonly (number | null)[]): number | null =>
  times.length === 0 || times.includes(null) ? null : Math.max(...(times as number[]));

export function incidentsOf(notes: Notes): SimulatedIncident[] {
  const { world, grace, failingCallsSent } = notes;
  const stays = staysOf(notes);
  return world.incidents.map((incident, index) => {
    const { from, to, instances } = incident;
    const next = world.incidents[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    const timesTo = (state: CircuitState, start: number, end: number) =>
      worst(
        instances.map((instance) => {
          const at = reached(stays[instance] as Stay[], state, start, end);
          return at === null ? null : toMicros(at - start);
        }),
      );
    return {
      from,
      to,
      instances,
      failingCallsSent: failingCallsSent[index] as number,
      timeToOpen: timesTo('OPEN', from, to + grace),
      timeToClose: timesTo('CLOSED', to, next),
    };
  });
}

const belongsTo = ({ at, instance }: SimulatedTransition, { from, to, instances }: Incident, grace: number) =>
  at >= from && at <= to + grace && instances.includes(instance);

export function figuresOf(notes: Notes, incidents: readonly SimulatedIncident[]): SimulationFigures {
  const { world, calls, transitions, grace } = notes;
  const counts = countsOf(calls);
  const trips = transitions.filter(({ from, to }) => from === 'CLOSED' && to === 'OPEN');
  const isFalse = (trip: SimulatedTransition) => !world.incidents.some((it) => belongsTo(trip, it, grace));
  return {
    ...counts,
    failingCallsSent: incidents.reduce((sum, it) => sum + it.failingCallsSent, 0),
    lost: calls.filter(({ sent, isGood }) => sent === 0 && isGood).length,
    goodput: counts.offered === 0 ? 0 : counts.ok / counts.offered,
    trips: trips.length,
    falseTrips: trips.filter(isFalse).length,
    timeToOpen: worst(incidents.map((it) => it.timeToOpen)),
    timeToClose: worst(incidents.map((it) => it.timeToClose)),
    longestOpen: longestOpenOf(notes),
    waitP99: waitP99Of(calls),
  };
}

function countsOf(calls: readonly CallRecord[]) {
  const counts = { offered: calls.length, ok: 0, fallbacks: 0, rejected: 0, failed: 0, pending: 0, sent: 0 };
  for (const { end, sent } of calls) {
    counts[end === 'fallback' ? 'fallbacks' : end]++;
    counts.sent += sent;
  }
  return counts;
}

function longestOpenOf(notes: Notes): number {
  const { end } = notes.world;
  let longest = 0;
  for (const stays of staysOf(notes)) {
    let since: number | undefined;
    for (const { at, state } of [...stays, { at: end, state: 'CLOSED' as CircuitState }]) {
      const time = Math.min(at, end);
      if (state !== 'CLOSED') since ??= time;
      else if (since !== undefined) {
        longest = Math.max(longest, time - since);
        since = undefined;
      }
    }
  }
  return toMicros(longest);
}

/** By nearest rank. */
function waitP99Of(calls: readonly CallRecord[]): number {
  const waits = calls.filter(({ end }) => end !== 'pending').map(({ waited }) => waited);
  waits.sort((a, b) => a - b);
  return waits[Math.ceil((waits.length * 99) / 100) - 1] ?? 0;
}

export function timelineOf(notes: Notes, step: number): TimelineRow[] {
  const { world, calls } = notes;
  const stays = staysOf(notes);
  const rows = Math.max(Math.ceil((world.end - world.start) / step), 1);
  const byRow: CallRecord[][] = Array.from({ length: rows }, () => []);
  for (const call of calls) {
    const row = Math.min(Math.floor((call.at - world.start) / step), rows - 1);
    (byRow[row] as CallRecord[]).push(call);
  }
  return byRow.map((calls, index) => {
    const from = world.start + index * step;
    const states = stays.map((it) => (it.filter(({ at }) => at < from + step).at(-1) as Stay).state);
    const inState = (state: CircuitState) => states.filter((it) => it === state).length;
    return { from, ...countsOf(calls), open: inState('OPEN'), halfOpen: inState('HALF_OPEN') };
  });
}
