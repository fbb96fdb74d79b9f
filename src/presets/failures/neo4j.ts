import { readText } from './fields.js';
import type { Rule } from './judge.js';

/**
 * Of what Neo4j calls the client's errors: a member of a cluster that takes no writes just now, and a query that ran out
 * of time. https://neo4j.com/docs/status-codes/current/errors/all-errors/
 */
const UNWELL =
  /^Neo\.ClientError\.(Cluster\.NotALeader|General\.ForbiddenOnReadOnlyDatabase|Transaction\.TransactionTimedOut)/;

/** Transactions that were in each other's way, as in a deadlock. */
const CONTENDED =
  /^Neo\.TransientError\.Transaction\.(DeadlockDetected|LockClientStopped|Outdated|ConstraintsChanged)$/;

/** neo4j-driver: what it says itself (`ServiceUnavailable`, `SessionExpired`) is left to be a failure. */
export const neo4j: Rule = (error) => {
  const code = readText(error, 'code');
  if (code === undefined || !/^Neo\.\w+Error\./.test(code)) return undefined;
  if (CONTENDED.test(code)) return false;
  return UNWELL.test(code) || !code.startsWith('Neo.ClientError.');
};
