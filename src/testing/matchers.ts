/** Matchers for `expect.extend`, of Vitest and of Jest alike: what they say is plain text, and they know no framework. */
import { quote } from '../core/quote.js';
import { OWN_EVIDENCE } from '../core/seam.js';
import { describe, hasMethods, nearest } from '../core/validate.js';
import type { CircuitMetrics, ResolvedOptions, TransitionReason } from '../index.js';

/** What a matcher answers. */
export interface MatcherResult {
  readonly pass: boolean;
  message(): string;
}

/** What the matchers add to `expect(…)`, for what is or has a `breaker`. */
export interface CircuitBreakerMatchers<R = void> {
  /** The circuit is CLOSED. */
  toBeClosed(): R;
  /** The circuit is HALF_OPEN. */
  toBeHalfOpen(): R;
  /** The circuit is OPEN, and became so for this reason, if one is given. */
  toBeOpen(reason?: TransitionReason): R;
  /** So many calls were rejected, or any. */
  toHaveRejected(calls?: number): R;
  /** It became OPEN so many times, or ever. */
  toHaveTripped(times?: number): R;
  /** A call that came now would be rejected. None is made. */
  toRejectCall(): R;
}

declare global {
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: declarations of one interface must agree, and this is Jest's
    interface Matchers<R, T = {}> extends CircuitBreakerMatchers<R> {}
  }
}

interface Readable {
  readonly name: string;
  readonly metrics: CircuitMetrics;
  readonly options?: ResolvedOptions;
}

/** What stands around a breaker has events and metrics of its own, and no state. */
const isBreaker = (it: unknown): it is Readable =>
  hasMethods('on')(it) && typeof (it as Partial<Readable>).metrics?.state === 'string';

/** @throws TypeError for what is no breaker, and has none */
function breakerOf(received: unknown): Readable {
  if (isBreaker(received)) return received;
  const { breaker } = (received ?? {}) as { breaker?: unknown };
  if (isBreaker(breaker)) return breaker;
  throw new TypeError(
    `A circuit breaker was expected, or what has one as \`breaker\`, received ${describe(received)}`,
  );
}

/** @param judge what was expected, in words that follow "to", whether it is so, and what is */
const matcher =
  <Args extends unknown[]>(
    judge: (breaker: Readable, ...args: Args) => { wanted: string; pass: boolean; found: string },
  ) =>
  (received: unknown, ...args: Args): MatcherResult => {
    const breaker = breakerOf(received);
    const { wanted, pass, found } = judge(breaker, ...args);
    return {
      pass,
      message: () =>
        `expected circuit breaker ${quote(breaker.name)} ${pass ? 'not ' : ''}to ${wanted}; it ${found}`,
    };
  };

/** `is OPEN since 120 (consecutive-failures)`. */
function stateOf({ metrics: { state, mode, lastTransition } }: Readable): string {
  const why = lastTransition === null ? '' : ` (${lastTransition.reason}, at ${lastTransition.at})`;
  return `is ${state}${mode === 'active' ? '' : `, ${mode}`}${why}`;
}

const inState = (state: string) =>
  matcher((breaker) => ({
    wanted: `be ${state}`,
    pass: breaker.metrics.state === state,
    found: stateOf(breaker),
  }));

const counted = (verb: string, noun: string, countOf: (metrics: CircuitMetrics) => number) =>
  matcher((breaker, wanted?: number) => {
    if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted >= 0))
      throw new TypeError(`A count of at least 0 was expected, received ${describe(wanted)}`);
    const count = countOf(breaker.metrics);
    return {
      wanted: wanted === undefined ? `have ${verb}` : `have ${verb} ${wanted} ${noun}`,
      pass: wanted === undefined ? count > 0 : count === wanted,
      found: `has ${verb} ${count} ${noun}`,
    };
  });

/** As far as its figures tell, which take no permit. */
function rejects({ metrics, options }: Readable): boolean {
  const { mode, retryAfter, inFlight } = metrics;
  if (mode === 'observe') return false;
  return inFlight >= (options?.maxConcurrentCalls ?? Number.POSITIVE_INFINITY) || retryAfter !== 0;
}

/**
 * For `expect.extend(matchers)`.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { matchers } from 'recloser/testing';
 *
 * const breaker = new CircuitBreaker({ name: 'orders' });
 * breaker.trip();
 * console.log(matchers.toBeOpen(breaker, 'tripped').pass); // → true
 * ```
 */
export const matchers = {
  toBeClosed: /* @__PURE__ */ inState('CLOSED'),
  toBeHalfOpen: /* @__PURE__ */ inState('HALF_OPEN'),
  toBeOpen: /* @__PURE__ */ matcher((breaker, reason?: TransitionReason) => {
    const { state, lastTransition } = breaker.metrics;
    if (reason !== undefined && !Object.hasOwn(OWN_EVIDENCE, reason))
      throw new TypeError(
        `A reason of a transition was expected, received ${describe(reason)}, did you mean ${quote(nearest(String(reason), Object.keys(OWN_EVIDENCE)))}?`,
      );
    return {
      wanted: `be OPEN${reason === undefined ? '' : ` by ${reason}`}`,
      pass: state === 'OPEN' && (reason === undefined || lastTransition?.reason === reason),
      found: stateOf(breaker),
    };
  }),
  toHaveRejected: /* @__PURE__ */ counted('rejected', 'calls', ({ totals }) => totals.rejected),
  toHaveTripped: /* @__PURE__ */ counted('tripped', 'times', ({ totals }) => totals.opened),
  toRejectCall: /* @__PURE__ */ matcher((breaker) => ({
    wanted: 'reject a call',
    pass: rejects(breaker),
    found: `${stateOf(breaker)}, with ${breaker.metrics.inFlight} calls in flight and retryAfter ${breaker.metrics.retryAfter}`,
  })),
};
