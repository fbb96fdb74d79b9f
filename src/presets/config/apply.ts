/** Changes the options of breakers that exist to what a configuration says, all of them or none. */

import { warn } from '../../config/warn.js';
import { hasMethods, verify } from '../../core/validate.js';
import type { Configuration } from './configuration.js';
import { type ConfigContext, readConfig } from './from-config.js';
import { originOf } from './origin.js';
import { type ConfigChange, type ConfigurableBreaker, type Plan, planAll, remember } from './plan.js';

/** As much of a registry as a configuration is applied to. */
export interface ConfigurableRegistry {
  [Symbol.iterator](): Iterator<ConfigurableBreaker>;
  on(event: 'create', listener: (event: { readonly instance: ConfigurableBreaker }) => void): () => void;
}

/** What ends the hold of the latest configuration on the breakers that a registry makes. */
const subscriptions = new WeakMap<ConfigurableRegistry, () => void>();

/**
 * Changes the breakers of a registry to what a configuration and the environment variables say, all of them or none,
 * and those that it makes later too, until the next configuration is applied.
 *
 * What the configuration names goes before what the code gave. What it does not name is as the code gave it, else as
 * the preset says; so an option that only an earlier configuration named goes back. What was changed by hand since
 * counts as given by the code.
 *
 * @param config plain JSON, a `CircuitBreakerConfig`
 * @returns what has changed
 * @throws InvalidOptionsError with a line for each mistake; nothing has changed then
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { applyConfig } from 'recloser/presets';
 *
 * const registry = new CircuitBreakerRegistry();
 * const orders = registry.getOrCreate('orders', { successThreshold: 1 });
 *
 * const [change] = applyConfig(registry, { names: { orders: { successThreshold: 4 } } });
 * console.log(change?.breaker, change?.option, change?.from, change?.to); // → orders successThreshold 1 4
 *
 * applyConfig(registry, {});
 * console.log(orders.options.successThreshold); // → 1
 * ```
 */
export function applyConfig(
  registry: ConfigurableRegistry,
  config: unknown,
  context?: ConfigContext,
): readonly ConfigChange[] {
  verifyRegistry(registry);
  const configuration = readConfig(config, context);
  const plans = planAll(registry, configuration, originOf(registry));
  carryOut(plans);
  subscriptions.get(registry)?.();
  subscriptions.set(registry, follow(registry, configuration));
  return plans.flatMap(({ changes }) => changes);
}

/** Brings each breaker that is made from now on to what the configuration says. It is too late then to refuse. */
function follow(registry: ConfigurableRegistry, configuration: Configuration): () => void {
  return registry.on('create', ({ instance }) => {
    try {
      carryOut(planAll([instance], configuration, originOf(registry)));
    } catch (error) {
      warn(`A configuration was not applied to a new circuit breaker: ${(error as Error).message}`);
    }
  });
}

/** Should a breaker refuse all the same, those that have been updated are put back. */
function carryOut(plans: readonly Plan[]): void {
  const updated: Plan[] = [];
  try {
    for (const plan of plans) {
      if (plan.changes.length === 0) continue;
      plan.breaker.update(plan.update);
      updated.push(plan);
    }
  } catch (error) {
    for (const { breaker, undo } of updated) breaker.update(undo);
    throw error;
  }
  for (const plan of plans) remember(plan);
}

function verifyRegistry(registry: unknown): void {
  const isRegistry = hasMethods('on', Symbol.iterator);
  verify({ breaker: '', action: 'apply a configuration' }, 'registry', registry, (it) =>
    isRegistry(it) ? undefined : 'a registry',
  );
}
