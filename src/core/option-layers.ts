/** Options of several layers, of which the upper ones go before the lower. */
import type { CircuitBreakerOptions } from './options.js';

/** Options that come of several layers, of which a lower one may name a rate for those that have a duration. */
export function withoutIdleRate(options: CircuitBreakerOptions): CircuitBreakerOptions {
  const { slowCallRateThreshold, ...others } = options;
  return options.slowCallDuration === undefined && !options.detector ? others : options;
}

/** Options of which the upper ones go before the lower; a detector there takes out below what it has defaults for. */
export function layerOptions(
  lower: CircuitBreakerOptions,
  upper: CircuitBreakerOptions | undefined,
): CircuitBreakerOptions {
  const below = { ...lower };
  if (upper?.detector) {
    for (const key of Object.keys(upper.detector.defaults ?? {}) as (keyof CircuitBreakerOptions)[])
      delete below[key];
  }
  return { ...below, ...upper };
}
