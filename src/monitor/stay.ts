/**
 * A breaker's stays in its states. `restore()` and `reset()` may begin one without a change of state, which nothing
 * tells: it shows in when the stay began.
 */
import type { CircuitMetrics, LastTransition } from '../index.js';

/** The transition with which the present stay began, unless `restore()` or `reset()` began it in the same state. */
export function causeOf({ state, mode, since, lastTransition }: CircuitMetrics): LastTransition | undefined {
  if (lastTransition === null || lastTransition.to !== state) return undefined;
  const { at, reason } = lastTransition;
  if (reason === 'restored') return at >= since ? lastTransition : undefined;
  // What is forced stays forced: if it is not, it was reset in the same tick of its clock.
  const isOver = reason === 'forced' && !mode.startsWith('forced');
  return at === since && !isOver ? lastTransition : undefined;
}

/**
 * Answers, each time it is told how a breaker is, whether its totals may have jumped since the last time: whether it
 * has begun a stay by `restore()`. A `reset()` of a CLOSED circuit looks the same.
 */
export function createJumpDetector({ state, since }: CircuitMetrics): (metrics: CircuitMetrics) => boolean {
  return (metrics) => {
    const isSameStay = metrics.state === state && metrics.since === since;
    ({ state, since } = metrics);
    return !isSameStay && (causeOf(metrics)?.reason ?? 'restored') === 'restored';
  };
}
