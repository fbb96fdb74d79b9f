import { failureTypeOf, valueTypeOf } from '../core/failure-type.js';
import type { CallEvent } from '../index.js';
import { oneLine } from './text.js';

/** What a failure was, in words short enough to be kept. */
export interface FailureWords {
  /**
   * `timeout` for a call that its `callTimeout` ended; of a value that counted as a failure its HTTP status, such as
   * `503`, or `value`; else the error's `code` or that of its cause, else its name. At most 60 characters. The same words
   * as in `recloser/prometheus`.
   */
  readonly type: string;
  /** The error's message, or the HTTP status of a value, on one line, at most 200 characters; empty without one. */
  readonly message: string;
}

const LONGEST_MESSAGE = 200;

/** What failures are called that tell no type. */
const OTHER = 'other';

/** What values are called that tell no type. */
const VALUE = 'value';

/** The words for the failure that an event tells. It never throws, whatever was thrown. */
export function describeFailedCall(event: Pick<CallEvent, 'error' | 'value'>): FailureWords {
  if (Object.hasOwn(event, 'error')) return describeError(event.error);
  return describeValue(event.value);
}

/** The words for a failure that may have been thrown or may be a value: nobody has kept which. It never throws. */
export function describeFailure(failure: unknown): FailureWords {
  const words = describeError(failure);
  const isValue = words.message === '' && !isError(failure);
  return isValue && [OTHER, valueTypeOf(failure)].includes(words.type) ? describeValue(failure) : words;
}

/** The type of what a call threw or answered. It never throws. */
export function typeOfCall(event: Pick<CallEvent, 'error' | 'value'>): string {
  if (Object.hasOwn(event, 'error')) return failureTypeOf(event.error) ?? OTHER;
  return valueTypeOf(event.value);
}

function describeError(error: unknown): FailureWords {
  return {
    type: failureTypeOf(error) ?? OTHER,
    message: guarded(() => oneLine(messageOf(error), LONGEST_MESSAGE)) ?? '',
  };
}

function describeValue(value: unknown): FailureWords {
  const type = valueTypeOf(value);
  return { type, message: type === VALUE ? '' : `status ${type}` };
}

/** An object from outside may throw whatever is asked of it. */
function guarded(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message } = error as { readonly message?: unknown };
  return typeof message === 'string' ? message : '';
}

function isError(failure: unknown): boolean {
  try {
    return failure instanceof Error;
  } catch {
    return false; // a proxy that has been revoked
  }
}
