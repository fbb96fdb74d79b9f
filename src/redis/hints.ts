import { FLEET_CHANNEL } from './keys.js';
import type { ResolvedFleetOptions } from './options.js';

/** What is done about hints. */
export interface HintEvents {
  /** Somebody else has changed something. */
  heard(): void;
  /** Listening has failed, or cannot be ended. */
  failed(error: unknown): void;
}

/**
 * Listens to what others say has changed, where the user has said how and does not poll by hand.
 *
 * @param instance who we are, where we alone are that: our own hints are none
 * @returns a function that ends it
 */
export function listenForHints(
  { subscribe, namespace, pollInterval }: ResolvedFleetOptions,
  instance: string | undefined,
  { heard, failed }: HintEvents,
): () => Promise<void> {
  let subscription: unknown;
  try {
    if (pollInterval !== false)
      subscription = subscribe?.(FLEET_CHANNEL(namespace), (message?: unknown) => {
        const isOwn =
          instance !== undefined && typeof message === 'string' && message.startsWith(`${instance} `);
        if (!isOwn) heard();
      });
    Promise.resolve(subscription).catch(failed);
  } catch (error) {
    queueMicrotask(() => failed(error));
  }
  return async () => {
    try {
      const stop: unknown = await subscription;
      if (typeof stop === 'function') await stop();
    } catch (error) {
      failed(error);
    }
  };
}
