import { CircuitState } from './circuit-state.js';
import type { ProbeGate } from './seam.js';

/** What few stays need; made when it is needed. */
export interface Rare {
  gate: ProbeGate | undefined;
  /** Words of a person, a detector or a fleet. */
  detail: string | undefined;
  /** Leases in a row that have expired before this stay. */
  expiries: number;
  /** Whether its probes have been given up: they take no places any more. */
  gaveUp: boolean;
  /** Places for calls that probes make through the same breaker, and how many of them are in use. */
  nestedPlaces: number;
  nested: number;
  /** The permit of such calls, which steer nothing. */
  nestedPermit: Phase | undefined;
}

interface PhaseShape<State extends CircuitState> {
  readonly state: State;
  since: number;
  /** Openings since the circuit was last closed, or has come to the end of its ramp. */
  readonly attempt: number;
  /** Resets before this stay: calls from before one take no place. */
  readonly resets: number;
  rare: Rare | undefined;
}

export interface ClosedPhase extends PhaseShape<'CLOSED'> {
  /** Counts as ever and never trips, until `reset`. */
  forced: boolean;
}

export interface OpenPhase extends PhaseShape<'OPEN'> {
  /** Never expires, until `reset`. */
  forced: boolean;
  /** How long calls are rejected before one may probe, in ms. */
  recovery: number;
  /** The reading from which a call may probe. */
  resumeAt: number;
  /** The last reading at which a call asked. */
  seenAt: number;
}

export interface HalfOpenPhase extends PhaseShape<'HALF_OPEN'> {
  readonly forced: boolean;
  /** The reading before which no probe is admitted. */
  resumeAt: number;
  /** When the probes in flight were admitted, oldest first. */
  readonly probes: number[];
  successes: number;
}

/** One stay in a state. Its identity is the permit of the calls that it admits. */
export type Phase = ClosedPhase | OpenPhase | HalfOpenPhase;

const NO_PROBES: readonly number[] = Object.freeze([]);

/** Every phase has the same shape at run time, so that the code that reads them stays fast. */
export function createPhase(
  state: CircuitState,
  since: number,
  attempt: number,
  recovery: number,
  forced: boolean,
  resets: number,
): Phase {
  const probes = state === CircuitState.HALF_OPEN ? [] : NO_PROBES;
  const isClosed = state === CircuitState.CLOSED;
  return {
    state,
    since,
    attempt,
    forced,
    recovery,
    // Undefined while CLOSED, which is what most stand in: a number would be an object of its own in each.
    resumeAt: isClosed ? undefined : resumptionOf(state, since, recovery, forced),
    seenAt: isClosed ? undefined : since,
    probes,
    successes: 0,
    resets,
    rare: undefined,
  } as Phase;
}

function resumptionOf(state: CircuitState, since: number, recovery: number, forced: boolean): number {
  if (state !== CircuitState.OPEN) return Number.NEGATIVE_INFINITY;
  return forced ? Number.POSITIVE_INFINITY : since + recovery;
}

/** What few stays need, of this one. */
export function rareOf(phase: Phase): Rare {
  phase.rare ??= {
    gate: undefined,
    detail: undefined,
    expiries: 0,
    gaveUp: false,
    nestedPlaces: 0,
    nested: 0,
    nestedPermit: undefined,
  };
  return phase.rare;
}

/**
 * Milliseconds until a call may probe: where the clock has begun anew, what was left when it was last read. Sums of fractions
 * may come out above the whole: never more than that.
 */
export function remaining({ resumeAt, recovery, seenAt }: OpenPhase, now: number): number {
  return Math.min(Math.max(resumeAt - Math.max(now, seenAt), 0), recovery);
}

/** The permit of a call that is let through without being admitted: its result steers nothing. */
export const UNGOVERNED: Phase = createPhase(CircuitState.OPEN, 0, 0, 0, false, -1);
