import { CallTimeoutError } from '../index.js';

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
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  let error: FaceError & { [BRAND]?: boolean };
  try {
    if (limit !== undefined) errors.stackTraceLimit = 0;
  } catch {}
  try {
    error = (cause === undefined ? new Error(message) : new Error(message, { cause })) as FaceError;
  } finally {
    if (errors.stackTraceLimit !== limit) errors.stackTraceLimit = limit as number;
  }
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
