import { readNumber, readText } from './fields.js';
import type { Rule } from './judge.js';

/**
 * Errors of a database that is down, starts, stops, has lost the connection, or is out of sessions, memory or space.
 * https://docs.oracle.com/error-help/db/
 */
const UNWELL = new Set([
  18, 20, 28, 51, 257, 376, 600, 603, 609, 1012, 1033, 1034, 1041, 1089, 1090, 1092, 1109, 1115, 1555, 1652,
  1653, 1654, 1655, 1658, 1688, 1691, 2391, 3113, 3114, 3135, 3136, 4021, 4030, 4031, 7445, 16000, 16456,
  25408, 25425, 30006,
]);

/** The listener and the network between. */
const NETWORK = [12150, 12699] as const;

/** The caller's own `break()`. */
const CANCELLED = 1013;

/** oracledb: an `ORA-` number is the server's; what the client says (`NJS-`, `DPI-`) is left to be a failure. */
export const oracle: Rule = (error) => {
  const number = readNumber(error, 'errorNum');
  if (number === undefined || !/^ORA-/.test(readText(error, 'code') ?? readText(error, 'message') ?? '')) {
    return undefined;
  }
  if (number === CANCELLED) return 'ignore';
  return UNWELL.has(number) || (number >= NETWORK[0] && number <= NETWORK[1]);
};
