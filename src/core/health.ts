import { CircuitState } from './circuit-state.js';
import type { WindowMetrics } from './metrics.js';
import type { Phase } from './phase.js';
import type { MachineSettings } from './stays.js';

/**
 * How sound a circuit is, from 0 (OPEN) to 1. CLOSED: 1 less the largest share of its threshold that a rule has used
 * up, rates from `minimumCalls` on. HALF_OPEN: half the share of the successes that it needs to close.
 */
export function healthOf(
  phase: Phase,
  consecutiveFailures: number,
  window: WindowMetrics,
  settings: MachineSettings,
): number {
  switch (phase.state) {
    case CircuitState.OPEN:
      return 0;
    case CircuitState.HALF_OPEN:
      return Math.min(phase.successes / settings.successThreshold, 1) / 2;
    case CircuitState.CLOSED: {
      const isJudged = window.calls >= settings.minimumCalls;
      const used = Math.max(
        usedUp(consecutiveFailures, settings.failureThreshold),
        isJudged ? usedUp(window.failureRate, settings.failureRateThreshold) : 0,
        isJudged && settings.slowCallDuration !== false
          ? usedUp(window.slowCallRate, settings.slowCallRateThreshold)
          : 0,
      );
      return 1 - Math.min(used, 1);
    }
  }
}

/** The share of a threshold that a figure has used up; one above nothing has used up a threshold of 0. */
function usedUp(figure: number, threshold: number | false): number {
  return threshold === false || figure === 0 ? 0 : figure / threshold;
}
