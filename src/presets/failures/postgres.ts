import { readText } from './fields.js';
import type { Rule } from './judge.js';

/**
 * An SQLSTATE: one of the classes, by which it is told from other codes of five characters, such as `EPIPE`.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SQLSTATE = /^(0[0-389ABFLPZ]|2[0-8BDF]|3[489BDF]|4[024]|5[34578]|72|F0|HV|P0|XX)[0-9A-Z]{3}$/;

const UNWELL_CLASSES = new Set([
  '08', // connection exception
  '53', // insufficient resources: connections, memory, disk
  '58', // system error: input and output
  'F0', // configuration file error
  'XX', // internal error, corrupted data
]);

const UNWELL_STATES = new Set([
  '25006', // a write on a server that is read-only, as after a failover
  '25P04', // transaction_timeout
  '57014', // statement_timeout
]);

/** An operator's intervention: the server shuts down, starts up, or has crashed. */
const INTERVENTION = '57P';

/** A query that its caller has cancelled has the code of one that took too long; what it says tells them apart. */
const QUERY_CANCELED = '57014';
const BY_USER = 'due to user request';

const LOCK_NOT_AVAILABLE = '55P03';

/** An error that PostgreSQL itself sent: it has an SQLSTATE for a code, whatever a copy of it has lost. */
export const postgres: Rule = (error) => {
  const state = readText(error, 'code') ?? '';
  if (!SQLSTATE.test(state)) return undefined;
  if (state === QUERY_CANCELED && readText(error, 'message')?.endsWith(BY_USER)) return 'ignore';
  if (state === LOCK_NOT_AVAILABLE) return isLockTimeout(error);
  return UNWELL_STATES.has(state) || UNWELL_CLASSES.has(state.slice(0, 2)) || state.startsWith(INTERVENTION);
};

/** `lock_timeout` has the same code as NOWAIT, which is answered at once. The routine that interrupts tells them apart. */
function isLockTimeout(error: unknown): boolean {
  return readText(error, 'routine') === 'ProcessInterrupts';
}
