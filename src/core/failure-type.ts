import { isCallTimeoutError } from './errors.js';

/** A type is one short word: a message, which may tell of a customer, is none. */
const WORD = /^[\w.:-]{1,60}$/;

interface Readable {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly cause?: Readable | null;
}

/**
 * What kind of failure this is, in one word fit for a label: `timeout` for a call that its `callTimeout` ended, else the
 * error's `code` or that of its cause, where `fetch` has it, else its name, else what `typeof` says of anything that is
 * no object. `undefined` where it tells nothing; it never throws, whatever was thrown.
 */
export function failureTypeOf(error: unknown): string | undefined {
  try {
    return typeOf(error);
  } catch {
    return undefined; // its getters throw
  }
}

function typeOf(error: unknown): string | undefined {
  if (isCallTimeoutError(error)) return 'timeout';
  if (typeof error !== 'object' || error === null) return error === null ? 'null' : typeof error;
  const { code, cause, name } = error as Readable;
  // Codes are words in Node. They are numbers in gRPC, whose errors have no other name, and in a DOMException, which has.
  const candidates = [code, cause?.code, name === 'Error' && Number.isInteger(code) ? String(code) : name];
  return candidates.find((word): word is string => typeof word === 'string' && WORD.test(word));
}
