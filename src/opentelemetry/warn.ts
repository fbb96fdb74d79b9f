import { describeError } from '../core/describe-error.js';

/** Tells the process, where there is one. */
export function warn(message: string): void {
  const { process } = globalThis as { process?: { emitWarning?(message: string, options: object): void } };
  process?.emitWarning?.(message, { type: 'CircuitBreakerWarning', code: 'RECLOSER_TELEMETRY' });
}

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
      warn(`OpenTelemetry threw when a circuit breaker was measured or traced: ${describeError(error)}`);
    }
  };
}
