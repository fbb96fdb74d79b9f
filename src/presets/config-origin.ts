import type { CircuitBreakerOptions } from '../index.js';

/** The options that a breaker is made with, before the code says its own. */
export type OptionsOf = (breakerName: string) => CircuitBreakerOptions;

/** Where a registry has its options from. */
export interface Origin {
  readonly optionsOf: OptionsOf;
  /** A configuration gives way to the next one; presets that the code chose stay. */
  readonly by: 'presets' | 'configuration';
}

const origins = new WeakMap<object, Origin>();

/**
 * A `configure` for a registry that can be told afterwards, by {@link originOf}, what it gave. Without that nobody
 * could tell what the code gave a breaker from what its configuration did. A registry calls it as a method of its own.
 */
export function createConfigure(optionsOf: OptionsOf, by: Origin['by'] = 'presets'): OptionsOf {
  const origin = { optionsOf, by };
  return function configure(this: unknown, breakerName) {
    if (typeof this === 'object' && this !== null) origins.set(this, origin);
    return optionsOf(breakerName);
  };
}

/** Where a registry has its options from, if that is presets or a configuration. */
export function originOf(registry: object): Origin | undefined {
  return origins.get(registry);
}
