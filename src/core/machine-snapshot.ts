/** The machine's half of a snapshot: its state as durations, given and taken over. */
import { CircuitState } from './circuit-state.js';
import type { LastFailure } from './metrics.js';
import { createPhase, remaining } from './phase.js';
import { type CircuitSnapshot, LONGEST } from './snapshot.js';
import type { StateMachine } from './state-machine.js';
import { createWindow, isSameShape } from './window.js';

/** The members of a `CircuitSnapshot` that the machine gives and takes over; its mode tells whether it is forced. */
type MachineSnapshot = Omit<
  CircuitSnapshot,
  'version' | 'name' | 'takenAt' | 'mode' | 'lastFailure' | 'totals' | 'detector'
>;

const bounded = (ms: number): number => Math.min(Math.max(ms, 0), LONGEST);

export function snapshotOf(machine: StateMachine, now: number): MachineSnapshot {
  const { phase, settings } = machine;
  const window = machine.window ?? createWindow(settings.window);
  const isOpen = phase.state === CircuitState.OPEN && !phase.forced;
  return {
    state: phase.state,
    elapsed: bounded(now - phase.since),
    attempt: Math.min(machine.attempt, LONGEST),
    recovery: isOpen ? phase.recovery : 0,
    remaining: isOpen ? remaining(phase, now) : 0,
    probeSuccesses: phase.state === CircuitState.HALF_OPEN ? Math.min(phase.successes, LONGEST) : 0,
    consecutiveFailures: Math.min(machine.consecutiveFailures, LONGEST),
    window: window.snapshot(machine.windowTime(now)),
  };
}

/** Takes over a state. Probes of the other process are none here. */
export function restoreInto(
  machine: StateMachine,
  snapshot: CircuitSnapshot,
  lastFailure: LastFailure | undefined,
  now: number,
  passed: number,
): void {
  const { state, recovery, window } = snapshot;
  const { settings } = machine;
  const forced = snapshot.mode.startsWith('forced-');
  const since = now - snapshot.elapsed - passed;
  const phase = createPhase(state, since, snapshot.attempt, recovery, forced, machine.phase.resets + 1);
  if (phase.state === CircuitState.OPEN && !forced) {
    phase.resumeAt = now + Math.max(snapshot.remaining - passed, 0);
    phase.seenAt = now;
  }
  if (phase.state === CircuitState.HALF_OPEN) phase.successes = snapshot.probeSuccesses;
  machine.restorePhase(phase, now);
  machine.consecutiveFailures = snapshot.consecutiveFailures;
  machine.lastFailure = lastFailure;
  machine.window = undefined;
  if (!isSameShape(window, settings.window)) return;
  machine.window = createWindow(settings.window);
  machine.window.restore(window, now, state === CircuitState.CLOSED ? passed : 0);
}
