import { readText } from './failures-fields.js';
import type { Rule } from './failures-judge.js';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
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
  '57014', // statement_timeout, or cancelled by an operator
]);

/** An operator's intervention: the server shuts down, starts up, or has crashed. */
const INTERVENTION = '57P';

const LOCK_NOT_AVAILABLE = '55P03';

/** An error that PostgreSQL itself sent: it has a severity, and an SQLSTATE for a code. */
export const postgres: Rule = (error) => {
  const state = readText(error, 'code');
  if (state?.length !== 5 || readText(error, 'severity') === undefined) return undefined;
  if (state === LOCK_NOT_AVAILABLE) return isLockTimeout(error);
  return UNWELL_STATES.has(state) || UNWELL_CLASSES.has(state.slice(0, 2)) || state.startsWith(INTERVENTION);
};

/** `lock_timeout` has the same code as NOWAIT, which is answered at once. The routine that interrupts tells them apart. */
function isLockTimeout(error: unknown): boolean {
  return readText(error, 'routine') === 'ProcessInterrupts';
}
