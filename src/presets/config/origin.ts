import type { Environment } from '../../config/environments.js';
import type { CircuitBreakerOptions } from '../../index.js';
import type { Configuration } from './configuration.js';

/** Where a registry has its options from. */
export interface Origin {
  readonly configuration: Configuration;
  /** A configuration gives way to the next one; presets that the code chose stay. */
  readonly by: 'presets' | 'configuration';
  /** The environment that the code named, or that was detected for it. */
  readonly environment: Environment;
}

const origins = new WeakMap<object, Origin>();

/**
 * A `configure` for a registry that can be told afterwards, by {@link originOf}, what it gave. Without that nobody
 * could tell what the code gave a breaker from what its configuration did. A registry calls it as a method of its own.
 */
export function createConfigure(origin: Origin): (breakerName: string) => CircuitBreakerOptions {
  return function configure(this: unknown, breakerName) {
    if (typeof this === 'object' && this !== null) origins.set(this, origin);
    return origin.configuration.optionsFor(breakerName);
  };
}

/** Where a registry has its options from, if that is presets or a configuration. */
export function originOf(registry: object): Origin | undefined {
  return origins.get(registry);
}
