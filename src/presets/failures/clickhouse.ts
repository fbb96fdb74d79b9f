import { readText } from './fields.js';
import type { Rule } from './judge.js';

/** https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp */
const UNWELL = new Set([
  'ABORTED',
  'ALL_CONNECTION_TRIES_FAILED',
  'ALL_REPLICAS_ARE_STALE',
  'CANNOT_ALLOCATE_MEMORY',
  'CANNOT_SCHEDULE_TASK',
  'CHECKSUM_DOESNT_MATCH',
  'CORRUPTED_DATA',
  'DNS_ERROR',
  'KEEPER_EXCEPTION',
  'LOGICAL_ERROR',
  'MEMORY_LIMIT_EXCEEDED',
  'NETWORK_ERROR',
  'NOT_ENOUGH_SPACE',
  'NO_FREE_CONNECTION',
  'NO_ZOOKEEPER',
  'POCO_EXCEPTION',
  'QUERY_WAS_CANCELLED',
  'QUOTA_EXCEEDED',
  'S3_ERROR',
  'SERVER_OVERLOADED',
  'SOCKET_TIMEOUT',
  'STD_EXCEPTION',
  'SYSTEM_ERROR',
  'TABLE_IS_READ_ONLY',
  'TIMEOUT_EXCEEDED',
  'TOO_FEW_LIVE_REPLICAS',
  'TOO_MANY_PARTS',
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'UNKNOWN_EXCEPTION',
  'UNKNOWN_STATUS_OF_INSERT',
]);

/** An error that ClickHouse itself sent: its `type` is a word in capitals, its `code` the number as a text. */
export const clickHouse: Rule = (error) => {
  const type = readText(error, 'type');
  if (type === undefined || !/^\d+$/.test(readText(error, 'code') ?? '')) return undefined;
  return UNWELL.has(type);
};
