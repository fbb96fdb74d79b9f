import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { isAwsFailure, isQueueFailure } from 'recloser/presets';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, countedAs, failure, ignored, type Wishes } from './counted.js';
import { answers, freePort, hangs, hangsUp, resets, useLoopback } from './servers/loopback.js';

const CREDENTIALS = { accessKeyId: 'id', secretAccessKey: 'secret' };

const config = (endpoint: string, timeout = 5_000) => ({
  endpoint,
  region: 'eu-central-1',
  credentials: CREDENTIALS,
  maxAttempts: 1,
  requestHandler: { requestTimeout: timeout, throwOnRequestTimeout: true },
});

function getObject(endpoint: string, { signal, timeout }: Wishes = {}): Promise<unknown> {
  const client = new S3Client({ ...config(endpoint, timeout), forcePathStyle: true });
  onTestFinished(() => client.destroy());
  return client.send(
    new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }),
    signal && { abortSignal: signal },
  );
}

function sendMessage(endpoint: string, { signal, timeout }: Wishes = {}): Promise<unknown> {
  const client = new SQSClient(config(endpoint, timeout));
  onTestFinished(() => client.destroy());
  const command = new SendMessageCommand({ QueueUrl: `${endpoint}/1/orders`, MessageBody: 'order' });
  return client.send(command, signal && { abortSignal: signal });
}

/** S3's errors are XML, those of SQS and most others JSON. */
const s3Error = (status: number, code: string) =>
  answers(status, `<Error><Code>${code}</Code><Message>no</Message></Error>`, {
    'content-type': 'application/xml',
  });
const jsonError = (status: number, type: string) =>
  answers(status, { __type: type, message: 'no' }, { 'content-type': 'application/x-amz-json-1.0' });

const server = useLoopback();

describe('@aws-sdk/client-s3', () => {
  it.each([
    [404, 'NoSuchKey'],
    [403, 'AccessDenied'],
    [412, 'PreconditionFailed'],
    [409, 'OperationAborted'],
    [501, 'NotImplemented'],
  ])('counts %i %s as an answer', async (status, name) => {
    server.behave = s3Error(status, name);

    expect(await countedAs(isAwsFailure, () => getObject(server.url))).toMatchObject(answer({ name }));
  });

  it.each([
    [500, 'InternalError'],
    [503, 'SlowDown'],
    [503, 'ServiceUnavailable'],
    [400, 'RequestTimeout'],
    [429, 'TooManyRequests'],
  ])('counts %i %s as a failure', async (status, name) => {
    server.behave = s3Error(status, name);

    expect(await countedAs(isAwsFailure, () => getObject(server.url))).toMatchObject(failure({ name }));
  });
});

describe('@aws-sdk/client-sqs', () => {
  it.each([
    [400, 'QueueDoesNotExist'],
    [400, 'InvalidMessageContents'],
    [403, 'AccessDeniedException'],
  ])('counts %i %s as an answer', async (status, name) => {
    server.behave = jsonError(status, `com.amazonaws.sqs#${name}`);

    expect(await countedAs(isQueueFailure, () => sendMessage(server.url))).toMatchObject(answer({ name }));
  });

  it.each([
    [400, 'ThrottlingException'],
    [403, 'RequestThrottled'],
    [500, 'InternalFailure'],
    [503, 'ServiceUnavailable'],
  ])('counts %i %s as a failure', async (status, name) => {
    server.behave = jsonError(status, `com.amazonaws.sqs#${name}`);

    expect(await countedAs(isQueueFailure, () => sendMessage(server.url))).toMatchObject(failure({ name }));
  });
});

describe.each([
  ['@aws-sdk/client-s3', getObject, isAwsFailure],
  ['@aws-sdk/client-sqs', sendMessage, isQueueFailure],
])('%s', (_, send, isFailure) => {
  it('counts the page of a gateway as a failure', async () => {
    server.behave = answers(502, '<html>Bad gateway</html>', { 'content-type': 'text/html' });

    expect(await countedAs(isFailure, () => send(server.url))).toMatchObject({
      as: 'failure',
      state: 'OPEN',
    });
  });

  it('counts a refused connection as a failure', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;

    expect(await countedAs(isFailure, () => send(url))).toMatchObject(failure({ code: 'ECONNREFUSED' }));
  });

  it.each([
    ['reset', resets],
    ['closed without a response', hangsUp],
  ])('counts a connection %s as a failure', async (_, behaviour) => {
    server.behave = behaviour;

    expect(await countedAs(isFailure, () => send(server.url))).toMatchObject(failure({ code: 'ECONNRESET' }));
  });

  it('counts its own timeout as a failure', async () => {
    server.behave = hangs;

    const counted = await countedAs(isFailure, () => send(server.url, { timeout: 50 }));

    expect(counted).toMatchObject(failure({ name: 'TimeoutError' }));
  });

  it("ignores the caller's abort", async () => {
    const controller = new AbortController();
    server.behave = () => controller.abort();

    const counted = await countedAs(isFailure, () => send(server.url, { signal: controller.signal }));

    expect(counted).toMatchObject(ignored({ name: 'AbortError' }));
  });

  it('ignores the end of an AbortSignal.timeout() too, which it reports as the same', async () => {
    server.behave = hangs;

    const counted = await countedAs(isFailure, () => send(server.url, { signal: AbortSignal.timeout(50) }));

    expect(counted).toMatchObject(ignored({ name: 'AbortError' }));
  });

  it('ignores a call for which it finds no credentials', async () => {
    const client = new S3Client({
      ...config(server.url),
      credentials: async () => {
        throw Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' });
      },
    });
    onTestFinished(() => client.destroy());
    const call = () => client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));

    expect(await countedAs(isFailure, call)).toMatchObject(ignored({ name: 'CredentialsProviderError' }));
  });
});
