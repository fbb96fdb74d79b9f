import { isCallTimeoutError, isCircuitBreakerOpenError } from '../../index.js';
import { nameOf, read, readPath, readText } from './fields.js';
import type { Rule } from './judge.js';

const ABORTS = new Set(['AbortError', 'CanceledError', 'APIUserAbortError']);

/** ClickHouse's client gives its aborts no name and no code, the LLM SDKs a class, whose name minifiers change. */
const ABORT_MESSAGES = new Set(['The user aborted a request.', 'Request was aborted.']);

/** Codes of Node, undici and axios for what was given to them wrongly, before anything was sent. */
const NOT_SENT = new Set([
  'ERR_BAD_OPTION',
  'ERR_BAD_OPTION_VALUE',
  'ERR_FORM_DATA_DEPTH_EXCEEDED',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_INVALID_PROTOCOL',
  'ERR_INVALID_URL',
  'ERR_NOT_SUPPORT',
  'ERR_UNESCAPED_CHARACTERS',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

/** Codes of undici for a client that its owner has closed. */
const CLOSED = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/**
 * What says nothing about the dependency, whatever it is: the caller's abort, a mistake made before anything was sent,
 * and the rejection by a breaker further in, which has counted what opened it.
 */
export const unasked: Rule = (error) => {
  if (isAbort(error)) return TIMEOUT_PATHS.some((path) => isTimeout(readPath(error, path))) ? true : 'ignore';
  const code = readText(error, 'code') ?? '';
  return NOT_SENT.has(code) || CLOSED.has(code) || isCircuitBreakerOpenError(error) ? 'ignore' : undefined;
};

/** The caller's own abort. ioredis has that name for a lost connection too, and then tells the command. */
function isAbort(error: unknown): boolean {
  if (ABORT_MESSAGES.has(readText(error, 'message') ?? '')) return true;
  return ABORTS.has(nameOf(error) ?? '') && read(error, 'command') === undefined;
}

/** Where an abort tells that an `AbortSignal.timeout()` made it: those of Node's own functions, and of axios. */
const TIMEOUT_PATHS = [['cause'], ['config', 'signal', 'reason']] as const;

function isTimeout(error: unknown): boolean {
  return nameOf(error) === 'TimeoutError' || isCallTimeoutError(error);
}
