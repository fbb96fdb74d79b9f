import { nameOf, readNumber } from './fields.js';
import type { Rule } from './judge.js';

/**
 * Codes of a server that is well and blames the query: its syntax, permissions, schema.
 * https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v5.spec, section 9
 */
const ANSWERS = [0x2000, 0x2500] as const;

/** cassandra-driver: other replies, and hosts that cannot be reached, are left to be failures. */
export const cassandra: Rule = (error) => {
  const code = readNumber(error, 'code');
  if (code === undefined || nameOf(error) !== 'ResponseError') return undefined;
  return code >= ANSWERS[0] && code <= ANSWERS[1] ? false : undefined;
};
