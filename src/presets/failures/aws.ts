import { nameOf, read, readList, readPath, readText } from './fields.js';
import type { Rule } from './judge.js';

/** Throttling and timeouts, of which many services tell with a status of 400. */
const UNWELL = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestTimeout',
  'RequestTimeoutException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Why DynamoDB cancelled a transaction: its reasons have codes of their own. */
const UNWELL_REASONS = new Set(['ProvisionedThroughputExceeded', 'ThrottlingError']);

/** No credentials were found, so that nothing was signed or sent. */
const NOT_SENT = 'CredentialsProviderError';

/** The names that all services share, and what the SDK marks as retryable. */
export const awsName: Rule = (error) => {
  const name = nameOf(error) ?? '';
  if (name === NOT_SENT) return 'ignore';
  const isThrottled = UNWELL.has(name) || readPath(error, ['$retryable', 'throttling']) === true;
  return isThrottled || readList(error, 'CancellationReasons').some(isUnwellReason) ? true : undefined;
};

function isUnwellReason(reason: unknown): boolean {
  return UNWELL_REASONS.has(readText(reason, 'Code') ?? '');
}

/** Whose fault it is, where no status says more. */
export const awsFault: Rule = (error) => {
  switch (read(error, '$fault')) {
    case 'client':
      return false;
    case 'server':
      return true;
    default:
      return undefined;
  }
};
