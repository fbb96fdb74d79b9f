/** Services whose clients say neither with a status nor with a code of Node what was wrong. */
import { nameOf, read, readNumber, readPath, readText } from './fields.js';
import type { Rule } from './judge.js';
import { judgeWord } from './words.js';

/** tRPC, on the server and on the client. */
export const trpc: Rule = (error) => {
  switch (nameOf(error)) {
    case 'TRPCError':
      return judgeWord(read(error, 'code'));
    case 'TRPCClientError':
      return judgeWord(readPath(error, ['data', 'code']));
    default:
      return undefined;
  }
};

/** What goes before the slash of Firebase's codes. */
const FIREBASE =
  /^(app|app-check|auth|data-connect|database|firestore|functions|installations|instance-id|messaging|project-management|remote-config|security-rules|storage)\//;

/** Firebase, admin and client: `auth/user-not-found`. What is no trouble of the service or the network is its answer. */
export const firebase: Rule = (error) => {
  const code = readText(error, 'code') ?? '';
  const isFirebase = FIREBASE.test(code);
  if (!isFirebase && nameOf(error) !== 'FirebaseError') return undefined;
  return judgeWord(code) ?? (isFirebase ? false : undefined);
};

/** A mailbox that is busy, or a greylist that lets wait: the server is well. */
const TRY_LATER = 450;

/** nodemailer. Replies of 4xx are troubles of the server, those of 5xx blame the mail. */
export const smtp: Rule = (error) => {
  const reply = readNumber(error, 'responseCode');
  if (reply !== undefined) return reply >= 400 && reply < 500 && reply !== TRY_LATER;
  // Without a reply it is the mail itself: no recipients, no credentials.
  return MAIL.has(readText(error, 'code') ?? '') ? 'ignore' : undefined;
};

const MAIL = new Set(['EENVELOPE', 'EAUTH']);

/** How Next.js leaves a function: `NEXT_REDIRECT;push;/login;307;`, `NEXT_HTTP_ERROR_FALLBACK;404`. */
export const next: Rule = (error) => {
  const digest = readText(error, 'digest') ?? '';
  if (/^NEXT_(REDIRECT|NOT_FOUND|HTTP_ERROR_FALLBACK)\b/.test(digest)) return false;
  return LEFT.has(digest) || nameOf(error) === 'ResponseAborted' ? 'ignore' : undefined;
};

/** Nothing was asked: the page must be rendered elsewhere, or its rendering is over. */
const LEFT = new Set([
  'BAILOUT_TO_CLIENT_SIDE_RENDERING',
  'DYNAMIC_SERVER_USAGE',
  'HANGING_PROMISE_REJECTION',
  'NEXT_STATIC_GEN_BAILOUT',
]);
