/**
 * Signals that follow a caller's. However many calls follow one signal, there is one listener of ours on it, which goes
 * when nobody is left who follows. A signal follows as long as somebody holds it, after its call too, so that an abort
 * reaches a body that is still being read; whom nobody holds is not kept.
 */

/** What a caller's signal must be: of any platform, library or realm, whole or not. */
export interface CallerSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

/** A call in flight. */
export interface Follower {
  /** @param reason why the caller's signal has aborted */
  abandon(reason: unknown): void;
}

/** Why a signal has aborted: what it says, or where it says nothing what the platform's would. */
export function reasonOf(signal: CallerSignal): unknown {
  try {
    const { reason } = signal;
    if (reason !== undefined) return reason;
  } catch {} // a signal of old times need not know of reasons
  return new DOMException('This operation was aborted', 'AbortError');
}

/** Those who follow one signal. */
export class Following {
  /** The call in flight; few signals have more than one at a time. */
  #call: Follower | undefined;
  #otherCalls: Set<Follower> | undefined;
  /** Signals that somebody outside may hold. */
  #signals: Set<WeakRef<AbortSignal>> | undefined;
  readonly #source: CallerSignal;
  #isListening = false;

  constructor(source: CallerSignal) {
    this.#source = source;
  }

  addCall(call: Follower): void {
    if (this.#call === undefined) this.#call = call;
    else {
      this.#otherCalls ??= new Set();
      this.#otherCalls.add(call);
    }
    this.#listen();
  }

  removeCall(call: Follower): void {
    if (this.#call === call) this.#call = undefined;
    else this.#otherCalls?.delete(call);
    this.#restIfAlone();
  }

  /** @returns what ends it before nobody holds the signal */
  addSignal(controller: AbortController): () => void {
    const { signal } = controller;
    const reference = new WeakRef(signal);
    controllers.set(signal, controller);
    this.#signals ??= new Set();
    this.#signals.add(reference);
    const leave = () => {
      this.#signals?.delete(reference);
      this.#restIfAlone();
    };
    leavers.register(signal, leave);
    this.#listen();
    return leave;
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#source.addEventListener('abort', this.#abort);
    this.#isListening = true;
  }

  #restIfAlone(): void {
    if (!this.#isListening || this.#isFollowed) return;
    try {
      const { removeEventListener } = this.#source;
      if (typeof removeEventListener !== 'function') return; // it goes on listening, once
      this.#isListening = false;
      removeEventListener.call(this.#source, 'abort', this.#abort);
    } catch {} // nobody is left who would be told
  }

  get #isFollowed(): boolean {
    return this.#call !== undefined || !!this.#otherCalls?.size || !!this.#signals?.size;
  }

  #abort = (): void => {
    const reason = reasonOf(this.#source);
    const followed = [...(this.#signals ?? [])];
    try {
      for (const call of [this.#call, ...(this.#otherCalls ?? [])]) call?.abandon(reason);
    } finally {
      for (const reference of followed) {
        const signal = reference.deref();
        if (signal !== undefined) controllers.get(signal)?.abort(reason);
      }
      this.#signals = undefined;
      this.#restIfAlone();
    }
  };
}

const followings = /* @__PURE__ */ new WeakMap<object, Following>();

/** What aborts a signal lives as long as the signal. */
const controllers = /* @__PURE__ */ new WeakMap<object, AbortController>();

const leavers = /* @__PURE__ */ new FinalizationRegistry<() => void>((leave) => leave());

/** Those who follow this signal. */
export function followingOf(signal: CallerSignal): Following {
  let following = followings.get(signal);
  if (following === undefined) {
    following = new Following(signal);
    followings.set(signal, following);
  }
  return following;
}

/** Lets a signal live as long as the answer of its call does: a native body holds neither listener nor signal. */
export function keepWithAnswer(answer: unknown, controller: AbortController): void {
  if (typeof answer !== 'object' || answer === null) return;
  controllers.set(answer, controller);
  if (typeof Response === 'function' && answer instanceof Response && answer.body !== null)
    controllers.set(answer.body, controller);
}
