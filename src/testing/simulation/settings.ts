/** What a simulation is told, and reading it: one error for a mistake, with its path. */
import {
  type Check,
  callable,
  count,
  duration,
  either,
  guardRead,
  list,
  numberFrom,
  object,
  oneOf,
  positiveInteger,
  type Rules,
  ratio,
  readOptions,
  refuse,
  verify,
} from '../../core/validate.js';
import type { CircuitBreakerOptions, Clock } from '../../index.js';
import { type Latency, latencyCheck, verifyLatency } from '../latency.js';

/** What a function that makes the subject of an instance is given. */
export interface SimulatedInstance<Shared = unknown> {
  /** The simulation's time, with dice of this instance. */
  readonly clock: Clock;
  /** Its number, from 0. */
  readonly instance: number;
  /** What the setting `shared` has made. */
  readonly shared: Shared;
  /** Numbers from 0 to less than 1, of this instance. */
  readonly random: () => number;
}

/** What calls go through: itself, or its breaker. */
export interface SimulatedSubject {
  call?(task: (context: { readonly signal: AbortSignal }) => Promise<unknown>): PromiseLike<unknown>;
  breaker?: unknown;
  /** Called when the simulation is over. */
  stop?(): unknown;
}

/** How calls arrive. */
export interface Traffic {
  /** Calls a second, of all instances together, at least 0; or a function of the milliseconds since the beginning. */
  rate: number | ((t: number) => number);
  /** By chance, or at equal distances. @default 'poisson' */
  arrivals?: 'poisson' | 'even' | undefined;
}

/** A time in which the dependency behaves in one way. */
export interface Phase {
  /** How long it lasts, in milliseconds. */
  for: number;
  /** How long it takes to answer, well or not. @default 0 */
  latency?: Latency | undefined;
  /** The share of attempts that fail, from 0 to 1. @default 0 */
  failures?: number | undefined;
  /** The share of attempts that are never answered, from 0 to 1; together with `failures` at most 1. @default 0 */
  hang?: number | undefined;
  /** What an attempt fails with. @default an Error */
  error?: (() => unknown) | undefined;
  /** Attempts that it takes up in a second, above 0; others queue. @default as many as come */
  capacity?: number | undefined;
  /** The numbers of the instances for which it is so; for others it goes on as before. @default all */
  only?: readonly number[] | undefined;
  /** Whether it belongs to an incident. @default whether failures + hang is at least 0.5 */
  incident?: boolean | undefined;
}

/** A call that was recorded, as `record` of `recloser/adaptive` writes it. */
export interface TracedCall {
  /** When it began, in milliseconds from any origin. */
  t: number;
  ok: boolean;
  /** How long it took, in milliseconds. */
  ms: number;
}

/** What {@link simulate} takes. */
export interface SimulationSettings<Shared = unknown> {
  /** The options of the breaker, or a function that makes what calls go through, once for each instance. @default {} */
  breaker?:
    | Omit<CircuitBreakerOptions, 'clock'>
    | ((instance: SimulatedInstance<Shared>) => SimulatedSubject | PromiseLike<SimulatedSubject>)
    | undefined;
  traffic?: Traffic | undefined;
  dependency?: readonly Phase[] | undefined;
  /** Recorded calls, in place of `traffic` and `dependency`. Their retries succeed. */
  trace?: readonly TracedCall[] | undefined;
  /** What was an incident in the trace, in its milliseconds. @default [] */
  incidents?: readonly { from: number; to: number }[] | undefined;
  /** How many share the traffic, at least 1. @default 1 */
  instances?: number | undefined;
  /** Makes what all instances share, once. */
  shared?: ((given: { readonly clock: Clock }) => Shared | PromiseLike<Shared>) | undefined;
  /** An integer of at least 0. @default 1 */
  seed?: number | undefined;
  /** Milliseconds after an incident in which a trip still belongs to it. @default `callTimeout`, at least 1_000 */
  grace?: number | undefined;
  /** Milliseconds of a row of the timeline, at least 1. @default 1_000, or whole seconds for at most 60 rows */
  step?: number | undefined;
  /** Milliseconds after the last phase in which open calls may end. @default 60_000 */
  drain?: number | undefined;
}

const SETTINGS: Rules & Record<keyof SimulationSettings, Check> = /* @__PURE__ */ (() => ({
  breaker: either(object, callable),
  traffic: object,
  dependency: list,
  trace: list,
  incidents: list,
  instances: positiveInteger(10_000),
  shared: callable,
  seed: count,
  grace: duration(),
  step: duration(1),
  drain: duration(),
}))();

const TRAFFIC: Rules & Record<keyof Traffic, Check> = /* @__PURE__ */ (() => ({
  rate: either(numberFrom(0), callable),
  arrivals: oneOf('poisson', 'even'),
}))();

