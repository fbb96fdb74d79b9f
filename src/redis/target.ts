/** What can be shared: a breaker or a registry, of either copy of the package. */
import type { CircuitBreakerEvents, Listener } from '../core/events.js';
import { SEAM } from '../core/seam.js';
import { guardRead, hasMethods, verify } from '../core/validate.js';
import type { CircuitMetrics, CircuitMode, CircuitState } from '../index.js';
import { SUBJECT } from './options.js';

/** What is read of a `CircuitBreaker`, and asked of it. */
export interface ShareableBreaker {
  readonly name: string;
  readonly state: CircuitState;
  readonly mode: CircuitMode;
  readonly metrics: CircuitMetrics;
  readonly options: { readonly halfOpenMaxCalls: number; readonly successThreshold: number };
  forceOpen(reason?: string): void;
  forceClosed(reason?: string): void;
  reset(reason?: string): void;
  on<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): () => void;
}

/** The events of its breakers, and that a registry has made or forgotten one. */
export interface ShareableEvents extends CircuitBreakerEvents {
  create: { readonly breaker: string; readonly instance: ShareableBreaker };
  delete: { readonly breaker: string; readonly instance: ShareableBreaker };
}

/** What is read of a `CircuitBreakerRegistry`. */
export interface ShareableRegistry extends Iterable<ShareableBreaker> {
  on<Event extends keyof ShareableEvents>(
    event: Event,
    listener: Listener<ShareableEvents[Event]>,
  ): () => void;
}

/** A breaker by itself, or a registry with all that it has and gets. */
export type ShareableTarget = ShareableBreaker | ShareableRegistry;

const isBreaker = hasMethods('on', 'reset', 'forceOpen', 'forceClosed', SEAM);
const hasIterator = hasMethods('on', Symbol.iterator);

export const isShareableRegistry = (target: ShareableTarget): target is ShareableRegistry =>
  hasIterator(target);

/** @throws InvalidOptionsError for anything but a breaker or a registry */
export function verifyTarget(target: unknown): void {
  guardRead(SUBJECT, '`target`', () =>
    verify(SUBJECT, 'target', target, (it) =>
      isBreaker(it) || hasIterator(it) ? undefined : 'a circuit breaker or a registry',
    ),
  );
}
