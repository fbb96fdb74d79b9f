/** What one set of options says otherwise than another. */
import type { AroundChange, AroundValues } from '../config/configurable.js';
import type { OptionDifference } from '../index.js';
import { type AroundOptions, DEPENDENCY_OPTIONS, type DependencyOptions } from './options.js';
import { RETRY_POLICIES } from './retry-options.js';
import { defaultOf, keyOf } from './shared.js';

/** What becomes of one under other options. */
export function changesOf(breaker: string, before: AroundOptions, after: AroundOptions): AroundChange[] {
  const [from, to] = [before, after] as Record<string, unknown>[] as [AroundValues, AroundValues];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((option) => keyOf(option, from[option]) !== keyOf(option, to[option]))
    .map((option) => ({
      breaker,
      option,
      from: written(from[option] ?? defaultOf(option)),
      to: written(to[option] ?? defaultOf(option)),
    }));
}

/** A policy by its name. */
function written(value: unknown): unknown {
  const policy = Object.entries(RETRY_POLICIES).find(([, it]) => it === value);
  return policy === undefined ? value : policy[0];
}

/** Options of the dependency that were given and are not in force. */
export function differencesOf(given: DependencyOptions, inForce: DependencyOptions): OptionDifference[] {
  return DEPENDENCY_OPTIONS.filter(
    (option) =>
      given[option] !== undefined && keyOf(option, given[option]) !== keyOf(option, inForce[option]),
  ).map((option) => ({ option, inForce: inForce[option] ?? defaultOf(option), given: given[option] }));
}
