import type { Outcome } from 'recloser';
import {
  isAwsFailure,
  isCacheFailure,
  isConnectionFailure,
  isDatabaseFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
} from 'recloser/presets';
import { describe, expect, it } from 'vitest';

type IsFailure = (outcome: Outcome) => boolean | 'ignore';

const withFields = (fields: object) => Object.assign(new Error('boom'), fields);

/** What clients make of the status of a response. */
const CARRIERS: [string, (status: number) => unknown][] = [
  ['status, as axios, superagent and the SDKs', (status) => withFields({ status })],
  ['statusCode, as undici', (status) => withFields({ statusCode: status })],
  ['response.status, as axios and ky', (status) => withFields({ response: { status } })],
  ['response.statusCode, as got', (status) => withFields({ response: { statusCode: status } })],
  ['$metadata, as the AWS SDK', (status) => withFields({ $metadata: { httpStatusCode: status } })],
  ['status_code, as Ollama', (status) => withFields({ status_code: status })],
  ['httpResponse.status, as Hugging Face', (status) => withFields({ httpResponse: { status } })],
  ['code, as Kubernetes', (status) => withFields({ code: status, body: '{}', headers: {} })],
  ['a response that is thrown itself', (status) => new Response(null, { status })],
  ['its cause', (status) => new Error('wrapped', { cause: withFields({ status }) })],
];

const KINDS: [string, IsFailure][] = [
  ['isHttpFailure', isHttpFailure],
  ['isLlmFailure', isLlmFailure],
  ['isAwsFailure', isAwsFailure],
  ['isQueueFailure', isQueueFailure],
  ['isDatabaseFailure, of a database that speaks HTTP', isDatabaseFailure],
  ['isCacheFailure, of a cache that speaks HTTP', isCacheFailure],
  ['isConnectionFailure', isConnectionFailure],
];

describe.each(KINDS)('%s', (_, isFailure) => {
  it.each(CARRIERS)('reads the status of an error from %s', (_, carry) => {
    expect(isFailure({ error: carry(404) })).toBe(false);
    expect(isFailure({ error: carry(429) })).toBe(true);
    expect(isFailure({ error: carry(501) })).toBe(false);
    expect(isFailure({ error: carry(503) })).toBe(true);
    expect(isFailure({ error: carry(304) })).toBe(false);
  });

  it.each([0, 99, 200, 299, 600, -1, Number.NaN])(
    'takes an error with a status of %d for a failure',
    (status) => {
      expect(isFailure({ error: withFields({ status }) })).toBe(true);
    },
  );

  it('lets the outermost status decide', () => {
    const cause = withFields({ status: 503 });

    expect(isFailure({ error: Object.assign(new Error('boom', { cause }), { status: 404 }) })).toBe(false);
  });

  it('takes several answers for a failure if one of them is', () => {
    const [missing, unwell] = [withFields({ status: 404 }), withFields({ status: 503 })];

    expect(isFailure({ error: new AggregateError([missing, unwell]) })).toBe(true);
    expect(isFailure({ error: new AggregateError([missing, missing]) })).toBe(false);
  });
});

describe.each([
  ['isHttpFailure', isHttpFailure],
  ['isLlmFailure', isLlmFailure],
  ['isConnectionFailure', isConnectionFailure],
])('%s', (_, isFailure) => {
  it.each([
    ['fetch', (status: number) => new Response(null, { status })],
    ['undici', (statusCode: number) => ({ statusCode, headers: {}, body: '' })],
    ['axios', (status: number) => ({ status, headers: {}, data: '' })],
  ])('judges the response that a call of %s resolves to', (_, respond) => {
    expect(
      [200, 304, 404, 429, 500, 501, 599].map((status) => isFailure({ value: respond(status) })),
    ).toEqual([false, false, false, true, true, false, true]);
  });

  it('takes a value that has a status but no headers for a success', () => {
    expect(isFailure({ value: { status: 503, name: 'a job' } })).toBe(false);
    expect(isFailure({ value: { status: 503, headers: null } })).toBe(false);
  });
});

describe('isLlmFailure', () => {
  it.each([
    'authentication_error',
    'billing_error',
    'invalid_request_error',
    'not_found_error',
    'permission_error',
    'request_too_large',
  ])('takes an error of type %s inside a stream for an answer', (type) => {
    expect(isLlmFailure({ error: withFields({ status: undefined, type }) })).toBe(false);
    expect(isLlmFailure({ error: withFields({ error: { type: 'error', error: { type } } }) })).toBe(false);
  });

  it.each(['api_error', 'overloaded_error', 'rate_limit_error', 'server_error', 'timeout_error'])(
    'takes an error of type %s inside a stream for a failure',
    (type) => {
      expect(isLlmFailure({ error: withFields({ status: undefined, type }) })).toBe(true);
      expect(isLlmFailure({ error: withFields({ error: { type: 'error', error: { type } } }) })).toBe(true);
    },
  );

  it.each(['LengthFinishReasonError', 'ContentFilterFinishReasonError'])(
    'takes a %s for an answer',
    (name) => {
      const error = new { [name]: class extends Error {} }[name]!('too long');

      expect(isLlmFailure({ error })).toBe(false);
    },
  );

  it('ignores an abort of which a minifier has changed the class', () => {
    class A extends Error {}

    expect(isLlmFailure({ error: new A('Request was aborted.') })).toBe('ignore');
  });
});

describe('isAwsFailure', () => {
  const $metadata = { httpStatusCode: 400 };

  it.each([
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'RequestTimeout',
    'SlowDown',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
  ])('takes %s for a failure, whatever its status', (name) => {
    expect(isAwsFailure({ error: withFields({ name, $metadata, $fault: 'client' }) })).toBe(true);
  });

  it.each([
    'ConditionalCheckFailedException',
    'LimitExceededException',
    'ResourceNotFoundException',
    'TransactionCanceledException',
    'ValidationException',
  ])('takes %s for an answer', (name) => {
    expect(isAwsFailure({ error: withFields({ name, $metadata, $fault: 'client' }) })).toBe(false);
  });

  it('takes what the SDK marks as throttling for a failure', () => {
    const error = withFields({ name: 'Busy', $metadata, $retryable: { throttling: true } });

    expect(isAwsFailure({ error })).toBe(true);
  });

  it('asks whose fault it is where there is no status', () => {
    expect(isAwsFailure({ error: withFields({ $fault: 'client', $metadata: {} }) })).toBe(false);
    expect(isAwsFailure({ error: withFields({ $fault: 'server', $metadata: {} }) })).toBe(true);
  });
});

describe('isConnectionFailure', () => {
  it.each([-32_700, -32_600, -32_601, -32_602])('takes the JSON-RPC error %i for an answer', (code) => {
    expect(isConnectionFailure({ error: withFields({ code }) })).toBe(false);
  });

  it.each([-32_603, -32_000, -32_001])('takes the JSON-RPC error %i for a failure', (code) => {
    expect(isConnectionFailure({ error: withFields({ code }) })).toBe(true);
  });

  it('takes a program that is not there, or ends badly, for a failure', () => {
    expect(isConnectionFailure({ error: withFields({ code: 'ENOENT', syscall: 'spawn git' }) })).toBe(true);
    expect(isConnectionFailure({ error: withFields({ code: 1, status: 1, killed: false }) })).toBe(true);
  });
});
