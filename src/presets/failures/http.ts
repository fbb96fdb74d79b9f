import { read, readNumber, readPath } from './fields.js';
import type { Rule } from './judge.js';

/** Where clients keep the status: fetch and SDKs, undici, axios and ky, got, AWS, Ollama, Hugging Face, tRPC. */
const STATUS_PATHS = [
  ['status'],
  ['statusCode'],
  ['response', 'status'],
  ['response', 'statusCode'],
  ['$metadata', 'httpStatusCode'],
  ['status_code'],
  ['httpResponse', 'status'],
  ['data', 'httpStatus'],
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

/** The clients of Kubernetes and SendGrid have the status for a code, beside the headers. Others' codes are no statuses. */
function codeWithHeaders(error: unknown): number | undefined {
  return hasHeaders(error) || hasHeaders(read(error, 'response')) ? readNumber(error, 'code') : undefined;
}

/**
 * Whether a value is a response, of fetch, undici, axios or Node, whose status is a failure; or holds one beside what the
 * server said of it, as those of openapi-fetch do.
 */
export function isBadResponse(value: unknown): boolean {
  const status = read(value, 'status') ?? read(value, 'statusCode');
  if (isOtherStatus(status) && hasHeaders(value)) return isUnwell(status);
  const response = read(value, 'response');
  return response != null && read(value, 'error') !== undefined && isBadResponse(response);
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
