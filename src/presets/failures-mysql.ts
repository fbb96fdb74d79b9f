import { readNumber, readText } from './failures-fields.js';
import type { Rule } from './failures-judge.js';

/** Numbers of MySQL and MariaDB, of which the SQLSTATE says too little (HY000) or something else. */
const UNWELL = new Set([
  1021, // ER_DISK_FULL
  1030, // ER_GET_ERRNO: the storage engine failed
  1037, // ER_OUTOFMEMORY
  1040, // ER_CON_COUNT_ERROR
  1041, // ER_OUT_OF_RESOURCES
  1053, // ER_SERVER_SHUTDOWN
  1114, // ER_RECORD_FILE_FULL
  1129, // ER_HOST_IS_BLOCKED
  1135, // ER_CANT_CREATE_THREAD
  1194, // ER_CRASHED_ON_USAGE
  1203, // ER_TOO_MANY_USER_CONNECTIONS
  1205, // ER_LOCK_WAIT_TIMEOUT
  1206, // ER_LOCK_TABLE_FULL
  1226, // ER_USER_LIMIT_REACHED
  1290, // ER_OPTION_PREVENTS_STATEMENT: --read-only, as on a replica
  1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // ER_READ_ONLY_MODE
  3024, // ER_QUERY_TIMEOUT
  3032, // ER_SERVER_OFFLINE_MODE
  3168, // ER_SERVER_ISNT_AVAILABLE
  4031, // ER_CLIENT_INTERACTION_TIMEOUT
]);

const CONNECTION_CLASS = '08';

/** MariaDB's `max_statement_time`, KILL QUERY, KILL CONNECTION. */
const INTERRUPTED_CLASS = '70';

/** ER_NET_PACKET_TOO_LARGE is in the class of lost connections, but it is the caller's packet. */
const PACKET_TOO_LARGE = 1153;

/** An error that the server itself sent: it has a number and an SQLSTATE. What the client makes has none. */
export const mysql: Rule = (error) => {
  const number = readNumber(error, 'errno');
  const state = readText(error, 'sqlState');
  if (number === undefined || state === undefined) return undefined;
  if (number === PACKET_TOO_LARGE) return false;
  return UNWELL.has(number) || state.startsWith(CONNECTION_CLASS) || state.startsWith(INTERRUPTED_CLASS);
};