const capacity: Check = (value) =>
  (value as number) > 0 && Number.isFinite(value) ? undefined : 'a finite number above 0';

const PHASE: Rules & Record<keyof Phase, Check> = /* @__PURE__ */ (() => ({
  for: duration(),
  latency: latencyCheck,
  failures: ratio,
  hang: ratio,
  error: callable,
  capacity,
  only: list,
  incident: oneOf(true, false),
}))();

const finite: Check = (value) => (Number.isFinite(value) ? undefined : 'a finite number of milliseconds');

const CALL: Rules = { t: finite, ok: /* @__PURE__ */ oneOf(true, false), ms: /* @__PURE__ */ duration() };
const INCIDENT: Rules = { from: finite, to: finite };

export const SUBJECT = { breaker: '', action: 'simulate' };

/** What a simulation goes by. */
export type ResolvedSettings = SimulationSettings & {
  readonly instances: number;
  readonly seed: number;
  readonly drain: number;
};

/** @throws InvalidOptionsError with the path of what is wrong: `dependency[1].hang` */
export function readSettings(given: unknown): ResolvedSettings {
  return guardRead(SUBJECT, 'settings', () => {
    const settings: ResolvedSettings = {
      instances: 1,
      seed: 1,
      drain: 60_000,
      ...readOptions(given, SETTINGS, SUBJECT),
    };
    const { trace, instances } = settings;
    if (typeof settings.breaker === 'object' && 'clock' in (settings.breaker as object))
      refuse(SUBJECT, 'breaker.clock', '`breaker.clock` is given by the simulation');
    if (trace !== undefined) {
      for (const key of ['traffic', 'dependency'] as const)
        if (settings[key] !== undefined) refuse(SUBJECT, key, `\`${key}\` and \`trace\` exclude each other`);
      return { ...settings, trace: readTrace(trace), incidents: readIncidents(settings.incidents) };
    }
    if (settings.incidents !== undefined)
      refuse(SUBJECT, 'incidents', '`incidents` belong to a `trace`; a phase has `incident`');
    return {
      ...settings,
      traffic: readTraffic(settings.traffic),
      dependency: readPhases(settings.dependency, instances),
    };
  });
}

function readTraffic(given: unknown): Traffic {
  return readMembers<Traffic>(given, TRAFFIC, 'traffic');
}

function readPhases(given: unknown, instances: number): Phase[] {
  const notEmpty: Check = (value) =>
    Array.isArray(value) && value.length > 0 ? undefined : 'an array of at least one phase';
  verify(SUBJECT, 'dependency', given, notEmpty);
  return Array.from(given as unknown[], (it, index) => {
    const path = `dependency[${index}]`;
    const phase = readMembers<Phase>(it, PHASE, path, ['for']);
    verifyLatency(phase.latency, SUBJECT, `${path}.latency`);
    const { failures = 0, hang = 0 } = phase;
    verify(SUBJECT, `${path}.hang`, hang, (it) =>
      // Sums of fractions may come out above the whole.
      failures + (it as number) <= 1 + 1e-9
        ? undefined
        : `at most 1 together with \`failures\` (${failures})`,
    );
    for (const [at, number] of (phase.only ?? []).entries())
      verify(SUBJECT, `${path}.only[${at}]`, number, (it) =>
        Number.isInteger(it) && it >= 0 && it < instances
          ? undefined
          : `the number of an instance, from 0 to ${instances - 1}`,
      );
    return phase;
  });
}

function readTrace(given: readonly unknown[]): TracedCall[] {
  verify(SUBJECT, 'trace', given, ({ length }) => (length > 0 ? undefined : 'an array of at least one call'));
  const calls = given.map((it, index) => {
    // It may have more: whose call it was, and the like.
    const { t, ok, ms } = (it ?? {}) as TracedCall;
    return readMembers<TracedCall>({ t, ok, ms }, CALL, `trace[${index}]`);
  });
  return calls.sort((a, b) => a.t - b.t);
}

function readIncidents(given: unknown = []): { from: number; to: number }[] {
  const read = Array.from(given as unknown[], (it, index) => {
    const path = `incidents[${index}]`;
    const incident = readMembers<{ from: number; to: number }>(it, INCIDENT, path);
    verify(SUBJECT, `${path}.to`, incident.to, (to) =>
      to >= incident.from ? undefined : `at least its \`from\` (${incident.from})`,
    );
    return incident;
  });
  return read.sort((a, b) => a.from - b.from);
}

/** @param needed the members that must be there; all of them unless told */
function readMembers<T>(given: unknown, rules: Rules, path: string, needed?: readonly string[]): T {
  const read = readOptions(given, rules, SUBJECT, `${path}.`);
  const required = needed ?? Object.keys(rules).filter((key) => key !== 'arrivals');
  for (const key of required) verify(SUBJECT, `${path}.${key}`, read[key], rules[key] as Check);
  return read as T;
}
