/** Stays that somebody outside takes part in: a partner opens, says when a call may probe, and closes. */
import { CircuitState } from './circuit-state.js';
import { createPhase, type OpenPhase, rareOf } from './phase.js';
import { Probing } from './probing.js';
import type { ProbeGate } from './seam.js';

export abstract class SharedStays extends Probing {
  /** Whether somebody outside decides when the present stay ends. */
  get isGated(): boolean {
    return this.phase.rare?.gate !== undefined;
  }

  /** The gate at which a call may wait: its time is over, and there is a place for a probe. */
  waitingGate(now: number, full: boolean): ProbeGate | undefined {
    const phase = this.phase;
    if (phase.state === CircuitState.CLOSED || full || this.probesAreOut || now < phase.resumeAt)
      return undefined;
    return phase.rare?.gate;
  }

  /** Opens because others have, or takes the gate in place. */
  openShared(now: number, wait: number, attempt: number, gate: ProbeGate, detail?: string): void {
    const phase = this.phase;
    if (phase.forced) return;
    if (phase.state === CircuitState.OPEN) {
      rareOf(phase).gate = gate;
      this.#postpone(phase, now, wait);
      this.say(detail);
      return;
    }
    const next = createPhase(CircuitState.OPEN, now, attempt, wait, false, phase.resets);
    rareOf(next).gate = gate;
    this.enter(next, 'shared', undefined, detail);
  }

  defer(now: number, wait: number): void {
    const phase = this.phase;
    if (phase.forced || !this.isGated) return;
    if (phase.state === CircuitState.OPEN) this.#postpone(phase, now, wait);
    else if (phase.state === CircuitState.HALF_OPEN) phase.resumeAt = Math.max(phase.resumeAt, now + wait);
  }

  #postpone(phase: OpenPhase, now: number, wait: number): void {
    phase.resumeAt = Math.max(phase.resumeAt, now + wait);
    phase.recovery = Math.max(phase.recovery, wait);
  }

  closeShared(now: number, detail?: string): void {
    const { state, forced } = this.phase;
    if (forced || !this.isGated) return;
    this.close(now, state === CircuitState.HALF_OPEN ? 'recovered' : 'shared', detail);
  }

  release(now: number, wait = Number.POSITIVE_INFINITY): void {
    const phase = this.phase;
    if (phase.rare?.gate === undefined || phase.forced) return;
    phase.rare.gate = undefined;
    if (phase.state === CircuitState.OPEN) phase.resumeAt = Math.min(phase.resumeAt, now + wait);
    else if (phase.state === CircuitState.HALF_OPEN) {
      phase.resumeAt = Number.NEGATIVE_INFINITY;
      this.closeIfRecovered(phase, now);
    }
  }
}
