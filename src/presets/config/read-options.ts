/** Reads the options of a breaker that came from outside. */

import type { Layer } from '../../config/layers.js';
import { BREAKER_OPTIONS, type BreakerOption } from '../../config/option-names.js';
import { type Problems, pathTo } from '../../config/problems.js';
import { unknownName } from '../../config/sentences.js';
import { type CircuitBreakerOptions, exponentialBackoff } from '../../index.js';
import { ANY_WINDOW, refusalAs, refusalOf } from './core-rules.js';
import type { ConfigOptions } from './format.js';
import { fromJson, isObject } from './json-values.js';

/** Options of a breaker that were written in one place. */
export type BreakerLayer = Layer<CircuitBreakerOptions>;

/**
 * Copies the options of an object that came from outside, as the core takes them, and adds whatever is wrong to the
 * problems. Members that are `undefined` are not given.
 */
export function readOptions(
  given: Readonly<Record<string, unknown>>,
  pathOf: (option: string) => string,
  problems: Problems,
): BreakerLayer {
  const options: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(given)) {
    if (!isConfigOption(option)) {
      problems.add(pathOf(option), problemOfUnknown(option));
    } else if (value !== undefined) {
      const mistakes = mistakesIn(option, value, pathOf(option));
      for (const [path, problem] of mistakes) problems.add(path, problem);
      if (mistakes.length === 0) options[option] = fromJson(option, value);
      else if (option === 'window') options[option] = ANY_WINDOW; // what was meant to go with it is no mistake
    }
  }
  return { options, pathOf };
}

const IN_CODE = 'can only be given in code';

type Mistake = readonly [path: string, problem: string];

function isConfigOption(option: string): option is BreakerOption {
  const options: readonly string[] = BREAKER_OPTIONS satisfies readonly (keyof ConfigOptions)[];
  return options.includes(option);
}

function problemOfUnknown(option: string): string {
  const isKnownToCore = refusalAs(option, undefined) === undefined;
  return isKnownToCore ? IN_CODE : unknownName('option', option, BREAKER_OPTIONS);
}

function mistakesIn(option: BreakerOption, value: unknown, path: string): Mistake[] {
  if (typeof value === 'function') return [[path, 'must be plain data, received a function']];
  if (option === 'window' && isObject(value)) return mistakesInWindow(value, path);
  if (option === 'recoveryTimeout' && isObject(value)) return mistakesInBackoff(value, path);
  const refusal = refusalAs(option, fromJson(option, value));
  return refusal === undefined ? [] : [[path, inJson(option, refusal.problem)]];
}

/** Asks for each member alone, since the core tells the first mistake only. */
function mistakesInWindow({ type, ...members }: Readonly<Record<string, unknown>>, path: string): Mistake[] {
  const wrongType = refusalAs('window', { type });
  if (wrongType !== undefined) return [[`${path}.type`, wrongType.problem]];
  return Object.entries(members).flatMap(([member, value]) => {
    const refusal = refusalAs('window', { type, [member]: value });
    return refusal === undefined ? [] : [[pathTo(path, member), refusal.problem]];
  });
}

function mistakesInBackoff(members: Readonly<Record<string, unknown>>, path: string): Mistake[] {
  return Object.entries(members).flatMap(([member, value]) => {
    const isInCode = member === 'random';
    const problem = isInCode ? IN_CODE : refusalOf(() => exponentialBackoff({ [member]: value }))?.problem;
    return problem === undefined ? [] : [[pathTo(path, member), problem]];
  });
}

/** The core's words, without the functions that JSON does not have. */
function inJson(option: BreakerOption, problem: string): string {
  const instead =
    option === 'recoveryTimeout' ? ', or an object of `initial`, `factor`, `max` and `jitter`' : '';
  return problem.replace(', or a function', instead);
}
