/** The headers of every answer: nothing is kept, framed, guessed, sent elsewhere or run that is not ours. */
import { SCRIPT_HASH, STYLE_HASH } from './page-text.js';

const POLICY = [
  "default-src 'none'",
  `script-src '${SCRIPT_HASH}'`,
  `style-src '${STYLE_HASH}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** What the app around may have said, and does not hold here. */
export const UNWANTED_HEADERS = [
  'content-security-policy-report-only',
  'access-control-allow-origin',
  'access-control-allow-credentials',
] as const;
