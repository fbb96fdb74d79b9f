import { nameOf, readPath } from './fields.js';
import type { Rule } from './judge.js';

/** Where Anthropic's and OpenAI's SDKs keep the type of an error; they send it inside a stream as well. */
const TYPE_PATHS = [['type'], ['error', 'type'], ['error', 'error', 'type']] as const;

/** Error types that blame the request. */
const ANSWERED_TYPES = new Set([
  'authentication_error',
  'billing_error',
  'invalid_request_error',
  'not_found_error',
  'permission_error',
  'request_too_large',
]);

/** Errors that OpenAI's helpers make of an answer that came. */
const ANSWERS = new Set(['LengthFinishReasonError', 'ContentFilterFinishReasonError']);

/** An error that came inside a stream, whose HTTP status was 200, or that a helper made of the answer. */
export const llmAnswer: Rule = (error) => {
  const isAnswer =
    ANSWERS.has(nameOf(error) ?? '') ||
    TYPE_PATHS.some((path) => ANSWERED_TYPES.has(readPath(error, path) as string));
  return isAnswer ? false : undefined;
};
