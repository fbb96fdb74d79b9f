import { isRejectionBy, withoutStack } from '../core/errors.js';
import { CallTimeoutError, type CircuitBreaker } from '../index.js';

/** Marks our errors across copies of the package, and across ESM and CJS. */
const BRAND = Symbol.for('recloser.opossum.error');

/** What opossum's errors say by their `code`. */
export type FaceErrorCode = 'EOPENBREAKER' | 'ETIMEDOUT' | 'ESEMLOCKED' | 'ESHUTDOWN';

/** An error with opossum's words and code. Its `cause` is the core's error, where there is one. */
export interface FaceError extends Error {
  code: FaceErrorCode;
}

/** Makes one without a stack, which would be nearly all of its cost. */
function create(message: string, code: FaceErrorCode, cause?: unknown): FaceError {
  const options = cause === undefined ? undefined : { cause };
  const error = withoutStack(() => new Error(message, options)) as FaceError & { [BRAND]?: boolean };
  error.code = code;
  error[BRAND] = true;
  return error;
}

export const createOpenError = (cause: unknown): FaceError =>
  create('Breaker is open', 'EOPENBREAKER', cause);

export const createTimeoutError = (breaker: string, timeout: number): FaceError =>
  create(`Timed out after ${timeout}ms`, 'ETIMEDOUT', new CallTimeoutError(breaker, timeout));

export const createLockedError = (): FaceError => create('Semaphore locked', 'ESEMLOCKED');

export const createShutdownError = (): FaceError => create('The circuit has been shutdown.', 'ESHUTDOWN');

/** Whether a breaker of this kind made the error, whichever copy of the package it was. It never throws. */
export function isOurError(error: unknown): error is FaceError {
  try {
    return (error as { [BRAND]?: unknown } | null | undefined)?.[BRAND] === true;
  } catch {
    return false;
  }
}

/** Whether the error is a rejection by the face of this core breaker, come back as an outcome. */
export function isRejectionOf(core: CircuitBreaker, error: unknown): boolean {
  return isOurError(error) && isRejectionBy(error.cause, core);
}
