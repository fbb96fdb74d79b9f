/**
 * What a settled call means for the circuit. The filters are asked in one order: excluded errors, tracked errors,
 * `isFailure`, and then the rule that an error is a failure and a value a success. A filter that throws makes these
 * functions throw; the caller decides what that means.
 */
import { isCallTimeoutError } from './errors.js';
import { isClass } from './is-class.js';

/** How a task ended: `{ error }` if it threw or rejected, else `{ value }`. */
export type Outcome =
  | { readonly error: unknown; readonly value?: undefined }
  | { readonly value: unknown; readonly error?: undefined };

/** What an outcome counts as. */
export type OutcomeKind = 'success' | 'failure' | 'ignored';

// biome-ignore lint/suspicious/noExplicitAny: a class is matched whatever its constructor takes
type ErrorClass = abstract new (...args: any[]) => unknown;

/** An error class, matched with `instanceof`, or a predicate. */
export type ErrorFilter = ErrorClass | ((error: unknown) => boolean);

/** The options that decide what an outcome counts as. */
export interface OutcomeFilters {
  readonly excludedErrors: readonly ErrorFilter[];
  readonly trackedErrors: readonly ErrorFilter[] | undefined;
  readonly isFailure: ((outcome: Outcome) => boolean | 'ignore') | undefined;
}

/** @throws whatever a filter throws */
export function classifyError(error: unknown, filters: OutcomeFilters): OutcomeKind {
  const { excludedErrors, trackedErrors, isFailure } = filters;
  if (matches(error, excludedErrors)) return 'ignored';
  if (trackedErrors !== undefined && !matches(error, trackedErrors) && !isCallTimeoutError(error))
    return 'success';
  return isFailure === undefined ? 'failure' : kindOf(isFailure({ error }));
}

/** @throws whatever `isFailure` throws */
export function classifyValue(value: unknown, filters: OutcomeFilters): OutcomeKind {
  return filters.isFailure === undefined ? 'success' : kindOf(filters.isFailure({ value }));
}

function kindOf(answer: boolean | 'ignore'): OutcomeKind {
  if (answer === 'ignore') return 'ignored';
  return isTrue(answer) ? 'failure' : 'success';
}

function matches(error: unknown, filters: readonly ErrorFilter[]): boolean {
  return filters.some((filter) => (isErrorClass(filter) ? error instanceof filter : isTrue(filter(error))));
}

/** A promise is as good as `true`, whatever it will tell: an asynchronous filter would let everything count alike. */
function isTrue(answer: unknown): boolean {
  if (answer instanceof Promise) throw new TypeError('A filter must answer at once, received a promise');
  return Boolean(answer);
}

/** A class need not extend `Error`: anything can be thrown. An arrow function has no prototype and is a predicate. */
function isErrorClass(filter: ErrorFilter): filter is ErrorClass {
  const prototype: unknown = filter.prototype;
  if (prototype === undefined) return false;
  return prototype === Error.prototype || prototype instanceof Error || isClass(filter);
}
