import { isQueueFailure } from 'recloser/presets';
import { describe, expect, it } from 'vitest';

const withFields = (fields: object, message = 'boom') => Object.assign(new Error(message), fields);

describe('isQueueFailure, of RabbitMQ', () => {
  /** What amqplib makes of the broker's channel.close. */
  const closed = (code: number) => withFields({ code, classId: 60, methodId: 40 });

  it.each([
    ['CONTENT_TOO_LARGE', 311],
    ['NO_ROUTE', 312],
    ['ACCESS_REFUSED', 403],
    ['NOT_FOUND', 404],
    ['RESOURCE_LOCKED', 405],
    ['PRECONDITION_FAILED', 406],
    ['COMMAND_INVALID', 503],
    ['NOT_ALLOWED', 530],
    ['NOT_IMPLEMENTED', 540],
  ])('takes %s for an answer', (_, code) => {
    expect(isQueueFailure({ error: closed(code) })).toBe(false);
  });

  it.each([
    ['CONNECTION_FORCED', 320],
    ['FRAME_ERROR', 501],
    ['RESOURCE_ERROR', 506],
    ['INTERNAL_ERROR', 541],
  ])('takes %s for a failure', (_, code) => {
    expect(isQueueFailure({ error: closed(code) })).toBe(true);
  });

  it('takes a message that the broker does not accept for a failure', () => {
    expect(isQueueFailure({ error: new Error('message nacked') })).toBe(true);
  });
});

describe('isQueueFailure, of Kafka', () => {
  /** What kafkajs makes of the broker's error. */
  const protocol = (type: string, code: number, retriable: boolean) =>
    withFields({ name: 'KafkaJSProtocolError', type, code, retriable });

  it.each([
    ['UNKNOWN_TOPIC_OR_PARTITION', 3, true],
    ['MESSAGE_TOO_LARGE', 10, false],
    ['INVALID_TOPIC_EXCEPTION', 17, false],
    ['TOPIC_AUTHORIZATION_FAILED', 29, false],
    ['REBALANCE_IN_PROGRESS', 27, false],
  ])('takes %s for an answer', (type, code, retriable) => {
    expect(isQueueFailure({ error: protocol(type, code, retriable) })).toBe(false);
  });

  it.each([
    ['LEADER_NOT_AVAILABLE', 5, true],
    ['REQUEST_TIMED_OUT', 7, true],
    ['NOT_ENOUGH_REPLICAS', 19, true],
    ['KAFKA_STORAGE_ERROR', 56, true],
    ['UNKNOWN', -1, false],
    ['BROKER_NOT_AVAILABLE', 8, false],
  ])('takes %s for a failure', (type, code, retriable) => {
    expect(isQueueFailure({ error: protocol(type, code, retriable) })).toBe(true);
  });

  it('reads the error for which the retries were given up', () => {
    const wrap = (cause: Error) =>
      withFields({ name: 'KafkaJSNumberOfRetriesExceeded', retriable: false, cause });

    expect(isQueueFailure({ error: wrap(protocol('MESSAGE_TOO_LARGE', 10, false)) })).toBe(false);
    expect(isQueueFailure({ error: wrap(protocol('NOT_ENOUGH_REPLICAS', 19, true)) })).toBe(true);
  });

  it.each([
    ['KafkaJSConnectionError', { code: 'ECONNREFUSED', retriable: true }],
    ['KafkaJSRequestTimeoutError', { retriable: true }],
    ['KafkaJSBrokerNotFound', { retriable: true }],
  ])('takes a %s for a failure', (name, fields) => {
    expect(isQueueFailure({ error: withFields({ name, ...fields }) })).toBe(true);
  });

  it('takes a refused password for an answer', () => {
    const error = withFields({ name: 'KafkaJSSASLAuthenticationError', retriable: false });

    expect(isQueueFailure({ error })).toBe(false);
  });
});

describe('isQueueFailure, of SQS and Redis', () => {
  it('takes throttling for a failure, and a queue that does not exist for an answer', () => {
    const $metadata = { httpStatusCode: 400 };

    expect(isQueueFailure({ error: withFields({ name: 'RequestThrottled', $metadata }) })).toBe(true);
    expect(isQueueFailure({ error: withFields({ name: 'QueueDoesNotExist', $metadata }) })).toBe(false);
  });

  it('takes a Redis without memory for a failure, and a missing script for an answer', () => {
    expect(isQueueFailure({ error: withFields({ name: 'ReplyError' }, 'OOM command not allowed') })).toBe(
      true,
    );
    expect(isQueueFailure({ error: withFields({ name: 'ReplyError' }, 'NOSCRIPT no') })).toBe(false);
  });
});
