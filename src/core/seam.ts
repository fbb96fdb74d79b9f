/**
 * Where a partner who shares a circuit with other processes takes part in it: the hand with which it steers, and the
 * gate by which probes need its leave. For subpaths of this package, not for users.
 */
import type { TransitionReason } from './circuit-state.js';
import type { OutcomeKind } from './outcome.js';

/** Leave to probe that somebody outside gives. It belongs to an OPEN stay and to the HALF_OPEN stay that follows it. */
export interface ProbeGate {
  /** Whether leave is at hand. Pure. */
  readonly ready: boolean;
  /** Asks for leave unless that is being done; settles in bounded time, and never rejects. */
  ask(): Promise<void> | undefined;
  /** Uses up the leave; called only when `ready`. */
  take(): void;
  /** The `index`-th leased probe in flight has ended, `'failure'` for a slow one; the machine has decided. */
  settle(index: number, kind: OutcomeKind): void;
}

/** A partner's hand on a circuit. It does nothing while the circuit is forced. */
export interface Seat {
  readonly isGated: boolean;
  /** The lease of a probe that is in force, in ms. */
  readonly probeTimeout: number;
  /** Opens for others' reasons, or takes the gate in place where it is OPEN, without an event. */
  open(wait: number, attempt: number, gate: ProbeGate, detail?: string): void;
  /** What a call waits for before it may probe, if there is anything to wait for. */
  leave(): Promise<void> | undefined;
  /** No leave is asked for before `wait` ms have passed; never earlier than it was. */
  defer(wait: number): void;
  /** Closes a gated stay. */
  close(detail?: string): void;
  /** Takes the gate off: the circuit recovers by itself, after `wait` ms if that is sooner. */
  release(wait?: number): void;
}

/** The member of a breaker that answers its seat; it fits every copy of the package. */
export const SEAM: unique symbol = /* @__PURE__ */ Symbol.for('recloser.seam.1') as never;

/** Whether a transition for this reason means that a rule of this very circuit fired. */
export const OWN_EVIDENCE: Readonly<Record<TransitionReason, boolean>> = {
  'consecutive-failures': true,
  'failure-rate': true,
  'slow-call-rate': true,
  'should-trip': true,
  detector: true,
  'probe-failed': true,
  'probe-slow': true,
  'probe-expired': true,
  tripped: false,
  probing: false,
  recovered: false,
  forced: false,
  reset: false,
  restored: false,
  shared: false,
};
