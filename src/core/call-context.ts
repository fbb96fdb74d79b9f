import type { CircuitState } from './circuit-state.js';
import { type CallerSignal, followingOf, keepWithAnswer } from './following.js';

/** What a task and a fallback are told of their call. */
export interface CallContext {
  /**
   * Aborts when the call times out or its caller's signal aborts; hand it to `fetch` and the like. It is made when it
   * is first read, and follows the caller's as long as somebody holds it, after the call too.
   */
  readonly signal: AbortSignal;
  /** The name of the breaker. */
  readonly breaker: string;
  /** The state in which the call was admitted or rejected. */
  readonly state: CircuitState;
}

/** The context of one call. Its signal costs nothing until somebody reads it. */
export class LazyCallContext implements CallContext {
  readonly breaker: string;
  readonly state: CircuitState;
  #controller: AbortController | undefined;

  constructor(breaker: string, state: CircuitState) {
    this.breaker = breaker;
    this.state = state;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }
}

/** The context of a call that may be ended early: from a timer, or by its caller. */
export class GuardedCallContext implements CallContext {
  readonly breaker: string;
  readonly state: CircuitState;
  readonly #source: CallerSignal | undefined;
  #controller: AbortController | undefined;
  /** Aborts in the asynchronous context in which the signal was first read. */
  #abortInContext: ((reason: unknown) => void) | undefined;
  #ended: { readonly reason: unknown } | undefined;

  constructor(breaker: string, state: CircuitState, source: CallerSignal | undefined) {
    this.breaker = breaker;
    this.state = state;
    this.#source = source;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#ended !== undefined) controller.abort(this.#ended.reason);
      else {
        const late = new Promise<unknown>((resolve) => {
          this.#abortInContext = resolve;
        });
        late.then((reason) => controller.abort(reason));
        if (this.#source !== undefined) followingOf(this.#source).addSignal(controller);
      }
    }
    return this.#controller.signal;
  }

  /** The call has come to its end before its task. */
  abort(reason: unknown): void {
    this.#ended = { reason };
    this.#controller?.abort(reason);
  }

  /**
   * The same from a timer that serves calls of many requests: what listens to the signal runs in the affairs of the
   * request whose call this is.
   */
  abortFromTimer(reason: unknown): void {
    this.#ended = { reason };
    this.#abortInContext?.(reason);
  }

  /** The call is answered: its signal goes on to follow its caller's for who holds the signal, or the answer. */
  answered(answer: unknown): void {
    if (this.#controller !== undefined && this.#source !== undefined)
      keepWithAnswer(answer, this.#controller);
  }
}
