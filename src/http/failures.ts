/** What an outcome of a request says: of the dependency, of the caller, and of whether the request was sent. */
import type { Outcome } from '../index.js';
import { statusOf } from './headers.js';

/** The request took too long to arrive, came too early, or was one too many: the request itself is not wrong. */
const UNWELL_4XX: ReadonlySet<unknown> = new Set([408, 425, 429]);

/** The server does not do what is asked (501), or not in this version of HTTP (505): to ask again is no use. */
const ANSWERED_5XX: ReadonlySet<unknown> = new Set([501, 505]);

/** Whether a status tells of a dependency that is not well. */
export function isBadStatus(status: number | undefined): boolean {
  if (status === undefined || status < 500) return UNWELL_4XX.has(status);
  return status < 600 && !ANSWERED_5XX.has(status);
}

/** What an outcome counts as unless the user says otherwise: no response is a failure, and a response goes by its status. */
export function isFailureByStatus(outcome: Outcome): boolean {
  const status = statusOf(responseOf(outcome));
  return isBadStatus(status) || ('error' in outcome && status === undefined);
}

/** The response of an outcome; that of an error where a client makes errors of responses, as axios does. */
export function responseOf(outcome: Outcome): unknown {
  try {
    return 'error' in outcome ? (outcome.error as { response?: unknown } | null)?.response : outcome.value;
  } catch {
    return undefined; // its members throw
  }
}

/** The code of an error; `undefined` where there is none, or it cannot be read. */
export function codeOf(error: unknown): unknown {
  try {
    return (error as { code?: unknown } | null | undefined)?.code;
  } catch {
    return undefined; // its members throw
  }
}

/** Errors after which the request surely has not left: the names of Node and undici, and those of Bun. */
const NEVER_SENT: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ConnectionRefused',
  'FailedToOpenSocket',
]);

/** Causes that are followed: foreign chains may have no end. */
const MOST_LINKS = 8;

interface Linked {
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Whether the request of this error surely has not left. `ECONNRESET` may come after the charge. */
export function isNeverSent(error: unknown, links = 0): boolean {
  try {
    if (typeof error !== 'object' || error === null || links > MOST_LINKS) return false;
    const { code, cause, errors } = error as Linked;
    // One for each address of the host: it has not left if none of them was reached.
    if (Array.isArray(errors) && errors.length > 0) return errors.every((it) => isNeverSent(it, links + 1));
    return NEVER_SENT.has(code) || isNeverSent(cause, links + 1);
  } catch {
    return false; // its members throw
  }
}

/** Errors of requests that could not be made. */
const mistakes = /* @__PURE__ */ new WeakSet<object>();

/** Notes that a request could not be made: the caller is at fault. */
export function noteMistake(error: object): void {
  mistakes.add(error);
}

export function isMistake(error: unknown): boolean {
  return mistakes.has(error as object);
}
