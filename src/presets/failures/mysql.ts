import { readNumber, readText } from './fields.js';
import type { Rule, Verdict } from './judge.js';

/** Errors of MySQL and MariaDB of which the SQLSTATE says too little (HY000) or something else. */
const UNWELL = new Map([
  ['ER_DISK_FULL', 1021],
  ['ER_GET_ERRNO', 1030], // the storage engine failed
  ['ER_OUTOFMEMORY', 1037],
  ['ER_CON_COUNT_ERROR', 1040],
  ['ER_OUT_OF_RESOURCES', 1041],
  ['ER_SERVER_SHUTDOWN', 1053],
  ['ER_RECORD_FILE_FULL', 1114],
  ['ER_HOST_IS_BLOCKED', 1129],
  ['ER_CANT_CREATE_THREAD', 1135],
  ['ER_CRASHED_ON_USAGE', 1194],
  ['ER_TOO_MANY_USER_CONNECTIONS', 1203],
  ['ER_LOCK_WAIT_TIMEOUT', 1205],
  ['ER_LOCK_TABLE_FULL', 1206],
  ['ER_USER_LIMIT_REACHED', 1226],
  ['ER_OPTION_PREVENTS_STATEMENT', 1290], // --read-only, as on a replica
  ['ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', 1792],
  ['ER_READ_ONLY_MODE', 1836],
  ['ER_QUERY_TIMEOUT', 3024],
  ['ER_SERVER_OFFLINE_MODE', 3032],
  ['ER_SERVER_ISNT_AVAILABLE', 3168],
  ['ER_CLIENT_INTERACTION_TIMEOUT', 4031],
]);

const CONNECTION_CLASS = '08';

/** MariaDB's `max_statement_time`, KILL QUERY, KILL CONNECTION. */
const INTERRUPTED_CLASS = '70';

/** ER_NET_PACKET_TOO_LARGE is in the class of lost connections, but it is the caller's packet. */
const PACKET_TOO_LARGE = 1153;

/** Numbers of MariaDB's connector for its own errors, such as a pool that had no connection in time. */
const FROM_CLIENT = 45_000;

const UNWELL_NUMBERS: ReadonlySet<number> = /* @__PURE__ */ new Set(/* @__PURE__ */ UNWELL.values());

/** Lost connections and interrupted queries, where there is no SQLSTATE to say so: it is in their names. */
const UNWELL_WORDS = /_(ABORTING|CLOSE|CONNECTION|INTERRUPTED|TIMEOUT)(_|$)|^ER_(NET|HANDSHAKE)_/;

/**
 * An error that the server itself sent: it has a number and an SQLSTATE, what the client makes has none; a copy may have
 * kept the name alone.
 */
export const mysql: Rule = (error) => {
  const number = readNumber(error, 'errno');
  const state = readText(error, 'sqlState');
  if (number === undefined || state === undefined || number >= FROM_CLIENT)
    return judgeName(readText(error, 'code') ?? '');
  if (number === PACKET_TOO_LARGE) return false;
  return (
    UNWELL_NUMBERS.has(number) || state.startsWith(CONNECTION_CLASS) || state.startsWith(INTERRUPTED_CLASS)
  );
};

function judgeName(name: string): Verdict | undefined {
  if (!name.startsWith('ER_')) return undefined;
  return name !== 'ER_NET_PACKET_TOO_LARGE' && (UNWELL.has(name) || UNWELL_WORDS.test(name));
}
