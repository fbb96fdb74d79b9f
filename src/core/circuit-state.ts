/**
 * The three states of a circuit breaker.
 *
 * - `CLOSED`: calls pass and are counted.
 * - `OPEN`: calls are rejected until the recovery timeout has passed.
 * - `HALF_OPEN`: a few probes pass and decide whether the circuit closes.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, CircuitState } from 'recloser';
 *
 * const breaker = new CircuitBreaker();
 * console.log(breaker.state === CircuitState.CLOSED); // → true
 * ```
 */
export const CircuitState = Object.freeze({
  CLOSED: 'CLOSED',
  OPEN: 'OPEN',
  HALF_OPEN: 'HALF_OPEN',
} as const);

/** One of `'CLOSED'`, `'OPEN'` and `'HALF_OPEN'`. */
export type CircuitState = (typeof CircuitState)[keyof typeof CircuitState];

/**
 * What a breaker does with its decisions.
 *
 * - `active`: it rejects calls while it is not CLOSED.
 * - `observe`: it decides and reports as ever, and lets every call pass.
 * - `forced-open`: it rejects every call until `reset()`.
 * - `forced-closed`: it lets every call pass, still counting, until `reset()`.
 */
export type CircuitMode = 'active' | 'observe' | 'forced-open' | 'forced-closed';

/**
 * Why a breaker changed its state.
 *
 * | reason | from → to | meaning |
 * |---|---|---|
 * | `consecutive-failures` | CLOSED → OPEN | `failureThreshold` was reached |
 * | `failure-rate` | CLOSED → OPEN | `failureRateThreshold` was reached |
 * | `slow-call-rate` | CLOSED → OPEN | `slowCallRateThreshold` was reached |
 * | `should-trip` | CLOSED → OPEN | the `shouldTrip` option said so |
 * | `detector` | CLOSED → OPEN | the detector tripped |
 * | `tripped` | any → OPEN | `trip()` was called |
 * | `probing` | OPEN → HALF_OPEN | a call asked after the recovery timeout |
 * | `probe-failed` | HALF_OPEN → OPEN | a probe failed |
 * | `probe-slow` | HALF_OPEN → OPEN | a probe succeeded, but slowly |
 * | `probe-expired` | HALF_OPEN → OPEN | a probe outlived `probeTimeout` and every permit was out |
 * | `recovered` | HALF_OPEN → CLOSED | `successThreshold` probes succeeded |
 * | `forced` | any | `forceOpen()` or `forceClosed()` was called |
 * | `reset` | any → CLOSED | `reset()` was called |
 * | `restored` | any | a snapshot was restored |
 * | `shared` | any | others who share the circuit decided so |
 */
export type TransitionReason =
  | 'consecutive-failures'
  | 'failure-rate'
  | 'slow-call-rate'
  | 'should-trip'
  | 'detector'
  | 'tripped'
  | 'probing'
  | 'probe-failed'
  | 'probe-slow'
  | 'probe-expired'
  | 'recovered'
  | 'forced'
  | 'reset'
  | 'restored'
  | 'shared';

/** Why a call was rejected. */
export type RejectionReason = 'open' | 'half-open' | 'forced-open' | 'concurrency' | 'ramp';
