/**
 * What a settled call means for the circuit. The filters are asked in one order: excluded errors, tracked errors,
 * `isFailure`, and then the rule that an error is a failure and a value a success. A filter that throws makes these
 * functions throw; the caller decides what that means.
 */
import { isTimeout } from './errors.js';
import { isClass, sourceOf } from './is-class.js';
import { isThenable } from './thenable.js';
import { describe } from './validate.js';

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
  if (trackedErrors !== undefined && !matches(error, trackedErrors) && !isTimeout(error)) return 'success';
  return isFailure === undefined ? 'failure' : kindOf(isFailure({ error }));
}

/** @throws whatever `isFailure` throws */
export function classifyValue(value: unknown, filters: OutcomeFilters): OutcomeKind {
  return filters.isFailure === undefined ? 'success' : kindOf(filters.isFailure({ value }));
}

const KINDS = new Map<unknown, OutcomeKind>([
  [true, 'failure'],
  [false, 'success'],
  ['ignore', 'ignored'],
]);

function kindOf(answer: unknown): OutcomeKind {
  const kind = KINDS.get(answer);
  if (kind !== undefined) return kind;
  refusePromise(answer);
  throw new TypeError(`\`isFailure\` must return true, false or "ignore", received ${describe(answer)}`);
}

function matches(error: unknown, filters: readonly ErrorFilter[]): boolean {
  return filters.some((filter) => (isErrorClass(filter) ? error instanceof filter : isTrue(filter(error))));
}

/** A promise is as good as `true`, whatever it will tell: an asynchronous filter would let everything count alike. */
function isTrue(answer: unknown): boolean {
  refusePromise(answer);
  return Boolean(answer);
}

function refusePromise(answer: unknown): void {
  if (isThenable(answer)) throw new TypeError('A filter must answer at once, received a promise');
}

/** How a constructor of ES5 is written: named as classes are, and no predicate is, or writing to `this`. */
const CONSTRUCTOR = /^function\s+(?!(?:Is|Has)\p{Lu})\p{Lu}|\bthis(?:\.[\w$]+|\[[^\]]*\])\s*=(?!=)/u;

/**
 * Whether a filter is a class, of any realm and any age, which is matched with `instanceof` and never called. It need
 * not extend `Error`: anything can be thrown. An arrow function has no prototype and is a predicate.
 */
// biome-ignore lint/complexity/noBannedTypes: any function at all
export function isErrorClass(filter: Function): filter is ErrorClass {
  const { prototype, name } = filter;
  if (typeof prototype !== 'object' || prototype === null) return /^bound \p{Lu}/u.test(name);
  return isClass(filter) || CONSTRUCTOR.test(sourceOf(filter));
}
