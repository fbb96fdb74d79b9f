import { type InstrumentableBreaker, type InstrumentableRegistry, verifySource } from '../core/source.js';
import { Exporter } from './exporter.js';
import { type InstrumentOptions, resolveOptions, SUBJECT } from './prom-options.js';

/**
 * Exports a breaker, or all breakers of a registry, present and future, to a register of prom-client. Counting begins
 * now. A source that is exported already is not counted twice.
 *
 * @returns a function that ends it: its listeners, its series and, with the last source, the metrics are gone
 * @throws InvalidOptionsError for an unknown option, a value out of range, a metric of the same name that somebody else
 * has registered, or options other than those with which the register or the source was instrumented before
 *
 * @example
 * ```ts
 * import * as client from 'prom-client';
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { instrument } from 'recloser/prometheus';
 *
 * const breakers = new CircuitBreakerRegistry();
 * const stop = instrument(breakers, { client });
 *
 * await breakers.getOrCreate('users').call(async () => 'Ada');
 * const text = await client.register.metrics();
 * console.log(text.includes('circuit_breaker_requests_total{result="success",name="users"} 1')); // → true
 * stop();
 * ```
 */
export function instrument(
  source: InstrumentableBreaker | InstrumentableRegistry,
  options: InstrumentOptions,
): () => void {
  verifySource(SUBJECT, source);
  const resolved = resolveOptions(options);
  return Exporter.of(resolved).add(source, resolved);
}
