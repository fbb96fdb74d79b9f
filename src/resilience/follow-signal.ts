/**
 * Follows the signals of callers with one listener each, however many calls there are. A signal is anything with
 * `aborted` and `addEventListener`; listeners are plain functions, which every kind of signal can call.
 */
import { report } from '../core/report.js';

/** What ends when a caller's signal aborts. */
export interface Follower {
  aborted(reason: unknown): void;
}

const groups = /* @__PURE__ */ new WeakMap<AbortSignal, Group>();

/** What is to be forgotten when nobody holds a signal that follows. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry<() => void>((forget) => forget());

/** All that follows one signal: calls as long as they are in flight, signals of attempts as long as somebody holds them. */
class Group {
  readonly #signal: AbortSignal;
  readonly #calls = new Set<Follower>();
  readonly #kept = new Set<WeakRef<AbortController>>();
  readonly #listener = () => this.#aborted();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#listener);
    groups.set(signal, this);
  }

  add(follower: Follower): void {
    this.#calls.add(follower);
  }

  remove(follower: Follower): void {
    if (this.#calls.delete(follower)) this.#rest();
  }

  keep(controller: AbortController): () => void {
    const ref = new WeakRef(controller);
    this.#kept.add(ref);
    const group = new WeakRef(this);
    const drop = () => {
      const still = group.deref();
      if (still !== undefined) still.#drop(ref);
    };
    // A signal does not hold its controller, which is why it is the signal's end that counts.
    forgotten.register(controller.signal, drop, ref);
    held.set(controller.signal, controller);
    return () => {
      forgotten.unregister(ref);
      drop();
    };
  }

  #drop(ref: WeakRef<AbortController>): void {
    if (this.#kept.delete(ref)) this.#rest();
  }

  #rest(): void {
    if (this.#calls.size > 0 || this.#kept.size > 0) return;
    groups.delete(this.#signal);
    try {
      this.#signal.removeEventListener('abort', this.#listener);
    } catch (error) {
      report(error);
    }
  }

  #aborted(): void {
    const reason = reasonOf(this.#signal);
    const calls = [...this.#calls];
    const kept = [...this.#kept];
    this.#calls.clear();
    this.#kept.clear();
    this.#rest();
    for (const call of calls) call.aborted(reason);
    for (const ref of kept) ref.deref()?.abort(reason);
  }
}

/** Keeps a controller for as long as somebody holds its signal. */
const held = /* @__PURE__ */ new WeakMap<AbortSignal, AbortController>();

const groupOf = (signal: AbortSignal): Group => groups.get(signal) ?? new Group(signal);

/** @throws whatever a signal throws that cannot be followed */
export function follow(signal: AbortSignal, follower: Follower): void {
  groupOf(signal).add(follower);
}

export function unfollow(signal: AbortSignal, follower: Follower): void {
  groups.get(signal)?.remove(follower);
}

/**
 * Aborts a controller along with a signal for as long as somebody holds the controller's own.
 *
 * @returns what ends it before
 */
export function followWeakly(signal: AbortSignal, controller: AbortController): () => void {
  return groupOf(signal).keep(controller);
}

/** Why a signal has aborted: an `AbortError` where it does not say. */
export function reasonOf(signal: AbortSignal): unknown {
  try {
    if (signal.reason !== undefined) return signal.reason;
  } catch (error) {
    return error;
  }
  return new DOMException('This operation was aborted', 'AbortError');
}
