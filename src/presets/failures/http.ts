import { read, readNumber, readPath } from './fields.js';
import type { Rule } from './judge.js';

/** Where clients keep the status: fetch and SDKs, undici, axios and ky, got, AWS, Ollama, Hugging Face. */
const STATUS_PATHS = [
  ['status'],
  ['statusCode'],
  ['response', 'status'],
  ['response', 'statusCode'],
  ['$metadata', 'httpStatusCode'],
  ['status_code'],
  ['httpResponse', 'status'],
] as const;

/** The request took too long to arrive, came too early, or was one too many: the request itself is not wrong. */
const UNWELL_4XX = new Set([408, 425, 429]);

/** The server does not do what is asked (501), or not in this version of HTTP (505): to ask again is no use. */
const ANSWERED_5XX = new Set([501, 505]);

/**
 * An error that carries the status of a response. A good status decides nothing: with an error it is no sound answer
 * but, say, one whose body broke off.
 */
export const httpStatus: Rule = (error) => {
  const status = [...STATUS_PATHS.map((path) => readPath(error, path)), codeWithHeaders(error)].find(
    isOtherStatus,
  );
  return status === undefined ? undefined : isUnwell(status);
};

/** Kubernetes' client has the status for a code, beside the headers. Other numeric codes are no statuses. */
function codeWithHeaders(error: unknown): number | undefined {
  return hasHeaders(error) ? readNumber(error, 'code') : undefined;
}

/** Whether a value is a response, of fetch, undici, axios or Node, whose status is a failure. */
export function isBadResponse(value: unknown): boolean {
  const status = read(value, 'status') ?? read(value, 'statusCode');
  return isOtherStatus(status) && isUnwell(status) && hasHeaders(value);
}

function hasHeaders(value: unknown): boolean {
  return typeof (read(value, 'headers') ?? '') === 'object';
}

/** Whether it is a status other than 1xx and 2xx. */
function isOtherStatus(status: unknown): status is number {
  return typeof status === 'number' && status >= 300 && status <= 599;
}

function isUnwell(status: number): boolean {
  return status >= 500 ? !ANSWERED_5XX.has(status) : UNWELL_4XX.has(status);
}
