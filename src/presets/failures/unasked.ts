import { isCallTimeoutError } from '../../index.js';
import { nameOf, read, readPath, readText } from './fields.js';
import type { Rule } from './judge.js';

/** Of the platform, axios, the SDKs of OpenAI and Anthropic, got, TanStack Query. */
const ABORTS = new Set(['AbortError', 'CanceledError', 'APIUserAbortError', 'CancelError', 'CancelledError']);

/** Rejections: of `recloser`, whichever copy of it, and of opossum. */
const REJECTED = new Set([
  'ERR_CIRCUIT_OPEN',
  'ERR_BULKHEAD_FULL',
  'ERR_RATE_LIMITED',
  'EOPENBREAKER',
  'ESEMLOCKED',
]);

/** Rejections of cockatiel. */
const REJECTIONS = new Set(['BrokenCircuitError', 'BulkheadRejectedError', 'IsolatedCircuitError']);

/** ClickHouse's client and superagent give their aborts no name, the LLM SDKs a class, whose name minifiers change. */
const ABORT_MESSAGES = new Set(['Aborted', 'The user aborted a request.', 'Request was aborted.']);

/** Codes of Node, undici, axios, got and postgres.js for what was given to them wrongly, before anything was sent. */
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
  'ERR_UNSUPPORTED_PROTOCOL',
  'MAX_PARAMETERS_EXCEEDED',
  'NOT_TAGGED_CALL',
  'UNDEFINED_VALUE',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

/** Codes of undici and postgres.js for a client that its owner has closed. */
const CLOSED = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'CONNECTION_ENDED']);

/**
 * What says nothing about the dependency, whatever it is: the caller's abort, a mistake made before anything was sent,
 * and the rejection by a breaker, a bulkhead or a rate limit further in, whatever status it has for who answers with it.
 */
export const unasked: Rule = (error) => {
  if (isAbort(error)) return TIMEOUT_PATHS.some((path) => isTimeout(readPath(error, path))) ? true : 'ignore';
  const code = readText(error, 'code') ?? '';
  const isUnasked = NOT_SENT.has(code) || CLOSED.has(code) || REJECTED.has(code);
  return isUnasked || REJECTIONS.has(nameOf(error) ?? '') ? 'ignore' : undefined;
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
