/**
 * Which events are told from a timer that the calls of many requests share. One timer ends them all, in the asynchronous
 * context of whoever has set it: the span that is active there is of a request that may be well.
 */
import { type FallbackEvent, isCallTimeoutError, type Transition } from '../index.js';

/** Knows of the events of some breakers, told in order, which of them come of a timeout of the very breaker. */
export class SharedTimer {
  /** Timeouts that have been told. One that comes back, from a call inside of another, is told where it arrives. */
  readonly #told = new WeakSet<Error>();
  #isFiring = false;

  /** Whether a transition is told from a timer; what a listener makes of one is, too. */
  tellsTransition(transition: Transition): boolean {
    return this.#firesFor(transition.breaker, errorBehind(transition)) || this.#isFiring;
  }

  tellsFallback({ breaker, error }: FallbackEvent): boolean {
    return this.#firesFor(breaker, error) || (this.#isFiring && isOwnTimeout(breaker, error));
  }

  /** A timeout is made when the timer fires, so the first that is told of it is told from there. */
  #firesFor(breaker: string, error: unknown): boolean {
    if (!isOwnTimeout(breaker, error) || this.#told.has(error)) return false;
    this.#told.add(error);
    this.#isFiring = true;
    queueMicrotask(() => {
      this.#isFiring = false;
    });
    return true;
  }
}

/** The failure that caused a transition, also where the rule is no rule of failures and does not name it. */
function errorBehind({ error, at, reason, metrics: { lastFailure } }: Transition): unknown {
  if (error !== undefined) return error;
  return RULES_WITHOUT_ERROR.has(reason) && lastFailure?.at === at ? lastFailure.error : undefined;
}

/** The reasons of transitions that the end of a call causes and that do not say with which error it ended. */
const RULES_WITHOUT_ERROR: ReadonlySet<string> = new Set(['slow-call-rate', 'should-trip', 'detector']);

/** Whether an error is a timeout of this breaker: that of another one arrives as any error does. */
function isOwnTimeout(breaker: string, error: unknown): error is Error {
  return isCallTimeoutError(error) && error.breaker === breaker;
}
