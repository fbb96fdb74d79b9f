import { failureTypeOf } from '../core/failure-type.js';
import type { CallEvent } from '../index.js';
import { oneLine } from './text.js';

/** What a failure was, in words short enough to be kept. */
export interface FailureWords {
  /**
   * `timeout` for a call that its `callTimeout` ended, `value` for a value that counted as a failure; else the error's
   * `code` or that of its cause, else its name. At most 60 characters. The same words as in `recloser/prometheus`.
   */
  readonly type: string;
  /** The error's message, or the HTTP status of a value, on one line, at most 200 characters; empty without one. */
  readonly message: string;
}

const LONGEST_MESSAGE = 200;

/** What failures are called that tell no type. */
const OTHER = 'other';

/** The words for the failure that an event tells. It never throws, whatever was thrown. */
export function describeFailedCall(event: CallEvent): FailureWords {
  if (Object.hasOwn(event, 'error')) return describeError(event.error);
  return describeValue(event.value);
}

/** The words for a failure that may have been thrown or may be a value: nobody has kept which. It never throws. */
export function describeFailure(failure: unknown): FailureWords {
  const words = describeError(failure);
  return words.type === OTHER && words.message === '' ? describeValue(failure) : words;
}

function describeError(error: unknown): FailureWords {
  return {
    type: failureTypeOf(error) ?? OTHER,
    message: guarded(() => oneLine(messageOf(error), LONGEST_MESSAGE)) ?? '',
  };
}

function describeValue(value: unknown): FailureWords {
  return { type: 'value', message: guarded(() => statusOf(value)) ?? '' };
}

/** An object from outside may throw whatever is asked of it. */
function guarded(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

interface Readable {
  readonly message?: unknown;
  readonly status?: unknown;
}

function messageOf(error: unknown): string {
  if (!isObject(error)) return String(error);
  return typeof error.message === 'string' ? error.message : '';
}

function statusOf(value: unknown): string {
  return isObject(value) && Number.isInteger(value.status) ? `status ${value.status}` : '';
}

function isObject(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null;
}
