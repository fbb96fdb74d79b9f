/** Options that somebody asked for, compared with those in force: what is once made keeps its own. */
import { sourceOf } from './is-class.js';
import type { CircuitBreakerOptions, ResolvedOptions } from './options.js';
import { isErrorClass } from './outcome.js';
import { quote } from './quote.js';
import { describe } from './validate.js';
import { warn } from './warn.js';
import type { ResolvedWindow } from './window.js';

/** An option that is not what somebody asked for. */
export interface OptionDifference {
  readonly option: string;
  readonly inForce: unknown;
  readonly given: unknown;
}

/**
 * What was given and is not in force: plain values, classes among filters by identity, other functions by their text.
 * Objects that bring state (clocks, snapshots) are not compared, nor are listeners.
 */
export function differencesOf(given: CircuitBreakerOptions, inForce: ResolvedOptions): OptionDifference[] {
  return Object.entries(given)
    .map(([option, value]) => ({
      option,
      inForce: inForce[option as keyof ResolvedOptions] as unknown,
      given: value,
    }))
    .filter(
      (it) =>
        it.given !== undefined &&
        Object.hasOwn(inForce, it.option) &&
        !isSame(it.option, it.given, it.inForce),
    );
}

/** Tells the process that options which were given are not in force. */
export function warnOfConflict(name: string, differences: readonly OptionDifference[]): void {
  const told = differences.map(
    ({ option, inForce, given }) => `${option} is ${print(inForce)}, not ${print(given, inForce)}`,
  );
  warn(
    'RECLOSER_CONFLICT',
    `Circuit breaker ${quote(name)} exists with other options, which stay in force: ${told.join('; ')}`,
  );
}

function isSame(option: string, given: unknown, inForce: unknown): boolean {
  if (option === 'window') return isSameWindow(given as object, inForce as ResolvedWindow);
  if (Array.isArray(given)) return isSameList(given, inForce as readonly unknown[] | undefined);
  if (typeof given === 'function') return isSameFunction(given, inForce);
  return typeof given === 'object' || given === inForce;
}

function isSameList(given: readonly unknown[], inForce: readonly unknown[] | undefined): boolean {
  return given.length === inForce?.length && given.every((it, index) => isSameFunction(it, inForce[index]));
}

/** A hot reload brings new closures of the same text, and classes that no error in flight is of. */
function isSameFunction(given: unknown, inForce: unknown): boolean {
  if (given === inForce) return true;
  if (typeof given !== 'function' || typeof inForce !== 'function') return false;
  return !isErrorClass(given) && !isErrorClass(inForce) && sourceOf(given) === sourceOf(inForce);
}

/** Whether a window is the one in force, as far as its options say. */
function isSameWindow(given: object, inForce: ResolvedWindow): boolean {
  return Object.entries(given).every(
    ([key, value]) => value === undefined || value === inForce[key as keyof ResolvedWindow],
  );
}

function print(value: unknown, other?: unknown): string {
  if (Array.isArray(value)) return `[${value.map((it) => print(it)).join(', ')}]`;
  if (typeof value === 'function') {
    if (isErrorClass(value) && typeof value.name === 'string')
      return `class ${quote(value.name).slice(1, -1)}`;
    return typeof other === 'function' ? 'another function' : 'a function';
  }
  return typeof value === 'object' ? JSON.stringify(value) : describe(value);
}
