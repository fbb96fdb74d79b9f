/**
 * Lends the permits of calls, and sees to it that each comes back: also where a full stack has kept a call from giving
 * its own back.
 */
import { Circuit } from './circuit.js';
import type { CircuitBreakerOpenError } from './errors.js';
import type { CircuitMetrics } from './metrics.js';
import type { OutcomeKind } from './outcome.js';
import { ADMIT, BREAK_OFF, CallPermit, type Permit, SETTLE, STAY } from './permit.js';
import type { Phase } from './phase.js';

/**
 * Permits of calls that a full stack has kept from giving their places back, and whose they are. They are made before
 * they are needed: where the stack is full, not even an array literal can be counted on.
 */
export const OWED: Phase[] = [];
export const OWED_BY: LendingCircuit[] = [];

/** Settles what a full stack has left unsettled: nothing is known of it. */
export let payBack: () => void;

export abstract class LendingCircuit extends Circuit {
  static {
    payBack = () => {
      // The stack may be full again: what has not been given back stays owed.
      for (let last = OWED.length - 1; last >= 0; last = OWED.length - 1) {
        const circuit = OWED_BY[last] as LendingCircuit;
        const permit = OWED[last] as Phase;
        circuit.giveBack(permit);
        OWED.length = last;
        OWED_BY.length = last;
        circuit.settle(permit, Number.NaN, true, undefined, 'ignored');
      }
    };
  }

  override get metrics(): CircuitMetrics {
    if (OWED.length > 0) payBack();
    return super.metrics;
  }

  protected permitNow(): Permit | CircuitBreakerOpenError {
    const isPlain = this.machine.detector === undefined && OWED.length === 0;
    const usual = isPlain ? this.openDoor : undefined;
    const now = usual === undefined ? this.timeOfStart(false) : this.beginPlainly();
    const admission = usual ?? this[ADMIT](now);
    if (!('resets' in admission)) return admission;
    try {
      return new CallPermit(this, admission, now);
    } catch (error) {
      // Without a call: the stack is full.
      OWED_BY[OWED_BY.length] = this;
      OWED[OWED.length] = admission;
      throw error;
    }
  }

  /** @internal for subpaths: see `permit.ts` */
  [ADMIT](now: number): Phase | CircuitBreakerOpenError {
    if (OWED.length > 0) payBack();
    return this.admit(now);
  }

  /** @internal for subpaths */
  [STAY](permit: Phase): Phase | undefined {
    return this.stayLeftBy(permit);
  }

  /** @internal for subpaths */
  [BREAK_OFF](stay: Phase, startedAt: number, error: unknown): void {
    this.failLate(stay, startedAt, error);
  }

  /** @internal for subpaths */
  [SETTLE](
    permit: Phase,
    startedAt: number,
    threw: boolean,
    result: unknown,
    kind?: OutcomeKind,
  ): OutcomeKind {
    this.giveBack(permit);
    const isPlain = kind === undefined || (kind === 'success' && this.isQuiet);
    if (isPlain && !threw) return this.succeed(permit, startedAt, result);
    return this.settle(permit, startedAt, threw, result, kind);
  }
}
