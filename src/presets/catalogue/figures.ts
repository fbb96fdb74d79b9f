/** What a preset says in an environment, with where each value comes from. */

import type { Environment } from '../../config/environments.js';
import type { PresetName } from '../../config/preset-names.js';
import type { CircuitBreakerOptions } from '../../index.js';
import { isObject } from '../config/json-values.js';
import { PRESETS } from './all-presets.js';
import { ENVIRONMENTS } from './environments.js';
import type { Figure, FigureRange, PresetFigures } from './preset-data.js';

/** A value of a preset, and where it comes from. */
export interface PresetValue {
  readonly option: keyof PresetFigures;
  readonly value: unknown;
  /** The preset, the kind or the environment that says so. */
  readonly source: PresetName | Environment;
  readonly reason: string;
}

/** How far from the strict end of a range to its lenient one. */
const LENIENCE: Readonly<Record<Environment, number>> = /* @__PURE__ */ Object.freeze({
  production: 0,
  staging: 1 / 3,
  development: 2 / 3,
  testing: 1,
});

/**
 * The values of a preset: its own go before those of its kind, and those before the environment's. Nothing in them is
 * shared with the tables.
 */
export function valuesOf(name: PresetName, environment: Environment): PresetValue[] {
  const { kind, figures } = PRESETS[name];
  const values = [
    ...toldBy(environment, figuresOf(environment), environment),
    ...(kind === undefined ? [] : toldBy(kind, PRESETS[kind].figures, environment)),
    ...toldBy(name, figures, environment),
  ];
  return [...new Map(values.map((value) => [value.option, value])).values()];
}

/** What a preset says, as options. */
export function presetOptions(name: PresetName, environment: Environment): CircuitBreakerOptions {
  return Object.fromEntries(valuesOf(name, environment).map(({ option, value }) => [option, value]));
}

function figuresOf(environment: Environment): PresetFigures {
  const { failureThreshold, failureRateThreshold, recoveryTimeout, reason } = ENVIRONMENTS[environment];
  return {
    failureThreshold: { value: failureThreshold, reason },
    failureRateThreshold: { value: failureRateThreshold, reason },
    recoveryTimeout: { value: recoveryTimeout, reason },
  };
}

function toldBy(
  source: PresetName | Environment,
  figures: PresetFigures,
  environment: Environment,
): PresetValue[] {
  return Object.entries(figures).map(([option, figure]: [string, Figure<unknown> | FigureRange]) => ({
    option: option as keyof PresetFigures,
    value: 'value' in figure ? copyOf(figure.value) : within(figure, environment),
    source,
    reason: 'value' in figure ? figure.reason : `${figure.reason} ${describeRange(figure)}`,
  }));
}

function copyOf(value: unknown): unknown {
  return isObject(value) ? { ...value } : value;
}

function within({ strict, lenient }: FigureRange, environment: Environment): number {
  return Math.round(strict + (lenient - strict) * LENIENCE[environment]);
}

function describeRange({ strict, lenient }: FigureRange): string {
  return `From ${strict} in production to ${lenient} in testing.`;
}
