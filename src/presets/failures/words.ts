/**
 * Codes that are words. Servers make up their own (`USER_NOT_FOUND`, `auth/email-already-exists`), out of the same few
 * parts, so that it is the parts that are known.
 */
import type { Verdict } from './judge.js';

/** Longer ones are no codes. */
const LONGEST = 100;

/** The caller did not wait. */
const CANCELLED = /CANCELL?ED|CLIENT_CLOSED|CLOSED_BY_USER/;

/** The service, or one behind it, has no sound answer to give, or not now. */
const UNWELL =
  /INTERNAL|UNAVAILABLE|UNKNOWN(_ERROR)?$|UNEXPECTED|MAINTENANCE|TIME_?OUT|TIMED_OUT|DEADLINE|NETWORK|THROTTL|(^|_)RATE_|QUOTA|EXHAUSTED|TOO_MANY|OVERLOAD|BUSY|DATA_LOSS|GATEWAY|UPSTREAM|DOWNSTREAM|SUBREQUEST|RETRY_LIMIT|MAX_CONNECTIONS/;

/** The request is wrong, comes from the wrong one, or is about what there is not or is already. */
const ANSWERED =
  /BAD_|INVALID|VALIDAT|INPUT|ARGUMENT|FORBIDDEN|UNAUTH|NOT_AUTH|DENIED|PERMISSION|SCOPE|NOT_FOUND|EXIST|DUPLICATE|CONFLICT|CONSTRAINT|PRECONDITION|OUT_OF_RANGE|ABORTED|PARSE|SYNTAX|PERSISTED_QUERY|OPERATION_RESOLUTION|UNPROCESSABLE|UNSUPPORTED|NOT_SUPPORTED|METHOD_NOT|TOO_LARGE|PAYMENT_REQUIRED|UNIMPLEMENTED|NOT_IMPLEMENTED|MISMATCH|AUTHENTICATION|EXPIRED|MAX_COST|NODE_LIMIT|COMPLEX|GONE$/;

/** What a code says; `undefined` where it is no text or its parts are not known. */
export function judgeWord(code: unknown): Verdict | undefined {
  if (typeof code !== 'string' || code.length > LONGEST) return undefined;
  const word = code.replace(/([a-z])(?=[A-Z])|\W+/g, '$1_').toUpperCase();
  if (CANCELLED.test(word)) return 'ignore';
  return UNWELL.test(word) || (ANSWERED.test(word) ? false : undefined);
}
