import { duration, MAX_TIMER_DELAY, positiveInteger, type Rules, type Subject } from '../core/validate.js';
import { QUEUE_RULES, type QueuedRules, type QueueOptions } from './queue.js';
import { readRequired } from './required.js';

/** What a {@link RateLimiter} is made with. */
export interface RateLimiterOptions extends QueueOptions {
  /** Starts in any `per` milliseconds, 1 to 100,000. */
  limit: number;
  /** Milliseconds, 1 to 2,147,483,647. @default 1_000 */
  per?: number | undefined;
  /** Milliseconds between two starts at the least, 0 to 2,147,483,647. @default 0 */
  spacing?: number | undefined;
}

const RATE_LIMIT_RULES: QueuedRules<RateLimiterOptions> = /* @__PURE__ */ (() => ({
  limit: positiveInteger(100_000),
  per: duration(1, MAX_TIMER_DELAY),
  spacing: duration(0, MAX_TIMER_DELAY),
  ...QUEUE_RULES,
}))();

/**
 * @param identity rules for what tells whose it is
 * @throws InvalidOptionsError for an unknown option or a value out of range
 */
export function readRateLimit(
  options: unknown,
  subject: Subject,
  path = '',
  identity?: Rules,
): RateLimiterOptions {
  return readRequired<RateLimiterOptions>(
    'limit',
    options,
    { ...RATE_LIMIT_RULES, ...identity },
    subject,
    path,
  );
}
