/** Faults that change with time. */
import { guardRead, type Subject } from '../core/validate.js';
import type { Clock } from '../index.js';
import { type ChaosPhase, type Fault, readFaults, readPhases } from './faults.js';

declare const PLAN: unique symbol;

/** Faults that change with time, as `plan` of chaos makes them. */
export interface ChaosPlan {
  readonly [PLAN]: true;
}

/** Faults in the order in which they are asked, or a plan of them. */
export type Faults = readonly Fault[] | ChaosPlan;

/** The faults that may happen now, and the number of the phase that they belong to. */
export interface Present {
  readonly phase: number;
  readonly faults: readonly Fault[];
}

class Plan {
  readonly #phases: readonly ChaosPhase[];
  readonly #clock: Clock;
  readonly #start: number;

  constructor(phases: readonly ChaosPhase[], clock: Clock) {
    this.#phases = phases;
    this.#clock = clock;
    this.#start = clock.now();
  }

  get present(): Present {
    let left = this.#clock.now() - this.#start;
    for (const [phase, it] of this.#phases.entries()) {
      if (left < it.for) return { phase, faults: it.faults };
      left -= it.for;
    }
    return { phase: 0, faults: [] };
  }
}

const plans = /* @__PURE__ */ new WeakMap<object, Plan>();

/** @throws InvalidOptionsError with the path of what is wrong: `phases[0].for` */
export function startPlan(phases: unknown, clock: Clock, subject: Subject): ChaosPlan {
  const read = guardRead(subject, '`phases`', () => readPhases(phases, subject));
  const handle = Object.freeze({}) as ChaosPlan;
  plans.set(handle, new Plan(read, clock));
  return handle;
}

/**
 * What tells the faults that may happen now.
 *
 * @throws InvalidOptionsError with the path of what is wrong: `faults[0].rate`
 */
export function presentOf(faults: Faults, subject: Subject): () => Present {
  const plan = plans.get(faults);
  if (plan !== undefined) return () => plan.present;
  const read = guardRead(subject, '`faults`', () => readFaults(faults, subject));
  return () => ({ phase: 0, faults: read });
}
