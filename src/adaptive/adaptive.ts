import { type Detector, type DetectorHost, exponentialBackoff } from '../index.js';
import { type AdaptiveOptions, resolveAdaptive } from './options.js';
import { AdaptiveState } from './state.js';

/** Probe successes that close, with a ramp behind them and without. */
const PROBES = 5;
const PROBES_WITHOUT_RAMP = 7;

/**
 * A detector that trips by evidence, and keeps a promise: while failures stay independent and no more than normal, it
 * trips no more often than `falseTripsPerDay`. It holds no state: one may serve many breakers.
 *
 * @throws InvalidOptionsError for an unknown option, a value out of range, or a promise that cannot be kept
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { adaptive } from 'recloser/adaptive';
 *
 * const breaker = new CircuitBreaker({ name: 'search', detector: adaptive({ tolerate: 0.25 }) });
 * console.log(breaker.metrics.detector?.lines); // → [ '1/4', '1/2' ]
 * ```
 */
export function adaptive(options: AdaptiveOptions = {}): Detector {
  const resolved = resolveAdaptive(options);
  return Object.freeze({
    defaults: Object.freeze({
      failureThreshold: false as const,
      failureRateThreshold: false as const,
      successThreshold: resolved.ramp === false ? PROBES_WITHOUT_RAMP : PROBES,
      recoveryTimeout: exponentialBackoff({ initial: 1_000, max: 10_000 }),
    }),
    create: (host: DetectorHost) => new AdaptiveState(host, resolved),
  });
}
