import { nameOf, read, readNumber } from './fields.js';
import type { Rule } from './judge.js';

/** Kafka's UNKNOWN_SERVER_ERROR and BROKER_NOT_AVAILABLE: no answers, though the protocol says not to retry. */
const KAFKA_UNWELL = new Set([-1, 8]);

/** UNKNOWN_TOPIC_OR_PARTITION may be retried, since a new topic takes a moment, but it is an answer. */
const KAFKA_UNKNOWN_TOPIC = 3;

/** Errors of kafkajs that are the broker's answer without a code. */
const KAFKA_ANSWERS = new Set(['KafkaJSSASLAuthenticationError', 'KafkaJSServerDoesNotSupportApiKey']);

/** What the broker answered, as kafkajs tells it. The protocol says of each error whether it may pass. */
export const kafka: Rule = (error) => {
  if (KAFKA_ANSWERS.has(nameOf(error) ?? '')) return false;
  const code = readNumber(error, 'code');
  if (code === undefined || typeof read(error, 'retriable') !== 'boolean') return undefined;
  return KAFKA_UNWELL.has(code) || (read(error, 'retriable') === true && code !== KAFKA_UNKNOWN_TOPIC);
};
