/**
 * Finds out what has to change at a breaker. It remembers of each what the code gave it, so that an option goes back to
 * that, or to the preset, when a later configuration no longer names it.
 */

import type { Environment } from '../../config/environments.js';
import { BREAKER_OPTIONS } from '../../config/option-names.js';
import { Problems, pathTo } from '../../config/problems.js';
import type { CircuitBreakerOptions, ResolvedOptions, UpdatableOptions } from '../../index.js';
import { type Configuration, merge, type Parts } from './configuration.js';
import { conflictIn, layOver, resolve, withoutIdleRate } from './core-rules.js';
import { isSameOption, written } from './json-values.js';
import type { Origin } from './origin.js';

/** As much of a breaker as a configuration changes. */
export interface ConfigurableBreaker {
  readonly name: string;
  readonly options: ResolvedOptions;
  update(options: UpdatableOptions): void;
}

/** An option of a breaker that a configuration changed. A backoff that was written as JSON is told as it was written. */
export interface ConfigChange {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly option: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What has to be done to a breaker. */
export interface Plan {
  readonly breaker: ConfigurableBreaker;
  readonly changes: readonly ConfigChange[];
  readonly update: UpdatableOptions;
  readonly undo: UpdatableOptions;
  readonly memory: Memory;
}

/** What is known of a breaker that a configuration was applied to. */
interface Memory {
  /** What the code gave it, or somebody by hand. */
  readonly own: CircuitBreakerOptions;
  /** All that it was left with, of which the options in force follow. */
  readonly left: CircuitBreakerOptions;
}

/** What may be changed: what is written as data, and what a preset brings beside it. */
const CHANGEABLE = /* @__PURE__ */ withIsFailure();

/** What follows the window and `callTimeout` unless it is given. */
const FOLLOWERS = ['minimumCalls', 'probeTimeout'] as const;

/** Bundlers keep what is spread, even if nobody uses it; a function that is pure they do not. */
function withIsFailure() {
  return [...BREAKER_OPTIONS, 'isFailure'] as const;
}

type Changeable = Pick<ResolvedOptions, (typeof CHANGEABLE)[number]>;

const memories = new WeakMap<ConfigurableBreaker, Memory>();

/** Keeps what is known of a breaker, once the plan is carried out. */
export function remember({ breaker, memory }: Plan): void {
  memories.set(breaker, memory);
}

/**
 * Plans for all of these breakers.
 *
 * @param origin what they were made with, if that came from presets or a configuration
 * @throws InvalidOptionsError with a line for each of them that cannot have the options
 */
export function planAll(
  breakers: Iterable<ConfigurableBreaker>,
  configuration: Configuration,
  origin: Origin | undefined,
): Plan[] {
  const problems = new Problems();
  const environment = environmentOf(configuration, origin);
  const plans = Array.from(breakers, (breaker) => {
    const { name } = breaker;
    const parts = configuration.partsFor(name, environment);
    const base = baseOf(name, parts, environment, origin);
    const own = ownOptions(breaker, origin);
    const options = withoutIdleRate(
      layOver(base.chosen, { ...merge(base.layers), ...own, ...merge(parts.layers) }),
    );
    const conflict = conflictIn(options);
    if (conflict === undefined) return planFor(breaker, { own, left: options });
    problems.add(pathTo(pathTo('names', name), conflict.option), conflict.problem);
    return [];
  });
  problems.refuse();
  return plans.flat();
}

/** One environment for presets and sections alike: the one that was named, else the one that the code made do with. */
export function environmentOf({ located }: Configuration, origin: Origin | undefined): Environment {
  const isNamed = located.environmentSource === 'option';
  return isNamed || origin === undefined ? located.environment : origin.environment;
}

/** What the code is given: that is for it to say where it chose presets itself, and where it chose none. */
function baseOf(
  breaker: string,
  { chosen, chosenBy }: Parts,
  environment: Environment,
  origin: Origin | undefined,
): Pick<Parts, 'chosen' | 'layers'> {
  if (chosenBy !== 'name' || origin?.by === 'configuration') return { chosen, layers: [] };
  return origin?.configuration.partsFor(breaker, environment) ?? { chosen: {}, layers: [] };
}

function planFor(breaker: ConfigurableBreaker, memory: Memory): Plan {
  const from = changeable(breaker.options);
  const to = changeable(resolve(memory.left));
  const changed = CHANGEABLE.filter((option) => !isSameOption(from[option], to[option]));
  const following = followersOf(to, {});
  // What could follow and does not has to be said, or it would.
  const steady = FOLLOWERS.filter((option) => to[option] !== following[option]);
  const isRated = changed.includes('slowCallRateThreshold'); // no rate without a word on what is slow
  const told = [...changed, ...steady, ...(isRated ? (['slowCallDuration'] as const) : [])];
  return {
    breaker,
    changes: changed.map((option) => ({
      breaker: breaker.name,
      option,
      from: written(from[option]),
      to: written(to[option]),
    })),
    update: pick(to, told),
    undo: pick(from, told),
    memory,
  };
}

/** What the code gave a breaker, or somebody by hand since: what is not as it was made, or as it was left. */
function ownOptions(breaker: ConfigurableBreaker, origin: Origin | undefined): CircuitBreakerOptions {
  const memory = memories.get(breaker);
  const left = memory?.left ?? origin?.configuration.optionsFor(breaker.name) ?? {};
  const inForce = changeable(breaker.options);
  const expected = changeable(resolve(left));
  const following = followersOf(inForce, left);
  const own = CHANGEABLE.filter(
    (option) =>
      !isSameOption(inForce[option], expected[option]) && !isSameOption(inForce[option], following[option]),
  );
  return { ...memory?.own, ...pick(inForce, own) };
}

/** What these options would be, were they not given on top of the others. */
function followersOf(
  { window, callTimeout }: Changeable,
  others: CircuitBreakerOptions,
): Partial<Changeable> {
  const { minimumCalls, probeTimeout } = resolve(layOver(others, { window, callTimeout }));
  return { minimumCalls, probeTimeout };
}

function changeable(options: ResolvedOptions): Changeable {
  return { ...options, isFailure: options.isFailure ?? isError };
}

/** In place of no `isFailure`, which an update cannot take away: it decides the same. */
const isError: NonNullable<CircuitBreakerOptions['isFailure']> = (outcome) => 'error' in outcome;

function pick(options: Changeable, names: readonly (keyof Changeable)[]): UpdatableOptions {
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}
