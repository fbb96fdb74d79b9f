import { nameOf, read, readNumber } from './fields.js';
import type { Rule } from './judge.js';

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const UNWELL = new Set([
  1, // InternalError
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  50, // MaxTimeMSExpired
  64, // WriteConcernTimeout
  89, // NetworkTimeout
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  262, // ExceededTimeLimit
  462, // IngressRequestRateLimitExceeded
  9001, // SocketException
  10058, // LegacyNotPrimary
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11601, // Interrupted
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
  14031, // OutOfDiskSpace
  16500, // Azure Cosmos DB: too many requests
]);

/** What the driver or the server marks as its own trouble, whatever the code. */
const UNWELL_LABELS = ['RetryableWriteError', 'SystemOverloadedError'];

const SERVER_ERRORS = new Set([
  'MongoServerError',
  'MongoWriteConcernError',
  'MongoBulkWriteError',
  'MongoClientBulkWriteError',
]);

/** The driver was used wrongly, or after the caller had closed it. */
const NOT_SENT = new Set([
  'MongoAPIError',
  'MongoBatchReExecutionError',
  'MongoClientClosedError',
  'MongoCursorExhaustedError',
  'MongoCursorInUseError',
  'MongoExpiredSessionError',
  'MongoInvalidArgumentError',
  'MongoMissingCredentialsError',
  'MongoMissingDependencyError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoTransactionError',
]);

/** What the server sends beside the code, by which a copy of its error is known that has lost its name. */
const SENT = ['codeName', 'errorResponse', 'keyPattern'];

/** MongoDB's own errors. Trouble of the network, or of finding a server, has other names. */
export const mongodb: Rule = (error) => {
  const name = nameOf(error) ?? '';
  if (NOT_SENT.has(name)) return 'ignore';
  if (!SERVER_ERRORS.has(name) && !isCopy(error)) return undefined;
  return UNWELL.has(readNumber(error, 'code') ?? 0) || UNWELL_LABELS.some((label) => hasLabel(error, label));
};

function isCopy(error: unknown): boolean {
  return readNumber(error, 'code') !== undefined && SENT.some((member) => read(error, member) !== undefined);
}

function hasLabel(error: unknown, label: string): boolean {
  const hasErrorLabel = read(error, 'hasErrorLabel');
  try {
    return typeof hasErrorLabel === 'function' && hasErrorLabel.call(error, label) === true;
  } catch {
    return false;
  }
}
