/** Configuration as data: what stands around breakers, out of the same file and the same variables as the breakers. */
import { type AroundContext, readAround } from '../config/around.js';
import type { Environment } from '../config/environments.js';
import type { PresetName } from '../config/preset-names.js';
import { Problems } from '../config/problems.js';
import { readAroundOption } from './options.js';
import { fromFile, type NamedOptions, type ResilienceRegistryOptions } from './registry.js';

/** What stands around a breaker, as JSON: `retry`, `totalTimeout`, `hedge`, `retryBudget`, `bulkhead`, `rateLimit`, `breakerCounts`. */
export type ConfigResilience = Pick<
  NamedOptions,
  'retry' | 'totalTimeout' | 'hedge' | 'retryBudget' | 'bulkhead' | 'rateLimit' | 'breakerCounts'
>;

/** The member `resilience` of a configuration; the more specific goes before the others. */
export interface ResilienceConfig {
  /** For every breaker. */
  defaults?: ConfigResilience | undefined;
  /** For every breaker, in one environment. */
  environments?: Partial<Record<Environment, ConfigResilience>> | undefined;
  /** For the breakers of one preset. */
  services?: Partial<Record<PresetName, ConfigResilience>> | undefined;
  /** For one breaker. */
  names?: Readonly<Record<string, ConfigResilience>> | undefined;
}

/** Where a configuration is read: the environment, and the variables; both are found out unless given. */
export interface ResilienceConfigContext extends AroundContext {}

/** What `resilienceFromConfig` answers. */
export interface ConfiguredResilience extends ResilienceRegistryOptions {
  readonly configure: (name: string) => NamedOptions;
}

/**
 * Options of a `ResilienceRegistry` as a configuration and the environment variables say: the member `resilience` of the
 * file that `fromConfig` reads, and `RECLOSER_<NAME>_RETRY`, `_TOTAL_TIMEOUT`, `_BULKHEAD`, `_RATE_LIMIT`,
 * `_RETRY_BUDGET` and `_HEDGE`.
 *
 * @param config plain JSON; all of its member `resilience` is checked now
 * @throws InvalidOptionsError with a line for each mistake, each with its path
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { ResilienceRegistry, resilienceFromConfig } from 'recloser/resilience';
 *
 * const config = { resilience: { defaults: { retry: 'network' }, names: { orders: { bulkhead: 20 } } } };
 * const around = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry(), ...resilienceFromConfig(config) });
 * console.log(around.getOrCreate('orders').bulkhead?.limit); // → 20
 * ```
 */
export function resilienceFromConfig(
  config: unknown,
  context?: ResilienceConfigContext,
): ConfiguredResilience {
  const problems = new Problems();
  const { optionsFor } = readAround(config, context, readAroundOption, problems);
  problems.refuse();
  return { configure: fromFile((name) => optionsFor(name)) };
}
