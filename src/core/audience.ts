import { type CircuitBreakerEvents, type Emission, Emitter } from './events.js';

/** What a registry is to the breakers that it keeps. */
export interface Keeper {
  /** Hears the events of all of them. */
  readonly events: {
    hears(event: keyof CircuitBreakerEvents): boolean;
    take(events: readonly Emission<CircuitBreakerEvents>[]): void;
    tell(): void;
  };
  /** Is told of each call, when it starts and when it ends, if the keeper cares. */
  readonly onUse: ((breaker: { readonly name: string }) => void) | undefined;
}

/** The event that tells of each state. */
export const STATE_EVENTS = { CLOSED: 'close', OPEN: 'open', HALF_OPEN: 'halfOpen' } as const;

/** The event that tells of each kind of outcome. */
export const CALL_EVENTS = { success: 'success', failure: 'failure', ignored: 'ignore' } as const;

/** Every event of a breaker. */
export const CIRCUIT_BREAKER_EVENTS = [
  'transition',
  ...Object.values(STATE_EVENTS),
  'success',
  'failure',
  'ignore',
  'reject',
  'fallback',
  'mode',
  'degraded',
  'well',
] as const satisfies readonly (keyof CircuitBreakerEvents)[];

/** Those who hear of a breaker: its own listeners, and whoever keeps it. */
export class Audience {
  keeper: Keeper | undefined;
  #own: Emitter<CircuitBreakerEvents> | undefined;

  /** The breaker's own listeners. @param onChange is called when some have been added or removed */
  own(onChange: () => void): Emitter<CircuitBreakerEvents> {
    this.#own ??= new Emitter<CircuitBreakerEvents>(CIRCUIT_BREAKER_EVENTS, onChange);
    return this.#own;
  }

  hears(event: keyof CircuitBreakerEvents): boolean {
    return this.#own?.hears(event) || this.keeper?.events.hears(event) || false;
  }

  hearsCalls(): boolean {
    return Object.values(CALL_EVENTS).some((event) => this.hears(event));
  }

  /**
   * Tells events that happened together. Everybody takes them in before anybody is told, so that what a listener
   * causes comes after them for the breaker's listeners and the keeper's alike.
   */
  tell(events: readonly Emission<CircuitBreakerEvents>[]): void {
    const own = this.#own;
    const kept = this.keeper?.events;
    own?.take(events);
    kept?.take(events);
    try {
      own?.tell();
    } finally {
      kept?.tell();
    }
  }
}
