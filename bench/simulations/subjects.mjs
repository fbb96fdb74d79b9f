/**
 * Who is tried: the package as it is built, with its detector and with other rules.
 *
 * @typedef {import('./engine.mjs').Subject} Subject
 */
import { createRandom } from './chance.mjs';

/** What calls of a simulation fail with. */
export const FAILURE = new Error('simulated failure');

/**
 * The package's own, built or not.
 *
 * @param {Pick<typeof import('recloser'), 'CircuitBreaker'> & Pick<typeof import('recloser/adaptive'), 'adaptive'>} recloser
 */
export function createSubjects({ CircuitBreaker, adaptive }) {
  /** @param {string} name @param {() => object} options @returns {Subject} */
  const breaker = (name, options) => ({
    name,
    create(clock) {
      const random = createRandom(7);
      const it = new CircuitBreaker({ name, clock: { now: clock.now, random }, ...options() });
      return {
        start: () => it.tryAcquire(),
        end: (permit, ok) => (ok ? permit.success() : permit.failure(FAILURE)),
      };
    },
  });
  const recovery = { recoveryTimeout: 60_000 };
  /** @param {number} size */
  const half = (size) => ({
    ...recovery,
    failureThreshold: false,
    failureRateThreshold: 0.5,
    window: { type: 'count', size },
    minimumCalls: size,
  });
  return {
    ours: breaker('adaptive()', () => ({ detector: adaptive() })),
    coreDefaults: breaker('core default rules', () => ({})),
    resilience4j: breaker('resilience4j rule, 100/100/50 %', () => half(100)),
    window20: breaker('window 20/20/50 %', () => half(20)),
    gobreaker: breaker('gobreaker rule, 6 in a row', () => ({
      ...recovery,
      failureThreshold: 6,
      failureRateThreshold: false,
    })),
  };
}
