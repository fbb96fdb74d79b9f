import { isConnectionFailure, isHttpFailure } from 'recloser/presets';
import { describe, expect, it } from 'vitest';

const slack = (code: string, fields: object = {}) => Object.assign(new Error('boom'), { code, ...fields });

describe.each([
  ['isConnectionFailure', isConnectionFailure],
  ['isHttpFailure', isHttpFailure],
])('%s, of Slack', (_, isFailure) => {
  it.each(['channel_not_found', 'invalid_auth', 'not_in_channel'])('takes %s for an answer', (error) => {
    expect(isFailure({ error: slack('slack_webapi_platform_error', { data: { ok: false, error } }) })).toBe(
      false,
    );
  });

  it.each(['fatal_error', 'internal_error', 'ratelimited', 'request_timeout', 'service_unavailable'])(
    'takes %s for a failure, though it was answered',
    (error) => {
      expect(isFailure({ error: slack('slack_webapi_platform_error', { data: { ok: false, error } }) })).toBe(
        true,
      );
    },
  );

  it('takes a limit for a failure', () => {
    expect(isFailure({ error: slack('slack_webapi_rate_limited_error', { retryAfter: 30 }) })).toBe(true);
  });

  it('takes a request without a response for a failure', () => {
    const original = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });

    expect(isFailure({ error: slack('slack_webapi_request_error', { original }) })).toBe(true);
  });

  it('goes by the status of an error of HTTP', () => {
    const statuses = [404, 503].map((statusCode) =>
      slack('slack_webapi_http_error', { statusCode, headers: {} }),
    );

    expect(statuses.map((error) => isFailure({ error }))).toEqual([false, true]);
  });

  it.each(['slack_webapi_file_upload_invalid_args_error', 'slack_webapi_file_upload_read_file_data_error'])(
    'ignores %s, since nothing was sent',
    (code) => {
      expect(isFailure({ error: slack(code) })).toBe('ignore');
    },
  );
});
