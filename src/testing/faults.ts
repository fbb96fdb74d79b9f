import {
  callable,
  duration,
  list,
  object,
  oneOf,
  type Rules,
  ratio,
  readOptions,
  type Subject,
  verify,
} from '../core/validate.js';
import { type Latency, latencyCheck, verifyLatency } from './latency.js';

interface Rated {
  /** The share of calls that it hits, from 0 to 1. @default 1 */
  rate?: number | undefined;
}

/** The call rejects. */
export interface ErrorFault extends Rated {
  fault: 'error';
  /** What it rejects with; of a promise, what that resolves to. @default an error with the code `ERR_INJECTED_FAULT` */
  error?: (() => unknown) | undefined;
}

/** The call waits before anything else happens. */
export interface LatencyFault extends Rated {
  fault: 'latency';
  /** How long, in milliseconds. */
  ms: Latency;
}

/** The call never settles, unless its signal ends it. */
export interface HangFault extends Rated {
  fault: 'hang';
}

/** The call resolves to something else. */
export interface ResultFault extends Rated {
  fault: 'result';
  /** What it resolves to; it is given the arguments of the call. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are those of whatever function is wrapped
  value: (...args: any[]) => unknown;
}

/** Something that may happen to a call in place of what should. */
export type Fault = ErrorFault | LatencyFault | HangFault | ResultFault;

export type FaultKind = Fault['fault'];

/** A time in which some faults may happen. */
export interface ChaosPhase {
  /** How long it lasts, in milliseconds. */
  for: number;
  /** The faults, in the order in which they are asked. */
  faults: readonly Fault[];
}

const kind = /* @__PURE__ */ oneOf('error', 'latency', 'hang', 'result');

const RULES: Readonly<Record<FaultKind, Rules>> = {
  error: { fault: kind, rate: ratio, error: callable },
  latency: { fault: kind, rate: ratio, ms: latencyCheck },
  hang: { fault: kind, rate: ratio },
  result: { fault: kind, rate: ratio, value: callable },
};

/** @throws InvalidOptionsError with the path of what is wrong: `faults[1].rate` */
export function readFaults(given: unknown, subject: Subject, path = 'faults'): readonly Fault[] {
  verify(subject, path, given, list);
  return Array.from(given as readonly unknown[], (it, index) => {
    const at = `${path}[${index}]`;
    verify(subject, at, it, object);
    const { fault } = it as Fault;
    verify(subject, `${at}.fault`, fault, kind);
    const read = readOptions(it, RULES[fault], subject, `${at}.`) as unknown as Fault;
    if (read.fault === 'latency') {
      verify(subject, `${at}.ms`, read.ms, latencyCheck);
      verifyLatency(read.ms, subject, `${at}.ms`);
    }
    if (read.fault === 'result') verify(subject, `${at}.value`, read.value, callable);
    return read;
  });
}

const PHASE_RULES: Rules = { for: /* @__PURE__ */ duration(), faults: list };

/** @throws InvalidOptionsError with the path of what is wrong: `phases[0].for` */
export function readPhases(given: unknown, subject: Subject): readonly ChaosPhase[] {
  verify(subject, 'phases', given, list);
  return Array.from(given as readonly unknown[], (it, index) => {
    const at = `phases[${index}]`;
    const phase = readOptions(it, PHASE_RULES, subject, `${at}.`) as unknown as ChaosPhase;
    verify(subject, `${at}.for`, phase.for, duration());
    return { for: phase.for, faults: readFaults(phase.faults, subject, `${at}.faults`) };
  });
}
