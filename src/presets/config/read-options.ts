/** Reads the options of a breaker that came from outside. */

import type { Layer, ReadOptions } from '../../config/layers.js';
import { BREAKER_OPTIONS, type BreakerOption, DETECTOR_OPTION } from '../../config/option-names.js';
import { type Problems, pathTo } from '../../config/problems.js';
import { unknownName } from '../../config/sentences.js';
import { describe } from '../../core/validate.js';
import { type CircuitBreakerOptions, exponentialBackoff } from '../../index.js';
import { ANY_WINDOW, refusalAs, refusalOf } from './core-rules.js';
import type { Adaptive, ConfigOptions } from './format.js';
import { detectorFromJson, fromJson, isObject } from './json-values.js';

/** Options of a breaker that were written in one place. */
export type BreakerLayer = Layer<CircuitBreakerOptions>;

/**
 * Reads options of an object that came from outside: what the core takes is copied, and whatever is wrong is added to the
 * problems. Members that are `undefined` are not given.
 *
 * @param adaptive what makes a detector, if it was handed in
 */
export function createReader(adaptive: Adaptive | undefined): ReadOptions<CircuitBreakerOptions> {
  const refusals = new Refusals();
  return (given, pathOf, problems) => {
    const options: Record<string, unknown> = {};
    for (const [option, value] of Object.entries(given)) {
      if (value === undefined) continue;
      if (option === DETECTOR_OPTION) {
        readDetector(value, adaptive, pathOf(option), options, problems);
      } else if (!isConfigOption(option)) {
        problems.add(pathOf(option), () => problemOfUnknown(option));
      } else {
        const mistakes = refusals
          .of(option, value)
          .map(([member, problem]) => [pathOf(option) + member, problem] as const);
        for (const [path, problem] of mistakes) problems.add(path, problem);
        if (mistakes.length === 0) options[option] = fromJson(option, value);
        else if (option === 'window') options[option] = ANY_WINDOW; // what was meant to go with it is no mistake
      }
    }
    return { options, pathOf };
  };
}

function readDetector(
  value: unknown,
  adaptive: Adaptive | undefined,
  path: string,
  options: Record<string, unknown>,
  problems: Problems,
): void {
  if (value === false) {
    options[DETECTOR_OPTION] = false;
  } else if (!isObject(value)) {
    problems.add(path, `must be an object, or false, received ${describe(value)}`);
  } else if (adaptive === undefined) {
    problems.add(
      path,
      'needs `adaptive` of recloser/adaptive beside it, as in `fromConfig(config, { adaptive })`',
    );
  } else {
    const refusal = refusalOf(() => {
      options[DETECTOR_OPTION] = detectorFromJson(adaptive, value);
    });
    if (refusal !== undefined) problems.add(pathTo(path, refusal.option), refusal.problem);
  }
}

const IN_CODE = 'can only be given in code';

/** A mistake, and the member of the option that it is in, as the end of a path. */
type Mistake = readonly [member: string, problem: string];

/** Values that are kept with their refusals, at most. */
const MOST = 1_000;

/** Characters of what is kept, at most. */
const LONGEST_KEY = 200;

/** Asks the core once for each value: ten thousand breakers have the same few. */
class Refusals {
  readonly #known = new Map<string, Mistake[]>();

  of(option: BreakerOption, value: unknown): Mistake[] {
    const key = keyOf(option, value) ?? '';
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const mistakes = mistakesIn(option, value);
    if (key !== '' && this.#known.size < MOST && key.length < LONGEST_KEY) this.#known.set(key, mistakes);
    return mistakes;
  }
}

/** What tells two values apart, as messages tell of them; `undefined` for what is no plain value. */
function keyOf(option: string, value: unknown): string | undefined {
  if (!isObject(value)) return Array.isArray(value) ? undefined : `${option} ${wordOf(value)}`;
  const members = Object.entries(value);
  const isPlain = members.every(([, member]) => typeof member !== 'object' && typeof member !== 'function');
  return isPlain ? `${option} ${members.map(([name, it]) => `${name}=${wordOf(it)}`)}` : undefined;
}

function wordOf(value: unknown): string {
  return `${typeof value} ${describe(value)}`;
}

function memberPath(member: string): string {
  return pathTo('x', member).slice(1);
}

function isConfigOption(option: string): option is BreakerOption {
  const options: readonly string[] = BREAKER_OPTIONS satisfies readonly (keyof ConfigOptions)[];
  return options.includes(option);
}

function problemOfUnknown(option: string): string {
  const isKnownToCore = refusalAs(option, undefined) === undefined;
  return isKnownToCore ? IN_CODE : unknownName('option', option, [...BREAKER_OPTIONS, DETECTOR_OPTION]);
}

function mistakesIn(option: BreakerOption, value: unknown): Mistake[] {
  if (typeof value === 'function') return [['', 'must be plain data, received a function']];
  if (option === 'window' && isObject(value)) return mistakesInWindow(value);
  if (option === 'recoveryTimeout' && isObject(value)) return mistakesInBackoff(value);
  const refusal = refusalAs(option, fromJson(option, value));
  return refusal === undefined ? [] : [['', inJson(option, refusal.problem)]];
}

/** Asks for each member alone, since the core tells the first mistake only. */
function mistakesInWindow({ type, ...members }: Readonly<Record<string, unknown>>): Mistake[] {
  const wrongType = refusalAs('window', { type });
  if (wrongType !== undefined) return [['.type', wrongType.problem]];
  return Object.entries(members).flatMap(([member, value]) => {
    const refusal = refusalAs('window', { type, [member]: value });
    return refusal === undefined ? [] : [[memberPath(member), refusal.problem]];
  });
}

function mistakesInBackoff(members: Readonly<Record<string, unknown>>): Mistake[] {
  return Object.entries(members).flatMap(([member, value]) => {
    const isInCode = member === 'random';
    const problem = isInCode ? IN_CODE : refusalOf(() => exponentialBackoff({ [member]: value }))?.problem;
    return problem === undefined ? [] : [[memberPath(member), problem]];
  });
}

/** The core's words, without the functions that JSON does not have. */
function inJson(option: BreakerOption, problem: string): string {
  const instead =
    option === 'recoveryTimeout' ? ', or an object of `initial`, `factor`, `max` and `jitter`' : '';
  return problem.replace(', or a function', instead);
}
