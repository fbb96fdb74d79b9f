/** The options of a breaker as they are written in JSON, and reading them. */
import {
  type BackoffOptions,
  type CircuitBreakerOptions,
  exponentialBackoff,
  type WindowOptions,
} from '../index.js';
import { ANY_WINDOW, refusalAs, refusalOf } from './config-core.js';
import { type Problems, pathTo } from './config-problems.js';
import { fromJson, isObject } from './config-values.js';
import { unknownName } from './sentences.js';

/** A recovery time that grows with each attempt, as JSON: see `exponentialBackoff`. */
export type ConfigBackoff = Omit<BackoffOptions, 'random'>;

/** The options of a breaker that can be written as JSON. Durations are milliseconds, ratios are from 0 to 1. */
export interface ConfigOptions {
  /** Consecutive failures that trip, at least 1; `false` turns the rule off. */
  failureThreshold?: number | false | undefined;
  /** Share of failures in the window that trips, inclusive; `false` turns the rule off. */
  failureRateThreshold?: number | false | undefined;
  /** A call that took at least this long, in ms, is slow; `false` watches no durations. */
  slowCallDuration?: number | false | undefined;
  /** Share of slow calls in the window that trips, inclusive; only with `slowCallDuration`. */
  slowCallRateThreshold?: number | undefined;
  /** Settled calls that the window needs before a rate is judged, at least 1, at most a count window's size. */
  minimumCalls?: number | undefined;
  /** The calls that rates are taken over. It is replaced as a whole, never merged. */
  window?: WindowOptions | undefined;
  /** Time spent OPEN, in ms, at least 0, or one that grows with each attempt. */
  recoveryTimeout?: number | ConfigBackoff | undefined;
  /** Probes in flight at once, at least 1. */
  halfOpenMaxCalls?: number | undefined;
  /** Probe successes that close, at least 1. */
  successThreshold?: number | undefined;
  /** Milliseconds after which a probe that has not settled may be given up, at least 0. */
  probeTimeout?: number | undefined;
  /** Milliseconds, 0 to 2,147,483,647, after which a call rejects; `false` for none. */
  callTimeout?: number | false | undefined;
  /** Calls in flight beyond which calls are rejected, at least 1. JSON has no infinity, so the word stands for it. */
  maxConcurrentCalls?: number | 'Infinity' | undefined;
  /** The errors that the fallback answers. */
  fallbackOn?: 'rejection' | 'failure' | 'any' | undefined;
  /** Whether rejections carry a stack. */
  rejectionStackTrace?: boolean | undefined;
  /** `observe` decides and reports as ever but rejects no call. */
  mode?: 'active' | 'observe' | undefined;
}

/** The name of an option that can be written as JSON. */
export type ConfigOption = keyof ConfigOptions;

const OPTIONS: Readonly<Record<ConfigOption, true>> = {
  failureThreshold: true,
  failureRateThreshold: true,
  slowCallDuration: true,
  slowCallRateThreshold: true,
  minimumCalls: true,
  window: true,
  recoveryTimeout: true,
  halfOpenMaxCalls: true,
  successThreshold: true,
  probeTimeout: true,
  callTimeout: true,
  maxConcurrentCalls: true,
  fallbackOn: true,
  rejectionStackTrace: true,
  mode: true,
};

/** Every option that can be written as JSON. */
export const CONFIG_OPTIONS = /* @__PURE__ */ Object.keys(OPTIONS) as readonly ConfigOption[];

/** Options that were written in one place. */
export interface Layer {
  readonly options: CircuitBreakerOptions;
  /** Where an option of this layer is written, for messages. */
  readonly pathOf: (option: string) => string;
}

/**
 * Copies the options of an object that came from outside, as the core takes them, and adds whatever is wrong to the
 * problems. Members that are `undefined` are not given.
 */
export function readOptions(
  given: Readonly<Record<string, unknown>>,
  pathOf: (option: string) => string,
  problems: Problems,
): Layer {
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

function isConfigOption(option: string): option is ConfigOption {
  return Object.hasOwn(OPTIONS, option);
}

function problemOfUnknown(option: string): string {
  const isKnownToCore = refusalAs(option, undefined) === undefined;
  return isKnownToCore ? IN_CODE : unknownName('option', option, CONFIG_OPTIONS);
}

function mistakesIn(option: ConfigOption, value: unknown, path: string): Mistake[] {
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
function inJson(option: ConfigOption, problem: string): string {
  const instead =
    option === 'recoveryTimeout' ? ', or an object of `initial`, `factor`, `max` and `jitter`' : '';
  return problem.replace(', or a function', instead);
}
