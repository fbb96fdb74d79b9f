/**
 * What happens whatever the breaker does: when calls arrive, and what becomes of each attempt. All of it is told by the
 * seed, the number of the call and the number of the attempt.
 */
import { describe, numberFrom, refuse } from '../../core/validate.js';
import { drawLatency } from '../latency.js';
import { draw, ln } from '../random.js';
import { type Phase, type ResolvedSettings, SUBJECT, type TracedCall, type Traffic } from './settings.js';

/** What becomes of an attempt. */
export interface Fate {
  readonly end: 'ok' | 'fail' | 'hang';
  readonly ms: number;
  readonly error?: (() => unknown) | undefined;
  /** Attempts that are taken up in a second. */
  readonly capacity?: number | undefined;
}

export interface Incident {
  readonly from: number;
  readonly to: number;
  /** The numbers of the instances that it hits. */
  readonly instances: readonly number[];
}

export interface World {
  /** When it begins and ends, in milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly incidents: readonly Incident[];
  /** When the call of this number arrives; they are asked one after the other. `undefined`: none comes any more. */
  arrival(call: number): number | undefined;
  /** The instance that a call comes to. */
  instanceOf(call: number): number;
  fate(call: number, attempt: number, instance: number, time: number): Fate;
}

/** What a draw is for. */
const ARRIVAL = 1;
const INSTANCE = 2;
const END = 3;
const LATENCY = 4;

/** To the microsecond. */
export const toMicros = (ms: number): number => Math.round(ms * 1_000) / 1_000;

export function createWorld(settings: ResolvedSettings): World {
  const { trace, instances } = settings;
  const all = Array.from({ length: instances }, (_, index) => index);
  if (trace !== undefined) return tracedWorld(trace, settings, all);
  return phasedWorld(settings.traffic as Traffic, settings.dependency as readonly Phase[], settings, all);
}

function phasedWorld(
  traffic: Traffic,
  phases: readonly Phase[],
  { seed, instances }: ResolvedSettings,
  all: readonly number[],
): World {
  const ends: number[] = [];
  let end = 0;
  for (const phase of phases) {
    end += phase.for;
    ends.push(end);
  }
  const isEven = traffic.arrivals === 'even';
  const levelUp = (call: number): number => {
    if (isEven) return call === 0 ? 0 : 1;
    return -ln(1 - draw(seed, ARRIVAL, call));
  };
  const timeOf = createLevels(traffic.rate, end);
  let level = 0;

  const phaseFor = (instance: number, time: number): Phase | undefined => {
    let index = 0;
    while (index < phases.length - 1 && time >= (ends[index] as number)) index++;
    while (phases[index]?.only?.includes(instance) === false) index--;
    return phases[index];
  };

  return {
    start: 0,
    end,
    incidents: incidentsOf(phases, all),
    arrival(call) {
      level += levelUp(call);
      const at = timeOf(level);
      return at !== undefined && at < end ? toMicros(at) : undefined;
    },
    instanceOf: (call) => (isEven ? call % instances : Math.floor(draw(seed, INSTANCE, call) * instances)),
    fate(call, attempt, instance, time) {
      const phase = phaseFor(instance, time) ?? { for: 0 };
      const { failures = 0, hang = 0, latency = 0, error, capacity } = phase;
      const refuseLatency = (problem: string) => {
        const path = `dependency[${phases.indexOf(phase)}].latency`;
        return refuse(SUBJECT, path, `\`${path}\` ${problem}`);
      };
      const share = draw(seed, END, call, attempt);
      return {
        end: share < failures ? 'fail' : share < failures + hang ? 'hang' : 'ok',
        ms: drawLatency(latency, refuseLatency, seed, LATENCY, call, attempt),
        error,
        capacity,
      };
    },
  };
}

/** Milliseconds in which a rate that is a function is taken for constant. */
const PIECE = 10;

const rateCheck = /* @__PURE__ */ numberFrom(0);

/** When so many calls, a fraction too, have arrived on the average; levels are asked in ascending order. */
function createLevels(rate: Traffic['rate'], end: number): (level: number) => number | undefined {
  if (typeof rate === 'number') return (level) => (level / rate) * 1_000;
  let from = 0;
  let reached = 0;
  const at = (time: number): number => {
    const answer: unknown = rate(time);
    const range = rateCheck(answer);
    if (range !== undefined)
      refuse(SUBJECT, 'traffic.rate', `\`traffic.rate\` must answer ${range}, received ${describe(answer)}`);
    return answer as number;
  };
  let present = at(0);
  return (level) => {
    while (from < end) {
      const more = (present / 1_000) * PIECE;
      // Sums of fractions may come out above the whole.
      if (reached + more > level + 1e-9) return from + ((level - reached) / present) * 1_000;
      reached += more;
      from += PIECE;
      present = at(from);
    }
    return undefined;
  };
}

const isIncident = ({ failures = 0, hang = 0, incident = failures + hang >= 0.5 }: Phase): boolean =>
  incident;

function incidentsOf(phases: readonly Phase[], all: readonly number[]): Incident[] {
  const incidents: { from: number; to: number; instances: number[] }[] = [];
  let from = 0;
  let isRun = false;
  for (const phase of phases) {
    const to = from + phase.for;
    if (isIncident(phase)) {
      if (!isRun) incidents.push({ from, to, instances: [] });
      const last = incidents.at(-1) as (typeof incidents)[number];
      last.to = to;
      const hit = new Set([...last.instances, ...(phase.only ?? all)]);
      last.instances = [...hit].sort((a, b) => a - b);
    }
    isRun = isIncident(phase);
    from = to;
  }
  return incidents;
}

function tracedWorld(
  trace: readonly TracedCall[],
  { seed, instances, ...settings }: ResolvedSettings,
  all: readonly number[],
): World {
  const incidents = settings.incidents as NonNullable<typeof settings.incidents>;
  const start = (trace[0] as TracedCall).t;
  const last = (trace.at(-1) as TracedCall).t;
  // How long the last good call before each took: retries take as long.
  let good = 0;
  const retryTimes = trace.map(({ ok, ms }) => {
    if (ok) good = ms;
    return good;
  });
  return {
    start,
    end: Math.max(last, ...incidents.map(({ to }) => to)),
    incidents: incidents.map(({ from, to }) => ({ from, to, instances: all })),
    arrival: (call) => trace[call]?.t,
    instanceOf: (call) => Math.floor(draw(seed, INSTANCE, call) * instances),
    fate(call, attempt) {
      const { ok, ms } = trace[call] as TracedCall;
      if (attempt > 0) return { end: 'ok', ms: retryTimes[call] as number };
      return { end: ok ? 'ok' : 'fail', ms };
    },
  };
}
