/** What a configuration says for a breaker: the order of its layers, and whether they go together. */

import type { Environment, LocatedEnvironment } from '../../config/environments.js';
import { inferPreset } from '../../config/infer.js';
import type { PresetName } from '../../config/preset-names.js';
import type { Problems } from '../../config/problems.js';
import { foldName } from '../../config/variables.js';
import { warn } from '../../config/warn.js';
import { quote } from '../../core/quote.js';
import type { CircuitBreakerOptions } from '../../index.js';
import { presetOptions } from '../catalogue/figures.js';
import { conflictIn, lay, layOver, withDefaultMinimum, withoutIdleRate } from './core-rules.js';
import type { ConfigLayers } from './read.js';
import type { BreakerLayer } from './read-options.js';

/** What there is for one breaker. */
export interface Parts {
  /** What the preset says, if there is one. */
  readonly chosen: CircuitBreakerOptions;
  /** The preset that the configuration names, or the breaker's name tells. */
  readonly service: PresetName;
  /** Whether the configuration names the preset, or the breaker's name tells it. */
  readonly chosenBy: 'configuration' | 'name' | 'nobody';
  /** What was written, the more specific the later. */
  readonly layers: readonly (BreakerLayer | undefined)[];
}

/** The layers of a configuration and of the variables, over the presets. */
export class Configuration {
  readonly #layers: ConfigLayers;
  readonly #variables: ReadonlyMap<string, BreakerLayer>;
  /** The environment unless another is asked for, and who named it. */
  readonly located: LocatedEnvironment;

  constructor(
    layers: ConfigLayers,
    variables: ReadonlyMap<string, BreakerLayer>,
    located: LocatedEnvironment,
  ) {
    this.#layers = layers;
    this.#variables = variables;
    this.located = located;
  }

  partsFor(breaker: string, environment: Environment = this.located.environment): Parts {
    const { presets, defaults, environments, services, names } = this.#layers;
    const own = names.get(breaker);
    const service = own?.preset ?? inferPreset(breaker).preset;
    const chosenBy = own?.preset !== undefined ? 'configuration' : presets ? 'name' : 'nobody';
    return {
      chosen: chosenBy === 'nobody' ? {} : presetOptions(service, environment),
      service,
      chosenBy,
      layers: [
        defaults,
        environments.get(environment),
        services.get(service),
        own,
        this.#variables.get(foldName(breaker)),
      ],
    };
  }

  /**
   * What a breaker of this name is made with. It never fails: a conflict that `checkCombinations` could not see, since a
   * variable does not tell how its breaker spells the name, is only warned of.
   */
  optionsFor(breaker: string): CircuitBreakerOptions {
    const { chosen, layers } = this.partsFor(breaker);
    const options = withoutIdleRate(layOver(chosen, merge(layers)));
    const conflict = conflictIn(options);
    if (conflict === undefined) return options;
    warn(
      `The default \`minimumCalls\` holds for circuit breaker ${quote(breaker)}: what is configured ${conflict.problem}`,
    );
    return withDefaultMinimum(options);
  }

  /** Adds options that are good alone and not together, for everything that was written about. */
  checkCombinations(problems: Problems): void {
    const { defaults, environments, services } = this.#layers;
    const breakers = this.#breakers();
    const byService = [...services.values()].some(isAboutWindow);
    const written = [defaults, ...environments.values(), ...services.values()].some(hasMinimum);
    for (const environment of new Set([this.located.environment, ...environments.keys()])) {
      const common = [defaults, environments.get(environment)];
      checkTogether({}, common, problems);
      for (const [service, layer] of services) {
        checkTogether(presetOptions(service, environment), [...common, layer], problems);
      }
      for (const breaker of breakers) {
        const own = this.#layers.names.get(breaker);
        const variables = this.#variables.get(foldName(breaker));
        // What its own layers say nothing of has been checked with the common ones, and only what is written does not
        // give way.
        if (!byService && ![own, variables].some(isAboutWindow)) continue;
        if (!written && ![own, variables].some(hasMinimum)) continue;
        const { chosen, layers } = this.partsFor(breaker, environment);
        checkTogether(chosen, layers, problems);
      }
    }
  }

  /** The names that were written about. Of a variable only the folded name is known; one that folds so stands for it. */
  #breakers(): string[] {
    const names = [...this.#layers.names.keys()];
    const folded = new Set(names.map(foldName));
    const others = [...this.#variables.keys()].filter((name) => !folded.has(name));
    return [...names, ...others.map((name) => name.toLowerCase().replaceAll('_', '-'))];
  }
}

/** All that was written. */
export function merge(layers: Parts['layers']): CircuitBreakerOptions {
  return layers.reduce<CircuitBreakerOptions>(
    (below, layer) => (layer === undefined ? below : lay(below, layer.options)),
    {},
  );
}

/** Whether a layer has something of the one rule that is about two options. */
function isAboutWindow(layer: BreakerLayer | undefined): boolean {
  return layer?.options.window !== undefined || hasMinimum(layer);
}

function hasMinimum(layer: BreakerLayer | undefined): boolean {
  return layer?.options.minimumCalls !== undefined;
}

/** A conflict is told where the option was written last. */
function checkTogether(chosen: CircuitBreakerOptions, layers: Parts['layers'], problems: Problems): void {
  const conflict = conflictIn(layOver(chosen, merge(layers)));
  if (conflict === undefined) return;
  const layer = [...layers]
    .reverse()
    .find((it) => it !== undefined && Object.hasOwn(it.options, conflict.option));
  if (layer !== undefined) problems.add(layer.pathOf(conflict.option), conflict.problem);
}
