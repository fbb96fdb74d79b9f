import { readPath, readText } from './fields.js';
import type { Rule } from './judge.js';

/** Slack answers these of its own troubles. https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const UNWELL = new Set([
  'fatal_error',
  'internal_error',
  'ratelimited',
  'request_timeout',
  'service_unavailable',
]);

/**
 * What @slack/web-api throws. Its error of HTTP has a status, and the one of a request without a response is left to be
 * a failure. https://docs.slack.dev/tools/node-slack-sdk/web-api#handle-errors
 */
export const slack: Rule = (error) => {
  switch (readText(error, 'code')) {
    case 'slack_webapi_platform_error':
      return UNWELL.has(readPath(error, ['data', 'error']) as string);
    case 'slack_webapi_rate_limited_error':
      return true;
    case 'slack_webapi_file_upload_invalid_args_error':
    case 'slack_webapi_file_upload_read_file_data_error':
      return 'ignore';
    default:
      return undefined;
  }
};
