/** Changes the options of breakers that exist to what a configuration says, all of them or none. */

import { readAround } from '../../config/around.js';
import { type AroundPlan, CONFIGURE, type ConfigurableAround } from '../../config/configurable.js';
import type { Environment } from '../../config/environments.js';
import { Problems, pathTo, together } from '../../config/problems.js';
import { warn } from '../../config/warn.js';
import { hasMethods, verify } from '../../core/validate.js';
import type { Configuration } from './configuration.js';
import { type ConfigContext, readConfig } from './from-config.js';
import { isObject } from './json-values.js';
import { originOf } from './origin.js';
import {
  type ConfigChange,
  type ConfigurableBreaker,
  environmentOf,
  type Plan,
  planAll,
  remember,
} from './plan.js';

/** As much of a registry as a configuration is applied to. */
export interface ConfigurableRegistry {
  [Symbol.iterator](): Iterator<ConfigurableBreaker>;
  on(event: 'create', listener: (event: { readonly instance: ConfigurableBreaker }) => void): () => void;
}

/** What stands around breakers, as far as a configuration is applied to it: a `ResilienceRegistry` of recloser/resilience. */
export interface ConfigurableResilience {
  readonly breakers: object;
  get(name: string): unknown;
}

/** What a configuration is applied in. */
export interface ApplyContext extends ConfigContext {
  /** What stands around the breakers, to be brought to the member `resilience`. @default none, so that it is passed over */
  resilience?: ConfigurableResilience | undefined;
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
 * With `resilience` the same holds for what stands around them: `applyConfig(registry, config, { resilience: defaultResilience })`.
 * Figures of a bulkhead, a rate limit and a budget hold at once, all else from the next call.
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
  context?: ApplyContext,
): readonly ConfigChange[] {
  verifyRegistry(registry);
  const { resilience, ...others }: ApplyContext = isObject(context) ? context : {};
  const door = doorOf(resilience, registry);
  const given: ConfigContext | undefined = resilience === undefined ? context : others;
  const origin = originOf(registry);
  const [[configuration, plans], around] = together(
    () => {
      const read = readConfig(config, given);
      return [read, planAll(registry, read, origin)] as const;
    },
    (read) => door && planAround(door, config, given, read && environmentOf(read[0], origin)),
  );
  carryOut(plans);
  around?.carryOut();
  subscriptions.get(registry)?.();
  subscriptions.set(registry, follow(registry, configuration));
  return [...plans.flatMap(({ changes }) => changes), ...(around?.changes ?? [])];
}

/** @throws InvalidOptionsError with a line for each mistake */
function planAround(
  door: ConfigurableAround,
  config: unknown,
  context: ConfigContext | undefined,
  environment: Environment | undefined,
): AroundPlan {
  const problems = new Problems();
  const { env }: ConfigContext = isObject(context) ? context : {};
  const read = readAround(config, { environment, env }, door.read, problems);
  problems.refuse();
  const plan = door.plan(read.optionsFor, (name, { option, message }) => {
    const path = pathTo(pathTo('resilience.names', name), option);
    problems.add(path, message.slice(message.indexOf(': ') + 2));
  });
  problems.refuse();
  return plan;
}

function doorOf(
  resilience: ConfigurableResilience | undefined,
  registry: ConfigurableRegistry,
): ConfigurableAround | undefined {
  if (resilience === undefined) return undefined;
  const subject = { breaker: '', action: 'apply a configuration' };
  verify(subject, 'resilience', resilience, (it) =>
    hasMethods(CONFIGURE)(it) ? undefined : 'a ResilienceRegistry of recloser/resilience',
  );
  verify(subject, 'resilience', resilience, ({ breakers }) =>
    breakers === registry ? undefined : 'around the breakers of this registry',
  );
  return (resilience as unknown as { [CONFIGURE](): ConfigurableAround })[CONFIGURE]();
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
