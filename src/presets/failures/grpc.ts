import { nameOf, read, readNumber, readText } from './fields.js';
import type { Rule, Verdict } from './judge.js';
import { judgeWord } from './words.js';

/** The clients that keep the status as a number and neither `details` nor `metadata` beside it, or as a word. */
const CLIENTS = new Set(['ConnectError', 'RpcError', 'ClientError']);

/** CANCELLED: the caller did not wait. */
const CANCELLED = 1;

/**
 * UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS. The others blame the call; ABORTED
 * says that another one was first, as a deadlock does. https://grpc.io/docs/guides/status-codes/
 */
const UNWELL = new Set([2, 4, 8, 13, 14, 15]);

const LAST = 16;

/** A status of gRPC: @grpc/grpc-js and what Google builds on it, nice-grpc, Connect, grpc-web, protobuf-ts. */
export const grpc: Rule = (error) => {
  const isClient = CLIENTS.has(nameOf(error) ?? '');
  const code = readNumber(error, 'code');
  if (code === undefined) return isClient ? judgeWord(read(error, 'code')) : undefined;
  const isStatus = isClient || isObject(read(error, 'metadata')) || readText(error, 'details') !== undefined;
  return isStatus && Number.isInteger(code) && code > 0 && code <= LAST ? judgeStatus(code) : undefined;
};

function judgeStatus(code: number): Verdict {
  return code === CANCELLED ? 'ignore' : UNWELL.has(code);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
