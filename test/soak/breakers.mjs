/** Breakers of every kind, from a seed. */
import { StatusError } from './requests.mjs';

/**
 * @typedef {object} Setup a breaker, and what those who watch it need to know
 * @property {import('recloser').CircuitBreaker} breaker
 * @property {boolean} isHeard whether its calls are listened to
 * @property {boolean} hasFallback whether its callers bring a fallback
 * @property {(error: unknown) => boolean} isExcluded
 * @property {(attempt: number) => readonly [least: number, most: number]} recoveryRange of the recovery time, in ms
 */

const BACKOFF = { initial: 40, factor: 2, max: 300, jitter: 0.25 };

/** Not there, which is an answer too. @param {unknown} error */
const isMissing = (error) => error instanceof StatusError && error.status === 404;

/**
 * @param {import('./options.mjs').Recloser} recloser
 * @param {string} name
 * @param {import('./random.mjs').Random} random
 * @returns {Setup}
 */
export function createSetup(recloser, name, random) {
  const { chance, between, pick } = random;
  /** @template Value @param {number} share @param {Value} value */
  const perhaps = (share, value) => (chance(share) ? value : undefined);

  const backsOff = chance(0.5);
  const recoveryTimeout = backsOff ? recloser.exponentialBackoff(BACKOFF) : between(30, 250);
  const excludes = chance(0.5);
  const window = pick([
    { type: /** @type {const} */ ('count'), size: between(5, 40) },
    { type: /** @type {const} */ ('time'), duration: between(200, 1_500), buckets: between(2, 10) },
  ]);
  const breaker = new recloser.CircuitBreaker({
    name,
    window,
    recoveryTimeout,
    minimumCalls: between(2, 5),
    failureThreshold: pick([3, 5, false]),
    failureRateThreshold: pick([0.3, 0.5, 0.5]),
    slowCallDuration: chance(0.4) ? between(50, 100) : false,
    slowCallRateThreshold: 0.6,
    halfOpenMaxCalls: between(1, 3),
    successThreshold: between(1, 4),
    probeTimeout: perhaps(0.5, between(100, 400)),
    callTimeout: perhaps(0.6, between(60, 300)),
    maxConcurrentCalls: perhaps(0.5, between(1, 4)),
    excludedErrors: excludes ? [isMissing] : [],
    shouldTrip: perhaps(0.2, ({ window: { failures } }) => failures >= 8),
    mode: chance(0.1) ? 'observe' : 'active',
  });
  return {
    breaker,
    isHeard: chance(0.5),
    hasFallback: chance(0.4),
    isExcluded: (error) => excludes && isMissing(error),
    recoveryRange: (attempt) => {
      if (typeof recoveryTimeout === 'number') return [recoveryTimeout, recoveryTimeout];
      const most = Math.min(BACKOFF.initial * BACKOFF.factor ** (attempt - 1), BACKOFF.max);
      return [most * (1 - BACKOFF.jitter), most];
    },
  };
}
