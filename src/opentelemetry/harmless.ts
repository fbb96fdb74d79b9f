import { describeError } from '../core/describe-error.js';
import { warn } from '../core/warn.js';

/**
 * A function that does the same but never throws. What the SDK throws is warned of once: it must neither reach a call
 * nor end the process.
 */
export function harmless<Args extends unknown[]>(run: (...args: Args) => void): (...args: Args) => void {
  let hasWarned = false;
  return (...args) => {
    try {
      run(...args);
    } catch (error) {
      if (hasWarned) return;
      hasWarned = true;
      warn(
        'RECLOSER_TELEMETRY',
        `OpenTelemetry threw when a circuit breaker was measured or traced: ${describeError(error)}`,
      );
    }
  };
}
