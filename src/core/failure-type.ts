import { isTimeout } from './errors.js';

/** A type is one short word: a message, which may tell of a customer, is none. */
const WORD = /^[\w.:-]{1,60}$/;

/** What a value that counts as a failure is called where it has no HTTP status. */
const VALUE = 'value';

interface Readable {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly cause?: Readable | null;
}

/**
 * What kind of failure this is, in one word fit for a label: `timeout` for a call that its `callTimeout` ended, else the
 * error's `code` or that of its cause, where `fetch` has it, else its name, else what `typeof` says of anything that is
 * no object. Where the name tells nothing, a number for a code or an HTTP status does. `undefined` where it tells
 * nothing at all; it never throws, whatever was thrown.
 */
export function failureTypeOf(error: unknown): string | undefined {
  try {
    return typeOf(error);
  } catch {
    return undefined; // its getters throw
  }
}

/**
 * What kind of failure a value is that counted as one: its HTTP status (`503`) where it has a `status` or a
 * `statusCode` from 100 to 599, as a `Response` and the answers of HTTP clients have; else `value`. It never throws.
 */
export function valueTypeOf(value: unknown): string {
  try {
    return httpStatusOf(value) ?? VALUE;
  } catch {
    return VALUE;
  }
}

function typeOf(error: unknown): string | undefined {
  if (isTimeout(error)) return 'timeout';
  if (typeof error !== 'object' || error === null) return error === null ? 'null' : typeof error;
  const { code, cause, name } = error as Readable;
  // Codes are words in Node. They are numbers in gRPC, whose errors have no other name, and in a DOMException, which has.
  const candidates = [
    code,
    cause?.code,
    isTelling(name) ? name : (numberOf(code) ?? httpStatusOf(error)),
    name,
  ];
  return candidates.find((word): word is string => typeof word === 'string' && WORD.test(word));
}

/** Whether a name says more than that it is an error. */
function isTelling(name: unknown): boolean {
  return typeof name === 'string' && name !== 'Error' && WORD.test(name);
}

function numberOf(code: unknown): string | undefined {
  return Number.isInteger(code) ? String(code) : undefined;
}

function httpStatusOf(holder: unknown): string | undefined {
  const { status, statusCode } = (holder ?? {}) as Readable;
  return [status, statusCode].filter(isHttpStatus).map(String)[0];
}

function isHttpStatus(status: unknown): boolean {
  return Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 599;
}
