/** What is read of a caller's signal, which may be of any library: function listeners, and an AbortError if it has no reason. */
export interface SignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

export function isSignal(value: unknown): value is SignalLike {
  const { aborted, addEventListener } = (value ?? {}) as Partial<SignalLike>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

export function reasonOf({ reason }: SignalLike): unknown {
  return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
}

/** Runs something when the signal aborts, once, or now if it has; answers how to listen no more. */
export function onAbort(signal: SignalLike | undefined, run: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    run(reasonOf(signal));
    return () => {};
  }
  const stop = () => signal.removeEventListener?.('abort', listener);
  const listener = () => {
    stop();
    run(reasonOf(signal));
  };
  signal.addEventListener('abort', listener);
  return stop;
}

/** The first argument that is a signal, or has one. */
export function signalIn(args: readonly unknown[]): SignalLike | undefined {
  for (const arg of args) {
    try {
      if (isSignal(arg)) return arg;
      const { signal } = (arg ?? {}) as { signal?: unknown };
      if (isSignal(signal)) return signal;
    } catch {
      // its getters throw
    }
  }
  return undefined;
}
