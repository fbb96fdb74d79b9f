import { nameOf, readList, readText } from './fields.js';
import type { Rule } from './judge.js';

/** The class of a reply that is an error: ioredis has the first, node-redis the others. */
const REPLIES = new Set(['ReplyError', 'ErrorReply', 'SimpleError', 'BlobError', 'MultiErrorReply']);

/** The first word of the reply says which error it is. */
const UNWELL = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNBLOCKED',
]);

/** Replies looked at, at most. */
const MOST = 10_000;

/** It begins with the word `ERR`, as the caller's mistakes do. */
const TOO_MANY_CLIENTS = 'ERR max number of clients';

/** A watched key has changed: Redis is well. */
const CONFLICT = 'WatchError';

/** The caller closed the client while the command was under way. */
const CLOSED = 'DisconnectsClientError';

/** What Redis replied, and what node-redis says of transactions and of its own end. */
export const redis: Rule = (error) => {
  const name = nameOf(error) ?? '';
  if (name === CONFLICT) return false;
  if (name === CLOSED) return 'ignore';
  return REPLIES.has(name) ? repliesTo(error).some(isUnwell) : undefined;
};

/**
 * Whether a value is what ioredis resolves a pipeline or a transaction to, a list of `[error, reply]`, with an error
 * that is a failure: it resolves even if Redis cannot be reached.
 */
export function isBadPipeline(value: unknown, isBadError: (error: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  return value.some(
    (pair) => Array.isArray(pair) && readText(pair[0], 'message') !== undefined && isBadError(pair[0]),
  );
}

/** A reply, and those of the commands of the transaction that it discards or sums up. */
function repliesTo(error: unknown): unknown[] {
  return [error, ...readList(error, 'previousErrors', MOST), ...readList(error, 'replies', MOST)];
}

function isUnwell(reply: unknown): boolean {
  const message = readText(reply, 'message') ?? '';
  return UNWELL.has(message.split(' ', 1)[0] as string) || message.startsWith(TOO_MANY_CLIENTS);
}
