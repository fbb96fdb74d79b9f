/**
 * Settles as `pending` does, unless the caller's signal aborts first: then it rejects with the signal's reason.
 * Nothing stays attached to the caller's signal afterwards.
 *
 * @param onAbort is called before it rejects
 */
export function followSignal<T>(
  signal: AbortSignal,
  pending: Promise<T>,
  onAbort: (reason: unknown) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      onAbort(signal.reason);
      reject(signal.reason);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    pending.then(resolve, reject).then(() => signal.removeEventListener('abort', abort));
  });
}
