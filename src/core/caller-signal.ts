import { abortContext, type CallContext } from './call-context.js';

/**
 * Settles as `pending` does, unless the caller's signal aborts first: then the context's signal aborts too and the
 * answer rejects with the caller's reason. Nothing stays attached to the caller's signal afterwards.
 *
 * @param onAbort is called before the answer rejects
 */
export function followSignal<T>(
  signal: AbortSignal,
  context: CallContext,
  pending: Promise<T>,
  onAbort?: () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      abortContext(context, signal.reason);
      onAbort?.();
      reject(signal.reason);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    pending.then(resolve, reject).then(() => signal.removeEventListener('abort', abort));
  });
}
