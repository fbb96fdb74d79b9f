import { readNumber, readText } from './fields.js';
import type { Rule } from './judge.js';

/** From this severity on it is no mistake of the caller, but resources, the hardware or the server. */
const RESOURCES = 17;

/**
 * Errors of lower severity that are no answers either.
 * https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
 */
const UNWELL = new Set([
  976, // an availability group's database that moves or is down
  983,
  1222, // the lock was not given in time
  3906, // the database is read-only, as after a failover
  10928, // Azure: limits of workers, sessions, memory
  10929,
  10936,
  40197, // Azure: an error of the service
  40501,
  40613,
  49918,
  49919,
  49920,
]);

/** mssql and tedious: `number` and `class` (the severity) are the server's, `code` is theirs. */
export const sqlServer: Rule = (error) => {
  const severity = readNumber(error, 'class');
  const number = readNumber(error, 'number');
  if (severity !== undefined && number !== undefined) return severity >= RESOURCES || UNWELL.has(number);
  switch (readText(error, 'code')) {
    case 'ELOGIN':
      return false;
    case 'ECANCEL':
    case 'EARGS':
    case 'EINJECT':
      return 'ignore';
    default:
      return undefined;
  }
};
