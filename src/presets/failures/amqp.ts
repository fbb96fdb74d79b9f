import { readNumber } from './fields.js';
import type { Rule } from './judge.js';

/**
 * Reply codes of AMQP 0-9-1 that blame the client: content that is too large or goes nowhere, access, names, locks,
 * preconditions, and commands that are not allowed here.
 * https://www.rabbitmq.com/amqp-0-9-1-reference#constants
 */
const AMQP_ANSWERS = new Set([311, 312, 313, 402, 403, 404, 405, 406, 502, 503, 504, 505, 530, 540]);

/** The broker closed the channel or the connection: amqplib says with which code, and at which method. */
export const amqp: Rule = (error) => {
  const code = readNumber(error, 'code');
  if (code === undefined || readNumber(error, 'methodId') === undefined) return undefined;
  return !AMQP_ANSWERS.has(code);
};
