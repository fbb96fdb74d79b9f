import type { CircuitState } from './circuit-state.js';

/** What a task and a fallback are told of their call. */
export interface CallContext {
  /**
   * Aborts when the call times out or its caller's signal aborts; hand it to `fetch` and the like. It is made when it
   * is first read.
   */
  readonly signal: AbortSignal;
  /** The name of the breaker. */
  readonly breaker: string;
  /** The state in which the call was admitted or rejected. */
  readonly state: CircuitState;
}

/** Aborts the context's signal, or sees to it that it is aborted should it be read later. */
export let abortContext: (context: CallContext, reason: unknown) => void;

/** The context of one call. Its signal costs nothing until somebody reads it. */
export class LazyCallContext implements CallContext {
  readonly breaker: string;
  readonly state: CircuitState;
  #controller: AbortController | undefined;

  static {
    abortContext = (context, reason) => (context as LazyCallContext).#control().abort(reason);
  }

  constructor(breaker: string, state: CircuitState) {
    this.breaker = breaker;
    this.state = state;
  }

  get signal(): AbortSignal {
    return this.#control().signal;
  }

  #control(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }
}
