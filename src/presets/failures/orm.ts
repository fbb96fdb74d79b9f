import { nameOf, read, readText } from './fields.js';
import type { Rule } from './judge.js';
import { judgeWord } from './words.js';

/** Prisma's codes that tell of a database, a pool or an engine that gave no sound answer. */
const PRISMA_UNWELL = new Set([
  'P1001', // cannot reach the server
  'P1002', // the server timed out
  'P1008', // the operation timed out
  'P1011', // TLS
  'P1017', // the server has closed the connection
  'P2024', // no connection of the pool in time
  'P2028', // the transaction could not be started, or not ended in time
  'P2036', // an external connector
  'P2037', // too many connections
  'P5006', // Accelerate: an unknown error of the server
  'P5008', // usage exceeded
  'P5009', // the request timed out
  'P5010', // cannot be reached
  'P6000', // an error of the server
  'P6003', // the plan's limit
  'P6004', // the query timed out
  'P6008', // the engine did not start
]);

/** A raw query failed, or several things did: what is within says more. */
const PRISMA_OPEN = new Set(['P2010', 'P2027']);

/** Longer ones are no names. */
const LONGEST = 100;

/**
 * Names that Sequelize, Mongoose, TypeORM, MikroORM, Drizzle, Objection, Kysely and Prisma give to a database's answers,
 * and to what they refuse themselves. A host or a connection that was not found is none.
 */
const ANSWERS =
  /Constraint|Violation|Validat(ion|or)|CastError|VersionError|OptimisticLock|(Entity|Document|Record|Table|Object|Property|Metadata|Relations|^)NotFound|EmptyResult|NoResult|NonUnique|NotNull|ExistsE|InvalidField|SyntaxErrorException|Deadlock|Strict(Mode|Populate)|Parallel(Save|Validate)|MissingSchema|OverwriteModel|DivergentArray|Object(Expected|Parameter)Error|^Sequelize(Association|EagerLoading|Scope|Query|Instance|BulkRecord)Error$|UpdateValuesMissing|PessimisticLock|LockNotSupported|^DrizzleError$/;

/** TypeORM's name for whatever the driver said, and Drizzle's: what is within decides. */
const WRAPPERS = new Set(['QueryFailedError', 'DrizzleQueryError']);

/** What an ORM, or a driver adapter of Prisma (by its `kind`), says of a database that is well: a duplicate, no such record, a value that does not fit. */
export const orm: Rule = (error) => {
  const name = nameOf(error) ?? '';
  const code = readText(error, 'code') ?? readText(error, 'errorCode') ?? '';
  if (/^P[1256]\d{3}$/.test(code)) return PRISMA_OPEN.has(code) ? undefined : PRISMA_UNWELL.has(code);
  const kind = readText(error, 'originalMessage') === undefined ? undefined : judgeWord(read(error, 'kind'));
  if (kind !== undefined) return kind;
  return name.length <= LONGEST && !WRAPPERS.has(name) && ANSWERS.test(name) ? false : undefined;
};
